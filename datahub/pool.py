"""Celery's processes where the queue is a file: a killed one takes nothing with it.

Without an event loop (``datahub/broker.py`` has none) Billiard shares one pipe and one semaphore among all processes. The
one that waits for work holds the semaphore: killed then, by the kernel for its memory or by hand, it keeps it for ever,
no other process ever gets work again, and nothing is logged. Killed while it reads, it leaves half a message to the next.

Here messages come through a socket that gives them whole or not at all, which needs no lock; what processes report goes
through a lock of the kernel, which ends with its process. Work that a dying process has still read is with nobody: it is
handed out again.
"""

import fcntl
import pickle
import select
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType

from billiard.pool import TASK, ApplyResult, Pool
from celery.concurrency.prefork import TaskPool as PreforkPool

LARGEST = 2**18  # bytes of a message; the kernel takes no larger one than its buffer, 208 KiB
TAKEN_WITHIN = 1.0  # seconds after which work that is in no pipe, and that no process has said to have, was lost


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


class End:
    """One end of a socket of messages, as much of a ``Connection`` as a pool asks for."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.fileno, self.close = end.fileno, end.close

    def send(self, message: object) -> None:
        self.end.send(pickle.dumps(message))

    def recv_bytes(self) -> bytes:
        message = self.end.recv(LARGEST)
        if not message:
            raise EOFError
        return message

    def recv(self) -> object:
        return pickle.loads(self.recv_bytes())

    def poll(self, timeout: float = 0.0) -> bool:
        """Tell whether a message comes within so many seconds."""
        looker = select.poll()  # select.select() knows no more than 1,024 files
        looker.register(self.end, select.POLLIN)
        return bool(looker.poll(timeout * 1000))


class Messages:
    """A queue from one process to many: each message is read by one of them, whole."""

    def __init__(self) -> None:
        writer, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._writer, self._reader = End(writer), End(reader)
        self.put, self.get, self.get_payload = self._writer.send, self._reader.recv, self._reader.recv_bytes

    def throw_away(self) -> None:
        """Take out what nobody has read."""
        with suppress(BlockingIOError):
            while self._reader.end.recv(LARGEST, socket.MSG_DONTWAIT):
                pass

    def close(self) -> None:
        self._writer.close()
        self._reader.close()


class SteadyPool(Pool):
    """Billiard's pool, which goes on as if nothing had been when a process is killed, at whatever it was."""

    def __init__(self, *args: object, **options: object) -> None:
        self._doubtful: list[ApplyResult] = []
        self._doubtful_since = 0.0
        super().__init__(*args, **options)

    def _setup_queues(self) -> None:
        super()._setup_queues()
        self._inqueue.close()
        self._inqueue = Messages()
        self._quick_put = self._inqueue.put
        self._outqueue._wlock = ProcessLock()

    def apply_async(
        self,
        func: Callable[..., object],
        args: tuple = (),
        kwds: dict | None = None,
        **options: object,
    ) -> ApplyResult | None:
        result = super().apply_async(func, args, kwds or {}, **options)
        if result is not None:
            result.message = (TASK, (result._job, None, func, args, kwds or {}))
        return result

    def _join_exited_workers(self, shutdown: bool = False) -> list[int]:
        gone = super()._join_exited_workers(shutdown)
        if gone and not shutdown:
            self._doubtful = [
                job for job in list(self._cache.values()) if hasattr(job, "message") and not job._accepted
            ]
            self._doubtful_since = time.monotonic()
        return gone

    def _maintain_pool(self) -> None:
        super()._maintain_pool()
        self._doubtful = [job for job in self._doubtful if not job._accepted and not job.ready()]
        if not self._doubtful:
            return
        if self._inqueue._reader.poll():  # some of it is still to be taken
            self._doubtful_since = time.monotonic()
        elif time.monotonic() - self._doubtful_since > TAKEN_WITHIN:
            doubtful, self._doubtful = self._doubtful, []
            for job in doubtful:
                self._taskqueue.put(([job.message], None))

    @staticmethod
    def _help_stuff_finish(inqueue: Messages, task_handler: Thread, _pool: object) -> None:
        """Take out messages as long as the thread that puts them in may wait for room."""
        while task_handler.is_alive():
            inqueue.throw_away()
            time.sleep(0.01)


class TaskPool(PreforkPool):
    """The pool as Celery's setting ``worker_pool`` takes it; with an event loop (Redis) it is Celery's own."""

    BlockingPool = SteadyPool
