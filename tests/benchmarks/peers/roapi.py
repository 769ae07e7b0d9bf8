"""ROAPI (DataFusion) on the Parquet files, held in memory, asked by SQL over HTTP. It cannot write."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.peers.data import Data
from tests.benchmarks.peers.dialects import DATAFUSION, with_literals
from tests.benchmarks.peers.peer import Request, Running, Way, Written
from tests.benchmarks.peers.processes import LOOPBACK, free_port, started, tree_of, wait_for
from tests.benchmarks.peers.questions import Parameters, Question
from tests.benchmarks.peers.tools import installed, versions


class Roapi:
    """ROAPI with its tables in memory, which is its fastest way."""

    name = "roapi"

    def prepare(self, data: Data, folder: Path) -> str:
        self.data, self.folder = data, folder
        self.programs = installed(folder, "roapi")
        tables = [
            {
                "name": table,
                "uri": str(data.path(table, "parquet")),
                "option": {"format": "parquet", "use_memory_table": True},
            }
            for table in ("obs", "fac")
        ]
        self.ports = [free_port() for _ in range(3)]
        http, postgres, flight = (f"{LOOPBACK}:{port}" for port in self.ports)
        addresses = {"http": http, "postgres": postgres, "flight_sql": flight}
        self.config = folder / "roapi.yml"
        # JSON is YAML too.
        self.config.write_text(json.dumps({"addr": addresses, "tables": tables}), encoding="utf-8")
        return f"ROAPI {versions(self.programs)['roapi']} with its tables in memory"

    @contextmanager
    def running(self) -> Iterator[Running]:
        argv = [str(self.programs / "roapi"), "--config", str(self.config)]
        with started(argv, self.folder / "roapi.log", environment={"RUST_LOG": "error"}) as process:
            wait_for(self.ports[0], "/api/schema", process)
            yield Running(self.ports[0], lambda: tree_of(process.pid))

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]:
        accepted = "application/csv" if question.name == "export" else "application/json"
        statement = DATAFUSION.statement(question)
        requests = [Request("/api/sql", "POST", with_literals(statement, one), {"Accept": accepted}) for one in sets]
        yield Way("SQL", requests, json.loads)

    def write(self) -> Iterator[Written]:
        yield from ()
