"""XLSX workbooks: the container is weighed before it is opened, then a sheet's cells become text.

An XLSX is a zip of XML, and 1 MB of it can hold 1 GB: sizes, ratio and names are checked first, and the sizes the
container claims are proven by inflating it into nothing. Column names are made as in CSV (``delimited.py``).
"""

import copy
import zipfile
import zlib
from collections.abc import Generator, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ingest.connectors.delimited import Layout, Row, name_cells
from ingest.errors import Text, TooLarge, UnreadableAnswer
from ingest.http import Answer, readable_size

MAX_ENTRIES = 2_000
MAX_UNPACKED = 256 * 2**20
MAX_RATIO = 100
RATIO_MATTERS_FROM = 16 * 2**20
PIECE = 2**20
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

NOT_A_WORKBOOK = Text(
    ko="XLSX 통합 문서가 아니거나 손상되었습니다 ({message}).",
    en="it is no XLSX workbook, or a damaged one ({message}).",
)
SUSPICIOUS = Text(
    ko="압축 안에 있어서는 안 될 것이 있습니다: {name}", en="the container holds what a workbook must not: {name}"
)
OLD_OR_LOCKED = Text(
    ko="옛 XLS 파일이거나 암호가 걸려 있습니다. 암호 없는 XLSX나 CSV로 저장하십시오.",
    en="it is an old XLS file or protected by a password; save it as XLSX without a password, or as CSV.",
)
NO_SUCH_SHEET = Text(
    ko="'{sheet}' 시트가 없습니다. 있는 시트: {sheets}", en="there is no sheet '{sheet}'; its sheets: {sheets}"
)


def read_workbook(
    answer: Answer, layout: Layout, *, sheet: str | None = None, before: int = 0
) -> Generator[Row, None, int]:
    """Yield the rows of a sheet, the first visible one unless named, with every cell as text."""
    weigh(answer)
    try:
        with CalamineWorkbook.from_path(answer.path) as workbook:
            cells = workbook.get_sheet_by_name(choose_sheet(workbook, sheet, answer))
            return (yield from name_cells(as_text(cells), layout, answer, "XLSX", before))
    except CalamineError as error:
        raise unreadable(answer, NOT_A_WORKBOOK.format(message=str(error))) from error


def weigh(answer: Answer) -> None:
    """Refuse a container that is too big, too dense, lies about its sizes, or holds macros or odd names."""
    with answer.path.open("rb") as file:
        if file.read(8) == OLE2:
            raise unreadable(answer, OLD_OR_LOCKED)
    try:
        with zipfile.ZipFile(answer.path) as container:
            entries = container.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
                raise TooLarge(address=answer.location, limit=readable_size(MAX_UNPACKED))
            if unpacked > RATIO_MATTERS_FROM and unpacked > MAX_RATIO * answer.size:
                raise TooLarge(address=answer.location, limit=f"1:{MAX_RATIO}")
            for entry in entries:
                if is_suspicious(entry.filename):
                    raise unreadable(answer, SUSPICIOUS.format(name=entry.filename[:80]))
                prove_size(container, entry, answer)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise unreadable(answer, NOT_A_WORKBOOK.format(message=str(error))) from error


def is_suspicious(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        path.is_absolute()
        or ".." in path.parts
        or path.suffix.lower() in {".zip", ".xlsx", ".exe"}
        or (path.name.lower() == "vbaproject.bin")
    )


def prove_size(container: zipfile.ZipFile, entry: zipfile.ZipInfo, answer: Answer) -> None:
    """Inflate an entry into nothing and refuse it when it holds more than it claims."""
    claimed, honest = entry.file_size, copy.copy(entry)
    honest.file_size = claimed + 1  # lets the reader go one byte beyond the claim, where it would have stopped
    size = 0
    with container.open(honest) as content:
        while piece := content.read(PIECE):
            size += len(piece)
    if size != claimed:
        raise unreadable(answer, SUSPICIOUS.format(name=entry.filename[:80]))


def choose_sheet(workbook: CalamineWorkbook, sheet: str | None, answer: Answer) -> str:
    names = [meta.name for meta in workbook.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    visible = [meta.name for meta in workbook.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
    if sheet is None and names:
        return next((name for name in names if name in visible), names[0])
    if sheet is None or sheet not in names:
        raise unreadable(answer, NO_SUCH_SHEET.format(sheet=sheet or "", sheets=", ".join(names)))
    return sheet


def as_text(sheet: CalamineSheet) -> Iterator[list[str]]:
    """Yield the rows as text; in a column of dates with times, midnight is a time too.

    (python-calamine 0.9 hands out a plain date for every midnight, so a first pass looks which columns know times.)
    """
    timed = {column for row in sheet.iter_rows() for column, cell in enumerate(row) if type(cell) is datetime}
    for row in sheet.iter_rows():
        for column in timed:
            if type(row[column]) is date:
                row[column] = datetime.combine(row[column], time())
        yield [text_of(cell) for cell in row]


def text_of(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, dates and times in ISO form, durations as hours."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(cell)


def unreadable(answer: Answer, reason: Text) -> UnreadableAnswer:
    return UnreadableAnswer(address=answer.location, format="XLSX", reason=reason)
