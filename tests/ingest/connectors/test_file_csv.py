"""CSV and its likes as municipalities publish them: encodings, headers, rows of another width, files cut off."""

import time
import tracemalloc

import pytest
from dressed_rows import ROWS

from ingest.connectors import MalformedRow
from ingest.connectors.file import Config, read
from ingest.errors import BrokenOff, UnreadableAnswer


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
