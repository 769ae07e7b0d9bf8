"""Answers a Statement over the manifests of its datasets: bounded in time, memory, rows and bytes."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from catalog.errors import TooExpensive
from catalog.records.engine import Limits, connect, deadline
from catalog.records.manifest import Manifest
from catalog.records.run import engine_errors
from catalog.records.schema import Schema
from catalog.records.sql.parse import Statement
from catalog.records.sql.refusal import bad_sql
from catalog.records.sql.rewrite import write_statement
from catalog.records.sql.shape import answer_schema, arrow_schema, shaped_batch
from catalog.records.store import Store
from catalog.text import Text

DEFAULT_ROWS = 1_000
MAXIMUM_ROWS = 100_000
MOST_BYTES = 256 * 2**20
BATCH_ROWS = 2_048
# What the engine says about a question that makes no sense to it; anything else is our fault.
MISTAKES = re.compile(
    r"(?:Binder|Catalog|Conversion|Invalid Input|Invalid Type|Not implemented|Out of Range|Parser|Syntax|Mismatch Type) Error: "
)
QUOTED = re.compile(r'"([^"]+)"')
PATH = re.compile(r"(?<![\w/])/\w[^\s'\"]*")
LONGEST_MESSAGE = 500


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
    text, parameters = write_statement(statement, manifests, store, limit=rows + 1)
    with (
        connect((store.root,), limits) as cursor,
        deadline(cursor, limits.seconds),
        engine_errors(limits),
        mistakes(statement),
    ):
        reader = cursor.sql(text, params=parameters or None).to_arrow_reader(BATCH_ROWS)
        schema = answer_schema(reader.schema)
        batches, size = [], 0
        for batch in reader:
            size += batch.nbytes
            if size > MOST_BYTES:
                raise too_large()
            batches.append(shaped_batch(batch, schema))
    table = pa.Table.from_batches(batches, arrow_schema(schema))
    return Rows(table.slice(0, rows), schema, table.num_rows > rows)


@contextmanager
def mistakes(statement: Statement) -> Iterator[None]:
    """Tell in the caller's names what the engine could not make sense of; a batch that is being read says it as an OSError."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        found = MISTAKES.search(str(error))
        if found is None:
            raise
        said = readable(str(error)[found.end() :], statement)
        named = (statement.places.get(name.lower()) for name in QUOTED.findall(said))
        place = next((place for place in named if place), None)
        raise bad_sql(Text(ko=f"엔진이 알린 것: {said}", en=f"the engine says: {said}"), place) from error


def readable(message: str, statement: Statement) -> str:
    """Return the engine's sentence without the statement that it shows, our names and anything like a path."""
    sentence = message.partition("\n\nLINE ")[0].partition('\n\nUse "SET')[0].partition("Did you mean")[0]
    return PATH.sub("…", " ".join(statement.in_callers_names(sentence).split()))[:LONGEST_MESSAGE]


def too_large() -> TooExpensive:
    size = MOST_BYTES // 2**20
    return TooExpensive(
        reason=Text(
            ko=f"답이 {size} MiB보다 큽니다. 열이나 행을 줄이십시오.",
            en=f"the answer is larger than {size} MiB; ask for fewer columns or rows",
        )
    )
