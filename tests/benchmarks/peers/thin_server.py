"""The thin view in front of a database, served as the hub is."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datahub.processes import granian_options
from tests.benchmarks.peers.cluster import ROOT
from tests.benchmarks.peers.peer import Running
from tests.benchmarks.peers.processes import LOOPBACK, free_port, started, tree_of, wait_for


@contextmanager
def thin_server(folder: Path, statements: Mapping[str, Any], address: str, postmaster: int | None) -> Iterator[Running]:
    """Serve the thin view with the web server and the options of the hub."""
    told, port = folder / "statements.json", free_port()
    told.write_text(json.dumps(statements), encoding="utf-8")
    argv = [*granian_options(LOOPBACK, port)[:-1], "tests.benchmarks.peers.thin_view:application"]
    environment = {"PEERS_STATEMENTS": str(told), "PEERS_DATABASE": address}
    command = [sys.executable, "-m", "granian", *argv]
    with started(command, folder / "thin-view.log", environment=environment, folder=ROOT) as process:
        wait_for(port, "/hundred", process)
        yield Running(port, lambda: tree_of(process.pid, *([postmaster] if postmaster else [])))
