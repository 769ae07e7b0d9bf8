"""What reading a database is about, whichever it is: where it is, what was found, and how a reading is cut off and its errors told.

How each kind is spoken to is in ``databases.py`` and ``oracle.py``.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol
from zoneinfo import ZoneInfo

from ingest.errors import (
    ForbiddenAddress,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    Text,
    TimedOut,
    UnreadableAnswer,
)

CONNECT_SECONDS = 10
ALIVE_SECONDS = 1.0
AT_ONCE = 1_000
ELSEWHERE = Text(ko="다른 곳으로 이끄는 주소입니다", en="it leads elsewhere")


class Wire(Protocol):
    """A connection of a driver that has a file descriptor."""

    def fileno(self) -> int: ...


def refuse_all(address: str, port: int) -> None:
    """Judge nothing to be allowed."""
    raise ForbiddenAddress(address=f"{address}:{port}", reason=ELSEWHERE)


@dataclass(frozen=True)
class Place:
    """Where a database is and how it may be entered; ``authorities`` is a PEM file, or None for a connection in plain.

    ``judge`` refuses an address and port that the database leads to and that may not be gone to.
    """

    shown: str
    host: str
    port: int
    addresses: Sequence[str]
    database: str
    user: str
    password: str
    authorities: Path | None
    seconds: float
    zone: ZoneInfo
    mask: Callable[[str], str]
    alive: Callable[[], None] | None = None
    judge: Callable[[str, int], object] = refuse_all


@dataclass(frozen=True)
class Selection:
    """What a statement found: the names of its columns and its rows, which come as they are asked for.

    ``kinds`` are the hub's types of the columns ("" for others), ``origins`` the table and the column that each is taken
    from, as the database knows them (0 or "" where it is computed).
    """

    names: tuple[str, ...]
    rows: Iterator[Sequence[object]]
    kinds: tuple[str, ...] = ()
    origins: tuple[tuple[object, object], ...] = ()


class Cut:
    """Ends a connection from outside once its time is over, or once the run is to stop; the driver then sees it broken."""

    def __init__(self) -> None:
        self.ends, self.seconds = float("inf"), 0.0
        self.stopped_by: Exception | None = None

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.ends

    @contextmanager
    def after(self, place: Place, wire: Wire) -> Iterator[None]:
        with socket.fromfd(wire.fileno(), socket.AF_INET, socket.SOCK_STREAM) as copy, self.watching(place, [copy]):
            yield

    @contextmanager
    def watching(self, place: Place, wires: Sequence[socket.socket], *, first: float = 0) -> Iterator[None]:
        """Watch over connections, also such as are added to ``wires`` later.

        ``first``: seconds until ``begin`` is called; without it, the time of the whole reading counts at once.
        """
        is_over, self.seconds = threading.Event(), first or place.seconds
        self.ends = time.monotonic() + self.seconds

        def watch() -> None:
            if self.waits(place, is_over):
                return
            for wire in tuple(wires):
                with suppress(OSError):  # the other side was faster
                    wire.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def begin(self, place: Place) -> None:
        """Let the time of the whole reading count from now."""
        self.seconds, self.ends = place.seconds, time.monotonic() + place.seconds

    def waits(self, place: Place, is_over: threading.Event) -> bool:
        """Wait until the reading is over; tell whether it ended by itself."""
        while not is_over.wait(max(0.0, min(ALIVE_SECONDS, self.ends - time.monotonic()))):
            if self.is_late:
                return False
            try:
                if place.alive:
                    place.alive()
            except Exception as error:  # whatever ends a wait on the wire ends this one, and is raised to the reader
                self.stopped_by = error
                return False
        return True


def raise_told(place: Place, cut: Cut, error: Exception, kind: type[SourceError], told: str) -> NoReturn:
    """Raise the error of ours that a driver's error means; its own words stay only where they hold no secret."""
    if cut.stopped_by is not None:
        raise cut.stopped_by from None
    cause = error if place.mask(str(error)) == str(error) else None
    words = " ".join(told.split())[:300]
    if cut.is_late or kind is TimedOut:
        seconds = cut.seconds if cut.is_late else CONNECT_SECONDS if is_connecting(error) else place.seconds
        raise TimedOut(address=place.shown, seconds=f"{seconds:g}") from cause
    if kind is UnreadableAnswer:
        raise kind(address=place.shown, format="SQL", reason=words) from cause
    name = "answer" if kind in (KeyRefused, RequestRefused, PlatformFailure) else "reason"
    raise kind(address=place.shown, **{name: words}) from cause


def is_connecting(error: Exception) -> bool:
    return isinstance(error, TimeoutError) or type(error).__name__ == "ConnectionTimeout"  # psycopg's


def context_of(authorities: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authorities))
    # Certificates that databases make for themselves lack what RFC 5280 wants; Python 3.13 would refuse them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
