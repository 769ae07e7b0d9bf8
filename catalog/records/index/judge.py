"""Which of a few rows meet conditions: simple ones are judged where the rows lie, all others by the engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.records.engine import deadline
from catalog.records.expressions import Call, ColumnRef, Expression, Value, columns_of
from catalog.records.index.found import Found
from catalog.records.index.positions import UNCASED
from catalog.records.index.serving import Index
from catalog.records.index.views import groups_of
from catalog.records.layout import BOUNDS
from catalog.records.schema import Schema
from catalog.records.statement import Writer

COMPARISONS: Mapping[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "eq": np.equal,
    "lt": np.less,
    "lte": np.less_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
}


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
    index: Index, schema: Schema, found: Found, conditions: Sequence[Expression], limit: int
) -> np.ndarray:
    """Return the first ``limit`` of the positions whose records meet conditions, without a look at many more."""
    kept, start, step = [np.empty(0, np.int64)], 0, 4 * limit
    while start < len(found) and sum(map(len, kept)) < limit:
        kept.append(judge(index, schema, found.slice(start, start + step), conditions))
        start, step = start + step, 4 * step
    return np.concatenate(kept)[:limit]


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
    if condition.operator == "contains" and column.kind == "string" and UNCASED.fullmatch(value.value):
        return holds_word(index, positions, column.name, value.value)
    return None


def holds_word(index: Index, positions: np.ndarray, name: str, word: str) -> np.ndarray | None:
    texts = index.views.plain(name, "string", groups_of(positions), len(positions))
    return None if texts is None else np.array([text is not None and word in text for text in texts], bool)


def judge_by_engine(index: Index, schema: Schema, positions: np.ndarray, conditions: Sequence[Expression]) -> np.ndarray:  # fmt: skip
    names = [name for name in dict.fromkeys(needed(schema, conditions)) if name]
    rows = index.rows(positions, names).append_column("_at", pa.array(positions))
    writer = Writer(schema)
    where = " AND ".join(writer.write(condition) for condition in conditions)
    with index.cursor() as cursor, deadline(cursor, index.limits.seconds):
        cursor.register("_few", rows)
        kept = cursor.sql(f"SELECT _at FROM _few WHERE {where} ORDER BY _at", params=writer.parameters or None)
        return kept.to_arrow_table().column(0).to_numpy()


def needed(schema: Schema, conditions: Sequence[Expression]) -> Iterator[str]:
    for name in columns_of(*conditions):
        yield name
        if schema.geometry and name == schema.geometry.column:
            yield from BOUNDS if name else (schema.geometry.longitude, schema.geometry.latitude)
