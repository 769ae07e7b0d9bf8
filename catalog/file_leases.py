"""Who may write which file, until when, and how it ends. The rows are the queue; Celery messages only wake a worker.

A file is taken by one UPDATE that raises its fence and sets a lease; while it is written a heartbeat renews the lease and
tells how far it is; it ends by an UPDATE that asks for the same fence. A worker that was frozen, or whose file was
cancelled meanwhile, finds its fence gone and changes nothing. What a dead worker held is taken again when its lease is over.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from celery import current_app
from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.heartbeat import Heartbeat
from catalog.models import Export, SnapshotFile, WrittenFile
from catalog.text import Text

ATTEMPTS = 3
KINDS: Sequence[type[WrittenFile]] = (Export, SnapshotFile)  # somebody waits for an export, so exports come first
State = WrittenFile.State
WORKER_LOST = Text(
    ko=f"작업자가 {ATTEMPTS}번 중단되어 더 시도하지 않습니다.",
    en=f"The worker died {ATTEMPTS} times on this file, so it is not tried again.",
)
logger = logging.getLogger(__name__)


class LostLease(Exception):
    """Another worker has the file by now, or nobody wants it any more."""


@dataclass(frozen=True)
class Lease:
    """The right to write a file: valid as long as its row still has this fence."""

    kind: type[WrittenFile]
    pk: int
    fence: int


@dataclass
class Progress:
    """What has been written so far; the heartbeat writes it to the row."""

    records: int = 0
    size: int = 0


def wake_worker() -> None:
    """Tell the workers that a file is wanted. A broker that cannot be reached is no error: the schedule wakes them too."""
    try:
        current_app.send_task("catalog.tasks.write_file", retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("files wait for the schedule, the broker did not take the message: %s", error)


def take_next(now: dt.datetime) -> Lease | None:
    """Take the file that has waited longest; None when none waits or enough are being written already.

    Two workers that find room for one at the same moment both look again after taking, and the later one gives back.
    """
    if count_working(now) >= settings.FILE_WRITERS:
        return None
    lease = next((lease for kind in KINDS if (lease := take(kind, now))), None)
    if lease is not None and count_working(now, before=lease) >= settings.FILE_WRITERS:
        give_back(lease)
        return None
    return lease


def take(kind: type[WrittenFile], now: dt.datetime) -> Lease | None:
    is_due = Q(state=State.WAITING) | Q(state=State.WORKING, lease_until__lt=now)
    due = kind.objects.filter(is_due, attempt__lt=ATTEMPTS)
    for pk, fence in due.order_by("created_at", "pk").values_list("pk", "fence")[:10]:
        taken = due.filter(pk=pk, fence=fence).update(
            state=State.WORKING,
            fence=fence + 1,
            attempt=F("attempt") + 1,
            started_at=timezone.now(),
            lease_until=lease_end(),
            records=0,
            size=0,
        )
        if taken:
            return Lease(kind, pk, fence + 1)
    return None


def count_working(now: dt.datetime, *, before: Lease | None = None) -> int:
    """Count the files that are being written; ``before``: only those that were taken earlier than this one."""
    working = [(kind, kind.objects.filter(state=State.WORKING, lease_until__gte=now)) for kind in KINDS]
    if before is None:
        return sum(rows.count() for _, rows in working)
    started_at = before.kind.objects.values_list("started_at", flat=True).get(pk=before.pk)
    return sum(
        rows.filter(started_at__lte=started_at).exclude(pk=before.pk if kind is before.kind else None).count()
        for kind, rows in working
    )


def lease_end() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)


def give_back(lease: Lease) -> None:
    """Let a file wait again as if it had not been taken."""
    held_row(lease).update(state=State.WAITING, lease_until=None, attempt=F("attempt") - 1)


def try_later(lease: Lease) -> bool:
    """Let a file wait for another attempt; False when it has had all of them."""
    return bool(held_row(lease).filter(attempt__lt=ATTEMPTS).update(state=State.WAITING, lease_until=None))


def finish(lease: Lease, progress: Progress, **columns: object) -> None:
    """End a file as ready; LostLease when another worker has taken it or nobody wants it any more."""
    end(lease, state=State.READY, records=progress.records, size=progress.size, **columns)


def fail(lease: Lease, code: str, reason: Text) -> None:
    """End a file as failed, with its reason."""
    end(
        lease,
        state=State.FAILED,
        error_code=code,
        error_ko=reason.in_language("ko"),
        error_en=reason.in_language("en"),
    )


def end(lease: Lease, **columns: object) -> None:
    if not held_row(lease).update(finished_at=timezone.now(), lease_until=None, **columns):
        raise LostLease


def held_row(lease: Lease) -> QuerySet[WrittenFile]:
    """Return the file's row if the lease still holds it, as a queryset to update."""
    return lease.kind.objects.filter(pk=lease.pk, fence=lease.fence, state=State.WORKING)


def give_up_abandoned(now: dt.datetime) -> None:
    """End the files whose workers died too often."""
    for kind in KINDS:
        kind.objects.filter(state=State.WORKING, lease_until__lt=now, attempt__gte=ATTEMPTS).update(
            state=State.FAILED,
            finished_at=now,
            lease_until=None,
            error_code="worker-lost",
            error_ko=WORKER_LOST.ko,
            error_en=WORKER_LOST.en,
        )


class FileHeartbeat(Heartbeat):
    """Renews the lease of a file while it is written, and tells its row how far it is."""

    def __init__(self, lease: Lease) -> None:
        self.lease, self.progress = lease, Progress()
        super().__init__(f"file {lease.pk}", lambda: renew(lease, self.progress), every_seconds=2.0, lost=LostLease)


def renew(lease: Lease, progress: Progress) -> bool:
    return bool(held_row(lease).update(lease_until=lease_end(), records=progress.records, size=progress.size))
