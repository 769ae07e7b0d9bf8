"""What a peer is: something that is loaded, started, asked over HTTP and stopped, and how long it takes to write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.benchmarks.peers.data import Data
from tests.benchmarks.peers.questions import Parameters, Question, Rows


@dataclass(frozen=True)
class Request:
    """One HTTP request; the path is percent-encoded as it goes out."""

    path: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way of putting a question to a peer. ``read`` gives the rows of an answer; ``note`` says what is special.

    ``is_checked`` is False where the peer's own notion of the question has other answers. ``is_fresh`` means that no
    request comes twice, so that a server that keeps answers cannot answer from them.
    """

    name: str
    requests: Sequence[Request]
    read: Callable[[bytes], Rows]
    note: str = ""
    is_checked: bool = True
    is_fresh: bool = False


@dataclass(frozen=True)
class Written:
    """How long a write (``ingest`` or ``upsert``) took until the rows could be asked for."""

    kind: str
    way: str
    rows: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Running:
    """A started server: where it answers and the processes that are it, told anew at each look.

    ``servers`` are those of them that answer, where there are others beside them (the hub's workers).
    """

    port: int
    processes: Callable[[], Sequence[int]]
    servers: Callable[[], Sequence[int]] | None = None

    def answering(self) -> Sequence[int]:
        return (self.servers or self.processes)()


class Peer(Protocol):
    """A server under test. ``ways`` may be called only while it runs."""

    name: str

    def prepare(self, data: Data, folder: Path) -> str:
        """Install and load the peer and return its versions."""

    def running(self) -> AbstractContextManager[Running]: ...

    def ways(self, question: Question, sets: Sequence[Parameters]) -> Iterator[Way]: ...

    def write(self) -> Iterator[Written]:
        """Add and change rows, after all questions, while the server runs."""
