"""Answers that arrive whole and are wrong: what is published, what is refused, and that the rest stays as it was.

The identifiers are those of the list in docs/faults.md. Every case is a real run of a source that has published before.
"""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter
from builders import make_dataset
from pulling import make_source, published, pull, records, write_lots

from catalog.records import Column, Geometry, Schema
from ingest.models import Run, Source
from ingest.raw import rejected_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
SCHEMA = Schema(
    columns=(Column("id", required=True), Column("name"), Column("spaces", "integer")),
    key=("id",),
)
HEADER = "id,name,spaces\n"
ROWS = tuple((f"S{number:02}", f"lot {number}", number) for number in range(1, 21))


def lines(*rows: tuple[object, ...]) -> str:
    return HEADER + "".join(",".join(map(str, row)) + "\n" for row in rows)


def as_json(*rows: tuple[object, ...]) -> bytes:
    return json.dumps([dict(zip(("id", "name", "spaces"), row, strict=True)) for row in rows]).encode()


def with_last(name: object, spaces: object = 21) -> tuple[tuple[object, ...], ...]:
    return (*ROWS, ("S21", name, spaces))


@dataclass(frozen=True)
class Fault:
    """What is sent instead of the twenty good rows, how the run ends, what it says, and what becomes of the rows."""

    identifier: str
    content: Callable[[], bytes | str]
    ends: str
    codes: frozenset[str] = frozenset()  # of the error or, where something is published, of the refused records
    says: str = ""
    last: object = None  # the last published name
    rows: tuple[int, int] | None = None  # accepted and refused
    file: str = "a.csv"


def filled_up_to(place: int) -> str:
    """Return a name that ends with Hangul whose first letter begins at this byte of the file."""
    return "x" * (place - len(lines(*ROWS)) - len("S21,")) + "한글"


def in_cp949(*rows: tuple[object, ...]) -> bytes:
    return lines(*rows).encode("cp949")


def with_columns(*columns: str) -> str:
    """Return the good rows with further columns that hold 1."""
    head, *rest = lines(*ROWS).splitlines()
    return "\n".join([",".join([head, *columns]), *(line + ",1" * len(columns) for line in rest), ""])


def without_the_last_column() -> str:
    return "".join(line.rpartition(",")[0] + "\n" for line in lines(*ROWS).splitlines())


def renamed(old: str, new: str) -> str:
    return lines(*ROWS).replace(old, new, 1)


UNREADABLE, HELD = frozenset({"unreadable-answer"}), frozenset({"held-back"})
WIDTHS = frozenset({"too-few-fields", "too-many-fields"})
TURNED, LONG, MANY = "a\u202egpj.exe", "x" * 10**7, tuple(f"c{number}" for number in range(297))
ASCII = [(row[0], "x" * 60_000, 1) for row in ROWS]
FAULTS = (
    Fault("B1 CP949 after a mebibyte of ASCII", lambda: in_cp949(*ASCII, ("S21", "똠방각하", 1)), State.PUBLISHED, last="똠방각하", rows=(21, 0)),
    *(
        Fault(f"B2 a character {name} a sample", lambda name=last: in_cp949(*with_last(name)), State.PUBLISHED, last=last, rows=(21, 0))
        for name, last in (("across the end of", filled_up_to(2**20 - 1)), ("just in", filled_up_to(2**20 - 2)), ("just behind", filled_up_to(2**20)))
    ),
    Fault("B3 one invalid byte", lambda: lines(*with_last("가나다")).encode() + b"S22,\xff,1\n", State.FAILED, UNREADABLE, "UTF-8"),
    Fault("B4 two encodings", lambda: in_cp949(*with_last("가나다")) + "S22,가나다,1\n".encode(), State.FAILED, UNREADABLE, "CP949"),
    Fault("B5 a NUL in CSV", lambda: lines(*with_last("a\0b")), State.FAILED, UNREADABLE, "NUL"),
    Fault("B5 a NUL in JSON", lambda: as_json(*with_last("a\0b")), State.UNCHANGED, frozenset({"not-text"}), rows=(20, 1), file="a.json"),
    Fault("B5 half a surrogate pair", lambda: as_json(*with_last("\ud800")), State.FAILED, UNREADABLE, "ud800", file="a.json"),
    Fault("B5 letters that turn round", lambda: lines(*with_last(TURNED)), State.PUBLISHED, last=TURNED, rows=(21, 0)),
    Fault("B5 a cell of 10 MB in CSV", lambda: lines(*with_last(LONG)), State.FAILED, UNREADABLE, "22"),
    Fault("B5 a cell of 10 MB in JSON", lambda: as_json(*with_last(LONG)), State.PUBLISHED, last=LONG, rows=(21, 0), file="a.json"),
    Fault("B6 rows of another width", lambda: lines(*ROWS) + "S21,a\nS22,b,1,2\nS23,c,3\n", State.PUBLISHED, WIDTHS, last="c", rows=(21, 2)),
    Fault("B6 a quote that stays open", lambda: lines(*ROWS[:10]) + 'S11,"open,1\n' + lines(*ROWS[11:]), State.FAILED, UNREADABLE, "12"),
    Fault("B7 two columns of one name", lambda: renamed("name", "id"), State.FAILED, UNREADABLE, "id"),
    Fault("B7 a column without a name", lambda: renamed("name", ""), State.FAILED, UNREADABLE, "2"),
    Fault("B7 three hundred columns", lambda: with_columns(*MANY), State.HELD, HELD, "c0"),
    Fault("B7 names that mean something to us", lambda: with_columns("limit", "select"), State.HELD, HELD, "limit"),
    Fault("B9 numbers become words", lambda: lines(*((*row[:2], "많음") for row in ROWS)), State.HELD, HELD, "spaces"),
    Fault("B9 one number becomes a word", lambda: lines(*with_last("a", "많음")), State.UNCHANGED, frozenset({"not-integer"}), rows=(20, 1)),
    Fault("B10 a column is gone", without_the_last_column, State.HELD, HELD, "spaces"),
    Fault("B10 a column is called otherwise", lambda: renamed("spaces", "면수"), State.HELD, HELD, "면수"),
    Fault("B11 one key twice", lambda: lines(*ROWS, ("S01", "again", 1)), State.UNCHANGED, frozenset({"duplicate-key"}), rows=(20, 1)),
    Fault("B11 one key in every row", lambda: lines(*(("S01", *row[1:]) for row in ROWS)), State.HELD, HELD),
    Fault("B13 all rows are bad", lambda: lines(*(("", *row[1:]) for row in ROWS)), State.HELD, HELD),
    Fault("B16 the same once more", lambda: lines(*ROWS), State.UNCHANGED, rows=(20, 0)),
    Fault("B16 the same in another form", lambda: as_json(*ROWS), State.UNCHANGED, rows=(20, 0), file="a.json"),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return tmp_path


def published_source(folder: Path, **options: Any) -> Source:
    """Return a source whose twenty good rows are published."""
    (folder / "a.csv").write_text(lines(*ROWS), encoding="utf-8")
    source = make_source(folder / "a.csv", dataset=make_dataset(schema=SCHEMA), **options)
    assert pull(source).state == State.PUBLISHED
    return source


def pull_instead(source: Source, folder: Path, content: bytes | str, file: str) -> Run:
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    Source.objects.filter(pk=source.pk).update(config={"path": str(folder / file)})
    return pull(Source.objects.get(pk=source.pk))


def refusals(run: Run) -> list[dict[str, Any]]:
    """Return the refused records as the steward downloads them."""
    path = rejected_path(run)
    return [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path else []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.identifier)
def test_a_wrong_answer_ends_as_it_should_and_leaves_what_is_published(folder: Path, fault: Fault) -> None:
    source = published_source(folder)
    before = published(source)
    run = pull_instead(source, folder, fault.content(), fault.file)
    assert run.state == fault.ends, run.error_en
    if run.state == State.PUBLISHED:
        assert records(source)[-1]["name"] == fault.last
    else:
        assert published(source) == before
    if run.state in (State.PUBLISHED, State.UNCHANGED):
        assert (run.accepted, run.rejected) == fault.rows
        assert {refused["reason"] for refused in refusals(run)} == fault.codes
        return
    assert {run.error_code} == fault.codes
    for text in (run.error_ko, run.error_en):
        assert fault.says in text
    assert any("가" <= letter <= "힣" for letter in run.error_ko)


ODD = Schema(
    columns=(
        Column("id", required=True),
        Column("whole", "integer"),
        Column("number", "number"),
        Column("day", "date"),
        Column("moment", "datetime"),
    )
)
ODD_VALUES: Mapping[str, tuple[tuple[str, object], ...]] = {  # what is written, and what is read or why it is refused
    "whole": (
        ("-", None), ("", None), ("null", None), ("N/A", None), ("１２", 12), ('"1,234"', 1234), ("31명", "not-integer"),
        ("1 000", "not-integer"), ("많음", "not-integer"),
    ),
    "number": (("3.0E5", 300_000.0), ("３．５", 3.5), ("1e999", "not-number"), ("3.5.1", "not-number")),
    "day": (("2026.8.1.", "2026-08-01"), ("2026-02-30", "not-date"), ("31.01.2026", "not-date")),
    "moment": (
        ("2026-08-01 9:05", "2026-08-01T09:05:00+09:00"),
        ("2026-08-01 오전 9:05", "2026-08-01T09:05:00+09:00"),
        ("2026-08-01 24:00", "2026-08-02T00:00:00+09:00"),
        ("어제", "not-datetime"),
    ),
}  # fmt: skip


def test_an_odd_value_is_read_by_the_rules_of_its_column_or_refuses_its_row_with_what_was_written(folder: Path) -> None:
    names = list(ODD_VALUES)
    cases = [(name, *case) for name, values in ODD_VALUES.items() for case in values]
    rows = [
        f"R{at}," + "," * names.index(name) + text + "," * (3 - names.index(name))
        for at, (name, text, _) in enumerate(cases)
    ]
    (folder / "odd.csv").write_text("\n".join(["id," + ",".join(names), *rows, ""]), encoding="utf-8")
    source = make_source(
        folder / "odd.csv", dataset=make_dataset(schema=ODD), expectations={"severity": {"retyped_columns": "warn"}}
    )
    run = pull(source)
    assert run.state == State.PUBLISHED, run.error_en
    refused = {line["row"] - 1: line for line in refusals(run)}
    found = {record["id"]: record for record in records(source)}
    for at, (name, text, expected) in enumerate(cases):
        if at in refused:
            assert refused[at]["reason"] == expected, text
            assert text in str(refused[at]["record"])
        else:
            assert found[f"R{at}"][name] == expected, text


PLACED = Schema(
    columns=(Column("id", required=True), Column("x", "number"), Column("y", "number")), geometry=Geometry("x", "y")
)
PLACES = {
    "swapped": (37.5, 127.0, "swapped-coordinates"),
    "metres taken for degrees": (192_026.0, 443_662.0, "outside-area"),
    "another country": (139.7, 35.7, "outside-area"),
    "half a place": (127.0, "", "half-coordinate"),
    "nowhere": (0, 0, "outside-area"),
}


def test_a_wrong_place_is_refused_with_its_reason_and_many_hold_the_run_back(folder: Path) -> None:
    good = [(f"S{number}", 126.9 + number / 100, 37.5) for number in range(20)]
    path = write_lots(folder / "places.csv", good, ("id", "x", "y"))
    source = make_source(path, dataset=make_dataset(schema=PLACED))
    assert pull(source).state == State.PUBLISHED
    before = published(source)

    write_lots(path, [*good, *((name, x, y) for name, (x, y, _) in PLACES.items())], ("id", "x", "y"))
    run = pull(source)
    assert (run.state, run.accepted, run.rejected) == (State.UNCHANGED, 20, len(PLACES))
    assert [line["reason"] for line in refusals(run)] == [reason for _, _, reason in PLACES.values()]
    for issue in run.issues.all():
        assert issue.text_ko
        assert issue.text_en

    write_lots(path, [(name, y, x) for name, x, y in good], ("id", "x", "y"))
    run = pull(source)
    assert (run.state, run.rejected) == (State.HELD, 20)
    assert "거절" in run.error_ko
    assert published(source) == before


def workbook(**options: Any) -> bytes:
    """Return a workbook with a hidden sheet before the shown one, a merged cell, a formula and days counted from a year."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, options) as book:
        hidden, sheet = book.add_worksheet("작업용"), book.add_worksheet("공개")
        hidden.write_row(0, 0, ["id", "secret"])
        hidden.hide()
        sheet.activate()
        sheet.set_first_sheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["id", "name", "spaces"])
        sheet.write_string(1, 0, "00102")
        sheet.write_number(1, 1, 41_640 if options.get("date_1904") else 43_102, day)
        sheet.write_formula(1, 2, "=1+2", None, 3)
        sheet.merge_range(2, 0, 2, 1, "S2")
    return content.getvalue()


@pytest.mark.parametrize("options", [{}, {"date_1904": True}], ids=["from 1900", "from 1904"])
def test_the_oddities_of_a_workbook_follow_rules(folder: Path, options: Mapping[str, bool]) -> None:  # B15
    source = published_source(folder, expectations={"min_share": 0})
    assert pull_instead(source, folder, workbook(**options), "a.xlsx").state == State.PUBLISHED
    assert records(source) == [
        {"id": "00102", "name": "2018-01-02", "spaces": 3},
        {"id": "S2", "name": None, "spaces": None},
    ]
