"""Where: the region by its legal code, the box around the data, and places of other lists, all in ``dct:spatial``.

Region and box are one ``dct:Location`` with the code, its label, the box and its middle (GeoDCAT-AP); a place of another list
is its URI. Read are also boxes as WKT, GeoJSON, GML's corners and schema.org's, and whatever an area is called in words.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal

from rdflib import BNode, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange.dcat.page import Page, Spot, texts_of
from catalog.exchange.dcat.pen import Pen, child
from catalog.exchange.json_values import box_of_coordinates, is_box
from catalog.standard import Field, is_region, label_of
from catalog.standard.vocabularies import find_by_uri, find_code
from catalog.text import Text

GEOMETRIES = ("dcat:bbox", "locn:geometry", "schema:box", "geo:asWKT", "geo:asGeoJSON", "dcat:centroid")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
WKT = re.compile(r"\b(?:POLYGON|ENVELOPE|POINT|LINESTRING|MULTIPOLYGON)\b", re.IGNORECASE)
GML = re.compile(r"<(?:\w+:)?(?:lowerCorner|upperCorner|pos|posList)[^>]*>([^<]*)<")
ENVELOPE = re.compile(r"\bENVELOPE\b", re.IGNORECASE)
LATITUDE_FIRST = ("EPSG/0/4326", "EPSG::4326", "EPSG:4326")


def write_region(pen: Pen, node: str, field: Field, value: str) -> None:
    location = locate(pen, node)
    pen.say(location, "dct:identifier", value)
    pen.label(location, "skos:prefLabel", label_of("region", value))


def read_region(spot: Spot, field: Field) -> str | None:
    """Read the region: by our code, or by the URI or the name that a vocabulary knows."""
    codes = {code for value in spot.values("dct:spatial") if (code := region_of(spot.page, value))}
    if len(codes) > 1:
        if shared := common_region(codes):
            return shared
        spot.note(
            field.term, Text(ko="지역이 여럿이어서 하나만 옮겼습니다", en="has several regions; only one was kept")
        )
        return min(codes)
    return next(iter(codes), None)


def region_of(page: Page, value: Node) -> str | None:
    if isinstance(value, URIRef) and (code := find_by_uri("region", str(value))):
        return code
    if isinstance(value, Words):
        return find_code("region", str(value))
    codes = (code for code in page.words(value, ("dct:identifier", "skos:notation")) if is_region(code))
    return next(codes, None)


def common_region(codes: set[str]) -> str | None:
    """Return the smallest region of several that holds the others."""
    smallest = min(codes, key=len)
    return smallest if all(code.startswith(smallest) for code in codes) else None


def write_box(pen: Pen, node: str, field: Field, value: list[float]) -> None:
    west, south, east, north = (plain_number(number) for number in value)
    location = locate(pen, node)
    ring = ",".join(f"{x} {y}" for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south)))
    pen.say(location, "dcat:bbox", f"POLYGON(({ring}))", "geo:wktLiteral")
    middle = (middle_of(value[0], value[2]), middle_of(value[1], value[3]))
    pen.say(location, "dcat:centroid", f"POINT({middle[0]} {middle[1]})", "geo:wktLiteral")


def read_box(spot: Spot, field: Field) -> list[float] | None:
    """Read the box around everything that the area's nodes draw."""
    boxes = []
    for value in spot.values("dct:spatial"):
        drawn = [words for term in GEOMETRIES[:-1] for words in drawings(spot.page, value, term)]
        drawn = drawn or list(drawings(spot.page, value, "dcat:centroid"))
        boxes += [box for words in drawn if (box := box_in(str(words)))]
    boxes += [box for words in spot.page.values(spot.node, "dcat:bbox") if (box := box_in(str(words)))]
    if not boxes:
        return None
    return [
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    ]


def drawings(page: Page, value: Node, term: str) -> Iterator[Node]:
    """Yield the texts of geometries, also of one that is a node of its own."""
    for target in page.values(value, term):
        if isinstance(target, Words):
            yield target
        else:
            yield from (
                words for inner in ("geo:asWKT", "geo:asGeoJSON", "schema:box") for words in page.values(target, inner)
            )


def box_in(text: str) -> list[float] | None:
    """Return the box of a geometry in WKT, GeoJSON, GML or as four numbers (schema.org: south west north east)."""
    words = text.strip()
    if words.startswith("{"):
        try:
            document = json.loads(words)
        except (ValueError, RecursionError):
            return None
        return box_of_coordinates(document.get("coordinates")) if isinstance(document, dict) else None
    if WKT.search(words):
        return box_of_wkt(words)
    if corners := GML.findall(words):
        numbers = [float(number) for corner in corners for number in NUMBER.findall(corner)]
        return box_of_pairs(numbers, latitude_first="CRS84" not in words)
    numbers = [float(number) for number in NUMBER.findall(words)]
    return box_of_pairs(numbers, latitude_first=True) if len(numbers) == 4 else None


def box_of_wkt(words: str) -> list[float] | None:
    system, _, drawing = words.rpartition(">")
    numbers = [float(number) for number in NUMBER.findall(drawing)]
    if ENVELOPE.search(drawing):  # west, east, north, south
        if len(numbers) != 4:
            return None
        box = [numbers[0], numbers[3], numbers[1], numbers[2]]
        return box if is_box(box) else None
    return box_of_pairs(numbers, latitude_first=any(mark in system for mark in LATITUDE_FIRST))


def box_of_pairs(numbers: list[float], *, latitude_first: bool) -> list[float] | None:
    if len(numbers) < 2 or len(numbers) % 2:
        return None
    first, second = numbers[::2], numbers[1::2]
    xs, ys = (second, first) if latitude_first else (first, second)
    box = [min(xs), min(ys), max(xs), max(ys)]
    return box if is_box(box) else None


def read_area(spot: Spot) -> dict[str, str]:
    """Return what areas are called that are no region of ours: the area in words."""
    words: list[Node] = []
    for value in spot.values("dct:spatial"):
        if region_of(spot.page, value):
            continue
        if isinstance(value, Words):
            words.append(value)
        elif isinstance(value, BNode) or spot.page.label(value):
            words += [
                target
                for term in ("skos:prefLabel", "rdfs:label", "locn:geographicName", "dct:title", "schema:name")
                for target in spot.page.values(value, term)
            ]
    return texts_of(words)


def locate(pen: Pen, node: str) -> str:
    """Return the location of a description, which is told once."""
    location = child(node, "location")
    if pen.begin(location):
        pen.refer(node, "dct:spatial", location)
        pen.be(location, "dct:Location")
    return location


def plain_number(value: float) -> str:
    return format(Decimal(repr(value)), "f")


def middle_of(one: float, other: float) -> str:
    return plain_number(round((one + other) / 2, 7))
