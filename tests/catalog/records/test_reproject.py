import json
import random

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from catalog.records import Column, Geometry, Schema, reproject
from catalog.records.places import to_wgs84
from catalog.records.schema import COORDINATE_SYSTEMS

POINTS = Schema(
    columns=(Column("name"), Column("x", "number"), Column("y", "number")),
    geometry=Geometry("x", "y"),
)
SHAPES = Schema(
    columns=(Column("shape", "geometry"), Column("entrance", "geometry")), geometry=Geometry(column="shape")
)
# Published by others: a Seoul open-data point in both systems, the origins of the belts by their definition, and a point
# under the seven parameters of the National Geographic Information Institute for Bessel (to the metre).
PUBLISHED = [
    ("EPSG:5181", (126.90983237468618, 37.49238614627172), (192026.077328, 443662.903901), 0.001),
    ("EPSG:5181", (127.0, 38.0), (200000, 500000), 0.001),
    ("EPSG:5186", (127.0, 38.0), (200000, 600000), 0.001),
    ("EPSG:5179", (127.5, 38.0), (1000000, 2000000), 0.001),
    ("EPSG:5174", (127.1130835846987, 37.560330864269254), (209921.859375, 450900.78125), 1.0),
    ("EPSG:4326", (126.9, 37.4), (126.9, 37.4), 0.0),
]


def points(*places: tuple[float | None, float | None]) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "name": pa.array(["가"] * len(places)),
            "x": pa.array([place[0] for place in places], pa.float64()),
            "y": pa.array([place[1] for place in places], pa.float64()),
        }
    )


@pytest.mark.parametrize(("crs", "degrees", "published", "metres"), PUBLISHED)
def test_places_lie_where_others_publish_them(crs, degrees, published, metres):
    [row] = reproject(points(degrees), POINTS, crs).to_pylist()
    assert row["name"] == "가"
    assert np.hypot(row["x"] - published[0], row["y"] - published[1]) <= metres


@pytest.mark.parametrize("crs", COORDINATE_SYSTEMS)
def test_what_a_source_delivers_comes_back_to_the_tenth_of_a_millimetre(crs):
    chance = random.Random(5174)
    places = [(chance.uniform(124, 132), chance.uniform(33, 39)) for _ in range(2000)]
    moved = reproject(points(*places), POINTS, crs)
    x, y = (moved.column(name).to_numpy() for name in "xy")
    if crs != "EPSG:4326":
        x, y = to_wgs84(x, y, crs)
    missed = pyproj.Geod(ellps="WGS84").inv(*zip(*places, strict=True), x, y)[2]
    assert np.max(missed) < 0.0001


@pytest.mark.parametrize("crs", [crs for crs in COORDINATE_SYSTEMS if crs != "EPSG:4326"])
def test_what_is_missing_or_nowhere_is_missing(crs):
    moved = reproject(points((127.0, 37.5), (None, None), (127.0, None), (127.0, 1e300)), POINTS, crs).to_pylist()
    assert moved[0]["x"] is not None
    assert [(row["x"], row["y"]) for row in moved[1:]] == [(None, None)] * 3


def test_shapes_are_moved_point_by_point_and_keep_their_height():
    square = shapely.from_geojson(
        json.dumps({"type": "Polygon", "coordinates": [[[127, 37], [127.1, 37], [127.1, 37.1], [127, 37]]]})
    )
    high = shapely.Point(127.0, 38.0, 55.0)
    rows = pa.record_batch(
        {
            "shape": pa.array(shapely.to_wkb([square, None]).tolist(), pa.binary()),
            "entrance": pa.array([None, shapely.to_wkb(high)], pa.binary()),
        }
    )
    first, second = reproject(rows, SHAPES, "EPSG:5186").to_pylist()
    corners = shapely.get_coordinates(shapely.from_wkb(first["shape"]))
    expected = pyproj.Transformer.from_crs(4326, 5186, always_xy=True).transform(*shapely.get_coordinates(square).T)
    assert np.abs(corners - np.column_stack(expected)).max() < 1e-6
    assert (first["entrance"], second["shape"]) == (None, None)
    moved = shapely.from_wkb(second["entrance"])
    assert (round(moved.x, 6), round(moved.y, 6), moved.z) == (200000, 600000, 55.0)
    assert not shapely.from_wkb(first["shape"]).has_z


def test_tables_stay_tables_and_batches_batches():
    batch = points((127.0, 37.5))
    table = pa.Table.from_batches([batch, batch])
    assert reproject(table, POINTS, "EPSG:5179").num_rows == 2
    assert isinstance(reproject(table, POINTS, "EPSG:5179"), pa.Table)
    assert isinstance(reproject(batch, POINTS, "EPSG:5179"), pa.RecordBatch)
    assert reproject(batch, POINTS, "EPSG:4326") is batch


def test_records_without_their_coordinates_stay_as_they_are():
    batch = points((127.0, 37.5)).select(["name"])
    assert reproject(batch, POINTS, "EPSG:5179") is batch


def test_nothing_is_moved_to_nothing():
    assert reproject(points(), POINTS, "EPSG:5174").num_rows == 0
    empty = pa.record_batch({"shape": pa.array([], pa.binary()), "entrance": pa.array([], pa.binary())})
    assert reproject(empty, SHAPES, "EPSG:5174").num_rows == 0
