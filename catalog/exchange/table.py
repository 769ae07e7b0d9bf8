"""A catalogue as a table: CSV, and a workbook that a steward fills in Excel and brings back.

One row per dataset, one column per field of the profile (see ``cells.py``), headed by the field's name. In a workbook the
second row names the columns in Korean; distributions and column dictionaries have sheets of their own, led by the slug of
their dataset, as have organisations, series and services; the sheet ``codes`` holds every code that may be used, from which
cells are chosen. In CSV distributions and column dictionaries are JSON in one cell each.

A reader finds all that cannot be read before it complains; what else the standard wants of one's own descriptions is asked
where they are taken in (``catalog/intake.py``), which is told the cell of each answer by ``place_of``. A column that a table
does not have says nothing about its field.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from catalog.errors import BadTable
from catalog.exchange.cells import Cell, Value, cells_of
from catalog.exchange.entry import Catalogue, Description, Entry
from catalog.exchange.sheets import Sheet, Source, read_sheets, write_csv
from catalog.standard import SLUG_PATTERN, Class, Kind, Obligation, check_description, vocabulary
from catalog.standard.conformance import Level
from catalog.standard.vocabularies import scheme_label
from catalog.text import Text

FORM = "CSV/XLSX"
PARTS: Mapping[str, Class] = {"distributions": Class.DISTRIBUTION, "columns": Class.COLUMN}
DATASETS, CODES = "datasets", "codes"
SLUG, URI, OWNER = "slug", "uri", "dataset"
LEADS: Mapping[str, Text] = {
    SLUG: Text(ko="식별자 (slug)", en="Identifier (slug)"),
    URI: Text(ko="영구 주소 (적지 않아도 됨)", en="Permanent address (may be left empty)"),
    OWNER: Text(ko="데이터셋 식별자 (slug)", en="Identifier of the dataset (slug)"),
}
LONGEST_IN_EXCEL = 32_767
LAST_ROW = 1_048_575
LONGEST_HINT = 255  # of a cell's input message, in Excel
LONGEST_HINT_TITLE = 32
WIDTHS: Mapping[Kind, int] = {Kind.TEXT: 36, Kind.KEYWORDS: 28, Kind.ADDRESS: 36, Kind.STRING: 20, Kind.CODE: 18}
HEAD_COLOURS: Mapping[Obligation | None, str] = {
    None: "#17201d",
    Obligation.MANDATORY: "#0b6b5d",
    Obligation.RECOMMENDED: "#5c9c90",
    Obligation.OPTIONAL: "#8a958f",
}


@dataclass(frozen=True)
class Plan:
    """A sheet: its name, the columns that lead each row, and those of a class."""

    name: str
    class_: Class
    leads: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def heads(self) -> list[str]:
        return [*self.leads, *(cell.head for cell in self.cells)]

    @property
    def labels(self) -> list[Text]:
        return [*(LEADS[lead] for lead in self.leads), *(cell.label for cell in self.cells)]

    @cached_property
    def places(self) -> Mapping[str, Sequence[tuple[int, Cell]]]:
        """The columns of each field, with their numbers: most descriptions say something in a few of many columns."""
        places: dict[str, list[tuple[int, Cell]]] = {}
        for number, cell in enumerate(self.cells, len(self.leads)):
            places.setdefault(cell.path[0], []).append((number, cell))
        return places

    def values(self, leads: Iterable[str], description: Description) -> Iterator[tuple[int, Value]]:
        """Yield the cells of a row that say something, each with the number of its column, from left to right."""
        yield from ((number, lead) for number, lead in enumerate(leads) if lead)
        for name, cells in self.places.items():
            if name in description:
                yield from ((number, value) for number, cell in cells if (value := cell.write(description)) != "")

    def row(self, leads: Iterable[str], description: Description) -> list[str]:
        row = [""] * (len(self.leads) + len(self.cells))
        for number, value in self.values(leads, description):
            row[number] = str(value)
        return row


def plan(name: str, class_: Class, *leads: str, leave_out: Sequence[str] = ()) -> Plan:
    return Plan(name, class_, leads, cells_of(class_, leave_out=leave_out))


CSV_PLAN = plan("", Class.DATASET, SLUG, URI)
MAIN_PLAN = plan(DATASETS, Class.DATASET, SLUG, URI, leave_out=tuple(PARTS))
PART_PLANS = tuple(plan(name, class_, OWNER) for name, class_ in PARTS.items())
OTHER_PLANS = (
    plan("organisations", Class.ORGANISATION, SLUG),
    plan("series", Class.SERIES, SLUG),
    plan("services", Class.SERVICE, SLUG),
)
BOOK: Mapping[str, Plan] = {each.name: each for each in (MAIN_PLAN, *PART_PLANS, *OTHER_PLANS)}


# Written


def write_table_csv(catalogue: Catalogue) -> Iterator[bytes]:
    """Yield the catalogue as CSV, dataset by dataset."""
    rows = (CSV_PLAN.row((entry.slug, entry.uri), entry.description) for entry in catalogue.datasets)
    yield from write_csv([CSV_PLAN.heads])
    for piece in write_csv(rows):
        yield piece.removeprefix(b"\xef\xbb\xbf")


def write_table_xlsx(catalogue: Catalogue, file: BinaryIO) -> None:
    """Write the catalogue as a workbook; only the row being written is in memory.

    Excel holds no text of more than 32,767 characters: a longer one is cut, ends in "…", and is refused when it comes back.
    """
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        writers = {name: SheetWriter(book, each) for name, each in BOOK.items()}
        for entry in catalogue.datasets:
            writers[DATASETS].write((entry.slug, entry.uri), entry.description)
            for name in PARTS:
                for part in entry.description.get(name, ()):
                    writers[name].write((entry.slug,), part)
        for each in OTHER_PLANS:
            for slug, description in getattr(catalogue, each.name).items():
                writers[each.name].write((slug,), description)
        ranges = write_codes(book)
        for writer in writers.values():
            writer.finish(ranges)


@dataclass
class SheetWriter:
    """Writes one sheet downwards: two rows of heads, then a row for each description."""

    book: Workbook
    plan: Plan
    rows: int = 2
    sheet: Worksheet = field(init=False)

    def __post_init__(self) -> None:
        self.sheet = self.book.add_worksheet(self.plan.name)
        self.sheet.freeze_panes(2, 1)
        obligations = [None] * len(self.plan.leads) + [cell.field.obligation for cell in self.plan.cells]
        formats = {key: head_format(self.book, colour) for key, colour in HEAD_COLOURS.items()}
        spoken = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        text = self.book.add_format({"num_format": "@"})  # so that Excel leaves codes and days as they are typed
        for number, head in enumerate(self.plan.heads):
            self.sheet.write_string(0, number, head, formats[obligations[number]])
        for number, label in enumerate(self.plan.labels):
            self.sheet.write_string(1, number, label.ko, spoken)
        for number in range(len(self.plan.leads)):
            self.sheet.set_column(number, number, 24, text)
        for number, cell in enumerate(self.plan.cells, len(self.plan.leads)):
            is_number = cell.field.kind in (Kind.INTEGER, Kind.DECIMAL) and not cell.is_list
            self.sheet.set_column(number, number, WIDTHS.get(cell.field.kind, 16), None if is_number else text)

    def write(self, leads: Iterable[str], description: Description) -> None:
        for number, value in self.plan.values(leads, description):
            if isinstance(value, str):
                self.sheet.write_string(self.rows, number, cut(value))
            else:
                self.sheet.write_number(self.rows, number, value)
        self.rows += 1

    def finish(self, ranges: Mapping[str, str]) -> None:
        """Add what helps to fill the sheet in: the choice of codes, and each field's definition."""
        for number, cell in enumerate(self.plan.cells, len(self.plan.leads)):
            hint = {
                "input_title": cell.label.ko[:LONGEST_HINT_TITLE],
                "input_message": f"{cell.field.definition.ko}\n{cell.field.definition.en}"[:LONGEST_HINT],
            }
            self.sheet.data_validation(2, number, LAST_ROW, number, choice(cell, ranges) | hint)


def choice(cell: Cell, ranges: Mapping[str, str]) -> dict[str, Any]:
    """Return what a cell may be chosen from; several codes in one cell, and regions, may also be typed."""
    if cell.field.kind is Kind.BOOLEAN:
        return {"validate": "list", "source": ["TRUE", "FALSE"]}
    if cell.field.kind in (Kind.CODE, Kind.REGION):
        is_free = cell.is_list or cell.field.kind is Kind.REGION
        return {"validate": "list", "source": ranges[cell.field.vocabulary], "show_error": not is_free}
    return {"validate": "any"}


def write_codes(book: Workbook) -> dict[str, str]:
    """Write every vocabulary in use into two columns, code and label; return the range of each one's codes."""
    sheet = book.add_worksheet(CODES)
    sheet.freeze_panes(2, 0)
    head, spoken = head_format(book, HEAD_COLOURS[None]), book.add_format({"bold": True, "bottom": 1})
    text = book.add_format({"num_format": "@"})
    cells = (cell for each in BOOK.values() for cell in each.cells if cell.field.vocabulary)
    names = list(dict.fromkeys(cell.field.vocabulary for cell in cells))
    lists = [list(vocabulary(name).values()) for name in names]
    for number, name in enumerate(names):
        sheet.set_column(2 * number, 2 * number, 18, text)
        sheet.set_column(2 * number + 1, 2 * number + 1, 30)
        sheet.write_string(0, 2 * number, name, head)
        sheet.write_string(0, 2 * number + 1, "", head)
    for number, name in enumerate(names):
        sheet.write_string(1, 2 * number, scheme_label(name).ko, spoken)
        sheet.write_string(1, 2 * number + 1, "뜻", spoken)
    for row in range(max(map(len, lists))):
        for number, concepts in enumerate(lists):
            if row < len(concepts):
                sheet.write_string(row + 2, 2 * number, concepts[row].code, text)
                sheet.write_string(row + 2, 2 * number + 1, f"{concepts[row].label.ko} / {concepts[row].label.en}")
    return {
        name: f"={CODES}!${xl_col_to_name(2 * number)}$3:${xl_col_to_name(2 * number)}${len(lists[number]) + 2}"
        for number, name in enumerate(names)
    }


def head_format(book: Workbook, colour: str) -> Format:
    return book.add_format({"bold": True, "font_color": "#ffffff", "bg_color": colour})


def cut(value: str) -> str:
    return value if len(value) <= LONGEST_IN_EXCEL else value[: LONGEST_IN_EXCEL - 1] + "…"


# Read


@dataclass(frozen=True)
class Row:
    """A row as it was read: where it stands, the cells that lead it, and the description that the others make."""

    sheet: str
    number: int
    leads: Mapping[str, str]
    description: dict[str, Any]
    heads: tuple[str, ...]

    def place(self, head: str) -> Text:
        """Return where a column of the row is, with its letter as spreadsheets show it."""
        letter = f" ({xl_col_to_name(self.heads.index(head))}{self.number})" if head in self.heads else ""
        name = Text(ko=f"{self.sheet} 시트 ", en=f"sheet {self.sheet}, ") if self.sheet else Text()
        return Text(
            ko=f"{name.ko}{self.number}행 {head} 열{letter}", en=f"{name.en}row {self.number}, column {head}{letter}"
        )


Problem = tuple[Text, Text]


def read_table(source: Source, *, base: str = "") -> Catalogue:
    """Read a table that came back; every entry's ``document`` tells the sheet, rows and columns that it stood in.

    All that is wrong is raised at once, as one BadTable.
    """
    catalogue, problems = read_loosely(source, base=base)
    for entry in catalogue.datasets:
        problems += form_problems(entry, Class.DATASET)
    for each in OTHER_PLANS:
        for number, (slug, description) in enumerate(getattr(catalogue, each.name).items(), 3):
            document = {"sheet": each.name, "row": number, "heads": each.heads, "parts": {}}
            problems += form_problems(Entry(slug, "", description, document=document), each.class_)
    if problems:
        raise BadTable(FORM, problems)
    return catalogue


def read_loosely(source: Source, *, base: str = "") -> tuple[Catalogue, list[Problem]]:
    """Return what a table says, and what is wrong with its heads, slugs and sheets; values may be malformed."""
    problems: list[Problem] = []
    rows: dict[str, list[Row]] = {}
    for sheet in read_sheets(source, FORM):
        if sheet_plan := BOOK.get(sheet.name) if sheet.name else CSV_PLAN:
            rows[sheet_plan.name] = list(read_rows(sheet, sheet_plan, problems))
    if DATASETS not in rows and CSV_PLAN.name not in rows:
        refuse(
            Text(ko="통합 문서", en="the workbook"),
            Text(ko=f"'{DATASETS}' 시트가 없습니다", en=f"there is no sheet '{DATASETS}'"),
        )
    main = MAIN_PLAN if DATASETS in rows else CSV_PLAN
    parts = {name: group_parts(rows[name], rows[main.name], problems) for name in PARTS if name in rows}
    problems += slug_problems(rows[main.name])
    entries = [make_entry(row, parts) for row in rows[main.name]]
    others = {each.name: read_others(rows.get(each.name, []), problems) for each in OTHER_PLANS}
    return Catalogue(base, datasets=entries, total=len(entries), **others), problems


def read_rows(sheet: Sheet, sheet_plan: Plan, problems: list[Problem]) -> Iterator[Row]:
    """Yield the rows below the heads; blank rows and the row of labels are passed over."""
    cells = {cell.head: cell for cell in sheet_plan.cells}
    heads: tuple[str, ...] = ()
    for number, texts in enumerate(sheet.rows, 1):
        if not any(texts):
            continue
        if not heads:
            heads = tuple(texts)
            problems += head_problems(heads, sheet_plan, number)
            continue
        told = dict(zip(heads, texts, strict=False))
        if told.get(sheet_plan.leads[0]) == LEADS[sheet_plan.leads[0]].ko:
            continue
        leads = {lead: told.get(lead, "") for lead in sheet_plan.leads}
        row = Row(sheet_plan.name, number, leads, {}, heads)
        for head, text in told.items():
            if head in cells and text:
                problems += read_cell(row, cells[head], text)
            if len(text) >= LONGEST_IN_EXCEL and sheet_plan.name and text.endswith("…"):
                problems.append((row.place(head), CUT))
        if len(texts) > len(heads) and any(texts[len(heads) :]):
            problems.append((row.place(heads[-1]), TOO_MANY_CELLS))
        yield row


def read_cell(row: Row, cell: Cell, text: str) -> Iterator[Problem]:
    try:
        cell.read(text, row.description)
    except ValueError as error:  # only JSON can be so wrong that nothing of it can be kept
        yield row.place(cell.head), NO_JSON.format(error=error)


NO_JSON = Text(
    ko="JSON으로 읽을 수 없습니다 ({error}). [{{…}}, {{…}}] 형식의 목록이어야 합니다",
    en="cannot be read as JSON ({error}); must be a list of the form [{{…}}, {{…}}]",
)
CUT = Text(
    ko="Excel의 한계(32,767자)에서 잘린 글입니다. CSV로 옮기십시오",
    en="the text was cut at Excel's limit (32,767 characters); use CSV instead",
)
TOO_MANY_CELLS = Text(
    ko="이 행에는 머리글보다 칸이 많습니다. 쉼표가 든 글은 따옴표로 묶어야 합니다",
    en="the row has more cells than heads; a text with a comma has to be in quotes",
)


def head_problems(heads: Sequence[str], sheet_plan: Plan, number: int) -> Iterator[Problem]:
    row = Row(sheet_plan.name, number, {}, {}, tuple(heads))
    lead = sheet_plan.leads[0]
    if lead not in heads:
        yield row.place(lead), Text(ko=f"머리글 '{lead}'이(가) 있어야 합니다", en=f"the head '{lead}' is missing")
    for head in heads:
        if not head or head in sheet_plan.heads:
            continue
        close = difflib.get_close_matches(head, sheet_plan.heads, 3, 0.4) or sheet_plan.heads[:10]
        allowed = ", ".join(close)
        yield (
            row.place(head),
            Text(
                ko=f"'{head}'은(는) 표준에 없는 머리글입니다. 비슷한 것: {allowed}",
                en=f"'{head}' is no head of the standard; close to it: {allowed}",
            ),
        )
    for head in sorted({head for head in heads if head and heads.count(head) > 1}):
        yield row.place(head), Text(ko="같은 머리글이 두 번 있습니다", en="the head is there twice")


def slug_problems(rows: Sequence[Row]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for row in rows:
        slug = row.leads[SLUG]
        if not SLUG_PATTERN.match(slug):
            yield (
                row.place(SLUG),
                Text(
                    ko=f"'{slug}'은(는) 식별자가 아닙니다. 영문 소문자와 숫자를 '-'로 이어 적으십시오 (예: hanbit-parking)",
                    en=f"'{slug}' is no identifier; write lower-case letters and digits joined by '-', as hanbit-parking",
                ),
            )
        elif slug in seen:
            yield (
                row.place(SLUG),
                Text(
                    ko=f"'{slug}'은(는) {seen[slug]}행에 이미 있습니다", en=f"'{slug}' is already in row {seen[slug]}"
                ),
            )
        seen.setdefault(slug, row.number)


def group_parts(rows: Iterable[Row], owners: Iterable[Row], problems: list[Problem]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {row.leads[SLUG]: [] for row in owners}
    for row in rows:
        if row.leads[OWNER] in grouped:
            grouped[row.leads[OWNER]].append(row)
        else:
            owner = row.leads[OWNER]
            text = Text(
                ko=f"'{owner}' 데이터셋이 {DATASETS} 시트에 없습니다",
                en=f"the sheet {DATASETS} has no dataset '{owner}'",
            )
            problems.append((row.place(OWNER), text))
    return grouped


def make_entry(row: Row, parts: Mapping[str, Mapping[str, list[Row]]]) -> Entry:
    slug = row.leads[SLUG]
    own = {name: rows[slug] for name, rows in parts.items()}
    row.description.update({name: [part.description for part in rows] for name, rows in own.items() if rows})
    return Entry(slug, row.leads[URI], row.description, identifier=slug, document=whereabouts(row, own))


def whereabouts(row: Row, parts: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    return {
        "sheet": row.sheet,
        "row": row.number,
        "heads": list(row.heads),
        "parts": {name: [whereabouts(part, {}) for part in rows] for name, rows in parts.items()},
    }


def read_others(rows: Sequence[Row], problems: list[Problem]) -> dict[str, Description]:
    problems += slug_problems(rows)
    return {row.leads[SLUG]: row.description for row in rows}


def form_problems(entry: Entry, class_: Class) -> Iterator[Problem]:
    """Yield what is malformed in a description, each with the cell that it stands in."""
    for problem in check_description(entry.description, class_):
        if problem.level is Level.FORM:
            yield place_of(entry, problem.field), told(problem.field, problem.text)


def place_of(entry: Entry, place: str) -> Text:
    """Return the cell of a table that a place of an entry's description (``distributions.0.licence``) was read from."""
    document = entry.document
    name, _, rest = place.partition(".")
    number, _, inner = rest.partition(".")
    parts = document["parts"].get(name, [])
    if number.isdigit() and int(number) < len(parts):
        document, place = parts[int(number)], inner
    sheet_plan = BOOK.get(document["sheet"], CSV_PLAN)
    row = Row(document["sheet"], document["row"], {}, {}, tuple(document["heads"]))
    return row.place(head_of(place, sheet_plan))


def told(place: str, text: Text) -> Text:
    """Return a problem's text, led by the place inside the cell where several descriptions share one."""
    name, _, rest = place.partition(".")
    if name in PARTS and rest:
        return Text(ko="{rest}: {text}", en="{rest}: {text}").format(rest=rest, text=text)
    return text


def head_of(place: str, sheet_plan: Plan) -> str:
    """Return the head of the column that a place of a description is in: the first that is on the way there."""
    way = tuple(part for part in place.split(".") if not part.isdigit())
    for cell in sheet_plan.cells:
        length = min(len(way), len(cell.path))
        if way[:length] == cell.path[:length]:
            return cell.head
    return place


def refuse(where: Text, text: Text) -> None:
    raise BadTable(FORM, [(where, text)])


def unspoken_paths(entry: Entry) -> list[tuple[str, ...]]:
    """Return the ways in a description that the entry's table had no column for, and so says nothing about."""
    heads = {*entry.document["heads"], *entry.document["parts"]}
    return [cell.path for cell in CSV_PLAN.cells if cell.head not in heads]
