"""The MQTT connector without a broker: what it may be told, and which records come out of the messages."""

import orjson
import pytest
from pydantic import ValidationError

from ingest.connectors import CONNECTORS
from ingest.connectors.mqtt import Config, content_of, read
from ingest.connectors.rows import MalformedRow
from ingest.errors import BadSetup
from ingest.http import Span
from ingest.listened import LISTENED

BROKER = {"url": "mqtts://broker.hanbit.example:8883", "topics": ["air/#"], "client_id": "hub"}
AT = "2026-11-22T09:00:00+00:00"


def collect(open_session, tmp_path, *messages, name="000000000000007.ndjson", **config):
    path = tmp_path / name
    lines = [orjson.dumps({"at": AT, "key": "", "message": content_of(topic, told)}) for topic, told in messages]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    session = open_session(inbox=[path])
    return list(read(Config(**BROKER, **config), session)), session


READ = {
    "an object": ({}, b'{"id": "a", "pm10": 3}', [{"id": "a", "pm10": 3}]),
    "objects inside": ({}, '{"곳": {"구": "중구"}}'.encode(), [{"곳.구": "중구"}]),
    "a list": ({}, b'[{"id": 1}, {"id": 2}]', [{"id": 1}, {"id": 2}]),
    "an empty list": ({}, b"[]", []),
    "a number beyond 64 bits": (
        {},
        b'{"id": 1000000000000000412345, "least": -9223372036854775808, "v": 0.5}',
        [{"id": "1000000000000000412345", "least": -(2**63), "v": 0.5}],
    ),
    "a number": ({}, b"21.5", [{"value": 21.5}]),
    "a path": ({"records": "body.items"}, b'{"body": {"items": [{"id": 1}]}}', [{"id": 1}]),
    "a text": ({"payload": "text"}, "맑음".encode(), [{"value": "맑음"}]),
    "an empty text": ({"payload": "text"}, b"", [{"value": ""}]),
    "a line": ({"payload": "csv", "header": ["a", "b"]}, b"1,x\r\n", [{"a": "1", "b": "x"}]),
    "lines": (
        {"payload": "csv", "header": ["a", "b"], "delimiter": ";"},
        b'1;"x;y"\n2;z',
        [{"a": "1", "b": "x;y"}, {"a": "2", "b": "z"}],
    ),
    "lines inside values": (
        {"payload": "csv", "header": ["a", "b"]},
        '1,"x\ny"\n2,가\u2028나\x0b\r\n'.encode(),
        [{"a": "1", "b": "x\ny"}, {"a": "2", "b": "가\u2028나\x0b"}],
    ),
}


@pytest.mark.parametrize(("config", "payload", "rows"), READ.values(), ids=READ)
def test_a_payload_becomes_records(open_session, tmp_path, config, payload, rows):
    assert collect(open_session, tmp_path, ("air/1", payload), **config)[0] == rows


UNREADABLE = {
    "no JSON": ({}, b'{"id": '),
    "nothing": ({}, b""),
    "no text": ({}, b"\xff\xfe\x00"),
    "no number beside a long one": ({}, b"[NaN, 1000000000000000412345]"),
    "too deep beside a long number": ({}, b"[" * 1020 + b"1000000000000000412345" + b"]" * 1020),
    "another path": ({"records": "body.items"}, b'{"body": []}'),
    "a list in a list": ({}, b"[[1]]"),
    "two values of a name": ({}, b'{"a": {"b": 1}, "a.b": 2}'),
    "too few cells": ({"payload": "csv", "header": ["a", "b"]}, b"1"),
    "an open quote": ({"payload": "csv", "header": ["a", "b"]}, b'1,"x'),
    "no line": ({"payload": "csv", "header": ["a", "b"]}, b""),
    "too few levels": ({"topic_levels": {"sensor": 3}}, b"{}"),
    "a column twice": ({"topic": "id"}, b'{"id": 1}'),
}


@pytest.mark.parametrize(("config", "payload"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_payload_that_cannot_be_read_is_a_refused_record_and_the_next_one_is_read(
    open_session, tmp_path, config, payload
):
    rows, _ = collect(open_session, tmp_path, ("air/1", payload), ("air/1/2", payload), **config)
    assert [(type(row), row.number, row.code) for row in rows[:1]] == [(MalformedRow, 1, "unreadable-message")]
    assert rows[0].raw["topic"] == "air/1"
    assert len(rows) == 2


def test_columns_come_from_the_topic_and_the_moment(open_session, tmp_path):
    config = {"topic_levels": {"district": 2, "sensor": -1}, "topic": "topic", "received_at": "received"}
    rows, _ = collect(open_session, tmp_path, ("air/jung-gu/7", b'{"pm10": 3}'), **config)
    assert rows == [{"pm10": 3, "district": "jung-gu", "sensor": "7", "topic": "air/jung-gu/7", "received": AT}]


def test_of_records_with_one_key_the_first_of_a_run_is_taken(open_session, tmp_path):
    told = [b'{"id": 1, "at": 1, "v": 1}', b'{"id": 1, "at": 1, "v": 1}', b'{"id": 1, "at": 2, "v": 1}', b'{"v": 2}']
    rows, _ = collect(open_session, tmp_path, *[("air/1", one) for one in told], key=["id", "at"])
    assert [row.get("at") for row in rows] == [1, 2, None]


def test_records_without_their_key_are_never_taken_for_one_another(open_session, tmp_path):
    told = [b'{"v": 1}', b'{"v": 2}', b'{"id": null, "v": 3}', b'{"id": null, "v": 4}']
    rows, _ = collect(open_session, tmp_path, *[("air/1", one) for one in told], key=["id"])
    assert [row["v"] for row in rows] == [1, 2, 3, 4]


def test_a_run_leaves_the_number_of_the_last_file_that_it_read(open_session, tmp_path):
    _, session = collect(open_session, tmp_path, ("air/1", b"1"))
    assert session.left == {"segment": 7}


def test_a_run_without_files_leaves_what_was_left(open_session):
    session = open_session(position={"segment": 5})
    assert list(read(Config(**BROKER), session)) == []
    assert session.left == {"segment": 5}


def test_messages_cannot_be_asked_for_again(open_session):
    session = open_session(span=Span(None, None))
    with pytest.raises(BadSetup, match="cannot be asked for again"):
        list(read(Config(**BROKER), session))


REFUSED = {
    "another scheme": {"url": "http://broker.example"},
    "no host": {"url": "mqtt://"},
    "a path": {"url": "mqtt://broker.example/x"},
    "a login in the address": {"url": "mqtt://me:pw@broker.example"},
    "a port that is none": {"url": "mqtt://broker.example:99999"},
    "no topic": {"topics": []},
    "a sign inside a level": {"topics": ["air/a+"]},
    "a # in the middle": {"topics": ["air/#/x"]},
    "an empty topic": {"topics": [""]},
    "no client": {"client_id": ""},
    "a password alone": {"password": "x"},
    "a header without csv": {"header": ["a"]},
    "csv without a header": {"payload": "csv"},
    "records of a text": {"payload": "text", "records": "a"},
    "level 0": {"topic_levels": {"a": 0}},
    "exactly once": {"qos": 2},
    "an unknown word": {"topicz": ["a"]},
}


@pytest.mark.parametrize("config", REFUSED.values(), ids=REFUSED)
def test_a_configuration_that_means_nothing_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**BROKER | config)


def test_the_process_tree_knows_the_connectors_that_listen_without_loading_them():
    assert {name for name, connector in CONNECTORS.items() if connector.listen} == set(LISTENED)
