"""Connections to the columnar engine (DuckDB): where its limits and its locks stand.

Every connection is in memory, uses one thread, has a memory limit and a spill folder, and may open files of the record
store only; nothing of the host's files or settings can be reached through it. Questions are told in ``query.py`` and
run in ``run.py``; typing runs here too (``tabulate.py``).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Limits:
    """What one question may use: memory in MiB, time in seconds; sorts larger than memory spill to ``spool``."""

    spool: Path
    memory_mib: int = 512
    seconds: float = 60.0


_local = threading.local()


@contextmanager
def connect(folders: tuple[Path, ...], limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor that may read and write under ``folders`` only; the connection below is kept per thread."""
    wanted = (folders, limits.spool, limits.memory_mib)
    if getattr(_local, "wanted", None) != wanted:
        _local.connection = open_connection(folders, limits)
        _local.wanted = wanted
    cursor = _local.connection.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def open_connection(folders: tuple[Path, ...], limits: Limits) -> duckdb.DuckDBPyConnection:
    limits.spool.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={"threads": 1, "memory_limit": f"{limits.memory_mib}MiB", "temp_directory": str(limits.spool / "spill")},
    )
    connection.execute("SET GLOBAL TimeZone = 'Asia/Seoul'")
    allowed = ", ".join(text_literal(f"{folder.resolve()}/") for folder in (*folders, limits.spool))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def deadline(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever runs on ``cursor`` after ``seconds``; the engine then raises ``duckdb.InterruptException``."""
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def identifier(name: str) -> str:
    """Quote a column name for the engine."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Quote a text for the few places of the engine's language that take no parameter."""
    return "'" + value.replace("'", "''") + "'"
