"""Writes the file that is wanted next: a whole snapshot or an export. Off the request path, with flat memory.

The answer's chunks go into the spool as they come; the finished file is named by its SHA-256 and renamed into the store.
A worker that dies leaves a piece in the spool that the next attempt removes.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from catalog.errors import HubError, TooBusy
from catalog.exports import expire_exports, kept_for, question_of_export, room_for_exports
from catalog.file_leases import (
    KINDS,
    FileHeartbeat,
    Lease,
    LostLease,
    State,
    fail,
    finish,
    give_back,
    give_up_abandoned,
    take_next,
    try_later,
    wake_worker,
)
from catalog.files import enter_missing_files, equal_file, file_store, question_of_file, room_for_files
from catalog.models import Export, SnapshotFile, WrittenFile
from catalog.read import Question, in_background, stream
from catalog.text import Text

SECONDS_TO_END = 40  # what is left of a task's time when a file is given up: to say so before the worker is stopped
TOO_LONG = Text(
    ko="정해진 시간 안에 파일을 다 쓰지 못했습니다. 조건을 좁히십시오.",
    en="The file could not be written in the time that it may take; narrow the question.",
)
NO_ROOM = Text(
    ko="파일을 둘 공간이 모자랍니다. 조건을 좁히거나 나중에 다시 요청하십시오.",
    en="There is not enough room for the file; narrow the question or ask again later.",
)
FAULT = Text(
    ko="허브에서 오류가 나 파일을 만들지 못했습니다. 잠시 뒤에 다시 요청하십시오.",
    en="Something went wrong in the hub, so the file was not written; please try again in a moment.",
)
logger = logging.getLogger(__name__)


class CannotWrite(Exception):
    """The file is given up; ``code`` and ``reason`` are told to whoever asked for it."""

    def __init__(self, code: str, reason: Text) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason.en)


@dataclass(frozen=True)
class Kind:
    """How the rows of a model become files: their question, the room that they may take, what else their end says."""

    question: Callable[[Any], Question]
    room: Callable[[], int]
    at_end: Callable[[], Mapping[str, object]]


WRITTEN: Mapping[type[WrittenFile], Kind] = {
    SnapshotFile: Kind(question_of_file, room_for_files, dict),
    Export: Kind(question_of_export, room_for_exports, lambda: {"expires_at": timezone.now() + kept_for()}),
}


def write_next_file() -> None:
    """Write the file that has waited longest, if there is room for one more writer; then wake somebody for the next."""
    now = timezone.now()
    expire_exports(now)
    give_up_abandoned(now)
    enter_missing_files(now)
    lease = take_next(now)
    if lease is None:
        return
    with FileHeartbeat(lease) as heartbeat:
        try:
            is_over = write_or_end(heartbeat)
        except LostLease:
            logger.warning("file %s is no longer wanted of this worker", lease.pk)
            is_over = True
    if is_over and any(kind.objects.filter(state=State.WAITING).exists() for kind in KINDS):
        wake_worker()


def write_or_end(heartbeat: FileHeartbeat) -> bool:
    """Write a file, and write down why when it cannot be done; False when the schedule will bring it again."""
    lease = heartbeat.lease
    try:
        write_leased(heartbeat)
    except LostLease:
        raise
    except TooBusy:
        give_back(lease)
        return False
    except HubError as error:
        fail(lease, error.code, error.text)
    except CannotWrite as error:
        fail(lease, error.code, error.reason)
    except SoftTimeLimitExceeded:
        fail(lease, "too-long", TOO_LONG)
    except (OSError, OperationalError):
        logger.warning("file %s met a disk or a database that cannot be used", lease.pk, exc_info=True)
        if try_later(lease):
            return False
        fail(lease, "server-error", FAULT)
    except Exception:
        logger.exception("file %s met a fault of the hub itself", lease.pk)
        fail(lease, "server-error", FAULT)
    return True


def write_leased(heartbeat: FileHeartbeat) -> None:
    lease, progress = heartbeat.lease, heartbeat.progress
    row = lease.kind.objects.get(pk=lease.pk)
    if isinstance(row, SnapshotFile) and (other := equal_file(row)):
        progress.records, progress.size = other.records, other.size
        finish(lease, progress, digest=other.digest)
        return
    kind = WRITTEN[lease.kind]
    question = kind.question(row)
    remove_pieces(lease)
    path = piece(lease)
    try:
        write_answer(question, path, heartbeat, room=kind.room())
        if isinstance(row, SnapshotFile) and progress.records != question.snapshot.records:
            raise RuntimeError(f"{progress.records} of {question.snapshot.records} records were written")
        finish(lease, progress, digest=file_store(row.format).keep(path), **kind.at_end())
    finally:
        path.unlink(missing_ok=True)


def write_answer(question: Question, path: Path, heartbeat: FileHeartbeat, *, room: int) -> None:
    """Write a whole answer to ``path``, as long as it is wanted, has room and is in time."""
    progress = heartbeat.progress
    deadline = time.monotonic() + settings.CELERY_TASK_SOFT_TIME_LIMIT - SECONDS_TO_END

    def count(records: int) -> None:
        """Look up from the work at every batch: some formats come as one piece at the end."""
        progress.records += records
        if time.monotonic() > deadline:
            raise CannotWrite("too-long", TOO_LONG)
        heartbeat.check()

    with path.open("wb") as file:
        for chunk in stream(in_background(question), watch=count):
            progress.size += len(chunk)
            if progress.size > room:
                raise CannotWrite("no-room", NO_ROOM)
            file.write(chunk)
            heartbeat.check()


def piece(lease: Lease) -> Path:
    """Return where a file is written: a name of its own for each time that it is taken."""
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    return settings.SPOOL_DIR / f"{piece_name(lease)}{lease.fence}"


def remove_pieces(lease: Lease) -> None:
    """Remove what workers that died left of this file."""
    for path in settings.SPOOL_DIR.glob(f"{piece_name(lease)}*"):
        path.unlink(missing_ok=True)


def piece_name(lease: Lease) -> str:
    return f"{lease.kind.__name__.lower()}-{lease.pk}-"
