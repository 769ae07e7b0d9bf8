"""Pages by column are typed as their rows would be: the same rows, refusals and samples in the same order."""

import gzip
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import Room, make_schema

from catalog.records import Column, Geometry, Schema, Staged, ToldRows, UnreadableRow, discard, tabulate

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True),
    st.sampled_from(["", "7", "007", "-", "가", "1.5", "true", "2026-01-01", "\ud800", "없음"]),
    st.just({"type": "Point", "coordinates": [127.0, 37.5]}),
    st.just([1, "a"]),
)
NAMES = ("a", "b", "n", "x", "odd")
ROWS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5), min_size=1, max_size=5)
SCHEMA = Schema(
    columns=(
        Column("a"), Column("b", "boolean"), Column("n", "integer", required=True), Column("x", "number", enum=("1.5",))
    )
)  # fmt: skip


def page_of(rows: Sequence[dict[str, object]]) -> ToldRows:
    shapes = [tuple(row) for row in rows]
    kinds = list(dict.fromkeys(shapes))
    names = dict.fromkeys(name for shape in kinds for name in shape)
    return ToldRows(
        kinds, [kinds.index(shape) for shape in shapes], {name: [row.get(name) for row in rows] for name in names}
    )


def account(room: Room, given: Sequence[object], schema: Schema) -> tuple[object, ...]:
    """Return all that typing said of rows."""
    staged: Staged = tabulate(given, schema, limits=room.limits, area=None)
    try:
        refused = gzip.decompress(staged.refused_path.read_bytes()) if staged.refused else b""
        rows = staged.read().read_all().to_pylist()
        told = (staged.rows, staged.accepted, staged.refused, dict(staged.reasons), staged.samples, sorted(staged.seen))
        return rows, refused, told, staged.mended_samples, staged.texts
    finally:
        discard(staged)


@settings(max_examples=150, deadline=None)
@given(pages=st.lists(ROWS, min_size=1, max_size=4), mixed=st.booleans())
def test_pages_are_typed_as_their_rows_would_be(shared_room: Room, pages: list[list[dict]], mixed: bool) -> None:
    given = [page_of(rows) for rows in pages]
    one_by_one: list[object] = [row for rows in pages for row in rows]
    if mixed:  # a broken row, and rows one by one, between the pages
        given = [given[0], UnreadableRow("not-text", {"x": 1}), *pages[-1], *given[1:]]
        rest = [row for rows in pages[1:] for row in rows]
        one_by_one = [*pages[0], UnreadableRow("not-text", {"x": 1}), *pages[-1], *rest]
    assert repr(account(shared_room, given, SCHEMA)) == repr(account(shared_room, one_by_one, SCHEMA))


@pytest.mark.parametrize("count", [1, 19_999, 20_000, 20_001, 45_000])
def test_pages_of_any_number_of_rows_are_all_there(room: Room, count: int) -> None:
    rows = [{"a": f"r{number}", "n": number} for number in range(count)]
    pages = [page_of(rows[start : start + 700]) for start in range(0, count, 700)]
    found, _, told, *_ = account(room, pages, make_schema(a="string", n="integer"))
    assert [(row["a"], row["n"]) for row in found] == [(row["a"], row["n"]) for row in rows]
    assert told[:3] == (count, count, 0)


def test_places_of_pages_are_those_of_their_rows(room: Room) -> None:
    schema = Schema(columns=(Column("a"), Column("geometry", "geometry")), geometry=Geometry(column="geometry"))
    rows = [
        {"a": "in", "geometry": {"type": "Point", "coordinates": [127.0, 37.5]}},
        {"a": "none", "geometry": None},
        {"a": "bad", "geometry": "POINT"},
    ]
    assert repr(account(room, [page_of(rows)], schema)) == repr(account(room, rows, schema))
