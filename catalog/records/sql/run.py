"""Answers a Statement over the manifests of its datasets: bounded in time, memory, rows and bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from catalog.errors import TooExpensive
from catalog.records.engine import Limits
from catalog.records.manifest import Manifest
from catalog.records.schema import Schema
from catalog.records.sql.ask_engine import ask_engine
from catalog.records.sql.parse import Statement
from catalog.records.sql.shape import answer_schema, arrow_schema, shaped_batch
from catalog.records.store import Store
from catalog.text import Text

DEFAULT_ROWS = 1_000
MAXIMUM_ROWS = 100_000
MOST_BYTES = 256 * 2**20
BATCH_ROWS = 2_048


@dataclass(frozen=True)
class Rows:
    """An answer; ``truncated``: there are more rows than were asked for."""

    rows: pa.Table
    schema: Schema
    truncated: bool


def run_sql(
    statement: Statement, manifests: Mapping[str, Manifest], store: Store, limits: Limits, *, rows: int
) -> Rows:
    """Answer with at most ``rows`` rows; ``manifests`` holds the snapshot of each of the statement's datasets."""
    with ask_engine(statement, manifests, store, limits, rows=rows) as answer:
        reader = answer.to_arrow_reader(BATCH_ROWS)
        schema = answer_schema(reader.schema)
        batches, size = [], 0
        for batch in reader:
            size += batch.nbytes
            if size > MOST_BYTES:
                raise too_large()
            batches.append(shaped_batch(batch, schema))
    table = pa.Table.from_batches(batches, arrow_schema(schema))
    return Rows(table.slice(0, rows), schema, table.num_rows > rows)


def too_large() -> TooExpensive:
    size = MOST_BYTES // 2**20
    return TooExpensive(
        reason=Text(
            ko=f"답이 {size} MiB보다 큽니다. 열이나 행을 줄이십시오.",
            en=f"the answer is larger than {size} MiB; ask for fewer columns or rows",
        )
    )
