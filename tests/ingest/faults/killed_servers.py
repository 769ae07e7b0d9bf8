"""Servers of a test's own that are killed as a machine that loses power does it, and come back with what they had kept."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from hostile_server import unused_port

SECONDS = 90  # for a server to answer, on a slow day
# What is written survives a killed program without fsync, which is about the machine.
SETTINGS = {"fsync": "off", "unix_socket_directories": "", "listen_addresses": "127.0.0.1", "max_connections": "60"}


class KilledServer:
    """A program that listens on ``port``; ``kill`` gives it and what it has forked no moment to say goodbye."""

    def __init__(
        self, argv: list[str], port: int, log: Path, answers: Callable[[], bool], account: dict[str, Any] | None = None
    ) -> None:
        self.argv, self.port, self.log, self.answers, self.account = argv, port, log, answers, account or {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers. What a killed one has left may be in the way for a moment: it is tried again."""
        deadline = time.monotonic() + SECONDS
        while not (self.process and self.process.poll() is None and self.answers()):
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            if self.process is None or self.process.poll() is not None:
                with self.log.open("ab") as log:
                    self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, **self.account)
            time.sleep(0.1)

    def kill(self) -> None:
        if self.process is None:
            return
        first = self.process.pid
        children = (
            Path(f"/proc/{first}/task/{first}/children").read_text().split() if self.process.poll() is None else []
        )
        for number in [first, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()


class Postgresql(KilledServer):
    """A cluster of PostgreSQL; everybody on this machine may be its administrator."""

    def __init__(self, programs: Path, folder: Path, account: dict[str, Any]) -> None:
        self.programs, self.place = programs, {"host": "127.0.0.1", "port": unused_port(), "user": "postgres"}
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        argv = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(self.place["port"]), *options]
        super().__init__(argv, self.place["port"], folder / "log", self.is_ready, account)

    def is_ready(self) -> bool:
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(**self.place, dbname=database, autocommit=True)

    def url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def tool(self, name: str, *arguments: object) -> None:
        """Run one of PostgreSQL's own programs against it."""
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres"}
        command = [self.programs / name, *map(str, arguments)]
        subprocess.run(command, env=os.environ | place, check=True, capture_output=True)


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """Run a new cluster. It refuses to be root's, so root lends it to the account that Debian made for it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's own programs are not here (Debian: postgresql)")
    # Not below the test's folder, which is for its owner's eyes alone.
    with tempfile.TemporaryDirectory(prefix="hub-postgresql-") as name:
        folder, account = Path(name), account_of_the_server()
        if account:
            shutil.chown(folder, account["user"], account["group"])
        make = [found[-1], "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run([*make, "--no-sync"], check=True, capture_output=True, cwd=folder, **account)
        server = Postgresql(found[-1].parent, folder, account)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def account_of_the_server() -> dict[str, Any]:
    """Return whom ``Popen`` is to start it as: nobody else, unless the tests are run by root."""
    if os.geteuid():
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("root cannot run PostgreSQL, and there is no account postgres")
    return {"user": account.pw_name, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def redis_server(folder: Path) -> Iterator[KilledServer]:
    """Run a Redis that keeps nothing: what lay in it when it was killed is gone."""
    program, port = shutil.which("redis-server"), unused_port()
    if program is None:
        pytest.skip("redis-server is not installed")
    argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = KilledServer(argv, port, folder / "redis.log", lambda: says_pong(port))
    try:
        server.start()
        yield server
    finally:
        server.kill()


def says_pong(port: int) -> bool:
    with contextlib.suppress(redis.ConnectionError), redis.Redis(port=port) as client:
        return bool(client.ping())
    return False
