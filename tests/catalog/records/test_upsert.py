"""Upserts: what they look through, what they hide, and how what they leave is read."""

import dataclasses
import datetime as dt

import pytest
from record_rooms import make_schema

from catalog.records import Column, LoadMode, Schema
from catalog.records.hidden import hidden_rows
from catalog.records.manifest import has_hidden_rows, keeps_order, read_parts
from catalog.records.replaced import may_have

READINGS = make_schema(sensor="string", at="datetime", value="integer", key=("sensor", "at"))
KEYED = make_schema(id="integer", value="string", more="number", key=("id",))
UPSERT, APPEND = LoadMode.UPSERT, LoadMode.APPEND


def readings(hours: range, value: int, sensors: str = "ab") -> list[dict[str, object]]:
    return [
        {"sensor": sensor, "at": f"2018-01-01 {hour:02}:00", "value": value} for hour in hours for sensor in sensors
    ]


@pytest.fixture
def three_parts(shared_room):
    """Return a snapshot of one part for each eight hours."""
    manifest = shared_room.write(readings(range(8), 0), READINGS)
    for start in (8, 16):
        manifest = shared_room.write(readings(range(start, start + 8), 0), READINGS, APPEND, manifest)
    return manifest


def test_only_the_parts_that_have_the_keys_get_hidden_rows(shared_room, three_parts):
    upserted = shared_room.write(readings(range(9, 11), 1), READINGS, UPSERT, three_parts)
    assert [bool(part.hidden) for part in upserted.parts] == [False, True, False, False]
    assert [part.rows for part in upserted.parts] == [16, 16, 16, 4]
    assert upserted.records == 48
    assert hidden_rows(upserted.parts[1].hidden, shared_room.store).tolist() == [1, 2, 9, 10]
    assert sum(row["value"] for row in shared_room.stream(upserted)) == 4


def test_parts_that_cannot_have_the_keys_are_not_opened(shared_room, three_parts):
    for part in (three_parts.parts[0], three_parts.parts[2]):
        shared_room.store.path(part.digest).rename(shared_room.store.path(part.digest).with_suffix(".away"))
    try:
        upserted = shared_room.write(readings(range(9, 11), 1), READINGS, UPSERT, three_parts)
        assert upserted.records == 48
    finally:
        for part in (three_parts.parts[0], three_parts.parts[2]):
            shared_room.store.path(part.digest).with_suffix(".away").rename(shared_room.store.path(part.digest))


KST = dt.timezone(dt.timedelta(hours=9))
BOUNDS = [
    ({"at": ("2018-01-01T09:00:00+09:00", "2018-01-01T10:00:00+09:00")}, True),
    ({"at": ("2018-01-01T12:30:00+09:00", "2018-01-01T13:00:00+09:00")}, False),
    ({"at": ("2018-01-01T00:00:00+09:00", "2018-01-01T08:59:59+09:00")}, False),
    ({"at": ("1988-07-01T12:00:00+10:00", "2018-01-01T09:00:00+09:00")}, True),
    ({"other": (1, 2)}, True),
    (None, True),
]


@pytest.mark.parametrize(("ranges", "expected"), BOUNDS, ids=range(len(BOUNDS)))
def test_ranges_tell_whether_a_part_may_have_a_key(ranges, expected):
    bounds = {"at": (dt.datetime(2018, 1, 1, 9, tzinfo=KST), dt.datetime(2018, 1, 1, 12, tzinfo=KST))}
    assert may_have(ranges, bounds) is expected


def test_visible_rows_are_read_in_their_order_without_a_join(shared_room, three_parts):
    upserted = shared_room.write(readings(range(9, 11), 1), READINGS, UPSERT, three_parts)
    assert all(keeps_order(upserted, at) for at in range(4))
    assert [has_hidden_rows(upserted, at) for at in range(4)] == [False, True, False, False]
    statement, _ = read_parts(upserted, shared_room.store, range(4), ["value"])
    assert "JOIN" not in statement
    pages = [row for page in shared_room.walk(upserted, ("limit", "7")) for row in page]
    assert pages == shared_room.stream(upserted)
    assert len(pages) == 48


def test_hidden_rows_add_up_over_several_upserts(shared_room):
    manifest = shared_room.write([{"id": number, "value": "old"} for number in range(50)], KEYED)
    for number in (3, 7, 3, 49, 0):
        manifest = shared_room.write([{"id": number, "value": f"new {number}"}], KEYED, UPSERT, manifest)
    assert hidden_rows(manifest.parts[0].hidden, shared_room.store).tolist() == [0, 3, 7, 49]
    assert manifest.records == 50


def test_the_digest_tells_what_is_hidden(shared_room):
    manifest = shared_room.write([{"id": number, "value": "old"} for number in range(5)], KEYED)
    hiding = dataclasses.replace(manifest.parts[0], hidden="0" * 64)
    assert dataclasses.replace(manifest, parts=(hiding,)).digest != manifest.digest


def test_only_what_differs_is_written(shared_room):
    manifest = shared_room.write([{"id": number, "value": "old", "more": number} for number in range(50)], KEYED)
    rows = [{"id": number, "value": "new" if number == 4 else "old", "more": number} for number in range(10)]
    upserted = shared_room.write(rows, KEYED, UPSERT, manifest)
    assert [part.rows for part in upserted.parts] == [50, 1]
    assert shared_room.write(rows, KEYED, UPSERT, upserted) == upserted


def test_a_key_is_all_there_may_be(shared_room):
    schema = Schema(columns=(Column("id", "integer"),), key=("id",))
    manifest = shared_room.write([{"id": 1}, {"id": 2}, {"id": 3}], schema)
    assert shared_room.write([{"id": 2}], schema, UPSERT, manifest) == manifest
    assert shared_room.write([{"id": 9}], schema, UPSERT, manifest).records == 4


def test_counting_leaves_hidden_rows_out(shared_room, three_parts):
    upserted = shared_room.write(readings(range(9, 11), 1), READINGS, UPSERT, three_parts)
    assert shared_room.page(upserted, ("count", "exact"), ("value", "0")).count == 44
    assert shared_room.page(upserted, ("count", "exact")).count == 48
    assert len(shared_room.ask(upserted, ("sensor", "a"), ("value", "1"))) == 2
