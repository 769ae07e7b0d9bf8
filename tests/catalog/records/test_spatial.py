"""Questions about places, of records with a point in two columns and with a geometry column, against shapely and pyproj."""

import naive_expressions
import orjson
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive_expressions import COMPUTED, metres
from record_rooms import Room

from catalog.errors import BadExpression, BadValue, Unanswerable
from catalog.records import Column, Geometry, Manifest, Schema
from catalog.records.operators import FUNCTIONS, PLACES

POINTS = Schema(
    columns=(Column("id", "integer"), Column("x", "number"), Column("y", "number")), geometry=Geometry("x", "y")
)
SHAPES = Schema(columns=(Column("id", "integer"), Column("shape", "geometry")), geometry=Geometry(column="shape"))
GEOMETRIES = [
    shapely.Point(127.0, 37.5),
    shapely.Point(127.02, 37.5),
    shapely.box(126.9, 37.4, 127.0, 37.5),
    shapely.box(127.0, 37.5, 127.1, 37.6),
    shapely.box(124.0, 33.0, 131.0, 39.0),
    shapely.LineString([(126.0, 37.5), (128.0, 37.5)]),
    shapely.LineString([(127.0, 37.0), (127.0, 38.0)]),
    shapely.MultiPoint([(127.0, 37.5), (128.0, 36.0)]),
    shapely.Polygon([(126, 37), (128, 37), (128, 38), (126, 38)], [[(126.9, 37.4), (127.1, 37.4), (127.1, 37.6), (126.9, 37.6)]]),
    shapely.MultiPolygon([shapely.box(126, 36, 126.5, 36.5), shapely.box(127, 37, 127.5, 37.5)]),
]  # fmt: skip
PREDICATES = [name for name, row in FUNCTIONS.items() if row.takes[0] == PLACES and len(row.takes) == 2]


@pytest.fixture(scope="module")
def points(shared_room: Room) -> tuple[list, Manifest]:
    of_points = [shape if shape.geom_type == "Point" else None for shape in GEOMETRIES]
    rows = [{"id": at, "x": shape and shape.x, "y": shape and shape.y} for at, shape in enumerate(of_points)]
    return of_points, shared_room.write(rows, POINTS)


@pytest.fixture(scope="module")
def shapes(shared_room: Room) -> tuple[list, Manifest]:
    of_all = [*GEOMETRIES, None]
    rows = [{"id": at, "shape": shape and orjson.loads(shapely.to_geojson(shape))} for at, shape in enumerate(of_all)]
    return of_all, shared_room.write(rows, SHAPES)


def found(room: Room, manifest: Manifest, text: str) -> list[int]:
    return [row["id"] for row in room.ask(manifest, ("filter", text), ("select", "id"))]


@pytest.mark.parametrize("kind", ["points", "shapes"])
@pytest.mark.parametrize("name", PREDICATES)
def test_every_predicate_is_that_of_shapely(request, shared_room, kind, name):
    places, manifest = request.getfixturevalue(kind)
    for shape in GEOMETRIES:
        for negated in (False, True):
            expected = [
                at for at, place in enumerate(places) if place is not None and COMPUTED[name](place, shape) != negated
            ]
            text = f"{'NOT ' if negated else ''}{name}(location, {shape.wkt})"
            assert found(shared_room, manifest, text) == expected, text
        expected = [at for at, place in enumerate(places) if place is not None and COMPUTED[name](shape, place)]
        assert found(shared_room, manifest, f"{name}({shape.wkt}, location)") == expected


@pytest.mark.parametrize("kind", ["points", "shapes"])
def test_distances_are_those_of_pyproj(request, shared_room, kind):
    places, manifest = request.getfixturevalue(kind)
    for shape in GEOMETRIES:
        for far in (0, 1, 1000, 2500, 100_000):
            within = [at for at, place in enumerate(places) if place is not None and metres(place, shape) <= far]
            assert found(shared_room, manifest, f"S_DWITHIN(location, {shape.wkt}, {far}, 'm')") == within
            beyond = [at for at, place in enumerate(places) if place is not None and at not in within]
            assert found(shared_room, manifest, f"S_BEYOND(location, {shape.wkt}, {far / 1000}, 'km')") == beyond


def test_what_is_near_comes_with_its_distance_the_nearest_first(shared_room, points):
    places, manifest = points
    rows = shared_room.ask(manifest, ("near", "127.001,37.5,5000"))
    expected = sorted(
        (metres(place, shapely.Point(127.001, 37.5)), at) for at, place in enumerate(places) if place is not None
    )
    expected = [(far, at) for far, at in expected if far <= 5000]
    assert [row["id"] for row in rows] == [at for _, at in expected] == [0, 1]
    assert [row["distance"] for row in rows] == pytest.approx([far for far, _ in expected])
    one = shared_room.ask(
        manifest, ("near", "127.001,37.5,5000"), ("select", "id,distance as far"), ("order_by", "-far"), ("limit", "1")
    )
    assert one == [{"id": 1, "far": pytest.approx(expected[1][0])}]
    pages = [row for page in shared_room.walk(manifest, ("near", "127.001,37.5,5000"), ("limit", "1")) for row in page]
    assert pages == rows
    assert shared_room.ask(manifest, ("near", "127.001,37.5,5000"), ("select", "count()")) == [{"count": 2}]


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    place=st.tuples(st.floats(125.5, 130.5), st.floats(34.0, 38.0)),
    bearing=st.floats(0, 360),
    far=st.sampled_from([1.0, 500.0, 20_000.0, 99_000.0]),
    share=st.sampled_from([0.0, 0.5, 0.999, 1.001, 1.5]),
)
def test_the_box_around_a_circle_leaves_nothing_out(shared_room, place, bearing, far, share):
    longitude, latitude, _ = naive_expressions.EARTH.fwd(*place, bearing, far * share)
    manifest = shared_room.write([{"id": 1, "x": longitude, "y": latitude}], POINTS)
    asked = f"{place[0]!r},{place[1]!r},{far!r}"
    expected = [1] if metres(shapely.Point(longitude, latitude), shapely.Point(*place)) <= far else []
    assert [row["id"] for row in shared_room.ask(manifest, ("near", asked))] == expected


REFUSED = [
    ("S_INTERSECTS(location, POINT(1000000 1800000))", BadValue),  # metres of another coordinate system
    ("S_WITHIN(location, POLYGON((126 36,128 38,128 36,126 38,126 36)))", BadValue),
    ("S_INTERSECTS(location, POINT EMPTY)", BadExpression),
    ("S_INTERSECTS(location, BBOX(128,37,127,38))", BadValue),
    ("S_INTERSECTS(id, POINT(127 37))", BadExpression),
    ("S_INTERSECTS(location, 'POINT(127 37)')", BadValue),
    ("S_DWITHIN(location, POINT(127 37), 5)", None),
    ("S_DWITHIN(location, POINT(127 37), 5, 'miles')", BadExpression),
    ("location = POINT(127 37)", BadExpression),
    ("location > 5", BadExpression),
]


@pytest.mark.parametrize(("text", "error"), REFUSED)
def test_a_place_that_makes_no_sense_is_refused(shared_room, shapes, text, error):
    if error is None:
        assert found(shared_room, shapes[1], text) is not None
        return
    with pytest.raises(error) as caught:
        found(shared_room, shapes[1], text)
    assert caught.value.text.ko


def test_geometries_cannot_be_grouped_or_sorted(shared_room, shapes):
    with pytest.raises(BadExpression, match="geometries"):
        shared_room.ask(shapes[1], ("group_by", "shape"))
    with pytest.raises(Unanswerable):
        shared_room.ask(shapes[1], ("order_by", "shape"))
    assert shared_room.ask(shapes[1], ("select", "count(shape)")) == [{"count_shape": len(GEOMETRIES)}]
