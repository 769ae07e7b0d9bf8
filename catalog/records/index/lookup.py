"""Answers from positions: records of a key, of a span of time, in a box or with a word, without asking the engine.

A question is looked up when its conditions name positions (``FINDERS``) and what is left of them is few records; its
remaining conditions are then judged by the engine on these few alone. Everything else is not looked up (None).
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.records.engine import deadline
from catalog.records.expressions import Call, ColumnRef, Expression, Value, columns_of, conjuncts
from catalog.records.index.serving import Index
from catalog.records.layout import BOUNDS, ROW
from catalog.records.prune import bounds_of
from catalog.records.query import Query
from catalog.records.schema import Schema
from catalog.records.statement import Writer, near_place

MOST_JUDGED = 20_000  # candidates that the engine judges one by one; more are left to a scan
MOST_SORTED = 20_000
MOST_VALUES = 100  # of a list of keys
LAST = np.iinfo(np.int64).max
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Found:
    """Positions of all records that match, ascending: an array, or a range of them without holes."""

    positions: np.ndarray | range

    def __len__(self) -> int:
        return len(self.positions)

    def slice(self, start: int, stop: int) -> np.ndarray:
        part = self.positions[max(start, 0) : max(stop, 0)]
        return np.arange(part.start, part.stop) if isinstance(part, range) else np.asarray(part)

    def within(self, low: int, high: int) -> "Found":
        """Return the positions from ``low`` to before ``high``."""
        if isinstance(self.positions, range):
            return Found(range(max(self.positions.start, low), max(min(self.positions.stop, high), low)))
        first, last = np.searchsorted(self.positions, [low, high])
        return Found(self.positions[first:last])

    def search(self, times: np.ndarray, time: int, side: str = "left") -> int:
        """Return how many of the positions have an earlier time (``right``: or this one)."""
        if isinstance(self.positions, range):
            low, high = self.positions.start, self.positions.stop
            return int(np.searchsorted(times[low:high], time, side))
        return int(np.searchsorted(times[self.positions], time, side))


def look_up(index: Index, schema: Schema, query: Query, limit: int) -> tuple[pa.Table, int] | None:
    """Return the first ``limit`` records from the question's place on and the number of all, None when it has to be scanned."""
    if query.is_computed or query.latest_by or query.sample or not is_plain(query):
        return None
    conditions = [part for condition in query.where for part in conjuncts(condition)]
    found, rest = find(index, schema, conditions)
    if rest:
        if isinstance(found.positions, range) or len(found) > MOST_JUDGED:
            return None
        found = Found(judge(index, schema, found.positions, rest))
    rows = choose(index, schema, query, found, limit)
    return None if rows is None else (named(rows, query), len(found))


def is_plain(query: Query) -> bool:
    """Tell whether the answer's columns are columns of the records, and so is what it is sorted by."""
    values = [output.value for output in query.outputs] + [order.value for order in query.order_by]
    return all(isinstance(value, ColumnRef) for value in values)


def named(rows: pa.Table, query: Query) -> pa.Table:
    """Return the rows with the names that a statement of the engine gives them."""
    columns = {output.name: rows.column(output.value.name) for output in query.outputs}
    columns |= {f"_order_{at}": rows.column(order.value.name) for at, order in enumerate(query.order_by)}
    return pa.table({**columns, ROW: rows.column(ROW)})


def in_order(index: Index, positions: np.ndarray, names: Sequence[str]) -> pa.Table:
    """Return rows in the order of their positions, whatever it is."""
    ascending = np.argsort(positions, kind="stable")
    rows = index.rows(positions[ascending], names)
    if (ascending[1:] > ascending[:-1]).all():
        return rows
    return rows.combine_chunks().take(pa.array(np.argsort(ascending)))


# --- which records


def find(index: Index, schema: Schema, conditions: Sequence[Expression]) -> tuple[Found, list[Expression]]:
    """Return positions that hold all matching records, and the conditions that are still to be judged."""
    low, high, rest = span_of(index, schema, conditions)
    for finder in FINDERS:
        for condition in rest:
            found = finder(index, schema, condition)
            if found is not None:
                positions, is_exact = found
                left = [other for other in rest if other is not condition or not is_exact]
                return Found(positions).within(low, high), left
    return Found(range(low, high)), rest


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
        high = min(high, int(np.searchsorted(index.times, LAST)))  # no time is in no span
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


def as_number(value: dt.date, kind: str) -> int:
    if kind == "date":
        return (value - EPOCH.date()).days
    return (value - EPOCH) // dt.timedelta(microseconds=1)


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
    places = index.rows(positions, [schema.geometry.longitude, schema.geometry.latitude])
    x, y = (np.asarray(column.to_numpy(), float) for column in places.columns)
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return positions[inside], condition.operator == "in_box"


def find_by_text(index: Index, schema: Schema, condition: Expression) -> Positions | None:
    """Find rows by the pairs of letters of a word; these pairs may also stand apart, so that each row is judged."""
    if not (isinstance(condition, Call) and condition.operator in ("contains", "startswith")):
        return None
    column, value = condition.arguments
    if not (isinstance(column, ColumnRef) and isinstance(value, Value) and column.name in index.meta.texts):
        return None
    positions = index.texts[column.name].find(value.value)
    return None if positions is None else (positions, False)


FINDERS: Sequence[Callable[[Index, Schema, Expression], Positions | None]] = (
    find_by_key,
    find_by_place,
    find_by_text,
)


def judge(index: Index, schema: Schema, positions: np.ndarray, conditions: Sequence[Expression]) -> np.ndarray:
    """Return those of the positions whose records meet conditions, as the engine sees them."""
    if len(positions) == 0:
        return positions
    names = [name for name in dict.fromkeys(needed(schema, conditions)) if name]
    rows = index.rows(positions, names).append_column("_at", pa.array(positions.astype(np.int64)))
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


# --- which of them, in which order


def choose(index: Index, schema: Schema, query: Query, found: Found, limit: int) -> pa.Table | None:
    """Return the records of one page, in the question's order."""
    orders = query.order_by
    names = list(dict.fromkeys([*(output.value.name for output in query.outputs), *(order.value.name for order in orders), ROW]))  # fmt: skip
    if not orders and not index.meta.by_time and index.meta.is_numbered:
        start = 0 if query.cursor is None else found_after(found, query.cursor.row)
        return index.rows(found.slice(start, start + limit), names)
    if orders and index.meta.by_time and orders[0].value.name == schema.time:
        block = block_by_time(index, query, found, limit)
    else:
        block = found.slice(0, len(found)) if len(found) <= MOST_SORTED else None
    if block is None or len(block) > MOST_SORTED:
        return None
    return sort_and_cut(index, query, block, limit, names)


def found_after(found: Found, position: int) -> int:
    """Return how many of the positions come before the one after ``position``."""
    if isinstance(found.positions, range):
        return min(max(position + 1 - found.positions.start, 0), len(found))
    return int(np.searchsorted(found.positions, position, "right"))


def block_by_time(index: Index, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return positions that hold the page, cut between times so that records of one time stay together; None if unsure."""
    times, descending = index.times, query.order_by[0].descending
    timed = found.search(times, LAST)
    start, stop = 0, timed
    if query.cursor is not None:
        value = query.cursor.values[0]
        if value is None:
            return None
        number = as_number(value, query.order_by[0].value.kind)
        if descending:
            stop = found.search(times, number, "right")
        else:
            start = found.search(times, number)
        limit += found.search(times, number, "right") - found.search(times, number)  # the cursor's own time comes again
    if stop - start < limit:
        return found.slice(start, stop) if timed == len(found) else None  # what has no time would follow
    if descending:
        edge = times[int(found.slice(stop - limit, stop - limit + 1)[0])]
        return found.slice(found.search(times, edge), stop)
    edge = times[int(found.slice(start + limit - 1, start + limit)[0])]
    return found.slice(start, found.search(times, edge, "right"))


def sort_and_cut(
    index: Index, query: Query, positions: np.ndarray, limit: int, names: Sequence[str]
) -> pa.Table | None:
    """Return the rows at positions in the question's order, those after its cursor, at most ``limit``."""
    is_small = len(positions) <= 4 * limit
    compared = [*dict.fromkeys(order.value.name for order in query.order_by), ROW]
    rows = index.rows(positions, names if is_small else compared).combine_chunks()
    keys = [(order.value.name, "descending" if order.descending else "ascending", "at_end") for order in query.order_by]
    order = pc.sort_indices(rows, sort_keys=[*keys, (ROW, "ascending", "at_end")]).to_numpy()
    start = 0
    if query.cursor is not None:
        place = np.flatnonzero(rows.column(ROW).to_numpy()[order] == query.cursor.row)
        if len(place) == 0:  # no cursor that this question was given
            return None
        start = int(place[0]) + 1
    chosen = order[start : start + limit]
    return rows.take(pa.array(chosen)) if is_small else in_order(index, positions[chosen], names)
