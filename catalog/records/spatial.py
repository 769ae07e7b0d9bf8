"""Places in questions: the functions on geometries that the engine calls, each on whole columns at once.

Geometries travel as WKB in WGS 84. Distances between points are geodesic on its ellipsoid; a distance to another shape
is measured in Korea's plane coordinate system (EPSG:5179), within a thousandth in Korea.
"""

from collections.abc import Callable, Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyproj
import shapely

from catalog.records.districts import district_codes, district_names

EARTH = pyproj.Geod(ellps="WGS84")
PLANE = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:5179", always_xy=True)

Shapes = np.ndarray
PREDICATES: Mapping[str, Callable[[Shapes, Shapes], np.ndarray]] = {
    "hub_intersects": shapely.intersects,
    "hub_within": shapely.within,
    "hub_contains": shapely.contains,
    "hub_disjoint": shapely.disjoint,
    "hub_equals": shapely.equals,
    "hub_touches": shapely.touches,
    "hub_crosses": shapely.crosses,
    "hub_overlaps": shapely.overlaps,
}


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Teach a connection the functions that ``operators.py`` names; ``…_xy`` takes longitude and latitude as they are."""
    add(connection, "hub_point", lambda x, y: shapely.to_wkb(points(x, y)), "DD", "BLOB")
    for name, predicate in PREDICATES.items():
        add(connection, name, lambda a, b, of=predicate: of(shapes(a), shapes(b)), "BB", "BOOLEAN")
        add(connection, f"{name}_xy", lambda x, y, b, of=predicate: of(points(x, y), shapes(b)), "DDB", "BOOLEAN")
    add(connection, "hub_distance", lambda a, b: distances(shapes(a), shapes(b)), "BB", "DOUBLE")
    add(connection, "hub_distance_xy", lambda x, y, b: distances(points(x, y), shapes(b)), "DDB", "DOUBLE")
    for name, districts in (("hub_district", district_names), ("hub_district_code", district_codes)):
        add(connection, name, lambda a, of=districts: of(shapes(a)), "B", "VARCHAR")
        add(connection, f"{name}_xy", lambda x, y, of=districts: of(points(x, y)), "DD", "VARCHAR")


KINDS = {"D": "DOUBLE", "B": "BLOB"}
ARROW = {"BOOLEAN": pa.bool_(), "DOUBLE": pa.float64(), "BLOB": pa.binary(), "VARCHAR": pa.string()}


def add(
    connection: duckdb.DuckDBPyConnection, name: str, compute: Callable[..., np.ndarray], takes: str, gives: str
) -> None:
    def of_one(a: pa.ChunkedArray) -> pa.Array:
        return pa.array(compute(a), ARROW[gives])

    def of_two(a: pa.ChunkedArray, b: pa.ChunkedArray) -> pa.Array:
        return pa.array(compute(a, b), ARROW[gives])

    def of_three(a: pa.ChunkedArray, b: pa.ChunkedArray, c: pa.ChunkedArray) -> pa.Array:
        return pa.array(compute(a, b, c), ARROW[gives])

    on_columns = (of_one, of_two, of_three)[len(takes) - 1]  # the engine counts the parameters
    # A place without a district gives nothing, which the engine only takes from a function that is given nothing, too.
    nothing = "special" if gives == "VARCHAR" else "default"
    kinds = [KINDS[kind] for kind in takes]
    connection.create_function(name, on_columns, kinds, gives, type="arrow", null_handling=nothing)


def points(longitudes: pa.ChunkedArray, latitudes: pa.ChunkedArray) -> Shapes:
    return shapely.points(longitudes.to_numpy(), latitudes.to_numpy())


def shapes(column: pa.ChunkedArray) -> Shapes:
    """Return the geometries of a column; a value that stands in every row is read once and prepared."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if len(values) > 1 and values[0].equals(values[len(values) - 1]) and len(values.unique()) == 1:
        shape = shapely.from_wkb(values[0].as_py())
        shapely.prepare(shape)
        return np.full(len(values), shape)
    return shapely.from_wkb(values.to_numpy(zero_copy_only=False))


def distances(first: Shapes, second: Shapes) -> np.ndarray:
    """Return distances in metres."""
    kinds = {*np.unique(shapely.get_type_id(first)), *np.unique(shapely.get_type_id(second))}
    if kinds == {shapely.GeometryType.POINT.value}:
        ends = (shapely.get_x(first), shapely.get_y(first), shapely.get_x(second), shapely.get_y(second))
        return EARTH.inv(*ends)[2]
    return shapely.distance(in_metres(first), in_metres(second))


def in_metres(geometries: Shapes) -> Shapes:
    return shapely.transform(geometries, lambda x, y: PLANE.transform(x, y), interleaved=False)
