"""Hubs of a test's own, as many as it wants: each has a database and folders, a web server and workers in processes of their own."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hostile_server import unused_port
from hub_processes import make_tables

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Died(Exception):
    """A worker ended before it answered."""


@dataclass
class Nursery:
    """Makes processes of hubs; ``log`` is what they have said."""

    process: subprocess.Popen[str]
    folder: Path
    environment: dict[str, str]
    hubs: int = 0

    def ask(self, *line: object) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-6000:]


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """Start the program that forks hubs; it ends with the block."""
    given = filter(None, [os.environ.get("PYTHONPATH")])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DATABASE_"))} | {
        "DJANGO_SETTINGS_MODULE": "datahub.settings",
        "PYTHONPATH": os.pathsep.join([*given, *map(str, (ROOT, ROOT / "tests", HERE.parent, HERE))]),
        "HUB_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'hub.sqlite3'}",
        "HUB_BROKER_URL": f"sqlitelease:///{folder / 'broker.sqlite3'}",
        "HUB_SECRET_KEY": "only for tests",
        "HUB_ANONYMOUS_PER_MINUTE": "0",
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "hub_nursery.py")],
            env=environment,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        yield Nursery(process, folder, environment)
    finally:
        with process:
            assert process.stdin
            process.stdin.close()


@dataclass
class ForkedHub:
    """A hub in ``folder`` with its web server at ``port``; ``do`` has a worker act, who may be killed and is replaced."""

    nursery: Nursery
    name: str
    folder: Path
    port: int = field(default_factory=unused_port)
    server: int = 0
    worker: int = 0
    asked: Connection | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        self.server = self.nursery.ask("server", str(self.folder), self.address, self.port)

    def employ(self) -> None:
        """Start a worker."""
        port = unused_port()
        self.worker = self.nursery.ask("worker", str(self.folder), self.address, port)
        self.asked = Connection(socket.create_connection(("127.0.0.1", port)).detach())

    def do(self, act: str, **arguments: Any) -> Any:
        """Have an act of ``hub_acts.py`` done; Died when the worker was killed over it."""
        self.begin(act, **arguments)
        return self.answer()

    def begin(self, act: str, **arguments: Any) -> None:
        if self.asked is None:
            self.employ()
        assert self.asked
        self.asked.send((act, arguments))

    def answer(self) -> Any:
        assert self.asked
        try:
            is_well, told = self.asked.recv()
        except (EOFError, ConnectionResetError):
            self.dismiss()
            raise Died from None
        assert is_well, f"{told}\n{self.nursery.log}"
        return told

    def kill_worker(self, number: int = signal.SIGKILL) -> None:
        if self.worker:
            os.kill(self.worker, number)

    def dismiss(self) -> None:
        """Bury the worker."""
        if self.asked:
            self.asked.close()
        if self.worker:
            self.nursery.ask("wait", self.worker)
        self.worker, self.asked = 0, None

    def stop_serving(self) -> None:
        if self.server:
            os.kill(self.server, signal.SIGKILL)
            self.nursery.ask("wait", self.server)
        self.server = 0

    def close(self) -> None:
        """End all processes of the hub; ``serve`` and ``do`` start new ones."""
        self.stop_serving()
        self.kill_worker()
        self.dismiss()

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database in plain SQL, past our own code."""
        with contextlib.closing(sqlite3.connect(self.folder / "hub.sqlite3")) as connection:
            return connection.execute(question).fetchall()


@contextlib.contextmanager
def forked_hub(nursery: Nursery, name: str) -> Iterator[ForkedHub]:
    """Make an empty hub that serves; its processes end with the block."""
    nursery.hubs += 1
    folder = nursery.folder / f"{nursery.hubs}-{name}"
    folder.mkdir()
    make_tables(nursery.environment | {"DATABASE_URL": f"sqlite:///{folder / 'hub.sqlite3'}"})
    hub = ForkedHub(nursery, name, folder)
    hub.serve()
    try:
        yield hub
    finally:
        hub.close()
