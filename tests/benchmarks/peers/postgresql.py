"""PostgreSQL itself behind the thin view: B-trees for keys and time, GiST for places, trigrams for words."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from tests.benchmarks.peers.cluster import Cluster, postgresql
from tests.benchmarks.peers.data import Data
from tests.benchmarks.peers.dialects import POSTGRESQL, as_texts
from tests.benchmarks.peers.peer import Request, Running, Way, Written
from tests.benchmarks.peers.questions import OBS, QUESTIONS, Parameters, Question, Rows
from tests.benchmarks.peers.thin_server import thin_server

OBS_TYPES = "sensor_id text, district text, observed_at timestamp, pm10 integer, pm25 integer, temperature float8, humidity float8"
FAC_TYPES = "facility_id text, kind text, name text, address text, district text, longitude float8, latitude float8, spaces integer"
TABLES = f"CREATE EXTENSION pg_trgm; CREATE TABLE obs ({OBS_TYPES}); CREATE TABLE fac ({FAC_TYPES})"
INDEXES = """
ALTER TABLE obs ADD PRIMARY KEY (sensor_id, observed_at);
CREATE INDEX ON obs (observed_at, sensor_id);
ALTER TABLE fac ADD PRIMARY KEY (facility_id);
CREATE INDEX ON fac USING gist (point(longitude, latitude));
CREATE INDEX ON fac USING gin (name gin_trgm_ops);
"""


class PostgreSQL:
    """The plain database, as one would set it up by hand for these questions."""

    name = "postgresql"

    def prepare(self, data: Data, folder: Path) -> str:
        self.data, self.folder = data, folder
        return "PostgreSQL of Debian (tuned; no fsync) behind a Django view without middleware"

    @contextmanager
    def running(self) -> Iterator[Running]:
        with postgresql(self.folder) as cluster:
            self.cluster = cluster
            load(cluster, self.data, TABLES, INDEXES)
            with thin_server(self.folder, statements(), cluster.address, cluster.postmaster) as server:
                yield server

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        room = "copy" if question.name == "export" else "ask"
        yield Way("", [thin_request(room, question.name, one) for one in sets], thin_rows)

    def write(self) -> Iterator[Written]:
        columns, key = OBS.split(", "), ("sensor_id", "observed_at")
        with psycopg.connect(self.cluster.address) as connection:
            yield timed_copy(connection, "ingest", "COPY", "obs", self.data.path("more", "csv"))
            began = time.perf_counter()
            connection.execute("CREATE TEMP TABLE changed (LIKE obs)")
            rows = copy_file(connection, "changed", self.data.path("changed", "csv"))
            assigned = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
            connection.execute(
                f"INSERT INTO obs SELECT * FROM changed ON CONFLICT ({', '.join(key)}) DO UPDATE SET {assigned}"
            )
            connection.commit()
            yield Written("upsert", "ON CONFLICT", rows, time.perf_counter() - began)


def statements() -> Mapping[str, Any]:
    told: dict[str, Any] = {
        question.name: asked(POSTGRESQL.statement(question))
        for question in QUESTIONS.values()
        if question.name != "export"
    }
    export = POSTGRESQL.statement(QUESTIONS["export"])
    return told | {"export": {"sql": f"COPY ({export}) TO STDOUT (FORMAT csv, HEADER)", "pages": 1}}


def asked(
    statement: str,
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    is_json: bool = False,
    client_side: bool = False,
) -> dict[str, Any]:
    """Return what the thin view is told of a question."""
    return {
        "sql": statement,
        "before": list(before),
        "after": list(after),
        "is_json": is_json,
        "client_side": client_side,
    }


def load(cluster: Cluster, data: Data, tables: str, indexes: str) -> None:
    with psycopg.connect(cluster.address, autocommit=True) as connection:
        connection.execute(tables)
        for table in ("obs", "fac"):
            copy_file(connection, table, data.path(table, "csv"))
        connection.execute(indexes)
        connection.execute("VACUUM ANALYZE")


def copy_file(connection: psycopg.Connection[Any], table: str, path: Path) -> int:
    """Load a CSV file whose header names the columns, and return how many rows it had."""
    with path.open("rb") as file, connection.cursor() as cursor:
        header = file.readline().decode().strip()
        with cursor.copy(f"COPY {table} ({header}) FROM STDIN (FORMAT csv)") as target:
            while chunk := file.read(1 << 20):
                target.write(chunk)
        return cursor.rowcount


def timed_copy(connection: psycopg.Connection[Any], kind: str, way: str, table: str, path: Path) -> Written:
    began = time.perf_counter()
    rows = copy_file(connection, table, path)
    connection.commit()
    return Written(kind, way, rows, time.perf_counter() - began)


def thin_request(room: str, name: str, values: Parameters) -> Request:
    return Request(f"/{room}/{name}?" + urlencode(as_texts(values)))


def thin_rows(content: bytes) -> Rows:
    return json.loads(content)["records"]
