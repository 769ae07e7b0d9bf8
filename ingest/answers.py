"""What a session asks by and what it is given: limits, spans of time, answers spooled to files (``ingest/http.py``)."""

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

NDJSON = "application/x-ndjson"
INBOX = "inbox:"  # what the location of a file of pushed messages begins with


@dataclass(frozen=True)
class Limits:
    """How long, how much and how often; seconds and bytes. ``total`` covers a fetch with all its repetitions."""

    connect: float = 5
    read: float = 30
    total: float = 300
    size: int = 512 * 2**20
    redirects: int = 3
    attempts: int = 3
    wait_initial: float = 0.5
    wait_max: float = 10
    wait_jitter: float = 1
    retry_after: float = 60


USUAL_LIMITS = Limits()


@dataclass(frozen=True)
class Span:
    """The span of time that a run asks for, when it is to make up for one: from ``since`` up to, without, ``until``."""

    since: dt.datetime
    until: dt.datetime


def ask_freely(host: str) -> None:
    """Let every request pass."""


@dataclass(frozen=True)
class Answer:
    """What a source sent, spooled to ``path``; ``location`` has its secrets masked, the names of ``headers`` are small."""

    location: str
    path: Path
    size: int
    content_type: str
    status: int
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_last: bool = False  # of the pieces that rows are kept in

    def read_bytes(self) -> bytes:
        """Return the whole answer at once; look at ``size`` first."""
        return self.path.read_bytes()


def is_web(location: str) -> bool:
    """Say whether the location is fetched over HTTP (and not read from this machine's files)."""
    return location[:8].lower().startswith(("http://", "https://"))


def seconds_of(retry_after: str | None) -> float | None:
    """Return a Retry-After header (seconds or a date) as seconds from now; None when it says nothing."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def readable_size(size: int) -> str:
    return f"{size / 2**20:g} MiB" if size >= 2**20 else f"{size} B"
