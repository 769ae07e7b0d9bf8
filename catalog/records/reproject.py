"""Places in another coordinate system: the way back of ``places.py``, which brought them to WGS 84."""

import functools
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from pyproj.enums import TransformDirection

from catalog.records.schema import Schema

SHIFTED = frozenset({"EPSG:5174"})  # on another datum (Bessel) than WGS 84
Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)


def reproject(rows: Rows, schema: Schema, crs: str) -> Rows:
    """Return rows with their places in ``crs``: x east, y north, metres where the system is projected.

    Both the coordinate columns and every column of geometries are moved; what is missing stays missing.
    """
    if crs == "EPSG:4326":
        return rows
    names = rows.schema.names
    for column in schema.columns:
        if column.type == "geometry" and column.name in names:
            rows = replaced(rows, column.name, from_geometries(rows.column(column.name), crs))
    geometry = schema.geometry
    if geometry and geometry.is_point and {geometry.longitude, geometry.latitude} <= set(names):
        x, y = from_points(rows.column(geometry.longitude), rows.column(geometry.latitude), crs)
        rows = replaced(replaced(rows, geometry.longitude, x), geometry.latitude, y)
    return rows


def from_points(longitude: pa.Array, latitude: pa.Array, crs: str) -> tuple[pa.Array, pa.Array]:
    """Transform two columns of degrees; half a coordinate is none."""
    degrees = (np.asarray(values.to_numpy(zero_copy_only=False), float) for values in (longitude, latitude))
    x, y = from_wgs84(*degrees, crs)
    return pa.array(x, pa.float64(), from_pandas=True), pa.array(y, pa.float64(), from_pandas=True)


def from_geometries(values: pa.Array, crs: str) -> pa.Array:
    shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object))
    moved = shapely.transform(
        shapes,
        lambda points: np.column_stack([*from_wgs84(points[:, 0], points[:, 1], crs), points[:, 2:]]),
        include_z=bool(shapely.has_z(shapes).any()),
    )
    return pa.array(shapely.to_wkb(moved), pa.binary())


def from_wgs84(longitude: np.ndarray, latitude: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Transform degrees to a system of ``COORDINATE_SYSTEMS``; what has no place in it is NaN.

    A shift of the datum through three dimensions loses the height, so that the way back misses by millimetres: going
    there once more and mending what is missing makes it exact.
    """
    x, y = backwards(longitude, latitude, crs)
    if crs in SHIFTED:
        there, up = transformer(crs).transform(x, y)
        x, y = backwards(2 * longitude - there, 2 * latitude - up, crs)
    known = np.isfinite(x) & np.isfinite(y)
    return np.where(known, x, np.nan), np.where(known, y, np.nan)


def backwards(longitude: np.ndarray, latitude: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    return transformer(crs).transform(longitude, latitude, direction=TransformDirection.INVERSE)


@functools.cache
def transformer(crs: str) -> pyproj.Transformer:
    """Return what ``to_wgs84`` transforms with, to be used backwards: the same shift of the datum, undone exactly."""
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def replaced(rows: Rows, name: str, values: pa.Array) -> Rows:
    return rows.set_column(rows.schema.names.index(name), pa.field(name, values.type), values)
