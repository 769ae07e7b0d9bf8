"""Looking through records by offset, compared with a plain loop over all of them."""

import itertools
from typing import Any

import pytest
from record_rooms import Room, make_schema

from catalog.records import LoadMode, Manifest
from catalog.records.expressions import ColumnRef, compare
from catalog.records.manifest import has_hidden_rows
from catalog.records.query import Order
from catalog.records.window import Window, Word, look_through

SCHEMA = make_schema(name="string", number="integer", key=("name",))
Rows = list[dict[str, Any]]


def rows(start: int, end: int) -> Rows:
    return [{"name": f"측정소 {at:02d}", "number": str(at % 4) if at % 5 else ""} for at in range(start, end)]


@pytest.fixture(scope="module")
def added(shared_room: Room) -> Manifest:
    """Three parts, one after the other."""
    manifest = shared_room.write(rows(0, 7), SCHEMA)
    manifest = shared_room.write(rows(7, 12), SCHEMA, LoadMode.APPEND, manifest)
    return shared_room.write(rows(12, 20), SCHEMA, LoadMode.APPEND, manifest)


@pytest.fixture(scope="module")
def replaced(shared_room: Room) -> Manifest:
    """Two parts, the second of which replaces rows of the first."""
    manifest = shared_room.write(rows(0, 10), SCHEMA)
    changed = [{**row, "number": "9"} for row in rows(5, 7)]
    return shared_room.write([*changed, *rows(10, 12)], SCHEMA, LoadMode.UPSERT, manifest)


def looked(room: Room, manifest: Manifest, **window: Any) -> tuple[Rows, list[int], int | None]:
    seen = look_through(manifest, Window(select=("name", "number"), **window), room.store, room.limits)
    return seen.rows.to_pylist(), seen.numbers, seen.total


@pytest.mark.parametrize("manifest_name", ["added", "replaced"])
@pytest.mark.parametrize(
    ("offset", "limit"), [*itertools.product([0, 1, 6, 7, 11, 12, 19], [1, 5, 100]), (0, 0), (500, 5)]
)
def test_a_window_is_a_slice_of_all_records(
    request: pytest.FixtureRequest, shared_room: Room, manifest_name: str, offset: int, limit: int
) -> None:
    manifest = request.getfixturevalue(manifest_name)
    everything = shared_room.stream(manifest)
    found, numbers, total = looked(shared_room, manifest, offset=offset, limit=limit)
    assert found == everything[offset : offset + limit]
    assert total == len(everything) == manifest.records
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("manifest_name", ["added", "replaced"])
def test_filters_words_and_order_are_as_a_loop_has_them(
    request: pytest.FixtureRequest, shared_room: Room, manifest_name: str
) -> None:
    manifest = request.getfixturevalue(manifest_name)
    everything = shared_room.stream(manifest)
    wanted = [row for row in everything if row["number"] in (1, 2) and "1" in row["name"]]
    wanted.sort(key=lambda row: row["number"], reverse=True)
    found, _, total = looked(
        shared_room,
        manifest,
        conditions=(compare("in", SCHEMA["number"], (1, 2)),),
        words=(Word("1", "name"),),
        order_by=(Order(ColumnRef("number", "integer"), descending=True),),
        offset=1,
        limit=2,
    )
    assert found == wanted[1:3]
    assert total == len(wanted)


def test_a_word_is_looked_for_in_every_column(shared_room: Room, added: Manifest) -> None:
    everything = shared_room.stream(added)
    wanted = [row for row in everything if "3" in row["name"] or row["number"] == 3]
    assert looked(shared_room, added, words=(Word("3"),))[0] == wanted
    assert looked(shared_room, added, words=(Word("%"),))[0] == []


def test_distinct_rows_have_no_numbers_and_count_once(shared_room: Room, added: Manifest) -> None:
    seen = look_through(added, Window(select=("number",), distinct=True), shared_room.store, shared_room.limits)
    assert [row["number"] for row in seen.rows.to_pylist()] == [0, 1, 2, 3, None]
    assert (seen.numbers, seen.total) == ([], 5)


def test_rows_are_had_from_the_end(shared_room: Room, added: Manifest) -> None:
    assert looked(shared_room, added, is_backwards=True, limit=2)[1] == [20, 19]


WINDOWS = [(0, 3), (0, 100), (5, 4), (6, 1), (7, 5), (11, 9), (12, 2), (19, 5), (20, 1), (1000, 10)]


@pytest.mark.parametrize(("offset", "limit"), WINDOWS)
@pytest.mark.parametrize("group", [2, 100])
def test_rows_are_had_by_their_numbers_wherever_they_lie(
    shared_room: Room, monkeypatch: pytest.MonkeyPatch, offset: int, limit: int, group: int
) -> None:
    monkeypatch.setattr("catalog.records.parts.ROW_GROUP_ROWS", group)
    manifest = shared_room.write(rows(0, 7), SCHEMA)
    manifest = shared_room.write(rows(7, 20), SCHEMA, LoadMode.APPEND, manifest)
    found, numbers, total = looked(shared_room, manifest, offset=offset, limit=limit)
    everything = shared_room.ask(manifest, ("select", "name,number"))
    assert found == everything[offset : offset + limit]
    assert (numbers, total) == (list(range(offset + 1, offset + 1 + len(found))), 20)


def test_hidden_rows_are_not_counted(shared_room: Room, replaced: Manifest) -> None:
    assert has_hidden_rows(replaced, 0)
    found, _, total = looked(shared_room, replaced, offset=8, limit=100)
    assert found == shared_room.ask(replaced, ("select", "name,number"))[8:]
    assert total == 12
