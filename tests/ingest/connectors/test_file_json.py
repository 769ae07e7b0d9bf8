"""JSON and GeoJSON: records at a path, features with their geometry, and what cannot be read."""

import json

import pytest
from dressed_rows import ROWS
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
)

from ingest.connectors.file import Config, read
from ingest.errors import BrokenOff, PlatformFailure, TooLarge, UnreadableAnswer


@pytest.mark.parametrize(
    ("document", "records"),
    [
        (ROWS, None),
        ({"body": {"items": ROWS}}, "body.items"),
        ({"SERVICE": [{"head": []}, {"row": ROWS}]}, "SERVICE.1.row"),
    ],
)
def test_records_of_json_are_found_at_their_path(read_bytes, document, records):
    config = {"records": records} if records else {}
    assert read_bytes(json.dumps(document), "a.json", **config) == ROWS
    assert read_bytes(json.dumps(document, ensure_ascii=False).encode("utf-8-sig"), "a.json", **config) == ROWS
    assert read_bytes(json.dumps(document, ensure_ascii=False).encode("cp949"), "a.json", **config) == ROWS


def test_a_whole_number_beyond_64_bits_keeps_its_digits_in_a_document(read_bytes):
    text = '[{"id": 1000000000000000412345, "least": -9223372036854775809, "most": 18446744073709551615}]'
    assert read_bytes(text, "a.json") == [
        {"id": "1000000000000000412345", "least": "-9223372036854775809", "most": 2**64 - 1}
    ]


def test_a_single_object_counts_as_one_record(read_bytes):
    assert read_bytes(json.dumps({"item": ROWS[0]}), "a.json", records="item") == ROWS[:1]
    assert read_bytes(json.dumps(ROWS[0]), "a.json") == ROWS[:1]


def test_values_of_json_keep_their_kind(read_bytes):
    row = {"n": 1, "f": 0.1, "none": None, "yes": True, "geometry": {"type": "Point", "coordinates": [127.0, 37.0]}}
    assert read_bytes(json.dumps([row]), "a.json") == [row]


BROKEN_JSON = {
    "a missing key": ('{"a": {"b": 1}}', {"records": "a.c"}, UnreadableAnswer, "no 'a.c'; what is there: b"),
    "a key below a text": ('{"a": "b"}', {"records": "a.c"}, UnreadableAnswer, "no 'a.c'"),
    "a number beyond a list": ("[1]", {"records": "5"}, UnreadableAnswer, "no '5'; what is there: 0"),
    "records that are lists": ("[[1]]", {}, UnreadableAnswer, "record 1 is no object but a list"),
    "a doubled quote": (
        '[{"가": "나",\n "휴관일":""2,4주 월요일"","위도":"1"}]',
        {},
        UnreadableAnswer,
        "line 2, column .*2,4주",
    ),
    "NaN": ('[{"a": NaN}]', {}, UnreadableAnswer, "line 1, column 8"),
    "no end": ('[{"a": 1}, {"a"', {}, BrokenOff, "before the end"),
    "endless depth": ("[" * 10_000, {}, UnreadableAnswer, "depth"),
    "two documents": ("{} {}", {}, UnreadableAnswer, "after document"),
    "a web page": (HTML_LOGIN, {}, UnreadableAnswer, "통합 로그인"),
    "maintenance": (HTML_MAINTENANCE, {}, PlatformFailure, "점검"),
}


@pytest.mark.parametrize(("content", "config", "error", "words"), BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_json_that_cannot_be_read_is_refused_with_its_place(read_bytes, content, config, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.json", **config)


def test_a_document_over_the_cap_is_too_large(open_session, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.connectors.documents.MAX_DOCUMENT", 10)
    (tmp_path / "a.json").write_text('[{"a": 12345}]')
    with pytest.raises(TooLarge):
        list(read(Config(path="a.json"), open_session(file_roots=[tmp_path])))


POINT = {"type": "Point", "coordinates": [127.1, 37.4]}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize("name", ["a.geojson", "a.json"])
def test_features_become_rows_with_their_geometry(read_bytes, name):
    features = (
        {"type": "Feature", "id": 7, "properties": {"이름": "가"}, "geometry": POINT},
        {"type": "Feature", "id": 8, "properties": {"id": "own"}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": POINT},
    )
    assert read_bytes(collection(*features), name) == [
        {"id": 7, "이름": "가", "geometry": POINT},
        {"id": "own", "geometry": None},
        {"geometry": POINT},
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"type": "Topology"}', "no list of features"),
        ("[]", "no list of features"),
        (collection({"properties": {"geometry": 1}}), "feature 1"),
        (collection({"properties": {}}, "x"), "feature 2"),
        (collection({"properties": []}), "feature 1"),
    ],
)
def test_what_is_no_feature_collection_is_refused(read_bytes, content, words):
    with pytest.raises(UnreadableAnswer, match=words):
        read_bytes(content, "a.geojson")
