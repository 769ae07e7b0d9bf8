"""Datasette on an SQLite file with the right indexes, an R*Tree and a full-text index of trigrams; served immutable.

It is asked by SQL in the address, which is its fastest way; the page of a table, with its counts and facets turned off,
is asked too where issue readers know it. ``sqlite-utils`` writes.
"""

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import duckdb

from tests.benchmarks.peers.data import FAC_COLUMNS, OBS_COLUMNS, Data, csv_value
from tests.benchmarks.peers.dialects import SQLITE, as_texts
from tests.benchmarks.peers.peer import Request, Running, Way, Written
from tests.benchmarks.peers.processes import LOOPBACK, free_port, started, tree_of, wait_for
from tests.benchmarks.peers.questions import PAGE, Parameters, Question, Rows
from tests.benchmarks.peers.tools import installed, versions

TABLES = """
CREATE TABLE obs (sensor_id TEXT, district TEXT, observed_at TEXT, pm10 INTEGER, pm25 INTEGER, temperature REAL,
                  humidity REAL, PRIMARY KEY (sensor_id, observed_at));
CREATE TABLE fac (facility_id TEXT PRIMARY KEY, kind TEXT, name TEXT, address TEXT, district TEXT, longitude REAL,
                  latitude REAL, spaces INTEGER);
"""
INDEXES = """
CREATE INDEX obs_by_time ON obs (observed_at, sensor_id);
CREATE VIRTUAL TABLE fac_box USING rtree (id, west, east, south, north);
INSERT INTO fac_box SELECT rowid, longitude, longitude, latitude, latitude FROM fac;
CREATE VIRTUAL TABLE fac_text USING fts5 (name, content = 'fac', tokenize = 'trigram');
INSERT INTO fac_text (fac_text) VALUES ('rebuild');
ANALYZE;
"""
FACILITIES = ", ".join(f"fac.{name}" for name in FAC_COLUMNS)
BY_TREE = f"""SELECT {FACILITIES} FROM fac_box JOIN fac ON fac.rowid = fac_box.id
WHERE fac_box.east >= :west AND fac_box.west <= :east AND fac_box.north >= :south AND fac_box.south <= :north
  AND longitude BETWEEN :west AND :east AND latitude BETWEEN :south AND :north LIMIT {PAGE}"""
BY_TRIGRAMS = f"""SELECT {FACILITIES} FROM fac_text JOIN fac ON fac.rowid = fac_text.rowid
WHERE fac_text MATCH :phrase LIMIT {PAGE}"""
AS_IT_IS = ("--csv", "--no-detect-types", "--empty-null")  # the table has its types: SQLite turns texts into numbers
NO_EXTRAS = {"_nocount": "1", "_nofacet": "1", "_nosuggest": "1", "_shape": "array"}


class Datasette:
    """Datasette, with everything that its documentation tells to make it fast."""

    name = "datasette"

    def prepare(self, data: Data, folder: Path) -> str:
        self.data, self.folder = data, folder
        self.programs = installed(folder, "datasette", "sqlite-utils")
        self.file = folder / f"bench-{data.rows}-{data.facilities}.db"
        if not self.file.exists():
            self.load()
        found = versions(self.programs)
        return f"Datasette {found['datasette']}, SQLite {sqlite3.sqlite_version}, sqlite-utils {found['sqlite-utils']}"

    def load(self) -> None:
        written = self.file.with_suffix(".new")
        written.unlink(missing_ok=True)
        with closing(sqlite3.connect(written)) as target, duckdb.connect() as source:
            target.executescript("PRAGMA journal_mode = off; PRAGMA synchronous = off;" + TABLES)
            for table, columns in (("obs", OBS_COLUMNS), ("fac", FAC_COLUMNS)):
                values = ", ".join(csv_value(column) for column in columns)
                rows = source.execute(f"SELECT {values} FROM read_parquet('{self.data.path(table, 'parquet')}')")
                places = ", ".join("?" * len(columns))
                while some := rows.fetchmany(50_000):
                    target.executemany(f"INSERT INTO {table} VALUES ({places})", some)
            target.executescript(INDEXES)
            target.commit()
        written.rename(self.file)

    @contextmanager
    def running(self) -> Iterator[Running]:
        port = free_port()
        options = {"sql_time_limit_ms": 600_000, "max_returned_rows": 32_000, "max_csv_mb": 0}
        settings = [part for name, value in options.items() for part in ("--setting", name, str(value))]
        argv = [str(self.programs / "datasette"), "serve", "--immutable", str(self.file), "--host", LOOPBACK]
        with started([*argv, "--port", str(port), *settings], self.folder / "datasette.log") as process:
            wait_for(port, "/-/versions.json", process)
            yield Running(port, lambda: tree_of(process.pid))

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        if question.name == "export":
            yield Way("streamed", [self.export(one) for one in sets], no_rows)
            return
        statement = {"box": BY_TREE}.get(question.name, SQLITE.statement(question))
        asked = [as_texts(one, offset="+09:00") for one in sets]
        if question.name == "word5":
            phrases = [{"phrase": f'"{one["word"]}"'} for one in asked]
            yield Way("FTS", [self.by_sql(BY_TRIGRAMS, one) for one in phrases], json.loads)
        name = {"box": "R*Tree SQL", "word2": "LIKE", "word5": "LIKE"}.get(question.name, "SQL")
        yield Way(name, [self.by_sql(statement, one) for one in asked], json.loads)
        if question.name == "key":
            pages = [{"sensor_id": one["sensor"], "_sort_desc": "observed_at", "_size": str(PAGE)} for one in asked]
            yield Way("table page", [self.by_page("obs", one) for one in pages], json.loads)
        if question.name == "box":
            boxes = [
                {
                    "longitude__gte": one["west"],
                    "longitude__lte": one["east"],
                    "latitude__gte": one["south"],
                    "latitude__lte": one["north"],
                    "_size": str(PAGE),
                }
                for one in asked
            ]
            yield Way("table page", [self.by_page("fac", one) for one in boxes], json.loads)

    def by_sql(self, statement: str, values: dict[str, str]) -> Request:
        return Request(f"/{self.file.stem}.json?" + urlencode({"sql": statement, **values, "_shape": "array"}))

    def by_page(self, table: str, values: dict[str, str]) -> Request:
        return Request(f"/{self.file.stem}/{table}.json?" + urlencode({**values, **NO_EXTRAS}))

    def export(self, asked: Parameters) -> Request:
        values = as_texts(asked, offset="+09:00")
        bounds = {"observed_at__gte": values["start"], "observed_at__lt": values["end"]}
        return Request(f"/{self.file.stem}/obs.csv?" + urlencode({**bounds, "_stream": "on", "_size": "max"}))

    def write(self) -> Iterator[Written]:
        copy = self.folder / "written.db"
        shutil.copyfile(self.file, copy)
        tool = str(self.programs / "sqlite-utils")
        more, changed = self.data.path("more", "csv"), self.data.path("changed", "csv")
        yield self.timed([tool, "insert", str(copy), "obs", str(more), *AS_IT_IS], "ingest", self.data.more_rows)
        key = ["--pk", "sensor_id", "--pk", "observed_at"]
        upsert = [tool, "upsert", str(copy), "obs", str(changed), *AS_IT_IS, *key]
        yield self.timed(upsert, "upsert", -(-self.data.rows // 100))
        copy.unlink()

    def timed(self, argv: list[str], name: str, rows: int) -> Written:
        began = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True)
        return Written(name, "sqlite-utils", rows, time.perf_counter() - began)


def no_rows(content: bytes) -> Rows:
    return []
