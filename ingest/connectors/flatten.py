"""Objects inside an entity as columns with dotted names (``address.city``); geometries and lists stay what they are."""

from collections.abc import Iterator

GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
SCALARS = frozenset({str, int, float, bool, type(None)})
DEEPEST = 20  # levels; what lies deeper stays an object


def flatten(name: str, value: object, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield the columns that a value becomes; an object without members becomes one without a value."""
    if not isinstance(value, dict) or is_geometry(value) or depth > DEEPEST:
        yield name, value
        return
    if not value:
        yield name, None
    for key, inside in value.items():
        yield from flatten(f"{name}.{key}", inside, depth + 1)


def is_scalar(value: object) -> bool:
    """Say whether a value of JSON is a text, a number, a flag or nothing."""
    return type(value) in SCALARS


def is_geometry(value: object) -> bool:
    """Say whether a value is a GeoJSON geometry."""
    if not isinstance(value, dict) or str(value.get("type")) not in GEOMETRIES:
        return False
    return isinstance(value.get("geometries" if value["type"] == "GeometryCollection" else "coordinates"), list)
