"""Records that are hard to write: the values that formats lose, and readers of every format that are not ours."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyogrio.raw
import shapely
from python_calamine import CalamineWorkbook

from catalog.records import Column, Geometry, Schema, encode
from catalog.records.encode.typed import typed_schema
from catalog.text import Text

KST = dt.timezone(dt.timedelta(hours=9))
SCHEMA = Schema(
    columns=(
        Column("name", title=Text(ko="이름", en="Name")),
        Column("count_", "integer"),
        Column("pm10", "number", title=Text(ko="미세먼지", en="Particles"), unit="ug/m3"),
        Column("open", "boolean"),
        Column("on", "date"),
        Column("at", "datetime"),
        Column("until", "time"),
        Column("x", "number"),
        Column("y", "number"),
    ),
    geometry=Geometry("x", "y"),
)
FULL = {
    "name": '강남 "제1" 주차장,\n지하',
    "count_": 2**53 + 1,
    "pm10": 0.30000000000000004,
    "open": True,
    "on": dt.date(2018, 1, 31),
    "at": dt.datetime(2018, 1, 31, 9, 20, 3, tzinfo=KST),
    "until": "24:00",
    "x": 126.97796919000001,
    "y": 37.566535,
}
EMPTY = dict.fromkeys(FULL)
NASTY = [
    FULL,
    EMPTY,
    EMPTY | {"name": "", "count_": -(2**63), "pm10": -1e-7, "open": False},
    EMPTY | {"name": "=1+1", "count_": 2**63 - 1, "pm10": 1e300, "x": 127.0, "y": 37.0},
    EMPTY | {"name": "😀 \\ 'a' \t\r\n <b>&amp;</b> 똠방각하 ￦", "count_": 0, "pm10": 0.0, "x": 127.5},
    EMPTY | {"name": "é é \x01\x1f\x7f\u2028", "count_": -1, "pm10": 5e-324, "on": dt.date(1, 1, 1)},
    EMPTY | {"name": "_x0041_ x_x005F_", "count_": 10**15, "pm10": 2.0, "on": dt.date(9999, 12, 31)},
    EMPTY | {"name": "null", "count_": 10**15 - 1, "pm10": 12345678901.0},
    EMPTY | {"name": " 앞뒤 ", "count_": -(10**15), "pm10": 1.7976931348623157e308},
    EMPTY | {"at": dt.datetime(1, 1, 2, tzinfo=KST), "pm10": 0.1},
    EMPTY | {"at": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=KST), "pm10": -0.5},
    EMPTY | {"at": dt.datetime(2018, 1, 1, 0, 0, 0, 1, tzinfo=KST), "pm10": 123456.789},
    EMPTY | {"at": dt.datetime(1988, 7, 1, 12, tzinfo=KST), "until": "00:00:01"},
]


def batch_of(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=typed_schema(schema))


def batches_of(rows: Sequence[Mapping[str, Any]], schema: Schema, size: int = 4) -> Iterator[pa.RecordBatch]:
    """Yield several batches, among them an empty one and one that is a piece of a longer one."""
    whole = batch_of(rows, schema)
    for start in range(0, len(rows), size):
        yield whole.slice(start, size)
    yield whole.slice(0, 0)


def written(rows: Sequence[Mapping[str, Any]], schema: Schema, format_name: str, **options: Any) -> bytes:
    return b"".join(encode(batches_of(rows, schema), schema, format_name, **options))


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as text formats show it."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def read_json(data: bytes, folder: Path) -> list[dict[str, Any]]:
    return json.loads(data)


def read_ndjson(data: bytes, folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def read_csv(data: bytes, folder: Path) -> list[dict[str, Any]]:
    """Read what the csv module finds; it cannot tell an empty text from a missing one, which is tested apart."""
    readers = {"integer": int, "number": float, "boolean": {"true": True, "false": False}.__getitem__}
    return [
        {name: readers.get(SCHEMA[name].type, str)(text) if text else None for name, text in row.items()}
        for row in csv.DictReader(io.StringIO(data.decode(), newline=""))
    ]


def read_xlsx(data: bytes, folder: Path) -> list[dict[str, Any]]:
    """Read the first sheet: numbers as numbers, long whole numbers as texts."""
    names, *rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    readers = {"integer": int, "boolean": bool, "number": float}
    return [
        {
            name: readers.get(SCHEMA[name].type, str)(value) if value != "" else None
            for name, value in zip(names, row, strict=True)
        }
        for row in rows
    ]


def read_geojson(data: bytes, folder: Path) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in json.loads(data)["features"]]


def read_fgb(data: bytes, folder: Path) -> list[dict[str, Any]]:
    """Read fields by column and places one by one: GDAL 3.11 reads no column of places of which some are missing."""
    path = folder / "records.fgb"
    path.write_bytes(data)
    _, table = pyogrio.raw.read_arrow(path, read_geometry=False)
    _, _, places, _ = pyogrio.raw.read(path, columns=[])
    rows = table.to_pylist()
    for row, place in zip(rows, places, strict=True):
        whole = row["x"] is not None and row["y"] is not None
        assert (place and shapely.from_wkb(place)) == (shapely.Point(row["x"], row["y"]) if whole else None)
    return rows


def read_parquet(data: bytes, folder: Path) -> list[dict[str, Any]]:
    path = folder / "records.parquet"
    path.write_bytes(data)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Etc/GMT-9'")
        found = connection.execute(
            'SELECT * REPLACE ("on"::VARCHAR AS "on", epoch_us("at") AS "at") FROM read_parquet($path)',
            {"path": str(path)},
        )
        names = [column[0] for column in found.description]
        return [from_epoch(dict(zip(names, row, strict=True))) for row in found.fetchall()]


def from_epoch(row: dict[str, Any]) -> dict[str, Any]:
    if row["at"] is None:
        return row
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=row["at"])
    return row | {"at": moment.astimezone(KST).isoformat()}


def read_arrow(data: bytes, folder: Path) -> list[dict[str, Any]]:
    table = pa.ipc.open_stream(data).read_all()
    table = table.set_column(5, "at", table.column("at").cast(pa.timestamp("us", tz="Etc/GMT-9")))
    return [shown(row) for row in table.to_pylist()]


READERS: Mapping[str, Callable[[bytes, Path], list[dict[str, Any]]]] = {
    "json": read_json,
    "ndjson": read_ndjson,
    "csv": read_csv,
    "xlsx": read_xlsx,
    "geojson": read_geojson,
    "fgb": read_fgb,
    "parquet": read_parquet,
    "arrow": read_arrow,
}
TELL_EMPTY_TEXT = {"json", "ndjson", "geojson", "fgb", "parquet", "arrow"}  # from a missing one
