"""SpreadsheetML 2003, as portals hand it out under the name of .xls."""

import subprocess
import sys
from pathlib import Path

import pytest
from dressed_rows import ROWS

from ingest.errors import BrokenOff, UnreadableAnswer

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">'
)


def cell(text, kind="String", **place):
    places = "".join(f' ss:{name}="{value}"' for name, value in place.items())
    return f'<Cell{places}><Data ss:Type="{kind}">{text}</Data></Cell>'


def sheet(*rows, name="Sheet1", hidden=False):
    body = "".join(row if row.startswith("<Row") else f"<Row>{row}</Row>" for row in rows)
    options = "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>" if hidden else ""
    return f'<Worksheet ss:Name="{name}"><Table>{body}</Table>{options}</Worksheet>'


def workbook(*sheets):
    return HEAD + "".join(sheets) + "</Workbook>"


SIMPLE_ROWS = (cell("이름") + cell("값"), cell("가") + cell("1", "Number"), cell("나") + cell("2", "Number"))
SIMPLE = workbook(sheet(*SIMPLE_ROWS))


@pytest.mark.parametrize(
    ("name", "config"), [("a.xls", {}), ("a.xml", {}), ("a", {}), ("a.bin", {"format": "spreadsheetml"})]
)
def test_it_is_known_by_its_content(read_bytes, name, config):
    assert read_bytes(SIMPLE, name, **config) == ROWS


def test_it_is_plain_xml_to_whoever_names_the_path_of_records(read_bytes):
    assert len(read_bytes(SIMPLE, "a.xml", records="Workbook.Worksheet.Table.Row")) == 3


def test_cells_become_text_as_those_of_a_workbook(read_bytes):
    names = cell("코드") + cell("수") + cell("날짜") + cell("일시") + cell("시각") + cell("참")
    values = (
        cell("00102") + cell("37.0", "Number") + cell("2018-01-02T00:00:00.000", "DateTime")
        + cell("2018-01-02T00:00:00.000", "DateTime") + cell("1899-12-31T09:30:00.000", "DateTime") + cell("1", "Boolean")
    )  # fmt: skip
    late = cell("") + cell("0.5", "Number") + cell("2018-01-03T00:00:00.000", "DateTime")
    late += cell("2018-01-02T03:04:05.000", "DateTime")
    assert read_bytes(workbook(sheet(names, values, late)), "a.xls") == [
        {
            "코드": "00102",
            "수": "37",
            "날짜": "2018-01-02",
            "일시": "2018-01-02 00:00:00",
            "시각": "09:30:00",
            "참": "true",
        },
        {"코드": "", "수": "0.5", "날짜": "2018-01-03", "일시": "2018-01-02 03:04:05", "시각": "", "참": ""},
    ]


def test_merged_and_left_out_cells_and_rows_keep_their_columns(read_bytes):
    rows = (
        cell("소재지", MergeAcross=1) + cell("합"),
        cell("시도") + cell("시군구"),
        f'<Row ss:Index="5">{cell("가")}{cell("3", "Number", Index=3)}</Row>',
        cell("나", MergeDown=1) + cell("다") + cell("4", "Number"),
        cell("라", Index=2),
    )
    assert read_bytes(workbook(sheet(*rows)), "a.xls", header_rows=2) == [
        {"소재지 시도": "가", "시군구": "", "합": "3"},
        {"소재지 시도": "나", "시군구": "다", "합": "4"},
        {"소재지 시도": "", "시군구": "라", "합": ""},
    ]


def test_the_first_visible_sheet_is_read_unless_one_is_named(read_bytes):
    content = workbook(sheet(cell("a"), cell("h"), name="숨김", hidden=True), sheet(*SIMPLE_ROWS, name="보임"))
    assert read_bytes(content, "a.xls") == ROWS
    assert read_bytes(content, "a.xls", sheet="숨김") == [{"a": "h"}]
    with pytest.raises(UnreadableAnswer, match="its sheets: 숨김, 보임"):
        read_bytes(content, "a.xls", sheet="x")


BAD = {
    "no sheet": (workbook(), UnreadableAnswer, "no worksheet"),
    "an empty sheet": (workbook(sheet()), UnreadableAnswer, "header row is empty"),
    "cut in a row": (SIMPLE[:-60], BrokenOff, "before the end"),
    "cut between elements": (SIMPLE.removesuffix("</Workbook>"), BrokenOff, "before the end"),
    "a column far out": (workbook(sheet(cell("a", Index=999999999))), UnreadableAnswer, "place"),
    "a column that goes back": (workbook(sheet(cell("a") + cell("b", Index=1))), UnreadableAnswer, "place"),
    "a row that goes back": (workbook(sheet(cell("a"), '<Row ss:Index="1"></Row>')), UnreadableAnswer, "place"),
    "a doctype": (SIMPLE.replace("<Workbook", "<!DOCTYPE a><Workbook", 1), UnreadableAnswer, "DOCTYPE"),
}


@pytest.mark.parametrize(("content", "error", "words"), BAD.values(), ids=BAD)
def test_what_is_no_honest_workbook_is_refused(read_bytes, content, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.xls")


def test_memory_stays_flat_over_many_rows(tmp_path):
    """In a process of its own, for only the system sees the parser's memory; as a tree this file takes 50 MiB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's peak memory")
    (tmp_path / "a.xls").write_text(workbook(sheet(SIMPLE_ROWS[0], *[SIMPLE_ROWS[1]] * 40_000)))
    script = (
        "from pathlib import Path; from ingest.http import Session; from ingest.connectors.file import Config, read\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024\n"
        f"session = Session(file_roots=[Path({str(tmp_path)!r})]); before = peak()\n"
        "rows = sum(1 for _ in read(Config(path='a.xls'), session)); session.close()\n"
        "print(rows, peak() - before)"
    )
    here = Path(__file__).parents[3]
    told = subprocess.run([sys.executable, "-c", script], cwd=here, check=True, capture_output=True, text=True).stdout
    rows, grown = map(int, told.split())
    assert rows == 40_000
    assert grown < 16
