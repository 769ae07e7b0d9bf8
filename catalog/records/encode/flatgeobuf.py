"""FlatGeobuf: features with typed columns and their coordinate system, written by GDAL from Arrow batches.

Dates and date-times are ISO 8601 texts as in GeoJSON: GDAL would keep neither the offset nor the microseconds. There is
no spatial index: it would need all features in memory and leave out those without a place. The file is spooled, as its
header tells how many features there are.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyogrio.raw

from catalog.records.encode.csv import as_written_column, written_schema
from catalog.records.encode.options import Options
from catalog.records.encode.shapes import place_bytes
from catalog.records.encode.sink import chunks_of, spooled
from catalog.records.schema import Schema

PLACE = "_place"  # no column begins with an underscore


def encode_flatgeobuf(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    failures: list[BaseException] = []

    def write(path: Path) -> None:
        try:
            write_flatgeobuf(noting(batches, failures), schema, options.crs, str(path))
        except Exception as error:
            raise (failures or [error])[0] from None

    yield from chunks_of(spooled(options.spool, ".fgb", write))


def write_flatgeobuf(batches: Iterable[pa.RecordBatch], schema: Schema, crs: str, path: str) -> None:
    fields = field_schema(schema)
    reader = pa.RecordBatchReader.from_batches(fields, (fields_of(batch, schema, fields) for batch in batches))
    pyogrio.raw.write_arrow(
        reader,
        path,
        driver="FlatGeobuf",
        geometry_name=PLACE,
        geometry_type="Point" if schema.geometry and schema.geometry.is_point else "Unknown",
        crs=crs,
        SPATIAL_INDEX="NO",
    )


def field_schema(schema: Schema) -> pa.Schema:
    """Return the fields of a feature and its place; the geometry that is the place is no field beside it."""
    written = written_schema(schema)
    if schema.geometry and not schema.geometry.is_point:
        written = written.remove(written.get_field_index(schema.geometry.column))
    return written.append(pa.field(PLACE, pa.binary()))


def fields_of(batch: pa.RecordBatch, schema: Schema, fields: pa.Schema) -> pa.RecordBatch:
    columns = [as_written_column(batch.column(name), schema[name], neutral=False) for name in fields.names[:-1]]
    return pa.RecordBatch.from_arrays([*columns, place_bytes(batch, schema)], schema=fields)


def noting(batches: Iterable[pa.RecordBatch], failures: list[BaseException]) -> Iterator[pa.RecordBatch]:
    """Yield batches and note what they fail with: it would not come through GDAL as it is."""
    try:
        yield from batches
    except BaseException as error:
        failures.append(error)
        raise
