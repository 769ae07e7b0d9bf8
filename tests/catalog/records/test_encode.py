import csv
import datetime as dt
import io
import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import make_schema

from catalog.errors import Unanswerable
from catalog.records import (
    FORMATS,
    Column,
    Geometry,
    Manifest,
    Schema,
    as_dictionaries,
    encode,
    parse_query,
    stream_query,
)
from catalog.records.encode import encode_parquet

SCHEMA = Schema(
    columns=(
        Column("name", missing=()),
        Column("count_", "integer"),
        Column("pm10", "number"),
        Column("open", "boolean"),
        Column("on", "date"),
        Column("at", "datetime"),
        Column("until", "time"),
        Column("longitude", "number"),
        Column("latitude", "number"),
    ),
    geometry=Geometry("longitude", "latitude"),
)
FULL = {
    "name": '강남 "제1" 주차장,\n지하',
    "count_": "9007199254740993",
    "pm10": "0.30000000000000004",
    "open": "Y",
    "on": "20180131",
    "at": "2018-01-31 09:20:03",
    "until": "24:00",
    "longitude": "126.97796919000001",
    "latitude": "37.566535",
}
EMPTY = dict.fromkeys(FULL)
FINE = EMPTY | {
    "name": "",
    "count_": "-9223372036854775808",
    "pm10": "-1e-7",
    "open": "N",
    "at": "1900-01-01 00:00:00.25",
}
SHOWN = [
    {
        "name": '강남 "제1" 주차장,\n지하',
        "count_": 9007199254740993,
        "pm10": 0.30000000000000004,
        "open": True,
        "on": "2018-01-31",
        "at": "2018-01-31T09:20:03+09:00",
        "until": "24:00",
        "longitude": 126.97796919000001,
        "latitude": 37.566535,
    },
    EMPTY,
    EMPTY
    | {
        "name": "",
        "count_": -9223372036854775808,
        "pm10": -1e-7,
        "open": False,
        "at": "1900-01-01T00:00:00.250000+09:00",
    },
]


@pytest.fixture(scope="module")
def manifest(shared_room) -> Manifest:
    return shared_room.write([FULL, EMPTY, FINE], SCHEMA)


@pytest.fixture(scope="module")
def empty(shared_room) -> Manifest:
    return shared_room.write([], SCHEMA)


def test_json_is_a_list_of_records(shared_room, manifest):
    assert json.loads(shared_room.encoded(manifest, "json")) == SHOWN


def test_json_lines_are_one_record_each(shared_room, manifest):
    written = shared_room.encoded(manifest, "ndjson")
    assert written.endswith(b"\n")
    assert [json.loads(line) for line in written.decode().split("\n")[:-1]] == SHOWN


def test_csv_is_read_by_the_csv_module(shared_room, manifest):
    header, *rows = csv.reader(io.StringIO(shared_room.encoded(manifest, "csv").decode(), newline=""))
    assert header == list(SCHEMA.names)
    assert rows == [
        [
            '강남 "제1" 주차장,\n지하',
            "9007199254740993",
            "0.30000000000000004",
            "true",
            "2018-01-31",
            "2018-01-31T09:20:03+09:00",
            "24:00",
            "126.97796919000001",
            "37.566535",
        ],
        [""] * 9,
        ["", "-9223372036854775808", "-1e-7", "false", "", "1900-01-01T00:00:00.250000+09:00", "", "", ""],
    ]


def test_csv_tells_an_empty_text_from_a_missing_one(shared_room, manifest):
    lines = shared_room.encoded(manifest, "csv").decode().split("\n")
    assert lines[-3] == ",,,,,,,,"
    assert lines[-2].startswith('"",-9223372036854775808,')


def test_csv_is_read_by_duckdb_with_types_and_empty_values(shared_room, manifest, tmp_path):
    path = tmp_path / "records.csv"
    path.write_bytes(shared_room.encoded(manifest, "csv"))
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * REPLACE (epoch_us(at_) AS at_) FROM read_csv($path, header = true, allow_quoted_nulls = false, columns = "
            "{name: 'VARCHAR', count_: 'BIGINT', pm10: 'DOUBLE', open: 'BOOLEAN', on_: 'DATE', at_: 'TIMESTAMPTZ', "
            "until: 'VARCHAR', x: 'DOUBLE', y: 'DOUBLE'})",
            {"path": str(path)},
        ).fetchall()
    assert found == [
        (FULL["name"], 9007199254740993, 0.30000000000000004, True, dt.date(2018, 1, 31), 1517358003000000, "24:00", 126.97796919000001, 37.566535),
        (None,) * 9,
        ("", -(2**63), -1e-7, False, None, -2209021199750000, None, None, None),
    ]  # fmt: skip


def test_geojson_is_a_feature_collection(shared_room, manifest):
    document = json.loads(shared_room.encoded(manifest, "geojson"))
    assert document == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [126.97796919000001, 37.566535]},
                "properties": SHOWN[0],
            },
            {"type": "Feature", "geometry": None, "properties": SHOWN[1]},
            {"type": "Feature", "geometry": None, "properties": SHOWN[2]},
        ],
    }


def test_parquet_keeps_the_types(shared_room, manifest):
    table = pq.read_table(pa.BufferReader(shared_room.encoded(manifest, "parquet")))
    assert dict(zip(table.schema.names, map(str, table.schema.types), strict=True)) == {
        "name": "string",
        "count_": "int64",
        "pm10": "double",
        "open": "bool",
        "on": "date32[day]",
        "at": "timestamp[us, tz=Asia/Seoul]",
        "until": "string",
        "longitude": "double",
        "latitude": "double",
    }
    first, second, third = table.to_pylist()
    assert first["at"] == dt.datetime(2018, 1, 31, 0, 20, 3, tzinfo=dt.UTC)
    assert (first["count_"], first["on"]) == (9007199254740993, dt.date(2018, 1, 31))
    assert set(second.values()) == {None}
    assert third["name"] == ""


def test_parquet_is_read_by_duckdb(shared_room, manifest, tmp_path):
    path = tmp_path / "records.parquet"
    path.write_bytes(shared_room.encoded(manifest, "parquet"))
    with duckdb.connect() as connection:
        found = connection.execute(
            'SELECT name, count_, open, epoch_us("at") FROM read_parquet($path)', {"path": str(path)}
        )
        assert found.fetchall()[0] == (FULL["name"], 9007199254740993, True, 1517358003000000)


# --- empty answers


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_answer_begins_and_ends_like_a_full_one(shared_room, manifest, empty, name):
    nothing = shared_room.encoded(empty, name)
    assert shared_room.encoded(manifest, name, ("count_", "5")) == nothing
    if name == "csv":
        assert nothing == shared_room.encoded(manifest, name).split(b"\n")[0] + b"\n"
        assert nothing.decode().replace('"', "") == ",".join(SCHEMA.names) + "\n"
    elif name == "parquet":
        full = pq.read_schema(pa.BufferReader(shared_room.encoded(manifest, name)))
        assert pq.read_schema(pa.BufferReader(nothing)).equals(full, check_metadata=True)
    elif name == "ndjson":
        assert nothing == b""
    else:
        assert json.loads(nothing) == ([] if name == "json" else {"type": "FeatureCollection", "features": []})


# --- marks

MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("which", ["manifest", "empty"])
def test_a_mark_stands_before_csv(shared_room, request, which):
    snapshot = request.getfixturevalue(which)
    plain = shared_room.encoded(snapshot, "csv")
    assert not plain.startswith(MARK)
    assert shared_room.encoded(snapshot, "csv", mark=True) == MARK + plain


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
def test_no_other_format_takes_a_mark(name):
    with pytest.raises(Unanswerable) as caught:
        encode([], SCHEMA, name, byte_order_mark=True)
    assert caught.value.text.en == "'bom' cannot be used on this dataset: only CSV takes a byte order mark"
    assert caught.value.text.ko == "'bom'은(는) 이 데이터셋에 쓸 수 없습니다. CSV에만 붙일 수 있습니다"


@pytest.mark.parametrize("mark", [False, True])
def test_the_first_chunk_waits_for_the_first_batch(mark):
    def fails():
        raise RuntimeError("too early to tell")
        yield

    for name in FORMATS:
        with pytest.raises(RuntimeError):
            next(encode(fails(), SCHEMA, name, byte_order_mark=mark and name == "csv"))


# --- shapes

SHAPES = Schema(
    columns=(Column("name"), Column("shape", "geometry"), Column("entrance", "geometry")),
    geometry=Geometry(column="shape"),
)
POLYGON = {
    "type": "Polygon",
    "coordinates": [[[126.1, 37.1], [126.30000000000001, 37.1], [126.2, 37.2], [126.1, 37.1]]],
}
POINT = {"type": "Point", "coordinates": [126.2, 37.100000000000001]}


@pytest.fixture(scope="module")
def shapes(shared_room) -> Manifest:
    return shared_room.write([{"name": "가", "shape": POLYGON, "entrance": POINT}, {"name": "나"}], SHAPES)


def test_the_place_of_a_feature_is_its_geometry_and_other_shapes_are_properties(shared_room, shapes):
    first, second = json.loads(shared_room.encoded(shapes, "geojson"))["features"]
    assert first == {"type": "Feature", "geometry": POLYGON, "properties": {"name": "가", "entrance": POINT}}
    assert second == {"type": "Feature", "geometry": None, "properties": {"name": "나", "entrance": None}}


def test_features_without_properties_are_still_features(shared_room, shapes):
    query = parse_query([("select", "shape")], SHAPES)
    alone = Schema(columns=(SHAPES["shape"],), geometry=Geometry(column="shape"))
    batches = stream_query(shapes, query, shared_room.store, shared_room.limits)
    features = json.loads(b"".join(encode(batches, alone, "geojson")))["features"]
    assert [feature["geometry"] for feature in features] == [POLYGON, None]
    assert [feature["properties"] for feature in features] == [{}, {}]


def test_shapes_are_well_known_text_in_csv(shared_room, shapes):
    _, first, second = csv.reader(io.StringIO(shared_room.encoded(shapes, "csv").decode()))
    assert shapely.from_wkt(first[1]) == shapely.from_geojson(json.dumps(POLYGON))
    assert shapely.from_wkt(first[2]) == shapely.from_geojson(json.dumps(POINT))
    assert second == ["나", "", ""]


def test_shapes_are_geoparquet(shared_room, shapes):
    written = pa.BufferReader(shared_room.encoded(shapes, "parquet"))
    table = pq.read_table(written)
    geo = json.loads(pq.read_metadata(pa.BufferReader(shared_room.encoded(shapes, "parquet"))).metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "shape")
    assert geo["columns"]["shape"]["encoding"] == "WKB"
    assert shapely.from_wkb(table.column("shape")[0].as_py()) == shapely.from_geojson(json.dumps(POLYGON))
    assert table.column("shape")[1].as_py() is None


# --- any values

values = st.fixed_dictionaries(
    {
        "s": st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8),
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
        "d": st.none() | st.dates(),
        "t": st.none() | st.datetimes(min_value=dt.datetime(1, 1, 2)),
    }
)
ANY = Schema(
    columns=(
        Column("s"),
        Column("i", "integer"),
        Column("n", "number"),
        Column("b", "boolean"),
        Column("d", "date"),
        Column("t", "datetime"),
    ),
    missing=(),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(values, max_size=10))
def test_every_format_tells_the_same_of_any_values(shared_room, rows):
    manifest = shared_room.write(rows, ANY)
    records = json.loads(shared_room.encoded(manifest, "json"))
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        assert (record["i"], record["n"], record["b"]) == (row["i"], row["n"], row["b"])
        assert record["d"] == (row["d"] and row["d"].isoformat())
        assert record["t"] == (
            row["t"] and row["t"].isoformat(timespec="auto" if row["t"].microsecond else "seconds") + "+09:00"
        )
    assert [json.loads(line) for line in shared_room.encoded(manifest, "ndjson").decode().split("\n")[:-1]] == records
    _, *lines = csv.reader(io.StringIO(shared_room.encoded(manifest, "csv").decode(), newline=""))
    read = {"i": int, "n": float, "b": json.loads}
    for line, record in zip(lines, records, strict=True):
        fields = dict(zip(ANY.names, line, strict=True))
        assert fields["s"] == (record["s"] or "")
        for name in ("d", "t"):
            assert fields[name] == (record[name] or "")
        for name, reader in read.items():
            assert (reader(fields[name]) if fields[name] else None) == record[name]
    typed = pq.read_table(pa.BufferReader(shared_room.encoded(manifest, "parquet")))
    shown = [record for batch in typed.to_batches() for record in as_dictionaries(batch, ANY)]
    assert shown == records


# --- pieces


def test_many_batches_make_one_document(shared_room):
    schema = make_schema(i="integer", at="datetime")
    manifest = shared_room.write([{"i": number, "at": "2018-01-01 09:00"} for number in range(25_000)], schema)
    numbers = list(range(25_000))
    assert [record["i"] for record in json.loads(shared_room.encoded(manifest, "json"))] == numbers
    assert [json.loads(line)["i"] for line in shared_room.encoded(manifest, "ndjson").splitlines()] == numbers
    lines = list(csv.reader(io.StringIO(shared_room.encoded(manifest, "csv").decode())))
    assert [int(line[0]) for line in lines[1:]] == numbers
    assert pq.read_table(pa.BufferReader(shared_room.encoded(manifest, "parquet"))).column("i").to_pylist() == numbers


def test_no_chunk_is_empty():
    """A server that answers in chunks takes an empty one for the end."""
    schema = make_schema(i="integer")
    batch = pa.record_batch({"i": pa.array([1, 2], pa.int64())})
    batches = [batch.slice(0, 0), batch, batch.slice(0, 0), batch]
    for name in ("json", "ndjson", "csv", "parquet"):
        assert b"" not in list(encode(batches, schema, name))


def test_parquet_is_written_in_groups_worth_reading():
    schema = make_schema(i="integer")
    batch = pa.record_batch({"i": pa.array(range(10_000), pa.int64())})
    written = b"".join(encode_parquet([batch] * 25, schema))
    file = pq.ParquetFile(pa.BufferReader(written))
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [100_000, 100_000, 50_000]


def test_every_format_has_a_label_and_a_media_type_of_its_own():
    assert len({format_.media_type for format_ in FORMATS.values()}) == len(FORMATS)
    assert all(format_.label.ko and format_.label.en for format_ in FORMATS.values())
    assert [name for name, format_ in FORMATS.items() if format_.takes_mark] == ["csv"]
