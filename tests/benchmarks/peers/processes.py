"""Processes of a peer: starting, finding the whole tree, memory counted once, and waiting until nobody computes."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

LOOPBACK = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def started(
    argv: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as the leader of a process group, and end the whole group afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        tree = tree_of(process.pid)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        for left in tree:
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return server.getsockname()[1]


def wait_for(port: int, path: str, process: subprocess.Popen[bytes], *, seconds: float = 600) -> None:
    """Wait until a path answers with success."""
    opener, end = build_opener(ProxyHandler({})), time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with suppress(URLError, OSError), opener.open(f"http://{LOOPBACK}:{port}{path}", timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nobody answers {path} after {seconds:.0f} s")


def tree_of(*roots: int) -> list[int]:
    """Return these processes and all that descend from them."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents.setdefault(int(after_name(entry).split()[1]), []).append(int(entry.name))
    found, waiting = [], list(roots)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting += parents.get(one, [])
    return found


def is_running(process: int, program: str) -> bool:
    """Tell whether a process has this word in its command line."""
    with suppress(OSError):
        return program in Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    return False


def after_name(entry: Path) -> str:
    """Return what /proc tells of a process after its name, which may hold spaces."""
    return (entry / "stat").read_text().rpartition(")")[2]


def cpu_seconds(processes: Sequence[int]) -> float:
    """Return the time that living processes and their ended children have computed."""
    total = 0
    for one in processes:
        with suppress(OSError):
            total += sum(int(ticks) for ticks in after_name(Path(f"/proc/{one}")).split()[11:15])
    return total / TICKS


@dataclass(frozen=True)
class Memory:
    """MiB: ``pss`` counts a shared page once over all processes, ``rss`` once in each."""

    pss: float = 0.0
    rss: float = 0.0


def memory_of(processes: Sequence[int]) -> Memory:
    sums = {"Pss": 0, "Rss": 0}
    for one in processes:
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in sums:
                    sums[name] += int(rest.split()[0])
    return Memory(pss=sums["Pss"] / 1024, rss=sums["Rss"] / 1024)


class MemoryWatch:
    """Looks at a peer's memory every half second while it is open; ``peak`` holds the greatest of each figure."""

    def __init__(self, processes: Callable[[], Sequence[int]]) -> None:
        self.processes, self.peak = processes, Memory()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self.thread.join()

    def look(self) -> None:
        while True:
            now = memory_of(self.processes())
            self.peak = Memory(pss=max(self.peak.pss, now.pss), rss=max(self.peak.rss, now.rss))
            if self.done.wait(0.5):
                return


def wait_until_idle(processes: Callable[[], Sequence[int]], *, seconds: float) -> bool:
    """Wait until a peer has done what was asked of it by clients that are gone; False when it goes on after all."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = cpu_seconds(processes())
        time.sleep(0.3)
        if cpu_seconds(processes()) - before <= 0.05:
            return True
    return False
