"""What came later than an index: that of an older snapshot answers for a newer one, once it is known what changed since.

The parts that both begin with are in the index. Some of their rows may have been replaced since; what follows them is
little, or the index is not used: it is read once, kept in memory and indexed there. So live data need no new index for
each append.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from catalog.records.engine import Limits, connect
from catalog.records.hidden import hidden_rows
from catalog.records.index.layout import Meta
from catalog.records.index.memory import index_rows
from catalog.records.index.serving import Index
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, Part, read_parts
from catalog.records.store import Store

MOST_ROWS = 300_000  # replaced since, and as many added


@dataclass(frozen=True)
class Later:
    """Rows of the index from number ``until`` on are not those of the newer snapshot, nor are those in ``replaced``.

    ``holes`` are the positions of all these. ``added`` are the newer snapshot's other rows, with their numbers, and
    ``index`` is their own.
    """

    until: int
    replaced: pa.Table
    holes: np.ndarray
    added: pa.Table
    index: Index

    @property
    def weight(self) -> int:
        """About how many bytes it takes: its rows twice, as they came and in the index, and as much again to find them by."""
        return 3 * self.added.nbytes + self.replaced.nbytes + self.holes.nbytes


def what_came_later(manifest: Manifest, base: Index, store: Store, limits: Limits) -> Later | None:
    """Return what changed from the snapshot of an index to a newer one; None when it is too much, or another table."""
    meta, wanted = base.meta, content_names(manifest.schema)
    if base.schema.names != [*wanted, ROW] or meta.time != manifest.schema.time or any(p.hides for p in manifest.parts):
        return None
    if not is_little(manifest, meta):
        return None
    common = common_parts(manifest.parts, meta.parts)
    replaced = replaced_rows(manifest.parts[:common], meta.parts, store)
    if replaced is None or len(replaced) > MOST_ROWS:
        return None
    statement, parameters = read_parts(manifest, store, range(common, len(manifest.parts)), wanted)
    with connect((store.root,), limits) as cursor:
        added = cursor.sql(f"{statement} ORDER BY {ROW}", params=parameters or None).to_arrow_table()
    added = added.select([*wanted, ROW])
    if not added.schema.equals(base.schema):
        return None
    until = sum(part.rows for part in manifest.parts[:common])
    return Later(
        until=until,
        replaced=pa.table({ROW: pa.array(replaced, pa.int64())}),
        holes=positions_of(base, replaced, until),
        added=added,
        index=index_rows(added, manifest.schema, meta, limits),
    )


def is_little(manifest: Manifest, meta: Meta) -> bool:
    """Tell whether what was added since an index is little enough to be read beside it."""
    common = common_parts(manifest.parts, meta.parts)
    return common > 0 and sum(part.rows for part in manifest.parts[common:]) <= MOST_ROWS


def positions_of(base: Index, replaced: np.ndarray, until: int) -> np.ndarray:
    """Return the positions in an index of rows by their numbers, and of all from number ``until`` on; ascending."""
    rows = base.meta.rows
    if base.meta.is_numbered:
        return np.concatenate([np.sort(replaced), np.arange(until, rows)]).astype(np.int64)
    if not len(replaced) and until >= sum(count for _, count, _ in base.meta.parts):
        return np.empty(0, np.int64)
    numbers = base.span(ROW, range(rows)) if rows else np.empty(0, np.int64)
    is_gone = np.zeros(int(numbers.max(initial=0)) + 1, bool)
    is_gone[replaced] = True
    is_gone[until:] = True
    return np.flatnonzero(is_gone[numbers])


def common_parts(parts: Sequence[Part], indexed: Sequence[tuple[str, int, str]]) -> int:
    """Return how many parts at the beginning are the same files."""
    common = 0
    for part, (digest, _, _) in zip(parts, indexed, strict=False):
        if part.digest != digest:
            break
        common += 1
    return common


def replaced_rows(parts: Sequence[Part], indexed: Sequence[tuple[str, int, str]], store: Store) -> np.ndarray | None:
    """Return the numbers of the rows that were hidden since; None when one was shown again, as no writer does."""
    found, start = [np.empty(0, np.int64)], 0
    for part, (_, rows, hidden) in zip(parts, indexed, strict=False):
        if part.hidden != hidden:
            now, then = hidden_rows(part.hidden, store), hidden_rows(hidden, store)
            if len(np.setdiff1d(then, now, assume_unique=True)):
                return None
            found.append(np.setdiff1d(now, then, assume_unique=True) + start)
        start += rows
    return np.concatenate(found)
