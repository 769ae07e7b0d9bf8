"""Delimited text files read by columns, a piece at a time: what ``tabulate.py`` types without a dictionary for each row.

A piece is cut where a row ends and read whole when its quotes stand as RFC 4180 wants them; then every reader of such
files agrees on it. Any other piece goes row by row through the splitter that came with the file, which knows what else
municipal files do and what is an error. Both ways give the same rows, numbers and errors.
"""

import codecs
import collections
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from catalog.records.plain import offsets_of
from catalog.records.schema import Schema
from catalog.records.staged import UnreadableRow

PIECE_BYTES = 2**21  # less than any splitter's limit of one field
QUOTE, NEWLINE, RETURN = 34, 10, 13


@dataclass(frozen=True)
class DelimitedFile:
    """A file of delimited text, its encoding proven and its header read.

    ``start`` is where the rows begin, in bytes of its text in UTF-8 without a mark, ``lines`` how many lines come before.
    ``split`` turns lines (and how many came before them) into rows of cells, and raises what is wrong with them;
    ``finish`` is told at the end whether the last row was too short. ``passed`` is told of every few thousand rows.
    """

    path: Path
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    start: int
    lines: int
    split: Callable[[Iterator[str], int], Iterator[list[str]]]
    finish: Callable[[bool], None]
    passed: Callable[[int], None]


@dataclass(frozen=True)
class Columns:
    """Rows by column, each as the text that came; ``unreadable`` holds those between them that have no columns.

    ``numbers`` and the keys of ``unreadable`` count the rows of the piece from 0.
    """

    table: pa.Table
    numbers: np.ndarray
    unreadable: Mapping[int, UnreadableRow]

    @property
    def rows(self) -> int:
        return len(self.numbers) + len(self.unreadable)

    def texts(self, schema: Schema) -> list[pa.Array]:
        """Return the declared columns; one that the file does not have is null throughout."""
        columns = dict(zip(self.table.column_names, self.table.columns, strict=True))
        absent = pa.nulls(len(self.numbers), pa.string())
        texts = (columns.get(column.source_name, absent) for column in schema.columns)
        return [text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text for text in texts]

    def row(self, index: int) -> dict[str, object]:
        """Return one row as it came."""
        return self.table.slice(index, 1).to_pylist()[0]


def read_columns(file: DelimitedFile) -> Iterator[Columns | list[Mapping[str, object] | UnreadableRow]]:
    """Yield the rows of a file in pieces: by column, or where it is odd as a list of rows."""
    text = Text(file)
    last_is_short = False
    while not text.ended:
        rows = text.take_rows()
        if rows is not None:
            columns, last_is_short = split_plain(rows, file, last_is_short)
            if columns.rows:
                file.passed(columns.rows)
                yield columns
        else:
            odd, last_is_short = split_odd(text, file, last_is_short)
            if odd:
                file.passed(len(odd))
                yield odd
    file.finish(last_is_short)


class Text:
    """The text of a file as UTF-8, read piece by piece; ``waiting`` begins where a row begins, after ``lines`` lines."""

    def __init__(self, file: DelimitedFile) -> None:
        self.pieces = utf8_pieces(file)
        self.delimiter = ord(file.delimiter)
        self.waiting = b""
        self.is_last = False
        while len(self.waiting) < file.start and not self.is_last:
            self.more()
        self.take(file.start)
        self.lines = file.lines

    @property
    def ended(self) -> bool:
        if not self.waiting and not self.is_last:
            self.more()
        return not self.waiting

    def more(self) -> None:
        piece = next(self.pieces, b"")
        self.is_last = not piece
        self.waiting += piece

    def take(self, size: int) -> bytes:
        taken, self.waiting = self.waiting[:size], self.waiting[size:]
        return taken

    def take_rows(self) -> bytes | None:
        """Take whole rows with plain quotes; None when what waits is odd."""
        while len(self.waiting) < PIECE_BYTES and not self.is_last:
            self.more()
        if self.waiting.startswith(codecs.BOM_UTF8):  # the fast reader would swallow it
            return None
        if self.is_last:
            size = len(self.waiting)
            cut = size if quotes_are_plain(self.waiting, size, self.delimiter) else None
        else:
            cut = cut_of(self.waiting, self.delimiter)
        if cut is None:
            return None
        rows = self.take(cut)
        self.lines += count_lines(rows)
        return rows

    def take_lines(self) -> list[str]:
        """Take whole lines, none at the end of the file."""
        while not self.is_last and not (cut := end_of_line(self.waiting)):
            self.more()
        lines = list(lines_of(self.take(len(self.waiting) if self.is_last else cut)))
        self.lines += len(lines)
        return lines


def utf8_pieces(file: DelimitedFile) -> Iterator[bytes]:
    """Yield the text of a file as UTF-8 in pieces."""
    is_utf8 = file.encoding in ("utf-8", "utf-8-sig")
    with file.path.open("rb") as source:
        if file.encoding == "utf-8-sig" and source.read(3) != codecs.BOM_UTF8:
            source.seek(0)
        decoder = codecs.getincrementaldecoder(file.encoding.removesuffix("-sig"))()
        while piece := source.read(PIECE_BYTES):
            if text := piece if is_utf8 else decoder.decode(piece).encode():
                yield text


def cut_of(text: bytes, delimiter: int) -> int | None:
    """Return where the last whole row ends before the text does, when all quotes before are plain."""
    if b'"' not in text:
        return end_of_line(text) or None
    letters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(letters == QUOTE)
    for end in (NEWLINE, RETURN):
        ends = np.flatnonzero(letters[: len(letters) - (end == RETURN)] == end)
        outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if outside.size:
            size = int(outside[-1]) + 1
            return size if quotes_are_plain(text, size, delimiter) else None
    return None


def quotes_are_plain(text: bytes, size: int, delimiter: int) -> bool:
    """Tell whether every quote opens a cell, closes one, or is one of two that stand for a quote inside one."""
    if text.find(b'"', 0, size) < 0:
        return True
    letters = np.frombuffer(text, np.uint8, size)
    quotes = np.flatnonzero(letters == QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    edges = np.zeros(256, bool)
    edges[[delimiter, NEWLINE, RETURN]] = True
    begins = (opening == 0) | edges[letters[opening - 1]]
    ends = (closing == size - 1) | edges[letters[np.minimum(closing + 1, size - 1)]]
    doubled = closing[:-1] + 1 == opening[1:]
    return bool(begins[0] and ends[-1] and (doubled | (begins[1:] & ends[:-1])).all())


def end_of_line(text: bytes) -> int:
    """Return where the last whole line ends, 0 if none does; a return at the very end may be half of a line's end."""
    return text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, max(0, len(text) - 1)) + 1


def lines_of(text: bytes) -> Iterator[str]:
    """Split text into lines as files are: by newline, by return and by both."""
    return io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")


def count_lines(text: bytes) -> int:
    letters = np.frombuffer(text, np.uint8)
    newlines = letters == NEWLINE  # counted here, because ``bytes.count`` takes thirty times as long
    if b"\r" not in text:
        return int(np.count_nonzero(newlines))
    returns = letters == RETURN
    return int(np.count_nonzero(newlines) + np.count_nonzero(returns) - np.count_nonzero(returns[:-1] & newlines[1:]))


def split_plain(text: bytes, file: DelimitedFile, last_is_short: bool) -> tuple[Columns, bool]:
    """Return the rows of a plain piece, and whether the last of them is too short."""
    odd: dict[int, list[str]] = {}

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        odd[row.number - 1] = next(file.split(iter([row.text]), 0))
        return "skip"

    first = next(file.split(lines_of(text), 0), [])
    places = [str(place) for place in range(max(len(first), len(file.names)))]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=places, block_size=len(text) + 1),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=file.delimiter, newlines_in_values=b'"' in text, invalid_row_handler=keep
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            check_utf8=False, strings_can_be_null=False, column_types=dict.fromkeys(places, pa.string())
        ),
    ).combine_chunks()
    return sort_out(table, odd, file.names, last_is_short)


def sort_out(
    table: pa.Table, odd: Mapping[int, list[str]], names: Sequence[str], last_is_short: bool
) -> tuple[Columns, bool]:
    """Name the columns; drop blank rows, and set apart those with too many or too few cells.

    ``odd`` holds rows of another width than the table, by their place among all rows.
    """
    width = len(names)
    places = np.delete(np.arange(table.num_rows + len(odd)), list(odd)) if odd else np.arange(table.num_rows)
    good = table.select(range(width)).rename_columns(list(names))
    strange = {place: cells for place, cells in odd.items() if any(cells)}
    keep = ~blank_rows(table)
    if table.num_columns > width:
        overfull = ~blank_rows(table.select(range(width, table.num_columns)))
        for index in np.flatnonzero(overfull).tolist():
            strange[int(places[index])] = [column[index].as_py() for column in table.columns]
        keep &= ~overfull
    if not keep.all():
        good, places = good.filter(pa.array(keep)), places[keep]
    unreadable: dict[int, UnreadableRow] = {}
    mended: dict[int, list[str]] = {}
    for place, cells in strange.items():
        row = sort_out_row(cells, names)
        if isinstance(row, UnreadableRow):
            unreadable[place] = row
        else:
            mended[place] = cells[:width]
    if mended:
        columns = [pa.array(column, pa.string()) for column in zip(*mended.values(), strict=True)]
        good = pa.concat_tables([good, pa.table(columns, names=list(names))]).combine_chunks()
        places = np.concatenate([places, np.fromiter(mended, np.int64)])
        good, places = good.take(pa.array(np.argsort(places))), np.sort(places)
    if not len(places) and not unreadable:
        return Columns(good, places, {}), last_is_short
    last = max(unreadable, default=-1)
    is_short = bool(last > (places[-1] if len(places) else -1)) and unreadable[last].code == "too-few-fields"
    if unreadable or len(places) < table.num_rows + len(odd):  # blank rows do not count
        counted = np.sort(np.concatenate([places, np.fromiter(unreadable, np.int64)]))
        unreadable = {int(np.searchsorted(counted, place)): row for place, row in sorted(unreadable.items())}
        places = np.searchsorted(counted, places)
    return Columns(good, places, unreadable), is_short


def blank_rows(table: pa.Table) -> np.ndarray:
    """Tell which rows have nothing but empty cells."""
    blank = np.ones(table.num_rows, bool)
    for column in table.columns:
        if not blank.any():
            break
        blank &= np.concatenate(
            [np.diff(offsets_of(chunk)) == 0 for chunk in column.chunks if len(chunk)] or [blank[:0]]
        )
    return blank


def sort_out_row(cells: list[str], names: Sequence[str]) -> Mapping[str, object] | UnreadableRow:
    """Return a row by name, if it has a cell for each name and nothing beyond."""
    width = len(names)
    if len(cells) == width or (len(cells) > width and not any(cells[width:])):
        return dict(zip(names, cells, strict=False))
    return UnreadableRow("too-many-fields" if len(cells) > width else "too-few-fields", cells)


def split_odd(
    text: Text, file: DelimitedFile, last_is_short: bool
) -> tuple[list[Mapping[str, object] | UnreadableRow], bool]:
    """Return the rows of an odd piece, the last one to its end, and whether that is too short."""
    before, waiting = text.lines, collections.deque(text.take_lines())

    def lines() -> Iterator[str]:
        while waiting:
            yield waiting.popleft()
            if not waiting:
                waiting.extend(text.take_lines())

    rows: list[Mapping[str, object] | UnreadableRow] = []
    reader = file.split(lines(), before)
    while waiting:
        cells = next(reader)
        if any(cells):
            rows.append(row := sort_out_row(cells, file.names))
            last_is_short = isinstance(row, UnreadableRow) and row.code == "too-few-fields"
    return rows, last_is_short
