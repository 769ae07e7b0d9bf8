"""A hub of a test's own, with real processes: its own database, folders and queue, and a nursery that forks children fast.

The database is of the kind that the suite runs on. A child is a function of ``hub_children.py``; it can be killed, frozen
and waited for like any process, and starting one costs a few milliseconds instead of seconds.
"""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from hub_processes import make_tables

ROOT = Path(__file__).parents[2]
NURSERY = """
import json, os, signal, sys
import django
django.setup()
import hub_children

for line in sys.stdin:
    name, arguments = json.loads(line)
    if name == "wait":
        answer = os.waitstatus_to_exitcode(os.waitpid(arguments, 0)[1])
    else:
        answer = os.fork()
        if answer == 0:
            os.dup2(2, 1)  # the answers' pipe is the nursery's alone
            code = 1
            try:
                getattr(hub_children, name)(*arguments)
                code = 0
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                os._exit(code)
    print(answer, flush=True)
"""


@dataclass
class OwnHub:
    """A hub in ``folder``; ``environment`` is what its programs are started with."""

    folder: Path
    environment: dict[str, str]
    database: dict[str, Any] | None  # of PostgreSQL; None for SQLite
    children: list[int] = field(default_factory=list)
    nursery: subprocess.Popen[str] | None = None

    def start(self, child: str, *arguments: object) -> int:
        """Start a function of ``hub_children.py`` as a process and return its id."""
        self.children.append(self.ask(child, list(arguments)))
        return self.children[-1]

    def wait(self, process: int) -> int:
        """Wait for a child and return its exit code; that of a killed one is negative."""
        self.children.remove(process)
        return self.ask("wait", process)

    def do(self, child: str, *arguments: object) -> None:
        """Run a child to its end, which must be a good one."""
        assert self.wait(self.start(child, *arguments)) == 0, self.log

    def kill(self, process: int, number: int = signal.SIGKILL) -> None:
        os.kill(process, number)

    def ask(self, name: str, arguments: object) -> int:
        if self.nursery is None:
            with (self.folder / "log").open("ab") as log:
                self.nursery = subprocess.Popen(
                    [sys.executable, "-c", NURSERY],
                    env=self.environment,
                    cwd=ROOT,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
        self.nursery.stdin.write(json.dumps([name, arguments]) + "\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def manage(self, *arguments: object) -> None:
        """Run a command of the hub to its good end, in a child: it has loaded by then what ``manage.py`` would load."""
        self.do("run_command", *map(str, arguments))

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database in plain SQL, past our own code."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(question)
            return cursor.fetchall()

    def end_leases(self) -> None:
        """Let the leases of all runs be over, as if their time had passed."""
        with contextlib.closing(self.connect()) as connection:
            connection.cursor().execute(
                "UPDATE ingest_run SET lease_until = '2020-01-01 00:00:00' WHERE lease_until IS NOT NULL"
            )
            connection.commit()

    def connect(self) -> Any:
        return psycopg.connect(**self.database) if self.database else sqlite3.connect(self.folder / "hub.sqlite3")

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.is_file() else ""

    def close(self) -> None:
        for child in list(self.children):
            os.kill(child, signal.SIGKILL)
            self.wait(child)
        if self.nursery:
            self.nursery.stdin.close()
            self.nursery.wait()
            self.nursery.stdout.close()


@contextlib.contextmanager
def own_hub(folder: Path, **environment: str) -> Iterator[OwnHub]:
    """Make a migrated hub in ``folder``; everything it started ends with the block."""
    with own_database(folder) as (url, database):
        hub = OwnHub(
            folder=folder,
            database=database,
            environment=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "datahub.settings",
                "PYTHONPATH": os.pathsep.join(
                    [os.environ["PYTHONPATH"], str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
                ),
                "HUB_DATA_DIR": str(folder),
                "DATABASE_URL": url,
                "HUB_BROKER_URL": f"sqlitelease:///{folder / 'broker.sqlite3'}",
                "HUB_FILE_ROOTS": str(folder),
                "HUB_SECRET_KEY": "only for tests",
            }
            | environment,
        )
        make_tables(hub.environment)
        try:
            yield hub
        finally:
            hub.close()


@contextlib.contextmanager
def own_database(folder: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield the address of an empty database of the suite's kind."""
    suite = settings.DATABASES["default"]
    if "sqlite" in suite["ENGINE"]:
        yield f"sqlite:///{folder / 'hub.sqlite3'}", None
        return
    server = {"host": suite["HOST"], "port": suite["PORT"], "user": suite["USER"], "password": suite["PASSWORD"]}
    server = {name: value for name, value in server.items() if value}
    name = f"hub_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        login = f"{quote(suite['USER'])}:{quote(suite['PASSWORD'])}" if suite["USER"] else ""
        try:
            yield f"postgres://{login}@{suite['HOST']}:{suite['PORT']}/{name}", server | {"dbname": name}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def wait_until(is_so: Any, seconds: float, *, pause: float = 0.15) -> bool:
    """Wait until ``is_so()`` holds; False when it did not within ``seconds``. Who asks the database each time costs a connection."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
