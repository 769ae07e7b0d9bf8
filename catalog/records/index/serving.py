"""Open indexes: a few of them are kept open in every process, read-only, whatever happens to their files meanwhile."""

import atexit
import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.ipc

from catalog.records.engine import Limits, open_table
from catalog.records.index.layout import BLOCK, META, NO_TIME, ROWS, TABLE, TIMES, Meta, folder_of
from catalog.records.index.positions import Cells, Grams, Keys, in_blocks, mapped
from catalog.records.index.views import Views, groups_of

CACHES = 4  # the engine's caches of all open tables together, in memory limits of one question
logger = logging.getLogger(__name__)


class Index:
    """One open index; its files may be removed meanwhile.

    What it reads is mapped, so that all processes share the memory. ``times`` are those of all rows as numbers,
    ascending, where the rows lie in their order; ``timed`` is how many rows have one.
    """

    def __init__(self, folder: Path, meta: Meta, limits: Limits) -> None:
        self.meta, self.limits = meta, limits
        self.file = pa.ipc.open_file(pa.memory_map(str(folder / ROWS)))
        self.blocks = [self.file.get_batch(number) for number in range(self.file.num_record_batches)]
        self.views = Views(self.blocks)
        self.times = mapped(folder / TIMES) if self.meta.by_time else np.array([], np.int64)
        self.timed = int(np.searchsorted(self.times, NO_TIME))
        self.keys = {name: Keys(folder, name) for name in self.meta.keys}
        self.texts = {name: Grams(folder, name) for name in self.meta.texts}
        self.cells = Cells(folder, self.meta.cell) if self.meta.cell else None
        self.table = open_table(folder / TABLE, limits)
        # What the engine may come to keep of the table: its blocks are not shared with other processes.
        self.cache = min((folder / TABLE).stat().st_size, limits.memory_mib * 2**20)

    def rows(self, positions: np.ndarray, names: Sequence[str]) -> pa.Table:
        """Return columns of the rows at ascending positions."""
        taken = []
        for number, inside in in_blocks(positions, BLOCK):
            block = self.blocks[number].select(list(names))
            if inside[-1] - inside[0] + 1 == len(inside):
                taken.append(block.slice(int(inside[0]), len(inside)))
            else:
                taken.append(block.take(pa.array(inside)))
        schema = pa.schema([self.file.schema.field(name) for name in names])
        return pa.Table.from_batches(taken, schema)

    def in_order(self, positions: np.ndarray, names: Sequence[str]) -> pa.Table:
        """Return columns of the rows at positions, in their order, whatever it is."""
        ascending = np.argsort(positions, kind="stable")
        rows = self.rows(positions[ascending], names)
        if (ascending[1:] > ascending[:-1]).all():
            return rows
        return rows.combine_chunks().take(pa.array(np.argsort(ascending)))

    def numbers(self, name: str, positions: np.ndarray) -> np.ndarray | None:
        """Return a column of numbers at positions in any order; None where one is missing or they are no numbers."""
        return self.views.numbers(name, groups_of(positions), len(positions))

    def span(self, name: str, positions: range) -> np.ndarray | None:
        """Return a column of numbers at positions that follow one another; None as ``numbers`` does."""
        return self.views.span(name, positions.start, positions.stop)

    def value(self, name: str, position: int) -> Any:  # noqa: ANN401
        """Return one value of a row."""
        return self.blocks[position // BLOCK].column(name)[position % BLOCK].as_py()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor on the table ``rows``; the engine keeps what it has read for all threads."""
        cursor = self.table.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@dataclass
class Indexes:
    """The indexes under a folder; those that were used last stay open, at most ``most`` and as their caches have room.

    One that an answer is still being read from is known in ``alive`` and found again: the engine opens a file only once.
    """

    root: Path
    limits: Limits
    most: int = 24
    opened: "OrderedDict[str, Index]" = field(default_factory=OrderedDict)
    alive: "weakref.WeakValueDictionary[str, Index]" = field(default_factory=weakref.WeakValueDictionary)

    def __post_init__(self) -> None:
        OPEN.append(self)

    def find(self, digest: str) -> Index | None:
        """Return the index of a snapshot, None when it has none."""
        with _lock:
            index = self.alive.get(digest) or self.open(folder_of(self.root, digest))
            if index is None:
                return None
            self.alive[digest] = self.opened[digest] = index
            self.opened.move_to_end(digest)
            while len(self.opened) > self.most or (len(self.opened) > 1 and self.cached > self.room):
                self.opened.popitem(last=False)  # closed when the last answer lets go of it
            return index

    def open(self, folder: Path) -> Index | None:
        """Return the index in a folder; None when it was removed at this moment, or is broken: the parts tell the same."""
        meta = Meta.find(folder)
        if meta is None:
            return None
        try:
            return Index(folder, meta, self.limits)
        except (OSError, EOFError, ValueError, duckdb.Error) as error:
            logger.warning("the index in %s cannot be used: %s", folder, error)
            return None

    @property
    def cached(self) -> int:
        return sum(index.cache for index in self.opened.values())

    @property
    def room(self) -> int:
        return CACHES * self.limits.memory_mib * 2**20

    def close(self) -> None:
        for index in self.alive.values():
            index.table.close()
        self.opened.clear()
        self.alive.clear()


def index_of(root: Path, digest: str) -> list[tuple[float, float]]:
    """Return when the index of a snapshot was built (seconds since 1970) and how long that took; nothing without one."""
    folder = folder_of(root, digest)
    meta = Meta.find(folder)
    try:
        return [((folder / META).stat().st_mtime, meta.seconds)] if meta else []
    except FileNotFoundError:  # removed at this moment
        return []


OPEN: list[Indexes] = []
_lock = threading.Lock()


def close_before_fork() -> None:
    """Close all tables: a child dies of one that it inherits (see ``engine.py``). None is opened until it is born."""
    _lock.acquire()
    for indexes in OPEN:
        indexes.close()


def close_at_exit() -> None:
    with _lock:
        for indexes in OPEN:
            indexes.close()


atexit.register(close_at_exit)
os.register_at_fork(before=close_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release)
