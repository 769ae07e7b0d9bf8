"""Connections to the columnar engine (DuckDB): where its limits and its locks stand.

Every connection is in memory, uses one thread, has a memory limit and a spill folder, and may open files of the record
store only; nothing of the host's files or settings can be reached through it. Questions are told in ``query.py`` and
run in ``run.py``; typing runs here too (``tabulate.py``).
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

KOREAN_STANDARD_TIME = "Etc/GMT-9"  # +09:00 always (POSIX turns the sign); Asia/Seoul had summer times until 1988


@dataclass(frozen=True)
class Limits:
    """What one question may use: memory in MiB, time in seconds; sorts larger than memory spill to ``spool``.

    ``spool`` lies on the same file system as the store, so that finished files can be renamed into it.
    """

    spool: Path
    memory_mib: int = 512
    seconds: float = 60.0


Wanted = tuple[tuple[Path, ...], Path, int]
_kept: dict[int, tuple[Wanted, duckdb.DuckDBPyConnection]] = {}  # by thread
_lock = threading.Lock()


@contextmanager
def connect(folders: tuple[Path, ...], limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor that may read and write under ``folders`` only; the connection below is kept per thread."""
    with _lock:
        cursor = connection_of_thread((folders, limits.spool, limits.memory_mib)).cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def connection_of_thread(wanted: Wanted) -> duckdb.DuckDBPyConnection:
    """Return this thread's connection, opened anew (25 ms) when other folders or limits are wanted than last time."""
    thread = threading.get_ident()
    if thread not in _kept or _kept[thread][0] != wanted:
        forget_ended_threads()
        _kept[thread] = (wanted, open_connection(*wanted))
    return _kept[thread][1]


def forget_ended_threads() -> None:
    for thread in _kept.keys() - {running.ident for running in threading.enumerate()}:
        del _kept[thread]


def open_connection(folders: tuple[Path, ...], spool: Path, memory_mib: int) -> duckdb.DuckDBPyConnection:
    spool.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={"threads": 1, "memory_limit": f"{memory_mib}MiB", "temp_directory": str(spool / "spill")},
    )
    connection.execute(f"SET GLOBAL TimeZone = '{KOREAN_STANDARD_TIME}'")
    allowed = ", ".join(text_literal(f"{folder.resolve()}/") for folder in (*folders, spool))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def close_before_fork() -> None:
    """Close all kept connections: a child that inherits one dies of a segmentation fault when it lets go of it.

    Answers that other threads are reading go on, their cursors keep the engine alive.
    """
    _lock.acquire()
    for _, connection in _kept.values():
        connection.close()
    _kept.clear()


os.register_at_fork(before=close_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release)


@contextmanager
def deadline(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever runs on ``cursor`` after ``seconds``; the engine then raises ``duckdb.InterruptException``."""

    def interrupt() -> None:
        with suppress(duckdb.ConnectionException):  # it was closed at this very moment
            cursor.interrupt()

    timer = threading.Timer(seconds, interrupt)
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
