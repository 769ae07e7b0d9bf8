"""CSV and TSV files, streamed; and how the first rows of any sheet become column names (XLSX uses it too).

Known habits of municipal files are borne: newlines by CR alone, empty columns at the right edge, wholly blank lines,
several header rows. What would shift or lose a value is not: it is an error, or a row counted as malformed.
"""

import csv
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.connectors.decode import prove_encoding
from ingest.connectors.rows import DelimitedFile, MalformedRow
from ingest.errors import BrokenOff, Text, UnreadableAnswer
from ingest.http import Answer

# The library's own limit of 128 KiB is less than a district's outline in WKT. The setting is one for the process.
MAX_FIELD = 4 * 2**20

OPEN_QUOTE = Text(
    ko="{line}행에서 열린 큰따옴표가 파일 끝까지 닫히지 않습니다.", en="a quote opened in line {line} is never closed."
)
BAD_LINE = Text(ko="{line}행부터 읽을 수 없습니다 ({message}).", en="line {line} cannot be read ({message}).")
CUT_IN_A_ROW = Text(ko="마지막 행의 중간에서 끝납니다", en="it ends in the middle of its last row")
NO_HEADER = Text(
    ko="머리글 행이 비어 있습니다. header_rows에 머리글 행의 수를, header에 열 이름을 적을 수 있습니다.",
    en="the header row is empty; header_rows tells how many rows the header has, header gives the names instead.",
)
NAMELESS = Text(
    ko="이름 없는 열이 있습니다({columns}번째). header에 모든 열의 이름을 적으십시오.",
    en="columns {columns} have no name; give the names of all columns in header.",
)
TWICE = Text(
    ko="같은 이름의 열이 둘 이상입니다({names}). header에 모든 열의 이름을 적으십시오.",
    en="more than one column is called {names}; give the names of all columns in header.",
)
TOO_MANY = Text(ko="칸이 {cells}개로 머리글({width}개)보다 많습니다.", en="it has {cells} fields, the header {width}.")
TOO_FEW = Text(ko="칸이 {cells}개로 머리글({width}개)보다 적습니다.", en="it has {cells} fields, the header {width}.")

Row = Mapping[str, object] | MalformedRow


@dataclass(frozen=True)
class Layout:
    """How a table begins: rows of headings, or names that replace them."""

    header_rows: int = 1
    header: tuple[str, ...] | None = None


def read_delimited(
    answer: Answer, layout: Layout, *, delimiter: str, encoding: str | None = None, before: int = 0
) -> Generator[Row, None, int]:
    """Yield the rows of a delimited text file; ``before`` rows came from earlier files, and the new count is returned."""
    proven = prove_encoding(answer, "CSV", encoding)
    with answer.path.open(encoding=proven, newline="") as lines:
        cells = split_lines(lines, delimiter, answer)
        return (yield from name_cells(cells, layout, answer, "CSV", before, ends_with_a_line(answer)))


def hand_over_delimited(
    answer: Answer, layout: Layout, *, delimiter: str, encoding: str | None = None
) -> DelimitedFile:
    """Return a delimited text file whole: its encoding proven and its header read, its rows not yet."""
    proven = prove_encoding(answer, "CSV", encoding)
    header: list[str] = []

    def noted(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            header.append(line)
            yield line

    def finish(last_is_short: bool) -> None:
        if last_is_short and not ends_with_a_line(answer):
            raise BrokenOff(address=answer.location, reason=CUT_IN_A_ROW)

    with answer.path.open(encoding=proven, newline="") as lines:
        names = column_names(split_lines(noted(lines), delimiter, answer), layout, answer, "CSV")
    return DelimitedFile(
        path=answer.path,
        encoding=proven,
        delimiter=delimiter,
        names=tuple(names),
        start=sum(len(line.encode()) for line in header),
        lines=len(header),
        split=lambda lines, before: split_lines(lines, delimiter, answer, before),
        finish=finish,
    )


def split_lines(lines: Iterable[str], delimiter: str, answer: Answer, before: int = 0) -> Iterator[list[str]]:
    """Split lines into cells; a quote that is never closed is an error instead of one enormous last cell.

    Errors tell the line, counted on from ``before``.
    """
    ended: list[bool] = []

    def watched() -> Iterator[str]:
        yield from lines
        ended.append(True)

    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(watched(), delimiter=delimiter)
    try:
        for cells in reader:
            if ended:  # a whole row is handed out before the next line is asked for
                tail = "".join(cells)
                breaks = tail.count("\n") or tail.count("\r")
                opened = before + reader.line_num - breaks + tail.endswith(("\n", "\r"))
                raise UnreadableAnswer(address=answer.location, format="CSV", reason=OPEN_QUOTE.format(line=opened))
            yield cells
    except csv.Error as error:
        reason = BAD_LINE.format(line=before + reader.line_num, message=str(error))
        raise UnreadableAnswer(address=answer.location, format="CSV", reason=reason) from error


def name_cells(
    table: Iterator[Sequence[str]], layout: Layout, answer: Answer, format: str, before: int, is_whole: bool = True
) -> Generator[Row, None, int]:
    """Yield each row of cells as a dictionary, or as a ``MalformedRow`` if it has too many or too few.

    Rows are numbered on from ``before``; the last number is returned. When nothing else proves that the table
    ``is_whole``, a last row that is too short is the place where it broke off. Half a million rows a second is the aim.
    """
    names = column_names(table, layout, answer, format)
    width, number, short = len(names), before, 0
    for cells in table:
        if not any(cells):
            continue
        number += 1
        if len(cells) == width or (len(cells) > width and not any(cells[width:])):
            yield dict(zip(names, cells, strict=False))
        else:
            short = number if len(cells) < width else short
            yield malformed_row(number, cells, width)
    if short == number > before and not is_whole:
        raise BrokenOff(address=answer.location, reason=CUT_IN_A_ROW)
    return number


def malformed_row(number: int, cells: Sequence[str], width: int) -> MalformedRow:
    code, reason = ("too-many-fields", TOO_MANY) if len(cells) > width else ("too-few-fields", TOO_FEW)
    return MalformedRow(number, code, reason.format(width=width, cells=len(cells)), list(cells))


def column_names(table: Iterator[Sequence[str]], layout: Layout, answer: Answer, format: str) -> list[str]:
    """Take the header rows off the table and return one unique name for each column.

    The parts of a name that stand below each other are joined by a space; line breaks inside a cell vanish, for they
    are there to make a column narrow. Columns at the right edge without any name are dropped: a value in one of them
    makes its row malformed. A nameless column between others, or a name used twice, is refused and never guessed.
    """
    rows = [row for _, row in zip(range(layout.header_rows), table, strict=False)]
    if layout.header is not None:
        return list(layout.header)
    width = max((len(row) for row in rows), default=0)
    parts = [[tidy(row[column]) for row in rows if column < len(row)] for column in range(width)]
    names = [" ".join(part for part in column if part) for column in parts]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UnreadableAnswer(address=answer.location, format=format, reason=NO_HEADER)
    nameless = [position for position, name in enumerate(names, start=1) if not name]
    twice = [name for name, times in Counter(names).items() if name and times > 1]
    if nameless or twice:
        problem = (
            NAMELESS.format(columns=", ".join(map(str, nameless))) if nameless else TWICE.format(names=", ".join(twice))
        )
        raise UnreadableAnswer(address=answer.location, format=format, reason=problem)
    return names


def ends_with_a_line(answer: Answer) -> bool:
    with answer.path.open("rb") as file:
        file.seek(max(0, answer.size - 2))
        return file.read().endswith((b"\n", b"\r", b"\n\0", b"\r\0"))  # with a NUL in UTF-16 only


def tidy(cell: str) -> str:
    return " ".join(cell.replace("\r", "").replace("\n", "").replace("\ufeff", "").split())
