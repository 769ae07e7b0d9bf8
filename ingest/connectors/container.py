"""ZIP containers are weighed from their central directory before anything in them is unpacked.

A megabyte of ZIP can hold a gigabyte, a million names, a link to ``/etc`` or another archive. XLSX workbooks
(``workbook.py``) and archives of files (``archive.py``) are weighed alike.
"""

import copy
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO

from ingest.errors import BrokenOff, Text, TooLarge, UnreadableAnswer
from ingest.http import Answer, readable_size

MAX_ENTRIES = 2_000
MAX_RATIO = 100
RATIO_MATTERS_FROM = 16 * 2**20
MAX_DIRECTORY = 2**20  # of 2,000 entries with names of 500 bytes
PIECE = 2**20
END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
ARCHIVES = frozenset(
    [
        ".zip",
        ".7z",
        ".rar",
        ".alz",
        ".egg",
        ".jar",
        ".tar",
        ".tgz",
        ".gz",
        ".bz2",
        ".xz",
        ".zst",
        ".cab",
        ".iso",
        ".exe",
    ]
)
IS_UTF8, IS_LOCKED = 0x800, 0x1

DAMAGED = Text(
    ko="{format}이(가) 아니거나 손상되었습니다 ({message}).", en="it is no {format}, or a damaged one ({message})."
)
SUSPICIOUS = Text(
    ko="압축 안에 있어서는 안 될 것이 있습니다: {name}", en="the container holds what it must not: {name}"
)
LOCKED = Text(
    ko="암호로 잠긴 압축 파일입니다. 암호 없이 다시 만드십시오.",
    en="it is locked by a password; make it again without one.",
)
MACROS = Text(
    ko="매크로가 든 통합 문서는 읽지 않습니다. 매크로 없는 XLSX나 CSV로 저장하십시오.",
    en="a workbook with macros is not read; save it as XLSX without macros, or as CSV ({name}).",
)
NO_END = Text(ko="압축 파일의 끝(목차)이 없습니다", en="the end of the archive, its directory, is missing")
ENTRIES = Text(ko="파일 {entries}개", en="{entries} files")


@contextmanager
def weighed(answer: Answer, *, format: str, most: int) -> Iterator[zipfile.ZipFile]:
    """Open a container that is neither too big nor too dense, whose names stay inside it, and which holds no archive."""
    try:
        refuse_large_directory(answer)
        with zipfile.ZipFile(answer.path) as container:
            entries = container.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES:
                raise TooLarge(address=answer.location, limit=ENTRIES.format(entries=f"{MAX_ENTRIES:,}"))
            if unpacked > most:
                raise TooLarge(address=answer.location, limit=readable_size(most))
            if unpacked > RATIO_MATTERS_FROM and unpacked > MAX_RATIO * answer.size:
                raise TooLarge(address=answer.location, limit=f"1:{MAX_RATIO}")
            for entry in entries:
                refuse_entry(entry, answer, format)
            yield container
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, struct.error) as error:
        raise UnreadableAnswer(
            address=answer.location, format=format, reason=DAMAGED.format(format=format, message=str(error))
        ) from error


def refuse_large_directory(answer: Answer) -> None:
    """Refuse a directory too large to be read at all; without any, the container broke off."""
    with answer.path.open("rb") as file:
        start = file.read(4)
        file.seek(max(0, answer.size - 2**16 - 128))
        tail = file.read()
    at = tail.rfind(END)
    if at < 0 and start == b"PK\x03\x04":
        raise BrokenOff(address=answer.location, reason=NO_END)
    if at < 0 or len(tail) < at + 22:
        return  # no container at all: the library says so
    size = struct.unpack_from("<I", tail, at + 12)[0]
    if at >= 76 and tail[at - 20 : at - 16] == LOCATOR_64 and tail[at - 76 : at - 72] == END_64:
        size = struct.unpack_from("<Q", tail, at - 76 + 40)[0]
    if size > MAX_DIRECTORY:
        raise TooLarge(address=answer.location, limit=ENTRIES.format(entries=f"{MAX_ENTRIES:,}"))


def refuse_entry(entry: zipfile.ZipInfo, answer: Answer, format: str) -> None:
    name = name_of(entry)
    path = PurePosixPath(name.replace("\\", "/"))
    if entry.flag_bits & IS_LOCKED:
        raise UnreadableAnswer(address=answer.location, format=format, reason=LOCKED)
    if path.name.lower() == "vbaproject.bin":
        raise UnreadableAnswer(address=answer.location, format=format, reason=MACROS.format(name=path.name))
    is_odd = (
        path.is_absolute()
        or ".." in path.parts
        or name[1:2] == ":"
        or not name.isprintable()
        or stat.S_ISLNK(entry.external_attr >> 16)
        or path.suffix.lower() in ARCHIVES
        or (format == "XLSX" and path.suffix.lower() == ".xlsx")
    )
    if is_odd:
        shown = "".join(letter if letter.isprintable() else "?" for letter in name[:80])
        raise UnreadableAnswer(address=answer.location, format=format, reason=SUSPICIOUS.format(name=shown))


def name_of(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name as a Korean reader meant it: names not marked as UTF-8 are UTF-8 all the same, or CP949."""
    name = entry.orig_filename
    if not entry.flag_bits & IS_UTF8:
        content = name.encode("cp437")
        for encoding in ("utf-8", "cp949"):
            try:
                name = content.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return unicodedata.normalize("NFC", name)


def unpack(container: zipfile.ZipFile, entry: zipfile.ZipInfo, answer: Answer, into: BinaryIO | None = None) -> None:
    """Inflate an entry, into nothing unless told where, and refuse it when it holds more or less than it claims."""
    claimed, honest = entry.file_size, copy.copy(entry)
    honest.file_size = claimed + 1  # lets the reader go one byte beyond the claim, where it would have stopped
    size = 0
    with container.open(honest) as content:
        while piece := content.read(PIECE):
            size += len(piece)
            if into:
                into.write(piece)
    if size != claimed:
        reason = SUSPICIOUS.format(name=name_of(entry)[:80])
        raise UnreadableAnswer(address=answer.location, format="ZIP", reason=reason)
