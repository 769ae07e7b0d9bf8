"""One reading of a peer, from the lease to the comparison: pages of entries until its head is reached, then roots are compared.

The first reading and all later ones are the same: entries behind the cursor. What has been taken is committed page by page, so
that a reading that ends anywhere goes on from there.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.errors import HubError
from catalog.heartbeat import Heartbeat
from catalog.text import Text
from ingest.answers import Limits
from ingest.consequences import PATIENCE, tell_of_reading
from ingest.errors import HubUnavailable, IngestError, InternalError, LostLease, PeerWentBack, UnreadableAnswer
from ingest.federation.comparing import compare, mend, tell_differences, tree_of
from ingest.federation.peer import Peer
from ingest.federation.taking import Taken, take_page
from ingest.federation.tree import Differences
from ingest.hosts import Permits
from ingest.http import Session
from ingest.models import Alert, Hub, HubSync
from ingest.schedule import next_time

PAGE = 200
LONGEST = 600.0  # seconds of one reading; the next one goes on
REST = dt.timedelta(minutes=1)
LONGEST_REST = dt.timedelta(hours=6)
BEAT_SECONDS = 5.0
KEPT_READINGS = 200
LIMITS = Limits(total=120, size=256 << 20)
TRIES = 3  # of mending what differs
NOT_TAKEN = Text(
    ko="데이터셋 {count}개를 받지 못했습니다. 첫 번째 까닭: {why}",
    en="{count} of its datasets were not taken. The first because: {why}",
)
STILL_DIFFERENT = Text(
    ko="비교해 보니 데이터셋 {count}개가 아직 다릅니다. 다음에 다시 맞춥니다",
    en="{count} datasets still differ when compared; they are mended next time",
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """The right to read a peer: valid as long as its row has this fence."""

    hub: int
    fence: int

    def renew(self) -> bool:
        until = timezone.now() + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)
        return bool(Hub.objects.filter(pk=self.hub, fence=self.fence).update(lease_until=until))


def claim(hub: Hub) -> Lease | None:
    """Take the lease of a peer; None while somebody else has it."""
    now = timezone.now()
    until = now + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + dt.timedelta(days=1))
    with transaction.atomic():
        if not Hub.objects.filter(free, pk=hub.pk).update(fence=F("fence") + 1, lease_until=until):
            return None
        fence = Hub.objects.values_list("fence", flat=True).get(pk=hub.pk)
        HubSync.objects.filter(hub=hub, state=HubSync.State.RUNNING).update(
            state=HubSync.State.FAILED, ended_at=now, problems=[problem_of(LostLease())]
        )
    return Lease(hub.pk, fence)


def sync_hub(slug: str, *, seconds: float = LONGEST) -> HubSync | None:
    """Read a peer from where the last reading ended; None when somebody else is reading it at this moment."""

    def work(peer: Peer, taken: Taken) -> bool:
        is_whole, root = read_pages(peer, taken, time.monotonic() + seconds)
        if is_whole:
            settle(peer, taken, root)
        return is_whole

    return read_hub(slug, work)


def read_hub(slug: str, work: Callable[[Peer, Taken], bool], *, mends: bool = True) -> HubSync | None:
    """Do some work with a peer under its lease, and keep what became of it."""
    hub = Hub.objects.select_related("identity").get(slug=slug)
    lease = claim(hub)
    if lease is None:
        return None
    hub.refresh_from_db()
    sync = HubSync.objects.create(hub=hub, started_at=timezone.now())
    taken = Taken(hub, lease.fence)
    is_whole, error = False, None
    with Heartbeat(f"peer {slug}", lease.renew, every_seconds=BEAT_SECONDS, lost=LostLease) as heartbeat:
        try:
            is_whole = ask_hub(hub, taken, work, heartbeat)
        except HubError as caught:
            error = caught
        except (OSError, DatabaseError) as caught:
            logger.warning("reading %s met a disk or database that cannot be used", slug, exc_info=True)
            error = HubUnavailable(reason=getattr(caught, "strerror", "") or str(caught) or type(caught).__name__)
        except Exception:
            logger.exception("reading %s met a fault of the hub itself", slug)
            error = InternalError()
    end(hub, lease, sync, taken, error, is_whole=is_whole)
    if not is_whole and error is None and mends and hub.paused_at is None:
        offer_sync(slug)
    return sync


def ask_hub(hub: Hub, taken: Taken, work: Callable[[Peer, Taken], bool], heartbeat: Heartbeat) -> bool:
    """Do the work with the peer once it has said who it is; tell whether all of it is done."""
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    with Session(
        allow_private=hub.allow_private,
        authorities=hub.ca_certificates,
        spool=settings.SPOOL_DIR,
        limits=LIMITS,
        before_request=Permits(heartbeat.check),
        alive=heartbeat.check,
    ) as session:
        peer = Peer(hub, session)
        try:
            peer.meet()
            return work(peer, taken)
        finally:
            taken.counts |= {"requests": peer.traffic.requests, "bytes": peer.traffic.received}


def read_pages(peer: Peer, taken: Taken, deadline: float) -> tuple[bool, str]:
    """Take pages until the head is reached or the time is up; return whether it was, and the root of what is offered."""
    hub = peer.hub
    while True:
        page = peer.entries(hub.cursor, PAGE)
        if page.get("after") != hub.cursor or not isinstance(page.get("next"), str):
            raise UnreadableAnswer(address=peer.base, format="hub", reason="after, next")
        if int(page.get("position", 0)) > int(page.get("head", 0)):
            raise PeerWentBack(address=peer.base)
        take_page(peer, page, taken)
        taken.count("entries", len(page.get("entries", [])))
        behind = max(int(page.get("head", 0)) - int(page.get("position", 0)), 0)
        move_cursor(taken, page["next"], behind)
        if page.get("is_last"):
            return True, str(page.get("root", ""))
        if time.monotonic() > deadline:
            return False, ""


def move_cursor(taken: Taken, cursor: str, behind: int) -> None:
    """Remember how far the peer has been read, unless another worker does by now."""
    hub = taken.hub
    if not Hub.objects.filter(pk=hub.pk, fence=taken.fence).update(cursor=cursor, behind=behind):
        raise LostLease
    hub.cursor = cursor


def settle(peer: Peer, taken: Taken, root: str) -> None:
    """Compare with all that the peer offers, and mend what differs until nothing does, or nothing more can be done."""
    hub = peer.hub
    if root and root == hub.verified_root and not taken.counts.keys() & {"created", "changed", "withdrawn", "refused"}:
        return
    differences = -1
    for _ in range(TRIES):
        own = tree_of(hub)
        found = compare(peer, own)
        if not found or len(found) == differences:
            break
        differences = len(found)
        taken.count("mended_entries", differences)
        mend(peer, found, taken)
    else:
        own = tree_of(hub)
        found = compare(peer, own)
    if found:
        taken.problems.append(
            {"where": hub.slug, "code": "differs", "text": STILL_DIFFERENT.format(count=len(found)).as_dict()}
        )
        taken.problems += tell_differences(found)
    move_verified(taken, own.root, found)


def move_verified(taken: Taken, root: str, found: Differences) -> None:
    """Remember what a comparison came to."""
    Hub.objects.filter(pk=taken.hub.pk, fence=taken.fence).update(
        verified_root="" if found else root, differences=len(found), verified_at=timezone.now()
    )


def end(hub: Hub, lease: Lease, sync: HubSync, taken: Taken, error: HubError | None, *, is_whole: bool) -> None:
    """Write how a reading ended and when the peer is read next; a failure is tried again, later each time."""
    now = timezone.now()
    hub.refresh_from_db(fields=["failures", "schedule", "paused_at"])
    values: dict[str, Any] = {"lease_until": None, "failures": 0 if error is None else hub.failures + 1}
    planned = next_time(hub.schedule, now) if hub.schedule else None
    if error is None:
        values |= {"next_at": planned if is_whole else now} | ({"succeeded_at": now} if is_whole else {})
    else:
        rest = now + min(REST * 2 ** min(hub.failures, 10), LONGEST_REST)
        values["next_at"] = min(planned, rest) if planned and not isinstance(error, LostLease) else planned and rest
        taken.problems.append(problem_of(error))
    if not Hub.objects.filter(pk=hub.pk, fence=lease.fence).update(**values):
        taken.problems.append(problem_of(LostLease()))
        error = error or LostLease()
    else:
        tell(hub, taken, error, now, is_whole=is_whole)
    sync.ended_at, sync.counts, sync.problems = now, taken.counts, taken.problems
    sync.state = HubSync.State.DONE if error is None else HubSync.State.FAILED
    sync.save()
    old = HubSync.objects.filter(hub=hub).order_by("-started_at").values_list("pk", flat=True)[KEPT_READINGS:]
    HubSync.objects.filter(pk__in=list(old), started_at__lt=now - dt.timedelta(days=1)).delete()


def tell(hub: Hub, taken: Taken, error: HubError | None, now: dt.datetime, *, is_whole: bool) -> None:
    """Let somebody know what will not pass by itself: a peer that stays away, and datasets of it that were not taken."""
    if error is not None:
        passes = isinstance(error, LostLease) or (isinstance(error, IngestError) and error.temporary)
        if hub.failures + 1 >= PATIENCE or not passes:
            tell_of_reading(hub, Alert.Kind.FAILED, error.text, now)
    elif taken.problems:
        count = max(taken.counts.get("refused", 0), 1)
        why = Text(**taken.problems[0]["text"])
        tell_of_reading(hub, Alert.Kind.HELD, NOT_TAKEN.format(count=count, why=why), now)
    elif is_whole:
        tell_of_reading(hub, None, Text(), now)


def problem_of(error: HubError) -> dict[str, Any]:
    return {"where": "", "code": error.code, "text": error.text.as_dict()}


def due_hubs(now: dt.datetime) -> list[str]:
    """Return the peers that are to be read now; a time further away than its schedule was written by a clock ahead."""
    scheduled = Hub.objects.filter(reads=True, paused_at=None).exclude(schedule="")
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + dt.timedelta(days=1))
    due = Q(next_at=None) | Q(next_at__lte=now) | Q(next_at__gt=now + dt.timedelta(days=366))
    return list(scheduled.filter(free & due).values_list("slug", flat=True))


def offer_sync(slug: str) -> bool:
    """Tell the workers that a peer is to be read; a broker that cannot be reached is no error, the next tick tells again."""
    return offer("ingest.tasks.sync", slug)


def offer_comparison(slug: str, *, repair: bool) -> bool:
    """Tell the workers that a peer is to be compared with; False when the broker did not take it: nobody tells again."""
    return offer("ingest.tasks.verify", slug, repair)


def offer(task: str, slug: str, *arguments: object) -> bool:
    try:
        current_app.send_task(task, args=[slug, *arguments], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("peer %s: the broker did not take %s: %s", slug, task, error)
        return False
    return True
