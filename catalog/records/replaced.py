"""What an upsert finds when it comes: which staged rows are published already, and which published rows the others replace.

Nearly all of the cost is reading the parts, so only their key columns are read whole, and of the other columns as many as
it takes to tell every pair apart. A table of bits passes over nearly all keys that are not among the staged ones.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.records.hidden import hidden_rows
from catalog.records.layout import content_names
from catalog.records.manifest import Manifest, Part
from catalog.records.staged import Staged
from catalog.records.store import Store

SLICE_ROWS = 500_000  # staged rows that are looked for at once: 32 bytes each and their key's texts
BITS_A_ROW = 32  # so that three in a hundred other keys are looked at closer
FEWEST_BITS = 16
MIX = np.uint64(0x9E3779B97F4A7C15)
Bounds = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Found:
    """Staged rows that are published already, by their place from 0; published rows that others replace, by part."""

    unchanged: np.ndarray
    replaced: Mapping[int, np.ndarray]


def find_replaced(staged: Staged, previous: Manifest, store: Store) -> Found:
    """Look for the staged keys in the parts and row groups that can have them."""
    unchanged = [np.empty(0, np.int64)]
    replaced: dict[int, list[np.ndarray]] = {}
    comparison = Comparison(staged)
    for batches, first in slices(staged):
        keys = Keys(staged.read(staged.schema.key, batches).read_all())
        pairs = {}
        for at, part in enumerate(previous.parts):
            if may_have(part.ranges, keys.bounds):
                pairs[at] = find_pairs(part, keys, comparison, batches, store)
        same = np.unique(np.concatenate([new[is_same] for _, new, is_same in pairs.values()] or [unchanged[0]]))
        for at, (old, new, _) in pairs.items():
            replaced.setdefault(at, []).append(old[~np.isin(new, same)])
        unchanged.append(same + first)
    found = {at: np.sort(np.concatenate(rows)) for at, rows in replaced.items()}
    return Found(np.concatenate(unchanged), {at: rows for at, rows in found.items() if rows.size})


def slices(staged: Staged) -> Iterator[tuple[range, int]]:
    """Yield which batches of the staged rows are looked for at once, and the place of their first row."""
    begin, first, rows = 0, 0, 0
    for number, batch in enumerate(staged.read([])):
        rows += batch.num_rows
        if rows >= SLICE_ROWS:
            yield range(begin, number + 1), first
            begin, first, rows = number + 1, first + rows, 0
    if rows:
        yield range(begin, number + 1), first


class Keys:
    """Staged keys to be found among others. Each column is a row of ``words``: numbers that are equal as the values are."""

    def __init__(self, rows: pa.Table) -> None:
        self.names = rows.column_names
        self.bounds = bounds_of(rows)
        self.texts: dict[str, pa.Array] = {}
        for name, column in zip(self.names, rows.columns, strict=True):
            if is_text(column.type):
                self.texts[name] = pc.unique(column)
        words = [self.words_of(name, rows.column(name).combine_chunks()) for name in self.names]
        hashes = mixed(words)
        self.order = np.argsort(hashes, kind="stable")
        self.hashes = hashes[self.order]
        self.words = [word[self.order] for word in words]
        starts = np.flatnonzero(np.concatenate([[True], self.hashes[1:] != self.hashes[:-1]]))
        self.longest = int(np.diff(np.append(starts, len(hashes))).max())  # of equal hashes; nearly always 1
        bits = max(FEWEST_BITS, (len(hashes) * BITS_A_ROW).bit_length())
        self.shift = np.uint64(64 - bits)
        self.known = np.zeros(1 << bits, bool)
        self.known[self.bits_of(hashes)] = True

    def bits_of(self, hashes: np.ndarray) -> np.ndarray:
        return (hashes >> self.shift).view(np.int64)  # signed numbers are faster to look up by

    def words_of(self, name: str, values: pa.Array) -> np.ndarray:
        """Return the number of each value; for texts their place among the staged ones, -1 where they are not there."""
        if name in self.texts:
            if not pa.types.is_dictionary(values.type):
                return places(values, self.texts[name])
            return places(values.dictionary, self.texts[name]).take(values.indices.to_numpy())
        if pa.types.is_floating(values.type):
            return (values.to_numpy() + 0.0).view(np.int64)  # -0 is 0
        if pa.types.is_date32(values.type):
            values = values.cast(pa.int32())
        return values.cast(pa.int64()).to_numpy(zero_copy_only=False)

    def find(self, words: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of keys that are staged, rising, and the places of their equals among the staged ones."""
        hashes = mixed(words)
        likely = np.flatnonzero(self.known.take(self.bits_of(hashes)))
        at = np.searchsorted(self.hashes, hashes[likely])
        found = []
        for _ in range(self.longest):
            inside = np.minimum(at, len(self.hashes) - 1)
            equal = at < len(self.hashes)
            for mine, theirs in zip(self.words, words, strict=True):
                equal &= mine[inside] == theirs[likely]
            found.append((likely[equal], self.order[inside[equal]]))
            at += 1
        if len(found) == 1:
            return found[0]
        old, new = (np.concatenate(places) for places in zip(*found, strict=True))
        order = np.argsort(old, kind="stable")
        return old[order], new[order]


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind)


def places(values: pa.Array, texts: pa.Array) -> np.ndarray:
    return pc.index_in(values, texts).fill_null(-1).to_numpy().astype(np.int64)


def mixed(words: Sequence[np.ndarray]) -> np.ndarray:
    """Return one number for the numbers of each row; its upper bits depend on all of theirs."""
    hashes = words[0].view(np.uint64) * MIX
    for word in words[1:]:
        hashes ^= hashes >> np.uint64(32)
        hashes ^= word.view(np.uint64)
        hashes *= MIX
    return hashes


def find_pairs(
    part: Part, keys: Keys, comparison: "Comparison", batches: range, store: Store
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the visible rows of a part that have staged keys, the staged rows of these keys, and which are the same."""
    path = store.path(part.digest)
    groups = RowGroups(pq.read_metadata(path), keys.bounds)
    with pq.ParquetFile(path, metadata=groups.metadata, read_dictionary=groups.with_dictionary) as file:
        table = file.read_row_groups(groups.chosen, keys.names, use_threads=False).select(keys.names)
        if any(is_text(column.type) for column in table.columns):
            table = table.combine_chunks()  # looked up in one go: each begins with a table of the staged texts
        found, begin = [(np.empty(0, np.int64), np.empty(0, np.int64))], 0
        for rows in table.to_batches():
            words = [keys.words_of(name, values) for name, values in zip(keys.names, rows.columns, strict=True)]
            old, new = keys.find(words)
            found.append((old + begin, new))
            begin += rows.num_rows
        old, new = (np.concatenate(places) for places in zip(*found, strict=True))
        rows_of_part = groups.rows_of_part(old)
        if part.hidden:
            seen = ~np.isin(rows_of_part, hidden_rows(part.hidden, store))
            old, new, rows_of_part = old[seen], new[seen], rows_of_part[seen]
        return rows_of_part, new, comparison.compare(file, groups.chosen, old, batches, new)


class RowGroups:
    """The row groups of a part that can have keys between bounds."""

    def __init__(self, metadata: pq.FileMetaData, bounds: Bounds) -> None:
        self.metadata = metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self.chosen = [number for number, group in enumerate(groups) if may_have(ranges_of_group(group), bounds)]
        sizes = np.array([group.num_rows for group in groups], np.int64)
        starts, kept = np.cumsum(sizes) - sizes, sizes[self.chosen]
        self.begins = np.cumsum(kept) - kept
        self.shifts = starts[self.chosen] - self.begins

    @property
    def with_dictionary(self) -> list[str]:
        """The columns of texts that are read faster with their dictionary, as they are written with one."""
        if not self.chosen:
            return []
        group = self.metadata.row_group(self.chosen[0])
        columns = [group.column(number) for number in range(group.num_columns)]
        return [
            column.path_in_schema
            for column in columns
            if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page
        ]

    def rows_of_part(self, places: np.ndarray) -> np.ndarray:
        """Return the row numbers in the part of rows counted over the chosen groups."""
        return places + self.shifts[np.searchsorted(self.begins, places, side="right") - 1] if len(places) else places


class Comparison:
    """Compares published rows with staged ones, column by column, the one first that told most of them apart before."""

    def __init__(self, staged: Staged) -> None:
        self.staged = staged
        self.names = [name for name in content_names(staged.schema) if name not in staged.schema.key]
        self.told: Counter[str] = Counter()

    def compare(
        self, file: pq.ParquetFile, groups: Sequence[int], old: np.ndarray, batches: range, new: np.ndarray
    ) -> np.ndarray:
        """Tell which rows are the same; a column is read only for those that are it in all columns before."""
        alike = np.arange(len(old))
        for name in sorted(self.names, key=lambda name: -self.told[name]):
            if not alike.size:
                break
            published = file.read_row_groups(groups, [name], use_threads=False).column(0)
            coming = self.staged.read([name], batches).read_all().column(0)
            equal = are_equal(rows_at(published, old[alike]), coming.take(pa.array(new[alike])).combine_chunks())
            self.told[name] += len(alike) - int(np.count_nonzero(equal))
            alike = alike[equal]
        same = np.zeros(len(old), bool)
        same[alike] = True
        return same


def rows_at(column: pa.ChunkedArray, places: np.ndarray) -> pa.Array:
    """Return the values at rising places, texts without their dictionary."""
    taken, begin = [], 0
    for chunk in column.chunks:
        first, last = np.searchsorted(places, [begin, begin + len(chunk)])
        values = chunk.take(pa.array(places[first:last] - begin))
        taken.append(values.dictionary_decode() if pa.types.is_dictionary(values.type) else values)
        begin += len(chunk)
    return pa.chunked_array(taken).combine_chunks()


def are_equal(ours: pa.Array, theirs: pa.Array) -> np.ndarray:
    """Tell which values are the same; a missing one is the same as a missing one."""
    equal = pc.fill_null(pc.equal(ours, theirs.cast(ours.type)), False)
    missing = pc.and_(pc.is_null(ours), pc.is_null(theirs))
    return pc.or_(equal, missing).to_numpy(zero_copy_only=False)


def bounds_of(rows: pa.Table) -> Bounds:
    """Return the least and the greatest value of each column."""
    found = {}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if not pa.types.is_binary(column.type):
            bounds = pc.min_max(column)
            found[name] = bounds["min"].as_py(), bounds["max"].as_py()
    return found


def ranges_of_group(group: pq.RowGroupMetaData) -> Bounds:
    columns = [group.column(number) for number in range(group.num_columns)]
    return {
        column.path_in_schema: (column.statistics.min, column.statistics.max)
        for column in columns
        if column.is_stats_set and column.statistics.has_min_max
    }


def may_have(ranges: Bounds | None, bounds: Bounds) -> bool:
    """Tell whether there can be a key between the bounds; a column without ranges may have any."""
    for name, (low, high) in bounds.items():
        least, greatest = (ranges or {}).get(name, (low, high))
        if isinstance(low, dt.date) and isinstance(least, str):  # in a part's ranges as ISO text
            least, greatest = type(low).fromisoformat(least), type(low).fromisoformat(greatest)
        if greatest < low or least > high:
            return False
    return True
