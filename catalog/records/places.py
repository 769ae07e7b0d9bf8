"""Where records lie: coordinates and shapes are brought to WGS 84 and must lie where they can, or are mended by rule."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from catalog.records.layout import BOUNDS
from catalog.records.schema import Geometry, Schema

Wrong = dict[int, tuple[str, int]]  # row of the block: (reason, position of the column)
Boxes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # west, south, east, north


@dataclass(frozen=True)
class Area:
    """A box in degrees of WGS 84 that coordinates must lie in."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, boxes: Boxes) -> np.ndarray:
        west, south, east, north = boxes
        is_wide = (self.west <= west) & (west <= self.east) & (self.west <= east) & (east <= self.east)
        return is_wide & (self.south <= south) & (south <= self.north) & (self.south <= north) & (north <= self.north)


@dataclass(frozen=True)
class Outline:
    """A shape in degrees of WGS 84 that places must touch, as the boundary of a municipality."""

    shape: shapely.Geometry

    def __post_init__(self) -> None:
        shapely.prepare(self.shape)

    def holds(self, boxes: Boxes) -> np.ndarray:
        west, south, east, north = boxes
        held = np.isfinite(west) & np.isfinite(south) & np.isfinite(east) & np.isfinite(north)
        is_point = held & (west == east) & (south == north)
        is_wide = held & ~is_point
        held[is_point] = shapely.intersects_xy(self.shape, west[is_point], south[is_point])
        wide = shapely.box(west[is_wide], south[is_wide], east[is_wide], north[is_wide])
        held[is_wide] = shapely.intersects(self.shape, wide)
        return held


EARTH = Area(west=-180.0, south=-90.0, east=180.0, north=90.0)
KOREA = Area(west=124.0, south=33.0, east=132.0, north=39.0)


@dataclass(frozen=True)
class PlaceRules:
    """Where records may lie, and what becomes of those that do not; without an area anywhere on Earth."""

    area: Area | Outline | None = KOREA
    swapped: Literal["refuse", "mend"] = "refuse"
    outside: Literal["refuse", "empty"] = "refuse"


@dataclass(frozen=True)
class Placed:
    """A block with its places in WGS 84: the rows whose place is ``wrong`` and those that were ``mended``, each with why."""

    table: pa.Table
    wrong: Wrong
    mended: Wrong


def place(typed: pa.Table, schema: Schema, rules: PlaceRules) -> Placed:
    """Read geometries, bring places to WGS 84, and tell the rows whose place is wrong."""
    wrong: Wrong = {}
    mended: Wrong = {}
    for position, column in enumerate(schema.columns):
        if column.type == "geometry":
            found = place_geometries(typed, schema, position, rules)
            typed, wrong, mended = found.table, found.wrong | wrong, found.mended | mended
    if schema.geometry and schema.geometry.is_point:
        found = place_points(typed, schema, schema.geometry, rules)
        typed, wrong, mended = found.table, found.wrong | wrong, found.mended | mended
    return Placed(typed, wrong, mended)


def required_place(schema: Schema) -> str:
    """Return the column of the place that no record can do without, "" if places may be empty."""
    geometry = schema.geometry
    names = (geometry.column, geometry.longitude, geometry.latitude) if geometry else ()
    return next((name for name in names if name and (schema[name].required or name in schema.key)), "")


def place_points(typed: pa.Table, schema: Schema, geometry: Geometry, rules: PlaceRules) -> Placed:
    said_x, said_y = (
        typed.column(name).to_numpy(zero_copy_only=False).astype(float)
        for name in (geometry.longitude, geometry.latitude)
    )
    half = np.isnan(said_x) != np.isnan(said_y)
    x, y = to_degrees(said_x, said_y, geometry.crs)
    position = schema.names.index(geometry.longitude)
    wrong: Wrong = dict.fromkeys(np.flatnonzero(half).tolist(), ("half-coordinate", position))
    lost = find_lost(~np.isnan(x) & ~np.isnan(y), (x, y, x, y), rules.area)
    turned_x, turned_y = to_degrees(said_y[lost], said_x[lost], geometry.crs)
    verdict = judge(lost, (turned_x, turned_y, turned_x, turned_y), schema, rules, position)
    if verdict.turn.size:
        x[lost[verdict.turn]], y[lost[verdict.turn]] = turned_x[verdict.turn], turned_y[verdict.turn]
    x[verdict.empty] = y[verdict.empty] = np.nan
    if geometry.crs != "EPSG:4326" or verdict.mended:
        typed = replace_column(typed, geometry.longitude, pa.array(x, pa.float64(), from_pandas=True))
        typed = replace_column(typed, geometry.latitude, pa.array(y, pa.float64(), from_pandas=True))
    return Placed(typed, wrong | verdict.wrong, verdict.mended)


def find_lost(known: np.ndarray, boxes: Boxes, area: Area | Outline | None) -> np.ndarray:
    """Return the rows of the known places that do not lie in the area."""
    return np.flatnonzero(known)[~(area or EARTH).holds(tuple(side[known] for side in boxes))]


@dataclass(frozen=True)
class Verdict:
    """What becomes of lost places: those at the places ``turn`` among them are turned round, the rows ``empty`` emptied."""

    wrong: Wrong
    mended: Wrong
    turn: np.ndarray
    empty: np.ndarray


def judge(lost: np.ndarray, turned: Boxes, schema: Schema, rules: PlaceRules, position: int) -> Verdict:
    """Decide on the rows of lost places; ``turned`` is where they would lie with latitude and longitude exchanged."""
    swapped = np.zeros(len(lost), bool) if rules.area is None else rules.area.holds(turned)
    elsewhere = "no-place" if rules.area is None else "outside-area" if rules.area == KOREA else "outside-region"
    is_turned = swapped & (rules.swapped == "mend")
    is_emptied = ~swapped & (rules.outside == "empty" and not required_place(schema))
    mended: Wrong = dict.fromkeys(lost[is_turned].tolist(), ("swapped-mended", position))
    mended |= dict.fromkeys(lost[is_emptied].tolist(), ("outside-emptied", position))
    wrong: Wrong = dict.fromkeys(lost[swapped & ~is_turned].tolist(), ("swapped-coordinates", position))
    wrong |= dict.fromkeys(lost[~swapped & ~is_emptied].tolist(), (elsewhere, position))
    return Verdict(wrong, mended, np.flatnonzero(is_turned), lost[is_emptied])


def to_degrees(x: np.ndarray, y: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    return (x, y) if crs == "EPSG:4326" or not len(x) else to_wgs84(x, y, crs)


def to_wgs84(x: np.ndarray, y: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Transform projected coordinates (x east, y north, metres) to degrees; NaN stays NaN, nowhere is infinite."""
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    unknown = np.isnan(x) | np.isnan(y)
    nowhere = ~unknown & ~(np.isfinite(longitude) & np.isfinite(latitude))
    return tuple(np.where(unknown, np.nan, np.where(nowhere, np.inf, degrees)) for degrees in (longitude, latitude))


def place_geometries(typed: pa.Table, schema: Schema, position: int, rules: PlaceRules) -> Placed:
    """Turn a column of GeoJSON text into WKB; the schema's own geometry also gets its bounds and must lie in the area."""
    name = schema.columns[position].name
    texts = typed.column(name).to_pylist()
    with np.errstate(over="ignore"):
        shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    geometry = schema.geometry
    crs = geometry.crs if geometry else "EPSG:4326"
    said, shapes = shapes, move_shapes(shapes, crs)
    given = np.array([text is not None for text in texts], dtype=bool)
    unread = given & (shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong: Wrong = dict.fromkeys(np.flatnonzero(unread).tolist(), ("not-geometry", position))
    if not geometry or geometry.column != name:
        return Placed(replace_column(typed, name, pa.array(shapely.to_wkb(shapes), pa.binary())), wrong, {})
    bounds = shapely.bounds(shapes)
    lost = find_lost(given & ~unread, tuple(bounds.T), rules.area)
    turned = move_shapes(said[lost], crs, is_turned=True)
    verdict = judge(lost, tuple(shapely.bounds(turned).T), schema, rules, position)
    if verdict.mended:
        shapes[lost[verdict.turn]] = turned[verdict.turn]
        shapes[verdict.empty] = None
        bounds = shapely.bounds(shapes)
    typed = replace_column(typed, name, pa.array(shapely.to_wkb(shapes), pa.binary()))
    for side, bound in zip(BOUNDS, bounds.T, strict=True):
        typed = typed.append_column(side, pa.array(bound, pa.float64(), from_pandas=True))
    return Placed(typed, wrong | verdict.wrong, verdict.mended)


def move_shapes(shapes: np.ndarray, crs: str, *, is_turned: bool = False) -> np.ndarray:
    """Return shapes in degrees of WGS 84; ``is_turned``: as if what stands first in their points came second."""
    if (crs == "EPSG:4326" and not is_turned) or not len(shapes):
        return shapes
    first, second = (1, 0) if is_turned else (0, 1)
    return shapely.transform(
        shapes,
        lambda points: np.column_stack([*to_degrees(points[:, first], points[:, second], crs), points[:, 2:]]),
        include_z=True,
    )


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)
