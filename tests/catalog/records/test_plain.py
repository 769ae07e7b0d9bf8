"""Columns that are typed whole are typed as the engine would type them, value by value."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import TYPES, Column, Schema
from catalog.records.engine import connect
from catalog.records.plain import plain_text, type_plainly
from catalog.records.tabulate import typing_parameters, typing_question

KINDS = [kind for kind in TYPES if kind not in ("time", "geometry")]
PLAIN = {
    "string": ["강남구", "a b", "N/A", "", "😀", "\u1100\u1161"],
    "integer": ["1", "-31", "007", "9223372036854775807", "-", "-0"],
    "number": ["1", "-0.25", ".5", "5.", "1e-3", "1.5E+3", "5e-324", "null", "00.1"],
    "boolean": ["true", "y", "1", "예", "x", "0", ""],
    "date": ["2018-01-31", "2016-02-29", "9999-12-31", "0001-01-01", "-"],
    "datetime": ["2018-01-31 09:20", "1988-07-01T12:00:03", "2018-01-31 09:20:03.5", "2018-01-31 23:59:59.123456", ""],
}
ALIKE = {
    "compact days": ("date", ["20180131", "20160229"]),
    "compact moments": ("datetime", ["20180131092003", "19880701120000"]),
    "compact minutes": ("datetime", ["201801310920"]),
    "universal time": ("datetime", ["2018-01-31T09:20:03Z", "2018-01-31 00:20Z"]),
    "korean time": ("datetime", ["2018-01-31T09:20:03+09:00", "2018-01-31 00:20+09:00"]),
}


def by_engine(room, texts: pa.Array, column: Column) -> tuple[pa.ChunkedArray, list[str | None]]:
    schema = Schema(columns=(column,))
    with connect((room.limits.spool,), room.limits) as cursor:
        cursor.register("_block", pa.table({"_n": pa.array(np.arange(len(texts))), "t0": texts}))
        parameters = typing_parameters(schema, [0])
        table = cursor.sql(typing_question(schema, [0]), params=parameters or None).to_arrow_table()
    return table.column(column.name), table.column("_reason").to_pylist()


def compare(room, values: list[str], column: Column) -> bool:
    """Compare both ways when the plain one answers, and tell whether it does."""
    texts = plain_text(pa.array(values, pa.string()), column, ["", "-", "null", "N/A"])
    typed = type_plainly(texts, column, required=False)
    expected, reasons = by_engine(room, texts, column)
    if typed is None:
        return False
    assert reasons == [None] * len(values)
    expected = expected.cast(typed.type)
    if column.type == "datetime":
        typed, expected = typed.cast(pa.int64()), expected.cast(pa.int64())
    assert [repr(value) for value in typed.to_pylist()] == [repr(value) for value in expected.to_pylist()]
    return True


@pytest.mark.parametrize("kind", PLAIN)
def test_what_is_written_in_the_common_way_is_typed_whole(shared_room, kind):
    assert compare(shared_room, PLAIN[kind], Column("v", kind))


@pytest.mark.parametrize(("kind", "values"), ALIKE.values(), ids=ALIKE)
def test_what_is_written_alike_throughout_is_typed_whole(shared_room, kind, values):
    assert compare(shared_room, values, Column("v", kind))


ODD = {
    "string": ["a\0"],
    "integer": ["1,234", "5.0", "+5", "0x10", "9223372036854775808", "1_0", "--1", "５"],
    "number": ["1,234.5", "nan", "inf", "1e400", "0x1p3", ".", "1e", "+.5"],
    "boolean": ["TRUE", "2", "yes "],
    "date": ["2018.01.31", "0000-01-01", "2018-02-29", "2018-1-31", "+2018-01-01", "20181301"],
    "datetime": [
        "2018-01-31 24:00", "2018-01-31", "0000-12-31 23:59", "2018-01-31 09:20:60", "2018-01-31 09:20:03,5",
        "2018-01-31 09:20 +09:00", "2018-01-31 09:20+25:00", "2018-01-31 9:20:30", "20181301000000", "9999-12-31T23:00Z",
        "2018-01-31 09:20:03.1234567", "2018-01-31T09", "2018-01-31 09:20:3", "99999-12-31 00:00",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in ODD.items() for value in values])
def test_what_is_not_plain_is_typed_the_same_or_left_to_the_engine(shared_room, kind, value):
    compare(shared_room, [value], Column("v", kind))
    compare(shared_room, [PLAIN[kind][0], value], Column("v", kind))


@pytest.mark.parametrize("value", ["N/A", "-", "  ", "\u3000", "null "])
def test_what_stands_for_missing_is_null(value):
    assert plain_text(pa.array([value, "n"]), Column("v"), ["", "-", "null", "N/A"]).to_pylist() == [None, "n"]


WHITE = [chr(code) for code in range(0x3001) if chr(code).isspace()]


@pytest.mark.parametrize("blank", WHITE, ids=[f"U+{ord(blank):04X}" for blank in WHITE])
def test_white_space_at_the_edges_is_taken_off(blank):
    for text in (blank + "가", "가" + blank, blank + "a", "a" + blank, "é" + blank):
        assert plain_text(pa.array(["가", text]), Column("v"), []).to_pylist()[1] == text.strip()


def test_limits_and_lists_are_left_to_the_engine_when_they_are_broken(shared_room):
    assert compare(shared_room, ["1", "5"], Column("v", "integer", minimum=1, maximum=5))
    assert not compare(shared_room, ["0"], Column("v", "integer", minimum=1))
    assert not compare(shared_room, ["6"], Column("v", "integer", maximum=5))
    assert compare(shared_room, ["a", ""], Column("v", enum=("a",)))
    assert not compare(shared_room, ["b"], Column("v", enum=("a",)))


letters = st.text("0123456789-+.,:eETZ xna\u3000０", max_size=22)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_any_texts_are_typed_as_the_engine_types_them(shared_room, kind, data):
    known = [value for value in (*PLAIN[kind], *ODD[kind]) if "\0" not in value]
    values = data.draw(st.lists(letters | st.sampled_from(known), min_size=1, max_size=4))
    compare(shared_room, values, Column("v", kind))
