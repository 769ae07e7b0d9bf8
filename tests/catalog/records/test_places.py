import dataclasses
import json
import math

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import refused_lines

from catalog.records import KOREA, Column, Geometry, Schema, tabulate
from catalog.records.schema import COORDINATE_SYSTEMS

POINTS = Schema(columns=(Column("x", "number"), Column("y", "number")), geometry=Geometry("x", "y"))
SHAPES = Schema(columns=(Column("shape", "geometry"), Column("other", "geometry")), geometry=Geometry(column="shape"))


def delivered_in(schema: Schema, crs: str) -> Schema:
    return dataclasses.replace(schema, geometry=dataclasses.replace(schema.geometry, crs=crs))


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    return pyproj.Geod(ellps="WGS84").inv(*one, *other)[2]


# Each from another source than the library used: a Seoul open-data point with both coordinates published, the origins
# of the belts by their definition, and the National Geographic Information Institute's seven parameters for Bessel.
GROUND_TRUTH = [
    ("EPSG:5181", (192026.077328, 443662.903901), (126.90983237468618, 37.49238614627172)),
    ("EPSG:5181", (200000, 500000), (127.0, 38.0)),
    ("EPSG:5186", (200000, 600000), (127.0, 38.0)),
    ("EPSG:5179", (1000000, 2000000), (127.5, 38.0)),
    ("EPSG:5174", (209921.859375, 450900.78125), (127.1130835846987, 37.560330864269254)),
    ("EPSG:4326", (126.90983237468618, 37.49238614627172), (126.90983237468618, 37.49238614627172)),
]


@pytest.mark.parametrize(("crs", "delivered", "degrees"), GROUND_TRUTH)
def test_coordinates_are_published_in_degrees_exact_to_the_metre(shared_room, crs, delivered, degrees):
    x, y = delivered
    staged = tabulate([{"x": f"{x:,}", "y": str(y)}], delivered_in(POINTS, crs), limits=shared_room.limits)
    [row] = staged.read().read_all().to_pylist()
    assert metres_between((row["x"], row["y"]), degrees) < 1.0


@settings(max_examples=15, deadline=None)
@given(
    crs=st.sampled_from(COORDINATE_SYSTEMS),
    places=st.lists(st.tuples(st.floats(125.5, 130.5), st.floats(33.5, 38.5)), min_size=1, max_size=20),
)
def test_every_system_goes_there_and_back(shared_room, crs, places):
    to_crs = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    rows = [dict(zip("xy", to_crs.transform(*place), strict=True)) for place in places]
    staged = tabulate(rows, delivered_in(POINTS, crs), limits=shared_room.limits)
    table = staged.read().read_all()
    found = list(zip(table.column("x").to_pylist(), table.column("y").to_pylist(), strict=True))
    assert len(found) == len(places)
    assert max(metres_between(*pair) for pair in zip(found, places, strict=True)) < 0.01


MISPLACED = [
    ("in Korea", "126.97", "37.56", KOREA, None),
    ("no place at all", "", "", KOREA, None),
    ("only a longitude", "126.97", "", KOREA, "half-coordinate"),
    ("only a latitude", "", "37.56", KOREA, "half-coordinate"),
    ("swapped", "37.56", "126.97", KOREA, "swapped-coordinates"),
    ("zero", "0", "0", KOREA, "outside-area"),
    ("Tokyo", "139.69", "35.68", KOREA, "outside-area"),
    ("metres taken for degrees", "192026.07", "443662.90", KOREA, "outside-area"),
    ("western edge", "124", "33", KOREA, None),
    ("eastern edge", "132", "39", KOREA, None),
    ("just outside", "132.0001", "39", KOREA, "outside-area"),
    ("Tokyo, anywhere", "139.69", "35.68", None, None),
    ("only a latitude, anywhere", "", "35.68", None, "half-coordinate"),
    ("not on Earth", "181", "35.68", None, "no-place"),
    ("metres, anywhere", "192026.07", "443662.90", None, "no-place"),
    ("no number", "동경", "37.56", KOREA, "not-number"),
    ("no number and half", "동경", "", KOREA, "not-number"),
]


@pytest.mark.parametrize(
    ("x", "y", "area", "reason"), [row[1:] for row in MISPLACED], ids=[row[0] for row in MISPLACED]
)
def test_a_place_that_cannot_be_right_refuses_its_record(shared_room, x, y, area, reason):
    staged = tabulate([{"x": x, "y": y}], POINTS, limits=shared_room.limits, area=area)
    assert [line["reason"] for line in refused_lines(staged)] == ([reason] if reason else [])
    assert staged.accepted == (0 if reason else 1)


def test_a_refused_place_shows_latitude_and_longitude_as_they_came(shared_room):
    staged = tabulate([{"x": "37.56", "y": "126.97"}, {"x": "126.97"}], POINTS, limits=shared_room.limits)
    first, second = refused_lines(staged)
    assert (first["column"], first["value"]) == ("x", "126.97, 37.56")
    assert first["sentence"] == {
        "ko": "위도와 경도가 서로 바뀌었습니다: '126.97, 37.56'",
        "en": "latitude and longitude are swapped: '126.97, 37.56'",
    }
    assert second["value"] == ", 126.97"


@pytest.mark.parametrize("area", [KOREA, None])
def test_projected_coordinates_that_lie_nowhere_are_refused(shared_room, area):
    rows = [{"x": "1e30", "y": "1e30"}, {"x": "192026", "y": "443662"}, {"x": "", "y": ""}, {"x": "192026", "y": ""}]
    staged = tabulate(rows, delivered_in(POINTS, "EPSG:5181"), limits=shared_room.limits, area=area)
    assert [line["row"] for line in refused_lines(staged)] == [1, 4]
    table = staged.read().read_all()
    assert table.column("x").null_count == table.column("y").null_count == 1
    assert not any(math.isnan(x) for x in table.column("x").to_pylist() if x is not None)


GEOMETRIES = [
    {"type": "Point", "coordinates": [126.97796919000001, 37.566535]},
    {"type": "Point", "coordinates": [126.1, 37.30000000000004, 12.5]},
    {"type": "LineString", "coordinates": [[126.1, 37.1], [126.2, 37.2], [126.30000000000001, 37.25]]},
    {"type": "Polygon", "coordinates": [[[126.0, 37.0], [127.0, 37.0], [127.0, 38.0], [126.0, 37.0]]]},
    {
        "type": "Polygon",
        "coordinates": [
            [[126.0, 37.0], [127.0, 37.0], [127.0, 38.0], [126.0, 37.0]],
            [[126.5, 37.1], [126.6, 37.1], [126.6, 37.2], [126.5, 37.1]],
        ],
    },
    {"type": "MultiPoint", "coordinates": [[126.1, 37.1], [126.2, 37.2]]},
    {"type": "MultiPolygon", "coordinates": [[[[126.0, 37.0], [127.0, 37.0], [127.0, 38.0], [126.0, 37.0]]]]},
    {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [126.5, 37.5]}]},
]


@pytest.mark.parametrize("as_written", [dict, json.dumps], ids=["object", "text"])
def test_a_geometry_comes_out_exactly_as_it_went_in(shared_room, as_written):
    manifest = shared_room.write([{"shape": as_written(shape)} for shape in GEOMETRIES], SHAPES)
    document = json.loads(shared_room.encoded(manifest, "geojson"))
    assert [feature["geometry"] for feature in document["features"]] == GEOMETRIES
    assert [json.loads(line)["shape"] for line in shared_room.encoded(manifest, "ndjson").splitlines()] == GEOMETRIES


coordinates = st.tuples(st.floats(124, 132), st.floats(33, 39))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(coordinates, min_size=2, max_size=8), min_size=1, max_size=20))
def test_no_digit_of_a_geometry_is_lost(shared_room, lines):
    shapes = [{"type": "LineString", "coordinates": [list(place) for place in line]} for line in lines]
    written = shared_room.encoded(shared_room.write([{"shape": shape} for shape in shapes], SHAPES), "ndjson")
    assert [json.loads(line)["shape"] for line in written.splitlines()] == shapes


NO_GEOMETRY = [
    "POINT(126.9 37.5)",
    "강남역",
    "{}",
    "[126.9, 37.5]",
    '{"type": "Point"}',
    '{"type": "Point", "coordinates": []}',
    '{"type": "Point", "coordinates": [126.9]}',
    '{"type": "Point", "coordinates": ["126.9", "37.5"]}',
    '{"type": "Point", "coordinates": [null, 37.5]}',
    '{"type": "Point", "coordinates": [1e999, 37.5]}',
    '{"type": "Polygon", "coordinates": [[[126.0, 37.0], [127.0, 37.0], [127.0, 38.0]]]}',
    '{"type": "FeatureCollection", "features": []}',
    '{"type": "GeometryCollection", "geometries": []}',
    {"type": "Point", "coordinates": [float("nan"), 37.5]},
    {"type": "Point", "coordinates": [2**80, 37.5], "x": "\ud800"},
    5,
]


@pytest.mark.parametrize("column", ["shape", "other"])
def test_what_is_no_geometry_refuses_its_record(shared_room, column):
    rows = [{column: value} for value in NO_GEOMETRY]
    staged = tabulate(rows, SHAPES, limits=shared_room.limits)
    assert staged.accepted == 0
    assert dict(staged.reasons) == {("not-geometry", column): len(rows)}


AREAS = [
    ({"type": "Point", "coordinates": [126.9, 37.5]}, KOREA, None),
    ({"type": "Point", "coordinates": [37.5, 126.9]}, KOREA, "swapped-coordinates"),
    ({"type": "Point", "coordinates": [139.7, 35.7]}, KOREA, "outside-area"),
    ({"type": "LineString", "coordinates": [[126.9, 37.5], [139.7, 35.7]]}, KOREA, "outside-area"),
    ({"type": "Point", "coordinates": [139.7, 35.7]}, None, None),
    ({"type": "Point", "coordinates": [37.5, 126.9]}, None, "no-place"),
    (None, KOREA, None),
]


@pytest.mark.parametrize(("shape", "area", "reason"), AREAS)
def test_a_geometry_must_lie_in_the_area(shared_room, shape, area, reason):
    staged = tabulate([{"shape": shape}], SHAPES, limits=shared_room.limits, area=area)
    assert [line["reason"] for line in refused_lines(staged)] == ([reason] if reason else [])


def test_only_the_place_of_a_record_must_lie_in_the_area(shared_room):
    staged = tabulate([{"other": {"type": "Point", "coordinates": [0, 0]}}], SHAPES, limits=shared_room.limits)
    assert staged.accepted == 1


def test_projected_geometries_are_published_in_degrees_with_their_height(shared_room):
    schema = delivered_in(SHAPES, "EPSG:5181")
    place = {"type": "Point", "coordinates": [192026.077328, 443662.903901, 12.5]}
    manifest = shared_room.write([{"shape": place}, {"shape": None}], schema)
    first, second = (json.loads(line)["shape"] for line in shared_room.encoded(manifest, "ndjson").splitlines())
    assert metres_between(first["coordinates"][:2], (126.90983237468618, 37.49238614627172)) < 1.0
    assert first["coordinates"][2] == 12.5
    assert second is None


def test_bounds_are_those_of_the_shape(shared_room):
    staged = tabulate([{"shape": GEOMETRIES[2]}, {"shape": None}], SHAPES, limits=shared_room.limits)
    first, second = staged.read().read_all().to_pylist()
    bounds = tuple(first[name] for name in ("_xmin", "_ymin", "_xmax", "_ymax"))
    assert bounds == shapely.from_geojson(json.dumps(GEOMETRIES[2])).bounds
    assert {second[name] for name in ("_xmin", "_ymin", "_xmax", "_ymax")} == {None}
