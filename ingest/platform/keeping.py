"""Keeping messages of platforms on disk until they stand in the database.

Requests that come while one of them is being written wait for each other: what has gathered is written by the next of
them with one sync for all, so that a slow disk costs time only once.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from ingest.connectors.messages import Message
from ingest.inbox import append


def inbox_name(slug: str) -> str:
    """Return the name of a platform's inbox, which no source can have."""
    return f"platform.{slug}"


def inbox_folder(slug: str) -> Path:
    return settings.INBOX_DIR / inbox_name(slug)


def keep_message(slug: str, message: Message) -> None:
    """Put a message on disk; when this returns it outlives any kill. InboxFull and OSError say that it is not kept."""
    writer = WRITERS.setdefault(inbox_folder(slug), Writer(inbox_name(slug)))
    writer.keep(message)


@dataclass
class Waiting:
    """A message with the thread that waits for it; ``leads`` is set when that thread is to write for all that wait."""

    message: Message
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    error: BaseException | None = None


class Writer:
    """Writes what the threads of this process have for one inbox, as many messages at once as have gathered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.waiting: list[Waiting] = []
        self.is_writing = False

    def keep(self, message: Message) -> None:
        mine = Waiting(message)
        with self.lock:
            self.waiting.append(mine)
            mine.leads = not self.is_writing
            self.is_writing = True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self.write_for_all()
        if mine.error is not None:
            raise mine.error

    def write_for_all(self) -> None:
        with self.lock:
            batch, self.waiting = self.waiting, []
        error: BaseException | None = None
        try:
            append(self.name, [one.message for one in batch])
        except BaseException as failure:  # each thread raises it for its own message; none may wait for ever
            error = failure
        for one in batch:
            one.error = error
        with self.lock:
            self.is_writing = bool(self.waiting)
            if self.waiting:
                self.waiting[0].leads = True
                self.waiting[0].woken.set()
        for one in batch:
            one.woken.set()


WRITERS: dict[Path, Writer] = {}
