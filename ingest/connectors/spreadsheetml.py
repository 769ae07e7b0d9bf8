"""SpreadsheetML 2003: the workbook in one XML file that portals hand out under the name of ``.xls``.

Cells become text by the rules of ``workbook.py``: a merged cell's value stands where the merge begins, the other cells
are empty; a formula is the value last computed; in a column that knows times, midnight is one.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from lxml import etree

from ingest.connectors.delimited import Layout, Row, name_cells
from ingest.connectors.documents import bare, parse_xml
from ingest.errors import BrokenOff, Text, UnreadableAnswer
from ingest.http import Answer, Session

NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
SS = f"{{{NAMESPACE}}}"
MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576
MIDNIGHT, NO_DAY = "00:00:00", ("1899-12-30", "1899-12-31", "1904-01-01")
LOOKED_AT = 2_048

NO_WORKBOOK = Text(ko="워크시트가 없습니다.", en="it has no worksheet.")
NO_SUCH_SHEET = Text(
    ko="'{sheet}' 시트가 없습니다. 있는 시트: {sheets}", en="there is no sheet '{sheet}'; its sheets: {sheets}"
)
BAD_PLACE = Text(
    ko="칸이나 행의 자리가 잘못되었습니다({place}).", en="the place of a cell or a row makes no sense ({place})."
)
NO_END = Text(ko="문서가 끝나기 전에 끊겼습니다", en="it stops before the end of the document")


@dataclass
class Sheet:
    """What a first look tells of a worksheet."""

    name: str
    is_visible: bool = True
    timed: set[int] = field(default_factory=set)


def is_spreadsheetml(answer: Answer) -> bool:
    """Say whether the beginning of a file names the workbook's namespace."""
    with answer.path.open("rb") as file:
        head = file.read(LOOKED_AT).replace(b"\0", b"")
    return b"<" in head[:8] and NAMESPACE.encode() in head and b"Workbook" in head


def read_spreadsheetml(
    answer: Answer, http: Session, layout: Layout, *, sheet: str | None = None, before: int = 0
) -> Generator[Row, None, int]:
    """Yield the rows of a sheet, the first visible one unless named, with every cell as text."""
    number, chosen = choose_sheet(look_over(answer, http), sheet, answer)
    cells = as_text(answer, http, number, chosen.timed)
    return (yield from name_cells(cells, layout, answer, "SpreadsheetML", before))


def look_over(answer: Answer, http: Session) -> list[Sheet]:
    """Read the document once to its end for its sheets, which are visible, and which columns know times."""
    sheets: list[Sheet] = []
    for event, element in parse(answer, http):
        name = bare(element.tag)
        if event == "start" and name == "Worksheet":
            sheets.append(Sheet(element.get(f"{SS}Name", "")))
        elif event == "end" and name == "Visible" and sheets and (element.text or "").startswith("SheetHidden"):
            sheets[-1].is_visible = False
        elif event == "end" and name == "Row" and sheets:
            for at, kind, text in cells_of(element, answer):
                if kind == "DateTime" and clock_of(text) != MIDNIGHT and not text.startswith(NO_DAY):
                    sheets[-1].timed.add(at)
    return sheets


def choose_sheet(sheets: list[Sheet], wanted: str | None, answer: Answer) -> tuple[int, Sheet]:
    if not sheets:
        raise unreadable(answer, NO_WORKBOOK)
    if wanted is None:
        return next(((at, sheet) for at, sheet in enumerate(sheets) if sheet.is_visible), (0, sheets[0]))
    for at, sheet in enumerate(sheets):
        if sheet.name == wanted:
            return at, sheet
    raise unreadable(answer, NO_SUCH_SHEET.format(sheet=wanted, sheets=", ".join(sheet.name for sheet in sheets)))


def as_text(answer: Answer, http: Session, number: int, timed: set[int]) -> Iterator[list[str]]:
    """Yield the rows of one sheet, all as wide as the widest so far; rows left out come as empty ones."""
    seen = Counter[str]()
    width = position = 0
    for event, element in parse(answer, http):
        name = bare(element.tag)
        if event == "start":
            seen[name] += name == "Worksheet"
        elif name == "Row" and seen["Worksheet"] == number + 1:
            position += 1
            index = place_of(element, "Index", position, MAX_ROWS, answer)
            if index < position:
                raise unreadable(answer, BAD_PLACE.format(place=index))
            yield from ([""] * width for _ in range(index - position))
            position = index
            row = {at: text_of(kind, text, at in timed) for at, kind, text in cells_of(element, answer)}
            width = max(width, *(at + 1 for at in row), 0) if row else width
            yield [row.get(at, "") for at in range(width)]


def parse(answer: Answer, http: Session) -> Iterator[tuple[str, etree._Element]]:
    """Yield the beginnings and ends of elements; what is done with is forgotten, so that memory stays flat."""
    depth, is_whole = 0, False
    for event, element in parse_xml(answer, http, events=("start", "end")):
        yield event, element
        if event == "start":
            depth += 1
            continue
        depth -= 1
        is_whole = depth == 0
        if bare(element.tag) in ("Row", "Worksheet", "Style", "Styles"):
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    if not is_whole:
        raise BrokenOff(address=answer.location, reason=NO_END)


def cells_of(row: etree._Element, answer: Answer) -> Iterator[tuple[int, str, str]]:
    """Yield column, type and text of each cell with a value, columns counted from 0."""
    at = 0
    for cell in row:
        if bare(cell.tag) != "Cell":
            continue
        index = place_of(cell, "Index", at + 1, MAX_COLUMNS, answer)
        if index <= at:
            raise unreadable(answer, BAD_PLACE.format(place=index))
        data = next((child for child in cell if bare(child.tag) == "Data"), None)
        if data is not None:
            yield index - 1, data.get(f"{SS}Type", "String"), "".join(data.itertext())
        at = index + place_of(cell, "MergeAcross", 0, MAX_COLUMNS, answer)


def place_of(element: etree._Element, name: str, otherwise: int, most: int, answer: Answer) -> int:
    told = element.get(SS + name)
    if told is None:
        return otherwise
    if not (told.isascii() and told.isdecimal() and len(told) < 9 and int(told) <= most):
        raise unreadable(answer, BAD_PLACE.format(place=told[:20]))
    return int(told)


def text_of(kind: str, text: str, is_timed: bool) -> str:
    """Return a cell as text: whole numbers without a point, dates and times in ISO form."""
    match kind:
        case "Number" if text.endswith(".0"):
            return text.removesuffix(".0")
        case "Boolean":
            return {"1": "true", "0": "false"}.get(text, text)
        case "DateTime" if "T" in text:
            day, clock = text.partition("T")[0], clock_of(text)
            if day in NO_DAY and clock != MIDNIGHT:
                return clock
            return f"{day} {clock}" if is_timed or clock != MIDNIGHT else day
    return text


def clock_of(moment: str) -> str:
    return moment.partition("T")[2].partition(".")[0] or MIDNIGHT


def unreadable(answer: Answer, reason: Text) -> UnreadableAnswer:
    return UnreadableAnswer(address=answer.location, format="SpreadsheetML", reason=reason)
