"""Any format inside a ZIP: which file is meant, how its name is read, and what is refused before it is unpacked."""

import io
import struct
import tracemalloc
import unicodedata
import zipfile

import pytest
import xlsxwriter
from dressed_rows import ROWS
from hostile_server import HostileServer, reply
from old_workbook import old_workbook
from zipped_files import link_to, placeholder, renamed, zip_of

from ingest.connectors.file import Config, hand_over, read
from ingest.connectors.rows import DelimitedFile
from ingest.errors import BadSetup, BrokenOff, TooLarge, UnreadableAnswer

CSV = "이름,값\n가,1\n나,2\n".encode("cp949")
JSON_LINES = '{"이름": "가", "값": "1"}\n{"이름": "나", "값": "2"}\n'
CELLS = [(0, 0, "이름"), (0, 1, "값"), (1, 0, "가"), (1, 1, 1), (2, 0, "나"), (2, 1, 2)]


def new_workbook():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for row, column, value in CELLS:
            sheet.write(row, column, value)
    return buffer.getvalue()


MEMBERS = {
    "자료.csv": (CSV, {}),
    "자료.tsv": (CSV.replace(b",", b"\t"), {}),
    "폴더/자료.json": ("[" + JSON_LINES.strip().replace("\n", ",") + "]", {}),
    "자료.ndjson": (JSON_LINES, {}),
    "자료.xml": ("<a><r><이름>가</이름><값>1</값></r><r><이름>나</이름><값>2</값></r></a>", {"records": "a.r"}),
    "자료.xls": (old_workbook(("a", 0, CELLS)), {}),
    "자료.xlsx": (new_workbook(), {}),
}


@pytest.mark.parametrize(("name", "content", "config"), [(name, *rest) for name, rest in MEMBERS.items()], ids=MEMBERS)
def test_the_only_readable_file_is_read_whatever_its_format(read_bytes, name, content, config):
    clutter = [("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x"), ("읽어보세요.hwp", b"x"), ("폴더/", b"")]
    packed = zip_of((name, content), *clutter)
    assert read_bytes(packed, "a.zip", **config) == ROWS
    assert read_bytes(packed, "download", **config) == ROWS


def test_a_member_is_chosen_by_name_pattern_or_format(read_bytes):
    packed = zip_of(("2023/서울.csv", CSV), ("2024/서울.csv", "a\nb\n"), ("설명.txt", CSV))
    assert read_bytes(packed, "a.zip", member="2023/서울.csv") == ROWS
    assert read_bytes(packed, "a.zip", member="2023/*") == ROWS
    assert read_bytes(packed, "a.zip", member="설명*", format="csv") == ROWS
    for member in (None, "*.csv", "부산.csv"):
        with pytest.raises(UnreadableAnswer, match=r"member.*2023/서울\.csv, 2024/서울\.csv, 설명.txt"):
            read_bytes(packed, "a.zip", member=member)


def test_nothing_to_read_lists_what_there_is(read_bytes):
    with pytest.raises(UnreadableAnswer, match=r"holds: a.hwp"):
        read_bytes(zip_of(("a.hwp", b"x")), "a.zip")
    with pytest.raises(UnreadableAnswer, match="holds: -"):
        read_bytes(zip_of(), "a.zip")
    with pytest.raises(UnreadableAnswer, match=r"CSV.*empty"):
        read_bytes(zip_of(("a.csv", b"")), "a.zip")
    with pytest.raises(BadSetup, match="member"):
        read_bytes(CSV, "a.csv", member="b.csv")


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_korean_names_are_read_without_the_mark_of_utf_8(read_bytes, encoding):
    name = "주차장 현황.csv"
    packed = renamed(zip_of((placeholder(name, encoding), CSV), ("b.csv", CSV)), name, encoding)
    assert read_bytes(packed, "a.zip", member=name) == ROWS
    with pytest.raises(UnreadableAnswer, match=r"b\.csv, 주차장 현황\.csv"):
        read_bytes(packed, "a.zip")


def test_names_in_decomposed_hangul_are_composed(read_bytes):
    packed = zip_of((unicodedata.normalize("NFD", "강남.csv"), CSV), ("b.csv", CSV))
    assert read_bytes(packed, "a.zip", member="강남.csv") == ROWS
    assert read_bytes(packed, "a.zip", member=unicodedata.normalize("NFD", "강남*")) == ROWS


def test_a_file_in_a_zip_of_the_web_is_handed_over_whole(open_session):
    with HostileServer({"/": reply(200, zip_of(("a.csv", CSV)))}) as platform:
        (handed,) = hand_over(Config(path=platform.url("/d")), open_session())
        assert isinstance(handed, DelimitedFile)
        assert handed.path.read_bytes() == CSV


def lying(size):
    content = bytearray(zip_of(("a.csv", b"a\n" * 2**20)))
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, size)
    return bytes(content)


def locked():
    content = bytearray(zip_of(("a.csv", CSV)))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def million_entries():
    """A directory of 60 MB that claims a single entry."""
    entry = b"PK\x01\x02" + bytes(42)
    directory = entry * 1_300_000
    return (
        b"PK\x03\x04"
        + bytes(26)
        + directory
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 30, 0)
    )


HOSTILE = {
    "too dense": (lambda: zip_of(("a.csv", bytes(40 * 2**20))), TooLarge, "1:100"),
    "too big": (lambda: zip_of(*((f"{n}.csv", bytes(101 * 2**20)) for n in range(5))), TooLarge, "500 MiB"),
    "too many files": (lambda: zip_of(*((f"{n}.txt", b"") for n in range(2001))), TooLarge, "2,000 files"),
    "a million entries": (million_entries, TooLarge, "2,000 files"),
    "more than it claims": (lambda: lying(10), UnreadableAnswer, "a.csv"),
    "less than it claims": (lambda: lying(2**22), UnreadableAnswer, "a.csv"),
    "an archive inside": (lambda: zip_of(("a.csv", CSV), ("b.ZIP", b"x")), UnreadableAnswer, "b.ZIP"),
    "a hidden archive inside": (
        lambda: zip_of(("a.csv", zip_of(("b.csv", CSV)))),
        UnreadableAnswer,
        "inside an archive",
    ),
    "a name that climbs": (lambda: zip_of(("../a.csv", CSV)), UnreadableAnswer, "must not"),
    "an absolute name": (lambda: zip_of(("/etc/a.csv", CSV)), UnreadableAnswer, "must not"),
    "a name with a drive": (lambda: zip_of(("C:\\a.csv", CSV)), UnreadableAnswer, "must not"),
    "a backslash that climbs": (lambda: zip_of(("..\\a.csv", CSV)), UnreadableAnswer, "must not"),
    "a name that cannot be shown": (lambda: zip_of(("a\u202ecsv.csv", CSV)), UnreadableAnswer, "must not"),
    "a link": (lambda: link_to("/etc/passwd"), UnreadableAnswer, "link.csv"),
    "a password": (locked, UnreadableAnswer, "password"),
    "cut": (lambda: zip_of(("a.csv", CSV))[:-30], BrokenOff, "directory"),
    "no zip": (lambda: b"PK\x05\x06 something else", UnreadableAnswer, "ZIP"),
    "macros": (lambda: zip_of(("xl/vbaProject.bin", b"x")), UnreadableAnswer, "macros"),
}


@pytest.mark.parametrize(("make", "error", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_before_anything_of_it_is_used(open_session, tmp_path, make, error, words):
    (tmp_path / "a.zip").write_bytes(make())
    with pytest.raises(error, match=words):
        list(read(Config(path="a.zip"), open_session(file_roots=[tmp_path], limits={"size": 2**27})))


def test_memory_stays_flat_whatever_is_unpacked(open_session, tmp_path):
    lines = b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(300_000))
    (tmp_path / "a.zip").write_bytes(zip_of(("a.csv", b"a,b\n" + lines)))
    session = open_session(file_roots=[tmp_path], limits={"size": 2**27})
    tracemalloc.start()
    assert sum(1 for _ in read(Config(path="a.zip"), session)) == 300_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_the_placeholder_of_a_name_is_what_the_archive_really_lacks():
    """Holds the builder to its word: the name in the file is CP949 and no mark says UTF-8."""
    packed = renamed(zip_of((placeholder("가.csv", "cp949"), CSV)), "가.csv", "cp949")
    (entry,) = zipfile.ZipFile(io.BytesIO(packed)).infolist()
    assert entry.flag_bits & 0x800 == 0
    assert "가.csv".encode("cp949") in packed
