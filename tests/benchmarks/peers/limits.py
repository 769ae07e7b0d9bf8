"""What nobody behind Django can beat: the engine called in process, and the bare Django view of 100 rows.

The engine is DuckDB on a native file in order of time with an index on the key, one thread as in the hub; it also tells
the right answers that everyone's are compared with.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.benchmarks.peers.data import Data, csv_value
from tests.benchmarks.peers.dialects import DUCKDB, used
from tests.benchmarks.peers.load import Load
from tests.benchmarks.peers.peer import Request, Running, Way, Written
from tests.benchmarks.peers.postgresql import thin_rows
from tests.benchmarks.peers.questions import OBS, QUESTIONS, Parameters, Question, Rows
from tests.benchmarks.peers.thin_server import thin_server


class BareView:
    """A Django view without middleware that answers 100 rows which it has at hand."""

    name = "bare view"

    def prepare(self, data: Data, folder: Path) -> str:
        self.folder = folder
        return "a Django view without middleware that writes 100 rows as JSON"

    @contextmanager
    def running(self) -> Iterator[Running]:
        with thin_server(self.folder, {}, "", None) as server:
            yield server

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        if question.name == "repeat":
            yield Way("", [Request("/hundred")], thin_rows, is_checked=False)

    def write(self) -> Iterator[Written]:
        yield from ()


class RawEngine:
    """DuckDB in this process."""

    name = "raw engine"
    versions = f"DuckDB {duckdb.__version__} in process, native file in order of time, one thread"

    def __init__(self, data: Data, folder: Path) -> None:
        self.data = data
        self.file = folder / f"raw-{data.rows}-{data.facilities}.duckdb"
        self.scratch = folder / "raw-written"
        if not self.file.exists():
            self.load()
        self.connection = duckdb.connect(str(self.file), read_only=True, config={"threads": 1})

    def load(self) -> None:
        written = self.file.with_suffix(".new")
        written.unlink(missing_ok=True)
        with duckdb.connect(str(written)) as connection:
            for table in ("obs", "fac"):
                connection.execute(
                    f"CREATE TABLE {table} AS SELECT * FROM read_parquet('{self.data.path(table, 'parquet')}')"
                )
            connection.execute("CREATE INDEX obs_by_sensor ON obs (sensor_id)")
        written.rename(self.file)

    def answer(self, question: Question, parameters: Parameters) -> Rows:
        """Return the right answer."""
        statement = DUCKDB.statement(question)
        return self.run(statement, used(statement, parameters)).to_pylist()

    def run(self, statement: str, values: dict[str, object]) -> pa.Table:
        return self.connection.sql(statement, params=values or None).to_arrow_table()

    def measure(self, question: Question, sets: Sequence[Parameters], seconds: float) -> Load:
        """Put the question over and over on one thread, without turning the answer into text."""
        statement = DUCKDB.statement(question)
        asked = [used(statement, one) for one in sets]
        self.run(statement, asked[0])
        times: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 5:
            began = time.perf_counter()
            self.run(statement, asked[len(times) % len(asked)])
            times.append((time.perf_counter() - began) * 1e3)
        times.sort()
        return Load(rate=len(times) / (sum(times) / 1e3), p50=at(times, 0.5), p95=at(times, 0.95))

    def export(self, parameters: Parameters) -> tuple[float, int]:
        """Write the export to a file and return seconds and bytes."""
        statement = DUCKDB.statement(QUESTIONS["export"])
        values = ", ".join(csv_value(column) for column in OBS.split(", "))
        target = self.scratch.with_suffix(".csv")
        began = time.perf_counter()
        self.connection.execute(
            f"COPY (SELECT {values} FROM ({statement})) TO '{target}' (HEADER)", used(statement, parameters)
        )
        seconds, size = time.perf_counter() - began, target.stat().st_size
        target.unlink()
        return seconds, size

    def write(self) -> Iterator[Written]:
        """Turn the CSV files into Parquet with one thread; an upsert's least is writing what changed."""
        for kind, table in (("ingest", "more"), ("upsert", "changed")):
            target = self.scratch.with_suffix(".parquet")
            with duckdb.connect(config={"threads": 1}) as connection:
                began = time.perf_counter()
                rows = connection.execute(
                    f"COPY (SELECT * FROM read_csv('{self.data.path(table, 'csv')}', header = true) "
                    f"ORDER BY observed_at, sensor_id) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
                ).fetchone()
                yield Written(kind, "CSV to Parquet", rows[0] if rows else 0, time.perf_counter() - began)
            target.unlink()

    def close(self) -> None:
        self.connection.close()


def at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]
