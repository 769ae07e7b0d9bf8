"""Sheets of text cells: CSV and XLSX files in, CSV and XLSX files out. What the columns mean is not known here.

CSV is read as it is met in Korea: UTF-8 with or without a byte-order mark, else CP949, each in full or not at all, newlines
LF, CRLF or CR. It is written with a byte-order mark, so that Excel shows Korean. A text that a spreadsheet would take for a
formula gets an apostrophe before it, which reading takes away again.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from catalog.errors import BadDocument
from catalog.text import Text

ENCODINGS = ("utf-8-sig", "cp949")
LARGEST_WORKBOOK = 512 * 2**20  # bytes unpacked: a small zip can hold far more than it shows
LONGEST_CELL = 2**24
PIECE = 2**16
FORMULA = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)
NUMBER = re.compile(r"[+-]?[0-9.,]+\Z")
FIRST_BYTES_OF_A_WORKBOOK = b"PK\x03\x04"
Source = Path | bytes

csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True)
class Sheet:
    """A sheet with its name ("" in CSV) and its rows from the top: all cells as text, without blanks at both ends."""

    name: str
    rows: Iterable[list[str]]


def read_sheets(source: Source, form: str) -> Iterator[Sheet]:
    """Yield the sheets of a file, XLSX by its first bytes, else CSV; ``form`` names the tongue in what goes wrong."""
    with opened(source) as file:
        is_workbook = file.read(4) == FIRST_BYTES_OF_A_WORKBOOK
        file.seek(0)
        if is_workbook:
            yield from read_workbook(file, form)
        else:
            yield Sheet("", read_csv(file, form))


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        yield file


def read_csv(file: BinaryIO, form: str) -> Iterator[list[str]]:
    encoding = find_encoding(file, form)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    rows = csv.reader(text, strict=True)
    try:
        for row in rows:
            yield [unquote_formula(cell).strip() for cell in row]
    except csv.Error as error:
        raise unreadable(
            form,
            Text(ko=f"{rows.line_num}번째 줄", en=f"line {rows.line_num}"),
            Text(
                ko=f"따옴표나 칸의 구분이 맞지 않습니다 ({error}). 따옴표 안의 따옴표는 두 번 적어야 합니다",
                en=f"quotes or separators do not match ({error}); a quote within quotes is written twice",
            ),
        ) from error
    finally:
        with suppress(ValueError):  # who has read enough may have closed the file before
            text.detach()


def find_encoding(file: BinaryIO, form: str) -> str:
    """Return the encoding that the whole file can be read in; nothing is guessed from its beginning."""
    failed = None
    for encoding in ENCODINGS:
        file.seek(0)
        try:
            text = io.TextIOWrapper(file, encoding=encoding)
            while text.read(PIECE):
                pass
        except UnicodeDecodeError as error:
            failed = error
        else:
            return encoding
        finally:
            text.detach()
    raise unreadable(
        form,
        Text(ko="파일 전체", en="the whole file"),
        Text(
            ko="문자 인코딩이 UTF-8도 CP949(EUC-KR)도 아닙니다. UTF-8로 다시 저장하십시오",
            en="its encoding is neither UTF-8 nor CP949 (EUC-KR); save it as UTF-8",
        ),
    ) from failed


def read_workbook(file: BinaryIO, form: str) -> Iterator[Sheet]:
    weigh(file, form)
    try:
        with CalamineWorkbook.from_filelike(file) as workbook:
            for name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(name)
                first = sheet.start[0] if sheet.start else 0  # rows and columns before the first cell are left out
                before = sheet.start[1] if sheet.start else 0
                rows = ([""] * before + [text_of(cell) for cell in row] for row in sheet.iter_rows())
                yield Sheet(name, chain_blank(first, rows))
    except CalamineError as error:
        raise unreadable(form, Text(ko="통합 문서", en="the workbook"), str(error)) from error


def chain_blank(number: int, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from ([] for _ in range(number))
    yield from rows


def weigh(file: BinaryIO, form: str) -> None:
    try:
        with zipfile.ZipFile(file) as container:
            size = sum(entry.file_size for entry in container.infolist())
    except zipfile.BadZipFile as error:
        raise unreadable(form, Text(ko="통합 문서", en="the workbook"), str(error)) from error
    if size > LARGEST_WORKBOOK:
        raise unreadable(
            form,
            Text(ko="통합 문서", en="the workbook"),
            Text(
                ko=f"풀면 {LARGEST_WORKBOOK // 2**20}MB를 넘습니다. CSV로 나누어 저장하십시오",
                en=f"it unpacks to more than {LARGEST_WORKBOOK // 2**20} MB; save it as CSV, in pieces",
            ),
        )
    file.seek(0)


def text_of(cell: object) -> str:
    """Return a cell of a workbook as text: whole numbers without a point, days and times in ISO form."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return str(cell).upper()
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date() | time():
            return cell.isoformat().replace("T", " ")
    return str(cell)


def write_csv(rows: Iterable[Sequence[str]], encoding: str = "utf-8-sig") -> Iterator[bytes]:
    """Yield the rows as CSV, in pieces. A character that the encoding lacks is written as ``?``."""
    mark = b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b""
    plain = encoding.removesuffix("-sig")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow([quote_formula(cell) for cell in row])
        if buffer.tell() >= PIECE:
            yield mark + buffer.getvalue().encode(plain, "replace")
            mark = b""
            buffer.seek(0)
            buffer.truncate()
    yield mark + buffer.getvalue().encode(plain, "replace")


def quote_formula(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) and not NUMBER.match(cell) else cell


def unquote_formula(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def find_header(rows: Iterable[list[str]], wanted: Sequence[str], form: str, *, deepest: int = 10) -> list[str]:
    """Consume rows down to the first that has all of the ``wanted`` heads and return it; heads are compared by ``plain``."""
    for row, _ in zip(rows, range(deepest), strict=False):
        if {plain(name) for name in wanted} <= {plain(cell) for cell in row}:
            return row
    missing = ", ".join(f"'{name}'" for name in wanted)
    raise unreadable(
        form,
        Text(ko=f"처음 {deepest}줄", en=f"the first {deepest} rows"),
        Text(ko=f"머리글 {missing}이(가) 있는 줄이 없습니다", en=f"no row has the headers {missing}"),
    )


def plain(head: str) -> str:
    """Return a header as it is compared: files differ in blanks, underscores and line breaks."""
    return re.sub(r"[\s_]", "", head).casefold()


def unreadable(form: str, where: Text, reason: Text | str) -> BadDocument:
    return BadDocument(form=form, where=where, reason=reason)
