"""XML: elements at a path become rows, in flat memory; what cannot be read is refused with its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.errors import BadSetup, BrokenOff, UnreadableAnswer

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
