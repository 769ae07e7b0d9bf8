"""Repeated keys: of several records of an answer with one key all but one are refused."""

from typing import Literal

import numpy as np
import orjson
import pyarrow as pa

from catalog.records.engine import Limits, connect, count, identifier, names_of, text_literal
from catalog.records.layout import ROW
from catalog.records.schema import Schema
from catalog.records.staged import RefusedFile, Staged, open_staging
from catalog.records.tabulate import BLOCK_ROWS


def refuse_repeated_keys(staged: Staged, keep: Literal["first", "last"], limits: Limits) -> None:
    """Move all but one of the records that share a key to the refused ones."""
    if not staged.schema.key or not staged.accepted or staged.order.is_strict:
        return
    keys = names_of(staged.schema.key)
    direction = "ASC" if keep == "first" else "DESC"
    refused_before = staged.refused
    repeated_rows = [np.empty(0, np.int64)]
    with connect((), limits) as cursor, RefusedFile(staged) as refused:
        # Ranking the rows takes five times as long as telling that there is nothing to rank.
        cursor.register("_keys", staged.read(staged.schema.key))
        if not count(cursor, f"(SELECT {keys} FROM _keys GROUP BY ALL HAVING count(*) > 1)", {}):
            return
        cursor.register("_staged", staged.read())
        repeated = cursor.sql(
            f"SELECT {ROW}, concat_ws(', ', {keys}) AS _key, to_json({shown_record(staged.schema)}) AS _record FROM "
            f"(SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY {ROW} {direction}) AS _rank FROM _staged) "
            f"WHERE _rank > 1 ORDER BY {ROW}"
        )
        for batch in repeated.to_arrow_reader(BLOCK_ROWS):
            for row, key, record in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                refused.write(row, "duplicate-key", staged.schema.key[0], key[:200], orjson.loads(record))
            repeated_rows.append(batch.column(0).to_numpy())
    leave_out(staged, np.concatenate(repeated_rows))
    staged.accepted -= staged.refused - refused_before


def leave_out(staged: Staged, numbers: np.ndarray) -> None:
    """Write the staged rows again without those of rising numbers."""
    rest = staged.path.with_suffix(".rest")
    try:
        with open_staging(rest, staged.schema) as file:
            for batch in staged.read():
                rows = batch.column(ROW).to_numpy()
                places = np.minimum(np.searchsorted(numbers, rows), len(numbers) - 1)
                kept = batch.filter(pa.array(numbers[places] != rows))
                if kept.num_rows:
                    file.write_batch(kept)
        rest.replace(staged.path)
    finally:
        rest.unlink(missing_ok=True)


def shown_record(schema: Schema) -> str:
    """Return the expression of a record as it was typed, without geometries."""
    shown = [column.name for column in schema.columns if column.type != "geometry"]
    return "{" + ", ".join(f"{text_literal(name)}: {identifier(name)}" for name in shown) + "}"
