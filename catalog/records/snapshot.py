"""Snapshots: immutable versions of a distribution's records, each an ordered list of Parquet parts.

``write_snapshot`` turns staged rows into a manifest (``manifest.py``) of parts (``parts.py``); the same rows on the same
previous snapshot give an equal manifest. Many small parts are joined in ``fold.py``. Moving the published pointer is not
done here (``catalog/publish.py``).
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa

from catalog.errors import BadSchema
from catalog.records import fold
from catalog.records.engine import Limits, connect, names_of
from catalog.records.hidden import hidden_rows, keep_hidden
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, current_rows
from catalog.records.parts import batches, write_parts
from catalog.records.replaced import find_replaced
from catalog.records.schema import Schema
from catalog.records.staged import Staged
from catalog.records.store import Store
from catalog.text import Text


class LoadMode(StrEnum):
    """How an answer joins what is published."""

    REPLACE = "replace"
    APPEND = "append"
    UPSERT = "upsert"


def write_snapshot(
    staged: Staged,
    store: Store,
    *,
    mode: LoadMode,
    previous: Manifest | None,
    limits: Limits,
    is_part: bool = False,
) -> Manifest:
    """Write the staged rows as parts and return the manifest of the new snapshot; equal to ``previous`` if nothing changed.

    Append and upsert refuse rows of another shape (columns, types, key or place) than the previous snapshot's: what to do
    then is a person's decision. ``is_part`` says that the rows are new ones alone, not all that there is once more.
    """
    if mode is LoadMode.UPSERT and not staged.schema.key:
        raise BadSchema(
            where="primaryKey",
            reason=Text(ko="'upsert' 방식에는 키 열이 있어야 합니다", en="mode 'upsert' needs key columns"),
        )
    if mode is not LoadMode.REPLACE and previous is not None:
        refuse_other_shape(staged.schema, previous.schema)
    writer = partial(write_addition, is_part=True) if mode is LoadMode.APPEND and is_part else WRITERS[mode]
    with connect((store.root,), limits) as cursor:
        return writer(staged, store, previous, cursor, limits)


def refuse_other_shape(new: Schema, old: Schema) -> None:
    if shape(new) != shape(old):
        raise BadSchema(
            where="columns",
            reason=Text(
                ko="공개된 스냅숏과 열이 달라 덧붙일 수 없습니다. 한 번 'replace' 방식으로 전체를 다시 받으십시오",
                en="the columns differ from the published snapshot's, so rows cannot be added; pull everything once with mode 'replace'",
            ),
        )


def shape(schema: Schema) -> tuple[object, ...]:
    """Return what parts of one snapshot must have in common."""
    geometry = schema.geometry
    place = (geometry.longitude, geometry.latitude, geometry.column) if geometry else None
    return [(column.name, column.type) for column in schema.columns], schema.key, place


def write_replacement(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    parts = tuple(write_parts(sorted_rows(cursor, staged), staged.schema, store, limits))
    return Manifest(schema=staged.schema, parts=parts, records=staged.accepted)


def write_addition(
    staged: Staged,
    store: Store,
    previous: Manifest | None,
    cursor: duckdb.DuckDBPyConnection,
    limits: Limits,
    *,
    is_part: bool = False,
) -> Manifest:
    """Add the staged rows as parts of their own; parts that are there already are not added again.

    Where only new rows come (``is_part``) equal ones are others, so that a part may stand twice in a manifest.
    """
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    known = frozenset() if is_part else {part.digest for part in previous.parts}
    written = write_parts(sorted_rows(cursor, staged), staged.schema, store, limits)
    parts = tuple(part for part in written if part.digest not in known)
    added = sum(part.rows for part in parts)
    manifest = Manifest(schema=staged.schema, parts=previous.parts + parts, records=previous.records + added)
    end = min(len(previous.parts), len(manifest.parts) - fold.FOLD_PARTS)  # an answer that comes again is recognised
    return fold.fold_some(manifest, end, store, cursor, limits) if parts else manifest


def write_upsert(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Add parts of the records that are new or changed, and hide those that they replace."""
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    previous = Manifest(schema=staged.schema, parts=previous.parts, records=previous.records)
    if not staged.accepted:
        return previous
    if any(part.hides for part in previous.parts):
        previous = fold.rewrite(previous, store, cursor, limits)
    found = find_replaced(staged, previous, store)
    changed = staged.accepted - len(found.unchanged)
    if not changed:
        return previous
    records = previous.records + changed - sum(map(len, found.replaced.values()))
    kept = hide_rows(previous, found.replaced, store, limits)
    new = changed_rows(staged, found.unchanged)
    if changed * 2 > previous.records:
        relation, paths = current_rows(kept, store)
        cursor.register("_new", new)
        names = names_of(content_names(staged.schema))
        everything = f"SELECT {names} FROM _new UNION ALL SELECT {names} FROM ({relation}) AS old"
        rows = cursor.sql(f"{everything} ORDER BY {content_order(staged.schema)}", params=paths or None)
        parts = tuple(write_parts(batches(rows), staged.schema, store, limits))
        return Manifest(schema=staged.schema, parts=parts, records=records)
    parts = kept.parts + tuple(write_parts(sorted_changes(cursor, staged, new), staged.schema, store, limits))
    manifest = Manifest(schema=staged.schema, parts=parts, records=records)
    return fold.fold_some(manifest, len(parts), store, cursor, limits)


def changed_rows(staged: Staged, unchanged: np.ndarray) -> pa.RecordBatchReader:
    """Return the staged rows without those at some places."""
    reader = staged.read(content_names(staged.schema))

    def changed() -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in reader:
            begin, end = np.searchsorted(unchanged, [first, first + batch.num_rows])
            keep = np.ones(batch.num_rows, bool)
            keep[unchanged[begin:end] - first] = False
            yield batch if end == begin else batch.filter(pa.array(keep))
            first += batch.num_rows

    return pa.RecordBatchReader.from_batches(reader.schema, changed())


def sorted_changes(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, new: pa.RecordBatchReader
) -> Iterator[pa.RecordBatch]:
    """Yield new rows in the order of their content, whatever the order that they came in."""
    if staged.order.is_strict:
        yield from new
        return
    cursor.register("_new", new)
    yield from batches(cursor.sql(f"SELECT * FROM _new ORDER BY {content_order(staged.schema)}"))


def hide_rows(manifest: Manifest, replaced: Mapping[int, np.ndarray], store: Store, limits: Limits) -> Manifest:
    """Return the manifest with more rows hidden; a part that has no other rows is left out."""
    parts = []
    for at, part in enumerate(manifest.parts):
        if at in replaced:
            hidden = np.sort(np.concatenate([hidden_rows(part.hidden, store), replaced[at]]))
            if len(hidden) == part.rows:
                continue
            part = dataclasses.replace(part, hidden=keep_hidden(hidden, store, limits))
        parts.append(part)
    return Manifest(schema=manifest.schema, parts=tuple(parts), records=manifest.records)


WIDE = 512  # bytes of a row, from which on only what it is sorted by is sorted
GATHERED_BYTES = 32 * 2**20  # of wide rows that are fetched at once
PLACE = "_place"

WRITERS: Mapping[LoadMode, Callable[..., Manifest]] = {
    LoadMode.REPLACE: write_replacement,
    LoadMode.APPEND: write_addition,
    LoadMode.UPSERT: write_upsert,
}


def content_order(schema: Schema) -> str:
    """Return the order of rows that have lost their number: as declared, else by key; every column breaks ties."""
    first = schema.sorted_by or schema.key
    rest = [name for name in schema.names if name not in first]
    return names_of((*first, *rest))


def sorted_rows(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[pa.RecordBatch]:
    """Yield the staged rows in the order of the snapshot; those that came in it are only read."""
    names = content_names(staged.schema)
    if staged.order.is_kept:
        yield from staged.read(names)
        return
    if staged.bytes_a_row > WIDE:
        yield from gathered_rows(cursor, staged, names)
        return
    cursor.register("_staged", staged.read())
    statement = f"SELECT {names_of(names)} FROM _staged ORDER BY {fold.arrival_order(staged.schema)}"
    yield from batches(cursor.sql(statement))


def gathered_rows(cursor: duckdb.DuckDBPyConnection, staged: Staged, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield wide rows in the order of the snapshot: only what they are sorted by is sorted, the rest is fetched by place.

    The engine sorts a row with all its values, and some ten thousand rows of many long texts are more than it may hold.
    """
    schema = staged.schema
    by = [*(schema.sorted_by or schema.key), ROW]
    cursor.register("_staged", numbered(staged.read(by)))
    order = cursor.sql(f"SELECT {PLACE} FROM _staged ORDER BY {names_of(by)}").to_arrow_table().column(0).to_numpy()
    cursor.unregister("_staged")
    at_once = max(GATHERED_BYTES // staged.bytes_a_row, 1)
    with staged.opened() as file:
        ends = np.cumsum([0, *(file.get_batch(number).num_rows for number in range(file.num_record_batches))])
        for start in range(0, len(order), at_once):
            yield take_rows(file, ends, order[start : start + at_once], names)


def numbered(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Return rows with the place of each among all."""
    shape = reader.schema.append(pa.field(PLACE, pa.int64()))

    def with_places() -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in reader:
            places = pa.array(np.arange(first, first + batch.num_rows))
            yield pa.RecordBatch.from_arrays([*batch.columns, places], schema=shape)
            first += batch.num_rows

    return pa.RecordBatchReader.from_batches(shape, with_places())


def take_rows(
    file: pa.ipc.RecordBatchFileReader, ends: np.ndarray, places: np.ndarray, names: Sequence[str]
) -> pa.RecordBatch:
    """Return the rows at some places of a staging file, in their order; ``ends`` are where its batches end, from 0."""
    ascending = np.argsort(places, kind="stable")
    rising = places[ascending]
    bounds = np.searchsorted(rising, ends)
    pieces = [
        file.get_batch(number).select(list(names)).take(pa.array(rising[begin:end] - ends[number]))
        for number, (begin, end) in enumerate(itertools.pairwise(bounds))
        if begin < end
    ]
    back = np.empty(len(places), np.int64)
    back[ascending] = np.arange(len(places))
    return pa.Table.from_batches(pieces).take(pa.array(back)).combine_chunks().to_batches()[0]
