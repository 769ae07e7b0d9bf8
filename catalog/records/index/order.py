"""Which of the records found make a page, and in which order: by numbers in memory, not by the engine.

Everything that is sorted by has a number that sorts alike: a time, a value's rank among those of its key, a number
itself. Columns that have none, or miss values, are sorted by Arrow as long as they are few.
"""

import datetime as dt

import numpy as np
import pyarrow.compute as pc

from catalog.records.index.found import Found
from catalog.records.index.serving import Index
from catalog.records.layout import ROW
from catalog.records.query import Cursor, Order, Query
from catalog.records.schema import Schema

MOST_SORTED = 20_000
MOST_NARROWED = 400_000  # of which the first ones are found; the engine is quicker with more
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def choose(index: Index, schema: Schema, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return the positions of the records of one page in the question's order, None when that has to be scanned."""
    orders = query.order_by
    if not orders and index.meta.is_numbered:
        start = 0 if query.cursor is None else found.before(query.cursor.row + 1)
        return found.slice(start, start + limit)
    if orders and index.meta.by_time and orders[0].value.name == schema.time:
        block = block_by_time(index, query, found, limit)
        if block is not None and len(orders) == 1:
            return in_time_order(index, query, block, limit)
    elif orders and len(found) > max(4 * limit, 1000):
        block = narrowed(index, query, found, limit)
    else:
        block = found.slice(0, len(found)) if len(found) <= MOST_SORTED else None
    if block is None or len(block) > MOST_SORTED:
        return None
    return sort_and_cut(index, query, block, limit)


def block_by_time(index: Index, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return positions that hold the page, cut between times so that records of one time stay together; None if unsure."""
    times, order = index.times, query.order_by[0]
    timed = found.before(index.timed)
    start, stop = 0, timed
    if query.cursor is not None:
        value = query.cursor.values[0]
        if value is None:
            return None
        number = as_number(value, order.value.kind)
        first, after = (found.before(int(np.searchsorted(times, number, side))) for side in ("left", "right"))
        if order.descending:
            stop = after
        else:
            start = first
        limit += after - first  # the cursor's own time comes again
    if stop - start < limit:
        return found.slice(start, stop) if timed == len(found) else None  # what has no time would follow
    if order.descending:
        edge = times[int(found.positions[stop - limit])]
        return found.slice(found.before(int(np.searchsorted(times, edge))), stop)
    edge = times[int(found.positions[start + limit - 1])]
    return found.slice(start, found.before(int(np.searchsorted(times, edge, "right"))))


def in_time_order(index: Index, query: Query, block: np.ndarray, limit: int) -> np.ndarray | None:
    """Return a page sorted by time alone: positions of one time are in the order of their numbers already."""
    if query.order_by[0].descending:
        times = index.times[block]
        ties = len(times) > 1 and bool((times[1:] == times[:-1]).any())
        block = block[np.lexsort((block, -times))] if ties else block[::-1]
    start = 0
    if query.cursor is not None:
        start = place_of(numbers_of(index, block), query.cursor)
        if start is None:
            return None
    return block[start : start + limit]


def narrowed(index: Index, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return the positions that hold the page by what they are sorted by first, with all that equal the last of them."""
    if len(found) > MOST_NARROWED:
        return None
    order = query.order_by[0]
    keys = sort_key(index, order, found.positions)
    if keys is None:
        return found.slice(0, len(found)) if len(found) <= MOST_SORTED else None
    positions = found.slice(0, len(found))
    if query.cursor is not None:
        key = key_of_value(index, order, query.cursor.values[0])
        if key is None:
            return None
        following = keys >= key
        keys, positions = keys[following], positions[following]
        limit += int((keys == key).sum())
    if len(keys) <= limit:
        return positions
    return positions[keys <= np.partition(keys, limit - 1)[limit - 1]]


def sort_and_cut(index: Index, query: Query, block: np.ndarray, limit: int) -> np.ndarray | None:
    """Return the positions of a page out of those that hold it: in the question's order, after its cursor."""
    keys = [sort_key(index, order, block) for order in query.order_by]
    numbers = numbers_of(index, block)
    is_unknown = any(key is None for key in keys)
    order = sort_by_arrow(index, query, block) if is_unknown else np.lexsort((numbers, *reversed(keys)))
    start = 0
    if query.cursor is not None:
        start = place_of(numbers[order], query.cursor)
        if start is None:
            return None
    return block[order[start : start + limit]]


def sort_by_arrow(index: Index, query: Query, block: np.ndarray) -> np.ndarray:
    compared = [*dict.fromkeys(order.value.name for order in query.order_by), ROW]
    keys = [(order.value.name, "descending" if order.descending else "ascending", "at_end") for order in query.order_by]
    rows = index.rows(block, compared).combine_chunks()
    return pc.sort_indices(rows, sort_keys=[*keys, (ROW, "ascending", "at_end")]).to_numpy()


def place_of(numbers: np.ndarray, cursor: Cursor) -> int | None:
    """Return how many rows a cursor has behind it, None for one that this question was not given."""
    [*places] = np.flatnonzero(numbers == cursor.row)
    return int(places[0]) + 1 if places else None


def numbers_of(index: Index, positions: np.ndarray) -> np.ndarray:
    """Return the numbers of rows in the snapshot."""
    return positions if index.meta.is_numbered else index.numbers(ROW, positions)


def sort_key(index: Index, order: Order, positions: np.ndarray | range) -> np.ndarray | None:
    """Return numbers that sort as an order does, ascending; None where there are none or a value is missing."""
    name = order.value.name
    if name in index.keys:
        keys = index.keys[name]
        ranks = keys.ranks[positions.start : positions.stop] if isinstance(positions, range) else keys.ranks[positions]
        found = ranks.astype(np.int64)
        if len(found) and found.max() == len(keys.values):
            return None
    else:
        found = index.span(name, positions) if isinstance(positions, range) else index.numbers(name, positions)
        if found is None or (found.dtype.kind == "f" and np.isnan(found).any()):
            return None
    return flipped(found) if order.descending else found


def key_of_value(index: Index, order: Order, value: object) -> object | None:
    """Return the number of a cursor's value among those of ``sort_key``."""
    if value is None:
        return None
    name = order.value.name
    if name in index.keys:
        number = index.keys[name].rank(value)
        if number is None:
            return None
    else:
        number = as_number(value, order.value.kind) if isinstance(value, dt.date) else value
    return flipped(np.array([number]))[0] if order.descending else number


def flipped(numbers: np.ndarray) -> np.ndarray:
    """Return numbers that sort the other way round; the smallest whole number has no opposite, but a complement."""
    return -numbers if numbers.dtype.kind == "f" else ~numbers


def as_number(value: dt.date, kind: str) -> int:
    """Return days or microseconds since 1970."""
    if kind == "date":
        return (value - EPOCH.date()).days
    return (value - EPOCH) // dt.timedelta(microseconds=1)
