"""Erasing: records that must be nowhere any more, taken out of a snapshot's parts and kept out of what comes later.

Whom they are about is told by values of one or more columns, of which only a salted SHA-256 is kept (``Erased``): what was
erased does not live on in the note that it was. A row that later upserts replaced is still in the file of its part, so that
parts are looked through as they lie on disk.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from catalog.records import fold
from catalog.records.engine import Limits, connect, identifier, names_of
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, Part, read_parts
from catalog.records.parts import batches, write_parts
from catalog.records.schema import Schema
from catalog.records.staged import Staged, open_staging
from catalog.records.store import Store

ERASABLE = ("string", "integer")  # types whose values are written in one way only
BETWEEN = "\x1f"


@dataclass(frozen=True)
class Erased:
    """What is to be nowhere: rows whose values in ``columns``, in this order, have one of the digests."""

    columns: tuple[str, ...]
    salt: str
    digests: frozenset[str]

    def is_in(self, schema: Schema) -> bool:
        return all(name in schema and schema[name].type in ERASABLE for name in self.columns)


def digest_of_values(salt: str, values: Sequence[str]) -> str:
    return hashlib.sha256((salt + BETWEEN.join(values)).encode()).hexdigest()


def count_erasable(manifest: Manifest, erased: Erased, store: Store, limits: Limits) -> int:
    """Return how many records a reader of the snapshot sees that would go."""
    if not erased.is_in(manifest.schema):
        return 0
    statement, parameters = read_parts(manifest, store, range(len(manifest.parts)), erased.columns)
    return count(f"({statement})", erased, parameters, store, limits)


def erase_rows(manifest: Manifest, erased: Erased, store: Store, limits: Limits) -> tuple[Manifest, int]:
    """Return the manifest without those rows, in whatever part and however hidden, and how many a reader saw of them.

    Only parts that hold some are written again; the order of the others' rows stays.
    """
    if not erased.is_in(manifest.schema):
        return manifest, 0
    seen = count_erasable(manifest, erased, store, limits)
    if any(part.hides for part in manifest.parts):
        with connect((store.root,), limits) as cursor:
            manifest = fold.rewrite(manifest, store, cursor, limits)
    parts: list[Part] = []
    for at, part in enumerate(manifest.parts):
        path = {"part": str(store.path(part.digest))}
        if count("read_parquet($part)", erased, path, store, limits):
            parts += rest_of_part(manifest, at, erased, store, limits)
        else:
            parts.append(part)
    return replace(manifest, parts=tuple(parts), records=manifest.records - seen), seen


def rest_of_part(manifest: Manifest, at: int, erased: Erased, store: Store, limits: Limits) -> list[Part]:
    """Write the rows of a part that a reader sees again, without those that are erased."""
    names = content_names(manifest.schema)
    statement, parameters = read_parts(manifest, store, [at], names)
    kept = f"SELECT {names_of(names)} FROM ({statement}) AS old WHERE ({condition(erased)}) IS NOT TRUE ORDER BY {ROW}"
    with connect((store.root,), limits) as cursor:
        rows = cursor.sql(kept, params=parameters | values_of(erased))
        return list(write_parts(batches(rows), manifest.schema, store, limits))


def count(relation: str, erased: Erased, parameters: dict[str, object], store: Store, limits: Limits) -> int:
    statement = f"SELECT count(*) FROM {relation} AS held WHERE {condition(erased)}"
    with connect((store.root,), limits) as cursor:
        return cursor.execute(statement, parameters | values_of(erased)).fetchone()[0]


def condition(erased: Erased) -> str:
    told = [f"{identifier(name)}::VARCHAR" for name in erased.columns]
    return f"list_contains($digests, sha256($salt || {f' || chr({ord(BETWEEN)}) || '.join(told)}))"


def values_of(erased: Erased) -> dict[str, object]:
    return {"digests": sorted(erased.digests), "salt": erased.salt}


def leave_out_erased(staged: Staged, erased: Collection[Erased]) -> int:
    """Take out of an answer what was erased before and has come again; return how many rows."""
    wanted = [one for one in erased if one.is_in(staged.schema)]
    if not wanted:
        return 0
    rest, left = staged.path.with_suffix(".erased"), 0
    try:
        with open_staging(rest, staged.schema) as file:
            for batch in staged.read():
                keep = np.ones(batch.num_rows, bool)
                for one in wanted:
                    keep &= ~held_rows(batch, one)
                left += int(batch.num_rows - keep.sum())
                file.write_batch(batch if keep.all() else batch.filter(pa.array(keep)))
        if left:
            rest.replace(staged.path)
    finally:
        rest.unlink(missing_ok=True)
    staged.rows -= left
    staged.accepted -= left
    return left


def held_rows(batch: pa.RecordBatch, erased: Erased) -> np.ndarray:
    """Return which rows of a batch have the values of one of the digests."""
    columns = [batch.column(name).cast(pa.string()).to_pylist() for name in erased.columns]
    return np.fromiter(matches(zip(*columns, strict=True), erased), bool, batch.num_rows)


def matches(rows: Iterator[tuple[str | None, ...]], erased: Erased) -> Iterator[bool]:
    for values in rows:
        yield None not in values and digest_of_values(erased.salt, values) in erased.digests
