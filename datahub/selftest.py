"""The steps of ``manage.py selftest``: what the tests need from Debian, the checks, and where the suite runs.

The suite runs on SQLite and the file queue as on a laptop; beside it, what the database makes a difference to on PostgreSQL
and Redis as in production (``pytest --database-only``).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from datahub.quickstart import free_port

# Tests wait for processes, servers and browsers, too, so that there is one process more than cores for the whole suite and
# half as many for what is run on PostgreSQL beside it. More of them end hardly earlier, and wait for each other's time
# limits. A file's tests stay together, the files are taken in the order that tests/conftest.py gives them: xdist would keep
# those with few and long tests for the end.
SIDE_BY_SIDE = ("--dist", "loadfile", "--no-loadscope-reorder")
CORES = os.cpu_count() or 1
ON_SQLITE, ON_POSTGRESQL = CORES + 1, max(1, CORES // 2)
SUMMARY_BEGINS = re.compile(r"=+ short test summary info =+")
SUMMARY_ENDS = re.compile(r"=* ?.*\b(passed|failed|error|errors|skipped|deselected|no tests ran)\b.* in [\d.]+s.*")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class DebianPackage:
    """A package that tests need, and the path or program that shows that it is there."""

    name: str
    sign: str

    @property
    def is_here(self) -> bool:
        return Path(self.sign).exists() if self.sign.startswith("/") else shutil.which(self.sign) is not None


DEBIAN_PACKAGES = (
    DebianPackage("postgresql", "pg_virtualenv"),
    DebianPackage("redis-server", "redis-server"),
    DebianPackage("mariadb-server-core", "/usr/sbin/mariadbd"),
    DebianPackage("mariadb-client-core", "my_print_defaults"),  # which the server's core calls to make a database
    DebianPackage("mosquitto", "/usr/sbin/mosquitto"),
    DebianPackage("openssh-server", "/usr/sbin/sshd"),
    DebianPackage("chromium", "chromium"),
    DebianPackage("fonts-nanum", "/usr/share/fonts/truetype/nanum"),
)


@dataclass(frozen=True)
class Outcome:
    """How a step ended; ``words`` are the last ones of its output worth repeating."""

    name: str
    is_good: bool
    words: str


def missing_packages() -> list[str]:
    return [package.name for package in DEBIAN_PACKAGES if not package.is_here]


def install_debian_packages(names: Sequence[str]) -> None:
    """Install packages where this is possible: as root, on Debian or its kin."""
    if os.geteuid() or not shutil.which("apt-get"):
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
        subprocess.run(["apt-get", "-qq", *arguments], env=quiet, stdout=subprocess.DEVNULL, check=False)


def run_step(name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a command in the project's folder, showing its output as it comes; an interruption reaches all it started."""
    print(f"\n── {name} ──", flush=True)
    output = bytearray()
    with started(command, subprocess.PIPE, environment) as process:
        while piece := os.read(process.stdout.fileno(), 65536):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            output += piece
    return Outcome(name, process.returncode == 0, last_words(output.decode("utf-8", "replace")))


@contextmanager
def step_beside(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Callable[[], Outcome]]:
    """Run a command while the context's body runs another; the function waits for it, shows its output and tells how it ended."""
    with tempfile.TemporaryFile() as file, started(command, file, environment) as process:

        def finish() -> Outcome:
            process.wait()
            file.seek(0)
            output = file.read()
            print(f"\n── {name} ──", flush=True)
            sys.stdout.buffer.write(output)
            sys.stdout.buffer.flush()
            return Outcome(name, process.returncode == 0, last_words(output.decode("utf-8", "replace")))

        yield finish


@contextmanager
def started(
    command: Sequence[str], output: int | BinaryIO, environment: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in the project's folder; leaving by an error or an interruption ends all it has started."""
    with subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise


def last_words(output: str) -> str:
    """Return pytest's summary: its list of failures and skips and the line of counts; of anything else the last line."""
    lines = output.rstrip().splitlines()
    plain = [COLOUR.sub("", line) for line in lines]
    ends = [number for number, line in enumerate(plain) if SUMMARY_ENDS.fullmatch(line)]
    if not ends:
        return "\n".join(lines[-1:])
    begins = [number for number, line in enumerate(plain[: ends[-1]]) if SUMMARY_BEGINS.fullmatch(line)]
    return "\n".join(lines[begins[-1] if begins else ends[-1] : ends[-1] + 1])


def pytest_command(processes: int, arguments: Sequence[str]) -> list[str]:
    colour = "yes" if sys.stdout.isatty() else "no"
    return [
        sys.executable,
        "-m",
        "pytest",
        f"--color={colour}",
        f"--numprocesses={processes}",
        *SIDE_BY_SIDE,
        *arguments,
    ]


@contextmanager
def on_sqlite() -> Iterator[dict[str, str]]:
    """Give the environment of a run on the defaults, whatever ``.env`` says, in a data folder of its own.

    Python may keep what it has compiled, also where an image forbids it: the suite starts hundreds of processes.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(prefix="hub-selftest-") as folder:
        yield {
            **inherited,
            "LANG": "C.UTF-8",
            "HUB_DATA_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/hub.sqlite3",
            "HUB_BROKER_URL": f"sqlitelease:///{folder}/broker.sqlite3",
        }


@contextmanager
def with_redis(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start a Redis server that keeps nothing, and give the environment in which it is the broker."""
    port = free_port()
    place = ["--port", str(port), "--bind", "127.0.0.1", "--dir", environment["HUB_DATA_DIR"]]
    options = [*place, "--save", "", "--databases", "256"]
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as server:
        try:
            yield {**environment, "HUB_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
        finally:
            server.terminate()


def on_postgresql(command: Sequence[str]) -> list[str]:
    """Return the command as it runs beside a PostgreSQL server of its own, in a temporary folder, which ends with it."""
    fast = ["-o", "fsync=off", "-o", "synchronous_commit=off", "-o", "full_page_writes=off"]
    address = 'DATABASE_URL="postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE" exec "$@"'
    return ["pg_virtualenv", "-t", *fast, "sh", "-c", address, "sh", *command]
