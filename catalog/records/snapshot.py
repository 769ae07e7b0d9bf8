"""Snapshots: immutable versions of a distribution's records, each an ordered list of Parquet parts.

``write_snapshot`` turns staged rows into a manifest (``manifest.py``) of parts (``parts.py``); the same rows on the same
previous snapshot give an equal manifest. Many small parts are joined in ``fold.py``. Moving the published pointer is not
done here (``catalog/publish.py``).
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import BadSchema
from catalog.records import fold
from catalog.records.engine import Limits, connect, identifier, names_of
from catalog.records.hidden import hidden_rows, keep_hidden
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, Part, current_rows
from catalog.records.parts import ROW_GROUP_ROWS, batches, write_parts
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
    found = find_replaced(staged, previous, store, cursor)
    changed = staged.accepted - len(found.unchanged)
    if not changed:
        return previous
    cursor.register("_unchanged", pa.table({ROW: found.unchanged}))
    names = names_of(content_names(staged.schema))
    new = f"SELECT {names} FROM read_parquet($staged) WHERE {ROW} NOT IN (SELECT {ROW} FROM _unchanged)"
    parameters: dict[str, Any] = {"staged": str(staged.path)}
    records = previous.records + changed - sum(map(len, found.replaced.values()))
    kept = hide_rows(previous, found.replaced, store, limits)
    order = content_order(staged.schema)
    if changed * 2 > previous.records:
        relation, paths = current_rows(kept, store)
        rows = cursor.sql(
            f"{new} UNION ALL SELECT {names} FROM ({relation}) AS old ORDER BY {order}", params=parameters | paths
        )
        parts = tuple(write_parts(batches(rows), staged.schema, store, limits))
        return Manifest(schema=staged.schema, parts=parts, records=records)
    rows = cursor.sql(f"{new} ORDER BY {order}", params=parameters)
    parts = kept.parts + tuple(write_parts(batches(rows), staged.schema, store, limits))
    manifest = Manifest(schema=staged.schema, parts=parts, records=records)
    return fold.fold_some(manifest, len(parts), store, cursor, limits)


@dataclass(frozen=True)
class Found:
    """Staged rows that are published already, and the published rows that the other staged rows replace, by part."""

    unchanged: np.ndarray
    replaced: Mapping[int, np.ndarray]


def find_replaced(staged: Staged, previous: Manifest, store: Store, cursor: duckdb.DuckDBPyConnection) -> Found:
    """Look for the staged keys in the parts that can have them; the engine passes over most of their row groups."""
    schema = staged.schema
    same_key = " AND ".join(f"old.{identifier(name)} = new.{identifier(name)}" for name in schema.key)
    rest = [name for name in content_names(schema) if name not in schema.key]
    same = " AND ".join(f"old.{identifier(name)} IS NOT DISTINCT FROM new.{identifier(name)}" for name in rest)
    source = {"staged": str(staged.path)}
    bounds = key_bounds(cursor, schema, source)
    matches = {}
    for at, part in enumerate(previous.parts):
        if not may_have(part, bounds):
            continue
        found = cursor.sql(
            f"SELECT old.file_row_number AS old, new.{ROW} AS new, {same or 'true'} AS same "
            f"FROM read_parquet($part, file_row_number = true) AS old JOIN read_parquet($staged) AS new ON {same_key}",
            params=source | {"part": str(store.path(part.digest))},
        ).to_arrow_table()
        old, new, same_rows = (found.column(name).to_numpy() for name in ("old", "new", "same"))
        seen = ~np.isin(old, hidden_rows(part.hidden, store))
        matches[at] = old[seen], new[seen], same_rows[seen]
    unchanged = np.unique(np.concatenate([new[same] for _, new, same in matches.values()] or [np.empty(0, np.int64)]))
    replaced = {at: np.sort(old[~np.isin(new, unchanged)]) for at, (old, new, _) in matches.items()}
    return Found(unchanged, {at: rows for at, rows in replaced.items() if rows.size})


def key_bounds(
    cursor: duckdb.DuckDBPyConnection, schema: Schema, source: Mapping[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Return the least and the greatest value of each key column among the staged rows."""
    columns = [identifier(name) for name in schema.key]
    shown = ", ".join(f"min({name}), max({name})" for name in columns)
    table = cursor.sql(f"SELECT {shown} FROM read_parquet($staged)", params=source).to_arrow_table()
    values = [column[0].as_py() for column in table.columns]
    return {name: (values[at * 2], values[at * 2 + 1]) for at, name in enumerate(schema.key)}


def may_have(part: Part, bounds: Mapping[str, tuple[Any, Any]]) -> bool:
    """Tell whether a part can have a key between the bounds; a column without ranges may have any."""
    for name, (low, high) in bounds.items():
        if name not in (part.ranges or {}):
            continue
        least, greatest = part.ranges[name]
        if isinstance(low, dt.date):  # in ranges as ISO text
            least, greatest = type(low).fromisoformat(least), type(low).fromisoformat(greatest)
        if greatest < low or least > high:
            return False
    return True


def hide_rows(manifest: Manifest, replaced: Mapping[int, np.ndarray], store: Store, limits: Limits) -> Manifest:
    """Return the manifest with more rows hidden; a part that has no other rows is left out."""
    parts = []
    for at, part in enumerate(manifest.parts):
        if at in replaced:
            hidden = np.union1d(hidden_rows(part.hidden, store), replaced[at])
            if len(hidden) == part.rows:
                continue
            part = dataclasses.replace(part, hidden=keep_hidden(hidden, store, limits))
        parts.append(part)
    return Manifest(schema=manifest.schema, parts=tuple(parts), records=manifest.records)


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
        with pq.ParquetFile(staged.path) as file:
            yield from file.iter_batches(ROW_GROUP_ROWS, columns=names)
        return
    statement = f"SELECT {names_of(names)} FROM read_parquet($path) ORDER BY {fold.arrival_order(staged.schema)}"
    yield from batches(cursor.sql(statement, params={"path": str(staged.path)}))
