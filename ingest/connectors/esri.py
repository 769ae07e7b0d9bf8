"""Esri's geometries and values as everybody else writes them: GeoJSON, dates as text, codes by their names.

Used by ``arcgis.py``. The coordinates must be in WGS 84, which the connector asks for.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from operator import itemgetter

WGS84 = frozenset({4326, 4269, 104199, None})
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Position = Sequence[float]


def read_geometry(geometry: object, *, has_z: bool = False) -> dict[str, object] | None:
    """Return an Esri geometry as GeoJSON, None for an empty one; ValueError names what is not understood.

    ``has_z`` says whether those of its page that do not say it themselves have heights.
    """
    if geometry is None or geometry == {}:
        return None
    if not isinstance(geometry, dict):
        raise ValueError(type(geometry).__name__)
    if geometry.get("curveRings") or geometry.get("curvePaths"):
        raise ValueError("curves")
    size = 3 if geometry.get("hasZ", has_z) else 2
    if "x" in geometry:
        return read_point(geometry)
    if "points" in geometry:
        points = places(geometry["points"], size)
        return {"type": "MultiPoint", "coordinates": points} if points else None
    if "paths" in geometry:
        lines = [line for path in geometry["paths"] if (line := places(path, size))]
        if not lines:
            return None
        is_one = len(lines) == 1
        return {"type": "LineString" if is_one else "MultiLineString", "coordinates": lines[0] if is_one else lines}
    if "rings" in geometry:
        polygons = gather_rings([ring for one in geometry["rings"] if (ring := places(one, size))])
        if not polygons:
            return None
        is_one = len(polygons) == 1
        return {"type": "Polygon" if is_one else "MultiPolygon", "coordinates": polygons[0] if is_one else polygons}
    raise ValueError(", ".join(geometry) or "{}")


def read_geometries(geometries: Sequence[object], *, has_z: bool) -> list[dict[str, object] | None]:
    """Return a page of Esri geometries as GeoJSON; ValueError where one is not understood."""
    return read_points(geometries) or [read_geometry(one, has_z=has_z) for one in geometries]


def read_points(geometries: Sequence[object]) -> list[dict[str, object]] | None:
    """Return a page of geometries if all of them are points in a plane with nothing odd about them, else None."""
    if not {dict}.issuperset(map(type, geometries)) or sum(map(len, geometries)) != 2 * len(geometries):
        return None
    try:
        xs, ys = list(map(itemgetter("x"), geometries)), list(map(itemgetter("y"), geometries))
    except KeyError:
        return None
    told = [*xs, *ys]
    if not {int, float}.issuperset(map(type, told)) or not all(map(math.isfinite, told)):
        return None
    return [{"type": "Point", "coordinates": [x, y]} for x, y in zip(xs, ys, strict=True)]


def read_point(geometry: Mapping[str, object]) -> dict[str, object] | None:
    """Return a point; one without coordinates is written as null or as the text NaN."""
    x, y, z = geometry.get("x"), geometry.get("y"), geometry.get("z")
    if not (is_number(x) and is_number(y)):
        if x in (None, "NaN"):
            return None
        raise ValueError(f"x = {x}, y = {y}")
    return {"type": "Point", "coordinates": [x, y, z] if is_number(z) else [x, y]}


def places(points: object, size: int) -> list[list[float]]:
    """Return positions without their measures (M), which GeoJSON does not have."""
    if not isinstance(points, list):
        raise ValueError(type(points).__name__)
    found = []
    for point in points:
        if not isinstance(point, list) or len(point) < 2 or not all(map(is_number, point[:2])):
            raise ValueError(str(point)[:80])
        found.append([number for number in point[:size] if is_number(number)])
    return found


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def gather_rings(rings: Sequence[list[list[float]]]) -> list[list[list[list[float]]]]:
    """Return polygons: Esri writes all rings in one list, outer ones clockwise, holes the other way round.

    A hole goes to the smallest outer ring that holds it; one that none holds becomes a polygon of its own. Rings leave
    in the direction that GeoJSON wants, which is the opposite.
    """
    outer = sorted((ring for ring in rings if area_of(ring) <= 0), key=lambda ring: -area_of(ring))
    polygons = [[ring[::-1]] for ring in outer]
    strays = []
    for hole in (ring for ring in rings if area_of(ring) > 0):
        home = next((polygon for polygon, ring in zip(polygons, outer, strict=True) if holds(ring, hole)), None)
        (home.append(hole[::-1]) if home else strays.append([hole]))
    return polygons + strays


def area_of(ring: Sequence[Position]) -> float:
    """Return twice the ring's area; negative when it goes clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))


def holds(ring: Sequence[Position], hole: Sequence[Position]) -> bool:
    """Say whether the hole lies in the ring: most of its corners do, for holes may touch the outline."""
    inside = sum(is_inside(point, ring) for point in hole)
    return inside * 2 >= len(hole)


def is_inside(point: Position, ring: Sequence[Position]) -> bool:
    x, y = point[0], point[1]
    crossings = 0
    for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (a[1] > y) != (b[1] > y) and x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]):
            crossings += 1
    return crossings % 2 == 1


def moment_of(milliseconds: object) -> object:
    """Return milliseconds since 1970 as a date and time in UTC; what is no whole number of ours stays as it is."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return milliseconds
    try:
        moment = EPOCH + dt.timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return milliseconds
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")[: -len("+00:00")] + "Z"
