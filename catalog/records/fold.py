"""Folding: the rows of many small parts are written again as few large ones; what a reader sees stays the same.

Writing a snapshot folds a little, never so much that a source which appends every few seconds is held up. How much is
joined grows with what there is to join, so that every row is written again only as often as the logarithm of the number of
rows. A part counts by its visible rows: one that is mostly hidden is joined like a small one. Full parts are left as they
are: serving indexes hold no hidden rows, and the index of an older snapshot answers only for parts that stayed.
"""

from collections.abc import Sequence

import duckdb

from catalog.records.engine import Limits, names_of
from catalog.records.hidden import count_hidden
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, read_parts
from catalog.records.parts import PART_ROWS, batches, write_parts
from catalog.records.schema import Schema
from catalog.records.store import Store

FOLD_PARTS = 16  # so many small parts make it worth while
FOLD_RATIO = 3  # a part is joined with what comes after it when it is at most so many times as large
FOLD_ROWS = 200_000  # joined in a quarter of a second
LARGE_PARTS = 32  # of FOLD_ROWS; beyond, a write makes a full part of some of them when nobody did before


def fold_some(
    manifest: Manifest, end: int, store: Store, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Join small parts before ``end`` when they have become many, FOLD_ROWS rows at most."""
    if any(part.hides for part in manifest.parts):
        return rewrite(manifest, store, cursor, limits) if end >= FOLD_PARTS else manifest
    if end < FOLD_PARTS:
        return manifest
    chosen = choose_parts(visible_rows(manifest, store)[:end])
    return join_parts(manifest, *chosen, store, cursor, limits) if chosen else manifest


def choose_parts(sizes: Sequence[int]) -> tuple[int, int] | None:
    """Return from and up to where parts of these sizes are to be joined."""
    end = len(sizes)
    start = end
    while start and sizes[start - 1] * 2 < FOLD_ROWS:
        start -= 1
    if end - start >= FOLD_PARTS:
        at, total = end - 1, sizes[end - 1]
        while at > start and sizes[at - 1] <= total * FOLD_RATIO and total + sizes[at - 1] <= FOLD_ROWS:
            at -= 1
            total += sizes[at]
        return min(at, end - 2), end
    large = [at for at, size in enumerate(sizes[:start]) if size * 2 < PART_ROWS]
    if len(large) >= LARGE_PARTS:
        for at in large:
            if (joined := end_of_run(sizes[:start], at, most=PART_ROWS)) - at > 1:
                return at, joined
    return None


def end_of_run(sizes: Sequence[int], start: int, *, most: int) -> int:
    """Return up to where parts fit together into one with ``most`` rows."""
    end, total = start, 0
    while end < len(sizes) and total + sizes[end] <= most:
        total += sizes[end]
        end += 1
    return end


def visible_rows(manifest: Manifest, store: Store) -> list[int]:
    return [part.rows - count_hidden(part.hidden, store) for part in manifest.parts]


def join_parts(
    manifest: Manifest, start: int, end: int, store: Store, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Write the rows of some parts again, in the order in which they would lie had they come together."""
    names = content_names(manifest.schema)
    relation, paths = read_parts(manifest, store, range(start, end), names)
    rows = cursor.sql(
        f"SELECT {names_of(names)} FROM ({relation}) AS old ORDER BY {arrival_order(manifest.schema)}", params=paths
    )
    joined = tuple(write_parts(batches(rows), manifest.schema, store, limits))
    parts = manifest.parts[:start] + joined + manifest.parts[end:]
    return Manifest(schema=manifest.schema, parts=parts, records=manifest.records)


def rewrite(manifest: Manifest, store: Store, cursor: duckdb.DuckDBPyConnection, limits: Limits) -> Manifest:
    return join_parts(manifest, 0, len(manifest.parts), store, cursor, limits)


def arrival_order(schema: Schema) -> str:
    """Return the order of rows that have their number: as declared, else by key, else as they came."""
    return names_of((*(schema.sorted_by or schema.key), ROW))
