"""Which of a few rows meet conditions: simple ones are judged where the rows lie, all others by the engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.records.engine import deadline
from catalog.records.expressions import Call, ColumnRef, Expression, Value, columns_of
from catalog.records.index.found import Found
from catalog.records.index.order import found_after, in_time_order, span_by_time
from catalog.records.index.positions import UNCASED
from catalog.records.index.serving import Index
from catalog.records.layout import BOUNDS
from catalog.records.query import Query
from catalog.records.schema import Schema
from catalog.records.statement import Writer

COMPARISONS: Mapping[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "eq": np.equal,
    "lt": np.less,
    "lte": np.less_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
}
TEXTS: Mapping[str, Callable[[str], Callable[[str | None], bool]]] = {
    "eq": lambda value: lambda text: text == value,
    "contains": lambda value: lambda text: text is not None and value in text,
}
MOST_JUDGED = 20_000  # candidates that are judged one by one; more are left to a scan


def judge(index: Index, schema: Schema, positions: np.ndarray, conditions: Sequence[Expression]) -> np.ndarray:
    """Return those of the positions whose records meet conditions."""
    left = []
    for condition in conditions:
        kept = judge_here(index, positions, condition)
        if kept is None:
            left.append(condition)
        else:
            positions = positions[kept]
    return judge_by_engine(index, schema, positions, left) if left and len(positions) else positions


def judge_first(
    index: Index, schema: Schema, query: Query, found: Found, conditions: Sequence[Expression], limit: int
) -> np.ndarray | None:
    """Return the positions of a page by a look at no more records than it takes; None where that may be too many.

    That goes where the records come in the order that they lie in, or in that of time.
    """
    orders = query.order_by
    if not orders and index.meta.is_numbered:
        kept, first = walk_by_number(found, found_after(index, found, query), limit), limit
    elif len(orders) == 1 and index.meta.by_time and orders[0].value.name == schema.time:
        span = span_by_time(index, query, found, limit)
        if span is None:
            return None
        low, high, first = span
        kept = walk_by_time(index, found, low, high, first, is_backwards=orders[0].descending)
    else:
        return None
    judged, looked_at, number = [np.empty(0, np.int64)], 0, 0
    for chunk in kept:
        looked_at += len(chunk)
        if looked_at > MOST_JUDGED:
            return None
        judged.append(judge(index, schema, chunk, conditions))
        number += len(judged[-1])
        if number >= first:
            break
    else:
        if orders and found.before(index.timed) < len(found):
            return None  # what has no time would follow
    if not orders:
        return np.concatenate(judged)[:limit]
    return in_time_order(index, query, np.concatenate(judged[::-1] if orders[0].descending else judged), limit)


def walk_by_number(found: Found, start: int, first: int) -> Iterator[np.ndarray]:
    """Yield positions in steps that grow."""
    step = 4 * first
    while start < len(found):
        yield found.slice(start, start + step)
        start, step = start + step, 4 * step


def walk_by_time(
    index: Index, found: Found, low: int, high: int, first: int, *, is_backwards: bool
) -> Iterator[np.ndarray]:
    """Yield positions in steps that grow and never part records of one time, from the last on if ``is_backwards``."""
    times, step = index.times, 4 * first
    while low < high:
        if is_backwards:
            edge = max(found.before(index.first_at(times[found.at(max(high - step, low))])), low)
            yield found.slice(edge, high)
            high = edge
        else:
            edge = min(found.before(index.first_after(times[found.at(min(low + step, high) - 1)])), high)
            yield found.slice(low, edge)
            low = edge
        step *= 4


def judge_here(index: Index, positions: np.ndarray, condition: Expression) -> np.ndarray | None:
    """Return which rows meet a condition, None for what only the engine can tell."""
    if not (isinstance(condition, Call) and len(condition.arguments) == 2):
        return None
    column, value = condition.arguments
    if not (isinstance(column, ColumnRef) and isinstance(value, Value)):
        return None
    if condition.operator in COMPARISONS and type(value.value) in (int, float):
        numbers = index.numbers(column.name, positions)
        if numbers is None or (numbers.dtype.kind == "f" and np.isnan(numbers).any()):
            return None
        return COMPARISONS[condition.operator](numbers, value.value)
    if column.kind != "string" or type(value.value) is not str:
        return None
    if condition.operator == "eq" or (condition.operator == "contains" and UNCASED.fullmatch(value.value)):
        texts = index.views.plain(column.name, "string", positions)
        return None if texts is None else np.array(list(map(TEXTS[condition.operator](value.value), texts)), bool)
    return None


def judge_by_engine(index: Index, schema: Schema, positions: np.ndarray, conditions: Sequence[Expression]) -> np.ndarray:  # fmt: skip
    names = [name for name in dict.fromkeys(needed(schema, conditions)) if name]
    rows = index.rows(positions, names).append_column("_at", pa.array(positions))
    writer = Writer(schema)
    where = " AND ".join(writer.write(condition) for condition in conditions)
    with index.cursor() as cursor, deadline(cursor, index.limits):
        cursor.register("_few", rows)
        kept = cursor.sql(f"SELECT _at FROM _few WHERE {where} ORDER BY _at", params=writer.parameters or None)
        return kept.to_arrow_table().column(0).to_numpy()


def needed(schema: Schema, conditions: Sequence[Expression]) -> Iterator[str]:
    for name in columns_of(*conditions):
        yield name
        if schema.geometry and name == schema.geometry.column:
            yield from BOUNDS if name else (schema.geometry.longitude, schema.geometry.latitude)
