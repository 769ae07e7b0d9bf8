"""From what a platform said (dictionaries of text) to typed rows, with every refused row kept and its reason.

How each type is read stands in ``parsers.py``, where records may lie in ``places.py``, the outcome in ``staged.py``.
Rows travel in blocks through the columnar engine; typed rows go to a staging file on disk, refused ones to another, so
memory stays flat whatever the size. Nothing is published here: see ``validate.py`` and ``snapshot.py``.
"""

import itertools
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.records.engine import Limits, connect, identifier
from catalog.records.layout import ROW, staging_schema
from catalog.records.parsers import PARSERS, Parser
from catalog.records.places import KOREA, Area, Wrong, place
from catalog.records.schema import Column, Schema
from catalog.records.staged import RefusedFile, Staged, UnreadableRow, discard, dump_json

BLOCK_ROWS = 20_000


def tabulate(
    rows: Iterable[Mapping[str, object] | UnreadableRow],
    schema: Schema,
    *,
    limits: Limits,
    area: Area | None = KOREA,
    ignore: Collection[str] = (),
) -> Staged:
    """Type all rows, write them to a staging file in ``limits.spool`` and return the account.

    The caller removes the two files when done (``discard``). An answer of any size needs one block of memory.
    Without an ``area`` places may lie anywhere on Earth.
    """
    limits.spool.mkdir(parents=True, exist_ok=True)
    stem = limits.spool / f"staged-{uuid.uuid4().hex}"
    staged = Staged(
        schema=schema,
        path=stem.with_suffix(".parquet"),
        refused_path=stem.with_suffix(".ndjson.gz"),
        ignored=frozenset(ignore),
    )
    try:
        with (
            connect((limits.spool,), limits) as cursor,
            pq.ParquetWriter(staged.path, staging_schema(schema), compression="zstd", compression_level=1) as accepted,
            RefusedFile(staged) as refused,
        ):
            typist = Typist(staged, cursor, accepted, refused, area)
            for block in blocks(rows):
                typist.write(block)
    except BaseException:
        discard(staged)
        raise
    return staged


def blocks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while block := list(itertools.islice(iterator, BLOCK_ROWS)):
        yield block


class Typist:
    """Types one block after the other: what can be read goes to ``accepted``, the rest to ``refused``."""

    def __init__(
        self,
        staged: Staged,
        cursor: duckdb.DuckDBPyConnection,
        accepted: pq.ParquetWriter,
        refused: "RefusedFile",
        area: Area | None,
    ) -> None:
        self.staged, self.cursor, self.accepted, self.refused, self.area = staged, cursor, accepted, refused, area
        self.question = typing_question(staged.schema)
        self.parameters = typing_parameters(staged.schema)

    def write(self, block: Sequence[Mapping[str, object] | UnreadableRow]) -> None:
        try:
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = text_table(readable, self.staged.schema)
        except UnicodeEncodeError:  # half a surrogate pair is no text
            block = [row if is_text(row, self.staged.schema) else UnreadableRow("not-text", row) for row in block]
            readable = [row for row in block if type(row) is not UnreadableRow]
            texts = text_table(readable, self.staged.schema)
        first = self.staged.rows + 1
        numbers = range(first, first + len(block))
        if len(readable) < len(block):
            self.refuse_unreadable(block, numbers)
            numbers = [number for number, row in zip(numbers, block, strict=True) if type(row) is not UnreadableRow]
        self.staged.rows += len(block)
        self.staged.seen.update(*readable)
        if readable:
            self.write_readable(readable, numbers, texts)

    def refuse_unreadable(self, block: Sequence[object], numbers: Iterable[int]) -> None:
        for number, row in zip(numbers, block, strict=True):
            if isinstance(row, UnreadableRow):
                self.refused.write(number, row.code, "", "", row.raw)

    def write_readable(self, rows: Sequence[Mapping[str, object]], numbers: Sequence[int], texts: pa.Table) -> None:
        schema = self.staged.schema
        self.cursor.register("_block", texts)
        typed = self.cursor.sql(self.question, params=self.parameters).to_arrow_table()
        self.cursor.unregister("_block")
        typed, misplaced = place(typed, schema, self.area)
        typed = typed.append_column(ROW, pa.array(numbers, pa.int64()))
        if wrong := reasons_of(typed.column("_reason"), misplaced):
            for index, (code, position) in sorted(wrong.items()):
                column, row = schema.columns[position], rows[index]
                self.refused.write(numbers[index], code, column.name, offending_value(row, schema, column), row)
            good = np.ones(typed.num_rows, dtype=bool)
            good[list(wrong)] = False
            typed = typed.filter(pa.array(good))
        self.staged.accepted += typed.num_rows
        self.accepted.write_table(typed.select(staging_schema(schema).names).cast(staging_schema(schema)))


def text_table(rows: Sequence[Mapping[str, object]], schema: Schema) -> pa.Table:
    """Return the declared columns of the rows as text; a column that a row does not have is null."""
    texts = {"_n": pa.array(np.arange(len(rows)))}
    for position, column in enumerate(schema.columns):
        name = column.source_name
        texts[f"t{position}"] = text_array([row.get(name) for row in rows], PARSERS[column.type].form)
    return pa.table(texts)


def text_array(values: Sequence[object], form: str) -> pa.Array:
    """Return the values as trimmed text in a Unicode form; dictionaries (geometries) become JSON text."""
    try:
        array = pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        array = pa.array([value if value is None else as_text(value) for value in values], pa.string())
    return pc.utf8_trim_whitespace(pc.utf8_normalize(array, form=form))


def as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return dump_json(value).decode()
    return str(value)


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


def typing_question(schema: Schema) -> str:
    """Return the statement that types one block; values of the schema (lists, limits) are parameters."""
    present, parsed, checks = [], [], []
    for position, column in enumerate(schema.columns):
        parser, t = PARSERS[column.type], f"t{position}"
        present.append(f"CASE WHEN list_contains($missing_{position}, {t}) THEN NULL ELSE {t} END AS {t}")
        parsed.append(f"{parser.sql.replace('@', t)} AS v{position}")
        checks += column_checks(column, position, parser, required=column.required or column.name in schema.key)
    cases = " ".join(f"WHEN {condition} THEN '{code}:{position}'" for condition, code, position in checks)
    named = ", ".join(f"v{position} AS {identifier(column.name)}" for position, column in enumerate(schema.columns))
    return (
        f"WITH present AS (SELECT _n, {', '.join(present)} FROM _block), "
        f"parsed AS (SELECT *, {', '.join(parsed)} FROM present) "
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


def typing_parameters(schema: Schema) -> dict[str, object]:
    """Return the lists and limits of the schema; texts in the Unicode form of the values they are compared with."""
    parameters: dict[str, object] = {}
    for position, column in enumerate(schema.columns):
        form = PARSERS[column.type].form
        parameters[f"missing_{position}"] = [unicodedata.normalize(form, text) for text in schema.missing_of(column)]
        if column.enum:
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
