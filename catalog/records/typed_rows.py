"""Rows that come typed already, as the engine answers them: held against a schema's rules by column, never one by one.

A value keeps its type where the schema has the same one and every value of the block is good; all others become text and
are read by the rules for text (``tabulate.py``), which alone say what is refused and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalog.records.parsers import PARSERS
from catalog.records.schema import Column, Schema

WIDENED = {(pa.int64(), pa.float64())}


@dataclass(frozen=True)
class TypedRows:
    """A block of rows with the hub's types; shapes are WKB in WGS 84."""

    batch: pa.RecordBatch

    @property
    def rows(self) -> int:
        return self.batch.num_rows

    @property
    def names(self) -> list[str]:
        return self.batch.schema.names

    def columns(self, schema: Schema) -> list[pa.Array]:
        """Return the values of the declared columns, shapes as GeoJSON text; what is not there is empty."""
        absent = pa.nulls(self.rows, pa.string())
        return [self.told.get(column.source_name, absent) for column in schema.columns]

    def row(self, index: int) -> Mapping[str, Any]:
        """Return one row, to tell why it is refused."""
        return {name: values[index].as_py() for name, values in self.told.items()}

    @cached_property
    def told(self) -> dict[str, pa.Array]:
        return {
            name: shape_texts(values) if pa.types.is_binary(values.type) else values
            for name, values in zip(self.names, self.batch.columns, strict=True)
        }


def shape_texts(values: pa.Array) -> pa.Array:
    shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object))
    return pa.array(shapely.to_geojson(shapes), pa.string())


def keep_typed(values: pa.Array, column: Column, missing: Sequence[str], *, required: bool) -> pa.Array | None:
    """Return the values of a typed column when every one of them is good; None when they are to be read as text."""
    wanted = PARSERS[column.type].arrow
    if pa.types.is_string(values.type) or (values.type != wanted and (values.type, wanted) not in WIDENED):
        return None
    if column.enum or (required and values.null_count) or any(map(is_number, missing)):
        return None
    if column.minimum is not None or column.maximum is not None:
        bounds = pc.min_max(values)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        is_low = low is not None and column.minimum is not None and low < column.minimum
        if is_low or (high is not None and column.maximum is not None and high > column.maximum):
            return None
    return values.cast(wanted)


def as_texts(values: pa.Array) -> pa.Array:
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def is_number(text: str) -> bool:
    """Tell whether a text that means "missing" is a number, which a typed column holds as one."""
    try:
        float(text)
    except ValueError:
        return False
    return True
