"""Connections to the columnar engine (DuckDB): where its limits and its locks stand.

Every connection is in memory, uses one thread, has a memory limit and a spill folder, and may open files of the record
store only; nothing of the host's files or settings can be reached through it. Questions are told in ``query.py`` and
run in ``run.py``; typing runs here too (``tabulate.py``).
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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
KEPT_PER_THREAD = 3  # as many as a run needs: to type, to write and to read
_kept: dict[tuple[int, Wanted], duckdb.DuckDBPyConnection] = {}  # by thread and what was wanted, oldest first
_lock = threading.Lock()


@contextmanager
def connect(folders: tuple[Path, ...], limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor that may read and write under ``folders`` only; the connection below is kept for the thread."""
    with _lock:
        cursor = connection_of_thread((folders, limits.spool, limits.memory_mib)).cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def connection_of_thread(wanted: Wanted) -> duckdb.DuckDBPyConnection:
    """Return this thread's connection for these folders and limits; opening one takes 25 ms."""
    thread = threading.get_ident()
    if (thread, wanted) not in _kept:
        running = {other.ident for other in threading.enumerate()}
        own = [known for known in _kept if known[0] == thread]
        ended = [known for known in _kept if known[0] not in running]
        for known in [*ended, *own[: 1 - KEPT_PER_THREAD]]:
            del _kept[known]
        _kept[thread, wanted] = open_connection(*wanted)
    return _kept[thread, wanted]


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
    for connection in _kept.values():
        connection.close()
    _kept.clear()


os.register_at_fork(before=close_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release)


@contextmanager
def deadline(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever runs on ``cursor`` after ``seconds``; the engine then raises ``duckdb.InterruptException``."""
    done = threading.Event()

    def interrupt() -> None:
        patience = seconds
        while not done.wait(patience):
            cursor.interrupt()
            patience = 0.01  # again and again: one that strikes between two statements is lost

    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()  # so that it cannot strike after the cursor is closed


def identifier(name: str) -> str:
    """Quote a column name for the engine."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Quote a text for the few places of the engine's language that take no parameter."""
    return "'" + value.replace("'", "''") + "'"


def names_of(columns: Iterable[str]) -> str:
    """Quote several column names, separated by commas."""
    return ", ".join(identifier(name) for name in columns)


def count(cursor: duckdb.DuckDBPyConnection, what: str, parameters: Mapping[str, object]) -> int:
    [(number,)] = cursor.execute(f"SELECT count(*) FROM {what}", dict(parameters)).fetchall()
    return number
