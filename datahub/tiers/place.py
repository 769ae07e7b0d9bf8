"""The hubs of the three tiers, and where each of them lives: its folder, its port, its environment."""

import fcntl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.core.management.base import CommandError

from catalog.text import Text
from datahub.processes import CELERY, granian_options, hub_process
from datahub.quickstart import LOOPBACK, check_port, free_port
from datahub.supervisor import Child


@dataclass(frozen=True)
class Tier:
    """One of the hubs: its name as a peer and as a folder, its title, the hubs that it reads."""

    name: str
    title: Text
    reads: tuple[str, ...] = ()


TIERS = (
    Tier("hanbit", Text(ko="한빛시", en="Hanbit City")),
    Tier("saeron", Text(ko="새론시", en="Saeron City")),
    Tier("nuri", Text(ko="누리도", en="Nuri Province"), reads=("hanbit", "saeron")),
    Tier("nation", Text(ko="국가", en="the nation"), reads=("nuri", "hanbit")),  # hanbit by two ways
)


@dataclass(frozen=True)
class Place:
    """A hub of the tiers on this machine."""

    tier: Tier
    folder: Path
    port: int

    @property
    def name(self) -> str:
        return self.tier.name

    @property
    def base(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "hub.sqlite3"

    @property
    def environment(self) -> Mapping[str, str]:
        """All that makes the hub one of its own: what is set for this machine's hub counts for none of the tiers."""
        return {
            "HUB_DATA_DIR": str(self.folder),
            "HUB_BASE_URL": self.base,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "HUB_BROKER_URL": f"sqlitelease:///{self.folder / 'broker.sqlite3'}",
            "HUB_FILE_ROOTS": str(self.folder / "files"),
            "HUB_ALLOWED_HOSTS": LOOPBACK,
            "HUB_SECRET_KEY": "",
            "HUB_ENCRYPTION_KEYS": "",
            "HUB_EMAIL_URL": "",
            "HUB_HTTPS": "false",
            "HUB_TRUSTED_PROXIES": "0",
            "PYTHONUTF8": "1",
        }

    @property
    def line(self) -> str:
        """Return how a shell gives a command to this hub."""
        return f"(set -a; . {self.folder / 'hub.env'}; {sys.executable} manage.py …)"


def tiers_folder() -> Path:
    return settings.DATA_DIR / "tiers"


def places() -> tuple[Place, ...]:
    """Return the hubs with their ports: those of the last start where they are free, since permanent addresses hold them."""
    found: list[Place] = []
    for tier in TIERS:
        folder = tiers_folder() / tier.name
        found.append(Place(tier, folder, kept_port(folder, {place.port for place in found})))
    return tuple(found)


def running_places() -> tuple[Place, ...]:
    """Return the hubs with the ports that they have been started on."""
    folders = [(tier, tiers_folder() / tier.name) for tier in TIERS]
    return tuple(Place(tier, folder, int((folder / "port").read_text(encoding="ascii"))) for tier, folder in folders)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the tiers of a data folder; False while another command runs them. It ends with this process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        yield is_locked(lock)


def is_locked(lock: TextIO) -> bool:
    """Lock a file unless another process has; tell whether it is locked for this one."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def kept_port(folder: Path, taken: set[int]) -> int:
    kept = folder / "port"
    try:
        port = int(kept.read_text(encoding="ascii"))
        check_port(LOOPBACK, port)
    except (OSError, ValueError, CommandError):
        port = free_port()
    while port in taken:
        port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(str(port), encoding="ascii")
    return port


def web_process(place: Place) -> Child:
    argv = [sys.executable, "-m", "granian", *granian_options(LOOPBACK, place.port, workers=1)]
    return hub_process(f"{place.name}-web", argv, place.environment)


def worker_process(place: Place) -> Child:
    """Return the worker with one hand; the schedule runs within it, which saves each hub a process of its own."""
    options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat")
    beat = ("--beat", "--schedule", str(place.folder / "beat-schedule"))
    return hub_process(f"{place.name}-worker", [*CELERY, "worker", *options, *beat], place.environment)
