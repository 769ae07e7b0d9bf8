"""Sends the city's emergencies to a hub over several connections at a given rate, and counts what becomes of them.

Each connection tells occurrences of its own, so that those of one come in order unless misdeeds are asked for.
"""

import datetime as dt
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO
from urllib.parse import SplitResult, urlsplit

from ingest.errors import BadMessage
from ingest.platform.moments import KOREAN_TIME
from ingest.platform.wire import Posting, read_reply
from ingest.sandbox.city import DEFAULT_SEED, draw
from ingest.sandbox.events import AT_ONCE, MISDEEDS, Message, Telling, misbehave, stream, tell

MISDEEDS_SHARE = 0.2
LATE_SHARE = 0.3  # of the turns in which no message is held back: one is
LONGEST_ANSWER = 30.0
PAUSE = 0.2
LONGEST_REPEATING = 120.0


@dataclass(frozen=True)
class Course:
    """What is sent where: so many messages a second for so long. ``repeats``: what got no answer is sent once more."""

    url: str
    telling: Telling
    rate: float = 20.0
    seconds: float = 10.0
    connections: int = 8
    seed: int = DEFAULT_SEED
    misbehaves: bool = False
    repeats: bool = False


@dataclass
class Tally:
    """What became of messages: how many were answered how, and how long each took, in seconds."""

    codes: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    lost: int = 0
    log: TextIO | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, message: Message, posting: Posting, code: str, wait: float) -> None:
        with self.lock:
            self.codes[code] += 1
            self.waits.append(wait)
            if self.log:
                event = message.event
                row = [event.event_id, event.number, str(event.status), message.misdeed, code, wait]
                self.log.write(json.dumps(row) + "\n")

    def lose(self) -> None:
        with self.lock:
            self.lost += 1

    @property
    def accepted(self) -> int:
        return sum(count for code, count in self.codes.items() if code.startswith("2"))

    @property
    def refused(self) -> int:
        return self.codes.total() - self.accepted

    def wait_at(self, share: float) -> float:
        """Return the time that a share of all answers took no longer than, in seconds."""
        ordered = sorted(self.waits)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def send_course(course: Course, log: TextIO | None = None) -> Tally:
    """Send a course and return what became of it; ``log`` gets a line of JSON for each answer."""
    tally = Tally(log=log)
    began = dt.datetime.now(KOREAN_TIME)
    start = time.monotonic() + 0.05
    threads = [
        threading.Thread(target=send_share, args=(course, number, began, start, tally), daemon=True)
        for number in range(course.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def send_share(course: Course, number: int, began: dt.datetime, start: float, tally: Tally) -> None:
    """Send every so-manieth message of a course over one connection."""
    door = Door(urlsplit(course.url))
    total = int(course.rate * course.seconds)
    turns = range(number, total, course.connections)
    told = messages(course, number, began)
    if course.misbehaves:
        told = held_back(told, course)
    for turn, message in zip(turns, told, strict=False):
        time.sleep(max(0.0, start + turn / course.rate - time.monotonic()))
        for posting in message.postings:
            post(door, course, message, posting, tally)
    door.close()


def messages(course: Course, number: int, began: dt.datetime) -> Iterator[Message]:
    for turn, event in enumerate(stream(course.seed, began, first=number, every=course.connections)):
        message = tell(event, course.telling)
        chance = draw(course.seed, "misdeed", number, turn)
        if course.misbehaves and chance < MISDEEDS_SHARE:
            message = misbehave(message, tuple(MISDEEDS)[int(chance / MISDEEDS_SHARE * len(MISDEEDS))])
        yield message


def held_back(told: Iterable[Message], course: Course) -> Iterator[Message]:
    """Yield messages of which some come after later ones of the same occurrence."""
    held: tuple[int, Message] | None = None
    for turn, message in enumerate(told):
        if held is None and draw(course.seed, "late", turn) < LATE_SHARE:
            held = turn + 3 * AT_ONCE, message
            continue
        yield message
        if held is not None and turn >= held[0]:
            yield held[1]
            held = None


class Door:
    """A connection that is opened again when it breaks."""

    def __init__(self, address: SplitResult) -> None:
        self.address = address
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, posting: Posting) -> bytes:
        if self.connection is None:
            make = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
            self.connection = make(str(self.address.hostname), self.address.port, timeout=LONGEST_ANSWER)
        try:
            headers = {"Content-Type": posting.content_type, **posting.headers}
            self.connection.request("POST", self.address.path or "/", body=posting.content, headers=headers)
            return self.connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def post(door: Door, course: Course, message: Message, posting: Posting, tally: Tally) -> None:
    """Post until there is an answer, or once."""
    ends = time.monotonic() + LONGEST_REPEATING
    while True:
        asked = time.monotonic()
        try:
            code = code_of(door.ask(posting))
        except (OSError, http.client.HTTPException):
            code = ""
        if code and not (course.repeats and code.startswith("5")):
            tally.note(message, posting, code, time.monotonic() - asked)
            return
        if not course.repeats or time.monotonic() > ends:
            tally.lose()
            return
        time.sleep(PAUSE)


def code_of(answer: bytes) -> str:
    """Return the detail code of a reply; what is no reply has none."""
    try:
        told = read_reply(answer)
    except BadMessage:
        return ""
    return str(told.code or (2000 if told.is_accepted else 4000))
