"""Where records lie: coordinates and shapes are brought to WGS 84 and must lie where they can."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from catalog.records.layout import BOUNDS
from catalog.records.schema import Geometry, Schema


@dataclass(frozen=True)
class Area:
    """A box in degrees of WGS 84 that coordinates must lie in."""

    west: float
    south: float
    east: float
    north: float


EARTH = Area(west=-180.0, south=-90.0, east=180.0, north=90.0)
KOREA = Area(west=124.0, south=33.0, east=132.0, north=39.0)
Wrong = dict[int, tuple[str, int]]  # row of the block: (reason, position of the column)


def place(typed: pa.Table, schema: Schema, area: Area | None) -> tuple[pa.Table, Wrong]:
    """Read geometries, bring places to WGS 84, and return the rows whose place is wrong, with the reason."""
    wrong: Wrong = {}
    for position, column in enumerate(schema.columns):
        if column.type == "geometry":
            typed, bad = place_geometries(typed, schema, position, area)
            wrong = bad | wrong
    if schema.geometry and schema.geometry.is_point:
        typed, bad = place_points(typed, schema, schema.geometry, area)
        wrong = bad | wrong
    return typed, wrong


def place_points(typed: pa.Table, schema: Schema, geometry: Geometry, area: Area | None) -> tuple[pa.Table, Wrong]:
    x, y = (
        typed.column(name).to_numpy(zero_copy_only=False).astype(float)
        for name in (geometry.longitude, geometry.latitude)
    )
    half = np.isnan(x) != np.isnan(y)
    if geometry.crs != "EPSG:4326":
        x, y = to_wgs84(x, y, geometry.crs)
        typed = replace_column(typed, geometry.longitude, pa.array(x, pa.float64(), from_pandas=True))
        typed = replace_column(typed, geometry.latitude, pa.array(y, pa.float64(), from_pandas=True))
    position = schema.names.index(geometry.longitude)
    wrong: Wrong = dict.fromkeys(np.flatnonzero(half).tolist(), ("half-coordinate", position))
    known = ~np.isnan(x) & ~np.isnan(y)
    return typed, wrong | find_misplaced(known, (x, y, x, y), area, position)


def find_misplaced(known: np.ndarray, box: Sequence[np.ndarray], area: Area | None, position: int) -> Wrong:
    """Return the known places (boxes: west, south, east, north) that do not lie in the area."""
    west, south, east, north = box
    lost = np.flatnonzero(known & ~(inside(west, south, area or EARTH) & inside(east, north, area or EARTH)))
    if area is None:
        return dict.fromkeys(lost.tolist(), ("no-place", position))
    swapped = inside(south, west, area) & inside(north, east, area)
    return {index: ("swapped-coordinates" if swapped[index] else "outside-area", position) for index in lost.tolist()}


def inside(x: np.ndarray, y: np.ndarray, area: Area) -> np.ndarray:
    return (area.west <= x) & (x <= area.east) & (area.south <= y) & (y <= area.north)


def to_wgs84(x: np.ndarray, y: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Transform projected coordinates (x east, y north, metres) to degrees; NaN stays NaN, nowhere is infinite."""
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    unknown = np.isnan(x) | np.isnan(y)
    nowhere = ~unknown & ~(np.isfinite(longitude) & np.isfinite(latitude))
    return tuple(np.where(unknown, np.nan, np.where(nowhere, np.inf, degrees)) for degrees in (longitude, latitude))


def place_geometries(typed: pa.Table, schema: Schema, position: int, area: Area | None) -> tuple[pa.Table, Wrong]:
    """Turn a column of GeoJSON text into WKB; the schema's own geometry also gets its bounds and must lie in the area."""
    name = schema.columns[position].name
    texts = typed.column(name).to_pylist()
    with np.errstate(over="ignore"):
        shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    geometry = schema.geometry
    if geometry and geometry.crs != "EPSG:4326":
        shapes = shapely.transform(
            shapes,
            lambda points: np.column_stack([*to_wgs84(points[:, 0], points[:, 1], geometry.crs), points[:, 2:]]),
            include_z=True,
        )
    given = np.array([text is not None for text in texts], dtype=bool)
    unread = given & (shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong: Wrong = dict.fromkeys(np.flatnonzero(unread).tolist(), ("not-geometry", position))
    typed = replace_column(typed, name, pa.array(shapely.to_wkb(shapes), pa.binary()))
    if geometry and geometry.column == name:
        bounds = shapely.bounds(shapes)
        wrong |= find_misplaced(given & ~unread, bounds.T, area, position)
        for side, bound in zip(BOUNDS, bounds.T, strict=True):
            typed = typed.append_column(side, pa.array(bound, pa.float64(), from_pandas=True))
    return typed, wrong


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)
