"""A queue of messages in one SQLite file, shared by all processes of one machine.

A message is a row. Taking it leases it for some seconds, a thread renews the leases while this process lives, and
acknowledging deletes the row. When a process dies, its leases run out and another one takes the message; after
``max_tries`` it is put aside among the dead letters. ``datahub/broker.py`` makes this a transport for Celery.

Each process has one connection to a file and one owner name for its leases. Times are those of the machine's clock,
which the processes share. A clock set forward ends leases early: that costs a second delivery, never a message.
"""

import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

LEASE_SECONDS = 20.0
MAX_TRIES = 5
BUSY_SECONDS = 30.0
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"}

TABLES = """
    CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        priority INTEGER NOT NULL,
        body TEXT NOT NULL,
        owner TEXT NOT NULL DEFAULT '',
        leased_until REAL NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS message_order ON message (queue, priority DESC, id);
    CREATE INDEX IF NOT EXISTS message_owner ON message (owner) WHERE owner <> '';
    CREATE TABLE IF NOT EXISTS dead_letter (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        tries INTEGER NOT NULL,
        died_at REAL NOT NULL
    );
"""
FIRST_FREE = "SELECT id FROM message WHERE queue = ? AND leased_until < ? ORDER BY priority DESC, id LIMIT 1"

logger = logging.getLogger(__name__)


class QueueFile:
    """The queue file as this process sees it; safe for threads. Use ``open_queue_file``."""

    def __init__(
        self,
        path: Path,
        *,
        lease_seconds: float = LEASE_SECONDS,
        max_tries: int = MAX_TRIES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.clock = clock
        self.lease_seconds = lease_seconds
        self.max_tries = max_tries
        self.owner = f"{os.getpid()}-{secrets.token_hex(8)}"
        self.lock = threading.Lock()
        self._closed = threading.Event()
        self._renewal: threading.Thread | None = None
        self._connection = connect(path)

    def put(self, queue: str, body: str, *, priority: int = 0) -> None:
        self._execute("INSERT INTO message (queue, priority, body) VALUES (?, ?, ?)", queue, priority, body)

    def take(self, queue: str) -> tuple[int, str, int]:
        """Lease the first free message of ``queue``; return its id, its body and how often it has been taken.

        The highest priority comes first, then the oldest. Raises ``Empty`` at the price of one indexed read, so that
        polling takes no write lock.
        """
        while True:
            now = self.clock()
            if not self._execute(FIRST_FREE, queue, now):
                raise Empty
            taken = self._execute(
                "UPDATE message SET owner = ?, leased_until = ?, tries = tries + 1"
                f" WHERE id = ({FIRST_FREE}) RETURNING id, body, tries",
                *(self.owner, now + self.lease_seconds, queue, now),
            )
            if not taken:
                raise Empty  # another process was faster
            tag, body, tries = taken[0]
            if tries <= self.max_tries:
                self._keep_renewing()
                return tag, body, tries
            self._bury(tag)

    def acknowledge(self, tag: int) -> None:
        """Forget a message that is done; nothing happens when another process holds it by now."""
        self._execute("DELETE FROM message WHERE id = ? AND owner = ?", tag, self.owner)

    def release(self, tag: int, *, untried: bool = False) -> None:
        """Let others take the message at once; ``untried`` when it was never begun, so that it counts no try."""
        self._execute(
            "UPDATE message SET owner = '', leased_until = 0, tries = tries - ? WHERE id = ? AND owner = ?",
            *(int(untried), tag, self.owner),
        )

    def size(self, queue: str) -> int:
        """Return how many messages of ``queue`` wait to be taken."""
        waiting = "SELECT count(*) FROM message WHERE queue = ? AND leased_until < ?"
        return self._execute(waiting, queue, self.clock())[0][0]

    def purge(self, queue: str) -> int:
        """Delete the messages that wait in ``queue``, not those being worked on; return how many."""
        waiting = "DELETE FROM message WHERE queue = ? AND leased_until < ? RETURNING id"
        return len(self._execute(waiting, queue, self.clock()))

    def dead_letters(self, queue: str) -> list[str]:
        """Return the bodies of the messages of ``queue`` that were given up, oldest first."""
        return [body for (body,) in self._execute("SELECT body FROM dead_letter WHERE queue = ? ORDER BY id", queue)]

    def close(self) -> None:
        """Stop renewing and close the file; what is still leased comes free when its lease runs out."""
        self._closed.set()
        if self._renewal:
            self._renewal.join()
        with self.lock:
            self._connection.close()

    def _bury(self, tag: int) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO dead_letter (id, queue, body, tries, died_at)"
                " SELECT id, queue, body, tries - 1, ? FROM message WHERE id = ? AND owner = ?",
                (self.clock(), tag, self.owner),
            )
            connection.execute("DELETE FROM message WHERE id = ? AND owner = ?", (tag, self.owner))
        logger.error("message %s was given up after %s tries and lies among the dead letters", tag, self.max_tries)

    def _keep_renewing(self) -> None:
        with self.lock:
            if not self._renewal:
                self._renewal = threading.Thread(target=self._renew, name="queue-file-renewal", daemon=True)
                self._renewal.start()

    def _renew(self) -> None:
        while not self._closed.wait(self.lease_seconds / 3):
            until = self.clock() + self.lease_seconds
            try:
                self._execute("UPDATE message SET leased_until = ? WHERE owner = ?", until, self.owner)
            except sqlite3.OperationalError as error:  # a full disk or a long lock; the next round may succeed
                logger.warning("leases in %s could not be renewed: %s", self.path, error)

    def _execute(self, statement: str, *values: object) -> list[tuple]:
        """Run a statement as a transaction of its own; reading every row of RETURNING is what ends it."""
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                yield self._connection


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, made if needed, with a write-ahead log and without implicit transactions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    refuse_network_file_system(path.parent)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last hints; a killed process none
    connection.executescript(TABLES)
    return connection


def refuse_network_file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Raise ``ValueError`` where SQLite would lose messages: its write-ahead log needs one machine's shared memory."""
    if not mounts.exists():
        return  # no Linux: trust whoever chose the folder
    rows = (line.split(" ")[1:3] for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines())
    holding = [(len(place), kind) for place, kind in rows if folder.resolve().is_relative_to(place)]
    if holding and max(holding)[1] in NETWORK_FILE_SYSTEMS:
        raise ValueError(
            f"The queue file cannot lie in {folder}, a network file system ({max(holding)[1]}); "
            f"let HUB_BROKER_URL name a file on a local disk, or a Redis server."
        )


_opened: dict[Path, QueueFile] = {}
_inherited: list[QueueFile] = []
_opening = threading.Lock()


def open_queue_file(path: Path, **options: float) -> QueueFile:
    """Return this process's queue file at ``path``, opened with ``options`` the first time."""
    with _opening:
        if path not in _opened:
            _opened[path] = QueueFile(path, **options)
        return _opened[path]


def close_queue_files() -> None:
    """Close every queue file that this process has open."""
    with _opening:
        while _opened:
            _opened.popitem()[1].close()


def _pause_before_fork() -> None:
    """Let no thread be inside SQLite while the process forks: its global locks would stay shut in the child."""
    _opening.acquire()
    for file in _opened.values():
        file.lock.acquire()


def _resume_in_parent() -> None:
    for file in _opened.values():
        file.lock.release()
    _opening.release()


def _begin_anew_in_child() -> None:
    """Keep the parent's connections aside, unused and unclosed: closing could fold the log under the parent's feet."""
    _inherited.extend(_opened.values())
    _opened.clear()
    _opening.release()


os.register_at_fork(before=_pause_before_fork, after_in_parent=_resume_in_parent, after_in_child=_begin_anew_in_child)
