"""Connections to the columnar engine (DuckDB): where its limits and its locks stand.

Every connection is in memory, uses one thread, has a memory limit and a spill folder, and may open files of the record
store only; nothing of the host's files or settings can be reached through it. Questions are told in ``query.py`` and
run in ``run.py``; typing runs here too (``tabulate.py``).
"""

import atexit
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalog.records.spatial import add_functions

KOREAN_STANDARD_TIME = "Etc/GMT-9"  # +09:00 always (POSIX turns the sign); Asia/Seoul had summer times until 1988


@dataclass(frozen=True)
class Limits:
    """What one question may use: memory in MiB, time in seconds; sorts larger than memory spill to ``spool``.

    ``spool`` lies on the same file system as the store, so that finished files can be renamed into it. It may be a part of
    a ``shared_spool``, by which one who works again and again in new folders keeps the connection. ``admit`` lets a question
    of a cost in, or refuses it, for as long as its context lasts (``admission.py``); None lets everybody in. ``is_wanted``
    tells, while a question runs, whether anybody still waits for it; None: somebody does.
    """

    spool: Path
    memory_mib: int = 512
    seconds: float = 60.0
    admit: Callable[[float], AbstractContextManager[None]] | None = None
    shared_spool: Path | None = None
    is_wanted: Callable[[], bool] | None = None

    def admitted(self, cost: float) -> AbstractContextManager[None]:
        return self.admit(cost) if self.admit else nullcontext()


Wanted = tuple[tuple[Path, ...], Path, int]
KEPT_PER_THREAD = 4  # as many as a worker needs: to type, to write, to read, and to ask an index
KEPT = 96  # of all threads; whether one has ended cannot be told, as a web server's are not all Python's
_kept: "OrderedDict[tuple[int, Wanted], duckdb.DuckDBPyConnection]" = OrderedDict()  # the last used at the end
_lock = threading.Lock()
FIRST_LOOK, LATER_LOOKS = 0.1, 0.5  # seconds of a question after which it is asked whether somebody waits for it


@contextmanager
def connect(folders: tuple[Path, ...], limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a cursor that may read and write under ``folders`` and the spool only; its connection is kept for the thread.

    After an error inside the engine it answers nothing any more, so that the next question gets a new one.
    """
    wanted = (folders, limits.shared_spool or limits.spool, limits.memory_mib)
    with _lock:
        connection = connection_of_thread(wanted)  # held as long as the cursor: our functions go with it
        cursor = connection.cursor()
    try:
        yield cursor
    except (duckdb.InternalException, duckdb.FatalException):
        with _lock:
            _kept.pop((threading.get_ident(), wanted), None)
        raise
    finally:
        cursor.close()


def connection_of_thread(wanted: Wanted) -> duckdb.DuckDBPyConnection:
    """Return this thread's connection for these folders and limits; opening one takes 25 ms.

    One that is let go of is not closed: an answer that is read from it goes on.
    """
    name = (threading.get_ident(), wanted)
    if name in _kept:
        _kept.move_to_end(name)
        return _kept[name]
    own = [known for known in _kept if known[0] == name[0]]
    for known in own[: 1 - KEPT_PER_THREAD] or list(_kept)[: max(len(_kept) + 1 - KEPT, 0)]:
        del _kept[known]
    _kept[name] = open_connection(*wanted)
    return _kept[name]


def open_connection(folders: tuple[Path, ...], spool: Path, memory_mib: int) -> duckdb.DuckDBPyConnection:
    spool.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={"threads": 1, "memory_limit": f"{memory_mib}MiB", "temp_directory": str(spool / "spill")},
    )
    add_functions(connection)
    agree_on_values(connection)
    allowed = ", ".join(text_literal(f"{folder.resolve()}/") for folder in (*folders, spool))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def open_table(path: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """Open a file of the engine for reading; nothing but this file can be reached through it."""
    limits.spool.mkdir(parents=True, exist_ok=True)
    config = {"threads": 1, "memory_limit": f"{limits.memory_mib}MiB", "temp_directory": str(limits.spool / "spill")}
    connection = duckdb.connect(str(path), read_only=True, config=config)
    add_functions(connection)
    agree_on_values(connection)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def agree_on_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Set what values mean: days are Korean, and what is divided by zero is empty, neither infinite nor an error."""
    connection.execute(f"SET GLOBAL TimeZone = '{KOREAN_STANDARD_TIME}'")
    connection.execute("SET GLOBAL ieee_floating_point_ops = false")
    connection.execute("SET GLOBAL error_on_division_by_zero = false")


def close_before_fork() -> None:
    """Close all kept connections: a child that inherits one dies of a segmentation fault when it lets go of it.

    Answers that other threads are reading go on, their cursors keep the engine alive.
    """
    _lock.acquire()
    for connection in _kept.values():
        connection.close()
    _kept.clear()


def close_at_exit() -> None:
    """Close all kept connections: one that still knows functions of ours when Python ends is reported as a leak."""
    with _lock:
        for connection in _kept.values():
            connection.close()
        _kept.clear()


atexit.register(close_at_exit)
os.register_at_fork(before=close_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release)


@contextmanager
def deadline(cursor: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[None]:
    """Interrupt whatever runs on ``cursor`` when its time is over or nobody waits for it any more.

    The engine then raises ``duckdb.InterruptException``.
    """
    done = threading.Event()
    end = time.monotonic() + limits.seconds

    def interrupt() -> None:
        looks = FIRST_LOOK
        while not done.wait(max(min(looks, end - time.monotonic()), 0)):
            if time.monotonic() >= end or not (limits.is_wanted is None or limits.is_wanted()):
                break
            looks = LATER_LOOKS
        while not done.wait(0.01):  # again and again: one that strikes between two statements is lost
            cursor.interrupt()

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
