"""Looking through records by offset, as tables on a screen do: rows ``offset`` to ``offset + limit`` and how many there are.

For clients of other hubs' APIs, which count rows. Ours pages by cursor (``run.py``): a deep offset costs what lies before
it, unless nothing is asked of the rows, when they are read where they lie.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.records.admission import FACTORS
from catalog.records.engine import Limits, connect, count, deadline, identifier, names_of
from catalog.records.expressions import ColumnRef, Expression
from catalog.records.index import Index
from catalog.records.index.lookup import look_up_at
from catalog.records.layout import ROW, staging_schema
from catalog.records.manifest import Manifest, has_hidden_rows, keeps_order
from catalog.records.prune import relevant_parts
from catalog.records.query import Order, Output, Query
from catalog.records.run import build_statement, engine_errors
from catalog.records.schema import Schema
from catalog.records.sources import SnapshotSource
from catalog.records.store import Store


@dataclass(frozen=True)
class Word:
    """A text that a row must hold, upper and lower case alike: in one column, or anywhere ("")."""

    text: str
    column: str = ""


@dataclass(frozen=True)
class Window:
    """What is looked at. Without ``distinct`` rows keep their numbers; ``by_number`` sorts by them, after ``order_by``."""

    select: tuple[str, ...]
    conditions: tuple[Expression, ...] = ()
    words: tuple[Word, ...] = ()
    order_by: tuple[Order, ...] = ()
    is_backwards: bool = False  # by the row's number, the last first
    distinct: bool = False
    offset: int = 0
    limit: int = 100
    with_total: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether a window shows records in an order, and looks for no words and for nothing that differs."""
        return not (self.words or self.distinct or self.is_backwards)

    @property
    def asks_nothing(self) -> bool:
        return not (self.conditions or self.words or self.order_by or self.is_backwards or self.distinct)


@dataclass(frozen=True)
class Seen:
    """The rows of a window, their numbers in the snapshot from 1 on (none when distinct), and the number of all rows."""

    rows: pa.Table
    numbers: list[int] = field(default_factory=list)
    total: int | None = None


def look_through(manifest: Manifest, window: Window, store: Store, limits: Limits, index: Index | None = None) -> Seen:
    """Return the rows of a window; an index of the snapshot makes it faster and nothing else."""
    if is_by_number(manifest, window):
        rows = rows_from(manifest, store, window)
        numbers = list(range(window.offset + 1, window.offset + rows.num_rows + 1))
        return Seen(rows, numbers, manifest.records if window.with_total else None)
    if index and window.is_plain:
        question = replace(question_of(manifest.schema, window), order_by=window.order_by)
        with engine_errors(limits):
            looked_up = look_up_at(index, manifest.schema, question, window.offset, window.limit)
        if looked_up:
            located, total = looked_up
            rows = located.table().select(list(window.select))
            return Seen(rows, [number + 1 for number in located.numbers()], total if window.with_total else None)
    positions = relevant_parts(manifest, question_of(manifest.schema, window))
    statement, parameters = window_statement(manifest, window, store, limits, positions)
    ordered = f"{statement} {order_of(window, manifest, positions)} LIMIT {window.limit:d} OFFSET {window.offset:d}"
    with (
        limits.admitted(cost_of(manifest, window, positions)),
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits),
        engine_errors(limits),
    ):
        rows = cursor.sql(ordered, params=parameters or None).to_arrow_table()
        total = None
        if window.with_total:
            plain = not (window.conditions or window.words or window.distinct)
            total = manifest.records if plain else count(cursor, f"({statement})", parameters)
    numbers = [] if window.distinct else [number + 1 for number in rows.column(ROW).to_pylist()]
    return Seen(rows.select(list(window.select)), numbers, total)


def cost_of(manifest: Manifest, window: Window, positions: Sequence[int]) -> float:
    """Return what a window costs, as ``admission.py`` counts: words are looked for in every column."""
    kind = "sort" if window.order_by or window.distinct else "scan"
    columns = len(question_of(manifest.schema, window).outputs) * (1 + len(window.words))
    return sum(manifest.parts[at].rows for at in positions) * columns * FACTORS[kind]


def is_by_number(manifest: Manifest, window: Window) -> bool:
    """Tell whether the rows of a window are simply those of certain numbers."""
    return window.asks_nothing and not any(has_hidden_rows(manifest, at) for at in range(len(manifest.parts)))


def rows_from(manifest: Manifest, store: Store, window: Window) -> pa.Table:
    """Return the rows from the window's offset on; only the row groups that they lie in are read."""
    names, first, last = list(window.select), window.offset, window.offset + window.limit
    schema = staging_schema(manifest.schema)
    found = [pa.schema([schema.field(name) for name in names]).empty_table()]
    begin = 0
    for part in manifest.parts:
        if begin < last and begin + part.rows > first:
            with pq.ParquetFile(store.path(part.digest)) as file:
                found += rows_of_file(file, first - begin, last - begin, names)
        begin += part.rows
    return pa.concat_tables(found)


def rows_of_file(file: pq.ParquetFile, first: int, last: int, names: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of a file from ``first`` to before ``last``."""
    begin = 0
    for number in range(file.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if begin < last and begin + rows > first:
            group = file.read_row_group(number, columns=list(names), use_threads=False).select(list(names))
            start = max(first - begin, 0)
            yield group.slice(start, last - begin - start)
        begin += rows


def question_of(schema: Schema, window: Window) -> Query:
    """Return the question below the window: its conditions, and every column that the window looks at."""
    searched = [word.column for word in window.words if word.column]
    if any(not word.column for word in window.words):
        searched += searchable(schema)
    names = dict.fromkeys([*window.select, *(order.value.name for order in window.order_by), *searched])
    outputs = (Output(ColumnRef(name, schema[name].type), schema[name]) for name in names)
    return Query(outputs=tuple(outputs), where=window.conditions)


def window_statement(
    manifest: Manifest, window: Window, store: Store, limits: Limits, positions: Sequence[int]
) -> tuple[str, dict[str, Any]]:
    source = SnapshotSource(manifest, store, limits)
    inner, parameters = build_statement(source, question_of(manifest.schema, window), limit=None, places=positions)
    sorted_by = [order.value.name for order in window.order_by]
    shown = names_of(dict.fromkeys([*window.select, *([] if window.distinct else sorted_by)]))
    start = f"SELECT DISTINCT {shown}" if window.distinct else f"SELECT {shown}, {ROW}"
    statement = f"{start} FROM ({inner}) AS looked"
    conditions = []
    for number, word in enumerate(window.words):
        parameters[f"word_{number}"] = word.text
        columns = [word.column] if word.column else searchable(manifest.schema)
        conditions.append(holds_word(columns, f"word_{number}"))
    if conditions:
        statement += f" WHERE {' AND '.join(conditions)}"
    return statement, parameters


def searchable(schema: Schema) -> list[str]:
    return [column.name for column in schema.columns if column.type != "geometry"]


def holds_word(columns: Iterable[str], parameter: str) -> str:
    places = (f"contains(lower({identifier(name)}::VARCHAR), lower(${parameter}))" for name in columns)
    return f"({' OR '.join(places)})"


def order_of(window: Window, manifest: Manifest, positions: Sequence[int]) -> str:
    """Return the order; rows come in theirs by themselves unless they are sorted, made distinct or partly hidden."""
    parts = [
        f"{identifier(order.value.name)} {'DESC' if order.descending else 'ASC'} NULLS LAST"
        for order in window.order_by
    ]
    if window.distinct:
        named = {order.value.name for order in window.order_by}
        parts += [f"{identifier(name)} NULLS LAST" for name in window.select if name not in named]
    elif parts or window.is_backwards or not all(keeps_order(manifest, at) for at in positions):
        parts.append(f"{ROW} DESC" if window.is_backwards else ROW)
    return f"ORDER BY {', '.join(parts)}" if parts else ""
