"""GML geometries (2, 3.1 and 3.2, straight lines only) as GeoJSON: longitude first, in WGS 84 and nothing else.

Whether latitude comes first in GML depends on how the system is named: ``EPSG:4326`` is read east first, the same as
``urn:ogc:def:crs:EPSG::4326`` north first. Used by ``wfs.py``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from lxml import etree

from ingest.connectors.documents import local_name
from ingest.errors import Text, UnreadableAnswer

AxisOrder = Literal["by-name", "lon-lat", "lat-lon"]
Position = list[float]

WGS84 = re.compile(r"(EPSG.*[:/#]0*4326|CRS:?84|OGC.*CRS84)$", re.IGNORECASE)
NORTH_FIRST = re.compile(r"urn:(x-)?ogc:def:crs:EPSG|https?://www\.opengis\.net/def/crs/EPSG", re.IGNORECASE)

NO_SHAPE = Text(ko="'{kind}' 도형은 읽을 수 없습니다.", en="geometries of the kind '{kind}' cannot be read.")
NO_NUMBERS = Text(ko="좌표가 수의 짝이 아닙니다: {text}", en="its coordinates are no pairs of numbers: {text}")
OTHER_SYSTEM = Text(
    ko="좌표계가 WGS 84가 아니라 {srs}입니다. srs를 서버가 아는 이름으로 적으십시오.",
    en="its coordinates are in {srs}, not in WGS 84; give srs as this server calls it.",
)


def is_wgs84(srs: str) -> bool:
    return WGS84.search(srs.strip()) is not None


def has_latitude_first(srs: str, axis_order: AxisOrder) -> bool:
    return NORTH_FIRST.match(srs.strip()) is not None if axis_order == "by-name" else axis_order == "lat-lon"


def find_geometry(element: etree._Element) -> etree._Element | None:
    """Return the geometry that an element of a feature holds; None if it holds none."""
    shape = element[0] if len(element) == 1 else None
    if shape is None or "opengis.net/gml" not in shape.tag or local_name(shape).startswith("Time"):
        return None
    return shape


def read_geometry(shape: etree._Element, address: str, *, srs: str, axis_order: AxisOrder) -> dict[str, object]:
    """Return a GML geometry as GeoJSON; ``srs`` is the system of shapes that name none themselves."""
    named = next((one.get("srsName") for one in (shape, *shape.iterancestors()) if one.get("srsName")), srs)
    if not is_wgs84(named):
        raise UnreadableAnswer(address=address, format="GML", reason=OTHER_SYSTEM.format(srs=named))
    kind = local_name(shape)
    try:
        name, read = SHAPES[kind]
        coordinates = read(shape)
    except (KeyError, Unreadable) as error:
        reason = NO_SHAPE.format(kind=kind) if isinstance(error, KeyError) else error.reason
        raise UnreadableAnswer(address=address, format="GML", reason=reason) from error
    return {"type": name, "coordinates": turn(coordinates) if has_latitude_first(named, axis_order) else coordinates}


class Unreadable(Exception):
    """A geometry holds what is not understood; ``reason`` says what."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def turn(coordinates: list) -> list:
    """Swap the first two numbers of every position."""
    if coordinates and isinstance(coordinates[0], float):
        return [coordinates[1], coordinates[0], *coordinates[2:]]
    return [turn(inside) for inside in coordinates]


def read_point(shape: etree._Element) -> Position:
    places = positions(shape)
    if len(places) != 1:
        raise Unreadable(NO_NUMBERS.format(text=" ".join("".join(shape.itertext()).split())[:80] or "-"))
    return places[0]


def read_polygon(shape: etree._Element) -> list[list[Position]]:
    """Return the rings of a polygon, the outer one first."""
    sides = [side for side in shape if local_name(side) in RINGS]
    outer_first = sorted(sides, key=lambda side: RINGS[local_name(side)])
    return [positions(side) for side in outer_first]


def read_parts(shape: etree._Element, kinds: frozenset[str], read: Callable[[etree._Element], list]) -> list:
    """Return the coordinates of the outermost elements of these kinds."""
    return [read(part) for part in outermost(shape, kinds)]


def outermost(shape: etree._Element, kinds: frozenset[str]) -> Iterator[etree._Element]:
    for child in shape:
        if local_name(child) in kinds:
            yield child
        else:
            yield from outermost(child, kinds)


def read_surface(shape: etree._Element) -> list[list[Position]]:
    patches = list(outermost(shape, PATCHES))
    if len(patches) != 1:
        raise Unreadable(NO_SHAPE.format(kind=f"Surface, {len(patches)} patches"))
    return read_polygon(patches[0])


def positions(shape: etree._Element) -> list[Position]:
    """Return all positions below an element in their order; the end of a segment and the start of the next are one."""
    places: list[Position] = []
    for element in shape.iter():
        name = local_name(element)
        if name in CURVED:
            raise Unreadable(NO_SHAPE.format(kind=name))
        if name in ("pos", "posList", "coordinates"):
            found = list(split_numbers(element, name))
            places += found[1:] if name == "posList" and places and found[:1] == places[-1:] else found
    return places


def split_numbers(element: etree._Element, name: str) -> Iterator[Position]:
    text = element.text or ""
    try:
        if name == "coordinates":
            places = text.split(element.get("ts", " ").strip() or None)
            found = [[float(number) for number in place.split(element.get("cs", ","))] for place in places]
        else:
            numbers = [float(number) for number in text.split()]
            size = len(numbers) if name == "pos" else dimension_of(element)
            found = [numbers[start : start + size] for start in range(0, len(numbers), max(1, size))]
    except ValueError as error:
        raise Unreadable(NO_NUMBERS.format(text=text[:80])) from error
    if not all(2 <= len(place) <= 3 and len(place) == len(found[0]) for place in found):
        raise Unreadable(NO_NUMBERS.format(text=text[:80] or "-"))
    yield from found


def dimension_of(element: etree._Element) -> int:
    told = next(
        (one.get("srsDimension") for one in (element, *element.iterancestors()) if one.get("srsDimension")), "2"
    )
    return int(told)


RINGS: Mapping[str, int] = {"exterior": 0, "outerBoundaryIs": 0, "interior": 1, "innerBoundaryIs": 1}
LINES = frozenset({"LineString", "Curve"})
AREAS = frozenset({"Polygon", "Surface"})
PATCHES = frozenset({"PolygonPatch", "Rectangle", "Triangle"})
POINTS = frozenset({"Point"})
CURVED = frozenset(
    {"Arc", "ArcString", "Circle", "ArcByCenterPoint", "CircleByCenterPoint", "CubicSpline", "BSpline", "Bezier"}
)


def read_area(shape: etree._Element) -> list[list[Position]]:
    return read_surface(shape) if local_name(shape) == "Surface" else read_polygon(shape)


def read_points(shape: etree._Element) -> list:
    return read_parts(shape, POINTS, read_point)


def read_lines(shape: etree._Element) -> list:
    return read_parts(shape, LINES, positions)


def read_areas(shape: etree._Element) -> list:
    return read_parts(shape, AREAS, read_area)


SHAPES: Mapping[str, tuple[str, Callable[[etree._Element], list]]] = {
    "Point": ("Point", read_point),
    "LineString": ("LineString", positions),
    "Curve": ("LineString", positions),
    "Polygon": ("Polygon", read_polygon),
    "Surface": ("Polygon", read_surface),
    "MultiPoint": ("MultiPoint", read_points),
    "MultiLineString": ("MultiLineString", read_lines),
    "MultiCurve": ("MultiLineString", read_lines),
    "MultiPolygon": ("MultiPolygon", read_areas),
    "MultiSurface": ("MultiPolygon", read_areas),
}
