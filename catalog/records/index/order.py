"""Which of the records found make a page, and in which order: by numbers in memory, not by the engine.

Everything that is sorted by has a number that sorts alike: a time, a value's rank among those of its key, a number
itself. Columns that have none, or miss values, are sorted by Arrow as long as they are few.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from catalog.records.index.found import Found
from catalog.records.index.serving import Index
from catalog.records.layout import ROW
from catalog.records.query import Order, Query
from catalog.records.schema import Schema

MOST_SORTED = 20_000
MOST_NARROWED = 400_000  # of which the first ones are found; the engine is quicker with more
MOST_COUNTED = 100_000  # whole numbers from the least to the greatest
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Keys = Sequence[np.ndarray | None]


def choose(index: Index, schema: Schema, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return the positions of the records of one page in the question's order, None when that has to be scanned."""
    orders = query.order_by
    if not orders and index.meta.is_numbered:
        start = found_after(index, found, query)
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


def choose_at(index: Index, schema: Schema, query: Query, found: Found, offset: int, limit: int) -> np.ndarray | None:
    """Return the positions of the records from the ``offset``-th on in the question's order; None when that has to be scanned.

    In the order of time the ``offset``-th is found without a look at those before it.
    """
    orders, end = query.order_by, min(offset + limit, len(found))
    if end <= offset:
        return np.empty(0, np.int64)
    if not orders and index.meta.is_numbered:
        return found.slice(offset, end)
    low, high, skipped = 0, len(found), offset
    if orders and index.meta.by_time and orders[0].value.name == schema.time:
        timed = found.before(index.timed)
        if end > timed:
            return None
        is_descending = orders[0].descending
        first, last = (timed - end, timed - offset - 1) if is_descending else (offset, end - 1)
        low = found.before(index.first_at(index.times[found.at(first)]))
        high = found.before(index.first_after(index.times[found.at(last)]))
        skipped = offset - (timed - high if is_descending else low)
    if high - low > MOST_SORTED:
        return None
    block = sort_and_cut(index, query, found.slice(low, high), high - low)
    return None if block is None else block[skipped : skipped + end - offset]


def found_after(index: Index, found: Found, query: Query) -> int:
    """Return how many of the records a cursor has behind it, where they come in the order of their numbers."""
    return 0 if query.cursor is None else found.before(query.cursor.row + 1 - index.first_number)


def block_by_time(index: Index, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return positions that hold the page, cut between times so that records of one time stay together; None if unsure."""
    span = span_by_time(index, query, found, limit)
    if span is None:
        return None
    start, stop, first = span
    if stop - start < first:
        is_all = found.before(index.timed) == len(found)
        return found.slice(start, stop) if is_all else None  # what has no time would follow
    if query.order_by[0].descending:
        return found.slice(found.before(index.first_at(index.times[found.at(stop - first)])), stop)
    return found.slice(start, found.before(index.first_after(index.times[found.at(start + first - 1)])))


def span_by_time(index: Index, query: Query, found: Found, limit: int) -> tuple[int, int, int] | None:
    """Return between which of the positions a page begins and the records with a time end, and how many hold it.

    None for a page that begins where times are missing.
    """
    order, start, stop = query.order_by[0], 0, found.before(index.timed)
    if query.cursor is None:
        return start, stop, limit
    if query.cursor.values[0] is None:
        return None
    number = as_number(query.cursor.values[0], order.value.kind)
    first, after = found.before(index.first_at(number)), found.before(index.first_after(number))
    again = after - first  # the cursor's own time comes again
    return (start, after, limit + again) if order.descending else (first, stop, limit + again)


def in_time_order(index: Index, query: Query, block: np.ndarray, limit: int) -> np.ndarray | None:
    """Return a page sorted by time alone: positions of one time are in the order of their numbers already."""
    order = query.order_by[0]
    if order.descending:
        times = index.times[block]
        ties = len(times) > 1 and bool((times[1:] == times[:-1]).any())
        block = block[np.lexsort((block, -times))] if ties else block[::-1]
    start = 0
    if query.cursor is not None:
        times = index.times[block]
        start = cut_after(index, query, [~times if order.descending else times], numbers_of(index, block))
        if start is None:
            return None
    return block[start : start + limit]


def narrowed(index: Index, query: Query, found: Found, limit: int) -> np.ndarray | None:
    """Return the positions that hold the page by what they are sorted by first, with all that equal the last of them."""
    if len(found) > MOST_NARROWED:
        return None
    order = query.order_by[0]
    start, positions = (found.positions.start, None) if found.is_span else (0, found.slice(0, len(found)))
    keys = sort_key(index, order, found.positions if positions is None else positions)
    if keys is None:
        return found.slice(0, len(found)) if len(found) <= MOST_SORTED else None
    gone = np.empty(0, np.int64) if found.holes is None else found.holes - start
    follows, least = None, None
    if query.cursor is not None:
        least = key_of_value(index, order, query.cursor.values[0])
        if least is None:
            return None
        follows = keys >= least
        limit += int((keys == least).sum())
    edge = edge_of(keys, gone, least, limit)
    chosen = keys <= edge if follows is None else follows & (keys <= edge)
    chosen[gone] = False
    places = np.flatnonzero(chosen)
    return places + start if positions is None else positions[places]


def edge_of(keys: np.ndarray, gone: np.ndarray, least: float | None, limit: int) -> float:
    """Return a key that at least ``limit`` of the keys reach, not counting those ``gone`` and those below ``least``.

    Of whole numbers that are close together, as measured values are, it is found by counting: faster than by sorting.
    """
    low, high = keys.min().item(), keys.max().item()
    if keys.dtype.kind == "f" or high - low > MOST_COUNTED:
        kept = np.delete(keys, gone) if len(gone) else keys
        kept = kept if least is None else kept[kept >= least]
        return kept.max(initial=low) if len(kept) <= limit else np.partition(kept, limit - 1)[limit - 1]
    counts = np.bincount(keys - low, minlength=high - low + 1)
    counts -= np.bincount(keys[gone] - low, minlength=len(counts))
    if least is not None:
        counts[: max(int(least - low), 0)] = 0
    place = int(np.searchsorted(np.cumsum(counts), limit))
    return low + min(place, len(counts) - 1)


def sort_and_cut(index: Index, query: Query, block: np.ndarray, limit: int) -> np.ndarray | None:
    """Return the positions of a page out of those that hold it: in the question's order, after its cursor."""
    keys = [sort_key(index, order, block) for order in query.order_by]
    numbers = numbers_of(index, block)
    is_known = all(key is not None for key in keys)
    order = np.lexsort((numbers, *reversed(keys))) if is_known else sort_by_arrow(index, query, block)
    start = 0
    if query.cursor is not None:
        start = cut_after(index, query, [None if key is None else key[order] for key in keys], numbers[order])
        if start is None:
            return None
    return block[order[start : start + limit]]


def sort_by_arrow(index: Index, query: Query, block: np.ndarray) -> np.ndarray:
    compared = [*dict.fromkeys(order.value.name for order in query.order_by), ROW]
    keys = [(order.value.name, "descending" if order.descending else "ascending", "at_end") for order in query.order_by]
    rows = index.rows(block, compared).combine_chunks()
    return pc.sort_indices(rows, sort_keys=[*keys, (ROW, "ascending", "at_end")]).to_numpy()


def cut_after(index: Index, query: Query, keys: Keys, numbers: np.ndarray) -> int | None:
    """Return how many of sorted rows the cursor has behind it; None where that cannot be told."""
    cursor = query.cursor
    after = numbers > cursor.row
    for key, order, value in reversed(list(zip(keys, query.order_by, cursor.values, strict=True))):
        number = None if key is None else key_of_value(index, order, value)
        if number is None:
            [*places] = np.flatnonzero(numbers == cursor.row)
            return int(places[0]) + 1 if places else None
        after = (key > number) | ((key == number) & after)
    return len(numbers) - int(after.sum())


def numbers_of(index: Index, positions: np.ndarray) -> np.ndarray:
    """Return the numbers of rows in the snapshot."""
    return positions + index.first_number if index.meta.is_numbered else index.numbers(ROW, positions)


def sort_key(index: Index, order: Order, positions: np.ndarray | range) -> np.ndarray | None:
    """Return numbers that sort as an order does, ascending; None where there are none or a value is missing."""
    name = order.value.name
    if name in index.keys:
        keys = index.keys[name]
        ranks = keys.ranks[positions.start : positions.stop] if isinstance(positions, range) else keys.ranks[positions]
        if len(ranks) and ranks.max() == len(keys.values):
            return None
        found = 2 * ranks.astype(np.int64)  # between two of them there is room for a value that no row has
    else:
        found = index.span(name, positions) if isinstance(positions, range) else index.numbers(name, positions)
        if found is None or (found.dtype.kind == "f" and np.isnan(found).any()):
            return None
    return flipped(found) if order.descending else found


def key_of_value(index: Index, order: Order, value: object) -> int | float | None:
    """Return the number of a cursor's value among those of ``sort_key``."""
    if value is None:
        return None
    name = order.value.name
    if name in index.keys:
        place, is_there = index.keys[name].place_of(value)
        number = 2 * place if is_there else 2 * place - 1
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
