"""Messages that platforms push (MQTT, notifications), kept on disk until a run has published them.

The inbox of a source is a folder of segments, files with a message a line (``ingest/connectors/messages.py``). Writers
append to the one open segment under a lock and acknowledge only what is synced to disk. A run closes it and reads the
closed ones behind the source's position, which is committed in the transaction that publishes them: a segment at or
before the position is never read again and is removed, but for the latest ones, by which a message that is sent again
is known. Numbers of segments are the time of their beginning and always grow, whatever the clock does.
"""

import datetime as dt
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from django.conf import settings
from django.utils import timezone

from catalog.records.store import sync_to_disk
from ingest.connectors.messages import Message
from ingest.errors import InboxFull
from ingest.http import readable_size
from ingest.models import Source

SEGMENT_BYTES = 8 * 2**20
SEGMENT_SECONDS = 60
LATEST_BYTES = 2 * SEGMENT_BYTES  # of published segments that stay, and of what a new process reads to know repetitions
REMEMBERED = 20_000  # keys
FORGOTTEN = dt.timedelta(days=1)
OPEN, CLOSED = ".open", ".ndjson"
LISTENER, NOTES, REFUSED = "listener.json", "notes.json", "refused.json"


@dataclass(frozen=True)
class Segment:
    """A file of messages: its number, its size in bytes, whether it is still written."""

    path: Path
    number: int
    size: int

    @property
    def is_open(self) -> bool:
        return self.path.suffix == OPEN


def append(slug: str, messages: Sequence[Message]) -> int:
    """Put messages on disk and return how many were new; once this returns they outlive any kill.

    InboxFull refuses all of them, and they are counted: whoever brought them must not be told that they are kept.
    """
    folder = settings.INBOX_DIR / slug
    with locked(folder):
        target = writable_segment(folder)
        known = KNOWN.setdefault(folder, Known())
        known.catch_up(folder)
        new = list(known.new_ones(messages))
        at = timezone.now().isoformat()
        lines = b"".join(
            orjson.dumps({"at": at, "key": message.key, "message": message.content}) + b"\n" for message in new
        )
        if lines:
            refuse_beyond_cap(folder, slug, len(lines), len(messages))
        write_lines(target, lines)  # without new ones too: what makes them repetitions may not be synced yet
        known.take(target, lines, [message.key for message in new])
        if target.stat().st_size >= SEGMENT_BYTES or is_old(target):
            close(target)
    return len(new)


def inbox_of(source: Source) -> list[Path]:
    """Return the files of messages that were received for a source and are not published yet, oldest first.

    The open one is closed by this, and those that are published are removed.
    """
    folder, done = settings.INBOX_DIR / source.slug, published_up_to(source)
    if not folder.is_dir():
        return []
    return [segment.path for segment in closed_segments(folder, done)]


def closed_segments(folder: Path, done: int, *, latest: int | None = None) -> list[Segment]:
    """Close the open segment of an inbox, remove those that are done but for the ``latest`` bytes (LATEST_BYTES if it is not
    told), and return the rest, oldest first."""
    with locked(folder):
        for segment in segments_of(folder):
            if segment.is_open:
                close(writable_segment(folder))
        remove_published(folder, done, latest)
        return [segment for segment in segments_of(folder) if segment.number > done and not segment.is_open]


def forget_messages(now: dt.datetime) -> None:
    """Remove the messages that are published, and the inboxes whose source is gone; those of platforms are not ours."""
    positions = {source.slug: published_up_to(source) for source in Source.objects.only("slug", "position")}
    for folder in settings.INBOX_DIR.glob("*"):
        if "." in folder.name:
            continue
        if folder.name in positions:
            with locked(folder):
                remove_published(folder, positions[folder.name])
        elif folder.stat().st_mtime < (now - FORGOTTEN).timestamp():
            shutil.rmtree(folder)


def published_up_to(source: Source) -> int:
    """Return the number of the last segment that is published; 0 before the first."""
    return int(source.position.get("segment", 0))


def waiting_bytes(source: Source) -> int:
    """Return how much waits in the inbox of a source."""
    folder, done = settings.INBOX_DIR / source.slug, published_up_to(source)
    return sum(segment.size for segment in segments_of(folder) if segment.number > done) if folder.is_dir() else 0


def refused_messages(slug: str) -> Mapping[str, Any]:
    """Return how many messages the full inbox of a source has refused, and when the last one; empty for none."""
    return read_json(settings.INBOX_DIR / slug / REFUSED)


@dataclass(frozen=True)
class SourceInbox:
    """The inbox of one source, as ``Keeper`` of ``ingest/connectors/messages.py`` wants it."""

    slug: str

    @property
    def folder(self) -> Path:
        return settings.INBOX_DIR / self.slug

    def keep(self, messages: Sequence[Message]) -> None:
        append(self.slug, messages)

    def recall(self) -> dict[str, Any]:
        return read_json(self.folder / NOTES)

    def note(self, notes: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / NOTES, notes)

    def tell_alive(self) -> None:
        self.tell()

    def tell(self, **problem: str) -> None:
        """Write down that the source is listened to, or what is wrong (``ko``, ``en``), for ``listener_of``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / LISTENER, {"at": timezone.now().isoformat(), **problem})


def listener_of(source: Source) -> Mapping[str, Any]:
    """Return when the listener of a source was last heard of (``at``) and what was wrong then (``ko``, ``en``)."""
    return read_json(settings.INBOX_DIR / source.slug / LISTENER)


# What follows is one inbox on disk, under its lock.


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other writer and reader of an inbox out, threads and processes alike; a killed one lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def segments_of(folder: Path) -> list[Segment]:
    """Return the segments of an inbox in their order."""
    paths = [path for path in folder.iterdir() if path.suffix in (OPEN, CLOSED)]
    return sorted((Segment(path, int(path.stem), path.stat().st_size) for path in paths), key=lambda one: one.number)


def writable_segment(folder: Path) -> Path:
    """Return the open segment, made if there is none, without the half of a line that a killed writer may have left."""
    segments = segments_of(folder)
    if segments and segments[-1].is_open:
        path = segments[-1].path
        with path.open("r+b") as file:
            cut_half_line(file, segments[-1].size)
        return path
    number = max(int(time.time() * 1000), segments[-1].number + 1 if segments else 0)
    path = folder / f"{number:015}{OPEN}"
    path.touch()
    sync_to_disk(folder)
    return path


def cut_half_line(file: BinaryIO, size: int) -> None:
    """Cut what comes after the last line end: nobody was told that it is kept."""
    end = size
    while end:
        start = max(0, end - 65_536)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        file.truncate(end)


def write_lines(path: Path, lines: bytes) -> None:
    """Append and sync; what could not be written whole is taken back."""
    with path.open("ab") as file:
        before = file.tell()
        try:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, before)
            raise


def close(path: Path) -> None:
    """Let nobody write to a segment any more; an empty one stays open."""
    if path.stat().st_size:
        sync_to_disk(path)
        path.rename(path.with_suffix(CLOSED))
        sync_to_disk(path.parent)


def is_old(path: Path) -> bool:
    return time.time() * 1000 - int(path.stem) > SEGMENT_SECONDS * 1000


def remove_published(folder: Path, done: int, latest: int | None = None) -> None:
    """Remove the segments up to a number, but for the latest bytes of all; the last one is emptied.

    Its number stays, so that those to come are larger even if the clock was put back, and are not taken for published.
    """
    kept, segments = 0, segments_of(folder)
    for segment in reversed(segments):
        kept += segment.size
        if segment.number <= done and kept > (LATEST_BYTES if latest is None else latest) and not segment.is_open:
            if segment is segments[-1]:
                os.truncate(segment.path, 0)
            else:
                segment.path.unlink()


def refuse_beyond_cap(folder: Path, slug: str, size: int, count: int) -> None:
    cap = settings.INBOX_MIB * 2**20
    if sum(segment.size for segment in segments_of(folder)) + size <= cap:
        return
    before = int(read_json(folder / REFUSED).get("count", 0))
    write_json(folder / REFUSED, {"count": before + count, "at": timezone.now().isoformat()})
    raise InboxFull(source=slug, limit=readable_size(cap))


def read_json(path: Path) -> dict[str, Any]:
    return orjson.loads(path.read_bytes()) if path.is_file() else {}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a small document so that it is there whole or not at all."""
    written = path.with_suffix(f".{os.getpid()}")
    with written.open("wb") as file:
        file.write(orjson.dumps(document))
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)


@dataclass
class Known:
    """The keys of the latest messages of an inbox, as far as this process has read it; the disk alone is the truth."""

    keys: dict[str, None] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)  # bytes of each segment

    def catch_up(self, folder: Path) -> None:
        """Read what others have written since; a process that begins reads the latest segments."""
        segments = segments_of(folder)
        if not self.read:
            behind = 0
            for segment in reversed(segments):
                self.read[segment.number] = 0 if behind <= LATEST_BYTES else segment.size
                behind += segment.size
        for segment in segments:
            start = self.read.get(segment.number, 0)
            if segment.size > start:
                with segment.path.open("rb") as file:
                    file.seek(start)
                    self.add(map(key_of, file))
        self.read = {segment.number: segment.size for segment in segments}

    def new_ones(self, messages: Sequence[Message]) -> Iterator[Message]:
        """Yield the messages that repeat none of the latest ones."""
        here: set[str] = set()
        for message in messages:
            if message.may_repeat and (message.key in self.keys or message.key in here):
                continue
            here.add(message.key)
            yield message

    def take(self, path: Path, lines: bytes, keys: Sequence[str]) -> None:
        """Remember what this process itself has written."""
        number = int(path.stem)
        self.read[number] = self.read.get(number, 0) + len(lines)
        self.add(iter(keys))

    def add(self, keys: Iterator[str]) -> None:
        for key in filter(None, keys):
            self.keys.pop(key, None)
            self.keys[key] = None
        for key in list(islice(self.keys, max(0, len(self.keys) - REMEMBERED))):
            del self.keys[key]


KNOWN: dict[Path, Known] = {}


def key_of(line: bytes) -> str:
    try:
        return str(orjson.loads(line)["key"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""  # a run tells of such a line
