"""Looking through records by offset, as tables on a screen do: rows ``offset`` to ``offset + limit`` and how many there are.

For clients of other hubs' APIs, which count rows. Ours pages by cursor (``run.py``): a deep offset costs what lies before
it, unless nothing is asked of the rows, when whole parts are stepped over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from catalog.records.engine import Limits, connect, count, deadline, identifier, names_of
from catalog.records.layout import ROW
from catalog.records.manifest import Manifest, has_hidden_rows
from catalog.records.query import Condition, Order, Query
from catalog.records.run import build_statement, engine_errors, relevant_parts
from catalog.records.schema import Schema
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
    conditions: tuple[Condition, ...] = ()
    words: tuple[Word, ...] = ()
    order_by: tuple[Order, ...] = ()
    is_backwards: bool = False  # by the row's number, the last first
    distinct: bool = False
    offset: int = 0
    limit: int = 100
    with_total: bool = True

    @property
    def asks_nothing(self) -> bool:
        return not (self.conditions or self.words or self.order_by or self.is_backwards or self.distinct)


@dataclass(frozen=True)
class Seen:
    """The rows of a window, their numbers in the snapshot from 1 on (none when distinct), and the number of all rows."""

    rows: pa.Table
    numbers: list[int] = field(default_factory=list)
    total: int | None = None


def look_through(manifest: Manifest, window: Window, store: Store, limits: Limits) -> Seen:
    """Return the rows of a window."""
    positions, skipped = step_over(manifest, window)
    statement, parameters = window_statement(manifest, window, store, positions)
    ordered = (
        f"{statement} {order_of(window, manifest, positions)} LIMIT {window.limit:d} OFFSET {window.offset - skipped:d}"
    )
    with connect((store.root,), limits) as cursor, deadline(cursor, limits.seconds), engine_errors(limits):
        rows = cursor.sql(ordered, params=parameters or None).to_arrow_table()
        total = None
        if window.with_total:
            plain = not (window.conditions or window.words or window.distinct)
            total = manifest.records if plain else count(cursor, f"({statement})", parameters)
    numbers = [] if window.distinct else [number + 1 for number in rows.column(ROW).to_pylist()]
    return Seen(rows.select(list(window.select)), numbers, total)


def step_over(manifest: Manifest, window: Window) -> tuple[list[int], int]:
    """Return the parts to read, and how many rows before them need not be: only when nothing is asked of the rows."""
    positions = relevant_parts(manifest, question_of(manifest.schema, window))
    skipped = 0
    if window.asks_nothing and not any(has_hidden_rows(manifest, position) for position in positions):
        while positions and skipped + manifest.parts[positions[0]].rows <= window.offset:
            skipped += manifest.parts[positions.pop(0)].rows
    return positions, skipped


def question_of(schema: Schema, window: Window) -> Query:
    """Return the question below the window: its conditions, and every column that the window looks at."""
    searched = [word.column for word in window.words if word.column]
    if any(not word.column for word in window.words):
        searched += searchable(schema)
    names = dict.fromkeys([*window.select, *(order.column for order in window.order_by), *searched])
    return Query(select=tuple(names), conditions=window.conditions)


def window_statement(
    manifest: Manifest, window: Window, store: Store, positions: Sequence[int]
) -> tuple[str, dict[str, Any]]:
    inner, parameters = build_statement(
        manifest, question_of(manifest.schema, window), store, limit=None, positions=positions
    )
    sorted_by = [order.column for order in window.order_by]
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
        f"{identifier(order.column)} {'DESC' if order.descending else 'ASC'} NULLS LAST" for order in window.order_by
    ]
    if window.distinct:
        named = {order.column for order in window.order_by}
        parts += [f"{identifier(name)} NULLS LAST" for name in window.select if name not in named]
    elif parts or window.is_backwards or any(has_hidden_rows(manifest, position) for position in positions):
        parts.append(f"{ROW} DESC" if window.is_backwards else ROW)
    return f"ORDER BY {', '.join(parts)}" if parts else ""
