"""What a session lends to those who speak another protocol than HTTP for it: judged connections, its patience, its mask.

The session (``ingest/http.py``) caps the size of what they bring, keeps it, and repeats what failed in passing.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import httpcore2

from ingest.addresses import ALIVE_SECONDS, Deadline


@dataclass(frozen=True)
class Wire:
    """How a server is reached and how long it is waited for; ``connect`` goes to judged addresses only."""

    connect: Callable[[str, int], socket.socket]
    deadline: Deadline
    seconds: float
    total: float
    mask: Callable[[str], str]

    def rest(self, wait: Callable[[float], None], seconds: float) -> None:
        """Wait so long before going on, asking in between whether this is still wanted."""
        ends = self.deadline.clock() + seconds
        while (left := min(ends - self.deadline.clock(), self.deadline.left())) > 0:
            if self.deadline.alive:
                self.deadline.alive()
            wait(min(left, ALIVE_SECONDS))


class Door(Protocol):
    """Speaks a protocol of its own with one server, from the first location asked for until it is closed."""

    host: str
    """The server's name and port, as the pace of requests is kept by them."""

    def bring(self, location: str, wire: Wire) -> Iterator[bytes]:
        """Yield what stands at the location, piece by piece."""

    def close(self) -> None:
        """Hang up."""


def connect_to(addresses: list[str], port: int, deadline: Deadline, timeout: float) -> socket.socket:
    """Return a connection to the first of the addresses that takes one; errors are those of HTTP connections."""
    failure: Exception = httpcore2.ConnectError("there is no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), deadline.cap(timeout))
        except TimeoutError as error:
            failure = httpcore2.ConnectTimeout(str(error))
        except OSError as error:
            failure = httpcore2.ConnectError(str(error))
    raise failure
