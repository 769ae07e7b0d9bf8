"""Writes the rows of a snapshot into the index's own table, in the order of time and then of their numbers.

A slice of the rows is sorted at a time: a sort of everything at once takes memory in proportion to the snapshot, and
over many wide parts the engine does not get by with less.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import duckdb

from catalog.records.engine import identifier
from catalog.records.layout import ROW, content_names
from catalog.records.manifest import Manifest, current_rows, keeps_order, read_parts
from catalog.records.prune import may_match
from catalog.records.store import Store

SLICE_ROWS = 2_000_000  # sorted at once: half a gigabyte of wide rows
Slice = tuple[Sequence[int], str, dict[str, Any]]  # positions of parts, what follows the statement, its parameters


def write_table(manifest: Manifest, store: Store, cursor: duckdb.DuckDBPyConnection) -> None:
    """Create ``built.rows`` with every visible row of the snapshot."""
    statement, parameters = current_rows(manifest, store)
    cursor.execute(f"CREATE TABLE built.rows AS SELECT * FROM ({statement}) AS records LIMIT 0", parameters)
    names = content_names(manifest.schema)
    slices = slices_of_time(manifest, store, cursor) if manifest.schema.time else slices_of_parts(manifest)
    for positions, rest, values in slices:
        statement, parameters = read_parts(manifest, store, positions, names)
        cursor.execute(f"INSERT INTO built.rows SELECT * FROM ({statement}) AS records {rest}", parameters | values)


def slices_of_parts(manifest: Manifest) -> Iterator[Slice]:
    """Yield the parts one by one: their rows follow each other as they are."""
    for position, part in enumerate(manifest.parts):
        if part.rows:
            yield [position], "" if keeps_order(manifest, position) else f"ORDER BY {ROW}", {}


def slices_of_time(manifest: Manifest, store: Store, cursor: duckdb.DuckDBPyConnection) -> Iterator[Slice]:
    """Yield spans of time, about as many rows in each; the rows without a time come last."""
    name, everything = manifest.schema.time, range(len(manifest.parts))
    column = identifier(name)
    for low, high in pairwise([None, *boundaries(manifest, store, cursor), None]):
        conditions, positions, values = [f"{column} IS NOT NULL"], list(everything), {}
        for bound, operator, sign in ((low, "gte", ">="), (high, "lt", "<")):
            if bound is not None:
                conditions.append(f"{column} {sign} ${operator}")
                positions = [at for at in positions if may_match(manifest.parts[at], name, operator, bound)]
                values[operator] = bound
        yield positions, f"WHERE {' AND '.join(conditions)} ORDER BY {column}, {ROW}", values
    yield everything, f"WHERE {column} IS NULL ORDER BY {ROW}", {}


def boundaries(manifest: Manifest, store: Store, cursor: duckdb.DuckDBPyConnection) -> list[Any]:
    """Return moments that cut the rows into slices, rising and all different; none when one slice is enough."""
    slices = -(-manifest.records // SLICE_ROWS)
    if slices < 2:
        return []
    name = manifest.schema.time
    statement, parameters = read_parts(manifest, store, range(len(manifest.parts)), [name])
    shares = ", ".join(f"{at / slices!r}" for at in range(1, slices))
    question = f"SELECT unnest(approx_quantile({identifier(name)}, [{shares}])) FROM ({statement}) AS records"
    [found] = cursor.sql(question, params=parameters).to_arrow_table().columns
    return sorted({moment for moment in found.to_pylist() if moment is not None})
