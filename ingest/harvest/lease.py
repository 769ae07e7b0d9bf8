"""Who reads a feed: one worker at a time, and one that was taken over writes nothing more.

A claim raises the feed's fence and sets a lease. A heartbeat renews the lease while a long answer is read; each batch asks
for the fence in its own transaction, so that it is written by the holder or not at all.
"""

import datetime as dt
import os
import socket
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.heartbeat import Heartbeat
from ingest.errors import FeedBusy, LostLease
from ingest.models import Feed, FeedReading

KEPT_READINGS = 200  # of a feed; older ones are forgotten, what waits for a decision is not


@dataclass(frozen=True)
class FeedClaim:
    """The right to read a feed, valid as long as its row still has this fence; ``reading_id`` is what it is told in."""

    feed_id: int
    fence: int
    reading_id: int


@transaction.atomic
def claim_feed(feed: Feed, kind: FeedReading.Kind = FeedReading.Kind.READ) -> FeedClaim:
    """Take a feed that nobody reads; FeedBusy when somebody does. A reading whose worker died is ended as lost."""
    row, now = Feed.objects.select_for_update().get(pk=feed.pk), timezone.now()
    if row.lease_until is not None and row.lease_until >= now:
        raise FeedBusy(feed=row.slug)
    row.readings.filter(state=FeedReading.State.RUNNING).update(state=FeedReading.State.LOST, ended_at=now)
    row.fence += 1
    row.lease_owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    row.lease_until = now + lease_length()
    row.save(update_fields=["fence", "lease_owner", "lease_until"])
    reading = FeedReading.objects.create(feed=row, kind=kind, fence=row.fence, started_at=now)
    forget_readings(row)
    return FeedClaim(row.pk, row.fence, reading.pk)


def forget_readings(feed: Feed) -> None:
    kept = list(feed.readings.values_list("pk", flat=True)[:KEPT_READINGS])
    feed.readings.exclude(pk__in=kept).exclude(state=FeedReading.State.HELD, decision="").delete()


def lease_length() -> dt.timedelta:
    return dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)


def renew(claim: FeedClaim) -> bool:
    """Keep the feed for another while; False when somebody else has it."""
    held = Feed.objects.filter(pk=claim.feed_id, fence=claim.fence)
    return bool(held.update(lease_until=timezone.now() + lease_length()))


def hold(claim: FeedClaim) -> None:
    """Ask for the fence as part of the transaction at hand; LostLease when another worker has taken the feed."""
    if not renew(claim):
        raise LostLease


def heartbeat(claim: FeedClaim) -> Heartbeat:
    return Heartbeat(f"feed {claim.feed_id}", lambda: renew(claim), every_seconds=5.0, lost=LostLease)


def release(claim: FeedClaim, **columns: object) -> None:
    """Let the feed go, with what its reading means for it; LostLease when somebody else has it already."""
    held = Feed.objects.filter(pk=claim.feed_id, fence=claim.fence)
    if not held.update(lease_until=None, lease_owner="", **columns):
        raise LostLease
