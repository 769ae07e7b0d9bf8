"""Celery's processes where the queue is a file: a killed one takes nothing with it.

Without an event loop (``datahub/broker.py`` has none) Billiard shares one pipe and one semaphore among all processes. The
one that waits for work holds the semaphore, and killed then, by the kernel for its memory or by hand, it keeps it for
ever: no other process ever gets work again, and nothing is logged. A lock of the kernel ends with its process.
"""

import fcntl
import tempfile
from pathlib import Path
from types import TracebackType

from billiard.pool import Pool
from celery.concurrency.prefork import TaskPool as PreforkPool


class ProcessLock:
    """A lock between processes, not between threads; it is inherited by a fork, but never held."""

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp()
        Path(path).unlink()  # nobody else may open it: closing it again would end the lock

    def acquire(self) -> bool:
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


class SteadyPool(Pool):
    """Billiard's pool; the locks that its processes share, one to take work and one to report it, are the kernel's."""

    def _setup_queues(self) -> None:
        super()._setup_queues()
        self._inqueue._rlock = ProcessLock()
        self._outqueue._wlock = ProcessLock()


class TaskPool(PreforkPool):
    """The pool as Celery's setting ``worker_pool`` takes it; with an event loop (Redis) it is Celery's own."""

    BlockingPool = SteadyPool
