"""Shapefiles: a set of files of one name. All must be there, whole, and agree on how many records there are.

The attributes (DBF) seldom tell their encoding: ``encoding`` of the configuration decides, then the ``.cpg``, then a
proof over every text of the file: strict UTF-8, else CP949. Places come out in WGS 84 (``ingest/foreign_tables.py``).
"""

import codecs
import os
import struct
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ingest.errors import BadSetup, BrokenOff, Text, Unreachable, UnreadableAnswer
from ingest.foreign_tables import read_foreign
from ingest.http import Answer, Session, is_web

PARTS: Mapping[str, bool] = {".shx": True, ".dbf": True, ".prj": False, ".cpg": False}  # whether it must be there
SHAPEFILE_ONLY = frozenset({*PARTS, ".sbn", ".sbx", ".qix", ".qpj", ".fix"})
CODE_PAGES: Mapping[str, str] = {
    "949": "cp949", "ms949": "cp949", "ansi 949": "cp949", "euckr": "cp949", "euc-kr": "cp949", "65001": "utf-8",
}  # fmt: skip
MAGIC = b"\x00\x00\x27\x0a"

NO_PARTS_ON_THE_WEB = Text(
    ko="shapefile은 여러 파일이 한 벌입니다. 한데 묶은 ZIP의 주소를 적으십시오.",
    en="a shapefile is a set of files; give the address of a ZIP that holds them all.",
)
MISSING = Text(ko="함께 있어야 할 {suffix} 파일이 없습니다.", en="the {suffix} file that belongs to it is missing.")
NOT_SHP = Text(ko="shapefile이 아니거나 손상되었습니다 ({suffix}).", en="it is no shapefile, or damaged ({suffix}).")
CUT = Text(ko="{suffix} 파일이 끝나기 전에 끊겼습니다", en="the {suffix} file stops before its end")
DISAGREE = Text(
    ko=".shx에는 {shapes}개, .dbf에는 {records}개가 있어 서로 맞지 않습니다.",
    en="its .shx has {shapes} entries, its .dbf {records}; they do not belong together.",
)
UNKNOWN_CODE_PAGE = Text(
    ko=".cpg의 인코딩 '{told}'을(를) 알 수 없습니다. encoding에 적으십시오.",
    en="the encoding '{told}' of its .cpg is unknown; give it in encoding.",
)


def gather_parts(path: str, answer: Answer, http: Session) -> Answer:
    """Return a local shapefile as an answer that has its other files beside it."""
    if is_web(path) or path[:7].lower() == "sftp://":
        raise BadSetup(where=answer.location, problem=NO_PARTS_ON_THE_WEB)
    suffix, folder = PurePosixPath(path).suffix, Path(tempfile.mkdtemp(dir=answer.path.parent))
    for part, is_needed in PARTS.items():
        try:
            found = http.fetch(path.removesuffix(suffix) + (part.upper() if suffix.isupper() else part))
        except Unreachable:
            if is_needed:
                raise
        else:
            os.link(found.path, folder / f"data{part}")
    os.link(answer.path, folder / "data.shp")
    return Answer(answer.location, folder / "data.shp", answer.size, answer.content_type, answer.status, answer.sha256)


def read_shapefile(
    answer: Answer, *, crs: str | None = None, encoding: str | None = None, before: int = 0
) -> Generator[dict[str, object], None, int]:
    """Yield the attributes of each shape with its ``geometry``."""
    if prove_whole(answer) == 0:
        return before
    told = encoding_of(answer, encoding)
    rows = read_foreign(answer, "shapefile", answer.path, crs=crs, encoding=told)
    for row in rows:
        before += 1
        yield row
    return before


def encoding_of(answer: Answer, declared: str | None) -> str:
    """Return the encoding of the attributes: as declared, as the ``.cpg`` says, or as is proven."""
    return declared or code_page(answer) or prove_attributes(answer)


def prove_whole(answer: Answer) -> int:
    """Return how many records there are, once every file is there, as long as it says, and all agree."""
    for suffix, is_needed in PARTS.items():
        if is_needed and not answer.path.with_suffix(suffix).exists():
            raise unreadable(answer, MISSING.format(suffix=suffix))
    counts = {}
    for suffix in (".shp", ".shx"):
        path = answer.path.with_suffix(suffix)
        with path.open("rb") as file:
            head = file.read(100)
        if len(head) < 100 or head[:4] != MAGIC:
            raise unreadable(answer, NOT_SHP.format(suffix=suffix))
        claimed = 2 * struct.unpack_from(">I", head, 24)[0]
        if claimed > path.stat().st_size:
            raise BrokenOff(address=answer.location, reason=CUT.format(suffix=suffix))
        counts[suffix] = (claimed - 100) // 8
    records, start, width = dbf_head(answer)
    if start + records * width > answer.path.with_suffix(".dbf").stat().st_size:
        raise BrokenOff(address=answer.location, reason=CUT.format(suffix=".dbf"))
    if counts[".shx"] != records:
        raise unreadable(answer, DISAGREE.format(shapes=counts[".shx"], records=records))
    return records


def dbf_head(answer: Answer) -> tuple[int, int, int]:
    """Return the number of records, where they begin, and how wide each is."""
    with answer.path.with_suffix(".dbf").open("rb") as file:
        head = file.read(32)
    if len(head) < 32:
        raise BrokenOff(address=answer.location, reason=CUT.format(suffix=".dbf"))
    records, start, width = struct.unpack_from("<IHH", head, 4)
    if start < 33 or width < 1:
        raise unreadable(answer, NOT_SHP.format(suffix=".dbf"))
    return records, start, width


def code_page(answer: Answer) -> str | None:
    path = answer.path.with_suffix(".cpg")
    told = (
        path.read_bytes()[:64].decode("ascii", "replace").strip("\ufeff\ufffd\0 \r\n").lower() if path.exists() else ""
    )
    if not told:
        return None
    try:
        return codecs.lookup(CODE_PAGES.get(told, told)).name
    except LookupError as error:
        raise unreadable(answer, UNKNOWN_CODE_PAGE.format(told=told)) from error


def prove_attributes(answer: Answer) -> str:
    """Return UTF-8 if every text of the attributes is that, else CP949, which is then insisted on.

    A text that fills its field may end inside a character: dBASE counts bytes.
    """
    decoder = codecs.getincrementaldecoder("utf-8")
    for text in attribute_texts(answer):
        try:
            decoder().decode(text)
        except UnicodeDecodeError:
            return "cp949"
    return "utf-8"


def attribute_texts(answer: Answer) -> Iterator[bytes]:
    """Yield every text that is not plain ASCII: names of fields, then values."""
    records, start, width = dbf_head(answer)
    with answer.path.with_suffix(".dbf").open("rb") as file:
        file.seek(32)
        fields = file.read(start - 33)
        spans, at = [], 1
        for place in range(0, len(fields) - 31, 32):
            name, length = fields[place : place + 11].split(b"\0")[0], fields[place + 16]
            if not name.isascii():
                yield name
            spans.append(slice(at, at + length))
            at += length
        file.seek(start)
        for _ in range(records):
            record = file.read(width)
            if not record.isascii():
                yield from (value for span in spans if not (value := record[span].strip(b" \0")).isascii())


def unreadable(answer: Answer, reason: Text) -> UnreadableAnswer:
    return UnreadableAnswer(address=answer.location, format="Shapefile", reason=reason)
