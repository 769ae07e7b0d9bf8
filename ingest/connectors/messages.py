"""Messages that a platform pushes: what a listener hands to the inbox of its source, and how a run reads them from it.

The inbox itself is in ``ingest/inbox.py``; connectors know it as a ``Keeper``. Its files hold a message a line:
``{"at": when it was received, "key": what tells it from others, "message": what the platform sent}``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from ingest.errors import BadSetup, Text
from ingest.http import Session

SEGMENT = re.compile(r"(\d+)\.ndjson$")

NO_SPAN = Text(
    ko="밀려오는 메시지는 지난 기간을 다시 요청할 수 없습니다",
    en="messages that are pushed cannot be asked for again, for a span of time that is over",
)


@dataclass(frozen=True)
class Message:
    """What was received. A message that ``may_repeat`` another is not kept when one with its ``key`` was kept before."""

    content: Mapping[str, Any]
    key: str = ""
    may_repeat: bool = False


class Keeper(Protocol):
    """The inbox of one source, as a listener sees it."""

    def keep(self, messages: Sequence[Message]) -> None:
        """Put messages on disk; when this returns they are safe, when it raises they are not."""

    def recall(self) -> dict[str, Any]:
        """Return what was noted last, of an earlier process too."""

    def note(self, notes: Mapping[str, Any]) -> None:
        """Note something for the next process that listens."""

    def tell_alive(self) -> None:
        """Tell that the source is listened to."""


class Received(NamedTuple):
    """A message as a run reads it; ``place`` is where it stands in the inbox, for messages about it."""

    at: str
    content: Mapping[str, Any]
    place: str


def read_messages(http: Session) -> Iterator[Received | bytes]:
    """Yield the messages that wait, oldest first, and leave how far the inbox was read; a line that is none comes as bytes."""
    if http.span:
        raise BadSetup(where="since", problem=NO_SPAN)
    for answer in http.received():
        with answer.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield read_line(line, f"{answer.location}:{number}")
        if found := SEGMENT.search(answer.location):
            http.leave({**http.left, "segment": int(found[1])})


def read_line(line: bytes, place: str) -> Received | bytes:
    try:
        entry = orjson.loads(line)
        return Received(str(entry["at"]), entry["message"], place)
    except (orjson.JSONDecodeError, KeyError, TypeError):  # only a disk that lied about its writing leaves such a line
        return line
