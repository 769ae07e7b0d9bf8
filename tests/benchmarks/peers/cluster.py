"""A PostgreSQL server of one's own for as long as it is needed, tuned for this size."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks.peers.processes import LOOPBACK

ROOT = Path(__file__).parents[3]
OPTIONS: Mapping[str, str] = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",  # a general plan reads 30 days row by row through an index
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "Asia/Seoul",
}


@dataclass(frozen=True)
class Cluster:
    """A running server: how to reach it and the process whose children are all of it."""

    address: str
    postmaster: int
    version: str


@contextmanager
def postgresql(folder: Path) -> Iterator[Cluster]:
    """Run a server in a temporary folder of its own; pg_virtualenv drops it when its program ends."""
    told = folder / "postgresql.env"
    told.unlink(missing_ok=True)
    options = [part for name, value in OPTIONS.items() for part in ("-o", f"{name}={value}")]
    script = 'printf "%s\\n" "$PGUSER" "$PGPASSWORD" "$PGPORT" > "$0.new"; mv "$0.new" "$0"; exec cat'
    argv = ["pg_virtualenv", "-t", *options, "sh", "-c", script, str(told)]
    with (folder / "postgresql.log").open("ab") as log:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
    try:
        while not told.exists():
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: see {folder / 'postgresql.log'}")
            time.sleep(0.1)
        user, secret, port = told.read_text().split()
        told.unlink()
        address = f"postgresql://{user}:{secret}@{LOOPBACK}:{port}/postgres"
        with psycopg.connect(address) as connection:
            row = connection.execute("SELECT current_setting('data_directory'), current_setting('server_version')")
            directory, version = row.fetchone() or ("", "")
        postmaster = int(Path(directory, "postmaster.pid").read_text().split()[0])
        yield Cluster(address, postmaster, version.split()[0])
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait()
