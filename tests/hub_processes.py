"""A whole hub as processes, for journeys: an environment of its own, its commands, and what of it still runs."""

import atexit
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
# Redis databases of this test process's own, of those that ``selftest`` gives it.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
redis_databases = itertools.count(1 + 32 * WORKER)
templates: dict[str, str] = {}  # of each server of PostgreSQL, by its address: the database whose tables are copied


@contextmanager
def hub_environment(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a hub that keeps everything in ``folder``.

    Where the suite runs on PostgreSQL and Redis, so does this hub: in a database made for it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DATABASE_"))}
    environment |= {"HUB_DATA_DIR": str(folder), "PYTHONUTF8": "1"}
    broker = os.environ.get("HUB_BROKER_URL", "")
    if broker.startswith("redis"):
        environment["HUB_BROKER_URL"] = urlunsplit(urlsplit(broker)._replace(path=f"/{next(redis_databases)}"))
    address = os.environ.get("DATABASE_URL", "")
    if not address.startswith("postgres"):
        environment["DATABASE_URL"] = f"sqlite:///{folder / 'hub.sqlite3'}"
        yield environment
        return
    name = f"hub_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        environment["DATABASE_URL"] = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
        yield environment
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def make_tables(environment: dict[str, str]) -> None:
    """Give a new hub its empty tables. They are made once and copied: that saves seconds of each hub."""
    address = environment["DATABASE_URL"]
    if not address.startswith("sqlite"):
        make_tables_on_postgresql(environment)
        return
    tables = Path(os.environ["HUB_DATA_DIR"], "tables.sqlite3")
    if not tables.exists():
        unfinished = tables.with_suffix(".unfinished")
        migrate(environment | {"DATABASE_URL": f"sqlite:///{unfinished}"})
        unfinished.rename(tables)
    database = Path(address.removeprefix("sqlite:///"))
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tables, database)


def make_tables_on_postgresql(environment: dict[str, str]) -> None:
    """Put a copy of the migrated database in the place of the new one, to which nobody is connected."""
    place = urlsplit(environment["DATABASE_URL"])
    name, server = place.path.removeprefix("/"), urlunsplit(place._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        if server in templates:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
            copy_database(connection, templates[server], name)
            return
        migrate(environment)
        tables = f"tables_{uuid.uuid4().hex}"
        copy_database(connection, name, tables)
    templates[server] = tables
    atexit.register(drop_database, server, tables)


def copy_database(connection: psycopg.Connection, source: str, target: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    connection.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))


def drop_database(server: str, name: str) -> None:
    with (
        contextlib.suppress(psycopg.OperationalError),  # the server may have been a test's own
        psycopg.connect(server, autocommit=True) as connection,
    ):
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def migrate(environment: dict[str, str]) -> None:
    done = manage(environment, "migrate", "-v", "0")
    assert done.returncode == 0, done.stdout + done.stderr


def manage(environment: dict[str, str], *arguments: str, seconds: float = 180) -> subprocess.CompletedProcess[str]:
    """Run a command of the hub to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )


@contextmanager
def running(environment: dict[str, str], output: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the hub that stays, writing to ``output``."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def processes_of(environment: dict[str, str]) -> dict[int, str]:
    """Return the command line of every process that works for this hub."""
    mark = f"HUB_DATA_DIR={environment['HUB_DATA_DIR']}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def wait_until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
