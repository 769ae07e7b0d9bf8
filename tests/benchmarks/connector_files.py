"""Files that a platform hands out whole: how each is written, and what a bare reader makes of it.

Used by ``bench_connectors.py``.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tests.benchmarks.connector_pages import COLUMNS, rows_of


@dataclass(frozen=True)
class Whole:
    """A file: its path, its bytes for so many rows, the table a bare reader makes of it; ``config`` is the source's."""

    connector: str
    path: str
    content: Callable[[int], bytes]
    table: Callable[[bytes], pa.Table]
    config: Callable[[str], Mapping[str, Any]] = lambda address: {"path": address}
    identifier: str = "id"


def csv_of(total: int) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows_of(0, total))
    return text.getvalue().encode()


def feed_of(total: int) -> bytes:
    """Return a GTFS feed whose areas have the columns of all others here besides their own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as feed:
        feed.writestr("areas.txt", csv_of(total).replace(b"id,", b"area_id,", 1))
    return packed.getvalue()


def features_of(total: int) -> bytes:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": row,
        }
        for row in rows_of(0, total)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def parquet_of(total: int) -> bytes:
    packed = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows_of(0, total)), packed)
    return packed.getvalue()


def read_csv(content: bytes, *, use_threads: bool) -> pa.Table:
    return pyarrow.csv.read_csv(io.BytesIO(content), read_options=pyarrow.csv.ReadOptions(use_threads=use_threads))


def read_feed(content: bytes) -> pa.Table:
    with zipfile.ZipFile(io.BytesIO(content)) as feed:
        return read_csv(feed.read("areas.txt"), use_threads=False)


ONE_THREAD = "file (CSV), bare on one thread"  # as the hub's workers are, several of which share a machine's cores
FILES: Mapping[str, Whole] = {
    "file (CSV)": Whole("file", "/air.csv", csv_of, lambda content: read_csv(content, use_threads=True)),
    ONE_THREAD: Whole("file", "/air.csv", csv_of, lambda content: read_csv(content, use_threads=False)),
    "file (JSON)": Whole(
        "file",
        "/air.json",
        lambda total: orjson.dumps(rows_of(0, total)),
        lambda content: pa.Table.from_pylist(orjson.loads(content)),
    ),
    "file (NDJSON)": Whole(
        "file",
        "/air.ndjson",
        lambda total: b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows_of(0, total)),
        lambda content: pa.Table.from_pylist([orjson.loads(line) for line in content.splitlines()]),
    ),
    "file (GeoJSON)": Whole(
        "file",
        "/air.geojson",
        features_of,
        lambda content: pa.Table.from_pylist([one["properties"] for one in orjson.loads(content)["features"]]),
    ),
    "file (Parquet)": Whole(
        "file", "/air.parquet", parquet_of, lambda content: pq.read_table(io.BytesIO(content), use_threads=False)
    ),
    "gtfs": Whole(
        "gtfs",
        "/feed.zip",
        feed_of,
        read_feed,
        lambda address: {"path": address, "table": "areas"},
        identifier="area_id",
    ),
}


def bare_file(file: Whole, address: str, folder: Path) -> int:
    with httpx2.Client() as client:
        table = file.table(client.get(address).content)
    pq.write_table(table, folder / "bare.parquet", compression="zstd")
    return table.num_rows
