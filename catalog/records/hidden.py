"""Hidden rows: which rows of a part a later upsert has replaced, kept as a file of row numbers beside the part.

The file is named by its content like a part and never changes; a snapshot's manifest says which part it belongs to
(``Part.hidden``). Reading takes a bit for each row of the part, which costs next to nothing and keeps the rows' order.
"""

import functools
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.records.engine import Limits
from catalog.records.layout import ROW
from catalog.records.store import Store


def keep_hidden(rows: np.ndarray, store: Store, limits: Limits) -> str:
    """Keep the numbers of a part's hidden rows, in rising order, and return the name of their file."""
    path = limits.spool / f"hidden-{uuid.uuid4().hex}.parquet"
    try:
        pq.write_table(
            pa.table({ROW: pa.array(rows, pa.int64())}),
            path,
            compression="zstd",
            use_dictionary=False,
            column_encoding={ROW: "DELTA_BINARY_PACKED"},
        )
        return store.keep(path)
    finally:
        path.unlink(missing_ok=True)


def hidden_rows(digest: str, store: Store) -> np.ndarray:
    """Return the numbers of a part's hidden rows; ``digest`` is empty when there are none."""
    if not digest:
        return np.empty(0, np.int64)
    return pq.read_table(store.path(digest), use_threads=False).column(ROW).to_numpy()


def count_hidden(digest: str, store: Store) -> int:
    return pq.read_metadata(store.path(digest)).num_rows if digest else 0


def hidden_bits(digest: str, rows: int, store: Store) -> bytes:
    """Return a bit for each row of a part, set for those that are hidden."""
    return bits_of(store.path(digest), rows)


@functools.lru_cache(maxsize=64)  # of at most 125 KB each
def bits_of(path: Path, rows: int) -> bytes:
    bits = np.zeros(rows, bool)
    bits[pq.read_table(path, use_threads=False).column(ROW).to_numpy()] = True
    return np.packbits(bits).tobytes()
