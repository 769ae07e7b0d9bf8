"""The columns of a file of records, as the engine and Parquet know them: row number, typed columns, bounds of shapes."""

import pyarrow as pa

from catalog.records.parsers import PARSERS
from catalog.records.schema import Schema

ROW = "_row"
BOUNDS = ("_xmin", "_ymin", "_xmax", "_ymax")


def staging_schema(schema: Schema) -> pa.Schema:
    """Return the columns of a staging file: the row number in the answer, the typed columns, bounds of geometries."""
    fields = [pa.field(ROW, pa.int64())]
    fields += [pa.field(column.name, PARSERS[column.type].arrow) for column in schema.columns]
    if schema.geometry and not schema.geometry.is_point:
        fields += [pa.field(name, pa.float64()) for name in BOUNDS]
    return pa.schema(fields)


def content_names(schema: Schema) -> list[str]:
    """Return all columns of a part but the row number."""
    return [name for name in staging_schema(schema).names if name != ROW]
