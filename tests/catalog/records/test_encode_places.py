"""Places and shapes in the formats that know them: GeoJSON, FlatGeobuf, GeoParquet, GeoArrow."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import pyproj
import pytest
import shapely
from nasty_records import EMPTY, FULL, SCHEMA, shown, written
from record_rooms import make_schema

from catalog.records import Column, Geometry, Schema, encode

SHAPES = Schema(
    columns=(Column("name"), Column("shape", "geometry"), Column("entrance", "geometry")),
    geometry=Geometry(column="shape"),
)
POLYGON = shapely.Polygon([(126.1, 37.1), (126.30000000000001, 37.1), (126.2, 37.2)])
PARTS = shapely.MultiPolygon([POLYGON, shapely.box(127, 37, 128, 38, ccw=False)])
POINT = shapely.Point(126.2, 37.100000000000001)
ROWS = [
    {"name": "가", "shape": shapely.to_wkb(POLYGON), "entrance": shapely.to_wkb(POINT)},
    {"name": "나", "shape": None, "entrance": None},
    {"name": "다", "shape": shapely.to_wkb(PARTS), "entrance": None},
]


def as_document(shape: shapely.Geometry) -> dict[str, Any]:
    return json.loads(shapely.to_geojson(shape))


# --- GeoJSON


def test_geojson_is_a_feature_collection_of_records_and_their_places():
    rows = [FULL, EMPTY, EMPTY | {"x": 127.0}]
    document = json.loads(written(rows, SCHEMA, "geojson"))
    assert document == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [126.97796919000001, 37.566535]},
                "properties": shown(FULL),
            },
            {"type": "Feature", "geometry": None, "properties": shown(EMPTY)},
            {"type": "Feature", "geometry": None, "properties": shown(rows[2])},
        ],
    }


def test_the_place_of_a_feature_is_its_geometry_and_other_shapes_are_properties():
    first, second, third = json.loads(written(ROWS, SHAPES, "geojson"))["features"]
    assert first == {
        "type": "Feature",
        "geometry": as_document(POLYGON),
        "properties": {"name": "가", "entrance": as_document(POINT)},
    }
    assert second == {"type": "Feature", "geometry": None, "properties": {"name": "나", "entrance": None}}
    assert third["geometry"] == as_document(PARTS)


@pytest.mark.parametrize("name", ["geojson", "fgb"])
def test_features_without_properties_are_still_features(tmp_path, name):
    alone = Schema(columns=(SHAPES["shape"],), geometry=Geometry(column="shape"))
    path = tmp_path / f"records.{name}"
    path.write_bytes(written([{"shape": row["shape"]} for row in ROWS], alone, name))
    _, _, found, fields = pyogrio.raw.read(path)
    assert [shape and shapely.from_wkb(shape) for shape in found] == [POLYGON, None, PARTS]
    assert fields == []


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:5186", "EPSG:5174", "EPSG:5179", "EPSG:5181"])
@pytest.mark.parametrize("name", ["geojson", "fgb"])
def test_a_file_of_features_tells_its_system_to_gdal(tmp_path, name, crs):
    path = tmp_path / f"records.{name}"
    path.write_bytes(written([FULL], SCHEMA, name, crs=crs))
    info = pyogrio.read_info(path)
    assert (info["crs"], info["features"], info["geometry_type"]) == (crs, 1, "Point")


# --- FlatGeobuf


def test_flatgeobuf_has_typed_fields_and_any_shapes(tmp_path):
    path = tmp_path / "records.fgb"
    data = written(ROWS, SHAPES, "fgb")
    assert data.startswith(b"fgb\x03fgb")
    path.write_bytes(data)
    meta, _, shapes, (names, entrances) = pyogrio.raw.read(path)
    assert list(meta["fields"]) == ["name", "entrance"]
    assert [shape and shapely.from_wkb(shape) for shape in shapes] == [POLYGON, None, PARTS]
    assert names.tolist() == ["가", "나", "다"]
    assert shapely.from_wkt(entrances[0]) == POINT
    path.write_bytes(written([FULL], SCHEMA, "fgb"))
    info = pyogrio.read_info(path)
    assert dict(zip(info["fields"].tolist(), info["ogr_types"], strict=True)) == {
        "name": "OFTString",
        "count_": "OFTInteger64",
        "pm10": "OFTReal",
        "open": "OFTInteger",
        "on": "OFTString",
        "at": "OFTString",
        "until": "OFTString",
        "x": "OFTReal",
        "y": "OFTReal",
    }


# --- GeoParquet and GeoArrow


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:5186"])
def test_shapes_are_geoparquet(crs):
    file = pq.ParquetFile(pa.BufferReader(written(ROWS, SHAPES, "parquet", crs=crs)))
    geo = json.loads(file.metadata.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "shape")
    column = geo["columns"]["shape"]
    assert column["encoding"] == "WKB"
    told = pyproj.CRS.from_json_dict(column["crs"]).to_epsg() if "crs" in column else 4326
    assert told == int(crs.removeprefix("EPSG:"))
    assert [shape and shapely.from_wkb(shape) for shape in file.read().column("shape").to_pylist()] == [
        POLYGON,
        None,
        PARTS,
    ]


@pytest.mark.parametrize(("crs", "told"), [("EPSG:4326", ("OGC", "CRS84")), ("EPSG:5179", ("EPSG", "5179"))])
def test_shapes_are_geoarrow(crs, told):
    table = pa.ipc.open_stream(written(ROWS, SHAPES, "arrow", crs=crs)).read_all()
    metadata = table.schema.field("entrance").metadata
    assert metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
    assert pyproj.CRS.from_json_dict(json.loads(metadata[b"ARROW:extension:metadata"])["crs"]).to_authority() == told
    assert [shape and shapely.from_wkb(shape) for shape in table.column("shape").to_pylist()] == [POLYGON, None, PARTS]


# --- types and groups


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_typed_formats_keep_the_types(name):
    data = written([FULL], SCHEMA, name)
    schema = pq.read_schema(pa.BufferReader(data)) if name == "parquet" else pa.ipc.open_stream(data).schema
    assert dict(zip(schema.names, map(str, schema.types), strict=True)) == {
        "name": "string",
        "count_": "int64",
        "pm10": "double",
        "open": "bool",
        "on": "date32[day]",
        "at": "timestamp[us, tz=Asia/Seoul]",
        "until": "string",
        "x": "double",
        "y": "double",
    }


def test_parquet_is_written_in_groups_worth_reading():
    batch = pa.record_batch({"i": pa.array(range(10_000), pa.int64())})
    data = b"".join(encode([batch] * 25, make_schema(i="integer"), "parquet"))
    file = pq.ParquetFile(pa.BufferReader(data))
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [100_000, 100_000, 50_000]
