"""Answers a Statement whole, batch by batch: for another snapshot, not for a caller who waits for an answer."""

from collections.abc import Callable, Collection, Iterator, Mapping

import pyarrow as pa

from catalog.records.engine import Limits
from catalog.records.manifest import Manifest
from catalog.records.sql.ask_engine import ask_engine
from catalog.records.sql.parse import Statement
from catalog.records.sql.rewrite import EVERY_COLUMN
from catalog.records.sql.shape import answer_schema, arrow_schema, shaped_batch
from catalog.records.sql.suppress import Suppression, check_emptied, hide_rows, is_own
from catalog.records.store import Store
from catalog.records.typed_rows import TypedRows

BATCH_ROWS = 20_000


def stream_sql(
    statement: Statement,
    manifests: Mapping[str, Manifest],
    store: Store,
    limits: Limits,
    *,
    suppression: Suppression | None = None,
    stopped: Callable[[], bool] | None = None,
    hidden: Callable[[int], None] = int,
    columns: Mapping[str, Collection[str]] = EVERY_COLUMN,
) -> Iterator[TypedRows]:
    """Yield all rows of an answer, at least one block, which may be empty; the time limit holds for the whole.

    When ``stopped`` says so the engine is interrupted, whatever it is at, as if its time were over. ``hidden`` hears how
    many rows of a block were suppressed; a column to be emptied that the answer does not have is refused before any.
    ``columns``: the only ones that there are, for datasets (by slug) that are not to be seen whole.
    """
    with ask_engine(
        statement, manifests, store, limits, rows=None, suppression=suppression, stopped=stopped, columns=columns
    ) as answer:
        reader = answer.to_arrow_reader(BATCH_ROWS)
        shown = pa.schema(field for field in reader.schema if suppression is None or not is_own(field.name))
        schema = answer_schema(shown)
        if suppression is not None:
            check_emptied(suppression, shown.names)
        yield TypedRows(pa.RecordBatch.from_pylist([], arrow_schema(schema)))
        for rows, number in hide_rows(reader, suppression) if suppression else ((batch, 0) for batch in reader):
            hidden(number)
            yield TypedRows(shaped_batch(rows, schema))
