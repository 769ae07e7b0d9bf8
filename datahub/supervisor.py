"""Starts programs as one tree that lives and dies together, and starts a dead one again.

Every child leads a process group of its own, so that a terminal's Ctrl-C reaches the supervisor alone and a child ends
with all that it has started. A guard kills these groups when the supervisor itself is killed. (The kernel could kill
the children, but not what they have started: the pools of the web server and of Celery would work on.)
Which programs make up a hub stands in ``datahub/processes.py``.
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

# Reads "+group" and "-group" until the supervisor is gone, then kills the groups that are left.
GUARD = """
import os, signal, sys

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
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
    """The tree as a context: leaving it asks every child to end, and after ``grace`` seconds ends it by force."""

    def __init__(self, children: Sequence[Child], *, grace: float = 30.0) -> None:
        self._guard = Guard()
        self._kept = [KeptChild(child, self._guard) for child in children]
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

    def wait(self, seconds: float | None = None) -> None:
        """Stay until a signal interrupts, or for so long."""
        self._stopping.wait(seconds)

    def keep(self, child: Child, *, wanted: bool) -> None:
        """Run one more child from now on, or end it if it is no longer wanted; the watcher does it in its next round."""
        kept = next((kept for kept in self._kept if kept.child.name == child.name), None)
        if kept is not None:
            kept.is_wanted = wanted
        elif wanted:
            self._kept = [*self._kept, KeptChild(child, self._guard)]

    def state(self) -> dict[str, ChildState]:
        """Return the state of every child that was started and is wanted, by name."""
        states = {kept.child.name: kept.state() for kept in self._kept}
        return {name: state for name, state in states.items() if state}

    def _watch(self) -> None:
        try:
            self._guard.start()
            for kept in self._kept:
                kept.start()
        except OSError as error:
            self._failure = error
            self._stopping.set()
        self._started.set()
        while not self._stopping.wait(WATCH_SECONDS):
            for kept in self._kept:
                kept.look_after(self._grace)
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
        self._guard.end()


class Guard:
    """A small process that outlives a killed supervisor just long enough to kill the groups entrusted to it."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-I", "-S", "-c", GUARD]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
        for group in self._groups:
            self._tell(f"+{group}")

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}")

    def remove(self, group: int) -> None:
        self._groups.discard(group)
        self._tell(f"-{group}")

    def end(self) -> None:
        if self._process:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def _tell(self, line: str) -> None:
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # somebody killed the guard: the next one learns of all groups
            self.end()
            self.start()


class KeptChild:
    """One child with its current process and the history that decides when it may start again."""

    def __init__(self, child: Child, guard: Guard) -> None:
        self.child = child
        self.guard = guard
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.delay = 0.0
        self.started_at = 0.0
        self.died_at: float | None = None
        self.is_wanted = True
        self.asked_at: float | None = None

    def look_after(self, grace: float) -> None:
        """Keep the child running, or end it when it is not wanted any more."""
        if not self.is_wanted:
            self.end_in_time(grace)
        elif self.process is None:
            self.start_or_wait(time.monotonic())
        else:
            self.start_again_if_dead()

    def end_in_time(self, grace: float) -> None:
        if self.process is None:
            return
        if self.asked_at is None:
            self.asked_at = time.monotonic()
            self.ask_to_end()
        if self.process.poll() is not None or time.monotonic() > self.asked_at + grace:
            self.kill()
            self.process, self.asked_at, self.died_at = None, None, None

    def start(self) -> None:
        child = self.child
        with open_log(child.log) as log:
            self.process = subprocess.Popen(
                child.argv,
                env={**os.environ, **child.environment},
                cwd=child.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.guard.add(self.process.pid)
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
        if now >= self.died_at + self.delay and self.start_or_wait(now):
            self.restarts += 1

    def start_or_wait(self, now: float) -> bool:
        """Start the child; without memory or room for its log it is tried again after the same delay."""
        if self.process is None and self.died_at is not None and now < self.died_at + max(self.delay, FIRST_DELAY):
            return False
        try:
            self.start()
        except OSError as error:
            logger.warning("%s could not be started: %s", self.child.name, error)
            self.died_at = now
            return False
        return True

    def ask_to_end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """Kill the whole process group: the child, if it still lives, and whatever it has started."""
        with suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, for a group of zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.guard.remove(self.process.pid)

    def state(self) -> ChildState | None:
        process = self.process  # the watcher may take it away meanwhile
        return ChildState(process.pid, self.restarts, process.poll()) if process else None


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
