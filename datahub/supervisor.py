"""Starts programs as one tree that lives and dies together, and starts a dead one again.

Every child leads a process group of its own, so that a terminal's Ctrl-C reaches the supervisor alone and nothing that
a child has started is left behind. When the supervisor itself is killed, the kernel kills its children (Linux:
``PR_SET_PDEATHSIG``). Which programs make up a hub stands in ``datahub/processes.py``.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

WATCH_SECONDS = 0.1
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 20.0  # a child that lived so long starts again without delay
LOG_BYTES = 10_000_000
PARENT_SECONDS = 1.0

# Runs as the child before its program: die with the supervisor, even if it died just now, then become the program.
# (Popen's preexec_fn could do the same but is unsafe beside threads.)
LEASH = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Child:
    """A program to keep running: its name, its command line, what it adds to the environment, where it writes."""

    name: str
    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True)
class ChildState:
    """What the supervisor knows of a child: ``pid`` of the last start, ``exit_code`` while it does not run."""

    pid: int
    restarts: int
    exit_code: int | None

    @property
    def is_running(self) -> bool:
        return self.exit_code is None


class Supervisor:
    """The tree as a context: leaving it asks every child to end, and after ``grace`` seconds ends it by force.

    Children are started by one thread that lives as long as the tree, because the kernel's promise is bound to the
    thread that starts a child.
    """

    def __init__(self, children: Sequence[Child], *, grace: float = 30.0) -> None:
        self._kept = [KeptChild(child) for child in children]
        self._grace = grace
        self._started = threading.Event()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor")
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        self._watcher.start()
        try:
            self._started.wait()
        except KeyboardInterrupt:
            self.__exit__(None, None, None)
            raise
        if self._failure:
            self._watcher.join()
            raise self._failure
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End all children; a second Ctrl-C does not wait for them."""
        self._stopping.set()
        try:
            self._watcher.join()
        except KeyboardInterrupt:
            self._grace = 0.0
            self._watcher.join()

    def wait(self) -> None:
        """Stay until a signal interrupts."""
        self._stopping.wait()

    def state(self) -> dict[str, ChildState]:
        """Return the state of every child that was started, by name."""
        return {kept.child.name: kept.state() for kept in self._kept if kept.process}

    def _watch(self) -> None:
        try:
            for kept in self._kept:
                kept.start()
        except OSError as error:
            self._failure = error
            self._stopping.set()
        self._started.set()
        while not self._stopping.wait(WATCH_SECONDS):
            for kept in self._kept:
                kept.start_again_if_dead()
        self._end_all()

    def _end_all(self) -> None:
        started = [kept for kept in self._kept if kept.process]
        for kept in started:
            kept.ask_to_end()
        asked_at = time.monotonic()
        while any(kept.process.poll() is None for kept in started) and time.monotonic() < asked_at + self._grace:
            time.sleep(WATCH_SECONDS / 2)
        for kept in started:
            kept.kill()


class KeptChild:
    """One child with its current process and the history that decides when it may start again."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.delay = 0.0
        self.started_at = 0.0
        self.died_at: float | None = None

    def start(self) -> None:
        child = self.child
        with open_log(child.log) as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()), *child.argv],
                env={**os.environ, **child.environment},
                cwd=child.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        self.died_at = None

    def start_again_if_dead(self) -> None:
        code = self.process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self.died_at is None:
            self.died_at = now
            steady = now - self.started_at >= STEADY_SECONDS
            self.delay = 0.0 if steady else min(max(self.delay * 2, FIRST_DELAY), LONGEST_DELAY)
            logger.warning("%s ended with %s; it starts again in %.1f s", self.child.name, code, self.delay)
            self.kill()
        if now >= self.died_at + self.delay:
            try:
                self.start()
                self.restarts += 1
            except OSError as error:  # no memory or no room for the log; tried again after the same delay
                logger.warning("%s could not be started: %s", self.child.name, error)
                self.died_at = now

    def ask_to_end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """Kill the whole process group: the child, if it still lives, and whatever it has started."""
        with suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, for a group of zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def state(self) -> ChildState:
        return ChildState(pid=self.process.pid, restarts=self.restarts, exit_code=self.process.poll())


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; a long one is kept once more under ``.1``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def interrupt_on_signals() -> None:
    """Let SIGTERM, SIGHUP and SIGINT alike interrupt the main thread as Ctrl-C does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def end_with_parent() -> None:
    """Let this process be killed within a second of its parent's end, also in the middle of work.

    For the pool processes of a worker: idle ones notice by themselves, busy ones would first finish their task. (The
    kernel's promise does not serve here: it is bound to a thread that Celery ends while the pool still works.)
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
