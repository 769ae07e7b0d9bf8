"""Snapshots: immutable versions of a distribution's records, each an ordered list of Parquet parts.

``write_snapshot`` turns staged rows into a manifest (``manifest.py``) of parts (``parts.py``); the same rows on the same
previous snapshot give an equal manifest. Moving the published pointer is not done here (``catalog/publish.py``).
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import duckdb
import pyarrow as pa

from catalog.errors import BadSchema
from catalog.records.engine import Limits, connect, count, identifier, names_of
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, current_rows, read_parts
from catalog.records.parts import batches, is_full, write_parts
from catalog.records.schema import Schema
from catalog.records.staged import Staged
from catalog.records.store import Store
from catalog.text import Text

FOLD_PARTS = 16


class LoadMode(StrEnum):
    """How an answer joins what is published."""

    REPLACE = "replace"
    APPEND = "append"
    UPSERT = "upsert"


def write_snapshot(
    staged: Staged, store: Store, *, mode: LoadMode, previous: Manifest | None, limits: Limits
) -> Manifest:
    """Write the staged rows as parts and return the manifest of the new snapshot; equal to ``previous`` if nothing changed.

    Append and upsert refuse rows of another shape (columns, types, key or place) than the previous snapshot's: what to do
    then is a person's decision.
    """
    if mode is LoadMode.UPSERT and not staged.schema.key:
        raise BadSchema(
            where="primaryKey",
            reason=Text(ko="'upsert' 방식에는 키 열이 있어야 합니다", en="mode 'upsert' needs key columns"),
        )
    if mode is not LoadMode.REPLACE and previous is not None:
        refuse_other_shape(staged.schema, previous.schema)
    with connect((limits.spool, store.root), limits) as cursor:
        return WRITERS[mode](staged, store, previous, cursor, limits)


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
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Add the staged rows as parts of their own; parts that are there already are not added again."""
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    known = {part.digest for part in previous.parts}
    written = write_parts(sorted_rows(cursor, staged), staged.schema, store, limits)
    parts = tuple(part for part in written if part.digest not in known)
    added = sum(part.rows for part in parts)
    manifest = Manifest(schema=staged.schema, parts=previous.parts + parts, records=previous.records + added)
    end = min(len(previous.parts), len(manifest.parts) - FOLD_PARTS)
    return fold_small_parts(manifest, end, store, cursor, limits) if parts else manifest


def fold_small_parts(
    manifest: Manifest, end: int, store: Store, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Join the parts before ``end`` when many are not full.

    The last ones stay as they are, so that an answer that comes again soon is recognised; so do full ones at the start,
    so that no row is written again and again.
    """
    start = 0
    if not any(part.hides for part in manifest.parts):
        start = next((at for at, part in enumerate(manifest.parts) if not is_full(part)), end)
    if end - start < FOLD_PARTS:
        return manifest
    names = content_names(manifest.schema)
    relation, paths = read_parts(manifest, store, range(start, end), names)
    rows = cursor.sql(
        f"SELECT {names_of(names)} FROM ({relation}) AS old ORDER BY {arrival_order(manifest.schema)}",
        params=paths,
    )
    folded = tuple(write_parts(batches(rows), manifest.schema, store, limits))
    return Manifest(
        schema=manifest.schema,
        parts=manifest.parts[:start] + folded + manifest.parts[end:],
        records=manifest.records,
    )


def write_upsert(
    staged: Staged, store: Store, previous: Manifest | None, cursor: duckdb.DuckDBPyConnection, limits: Limits
) -> Manifest:
    """Add a part of the records that are new or changed; fold all parts into one when they have become many."""
    if previous is None:
        return write_replacement(staged, store, previous, cursor, limits)
    schema = staged.schema
    names = names_of(content_names(schema))
    same_key = " AND ".join(f"old.{identifier(name)} = new.{identifier(name)}" for name in schema.key)
    relation, paths = current_rows(previous, store)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS SELECT {names} FROM read_parquet($staged) "
        f"EXCEPT SELECT {names} FROM ({relation}) AS old "
        f"WHERE EXISTS (SELECT 1 FROM read_parquet($staged) AS new WHERE {same_key})",
        paths | {"staged": str(staged.path)},
    )
    changed = count(cursor, "changed", {})
    if not changed:
        return Manifest(schema=schema, parts=previous.parts, records=previous.records)
    replaced = count(cursor, f"({relation}) AS old WHERE EXISTS (SELECT 1 FROM changed AS new WHERE {same_key})", paths)
    records = previous.records + changed - replaced
    order = content_order(schema)
    if len(previous.parts) >= FOLD_PARTS or changed * 2 > previous.records:
        rows = cursor.sql(
            f"SELECT {names} FROM changed UNION ALL SELECT {names} FROM ({relation}) AS old "
            f"WHERE NOT EXISTS (SELECT 1 FROM changed AS new WHERE {same_key}) ORDER BY {order}",
            params=paths,
        )
        parts = tuple(write_parts(batches(rows), schema, store, limits))
    else:
        rows = cursor.sql(f"SELECT {names} FROM changed ORDER BY {order}")
        parts = previous.parts + tuple(write_parts(batches(rows), schema, store, limits, hides=True))
    return Manifest(schema=schema, parts=parts, records=records)


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


def arrival_order(schema: Schema) -> str:
    """Return the order of rows that have their number: as declared, else by key, else as they came."""
    return names_of((*(schema.sorted_by or schema.key), ROW))


def sorted_rows(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[pa.RecordBatch]:
    names = names_of(content_names(staged.schema))
    statement = f"SELECT {names} FROM read_parquet($path) ORDER BY {arrival_order(staged.schema)}"
    return batches(cursor.sql(statement, params={"path": str(staged.path)}))
