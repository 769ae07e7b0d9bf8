"""Open indexes: a few of them are kept open in every process, read-only, whatever happens to their files meanwhile."""

import atexit
import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from catalog.records.engine import Limits, connect, open_table
from catalog.records.index.columns import open_columns
from catalog.records.index.layout import META, NO_TIME, TABLE, TIMES, Meta, folder_of
from catalog.records.index.positions import Cells, Grams, Keys, Postings, mapped
from catalog.records.index.views import Views

CACHES = 4  # the engine's caches of all open tables together, in memory limits of one question
logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Index:
    """One index: open, its files may be removed meanwhile, or made in memory (``memory.py``), without a table of the engine.

    What it reads from files is mapped, so that all processes share the memory. ``times`` are those of all rows as numbers,
    ascending, where the rows lie in their order; ``timed`` is how many rows have one. The row at the first position has
    the number ``first_number`` where positions tell numbers. ``cache`` is what the engine may come to keep of the table,
    whose blocks are not shared with other processes.
    """

    meta: Meta
    batch: pa.RecordBatch
    times: np.ndarray
    keys: Mapping[str, Keys]
    texts: Mapping[str, Grams]
    cells: Cells | None
    table: duckdb.DuckDBPyConnection | None
    limits: Limits
    cache: int = 0
    first_number: int = 0

    @cached_property
    def views(self) -> Views:
        return Views(self.batch)

    @cached_property
    def timed(self) -> int:
        return self.first_at(NO_TIME)

    def first_at(self, time: int) -> int:
        """Return the first position with a time that is not earlier."""
        return int(np.searchsorted(self.times, time))

    def first_after(self, time: int) -> int:
        """Return the first position with a later time."""
        return int(np.searchsorted(self.times, time, "right"))

    @property
    def schema(self) -> pa.Schema:
        return self.batch.schema

    def rows(self, positions: np.ndarray, names: Sequence[str]) -> pa.Table:
        """Return columns of the rows at positions, in their order."""
        return pa.Table.from_batches([self.batch.select(list(names)).take(pa.array(positions))])

    def numbers(self, name: str, positions: np.ndarray) -> np.ndarray | None:
        """Return a column of numbers at positions in any order; None where one is missing or they are no numbers."""
        return self.views.numbers(name, positions)

    def span(self, name: str, positions: range) -> np.ndarray | None:
        """Return a column of numbers at positions that follow one another; None as ``numbers`` does."""
        return self.views.span(name, positions.start, positions.stop)

    def value(self, name: str, position: int) -> Any:  # noqa: ANN401
        """Return one value of a row."""
        return self.batch.column(name)[position].as_py()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor on the table ``rows``; the engine keeps what it has read for all threads."""
        if self.table is None:
            with connect((), self.limits) as cursor:
                yield cursor
            return
        cursor = self.table.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


def open_index(folder: Path, meta: Meta, limits: Limits) -> Index:
    """Open the index in a folder."""
    return Index(
        meta=meta,
        batch=open_columns(folder, meta.rows),
        times=mapped(folder / TIMES) if meta.by_time else np.array([], np.int64),
        keys={name: Keys.open(folder, name) for name in meta.keys},
        texts={name: Grams(Postings.open(folder, f"text-{name}")) for name in meta.texts},
        cells=Cells(Postings.open(folder, "cells"), meta.cell) if meta.cell else None,
        table=open_table(folder / TABLE, limits),
        limits=limits,
        cache=min((folder / TABLE).stat().st_size, limits.memory_mib * 2**20),
    )


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
            return open_index(folder, meta, self.limits)
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


@dataclass(frozen=True)
class Standing:
    """An index that stands: what it holds, when it was built (seconds since 1970), and how long that took."""

    meta: Meta
    built_at: float

    @property
    def seconds(self) -> float:
        return self.meta.seconds


def index_of(root: Path, digest: str) -> Standing | None:
    """Return what is known of the index of a snapshot without opening it; None without one."""
    folder = folder_of(root, digest)
    meta = Meta.find(folder)
    try:
        return Standing(meta, (folder / META).stat().st_mtime) if meta else None
    except FileNotFoundError:  # removed at this moment
        return None


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
