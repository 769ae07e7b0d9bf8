"""A delimited file handed over whole gives what it gives row by row: the same records, refusals, counts and errors."""

import dataclasses
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import HubError
from catalog.records import Column, DelimitedFile, Limits, Schema, Staged, UnreadableRow, columns, discard, tabulate
from ingest import connectors
from ingest.connectors import MalformedRow
from ingest.connectors.file import Config, hand_over, read

SCHEMA = Schema(
    columns=(
        Column("name", source="이름"),
        Column("number", "integer", source="값", minimum=-5),
        Column("day", "date"),
        Column("at", "datetime"),
        Column("open", "boolean"),
        Column("kind", enum=("a", "가")),
    ),
)


@pytest.fixture
def both_ways(open_session, tmp_path):
    """Return a function that reads a file in both ways and returns what came of each."""

    def read_both(content: bytes, schema: Schema = SCHEMA, **config):
        path = tmp_path / "data.csv"
        path.write_bytes(content)
        found = []
        for way in (read, hand_over):
            session = open_session(file_roots=[tmp_path], limits={"size": 2**25})
            counted: list[int] = []
            rows = translated(way(Config(path="data.csv", **config), session), counted)
            try:
                staged = tabulate(rows, schema, limits=Limits(spool=tmp_path / "spool"))
            except HubError as error:
                found.append((type(error), str(error)))
            else:
                found.append(account_of(staged))
                assert sum(counted) in (0, staged.rows)
        return found

    return read_both


def translated(rows, counted):
    for row in rows:
        if isinstance(row, connectors.DelimitedFile):
            yield DelimitedFile(**vars(row), passed=counted.append)
        else:
            yield UnreadableRow(row.code, row.raw) if isinstance(row, MalformedRow) else row


def account_of(staged: Staged) -> dict[str, object]:
    table = staged.read().read_all().to_pylist()
    refused = gzip.decompress(Path(staged.refused_path).read_bytes())
    told = {
        field.name: getattr(staged, field.name)
        for field in dataclasses.fields(staged)
        if field.name not in ("path", "refused_path", "order", "schema")
    }
    discard(staged)
    return told | {"records": table, "lines": refused}


HEADER = "이름,값,day,at,open,kind"
GOOD = "가나,1,2018-01-31,2018-01-31 09:20,Y,a"
FILES = {
    "plain": [HEADER, GOOD, GOOD],
    "blank lines": [HEADER, "", GOOD, "", "", GOOD, ""],
    "rows of empty cells": [HEADER, ",,,,,", GOOD, ",,", ",,,,,,,,", GOOD],
    "a row with nothing but blanks": [HEADER, GOOD, "   ", GOOD],
    "too many and too few": [HEADER, "1,2", GOOD, GOOD + ",more", GOOD, "x"],
    "empty cells beyond the header": [HEADER, GOOD + ",", GOOD, GOOD + ",,,", GOOD + ",,x"],
    "empty columns in the header": [HEADER + ",,", GOOD + ",,", GOOD, GOOD + ",,x", GOOD + ","],
    "quotes": [HEADER, '"가,""나""",1,"2018-01-31",2018-01-31 09:20,"Y",a', '"두\n줄",2,,,,', GOOD],
    "quotes where none should be": [HEADER, '가"나,1,,,,', GOOD, '"가"나,2,,,,', '"a" ,3,,,,', GOOD],
    "a quote that spans lines oddly": [HEADER, 'x"y,1,,,,', '"a\nb"c\nd,2,,,,', GOOD],
    "an open quote": [HEADER, GOOD, '"가,1,,,,', GOOD, GOOD],
    "an open quote far away": [HEADER, *[GOOD] * 40, '"가,1,,,,', GOOD],
    "cut in a row": [HEADER, GOOD, "가,1"],
    "blank after a cut row": [HEADER, GOOD, "가,1", ",,,,,"],
    "a mark inside": [HEADER, GOOD, "\ufeff" + GOOD, GOOD],
    "white space": [HEADER, "  가 ,\t1 , 2018-01-31,2018-01-31 09:20 , Y ,a ", "\u3000가\u3000,２,\u00a0,,,"],
    "bad values": [
        HEADER,
        "가,x,,,,",
        "나,-9,,,,b",
        "다,1,2018-02-30,,,",
        "라,1,,2018-13-01 00:00,,",
        "마,1,,,maybe,가",
    ],
    "a header only": [HEADER],
    "another column": [HEADER + ",more", GOOD + ",1", "가,x,,,,,더"],
    "fewer columns": ["이름,값", "가,1", "나,x"],
    "the same name twice": ["이름,이름", "a,b"],
    "no name": [",,", "a,b,c"],
    "decomposed letters": [HEADER, "\u1100\u1161,１,,,,\u1100\u1161"],
}


@pytest.mark.parametrize(
    ("encoding", "ending", "piece"),
    [("utf-8", "\n", 2**21), ("utf-8-sig", "\r\n", 150), ("cp949", "\r", 150), ("utf-16", "\r\n", 2**21)],
)
@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_gives_what_its_rows_give(both_ways, monkeypatch, name, encoding, ending, piece):
    monkeypatch.setattr(columns, "PIECE_BYTES", piece)
    for last in ("", ending):
        content = (ending.join(FILES[name]) + last).encode(encoding, errors="replace")
        by_row, whole = both_ways(content)
        assert whole == by_row


OPTIONS = [
    {"header_rows": 2},
    {"header_rows": 0, "header": ["이름", "값"]},
    {"header": ["이름", "값", "day", "at", "open", "kind"]},
    {"delimiter": ";"},
    {"delimiter": "\t"},
    {"delimiter": "가"},
    {"encoding": "utf-8-sig"},
    {"encoding": "utf-16-le"},
    {"format": "tsv"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_means_the_same_for_a_whole_file(both_ways, options):
    delimiter = options.get("delimiter", "\t" if "format" in options else ",")
    text = "\n".join([HEADER, GOOD, GOOD, "x,1", ""]).replace(",", delimiter)
    by_row, whole = both_ways(text.encode(options.get("encoding", "utf-8").replace("-sig", "")), **options)
    assert whole == by_row


cells = st.one_of(
    st.sampled_from(["", "a", "가", "1", "-3", "1,5", "2018-01-31", "20180131", "Y", "2018-01-31 09:20", "N/A", "-"]),
    st.text('"a,\n\r 가\ufeff', max_size=5),
)
lines = st.one_of(
    st.lists(cells, min_size=6, max_size=6).map(",".join),
    st.lists(cells.map(lambda cell: '"' + cell.replace('"', '""') + '"'), min_size=6, max_size=6).map(",".join),
    st.lists(cells, max_size=8).map(",".join),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.sampled_from([60, 2**21]))
def test_any_file_gives_what_its_rows_give(both_ways, table, ending, is_ended, piece):
    content = ending.join([HEADER, *table]) + (ending if is_ended else "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "PIECE_BYTES", piece)
        by_row, whole = both_ways(content.encode())
    assert whole == by_row
