import datetime as dt
import importlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import Room, make_schema, refused_lines

from catalog.records import REASONS, TYPES, Column, Schema, UnreadableRow, discard, tabulate

tabulating = importlib.import_module("catalog.records.tabulate")  # the package shows the function under this name
KST = dt.timezone(dt.timedelta(hours=9))


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=KST)


def typed(room: Room, column: Column, *values: object) -> list[object]:
    """Return what becomes of each value: the typed value, or the code of the reason why its row is refused."""
    rows = ({column.source_name: value} for value in values)
    staged = tabulate(rows, Schema(columns=(column,)), limits=room.limits, area=None)
    try:
        table = staged.read().read_all()
        found = dict(zip(table.column("_row").to_pylist(), table.column(column.name).to_pylist(), strict=True))
        found |= {line["row"]: line["reason"] for line in refused_lines(staged)}
        return [found[row] for row in range(1, len(values) + 1)]
    finally:
        discard(staged)


READINGS = {
    "string": [
        ("강남구", "강남구"),
        ("  강남구 \t", "강남구"),
        ("\u3000강남구\u3000", "강남구"),
        ("0012", "0012"),
        ("1,234", "1,234"),
        ("１２", "１２"),
        (unicodedata.normalize("NFD", "강남구"), "강남구"),
        (12, "12"),
        (1.5, "1.5"),
        (True, "true"),
        ({"a": [1, "가"]}, '{"a":[1,"가"]}'),
        ("두\n줄", "두\n줄"),
        ("😀", "😀"),
        ("", None),
        ("   ", None),
        ("-", None),
        ("null", None),
        ("NULL", None),
        ("N/A", None),
        (None, None),
        ("--", "--"),
        ("a\x00b", "not-text"),
        ("half \ud83d pair", "not-text"),
    ],
    "integer": [
        ("31", 31),
        (" 31 ", 31),
        ("+31", 31),
        ("-31", -31),
        ("1,234", 1234),
        ("12,345,678", 12345678),
        ("-1,234.00", -1234),
        ("5893.0", 5893),
        ("5893.", 5893),
        ("007", 7),
        ("１２３", 123),
        ("－５", -5),
        (5893.0, 5893),
        (5893, 5893),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", "not-integer"),
        (2**70, "not-integer"),
        ("1,23", "not-integer"),
        ("1234,567", "not-integer"),
        ("5.5", "not-integer"),
        ("1e3", "not-integer"),
        ("1_000", "not-integer"),
        ("1 000", "not-integer"),
        ("31명", "not-integer"),
        ("강", "not-integer"),
        (True, "not-integer"),
        ("N/A", None),
    ],
    "number": [
        ("3.5", 3.5),
        ("-0.25", -0.25),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1,234.5", 1234.5),
        ("1e-3", 0.001),
        ("1.5E+3", 1500.0),
        ("３．５", 3.5),
        ("126.90983237468618", 126.90983237468618),
        ("0.1", 0.1),
        (0.30000000000000004, 0.30000000000000004),
        (7, 7.0),
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("1e400", "not-number"),
        ("-1e400", "not-number"),
        ("nan", "not-number"),
        ("NaN", "not-number"),
        ("inf", "not-number"),
        ("Infinity", "not-number"),
        (float("nan"), "not-number"),
        (float("inf"), "not-number"),
        ("1,23.5", "not-number"),
        ("3.5.1", "not-number"),
        ("1_0", "not-number"),
        ("0x10", "not-number"),
        ("12%", "not-number"),
        (".", "not-number"),
        ("-", None),
    ],
    "boolean": [
        *[(text, True) for text in ("true", "TRUE", "True", "Y", "y", "Yes", "1", "예", "O", "Ｙ", True, 1)],
        *[(text, False) for text in ("false", "FALSE", "N", "n", "No", "0", "아니오", "X", False, 0)],
        ("2", "not-boolean"),
        ("있음", "not-boolean"),
        ("", None),
    ],
    "date": [
        ("20180131", dt.date(2018, 1, 31)),
        ("2018-01-31", dt.date(2018, 1, 31)),
        ("2018.01.31", dt.date(2018, 1, 31)),
        ("2018.01.31.", dt.date(2018, 1, 31)),
        ("2018. 1. 31.", dt.date(2018, 1, 31)),
        ("2018/01/31", dt.date(2018, 1, 31)),
        ("2018-1-3", dt.date(2018, 1, 3)),
        ("２０１８０１３１", dt.date(2018, 1, 31)),
        ("2018-01-31 00:00:00", dt.date(2018, 1, 31)),
        ("2018-01-31T00:00:00.0", dt.date(2018, 1, 31)),
        (20180131, dt.date(2018, 1, 31)),
        ("2016-02-29", dt.date(2016, 2, 29)),
        ("0001-01-01", dt.date(1, 1, 1)),
        ("9999-12-31", dt.date(9999, 12, 31)),
        ("2018-02-29", "not-date"),
        ("20181301", "not-date"),
        ("0000-01-01", "not-date"),
        ("00000000", "not-date"),
        ("10000-01-01", "not-date"),
        ("2018-01-31 09:00", "not-date"),
        ("2018-01", "not-date"),
        ("201801", "not-date"),
        ("31.01.2018", "not-date"),
        ("infinity", "not-date"),
        ("-", None),
    ],
    "datetime": [
        ("20180131092003", at(2018, 1, 31, 9, 20, 3)),
        ("201801310920", at(2018, 1, 31, 9, 20)),
        ("20180131 0920", at(2018, 1, 31, 9, 20)),
        ("20180131T092003", at(2018, 1, 31, 9, 20, 3)),
        ("20180131T092003+0900", at(2018, 1, 31, 9, 20, 3)),
        ("20180131 09:20", at(2018, 1, 31, 9, 20)),
        ("2018-01-31 09:20", at(2018, 1, 31, 9, 20)),
        ("2018-01-31 09:20:03", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-31T09:20:03", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-31_09:20", at(2018, 1, 31, 9, 20)),
        ("2018/01/31 09:20", at(2018, 1, 31, 9, 20)),
        ("2018.01.31 09:20:03", at(2018, 1, 31, 9, 20, 3)),
        ("2018-1-3 9:05", at(2018, 1, 3, 9, 5)),
        ("2018-01-31 09:20:03.5", at(2018, 1, 31, 9, 20, 3, 500_000)),
        ("2018-01-31 09:20:03,123", at(2018, 1, 31, 9, 20, 3, 123_000)),
        ("2018-01-31T09:20:03.123456Z", at(2018, 1, 31, 18, 20, 3, 123_456)),
        ("2018-01-31T09:20:03Z", at(2018, 1, 31, 18, 20, 3)),
        ("2018-01-31T09:20Z", at(2018, 1, 31, 18, 20)),
        ("2018-01-31T00:20:03+00:00", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-31T00:20:03+0000", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-30T19:20:03-05:00", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-30T19:20:03-05", at(2018, 1, 31, 9, 20, 3)),
        ("2018-01-31 09:20:03 +09:00", at(2018, 1, 31, 9, 20, 3)),
        ("２０１８-０１-３１ ０９：２０", at(2018, 1, 31, 9, 20)),
        # with the half of the day
        ("2018-01-31 오전 9:20", at(2018, 1, 31, 9, 20)),
        ("2018-1-31 오후 9:20:03", at(2018, 1, 31, 21, 20, 3)),
        ("2018-01-31 오전 12:20", at(2018, 1, 31, 0, 20)),
        ("2018-01-31 오후 12:20", at(2018, 1, 31, 12, 20)),
        ("2018.01.31 9:20 pm", at(2018, 1, 31, 21, 20)),
        # 24:00 is the next midnight
        ("2018-01-31 24:00", at(2018, 2, 1)),
        ("2018-12-31 24:00:00", at(2019, 1, 1)),
        ("2018-12-31T24:00:00+09:00", at(2019, 1, 1)),
        ("201812312400", at(2019, 1, 1)),
        ("20181231240000", at(2019, 1, 1)),
        ("20181231 2400", at(2019, 1, 1)),
        ("20240224 2400", at(2024, 2, 25)),
        # Korean Standard Time has no summer time, no 1954 and no 1900
        ("1988-07-01 12:00", at(1988, 7, 1, 12)),
        ("1988-05-08 02:30", at(1988, 5, 8, 2, 30)),
        ("1955-06-01 12:00", at(1955, 6, 1, 12)),
        ("1900-01-01 00:00", at(1900, 1, 1)),
        ("9999-12-31 23:59:59", at(9999, 12, 31, 23, 59, 59)),
        ("2018-01-31 24:01", "not-datetime"),
        ("2018-01-31 25:00", "not-datetime"),
        ("2018-01-31 09:60", "not-datetime"),
        ("2018-02-29 09:00", "not-datetime"),
        ("2018-01-31", "not-datetime"),
        ("20180131", "not-datetime"),
        ("2018013109", "not-datetime"),
        ("09:20", "not-datetime"),
        ("2018-01-31 오전 13:20", "not-datetime"),
        ("0000-01-01 00:00:00", "not-datetime"),
        ("0001-01-01 00:00:00", "not-datetime"),
        ("99999-01-01 00:00:00Z", "not-datetime"),
        ("9999-12-31T23:59:59Z", "not-datetime"),
        ("infinity", "not-datetime"),
        ("epoch", "not-datetime"),
        ("2018-01-01 (BC) 09:20:00Z", "not-datetime"),
        ("N/A", None),
    ],
    "time": [
        ("09:05", "09:05"),
        ("9:05", "09:05"),
        ("09:05:30", "09:05:30"),
        ("9:05:00", "09:05"),
        ("００：３０", "00:30"),
        ("23:59:59", "23:59:59"),
        ("24:00", "24:00"),
        ("24:00:00", "24:00"),
        ("24:01", "not-time"),
        ("24:00:01", "not-time"),
        ("25:00", "not-time"),
        ("09:60", "not-time"),
        ("0905", "not-time"),
        ("9시", "not-time"),
        ("-", None),
    ],
}  # fmt: skip
CASES = [(kind, number, result) for kind, rows in READINGS.items() for number, (_, result) in enumerate(rows)]


@pytest.fixture(scope="module")
def found(shared_room) -> dict[str, list[object]]:
    """All values of a type in one go: what stands beside a value must not matter."""
    return {
        kind: typed(shared_room, Column("v", kind), *(value for value, _ in rows)) for kind, rows in READINGS.items()
    }


@pytest.mark.parametrize(
    ("kind", "number", "result"), CASES, ids=[f"{kind} {READINGS[kind][number][0]!a}" for kind, number, _ in CASES]
)
def test_a_value_is_read_as_its_type_or_refused(found, kind, number, result):
    assert found[kind][number] == result
    assert type(found[kind][number]) is type(result)


def test_every_type_has_its_table():
    assert set(READINGS) | {"geometry"} == set(TYPES)


CHECKS = [
    (Column("v", required=True), "", "missing-value"),
    (Column("v", required=True), None, "missing-value"),
    (Column("v", "integer", required=True), "N/A", "missing-value"),
    (Column("v", "integer", required=True), "x", "not-integer"),
    (Column("v", enum=("공영", "민영")), "공영", "공영"),
    (Column("v", enum=("공영", "민영")), unicodedata.normalize("NFD", "공영"), "공영"),
    (Column("v", enum=(unicodedata.normalize("NFD", "공영"),)), "공영", "공영"),
    (Column("v", enum=("공영", "민영")), "기타", "not-in-list"),
    (Column("v", enum=("공영", "민영")), "", None),
    (Column("v", "integer", enum=("1", "2")), "2", 2),
    (Column("v", "integer", enum=("1", "2")), "2.0", 2),
    (Column("v", "integer", enum=("1", "2")), "3", "not-in-list"),
    (Column("v", "date", enum=("2018-01-31",)), "20180131", dt.date(2018, 1, 31)),
    (Column("v", "integer", minimum=0), "0", 0),
    (Column("v", "integer", minimum=0), "-1", "below-minimum"),
    (Column("v", "integer", minimum=0), "", None),
    (Column("v", "number", minimum=0.5), "0.5", 0.5),
    (Column("v", "number", minimum=0.5), "0.49999", "below-minimum"),
    (Column("v", "number", maximum=100), "100", 100.0),
    (Column("v", "number", maximum=100), "100.5", "above-maximum"),
    (Column("v", "integer", minimum=5, maximum=5), "5", 5),
    (Column("v", missing=("없음",)), "없음", None),
    (Column("v", missing=("없음",)), "-", "-"),
    (Column("v", missing=("없음",)), "", ""),
    (Column("v", missing=()), "", ""),
    (Column("v", "integer", missing=("-999", "-999.0")), "-999", None),
    (Column("v", "integer", missing=("-999",)), "－９９９", None),
    (Column("v", "integer", missing=("-999",)), "-", "not-integer"),
    (Column("v", missing=(unicodedata.normalize("NFD", "없음"),)), "없음", None),
    (Column("v", source="주차장명"), "중앙", "중앙"),
]


@pytest.mark.parametrize(("column", "value", "result"), CHECKS)
def test_what_a_column_demands_is_checked(shared_room, column, value, result):
    assert typed(shared_room, column, value) == [result]


def test_key_columns_are_required(shared_room):
    staged = shared_room.stage([{"id": ""}, {"id": "a"}], make_schema(id="string", key=("id",)))
    assert (staged.accepted, dict(staged.reasons)) == (1, {("missing-value", "id"): 1})


def test_the_schema_says_what_counts_as_missing(shared_room):
    schema = Schema(columns=(Column("a"), Column("b", missing=("-",))), missing=("없음",))
    staged = tabulate([{"a": "없음", "b": "없음"}, {"a": "-", "b": "-"}], schema, limits=shared_room.limits)
    table = staged.read().read_all()
    assert table.column("a").to_pylist() == [None, "-"]
    assert table.column("b").to_pylist() == ["없음", None]


def test_a_refused_record_is_kept_with_its_row_reason_value_and_sentence(shared_room):
    schema = Schema(columns=(Column("id"), Column("pm10", "integer", source="미세먼지"), Column("on", "date")))
    rows = [
        {"id": "0101", "미세먼지": "31", "on": "20180101"},
        {"id": "0102", "미세먼지": "점검중", "on": "20180101", "비고": "x"},
        {"id": "0103", "미세먼지": 5.5, "on": None},
        UnreadableRow("too-many-fields", ["0104", "1", "2", "3"]),
        {"id": "0105", "미세먼지": "1", "on": "20180230"},
    ]
    staged = tabulate(rows, schema, limits=shared_room.limits)
    assert (staged.rows, staged.accepted, staged.refused) == (5, 1, 4)
    assert sorted(refused_lines(staged), key=lambda line: line["row"]) == [
        {
            "row": 2,
            "reason": "not-integer",
            "column": "pm10",
            "value": "점검중",
            "sentence": {"ko": "정수가 아닙니다: '점검중'", "en": "not a whole number: '점검중'"},
            "record": {"id": "0102", "미세먼지": "점검중", "on": "20180101", "비고": "x"},
        },
        {
            "row": 3,
            "reason": "not-integer",
            "column": "pm10",
            "value": "5.5",
            "sentence": {"ko": "정수가 아닙니다: '5.5'", "en": "not a whole number: '5.5'"},
            "record": {"id": "0103", "미세먼지": 5.5, "on": None},
        },
        {
            "row": 4,
            "reason": "too-many-fields",
            "column": "",
            "value": "",
            "sentence": {"ko": "머리글보다 칸이 많습니다", "en": "the row has more fields than the header"},
            "record": {"fields": ["0104", "1", "2", "3"]},
        },
        {
            "row": 5,
            "reason": "not-date",
            "column": "on",
            "value": "20180230",
            "sentence": {
                "ko": "달력에 있는 날짜가 아닙니다: '20180230'",
                "en": "not a date of the calendar: '20180230'",
            },
            "record": {"id": "0105", "미세먼지": "1", "on": "20180230"},
        },
    ]
    assert staged.reasons == {("not-integer", "pm10"): 2, ("too-many-fields", ""): 1, ("not-date", "on"): 1}
    assert staged.samples["not-integer", "pm10"] == [{"row": 2, "value": "점검중"}, {"row": 3, "value": "5.5"}]


def test_a_row_is_refused_once_for_its_first_bad_column(shared_room):
    staged = tabulate([{"a": "x", "b": "y"}], make_schema(a="integer", b="date"), limits=shared_room.limits)
    assert dict(staged.reasons) == {("not-integer", "a"): 1}


def test_only_the_first_values_are_kept_as_samples_and_long_ones_are_cut(shared_room):
    staged = tabulate([{"v": "x" * 500}] * 20, make_schema(v="integer"), limits=shared_room.limits)
    assert staged.reasons == {("not-integer", "v"): 20}
    assert [sample["row"] for sample in staged.samples["not-integer", "v"]] == [1, 2, 3, 4, 5]
    assert {len(sample["value"]) for sample in staged.samples["not-integer", "v"]} == {200}


AWKWARD = [
    ("a number beyond 64 bits", {"v": 2**80}, str(2**80)),
    ("a number beyond 64 bits beside it", {"v": "x", "w": 2**80}, "x"),
    ("broken text beside it", {"v": "x", "w": "\ud800"}, "x"),
    ("broken text inside a list", {"v": ["\ud800"]}, '["\\ud800"]'),
    ("a zero byte", {"v": "1\x00"}, "1\ufffd"),
    ("a date", {"v": dt.date(2018, 1, 1)}, "2018-01-01"),
    ("bytes", {"v": b"\xff"}, "b'\\xff'"),
    ("a name that is no text", {"v": "x", 5: 1}, "x"),
]


@pytest.mark.parametrize(("row", "value"), [row[1:] for row in AWKWARD], ids=[row[0] for row in AWKWARD])
def test_whatever_a_platform_says_can_be_refused(shared_room, row, value):
    staged = tabulate([row], make_schema(v="integer"), limits=shared_room.limits)
    [line] = refused_lines(staged)
    assert (staged.refused, line["value"]) == (1, value)
    assert staged.samples["not-integer", "v"][0]["value"].encode()


def test_broken_text_refuses_its_own_row_only(shared_room):
    rows = [{"v": "a"}, {"v": "b", "w": "\ud800"}, {"v": "\udfff"}, UnreadableRow("too-few-fields", ["x"]), {"v": "c"}]
    staged = tabulate(rows, make_schema(v="string"), limits=shared_room.limits)
    assert staged.read().read_all().column("v").to_pylist() == ["a", "b", "c"]
    assert [(line["row"], line["reason"]) for line in refused_lines(staged)] == [(3, "not-text"), (4, "too-few-fields")]


def test_the_same_refused_records_make_the_same_file(shared_room):
    files = [tabulate([{"v": "x"}], make_schema(v="integer"), limits=shared_room.limits).refused_path for _ in range(2)]
    assert files[0] != files[1]
    assert files[0].read_bytes() == files[1].read_bytes()


SEEN = [
    ([{"a": "1", "b": "2"}], (), (), ()),
    ([{"a": "1"}], (), ("b",), ()),
    ([{"a": "1", "b": "2", "c": "3"}], (), (), ("c",)),
    ([{"a": "1", "b": "2", "c": "3", "d": "4"}], ("c",), (), ("d",)),
    ([{"a": "1"}, {"b": "2"}], (), (), ()),
    ([{}], (), (), ()),
    ([], (), (), ()),
    ([UnreadableRow("too-few-fields", ["1"])], (), (), ()),
    ([{"a": "1", "b": "2", "": ""}], (), (), ()),
]


@pytest.mark.parametrize(("rows", "ignore", "missing", "unknown"), SEEN)
def test_columns_that_are_missing_or_unknown_are_noticed(shared_room, rows, ignore, missing, unknown):
    staged = tabulate(rows, make_schema(a="integer", b="integer"), limits=shared_room.limits, ignore=ignore)
    assert (staged.missing_columns, staged.unknown_columns) == (missing, unknown)


def test_missing_and_unknown_columns_go_by_the_name_at_the_platform(shared_room):
    schema = Schema(columns=(Column("name", source="주차장명"),))
    staged = tabulate([{"name": "x"}], schema, limits=shared_room.limits)
    assert (staged.missing_columns, staged.unknown_columns) == (("주차장명",), ("name",))


def test_a_column_that_only_some_rows_have_is_empty_in_the_others(shared_room):
    staged = tabulate(
        [{"a": "1"}, {"b": "2"}, {"a": "3", "b": "4"}], make_schema(a="integer", b="integer"), limits=shared_room.limits
    )
    table = staged.read().read_all()
    assert table.column("a").to_pylist() == [1, None, 3]
    assert table.column("b").to_pylist() == [None, 2, 4]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
def test_rows_keep_number_and_order_across_blocks(shared_room, monkeypatch, count):
    monkeypatch.setattr(tabulating, "BLOCK_ROWS", 10)
    rows = [{"v": "x"} if number % 7 == 3 else {"v": str(number)} for number in range(1, count + 1)]
    staged = tabulate(iter(rows), make_schema(v="integer"), limits=shared_room.limits)
    table = staged.read().read_all()
    good = [number for number in range(1, count + 1) if number % 7 != 3]
    assert table.column("v").to_pylist() == table.column("_row").to_pylist() == good
    assert [line["row"] for line in refused_lines(staged)] == [n for n in range(1, count + 1) if n % 7 == 3]


def test_a_real_block_boundary_loses_nothing(shared_room):
    staged = tabulate(({"v": number} for number in range(40_001)), make_schema(v="integer"), limits=shared_room.limits)
    assert (staged.rows, staged.accepted) == (40_001, 40_001)
    assert staged.read().read_all().column("v").to_pylist() == list(range(40_001))


def test_rows_that_break_off_leave_no_files_behind(room):
    def rows():
        yield {"v": "1"}
        raise ConnectionError("broke off")

    with pytest.raises(ConnectionError):
        tabulate(rows(), make_schema(v="integer"), limits=room.limits)
    assert [path for path in room.limits.spool.iterdir() if path.is_file()] == []


def test_discarding_removes_both_files_and_may_be_done_twice(room):
    staged = tabulate([{"v": "x"}, {"v": "1"}], make_schema(v="integer"), limits=room.limits)
    discard(staged)
    discard(staged)
    assert [path for path in room.limits.spool.iterdir() if path.is_file()] == []


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.characters(categories=["Cs"]),
    st.sampled_from(
        ["1", "2018-01-01", "201801012400", "x", "-", "1,234", "12:30", "예", '{"type":"Point","coordinates":[127,37]}']
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.floats(), max_size=2),
    st.binary(max_size=3),
)
any_rows = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "c", "z"]), anything, max_size=4),
        st.builds(
            UnreadableRow, st.sampled_from(["too-many-fields", "too-few-fields"]), st.lists(anything, max_size=3)
        ),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(rows=any_rows, kinds=st.tuples(*[st.sampled_from(list(TYPES))] * 3), keyed=st.booleans())
def test_what_comes_is_accepted_or_refused_whatever_it_is(shared_room, rows, kinds, keyed):
    schema = make_schema(**dict(zip("abc", kinds, strict=True)), key=("a",) if keyed and kinds[0] != "geometry" else ())
    staged = shared_room.stage(rows, schema, area=None)
    try:
        lines = refused_lines(staged)
        accepted = staged.read().read_all().column("_row").to_pylist()
        assert staged.rows == len(rows) == staged.accepted + staged.refused
        assert sorted(accepted + [line["row"] for line in lines]) == list(range(1, len(rows) + 1))
        assert sum(staged.reasons.values()) == staged.refused == len(lines)
        assert {line["reason"] for line in lines} <= set(REASONS)
    finally:
        discard(staged)


OF_JSON = {
    "whole": st.integers(-(2**70), 2**70) | st.integers(-3, 3),
    "fractions": st.floats(allow_nan=True, allow_infinity=True),
    "both": st.integers(-(2**55), 2**55) | st.floats(-10, 10),
    "flags": st.booleans(),
    "anything": st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-5, 5)
    | st.sampled_from(["", "3", "x", "-999"]),
}
MARKED = (
    Column("v", "integer"),
    Column("v", "number"),
    Column("v", "boolean"),
    Column("v", "string"),
    Column("v", "integer", required=True, minimum=-2, maximum=2),
    Column("v", "number", missing=("-999",)),
    Column("v", "number", missing=("3",), minimum=0),
    Column("v", "integer", enum=("1", "2")),
)


@settings(max_examples=200, deadline=None)
@given(
    column=st.sampled_from(MARKED),
    values=st.one_of([st.lists(st.none() | values, min_size=1, max_size=8) for values in OF_JSON.values()]),
)
def test_numbers_and_flags_of_json_become_what_their_texts_become(shared_room, column, values):
    texts = [None if value is None else tabulating.as_text(value) for value in values]
    found = typed(shared_room, column, *values)
    assert list(map(repr, found)) == list(map(repr, typed(shared_room, column, *texts)))
