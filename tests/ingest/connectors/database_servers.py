"""Real database servers for as long as a test file needs them, each on a loopback port, with a certificate of its own."""

import getpass
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql
import pytest
from hostile_server import unused_port

STARTS = 4
PASSWORD = "planted+p@ss/단어"


@dataclass(frozen=True)
class Server:
    """A running server: the scheme of its addresses, its port, and how an administrator runs statements on it."""

    scheme: str
    port: int
    administer: Callable[..., list[tuple[object, ...]]]

    def url(self, host: str = "127.0.0.1", user: str = "reader", database: str = "city") -> str:
        return f"{self.scheme}://{user}@{host}:{self.port}/{database}"


def make_certificate(folder: Path) -> Path:
    """Make a certificate of this machine that vouches for itself: ``server.crt`` and ``server.key``."""
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not here to make a certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=database of a city", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", folder / "server.key", "-out", folder / "server.crt"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "server.crt"


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """Run PostgreSQL in a temporary cluster, which pg_virtualenv drops when its program ends."""
    if not shutil.which("pg_virtualenv"):
        pytest.skip("pg_virtualenv is not here (Debian: postgresql)")
    told = folder / "told"
    process = start_cluster(told, folder / "log")
    try:
        user, secret, port = told.read_text().split()

        def administer(*statements: str, database: str = "city") -> list[tuple[object, ...]]:
            place = {"host": "127.0.0.1", "port": port, "user": user, "password": secret, "dbname": database}
            with psycopg.connect(**place, autocommit=True) as connection:
                for statement in statements:
                    found = connection.execute(statement)
                return found.fetchall() if found.description else []

        ((data,),) = administer("SHOW data_directory", database="postgres")
        for name in ("server.crt", "server.key"):
            shutil.copy(folder / name, data)
            shutil.chown(Path(data, name), Path(data).owner())
            Path(data, name).chmod(0o600)
        administer(
            "ALTER SYSTEM SET ssl = on",
            "SELECT pg_reload_conf()",
            f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'",
            "CREATE DATABASE city TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
            database="postgres",
        )
        administer("GRANT CREATE ON SCHEMA public TO reader")
        yield Server("postgresql", int(port), administer)
    finally:
        process.stdin.close()
        process.wait()


def start_cluster(told: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a cluster and wait until it has told its port; two that start at one moment may choose the same, so that one tries again."""
    script = 'printf "%s\\n" "$PGUSER" "$PGPASSWORD" "$PGPORT" > "$0.new"; mv "$0.new" "$0"; exec cat'
    for attempt in range(STARTS):
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["pg_virtualenv", "-t", "-o", "fsync=off", "sh", "-c", script, str(told)],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            wait_until(told.exists, process, log)
        except RuntimeError:
            process.stdin.close()
            process.wait()
            if attempt + 1 == STARTS or b"Port conflict" not in log.read_bytes():
                raise
        else:
            return process
    raise AssertionError


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """Run MariaDB in a folder of its own."""
    if not all(map(shutil.which, ("mariadbd", "mariadb-install-db", "my_print_defaults"))):
        pytest.skip("mariadbd is not here (Debian: mariadb-server-core, mariadb-client-core)")
    data, wire, port = folder / "data", folder / "s", unused_port()
    user = f"--user={getpass.getuser()}"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", user, "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )
    options = [f"--datadir={data}", f"--socket={wire}", f"--port={port}", "--bind-address=127.0.0.1", user]
    tls = [f"--ssl-cert={folder / 'server.crt'}", f"--ssl-key={folder / 'server.key'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["mariadbd", "--no-defaults", *options, *tls], stdout=log, stderr=log)
    try:

        def administer(*statements: str, database: str | None = "city") -> list[tuple[object, ...]]:
            with pymysql.connect(
                unix_socket=str(wire), user="root", database=database, charset="utf8mb4", autocommit=True
            ) as connection:
                cursor = connection.cursor()
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())

        wait_until(wire.exists, process, folder / "log")
        administer(
            "CREATE DATABASE city CHARACTER SET utf8mb4",
            f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            "GRANT ALL ON city.* TO reader@'127.0.0.1'",
            "GRANT FILE ON *.* TO reader@'127.0.0.1'",
            database=None,
        )
        yield Server("mariadb", port, administer)
    finally:
        process.terminate()
        process.wait()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 60
    while not is_so():
        if process.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"the database did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
