"""Answers from positions: records of a key, of a span of time, in a box or with a word, without asking the engine.

A question is looked up when its conditions name positions (``FINDERS``) and what is left of them is few records; its
remaining conditions are then judged on these few alone (``judge.py``). Everything else is not looked up (None). Which of
the records make the page, and in which order, is told by ``order.py``.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from catalog.records.expressions import Call, ColumnRef, Expression, Value, conjuncts
from catalog.records.index.found import Found, Located
from catalog.records.index.judge import MOST_JUDGED, judge, judge_first
from catalog.records.index.order import as_number, choose, choose_at
from catalog.records.index.positions import UNCASED, in_both
from catalog.records.index.serving import Index
from catalog.records.prune import bounds_of
from catalog.records.query import Query
from catalog.records.schema import Schema
from catalog.records.statement import near_place

MOST_VALUES = 100  # of a list of keys


def look_up(
    index: Index, schema: Schema, query: Query, limit: int, holes: np.ndarray | None = None
) -> tuple[Located, int | None] | None:
    """Return the first ``limit`` records from the question's place on, None when they have to be scanned.

    The number of all comes with them where it is known. ``holes`` are positions that do not count any more.
    """
    if query.is_computed or query.latest_by or query.sample or not is_plain(query):
        return None
    found, rest = find(index, schema, conditions_of(query), holes)
    if rest:
        is_few = not found.is_span and len(found) <= MOST_JUDGED
        if not (is_few and query.exact_count):  # else all are judged anyway
            positions = judge_first(index, schema, query, found, rest, limit)
            if positions is not None:
                return Located(index, positions, query), None
        if not is_few:
            return None
        found = Found(judge(index, schema, found.slice(0, len(found)), rest))
    positions = choose(index, schema, query, found, limit)
    return None if positions is None else (Located(index, positions, query), len(found))


def look_up_at(index: Index, schema: Schema, query: Query, offset: int, limit: int) -> tuple[Located, int] | None:
    """Return the records from the ``offset``-th on and the number of all, None when they have to be scanned."""
    found, rest = find(index, schema, conditions_of(query), None)
    if rest:
        if found.is_span or len(found) > MOST_JUDGED:
            return None
        found = Found(judge(index, schema, found.slice(0, len(found)), rest))
    positions = choose_at(index, schema, query, found, offset, limit)
    return None if positions is None else (Located(index, positions, query), len(found))


def conditions_of(query: Query) -> list[Expression]:
    return [part for condition in query.where for part in conjuncts(condition)]


def is_plain(query: Query) -> bool:
    """Tell whether the answer's columns are columns of the records, and so is what it is sorted by."""
    values = [output.value for output in query.outputs] + [order.value for order in query.order_by]
    return all(isinstance(value, ColumnRef) for value in values)


def find(
    index: Index, schema: Schema, conditions: Sequence[Expression], holes: np.ndarray | None
) -> tuple[Found, list[Expression]]:
    """Return positions that hold all matching records, and the conditions that are still to be judged."""
    low, high, rest = span_of(index, schema, conditions)
    for finder in FINDERS:
        hits = [(*hit, condition) for condition in rest if (hit := finder(index, schema, condition)) is not None]
        if hits:
            hits.sort(key=lambda hit: len(hit[0]))
            positions = reduce(in_both, (hit[0] for hit in hits))
            done = [condition for _, is_exact, condition in hits if is_exact]
            first, last = np.searchsorted(positions, [low, high])
            return Found.but_for(positions[first:last], holes), [one for one in rest if one not in done]
    return Found.but_for(range(low, high), holes), rest


def span_of(index: Index, schema: Schema, conditions: Sequence[Expression]) -> tuple[int, int, list[Expression]]:
    """Return the positions between which the time lies, and the conditions that say something else."""
    low, high = 0, index.meta.rows
    if not index.meta.by_time:
        return low, high, list(conditions)
    kind = schema[schema.time].type
    rest = []
    for condition in conditions:
        bounds = list(bounds_of(condition))
        if (
            not bounds
            or not all(is_time_bound(bound, schema.time, kind) for bound in bounds)
            or not says_all(condition)
        ):
            rest.append(condition)
            continue
        high = min(high, index.timed)  # no time is in no span
        for _, operator, value in bounds:
            number = as_number(value, kind)
            if operator in ("eq", "gte", "gt"):
                low = max(low, int(np.searchsorted(index.times, number, "right" if operator == "gt" else "left")))
            if operator in ("eq", "lte", "lt"):
                high = min(high, int(np.searchsorted(index.times, number, "left" if operator == "lt" else "right")))
    return low, max(low, high), rest


def is_time_bound(bound: tuple[str, str, Any], time: str, kind: str) -> bool:
    name, operator, value = bound
    wanted = dt.datetime if kind == "datetime" else dt.date
    return name == time and operator != "in" and type(value) is wanted


def says_all(condition: Expression) -> bool:
    """Tell whether a condition is no more than its bounds: an open interval of CQL2 leaves out its ends."""
    return isinstance(condition, Call) and condition.operator != "t_during"


Positions = tuple[np.ndarray, bool]  # ascending, and whether all of them match


def find_by_key(index: Index, schema: Schema, condition: Expression) -> Positions | None:
    if not (isinstance(condition, Call) and condition.operator in ("eq", "in")):
        return None
    column, value = condition.arguments
    if not (isinstance(column, ColumnRef) and isinstance(value, Value) and column.name in index.meta.keys):
        return None
    if value.kind != column.kind:
        return None
    values = value.value if isinstance(value.value, tuple) else (value.value,)
    if len(values) > MOST_VALUES:
        return None
    runs = [index.keys[column.name].find(one) for one in dict.fromkeys(values)]
    return (runs[0] if len(runs) == 1 else np.sort(np.concatenate(runs))), True


def find_by_place(index: Index, schema: Schema, condition: Expression) -> Positions | None:
    near = near_place(condition)
    if near is None or index.cells is None:
        return None
    west, south, east, north = (side.value for side in near[1:])
    positions = index.cells.find(west, south, east, north)
    if positions is None or len(positions) > 5 * MOST_JUDGED:
        return None
    x, y = (index.numbers(name, positions) for name in (schema.geometry.longitude, schema.geometry.latitude))
    if x is None or y is None:
        return None
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return positions[inside], condition.operator == "in_box"


def find_by_text(index: Index, schema: Schema, condition: Expression) -> Positions | None:
    """Find rows by the pairs of letters of a word; the pairs of a longer word may stand apart, so that each row is judged."""
    if not (isinstance(condition, Call) and condition.operator in ("contains", "startswith")):
        return None
    column, value = condition.arguments
    if not (isinstance(column, ColumnRef) and isinstance(value, Value) and column.name in index.meta.texts):
        return None
    positions = index.texts[column.name].find(value.value)
    is_exact = condition.operator == "contains" and len(value.value) == 2 and bool(UNCASED.fullmatch(value.value))
    return None if positions is None else (positions, is_exact)


FINDERS: Sequence[Callable[[Index, Schema, Expression], Positions | None]] = (
    find_by_key,
    find_by_place,
    find_by_text,
)
