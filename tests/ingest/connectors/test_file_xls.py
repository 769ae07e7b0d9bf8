"""XLS: old workbooks, their dates, sheets, merged cells and formulas; and what is none."""

import io

import pytest
import xlsxwriter
from dressed_rows import ROWS
from old_workbook import old_workbook

from ingest.connectors.file import Config, read
from ingest.errors import BadSetup, SourceError, UnreadableAnswer

CELLS = [(0, 0, "이름"), (0, 1, "값"), (1, 0, "가"), (1, 1, 1), (2, 0, "나"), (2, 1, 2)]
SIMPLE = old_workbook(("시트", 0, CELLS))


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv", "a"])
def test_an_old_workbook_is_known_by_its_content_whatever_it_is_called(read_bytes, name):
    assert read_bytes(SIMPLE, name) == ROWS


@pytest.mark.parametrize(("from_1904", "serial"), [(False, 43102), (True, 41640)])
def test_days_count_from_1900_or_1904_as_the_workbook_says(read_bytes, from_1904, serial):
    cells = [(0, 0, "날짜"), (0, 1, "일시"), (1, 0, ("date", serial)), (1, 1, ("moment", serial + 0.125))]
    assert read_bytes(old_workbook(("a", 0, cells), counts_from_1904=from_1904), "a.xls") == [
        {"날짜": "2018-01-02", "일시": "2018-01-02 03:00:00"}
    ]


@pytest.mark.parametrize("from_1904", [False, True])
def test_days_of_a_new_workbook_count_from_either_year_too(read_bytes, from_1904):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": from_1904}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["날짜", "합", "오류"])
        sheet.write_number(1, 0, 41640 if from_1904 else 43102, day)
        sheet.write_formula(1, 1, "=1+2", None, 3)
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
        sheet.merge_range(2, 0, 2, 2, "한 칸")
    assert read_bytes(buffer.getvalue(), "a.xlsx") == [
        {"날짜": "2018-01-02", "합": "3", "오류": ""},
        {"날짜": "한 칸", "합": "", "오류": ""},
    ]


def test_a_merged_cell_stands_where_it_begins_and_a_formula_is_its_last_value(read_bytes):
    cells = [(0, 0, ("merged", "소재지", 2)), (0, 2, "합"), (1, 0, "시도"), (1, 1, "시군구")]
    cells += [(2, 0, "가"), (2, 1, "나"), (2, 2, ("formula", 3.5))]
    rows = read_bytes(old_workbook(("a", 0, cells)), "a.xls", header_rows=2)
    assert rows == [{"소재지 시도": "가", "시군구": "나", "합": "3.5"}]


def test_a_hidden_sheet_is_read_only_when_named(read_bytes):
    content = old_workbook(("숨김", 1, [(0, 0, "a"), (1, 0, "h")]), ("보임", 0, CELLS))
    assert read_bytes(content, "a.xls") == ROWS
    assert read_bytes(content, "a.xls", sheet="숨김") == [{"a": "h"}]
    with pytest.raises(UnreadableAnswer, match="its sheets: 숨김, 보임"):
        read_bytes(content, "a.xls", sheet="없음")


def test_a_sheet_without_rows_is_no_table_and_one_with_a_header_has_no_rows(read_bytes):
    with pytest.raises(UnreadableAnswer, match="header row is empty"):
        read_bytes(old_workbook(("a", 0, [])), "a.xls")
    assert read_bytes(old_workbook(("a", 0, CELLS[:2])), "a.xls") == []


@pytest.mark.parametrize("size", [8, 600, 1024, 1536])
def test_a_workbook_that_was_cut_is_refused(read_bytes, size):
    with pytest.raises(UnreadableAnswer, match="XLS"):
        read_bytes(SIMPLE[:size], "a.xls")


def test_what_is_only_called_xls_asks_for_its_format(read_bytes):
    with pytest.raises(BadSetup, match="format"):
        read_bytes("이름,값\n가,1\n나,2\n", "a.xls")
    with pytest.raises(UnreadableAnswer, match="web page"):
        read_bytes("<html><table><tr><td>가</td></tr></table></html>", "a.xls")
    with pytest.raises(UnreadableAnswer, match="no XLS"):
        read_bytes("이름,값\n", "a.csv", format="xls")


@pytest.mark.parametrize("name", ["a.xlsm", "a.XLSM", "a.xltm"])
def test_a_workbook_with_macros_is_refused_by_its_name(read_bytes, name):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet().write(0, 0, "a")
    with pytest.raises(UnreadableAnswer, match="macros"):
        read_bytes(buffer.getvalue(), name)


def test_an_old_workbook_spoilt_at_any_byte_is_read_or_refused_but_never_crashes(open_session, tmp_path):
    session = open_session(file_roots=[tmp_path])
    refused = 0
    for place in range(8, len(SIMPLE), 61):
        spoilt = bytearray(SIMPLE)
        spoilt[place] ^= 0x55
        (tmp_path / "a.xls").write_bytes(spoilt)
        try:
            assert list(read(Config(path="a.xls"), session)) is not None
        except SourceError:
            refused += 1
    assert refused > 3
