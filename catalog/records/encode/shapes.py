"""Geometries as other formats write them; within the hub they are WKB, or two columns of coordinates."""

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from catalog.records.encode.texts import join_rows, number_texts
from catalog.records.schema import Schema

WGS84 = "EPSG:4326"
POINT_HEAD = np.frombuffer(b"\x01\x01\x00\x00\x00", np.uint8)  # little endian, a point


def wkt_texts(values: pa.Array) -> pa.Array:
    return pa.array(shapely.to_wkt(shapes_of(values), rounding_precision=-1), pa.string())


def geojson_texts(values: pa.Array) -> pa.Array:
    return pa.array(shapely.to_geojson(shapes_of(values)), pa.string())


def shapes_of(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return shapely.from_wkb(np.array(values.to_pylist(), dtype=object))


def place_texts(batch: pa.RecordBatch, schema: Schema) -> pa.Array:
    """Return the place of each record as GeoJSON, missing where there is none."""
    geometry = schema.geometry
    if geometry is None:
        return pa.nulls(batch.num_rows, pa.string())
    if not geometry.is_point:
        return geojson_texts(batch.column(geometry.column))
    x, y = (number_texts(batch.column(name)) for name in (geometry.longitude, geometry.latitude))
    return join_rows(['{"type":"Point","coordinates":[', x, ",", y, "]}"])


def place_bytes(batch: pa.RecordBatch, schema: Schema) -> pa.Array:
    """Return the place of each record as WKB, missing where there is none."""
    geometry = schema.geometry
    if geometry is None:
        return pa.nulls(batch.num_rows, pa.binary())
    if not geometry.is_point:
        return batch.column(geometry.column)
    x, y = (batch.column(name) for name in (geometry.longitude, geometry.latitude))
    written = np.zeros((batch.num_rows, 21), np.uint8)
    written[:, :5] = POINT_HEAD
    written[:, 5:13] = little_endian(x)
    written[:, 13:] = little_endian(y)
    points = pa.FixedSizeBinaryArray.from_buffers(pa.binary(21), batch.num_rows, [None, pa.py_buffer(written)])
    return pc.if_else(pc.and_(x.is_valid(), y.is_valid()), points.cast(pa.binary()), None)


def little_endian(values: pa.Array) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False).astype("<f8").view(np.uint8).reshape(-1, 8)


def geoparquet_metadata(schema: Schema, crs: str) -> dict[bytes, bytes]:
    """Return what GeoParquet wants to know of a place that is one column; without a system it is WGS 84."""
    geometry = schema.geometry
    if geometry is None or geometry.is_point:
        return {}
    column = {"encoding": "WKB", "geometry_types": []} | ({} if crs == WGS84 else {"crs": projjson(crs)})
    geo = {"version": "1.1.0", "primary_column": geometry.column, "columns": {geometry.column: column}}
    return {b"geo": orjson.dumps(geo)}


def geoarrow_metadata(crs: str) -> dict[bytes, bytes]:
    """Return what makes a column of WKB a GeoArrow column for whoever knows this extension of Arrow."""
    told = {"crs": projjson("OGC:CRS84" if crs == WGS84 else crs), "crs_type": "projjson"}
    return {b"ARROW:extension:name": b"geoarrow.wkb", b"ARROW:extension:metadata": orjson.dumps(told)}


def projjson(crs: str) -> dict[str, object]:
    return pyproj.CRS(crs).to_json_dict()
