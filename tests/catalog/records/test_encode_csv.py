import csv
import datetime as dt
import io
import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_records import EMPTY, FULL, NASTY, SCHEMA, batch_of, written
from record_rooms import make_schema

from catalog.records import Column, Geometry, Schema, encode

TEXT = make_schema(name="string")
MARK = b"\xef\xbb\xbf"


def rows_of(data: bytes, codec: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(codec), newline="")))


def test_csv_is_read_by_the_csv_module():
    header, *rows = rows_of(written([FULL, EMPTY], SCHEMA, "csv"))
    assert header == list(SCHEMA.names)
    assert rows == [
        [
            '강남 "제1" 주차장,\n지하',
            "9007199254740993",
            "0.30000000000000004",
            "true",
            "2018-01-31",
            "2018-01-31T09:20:03+09:00",
            "24:00",
            "126.97796919000001",
            "37.566535",
        ],
        [""] * 9,
    ]


def test_an_empty_text_is_told_from_a_missing_one():
    lines = written([EMPTY, EMPTY | {"name": "", "count_": 1}], SCHEMA, "csv").decode().split("\n")
    assert lines[1:] == [",,,,,,,,", '"",1,,,,,,,', ""]


def test_csv_is_read_by_duckdb_with_types_and_empty_values(tmp_path):
    path = tmp_path / "records.csv"
    path.write_bytes(written([FULL, EMPTY, EMPTY | {"name": ""}], SCHEMA, "csv"))
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * REPLACE (epoch_us(at_) AS at_) FROM read_csv($path, header = true, allow_quoted_nulls = false, columns = "
            "{name: 'VARCHAR', count_: 'BIGINT', pm10: 'DOUBLE', open: 'BOOLEAN', on_: 'DATE', at_: 'TIMESTAMPTZ', "
            "until: 'VARCHAR', x: 'DOUBLE', y: 'DOUBLE'})",
            {"path": str(path)},
        ).fetchall()
    assert found == [
        (FULL["name"], 2**53 + 1, 0.30000000000000004, True, dt.date(2018, 1, 31), 1517358003000000, "24:00", 126.97796919000001, 37.566535),
        (None,) * 9,
        ("", *(None,) * 8),
    ]  # fmt: skip


def test_shapes_are_well_known_text():
    schema = Schema(columns=(Column("shape", "geometry"),), geometry=Geometry(column="shape"))
    point = bytes.fromhex("0101000000") + b"\x00\x00\x00\x00\x00\xc0\x5f\x40" + b"\x00\x00\x00\x00\x00\xc0\x42\x40"
    assert rows_of(written([{"shape": point}, {"shape": None}], schema, "csv"))[1:] == [["POINT (127 37.5)"], []]


# --- formulas

FORMULAS = [
    ("=1+1", "'=1+1"),
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("@SUM(1)", "'@SUM(1)"),
    ("+A1", "'+A1"),
    ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("-\n=1", "'-\n=1"),
    ("＝1+1", "'＝1+1"),
    ("＋A1", "'＋A1"),
    ("－A1", "'－A1"),
    ("＠SUM(1)", "'＠SUM(1)"),
    ("-", "-"),
    ("-5", "-5"),
    ("+5.0%", "+5.0%"),
    ("+82-2-120", "+82-2-120"),
    ("+82 (0)2 731-2120", "+82 (0)2 731-2120"),
    ("-1,234.5", "-1,234.5"),
    ("- 해당 없음", "'- 해당 없음"),
    ("a=1", "a=1"),
    (" =1", " =1"),
    ("가", "가"),
    ("（주）한빛", "（주）한빛"),
    ("'=1", "''=1"),
    ("'-5", "''-5"),
    ("''", "''"),
    ("'가'", "'가'"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "quoted"), FORMULAS)
def test_what_a_spreadsheet_would_calculate_is_quoted(text, quoted):
    rows = [{"name": "앞"}, {"name": text}, {"name": None}]
    assert rows_of(written(rows, TEXT, "csv"))[1:] == [["앞"], [quoted], []]
    assert rows_of(written(rows, TEXT, "csv", formulas="raw"))[1:] == [["앞"], [text], []]


def test_numbers_and_names_of_columns_are_never_touched():
    rows = [{"i": -5, "n": -0.5, "d": dt.date(2018, 1, 1)}]
    assert rows_of(written(rows, make_schema(i="integer", n="number", d="date"), "csv"))[1] == [
        "-5",
        "-0.5",
        "2018-01-01",
    ]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
signs = st.text(st.sampled_from("'=+-@＝＋－＠\t\r\n1a "), max_size=5)


@settings(deadline=None)
@given(texts | signs)
def test_no_formula_is_left_and_taking_an_apostrophe_away_gives_every_text_back(text):
    [_, *found] = rows_of(written([{"name": text}], TEXT, "csv"))
    found = found[0][0] if found[0] else ""
    assert found == "" or found[0] not in "=@＝＋－＠\t\r\n"
    assert found[:1] not in tuple("+-") or re.fullmatch(r"[+-][0-9 .,:()/%+-]*", found)
    assert re.sub(r"^'(?='*[=+\-@＝＋－＠\t\r\n])", "", found) == text


# --- encodings


@pytest.mark.parametrize("rows", [NASTY, []])
def test_a_mark_stands_once_before_the_first_byte(rows):
    plain = written(rows, SCHEMA, "csv")
    assert not plain.startswith(MARK)
    assert written(rows, SCHEMA, "csv", encoding="utf-8-sig") == MARK + plain


def test_cp949_holds_all_of_hangul_and_hanja():
    rows = [{"name": "똠방각하 뷁"}, {"name": "漢江 ㈜ ℃ 一"}]
    assert rows_of(written(rows, TEXT, "csv", encoding="cp949"), "cp949")[1:] == [[row["name"]] for row in rows]


def test_what_cp949_lacks_is_a_numeric_character_reference():
    rows = [{"name": "주차장 😀, ₩1,000 é"}]
    [_, [found]] = rows_of(written(rows, TEXT, "csv", encoding="cp949"), "cp949")
    assert found == "주차장 &#128512;, &#8361;1,000 &#233;"


def test_the_first_chunk_comes_with_the_first_batch():
    batches = iter([batch_of([FULL], SCHEMA)])
    chunk = next(encode(batches, SCHEMA, "csv"))
    assert chunk.count(b"\n") == 3


def test_many_batches_make_one_document():
    schema = make_schema(i="integer")
    batches = [pa.record_batch({"i": pa.array(range(at, at + 100), pa.int64())}) for at in range(0, 1000, 100)]
    assert b"".join(encode(batches, schema, "csv")).decode().split() == ['"i"', *map(str, range(1000))]
