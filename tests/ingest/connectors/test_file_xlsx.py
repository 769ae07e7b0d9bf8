"""XLSX: cells, headers and sheets, and containers that are no honest workbooks."""

import io
import struct
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as time_of_day

import pytest
import xlsxwriter
from dressed_rows import ROWS

from ingest.connectors.file import Config, read
from ingest.errors import BrokenOff, SourceError, TooLarge, UnreadableAnswer


def workbook(fill, **options):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as book:
        fill(book)
    return buffer.getvalue()


def simple_workbook(*rows, name="Sheet1"):
    def fill(book):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return workbook(fill)


def test_cells_become_text_and_dates_iso(read_bytes):
    def fill(book):
        sheet = book.add_worksheet()
        day, moment, clock, span = (
            book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm", "[h]:mm")
        )
        sheet.write_row(0, 0, ["코드", "수", "소수", "날짜", "일시", "시각", "시간", "참", "빈칸"])
        sheet.write_string(1, 0, "00102")
        sheet.write_number(1, 1, 1111000000)
        sheet.write_number(1, 2, 37.5556488)
        sheet.write_datetime(1, 3, date(2018, 1, 2), day)
        sheet.write_datetime(1, 4, datetime(2018, 1, 2, 3, 4, 5), moment)
        sheet.write_datetime(1, 5, time_of_day(9, 30), clock)
        sheet.write_datetime(1, 6, timedelta(hours=30, minutes=5), span)
        sheet.write_boolean(1, 7, True)

    assert read_bytes(workbook(fill), "a.xlsx") == [
        {
            "코드": "00102",
            "수": "1111000000",
            "소수": "37.5556488",
            "날짜": "2018-01-02",
            "일시": "2018-01-02 03:04:05",
            "시각": "09:30:00",
            "시간": "30:05",
            "참": "true",
            "빈칸": "",
        }
    ]


def test_midnight_is_a_time_in_a_column_of_times_and_none_in_a_column_of_days(read_bytes):
    def fill(book):
        sheet = book.add_worksheet()
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, ["측정일시", "날짜"])
        for row, hour in enumerate((23, 0), start=1):
            sheet.write_datetime(row, 0, datetime(2018, 1, row, hour), moment)
            sheet.write_datetime(row, 1, datetime(2018, 1, row), moment)

    assert read_bytes(workbook(fill), "a.xlsx") == [
        {"측정일시": "2018-01-01 23:00:00", "날짜": "2018-01-01"},
        {"측정일시": "2018-01-02 00:00:00", "날짜": "2018-01-02"},
    ]


def test_headers_blank_rows_and_edges_are_treated_as_in_csv(read_bytes):
    content = simple_workbook(["이\n름", "값", ""], ["", "", ""], ["가", 1, ""], ["나", 2, "?"])
    rows = read_bytes(content, "a.xlsx")
    assert rows[0] == ROWS[0]
    assert (rows[1].number, rows[1].code, rows[1].raw) == (2, "too-many-fields", ["나", "2", "?"])
    joined = simple_workbook(["소재지", ""], ["시도", "시군구"], ["가", "나"])
    assert read_bytes(joined, "a.xlsx", header_rows=2) == [{"소재지 시도": "가", "시군구": "나"}]


def test_the_first_visible_sheet_is_read_unless_one_is_named(read_bytes):
    def fill(book):
        hidden, shown = book.add_worksheet("숨김"), book.add_worksheet("보임")
        hidden.hide()
        shown.activate()
        shown.set_first_sheet()
        for sheet, value in ((hidden, "h"), (shown, "s")):
            sheet.write(0, 0, "a")
            sheet.write(1, 0, value)

    content = workbook(fill)
    assert read_bytes(content, "a.xlsx") == [{"a": "s"}]
    assert read_bytes(content, "a.xlsx", sheet="숨김") == [{"a": "h"}]
    with pytest.raises(UnreadableAnswer, match="no sheet '없음'; its sheets: 숨김, 보임"):
        read_bytes(content, "a.xlsx", sheet="없음")


def zip_of(*entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in entries:
            container.writestr(name, content)
    return buffer.getvalue()


def lying_zip():
    """A workbook one of whose parts claims 10 bytes and holds 4 MiB."""
    content = bytearray(zip_of(("xl/worksheets/sheet1.xml", bytes(4 * 2**20))))
    directory = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, 10)
    return bytes(content)


BAD_WORKBOOKS = {
    "too dense": (lambda: zip_of(("xl/worksheets/sheet1.xml", bytes(40 * 2**20))), TooLarge, "1:100"),
    "too big": (lambda: zip_of(*((f"{n}.xml", bytes(60 * 2**20)) for n in range(5))), TooLarge, "256 MiB"),
    "too many parts": (lambda: zip_of(*((f"{n}.xml", b"") for n in range(2001))), TooLarge, "."),
    "a lie about its size": (lying_zip, UnreadableAnswer, "sheet1.xml"),
    "a name that climbs": (zip_of(("../../etc/x", b"a")), UnreadableAnswer, "etc/x"),
    "an absolute name": (zip_of(("/etc/x", b"a")), UnreadableAnswer, "etc/x"),
    "an archive inside": (zip_of(("xl/inner.zip", b"a")), UnreadableAnswer, "inner.zip"),
    "macros": (zip_of(("xl/vbaProject.bin", b"a")), UnreadableAnswer, "vbaProject"),
    "an old file or a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), UnreadableAnswer, "password"),
    "no workbook in the zip": (zip_of(("a.txt", b"a")), UnreadableAnswer, "XLSX"),
    "no zip": (b"name,value\n", UnreadableAnswer, "XLSX"),
    "half a workbook": (simple_workbook(["a"], ["b"])[:2000], BrokenOff, "directory"),
    "a damaged part": (
        simple_workbook(["a"], ["b"]).replace(b"PK\x03\x04", b"PK\x03\x05", 3),
        UnreadableAnswer,
        "XLSX",
    ),
}


@pytest.mark.parametrize(("content", "error", "words"), BAD_WORKBOOKS.values(), ids=BAD_WORKBOOKS)
def test_a_container_that_is_not_an_honest_workbook_is_refused(open_session, tmp_path, content, error, words):
    (tmp_path / "a.xlsx").write_bytes(content() if callable(content) else content)  # big ones are made when wanted
    with pytest.raises(error, match=words):
        list(read(Config(path="a.xlsx"), open_session(file_roots=[tmp_path])))


def test_two_cells_far_apart_end_the_process_that_reads_and_nothing_else(read_bytes):
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")

    with pytest.raises(UnreadableAnswer, match="memory"):
        read_bytes(workbook(fill), "a.xlsx")


def test_a_workbook_spoilt_at_any_byte_is_read_or_refused_but_never_crashes(open_session, tmp_path):
    whole = simple_workbook(["이름", "값"], ["가", 1], ["나", 2])
    session = open_session(file_roots=[tmp_path])
    refused = 0
    for place in range(0, len(whole), 41):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x55
        (tmp_path / "a.xlsx").write_bytes(spoilt)
        try:
            assert read_rows(Config(path="a.xlsx"), session) is not None
        except SourceError:
            refused += 1
    assert refused > 50


def read_rows(config, session):
    return list(read(config, session))
