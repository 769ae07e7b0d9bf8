"""GeoPackage and Parquet, read by a process of their own that may die without harm."""

import datetime
import decimal
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyogrio.raw
import pyproj
import pytest
import shapely
from pyarrow import parquet
from zipped_files import zip_of

from ingest.connectors.file import Config, read
from ingest.errors import BadSetup, BrokenOff, SourceError, UnreadableAnswer

SEOUL = (126.978, 37.5665)
DISTRICTS = ["종로구", "강남구"]


@pytest.fixture
def geopackage(tmp_path_factory):
    """Return a function that writes layers (name, points) into a GeoPackage and returns its bytes."""

    def write(*layers, crs="EPSG:4326", names=DISTRICTS):
        path = tmp_path_factory.mktemp("made") / "made.gpkg"
        for layer, points in layers:
            pyogrio.raw.write(
                path,
                geometry=shapely.to_wkb(shapely.points(np.array(points, float).reshape(-1, 2))),
                field_data=[np.array(names[: len(points)], dtype=object), np.arange(len(points), dtype="int64")],
                fields=["이름", "n"],
                layer=layer,
                driver="GPKG",
                geometry_type="Point",
                crs=crs,
                append=path.exists(),
            )
        return path.read_bytes()

    return write


EXPECTED = [
    {"이름": "종로구", "n": 0, "geometry": {"type": "Point", "coordinates": [127.0, 37.5]}},
    {"이름": "강남구", "n": 1, "geometry": {"type": "Point", "coordinates": [127.1, 37.6]}},
]
POINTS = [(127.0, 37.5), (127.1, 37.6)]


def test_a_geopackage_is_read_whatever_it_is_called_and_in_a_zip(read_bytes, geopackage):
    content = geopackage(("구", POINTS))
    assert read_bytes(content, "a.gpkg") == EXPECTED
    assert read_bytes(content, "a.csv") == EXPECTED
    assert read_bytes(zip_of(("자료.gpkg", content)), "a.zip") == EXPECTED


def test_one_of_several_layers_must_be_named(read_bytes, geopackage):
    content = geopackage(("구", POINTS), ("동", POINTS[:1]))
    assert read_bytes(content, "a.gpkg", layer="동") == EXPECTED[:1]
    for config in ({}, {"layer": "읍"}):
        with pytest.raises(BadSetup, match="there are: 구, 동"):
            read_bytes(content, "a.gpkg", **config)


def test_a_layer_without_features_has_no_rows(read_bytes, geopackage):
    assert read_bytes(geopackage(("구", [])), "a.gpkg") == []


@pytest.mark.parametrize("system", ["EPSG:5174", "EPSG:5179", "EPSG:5186"])
def test_places_of_a_geopackage_come_out_in_wgs_84(read_bytes, geopackage, system):
    point = pyproj.Transformer.from_crs("EPSG:4326", system, always_xy=True).transform(*SEOUL)
    (row,) = read_bytes(geopackage(("구", [point]), crs=system), "a.gpkg")
    assert row["geometry"]["coordinates"] == pytest.approx(SEOUL, abs=1e-7)


def made_by_sqlite(tmp_path):
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    return path.read_bytes()


def test_what_is_no_geopackage_is_refused(read_bytes, geopackage, tmp_path):
    with pytest.raises(BrokenOff):
        read_bytes(geopackage(("구", POINTS))[:-5000], "a.gpkg")
    with pytest.raises(UnreadableAnswer, match="GeoPackage"):
        read_bytes(b"name,value\n", "a.gpkg")
    with pytest.raises((UnreadableAnswer, BadSetup)):
        read_bytes(made_by_sqlite(tmp_path), "b.gpkg")
    with pytest.raises(UnreadableAnswer, match="empty"):
        read_bytes(b"", "a.gpkg")


def parquet_of(table, **options):
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def test_values_of_parquet_are_what_json_can_say(read_bytes):
    moment = datetime.datetime(2018, 1, 2, 3, 4, 5)
    table = pa.table(
        {
            "코드": ["00102", None],
            "수": pa.array([2**60, None]),
            "소수": [1.5, float("nan")],
            "돈": [decimal.Decimal("1.10"), None],
            "날짜": [moment.date(), None],
            "일시": pa.array([moment, None], pa.timestamp("ns")),
            "참": [True, False],
            "목록": [[1, 2], []],
            "바이트": [b"\x00\xff", None],
        }
    )
    assert read_bytes(parquet_of(table), "a.parquet") == [
        {
            "코드": "00102", "수": 2**60, "소수": 1.5, "돈": "1.10", "날짜": "2018-01-02", "일시": "2018-01-02T03:04:05",
            "참": True, "목록": [1, 2], "바이트": "AP8=",
        },
        {
            "코드": None, "수": None, "소수": None, "돈": None, "날짜": None, "일시": None, "참": False, "목록": [], "바이트": None,
        },
    ]  # fmt: skip


def geo_table(points, crs):
    about = {"encoding": "WKB", "geometry_types": ["Point"]}
    about |= {"crs": pyproj.CRS(crs).to_json_dict()} if crs else {}
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": about}}
    table = pa.table({"이름": DISTRICTS[: len(points)], "shape": shapely.to_wkb(shapely.points(points)).tolist()})
    return table.replace_schema_metadata({"geo": orjson.dumps(geo)})


def test_the_shapes_of_geoparquet_come_out_in_wgs_84(read_bytes):
    (row, _) = read_bytes(parquet_of(geo_table(POINTS, None)), "a.parquet")
    assert row == {"이름": "종로구", "geometry": {"type": "Point", "coordinates": [127.0, 37.5]}}
    point = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:5174", always_xy=True).transform(*SEOUL)
    (row,) = read_bytes(parquet_of(geo_table([point], "EPSG:5174")), "a.parquet")
    assert row["geometry"]["coordinates"] == pytest.approx(SEOUL, abs=1e-7)


def test_parquet_is_told_by_its_content_and_may_be_empty_or_packed(read_bytes):
    content = parquet_of(pa.table({"a": ["1"]}))
    assert read_bytes(content, "a.csv") == read_bytes(zip_of(("b.parquet", content)), "a.zip") == [{"a": "1"}]
    assert read_bytes(parquet_of(pa.table({"a": pa.array([], pa.string())})), "a.parquet") == []


HUGE = b"PAR1" + bytes(64) + struct.pack("<I", 0x7FFFFFFF) + b"PAR1"
BAD_PARQUET = {
    "cut": (parquet_of(pa.table({"a": ["1"]}))[:-3], BrokenOff, "end"),
    "nothing but marks": (b"PAR1PAR1PAR1", UnreadableAnswer, "Parquet"),
    "a hostile length": (HUGE, UnreadableAnswer, "Parquet"),
    "text": (b"a,b\n1,2\n", UnreadableAnswer, "no Parquet"),
}


@pytest.mark.parametrize(("content", "error", "words"), BAD_PARQUET.values(), ids=BAD_PARQUET)
def test_what_is_no_parquet_is_refused(read_bytes, content, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.parquet")


def test_a_parquet_file_spoilt_anywhere_is_read_or_refused_but_never_crashes(read_bytes):
    whole = parquet_of(pa.table({"a": [str(n) for n in range(50)], "b": range(50)}))
    refused = 0
    for place in range(4, len(whole) - 4, len(whole) // 24):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x55
        try:
            assert read_bytes(bytes(spoilt), "a.parquet") is not None
        except SourceError as error:
            assert "/tmp" not in error.text.en
            refused += 1
    assert refused > 3


def test_a_row_of_enormous_texts_ends_the_process_that_reads_and_nothing_else(read_bytes):
    """Three hundred rows, each a reference to one text of 8 MiB: the file is small, its first thousand rows are not."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("this system sets no limit of memory")
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 300), pa.array(["가" * (8 * 2**20 // 3)]))
    content = parquet_of(pa.table({"a": column}), compression="zstd")
    assert len(content) < 2**20
    with pytest.raises(UnreadableAnswer):
        read_bytes(content, "a.parquet")


def test_memory_stays_flat_over_many_rows(tmp_path):
    """60 MB of values take the reading process little more than a single row does; told by the system, afterwards."""
    rows = 300_000
    table = pa.table({name: [f"{n * 2_654_435_761 % 2**32:040d}" for n in range(rows)] for name in "abcde"})
    parquet.write_table(table, tmp_path / "large.parquet", row_group_size=20_000)
    parquet.write_table(table[:1], tmp_path / "small.parquet")
    script = (
        "import resource; from pathlib import Path; from ingest.http import Session\n"
        "from ingest.connectors.file import Config, read\n"
        f"session = Session(file_roots=[Path({str(tmp_path)!r})])\n"
        "for name in ('small', 'large'):\n"
        "    rows = sum(1 for _ in read(Config(path=f'{name}.parquet'), session))\n"
        "    print(rows, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
        "session.close()"
    )
    here = Path(__file__).parents[3]
    told = subprocess.run([sys.executable, "-c", script], cwd=here, check=True, capture_output=True, text=True).stdout
    one, small, many, large = map(int, told.split())
    assert (one, many) == (1, rows)
    assert large - small < 64


def test_a_reader_that_stops_early_leaves_no_process_behind(open_session, tmp_path):
    (tmp_path / "a.parquet").write_bytes(parquet_of(pa.table({"a": range(500_000)})))
    before = children()
    rows = read(Config(path="a.parquet"), open_session(file_roots=[tmp_path], limits={"size": 2**27}))
    assert next(rows) == {"a": 0}
    assert children() > before
    rows.close()
    assert children() <= before


def children() -> set[str]:
    """Return the processes that this one has started; other tests may have servers running."""
    return {one for path in Path("/proc/self/task").glob("*/children") for one in path.read_text().split()}
