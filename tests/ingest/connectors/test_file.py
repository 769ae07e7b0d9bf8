"""The file connector: made-up twins of what municipalities publish, and the real files where they are at hand.

Real files are compared with readings by the standard library alone.
"""

import csv
import io
import json
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest
import xlsxwriter
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    cut_chunked,
    cut_with_length,
    cut_without_length,
    gzip_bomb,
    reply,
)
from pydantic import ValidationError

from ingest.connectors import CONNECTORS, MalformedRow
from ingest.connectors.file import READERS, Config, read
from ingest.errors import BadSetup, BrokenOff, PlatformFailure, SourceError, TooLarge, UnreadableAnswer


@pytest.fixture
def read_bytes(open_session, tmp_path):
    """Return a function that writes a file and reads it through the connector."""

    def read_one(content, name="data.csv", **config):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        session = open_session(file_roots=[tmp_path], limits={"size": 2**25})
        return list(read(Config(path=name, **config), session))

    return read_one


ROWS = [{"이름": "가", "값": "1"}, {"이름": "나", "값": "2"}]


# Encoding


@pytest.mark.parametrize(
    "content",
    [
        "이름,값\n가,1\n나,2\n".encode(),
        "이름,값\n가,1\n나,2\n".encode("utf-8-sig"),
        "이름,값\n가,1\n나,2\n".encode("cp949"),
        "이름,값\n가,1\n나,2\n".encode("utf-16"),
        "이름,값\r\n가,1\r\n나,2\r\n".encode("cp949"),
        "이름,값\r가,1\r나,2\r".encode("cp949"),
        "이름,값\r가,1\r나,2".encode(),
        "이름,값\n\n가,1\n\n\n나,2".encode(),
        "이름,값\n가,1\n,\n나,2\n,".encode(),
        "이름,값,\n가,1,\n나,2,\n".encode(),
        "이름,값,,\n가,1\n나,2,,,,\n".encode(),
        '"이름","값"\n"가","1",""\n"나","2"\n'.encode(),
        " 이름 ,\ufeff값\n가,1\n나,2\n".encode(),
    ],
    ids=[
        "UTF-8",
        "UTF-8 with a mark",
        "CP949",
        "UTF-16 with a mark",
        "CRLF",
        "CR alone",
        "CR alone, no end",
        "blank lines",
        "blank rows",
        "an empty last column",
        "more empty columns in rows",
        "an empty tail in some rows",
        "spaces and a mark in names",
    ],
)
def test_the_same_rows_come_out_of_every_dress(read_bytes, content):
    assert read_bytes(content) == ROWS


def test_text_that_begins_as_ascii_for_a_mebibyte_is_decoded_by_its_end(read_bytes):
    ascii_lines = "abcdefgh,12345\n" * 100_000
    for encoding in ("cp949", "utf-8"):
        rows = read_bytes(f"name,value\n{ascii_lines}똠방각하,1\n".encode(encoding))
        assert rows[-1] == {"name": "똠방각하", "value": "1"}


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_character_across_the_pieces_of_the_proof_is_whole(read_bytes, encoding, shift):
    filler = "x" * (2**20 - 8 + shift)
    assert read_bytes(f"a\n{filler}한글한글\n".encode(encoding)) == [{"a": f"{filler}한글한글"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("이름,값\n가,1\n".encode() + b"\xff\n", r"not UTF-8 \(byte 17\), not CP949 \(byte 0\)"),
        (b"a,b\n" + b"x" * (2**20 + 5) + b"\xff,1\n", r"byte 1,048,585\), not CP949 \(byte 1,048,585"),
        ("이름\n가\n".encode("cp949") + "나\n".encode(), "not UTF-8"),
        (b"a\nb\0c\n", "byte 3 is a NUL"),
        (b"\0\0\0\0", "byte 0 is a NUL"),
        (b"\xff\xfea\0\0\xd8a\0", "UTF-16"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(read_bytes, content, words):
    with pytest.raises(UnreadableAnswer, match=words):
        read_bytes(content)


def test_a_declared_encoding_is_proven_too(read_bytes):
    assert read_bytes("a\né\n".encode("latin-1"), encoding="latin-1") == [{"a": "é"}]
    with pytest.raises(UnreadableAnswer, match=r"not CP949 \(byte 4\)"):
        read_bytes("a\n가\n".encode(), encoding="cp949")


@pytest.mark.parametrize("before", range(4))
def test_the_place_of_a_bad_byte_is_right_beyond_the_first_piece(read_bytes, before):
    good = "x" * (2**20 - before) + "가나"
    with pytest.raises(UnreadableAnswer, match=rf"byte {2**20 - before + 6:,}\)"):
        read_bytes(good.encode() + b"\xff", encoding="utf-8")


def test_a_declared_utf_8_may_carry_a_mark(read_bytes):
    assert read_bytes("이름\n가\n".encode("utf-8-sig"), encoding="utf8") == [{"이름": "가"}]


# Columns and rows


HEADERS = {
    "joined downwards": ("소재지,,형태\n시도,시군구,\n가,나,다\n", 2, ["소재지 시도", "시군구", "형태"]),
    "a line break in a cell": ('"대여소\n번호","설치\r\n시기",x\n가,나,다\n', 1, ["대여소번호", "설치시기", "x"]),
    "rows of different lengths": ("a,b\nx\n가,나,다\n", 2, ["a x", "b"]),
    "a blank row among them": ("a,b,c\n,,\n가,나,다\n", 2, ["a", "b", "c"]),
    "not normalised": ("cafe\u0301,b,c\n가,나,다\n", 1, ["cafe\u0301", "b", "c"]),
}


@pytest.mark.parametrize(("content", "count", "names"), HEADERS.values(), ids=HEADERS)
def test_header_rows_become_names(read_bytes, content, count, names):
    (row,) = read_bytes(content, header_rows=count)
    assert list(row) == names if isinstance(row, dict) else (len(names), row.code) == (2, "too-many-fields")


def test_names_can_be_given_instead_of_a_header(read_bytes):
    assert read_bytes("x,x\n가,1\n", header=["이름", "값"]) == ROWS[:1]
    assert read_bytes("가,1\n나,2\n", header=["이름", "값"], header_rows=0) == ROWS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b,a,b\n1,2,3,4\n", "more than one column is called a, b"),
        (",a,,b\n1,2,3,4\n", "columns 1, 3 have no name"),
        ("\na,b\n1,2\n", "the header row is empty"),
        (",,\n", "the header row is empty"),
        ("", "the file is empty"),
        ("\ufeff", "the header row is empty"),
    ],
)
def test_a_header_that_leaves_a_column_unnamed_is_refused(read_bytes, content, words):
    with pytest.raises(UnreadableAnswer, match=words):
        read_bytes(content)


def test_a_header_alone_is_an_answer_without_rows(read_bytes):
    assert read_bytes("이름,값\n") == []


def test_rows_of_another_width_are_counted_and_kept_as_malformed(read_bytes):
    rows = read_bytes("이름,값\n가,1\n나\n\n다,3,남음\n라,4,,\n마,5,,x\n")
    assert rows[0] == {"이름": "가", "값": "1"}
    assert rows[3] == {"이름": "라", "값": "4"}
    refused = [row for row in rows if isinstance(row, MalformedRow)]
    assert [(row.number, row.code, row.raw) for row in refused] == [
        (2, "too-few-fields", ["나"]),
        (3, "too-many-fields", ["다", "3", "남음"]),
        (5, "too-many-fields", ["마", "5", "", "x"]),
    ]
    assert refused[0].reason.ko == "칸이 1개로 머리글(2개)보다 적습니다."
    assert refused[1].reason.en == "it has 3 fields, the header 2."


CUT = "번호,이름,값\n1,가나다,10\n2,라마바,20\n"


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_a_file_cut_anywhere_in_its_last_row_is_broken_off_or_told_by_its_row(read_bytes, encoding):
    """Only a cut inside the last cell cannot be seen: the row has all its cells."""
    content = CUT.encode(encoding)
    broken = 0
    for size in range(
        len(content) - len("2,라마바,20\n".encode(encoding.replace("utf-16", "utf-16-le"))) + 1, len(content)
    ):
        try:
            rows = read_bytes(content[:size])
        except BrokenOff:
            broken += 1
        else:
            assert content[:size].decode(encoding).rpartition("\n")[2].count(",") == 2
            assert len(rows) == 2
    assert broken > 5


def test_a_short_last_row_with_its_line_end_is_only_malformed(read_bytes):
    rows = read_bytes("이름,값\n가,1\n나\n")
    assert rows[0] == ROWS[0]
    assert rows[1].code == "too-few-fields"


def test_a_value_under_a_nameless_last_column_makes_its_row_malformed(read_bytes):
    rows = read_bytes("이름,값,\n가,1,\n나,2,?\n")
    assert rows[0] == ROWS[0]
    assert (rows[1].code, rows[1].raw) == ("too-many-fields", ["나", "2", "?"])


def test_values_are_left_as_they_are(read_bytes):
    (row,) = read_bytes('a,b,c,d,e\n 00102 ,"31 ","x ""y"", z","줄\n바꿈",null\n')
    assert row == {"a": " 00102 ", "b": "31 ", "c": 'x "y", z', "d": "줄\n바꿈", "e": "null"}


@pytest.mark.parametrize("lines_after", [0, 3, 20_000])
@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_quote_that_is_never_closed_swallows_nothing(read_bytes, lines_after, columns):
    line = ",".join("x" * columns) + "\n"
    head = ",".join(f"c{n}" for n in range(columns)) + "\n"
    content = head + line * 3 + '"' + line + line * lines_after
    with pytest.raises(UnreadableAnswer, match="line 5"):
        read_bytes(content)
    with pytest.raises(UnreadableAnswer, match="line 5"):
        read_bytes(content.rstrip("\n"))


def test_a_last_line_without_its_end_is_whole(read_bytes):
    assert read_bytes('이름,값\n가,1\n나,"2"') == ROWS


def test_a_cell_as_long_as_an_outline_is_read_and_an_absurd_one_refused(read_bytes):
    outline = "POLYGON((" + "127.0 37.0," * 50_000 + "))"
    assert read_bytes(f'a,b\n1,"{outline}"\n') == [{"a": "1", "b": outline}]
    with pytest.raises(UnreadableAnswer, match="line 2"):
        read_bytes("a,b\n1," + "x" * (4 * 2**20 + 1) + "\n")


def test_other_delimiters(read_bytes):
    assert read_bytes("이름\t값\n가\t1\n나\t2\n", name="data.tsv") == ROWS
    assert read_bytes("이름;값\n가;1\n나;2\n", delimiter=";") == ROWS


def test_several_files_are_read_as_one_and_rows_are_counted_on(open_session, tmp_path):
    (tmp_path / "1.csv").write_text("이름,값\n가,1\n", "cp949")
    (tmp_path / "2.csv").write_text("값,이름\n2,나\n3\n", "utf-8")
    rows = list(read(Config(path=["1.csv", "2.csv"]), open_session(file_roots=[tmp_path])))
    assert rows[:2] == ROWS
    assert (rows[2].number, rows[2].code) == (3, "too-few-fields")


def test_memory_stays_flat_and_rows_come_fast(open_session, tmp_path):
    """A limit that a slow machine still meets; one reads half a million rows a second."""
    line = "20180101,경의선,1271,능곡,1958.0,1864.0,20180104,\n"
    (tmp_path / "big.csv").write_bytes(("a,b,c,d,e,f,g\n" + line * 100_000).encode("cp949"))
    session = open_session(file_roots=[tmp_path], limits={"size": 2**30})
    began = time.process_time()
    assert sum(1 for _ in read(Config(path="big.csv"), session)) == 100_000
    assert time.process_time() - began < 2
    tracemalloc.start()
    rows = read(Config(path="big.csv"), session)
    for _ in range(5_000):
        next(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows.close()
    assert peak < 8 * 2**20


# JSON


@pytest.mark.parametrize(
    ("document", "records"),
    [
        (ROWS, None),
        ({"body": {"items": ROWS}}, "body.items"),
        ({"SERVICE": [{"head": []}, {"row": ROWS}]}, "SERVICE.1.row"),
    ],
)
def test_records_of_json_are_found_at_their_path(read_bytes, document, records):
    config = {"records": records} if records else {}
    assert read_bytes(json.dumps(document), "a.json", **config) == ROWS
    assert read_bytes(json.dumps(document, ensure_ascii=False).encode("utf-8-sig"), "a.json", **config) == ROWS
    assert read_bytes(json.dumps(document, ensure_ascii=False).encode("cp949"), "a.json", **config) == ROWS


def test_a_single_object_counts_as_one_record(read_bytes):
    assert read_bytes(json.dumps({"item": ROWS[0]}), "a.json", records="item") == ROWS[:1]
    assert read_bytes(json.dumps(ROWS[0]), "a.json") == ROWS[:1]


def test_values_of_json_keep_their_kind(read_bytes):
    row = {"n": 1, "f": 0.1, "none": None, "yes": True, "geometry": {"type": "Point", "coordinates": [127.0, 37.0]}}
    assert read_bytes(json.dumps([row]), "a.json") == [row]


BROKEN_JSON = {
    "a missing key": ('{"a": {"b": 1}}', {"records": "a.c"}, UnreadableAnswer, "no 'a.c'; what is there: b"),
    "a key below a text": ('{"a": "b"}', {"records": "a.c"}, UnreadableAnswer, "no 'a.c'"),
    "a number beyond a list": ("[1]", {"records": "5"}, UnreadableAnswer, "no '5'; what is there: 0"),
    "records that are lists": ("[[1]]", {}, UnreadableAnswer, "record 1 is no object but a list"),
    "a doubled quote": (
        '[{"가": "나",\n "휴관일":""2,4주 월요일"","위도":"1"}]',
        {},
        UnreadableAnswer,
        "line 2, column .*2,4주",
    ),
    "NaN": ('[{"a": NaN}]', {}, UnreadableAnswer, "line 1, column 8"),
    "no end": ('[{"a": 1}, {"a"', {}, BrokenOff, "before the end"),
    "endless depth": ("[" * 10_000, {}, UnreadableAnswer, "depth"),
    "two documents": ("{} {}", {}, UnreadableAnswer, "after document"),
    "a web page": (HTML_LOGIN, {}, UnreadableAnswer, "통합 로그인"),
    "maintenance": (HTML_MAINTENANCE, {}, PlatformFailure, "점검"),
}


@pytest.mark.parametrize(("content", "config", "error", "words"), BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_json_that_cannot_be_read_is_refused_with_its_place(read_bytes, content, config, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.json", **config)


def test_a_document_over_the_cap_is_too_large(open_session, tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.connectors.documents.MAX_DOCUMENT", 10)
    (tmp_path / "a.json").write_text('[{"a": 12345}]')
    with pytest.raises(TooLarge):
        list(read(Config(path="a.json"), open_session(file_roots=[tmp_path])))


# GeoJSON


POINT = {"type": "Point", "coordinates": [127.1, 37.4]}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize("name", ["a.geojson", "a.json"])
def test_features_become_rows_with_their_geometry(read_bytes, name):
    features = (
        {"type": "Feature", "id": 7, "properties": {"이름": "가"}, "geometry": POINT},
        {"type": "Feature", "id": 8, "properties": {"id": "own"}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": POINT},
    )
    assert read_bytes(collection(*features), name) == [
        {"id": 7, "이름": "가", "geometry": POINT},
        {"id": "own", "geometry": None},
        {"geometry": POINT},
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"type": "Topology"}', "no list of features"),
        ("[]", "no list of features"),
        (collection({"properties": {"geometry": 1}}), "feature 1"),
        (collection({"properties": {}}, "x"), "feature 2"),
        (collection({"properties": []}), "feature 1"),
    ],
)
def test_what_is_no_feature_collection_is_refused(read_bytes, content, words):
    with pytest.raises(UnreadableAnswer, match=words):
        read_bytes(content, "a.geojson")


# XML


SHELTERS = """<?xml version="1.0" encoding="UTF-8"?>
<!-- 제주 --><root><header><header>위치</header></header>
<Row id="1"><위치>제주시</위치><면적 단위="m2">36</면적><비고/></Row>
<Row id="2"><위치><![CDATA[서귀포 & 시]]></위치><면적>1</면적><면적>2</면적><안><밖>속</밖></안></Row></root>"""
SHELTER_ROWS = [
    {"@id": "1", "위치": "제주시", "면적": "36", "면적@단위": "m2", "비고": ""},
    {"@id": "2", "위치": "서귀포 & 시", "면적": ["1", "2"], "안": {"밖": "속"}},
]


@pytest.mark.parametrize(
    "content",
    [
        SHELTERS.encode(),
        SHELTERS.encode("utf-8-sig"),
        SHELTERS.encode("cp949"),
        SHELTERS.replace("UTF-8", "EUC-KR").encode("cp949"),
        SHELTERS.replace("UTF-8", "EUC-KR").encode(),
        SHELTERS.replace("UTF-8", "UTF-16").encode("utf-16"),
    ],
    ids=["UTF-8", "with a mark", "CP949 labelled UTF-8", "CP949", "UTF-8 labelled EUC-KR", "UTF-16"],
)
def test_elements_at_a_path_become_rows(read_bytes, content):
    assert read_bytes(content, "a.xml", records="root.Row") == SHELTER_ROWS


def test_names_of_xml_are_read_without_their_namespace(read_bytes):
    content = '<a:r xmlns:a="urn:a"><a:row a:n="1"><a:x>2</a:x></a:row></a:r>'
    assert read_bytes(content, "a.xml", records="r.row") == [{"@n": "1", "x": "2"}]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("<r/>", []),
        ("<r>\n</r>", []),
        ("<r><row>text</row></r>", [{"row": "text"}]),
        ('<r><row a="1"/></r>', [{"@a": "1"}]),
    ],
)
def test_small_xml(read_bytes, content, rows):
    assert read_bytes(content, "a.xml", records="r.row") == rows


BROKEN_XML = {
    "a missing element": (SHELTERS, "root.Rows", UnreadableAnswer, "no 'root.Rows'; what is there: header, Row"),
    "another root": (SHELTERS, "items.item", UnreadableAnswer, "no 'items'; what is there: root"),
    "a name with parentheses": (
        "<root>\n<Row><자료수(도서)>1</자료수(도서)></Row></root>",
        "root.Row",
        UnreadableAnswer,
        r"line 2, column 9.*자료수\(도서\)",
    ),
    "elements that cross": ("<r><a></r></a>", "r.a", UnreadableAnswer, "line 1"),
    "no end": ("<r><a>1</a><a>", "r.a", BrokenOff, "before the end"),
    "cut in a name": ("<r><a>1</a><a", "r.a", BrokenOff, "before the end"),
    "a DOCTYPE": ("<!DOCTYPE r><r><a>1</a></r>", "r.a", UnreadableAnswer, "DOCTYPE"),
    "endless depth": ("<a>" * 200_000, "a.a", UnreadableAnswer, "."),
    "no XML at all": ("name,value", "r.a", UnreadableAnswer, "line 1"),
}


@pytest.mark.parametrize(("content", "records", "error", "words"), BROKEN_XML.values(), ids=BROKEN_XML)
def test_xml_that_cannot_be_read_is_refused_with_its_place(read_bytes, content, records, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.xml", records=records)


def test_memory_stays_flat_over_many_elements(tmp_path):
    """In a process of its own, for only the system sees the parser's memory; as a tree this file takes 35 MiB."""
    row = "<row>" + "".join(f"<c{n}>값 {n}</c{n}>" for n in range(8)) + "</row>"
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's peak memory")
    (tmp_path / "a.xml").write_text("<r>" + row * 20_000 + "</r>")
    script = (
        "from pathlib import Path; from ingest.http import Session; from ingest.connectors.file import Config, read\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024\n"
        f"session = Session(file_roots=[Path({str(tmp_path)!r})]); before = peak()\n"
        "rows = sum(1 for _ in read(Config(path='a.xml', records='r.row'), session)); session.close()\n"
        "print(rows, peak() - before)"
    )
    here = Path(__file__).parents[3]
    told = subprocess.run([sys.executable, "-c", script], cwd=here, check=True, capture_output=True, text=True).stdout
    rows, grown = map(int, told.split())
    assert rows == 20_000
    assert grown < 12


def test_xml_needs_the_path_of_its_records(read_bytes):
    with pytest.raises(BadSetup, match=r"root\.Row"):
        read_bytes(SHELTERS, "a.xml")


# XLSX


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
    "half a workbook": (simple_workbook(["a"], ["b"])[:2000], UnreadableAnswer, "XLSX"),
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


# Where a file comes from, and what it is


CSV = "이름,값\n가,1\n나,2\n".encode("cp949")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a/%EC%A3%BC%EC%B0%A8%EC%9E%A5.CSV?x=1.json", {}),
        ("/download", {"Content_Type": "text/csv; charset=utf-8"}),
        ("/data.csv", {"Content_Type": "text/html"}),
    ],
)
def test_a_download_is_told_by_its_extension_or_else_its_type(open_session, path, headers):
    with HostileServer({"/": reply(200, CSV, **headers)}) as platform:
        assert list(read(Config(path=platform.url(path)), open_session())) == ROWS


@pytest.mark.parametrize("name", ["data", "data.hwp", "data.xls", "data.xlsm"])
def test_a_file_of_unknown_kind_asks_for_its_format(read_bytes, name):
    with pytest.raises(BadSetup, match="csv, tsv, xlsx, json, geojson, xml"):
        read_bytes(CSV, name)
    assert read_bytes(CSV, name, format="csv") == ROWS


@pytest.mark.parametrize(
    ("name", "config", "option"),
    [
        ("a.json", {"header_rows": 2}, "header_rows"),
        ("a.json", {"encoding": "cp949"}, "encoding"),
        ("a.csv", {"records": "a.b", "sheet": "x"}, "records, sheet"),
        ("a.geojson", {"records": "features"}, "records"),
        ("a.xlsx", {"delimiter": ";"}, "delimiter"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(read_bytes, name, config, option):
    with pytest.raises(BadSetup, match=option):
        read_bytes("{}", name, **config)


DOWNLOADS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure),
    "cut with a length": (cut_with_length(CSV, 12), BrokenOff),
    "cut in a chunk": (cut_chunked(CSV), BrokenOff),
    "a gzip bomb": (gzip_bomb(64), TooLarge),
    "nothing": (reply(200, b""), UnreadableAnswer),
}


@pytest.mark.parametrize(("behaviour", "error"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_download_that_is_not_the_file_is_refused(open_session, behaviour, error):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error):
        list(read(Config(path=platform.url("/a.csv")), open_session(limits={"attempts": 1})))


def test_json_cut_without_a_length_is_broken_off(open_session):
    body = json.dumps(ROWS).encode()
    with HostileServer({"/": cut_without_length(body, len(body) - 1)}) as platform, pytest.raises(BrokenOff):
        list(read(Config(path=platform.url("/a.json")), open_session()))


@pytest.mark.parametrize(
    "config",
    [
        {"path": ""},
        {"path": []},
        {"path": ["a", ""]},
        {"path": "a", "format": "hwp"},
        {"path": "a", "encoding": "utf-99"},
        {"path": "a", "delimiter": "||"},
        {"path": "a", "header_rows": 0},
        {"path": "a", "header": ["x", "x"]},
        {"path": "a", "header": []},
        {"path": "a", "header": ["x", ""]},
        {"path": "a", "colour": "red"},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**config)


def test_every_connector_is_in_the_table_with_a_described_configuration():
    assert set(CONNECTORS) == {"datagokr", "seoul", "file"}
    for connector in CONNECTORS.values():
        assert connector.title.ko
        assert connector.title.en
        assert all(field.description for field in connector.config.model_fields.values())
        assert connector.config.model_config["frozen"]
        assert connector.config.model_config["extra"] == "forbid"
    assert set(READERS) == {"csv", "tsv", "xlsx", "json", "geojson", "xml"}


# The real files, read by the standard library beside


def by_standard_library(path, encoding, header_rows=1):
    """Yield header rows and rows as plain lists: blank rows left out, empty cells at the right edge cut to the header."""
    with path.open(encoding=encoding, newline="") as file:
        table = csv.reader(file)
        header = [next(table) for _ in range(header_rows)]
        width = max(position for row in header for position, cell in enumerate(row, 1) if cell.strip())
        yield from header
        yield from (row[:width] for row in table if any(row))


REAL_CSV = [
    ("subway_card_2018_concat.csv", "cp949", 212_749),
    ("subway_card_201911.csv", "cp949", 17_741),
    ("subway_card_202005.csv", "cp949", 18_327),
    ("seoul_air_daily_2018.csv", "cp949", 14_637),
    ("seoul_air_daily_2022.csv", "cp949", 18_250),
    ("parking_std_2021.csv", "cp949", 14_851),
    ("parking_std_2023.csv", "cp949", 14_651),
    ("traffic_camera_std.csv", "cp949", 12_295),
    ("osan_cctv.csv", "utf-8", 567),
    ("osan_bus_stops.csv", "utf-8", 412),
    ("osan_road_congestion_lv6.csv", "utf-8-sig", 3_032),
    ("wifi_std.csv", "cp949", 14_828),
    ("wifi_std_excel_mangled.csv", "cp949", 14_828),
    ("jeju_heat_shelter_20150931.csv", "cp949", 40),
]


@pytest.mark.parametrize(("name", "encoding", "count"), REAL_CSV, ids=[row[0] for row in REAL_CSV])
def test_a_real_csv_is_read_to_the_last_cell(open_session, real_files, name, encoding, count):
    expected = by_standard_library(real_files / name, encoding)
    header = next(expected)
    session = open_session(file_roots=[real_files], limits={"size": 2**26})
    rows = 0
    for row, cells in zip(read(Config(path=name), session), expected, strict=True):
        assert list(row.values()) == cells
        rows += 1
    assert rows == count
    assert list(row) == [cell.strip() for cell in header if cell.strip()]


def test_the_five_header_rows_of_the_bike_stations_give_sensible_names(open_session, real_files):
    name = "bike_stations_2022_06.csv"
    expected = list(by_standard_library(real_files / name, "cp949", header_rows=5))[5:]
    rows = list(read(Config(path=name, header_rows=5), open_session(file_roots=[real_files])))
    assert list(rows[0]) == [
        "대여소번호",
        "보관소(대여소)명",
        "소재지(위치) 자치구",
        "상세주소",
        "위도",
        "경도",
        "설치시기",
        "설치형태 LCD 거치대수",
        "QR 거치대수",
        "운영방식",
    ]
    assert len(rows) == 2653
    assert [list(row.values()) for row in rows] == expected
    assert rows[0]["대여소번호"] == "00102"


def test_the_real_workbook_keeps_codes_and_dates(open_session, real_files):
    name = "kik_admin_dong_20230501.xlsx"
    rows = list(read(Config(path=name), open_session(file_roots=[real_files])))
    assert len(rows) == 8509
    assert [list(row.values()) for row in rows] == by_zip_and_xml(real_files / name)[1:]
    assert rows[0] == {
        "행정동코드": "1100000000",
        "시도명": "서울특별시",
        "시군구명": "",
        "읍면동명": "",
        "생성일자": "19880423",
        "말소일자": "",
    }


def by_zip_and_xml(path):
    """Read the first sheet of a workbook with nothing but zipfile and ElementTree."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as container:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(container.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(container.read("xl/worksheets/sheet1.xml"))
    table = []
    for row in sheet.iter(f"{space}row"):
        cells = [""] * 6
        for cell in row.iter(f"{space}c"):
            value = cell.findtext(f"{space}v", "")
            cells[ord(cell.get("r")[0]) - ord("A")] = shared[int(value)] if cell.get("t") == "s" else value
        table.append(cells)
    return table


@pytest.mark.parametrize(
    ("name", "records", "count"),
    [
        ("changwon_bus_stations.json", "ServiceResult.MsgBody.StationList.row", 3172),
        ("changwon_bus_positions.json", "ServiceResult.MsgBody.BusPositionList.row", 6),
        ("changwon_bus_arrivals.json", "ServiceResult.MsgBody.ArriveInfoList.row", 2),
        ("seoul_openapi_toilet_sample.json", "SearchPublicToiletPOIService.row", 1),
        ("ngsild_keti_offstreetparking.json", None, 1),
    ],
)
def test_a_real_json_document_is_read(open_session, real_files, name, records, count):
    expected = json.loads((real_files / name).read_text("utf-8-sig"))
    for key in (records or "").split(".") if records else ():
        expected = expected[key]
    expected = expected if isinstance(expected, list) else [expected]
    config = Config(path=name, records=records) if records else Config(path=name)
    assert list(read(config, open_session(file_roots=[real_files], limits={"size": 2**24}))) == expected
    assert len(expected) == count


@pytest.mark.parametrize(
    ("name", "count"), [("seoul_gu_2015_juso.geojson", 25), ("skorea_municipalities_2013_simple.geojson", 251)]
)
def test_real_districts_are_read(open_session, real_files, name, count):
    features = json.loads((real_files / name).read_text("utf-8"))["features"]
    rows = list(read(Config(path=name), open_session(file_roots=[real_files])))
    assert len(rows) == count
    assert rows == [{**feature["properties"], "geometry": feature["geometry"]} for feature in features]


def test_the_real_heat_shelters_are_the_same_in_csv_and_xml(open_session, real_files):
    session = open_session(file_roots=[real_files])
    as_csv, as_xml = (
        list(read(Config(path=f"jeju_heat_shelter_20150931.{extension}", **config), session))
        for extension, config in (("csv", {}), ("xml", {"records": "root.Row"}))
    )
    assert as_csv == as_xml
    assert unicodedata.is_normalized("NFC", as_csv[0]["위치"])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": "library_std_2017_invalid.json"}, r"1행 583열.*" "2,4주 월요일.*CSV"),
        (
            {"path": "library_std_2017_invalid.xml", "records": "dataGrid.records.record"},
            r"4행 331열.*자료수\(연속간행물\).*CSV",
        ),
    ],
)
def test_the_portals_own_unparseable_downloads_are_refused_with_a_helpful_sentence(
    open_session, real_files, config, words
):
    session = open_session(file_roots=[real_files], limits={"size": 2**24})
    with pytest.raises(UnreadableAnswer) as raised:
        list(read(Config(**config), session))
    assert re.search(words, raised.value.text.ko)
    assert "No program can read it" in raised.value.text.en
