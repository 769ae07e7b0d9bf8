"""From what a platform said (dictionaries of text) to typed rows, with every refused row kept and its reason.

How each type is read stands in ``parsers.py``, where records may lie in ``places.py``, the outcome in ``staged.py``.
Rows travel in blocks of columns: those that are plainly good are typed whole (``plain.py``), all others go through the
columnar engine; whole files come by column already (``columns.py``), and so do pages of answers (``told_rows.py``), which
are gathered to blocks. Typed rows go to a staging file on disk, refused
ones to another, so memory stays flat whatever the size. Nothing is published here: see ``validate.py`` and ``snapshot.py``.
"""

import unicodedata
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.ipc

from catalog.records.columns import Columns, DelimitedFile, read_columns
from catalog.records.engine import Limits, connect, identifier
from catalog.records.layout import ROW, staging_schema
from catalog.records.parsers import PARSERS, Parser
from catalog.records.places import KOREA, Area, Outline, PlaceRules, Wrong, place
from catalog.records.plain import plain_text, type_plainly
from catalog.records.samples import filled_texts
from catalog.records.schema import Column, Schema
from catalog.records.staged import RefusedFile, Staged, UnreadableRow, discard, open_staging
from catalog.records.told_rows import ToldRows, as_text, join_arrays, kept_types, told_array
from catalog.records.typed_rows import TypedRows, as_texts, keep_typed

BLOCK_ROWS = 20_000


def tabulate(
    rows: Iterable[Mapping[str, object] | UnreadableRow | DelimitedFile | ToldRows | TypedRows],
    schema: Schema,
    *,
    limits: Limits,
    area: Area | Outline | None = KOREA,
    swapped: Literal["refuse", "mend"] = "refuse",
    outside: Literal["refuse", "empty"] = "refuse",
    ignore: Collection[str] = (),
) -> Staged:
    """Type all rows, write them to a staging file in ``limits.spool`` and return the account.

    A whole file, a page by column, or a block of typed rows, stands for the rows in it. The caller removes the two staging files when done
    (``discard``). An answer of any size needs one block of memory. Without an ``area`` places may lie anywhere on Earth;
    what becomes of those that are ``swapped`` or ``outside`` is told in ``places.py``.
    """
    limits.spool.mkdir(parents=True, exist_ok=True)
    stem = limits.spool / f"staged-{uuid.uuid4().hex}"
    staged = Staged(
        schema=schema,
        path=stem.with_suffix(".arrow"),
        refused_path=stem.with_suffix(".ndjson.gz"),
        ignored=frozenset(ignore),
    )
    try:
        with (
            connect((), limits) as cursor,
            open_staging(staged.path, schema) as accepted,
            RefusedFile(staged) as refused,
        ):
            typist = Typist(staged, cursor, accepted, refused, PlaceRules(area, swapped, outside))
            for block in blocks(rows):
                typist.write(block)
            typist.write_gathered()
    except BaseException:
        discard(staged)
        raise
    return staged


def blocks(
    rows: Iterable[Mapping[str, object] | UnreadableRow | DelimitedFile | ToldRows | TypedRows],
) -> Iterator[list[Mapping[str, object] | UnreadableRow] | Columns | ToldRows | TypedRows]:
    """Yield rows in lists of BLOCK_ROWS, those of a whole file by column where that can be."""
    block: list[Mapping[str, object] | UnreadableRow] = []
    for row in rows:
        if isinstance(row, (DelimitedFile, ToldRows, TypedRows)):
            if block:
                yield block
                block = []
            if not isinstance(row, DelimitedFile):
                yield row
                continue
            for piece in read_columns(row):
                yield from [piece] if isinstance(piece, Columns) else pieces_of(piece)
            continue
        block.append(row)
        if len(block) == BLOCK_ROWS:
            yield block
            block = []
    if block:
        yield block


def pieces_of(rows: list[Mapping[str, object] | UnreadableRow]) -> Iterator[list[Mapping[str, object] | UnreadableRow]]:
    for start in range(0, len(rows), BLOCK_ROWS):
        yield rows[start : start + BLOCK_ROWS]


class Typist:
    """Types one block after the other: what can be read goes to ``accepted``, the rest to ``refused``."""

    def __init__(
        self,
        staged: Staged,
        cursor: duckdb.DuckDBPyConnection,
        accepted: pa.ipc.RecordBatchFileWriter,
        refused: RefusedFile,
        rules: PlaceRules,
    ) -> None:
        self.staged, self.cursor, self.accepted, self.refused, self.rules = staged, cursor, accepted, refused, rules
        self.shape = staging_schema(staged.schema)
        self.names = [column.source_name for column in staged.schema.columns]
        self.missing = missing_texts(staged.schema)
        self.kept = [
            kept_types(column, missing) for column, missing in zip(staged.schema.columns, self.missing, strict=True)
        ]
        self.gathered: list[tuple[ToldRows, list[pa.Array]]] = []
        self.waiting = 0

    def write(self, block: Sequence[Mapping[str, object] | UnreadableRow] | Columns | ToldRows | TypedRows) -> None:
        if isinstance(block, ToldRows):
            self.gather(block)
            return
        self.write_gathered()
        first = self.staged.rows + 1
        if isinstance(block, TypedRows):
            self.staged.rows += block.rows
            self.staged.seen.update(block.names)
            self.sample_others(
                first, lambda name: filled_texts(as_texts(block.told[name])) if name in block.told else ()
            )
            numbers = np.arange(first, first + block.rows)
            self.write_readable(block.columns(self.staged.schema), block.row, numbers, {})
            return
        if isinstance(block, Columns):
            self.staged.rows += block.rows
            numbers = block.numbers + first
            unreadable = {number + first: row for number, row in block.unreadable.items()}
            if len(numbers):
                self.staged.seen.update(block.table.column_names)
                columns = dict(zip(block.table.column_names, block.table.columns, strict=True))
                self.sample_others(first, lambda name: filled_texts(columns[name]) if name in columns else ())
            self.write_readable(block.texts(self.staged.schema), block.row, numbers, unreadable)
            return
        try:
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = self.columns_of(readable)
        except UnicodeEncodeError:  # half a surrogate pair is no text
            block = [row if is_text(row, self.staged.schema) else UnreadableRow("not-text", row) for row in block]
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = self.columns_of(readable)
        self.staged.rows += len(block)
        self.staged.seen.update(*readable)
        self.sample_others(
            first, lambda name: (as_text(row[name]) for row in readable if row.get(name) not in (None, ""))
        )
        numbers, unreadable = np.arange(first, first + len(block)), {}
        if len(readable) < len(block):
            unreadable = {first + index: row for index, row in enumerate(block) if type(row) is UnreadableRow}
            numbers = np.delete(numbers, [number - first for number in unreadable])
        self.write_readable(texts, readable.__getitem__, numbers, unreadable)

    def columns_of(self, rows: Sequence[Mapping[str, object]]) -> list[pa.Array]:
        """Return the declared columns of the rows; a column that a row does not have is null."""
        named = zip(self.names, self.kept, strict=True)
        return [told_array([row.get(name) for row in rows], kept) for name, kept in named]

    def gather(self, page: ToldRows) -> None:
        """Make arrays of a page while it is at hand; a block is typed once enough pages are there."""
        try:
            arrays = [told_array(page.column(name), kept) for name, kept in zip(self.names, self.kept, strict=True)]
        except UnicodeEncodeError:  # rare enough for the way by rows, which finds out where
            self.write([page.row(index) for index in range(page.rows)])
            return
        self.gathered.append((page, arrays))
        self.waiting += page.rows
        if self.waiting >= BLOCK_ROWS:
            self.write_gathered()

    def write_gathered(self) -> None:
        """Type the pages that wait as one block."""
        if not self.gathered:
            return
        pages, arrays = zip(*self.gathered, strict=True)
        self.gathered, self.waiting = [], 0
        ends = np.cumsum([page.rows for page in pages])
        first = self.staged.rows + 1
        texts = []
        for name, kept, parts in zip(self.names, self.kept, zip(*arrays, strict=True), strict=True):
            joined = join_arrays(parts)
            values = () if joined is not None else [value for page in pages for value in page.column(name)]
            texts.append(told_array(values, kept) if joined is None else joined)

        def row_at(index: int) -> Mapping[str, object]:
            number = int(np.searchsorted(ends, index, side="right"))
            return pages[number].row(index - int(ends[number]) + pages[number].rows)

        self.staged.rows += int(ends[-1])
        self.staged.seen.update(*(page.columns for page in pages))
        self.sample_others(
            first,
            lambda name: (as_text(value) for page in pages for value in page.column(name) if value not in (None, "")),
        )
        self.write_readable(texts, row_at, np.arange(first, first + int(ends[-1])), {})

    def sample_others(self, first: int, texts_of: Callable[[str], Iterable[str]]) -> None:
        """Keep some texts of the columns that are not declared."""
        for name in self.staged.texts.wanting(self.staged.unknown_columns, first):
            self.staged.texts.take(name, texts_of(name))

    def write_readable(
        self,
        texts: Sequence[pa.Array],
        row_at: Callable[[int], Mapping[str, object]],
        numbers: np.ndarray,
        unreadable: Mapping[int, UnreadableRow],
    ) -> None:
        """Type columns of text, or typed already; ``unreadable`` are rows between them, so that refused ones are told in their order."""
        schema = self.staged.schema
        typed, reasons = self.type_columns(texts)
        placed = place(typed, schema, self.rules)
        typed = placed.table
        wrong = reasons_of(reasons, placed.wrong) if reasons is not None else placed.wrong
        refused: dict[int, int | UnreadableRow] = {int(numbers[index]): index for index in wrong}
        for number, found in sorted((refused | unreadable).items()):
            if isinstance(found, UnreadableRow):
                self.refused.write(number, found.code, "", "", found.raw)
                continue
            code, position = wrong[found]
            column, row = schema.columns[position], row_at(found)
            self.refused.write(number, code, column.name, offending_value(row, schema, column), row)
        self.tell_mended({index: why for index, why in placed.mended.items() if index not in wrong}, row_at, numbers)
        typed = typed.append_column(ROW, pa.array(numbers, pa.int64())).select(self.shape.names).cast(self.shape)
        if wrong:
            good = np.ones(typed.num_rows, dtype=bool)
            good[list(wrong)] = False
            typed = typed.filter(pa.array(good))
        if typed.num_rows:
            self.staged.accepted += typed.num_rows
            self.staged.order.add(typed)
            self.accepted.write_table(typed)

    def tell_mended(self, mended: Wrong, row_at: Callable[[int], Mapping[str, object]], numbers: np.ndarray) -> None:
        """Count the places that were mended, and keep the first of each kind as it came."""
        schema = self.staged.schema
        for index, (code, position) in sorted(mended.items()):
            column = schema.columns[position]
            self.staged.mended[code, column.name] += 1
            if (code, column.name) not in self.staged.mended_samples:
                value = offending_value(row_at(index), schema, column)
                self.staged.mended_samples[code, column.name] = {"row": int(numbers[index]), "value": value}

    def type_columns(self, texts: Sequence[pa.Array]) -> tuple[pa.Table, pa.ChunkedArray | None]:
        """Return the typed columns, and the reason of each row that is refused; None when there is none."""
        schema = self.staged.schema
        typed: list[pa.Array | pa.ChunkedArray | None] = []
        plain = []
        for column, given, missing in zip(schema.columns, texts, self.missing, strict=True):
            required = is_required(schema, column)
            kept = keep_typed(given, column, missing, required=required)
            plain.append(plain_text(as_texts(given), column, missing) if kept is None else given)
            typed.append(type_plainly(plain[-1], column, required=required) if kept is None else kept)
        unclear = [position for position, values in enumerate(typed) if values is None]
        reasons = None
        if unclear:
            block = {"_n": pa.array(np.arange(len(texts[0])))}
            self.cursor.register("_block", pa.table(block | {f"t{position}": plain[position] for position in unclear}))
            answer = self.cursor.sql(
                typing_question(schema, unclear), params=typing_parameters(schema, unclear) or None
            )
            table = answer.to_arrow_table()
            self.cursor.unregister("_block")
            reasons = table.column("_reason")
            for position in unclear:
                typed[position] = table.column(schema.columns[position].name)
        for column, text, values in zip(schema.columns, plain, typed, strict=True):
            self.staged.texts.count(column.name, text, values)
        return pa.table(typed, names=list(schema.names)), reasons


def missing_texts(schema: Schema) -> list[list[str]]:
    """Return for each column the texts that stand for a missing value, in the Unicode form of its values."""
    return [
        [unicodedata.normalize(PARSERS[column.type].form, text) for text in schema.missing_of(column)]
        for column in schema.columns
    ]


def is_required(schema: Schema, column: Column) -> bool:
    return column.required or column.name in schema.key


def is_text(row: Mapping[str, object] | UnreadableRow, schema: Schema) -> bool:
    """Tell whether every declared value of a row can be written as UTF-8."""
    if isinstance(row, UnreadableRow):
        return True
    try:
        for column in schema.columns:
            as_text(row.get(column.source_name)).encode()
    except UnicodeEncodeError:
        return False
    return True


def typing_question(schema: Schema, positions: Sequence[int]) -> str:
    """Return the statement that types some columns of a block; values of the schema (lists, limits) are parameters."""
    parsed, checks = [], []
    for position in positions:
        column = schema.columns[position]
        parser = PARSERS[column.type]
        parsed.append(f"{parser.sql.replace('@', f't{position}')} AS v{position}")
        checks += column_checks(column, position, parser, required=is_required(schema, column))
    cases = " ".join(f"WHEN {condition} THEN '{code}:{position}'" for condition, code, position in checks)
    named = ", ".join(f"v{position} AS {identifier(schema.columns[position].name)}" for position in positions)
    return (
        f"WITH parsed AS (SELECT *, {', '.join(parsed)} FROM _block) "
        f"SELECT {named}, {f'CASE {cases} END' if cases else 'NULL::VARCHAR'} AS _reason FROM parsed ORDER BY _n"
    )


def column_checks(column: Column, position: int, parser: Parser, *, required: bool) -> list[tuple[str, str, int]]:
    """Return (condition, reason, position) of everything that may be wrong with a value of the column."""
    t, v = f"t{position}", f"v{position}"
    checks = []
    if column.type != "geometry":  # these are read in ``place``
        checks.append((f"{t} IS NOT NULL AND {v} IS NULL", parser.reason, position))
    if parser.valid:
        checks.append((f"NOT ({parser.valid.replace('@', v)})", parser.reason, position))
    if required:
        checks.append((f"{t} IS NULL", "missing-value", position))
    if column.enum:
        listed = f"list_contains($enum_{position}, {t}) OR list_contains($enum_{position}, {v}::VARCHAR)"
        checks.append((f"{t} IS NOT NULL AND NOT ({listed})", "not-in-list", position))
    if column.minimum is not None:
        checks.append((f"{v} < $minimum_{position}", "below-minimum", position))
    if column.maximum is not None:
        checks.append((f"{v} > $maximum_{position}", "above-maximum", position))
    return checks


def typing_parameters(schema: Schema, positions: Sequence[int]) -> dict[str, object]:
    """Return the lists and limits of some columns; texts in the Unicode form of the values they are compared with."""
    parameters: dict[str, object] = {}
    for position in positions:
        column = schema.columns[position]
        if column.enum:
            form = PARSERS[column.type].form
            parameters[f"enum_{position}"] = [unicodedata.normalize(form, text) for text in column.enum]
        if column.minimum is not None:
            parameters[f"minimum_{position}"] = column.minimum
        if column.maximum is not None:
            parameters[f"maximum_{position}"] = column.maximum
    return parameters


def reasons_of(typed: pa.ChunkedArray, misplaced: Wrong) -> Wrong:
    """Return each refused row's first reason: a bad value comes before a bad place."""
    if typed.null_count == len(typed):
        return misplaced
    found = ((index, reason.rpartition(":")) for index, reason in enumerate(typed.to_pylist()) if reason is not None)
    return misplaced | {index: (code, int(position)) for index, (code, _, position) in found}


def offending_value(row: Mapping[str, object], schema: Schema, column: Column) -> str:
    """Return the refused value as it came, at most 200 characters of it; for a place both coordinates."""
    geometry = schema.geometry
    columns = [column]
    if geometry and geometry.is_point and column.name == geometry.longitude:
        columns = [schema[geometry.latitude], schema[geometry.longitude]]
    values = [row.get(column.source_name) for column in columns]
    return ", ".join("" if value is None else as_text(value) for value in values)[:200]
