"""Answers as input: whole, typed, held against the same rules as texts, small groups hidden."""

import datetime as dt
import time

import pyarrow as pa
import pytest
from record_rooms import make_schema
from sql_hub import NOON

from catalog.errors import BadSql, TooExpensive
from catalog.records import Column, Geometry, Limits, Schema, TypedRows, discard
from catalog.records.sql import Suppression, parse_sql, stream_sql, suppress

EVERYTHING = Schema(
    columns=(
        Column("id"),
        Column("at", "datetime"),
        Column("day", "date"),
        Column("clock", "time"),
        Column("whole", "integer"),
        Column("share", "number"),
        Column("open", "boolean"),
        Column("shape", "geometry"),
    ),
    key=("id",),
    geometry=Geometry(column="shape"),
)
ROWS = [
    {
        "id": f"{number:05}",
        "at": f"2026-01-{number % 28 + 1:02}T{number % 24:02}:00:00.{number:06}+09:00",
        "day": f"20{number % 90 + 10}-02-{number % 28 + 1:02}",
        "clock": f"{number % 24:02}:{number % 60:02}",
        "whole": str(number - 9_000_000_000_000_000),
        "share": str(number / 7),
        "open": "true" if number % 2 else "false",
        "shape": f'{{"type": "Point", "coordinates": [{126 + number / 100000}, 37.5]}}',
    }
    for number in range(45_000)
]
GAPS = [{"id": "99999", "at": None, "day": "", "clock": None, "whole": "-", "share": None, "open": "", "shape": None}]


def cook(room, sql, manifests, **options):
    statement = parse_sql(sql, NOON)
    return stream_sql(statement, manifests, room.store, options.pop("limits", room.limits), **options)


def test_an_answer_of_several_blocks_becomes_the_same_snapshot_as_the_records_it_was_asked_from(shared_room):
    manifest = shared_room.write([*ROWS, *GAPS], EVERYTHING)
    again = shared_room.write(cook(shared_room, "SELECT * FROM data ORDER BY id", {"data": manifest}), EVERYTHING)
    assert again.digest == manifest.digest
    assert again.records == 45_001


def test_an_answer_without_rows_still_tells_its_columns(shared_room):
    manifest = shared_room.write(ROWS[:3], EVERYTHING)
    [block] = cook(shared_room, "SELECT id, whole AS total FROM data WHERE id = 'none'", {"data": manifest})
    assert (block.rows, block.names) == (0, ["id", "total"])
    staged = shared_room.stage([block], make_schema(id="string", other="string"))
    assert staged.missing_columns == ("other",)
    assert staged.unknown_columns == ("total",)


# column of the schema, values as the engine answers them, what becomes of each: a value, or the reason of its refusal
RULES = [
    (Column("v", "integer"), pa.array([1, None, 3]), [1, None, 3]),
    (Column("v", "integer", required=True), pa.array([1, None]), [1, "missing-value"]),
    (Column("v", "integer", minimum=0, maximum=9), pa.array([-1, 0, 9, 10]), ["below-minimum", 0, 9, "above-maximum"]),
    (Column("v", "integer", enum=("1", "2")), pa.array([1, 3]), [1, "not-in-list"]),
    (Column("v", "integer", missing=("-999",)), pa.array([-999, 5]), [None, 5]),
    (Column("v", "integer"), pa.array([1.0, 1.5]), [1, "not-integer"]),
    (Column("v", "number"), pa.array([1, 2]), [1.0, 2.0]),
    (Column("v", "number", minimum=0.5), pa.array([0.25, 0.75]), ["below-minimum", 0.75]),
    (Column("v", "string"), pa.array(["  a ", "-", "b"]), ["a", None, "b"]),
    (Column("v", "string"), pa.array([1, None]), ["1", None]),
    (Column("v", "string", enum=("공영",)), pa.array(["공영", "사설"]), ["공영", "not-in-list"]),
    (Column("v", "boolean"), pa.array([True, None]), [True, None]),
    (Column("v", "date"), pa.array([dt.date(2026, 1, 2)]), [dt.date(2026, 1, 2)]),
    (Column("v", "date"), pa.array(["2026-01-02", "soon"]), [dt.date(2026, 1, 2), "not-date"]),
    (Column("v", "datetime"), pa.array([dt.date(2026, 1, 2)]), ["not-datetime"]),
    (Column("v", "time"), pa.array(["09:00:00", "25:00"]), ["09:00", "not-time"]),
    (Column("v", "geometry"), pa.array([b"\x01\x01\x00\x00\x00" + bytes(16)]), [b"\x01\x01\x00\x00\x00" + bytes(16)]),
]


@pytest.mark.parametrize(("column", "values", "expected"), RULES, ids=lambda value: getattr(value, "type", None))
def test_typed_values_are_held_against_the_rules_for_texts(shared_room, column, values, expected):
    batch = pa.record_batch({"v": values, "n": pa.array(range(len(values)))})
    schema = Schema(columns=(column, Column("n", "integer")))
    staged = shared_room.stage([TypedRows(batch)], schema, area=None)
    found = {row["n"]: row["v"] for table in staged.read() for row in table.to_pylist()}
    codes = [code for code, _ in staged.reasons.elements()]
    discard(staged)
    assert [found[number] for number in sorted(found)] == [value for value in expected if value not in codes]
    assert len(found) + len(codes) == len(values)


GROUPS = [
    {"district": "강남구", "kind": "a", "people": "120", "income": "10"},
    {"district": "강남구", "kind": "b", "people": "4", "income": "20"},
    {"district": "강남구", "kind": "c", "people": "30", "income": "30"},
    {"district": "종로구", "kind": "a", "people": "9", "income": "40"},
    {"district": "종로구", "kind": "b", "people": "8", "income": "50"},
    {"district": "중구", "kind": "a", "people": "", "income": "60"},
    {"district": "중구", "kind": "b", "people": "2", "income": "70"},
    {"district": "중구", "kind": "c", "people": "70", "income": "80"},
]
GROUPED = make_schema(district="string", kind="string", people="integer", income="number", key=("district", "kind"))
SUPPRESSIONS = {
    "rows of small and unknown groups are left out": (
        Suppression("people", 5),
        ["강남구 a 120 10", "강남구 c 30 30", "종로구 a 9 40", "종로구 b 8 50", "중구 c 70 80"],
    ),
    "measures are emptied, and the count with them": (
        Suppression("people", 9, columns=("income",)),
        ["강남구 a 120 10", "강남구 b - -", "강남구 c 30 30", "종로구 a 9 40", "종로구 b - -", "중구 a - -", "중구 b - -",
         "중구 c 70 80"],
    ),
    "columns are named without regard to case": (
        Suppression("PEOPLE", 5, columns=("iNCOME",)),
        ["강남구 a 120 10", "강남구 b - -", "강남구 c 30 30", "종로구 a 9 40", "종로구 b 8 50", "중구 a - -", "중구 b - -",
         "중구 c 70 80"],
    ),
    "hidden rows whose total would tell them take the smallest other one along": (
        Suppression("people", 5, within=(("district",),)),
        ["강남구 a 120 10", "종로구 a 9 40", "종로구 b 8 50"],
    ),
    "a set of columns that is part of another adds nothing": (
        Suppression("people", 5, within=(("district", "kind"), (), ("kind",))),
        ["강남구 a 120 10", "강남구 c 30 30", "종로구 a 9 40", "종로구 b 8 50", "중구 c 70 80"],
    ),
    "two sets of columns": (
        Suppression("people", 5, within=(("DISTRICT",), ("kind",))),
        ["강남구 a 120 10"],
    ),
    "the total of all is known": (
        Suppression("people", 5, within=((),)),
        ["강남구 a 120 10", "강남구 c 30 30", "종로구 a 9 40", "종로구 b 8 50", "중구 c 70 80"],
    ),
    "nothing is small": (
        Suppression("income", 2),
        ["강남구 a 120 10", "강남구 b 4 20", "강남구 c 30 30", "종로구 a 9 40", "종로구 b 8 50", "중구 a - 60", "중구 b 2 70",
         "중구 c 70 80"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("suppression", "left"), SUPPRESSIONS.values(), ids=SUPPRESSIONS)
def test_small_groups_are_hidden(shared_room, suppression, left):
    manifest = shared_room.write(GROUPS, GROUPED)
    hidden = []
    blocks = cook(
        shared_room,
        'SELECT district, kind, people, income AS "Income" FROM data ORDER BY district, kind',
        {"data": manifest},
        suppression=suppression,
        hidden=hidden.append,
    )
    rows = [row for block in blocks for row in block.batch.to_pylist()]
    assert sorted(row_text(row) for row in rows) == sorted(left)
    changed = len(GROUPS) - len(rows) or sum(1 for row in rows if row["Income"] is None)
    assert sum(hidden) == changed


def row_text(row):
    values = (row["district"], row["kind"], row["people"], row["Income"] and int(row["Income"]))
    return " ".join("-" if value is None else str(value) for value in values)


def test_totals_by_a_column_that_the_answer_does_not_have_are_refused(shared_room):
    manifest = shared_room.write(GROUPS, GROUPED)
    suppression = Suppression("people", 5, within=(("city",),))
    with pytest.raises(BadSql, match="city"):
        list(cook(shared_room, "SELECT district, people FROM data", {"data": manifest}, suppression=suppression))


def test_an_answer_too_large_to_be_looked_at_whole_is_refused(shared_room, monkeypatch):
    monkeypatch.setattr(suppress, "MOST_ROWS", 7)
    manifest = shared_room.write(GROUPS, GROUPED)
    suppression = Suppression("people", 5, within=(("district",),))
    with pytest.raises(TooExpensive, match="more than 7 rows"):
        list(cook(shared_room, "SELECT district, people FROM data", {"data": manifest}, suppression=suppression))


@pytest.mark.parametrize("sql", ["SELECT income FROM data", "SELECT kind FROM data WHERE income > 10"])
def test_columns_that_are_not_to_be_seen_do_not_exist_for_the_engine(shared_room, sql):
    manifest = shared_room.write(GROUPS, GROUPED)
    seen = {"data": ("district", "kind", "people")}
    [block] = [
        block for block in cook(shared_room, "SELECT * FROM data", {"data": manifest}, columns=seen) if block.rows
    ]
    assert block.names == ["district", "kind", "people"]
    with pytest.raises(BadSql, match="income"):
        list(cook(shared_room, sql, {"data": manifest}, columns=seen))


@pytest.mark.parametrize(("name", "said"), [("persons", '"persons"'), ("district", "VARCHAR")])
def test_a_count_that_is_no_number_of_the_answer_is_refused(shared_room, name, said):
    manifest = shared_room.write(GROUPS, GROUPED)
    with pytest.raises(BadSql) as refused:
        list(cook(shared_room, "SELECT district FROM data", {"data": manifest}, suppression=Suppression(name, 5)))
    assert said in str(refused.value)


@pytest.mark.parametrize(("columns", "missing"), [(("Incme",), "'Incme'"), (("INCOME", "people2"), "'people2'")])
def test_a_column_to_be_emptied_that_the_answer_does_not_have_is_refused_before_the_first_row(
    shared_room, columns, missing
):
    manifest = shared_room.write(GROUPS, GROUPED)
    select = "SELECT district, people, income FROM data"
    blocks = cook(shared_room, select, {"data": manifest}, suppression=Suppression("people", 9, columns=columns))
    with pytest.raises(BadSql) as refused:
        next(blocks)
    assert f"no column {missing} that suppress could empty; it has: district, people, income" in refused.value.text.en
    assert f"비울 열 {missing}이(가) 결과에 없습니다" in refused.value.text.ko


ENDLESS = "SELECT count(*) AS n FROM data a, data b, data c, data d WHERE a.share + b.share + c.share > d.share"


def test_what_is_stopped_ends_within_a_second_or_two(shared_room):
    manifest = shared_room.write(ROWS[:2000], EVERYTHING)
    began = time.monotonic()
    with pytest.raises(TooExpensive):
        list(cook(shared_room, ENDLESS, {"data": manifest}, stopped=lambda: time.monotonic() > began + 0.2))
    assert time.monotonic() - began < 5


def test_an_answer_has_all_the_time_of_its_limits_and_no_more(shared_room):
    manifest = shared_room.write(ROWS[:2000], EVERYTHING)
    limits = Limits(spool=shared_room.limits.spool, seconds=0.3)
    with pytest.raises(TooExpensive):
        list(cook(shared_room, ENDLESS, {"data": manifest}, limits=limits))
