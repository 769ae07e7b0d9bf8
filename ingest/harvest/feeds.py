"""Feeds: saved, due, read, tried again, paused. Whoever reads one claims it first (``lease.py``)."""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.errors import HubError
from catalog.exchange.entry import Catalogue
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.text import Text
from ingest.due import Times
from ingest.errors import BadSetup, FeedBusy, IngestError, InternalError, LostLease, Unmodified
from ingest.harvest.failures import entry_of
from ingest.harvest.lease import FeedClaim, claim_feed
from ingest.harvest.outcome import end_reading
from ingest.harvest.reading import read_claimed
from ingest.harvest.result import Harvest
from ingest.harvest.selection import check_selection
from ingest.harvest_formats import FORMATS, MOST_BYTES, Freshness, read_pages
from ingest.hosts import Permits
from ingest.http import Limits, Session
from ingest.models import Feed, FeedReading, Harvested, HarvestFailure
from ingest.schedule import cron_fields, is_after_change, latest_time, next_time

LIMITS = Limits(size=MOST_BYTES)
AT_ONCE = 200  # feeds that are offered to the workers at a time
NO_TIMES = Text(ko="피드의 일정에는 시각이 있어야 합니다", en="the schedule of a feed needs times")
NO_FORMAT = Text(
    ko="'{format}' 형식은 없습니다. 쓸 수 있는 것: {allowed}", en="unknown format '{format}'; allowed: {allowed}"
)
NO_REASON = Text(ko="멈추는 까닭을 적으십시오", en="say why the feed is paused")
logger = logging.getLogger(__name__)


def check_feed(*, slug: str, format_: str, schedule: str, selection: dict[str, Any]) -> None:
    """Refuse a feed that cannot be read; BadSetup names the field."""
    if not is_slug(slug):
        raise BadSetup(where="slug", problem=SLUG_RULE)
    if format_ not in FORMATS:
        raise BadSetup(where="format", problem=NO_FORMAT.format(format=format_, allowed=", ".join(FORMATS)))
    if schedule and is_after_change(schedule):
        raise BadSetup(where="schedule", problem=NO_TIMES)
    if schedule:
        cron_fields(schedule)
    check_selection(selection)


def save_feed(slug: str, **columns: Any) -> Feed:  # noqa: ANN401 (the columns of Feed)
    """Create or change a feed; one that is read in another way than before is read whole the next time."""
    feed = Feed.objects.filter(slug=slug).first() or Feed(slug=slug)
    before = (feed.format, feed.location, feed.selection, feed.schedule)
    for name, value in columns.items():
        setattr(feed, name, value)
    check_feed(slug=slug, format_=feed.format, schedule=feed.schedule, selection=feed.selection)
    if (feed.format, feed.location, feed.selection) != before[:3]:
        feed.validators = {}
    if feed.schedule != before[3] or feed.pk is None:
        feed.next_at = next_time(feed.schedule, timezone.now()) if feed.schedule and not feed.paused_at else None
    names = {*columns, "validators", "next_at", "modified_at"}
    feed.save(update_fields=None if feed.pk is None else names)
    return feed


def read_feed(
    feed: Feed, *, accept_deletions: bool = False, file_roots: Sequence[Path] = (), is_preview: bool = False
) -> Harvest:
    """Read a feed now; with ``is_preview`` only tell what would be done. FeedBusy when somebody else reads it.

    An answer that the server says is still the same is not read: it costs one request.
    """
    kind = FeedReading.Kind.PREVIEW if is_preview else FeedReading.Kind.READ
    claim = claim_feed(feed, kind)
    feed.refresh_from_db()
    freshness = Freshness({} if is_preview or needs_whole(feed) or accept_deletions else feed.validators)
    result = Harvest(feed.slug)
    try:
        with feed_pages(feed, freshness, file_roots) as pages:
            result = read_claimed(feed, claim, pages, accept_deletions=accept_deletions, is_dry=is_preview)
    except Unmodified:
        result.is_unmodified = True
        result.unchanged = result.known = Harvested.objects.filter(
            feed=feed.slug, kind=Harvested.Kind.DATASET, gone_at=None
        ).count()
        end_reading(claim, result)
        return result
    if not result.held and not result.refused and not is_preview:
        Feed.objects.filter(pk=feed.pk, fence=claim.fence).update(validators=freshness.left)
    return result


def needs_whole(feed: Feed) -> bool:
    """Say whether there is something that another look at the same answer may settle."""
    failed = HarvestFailure.objects.filter(feed=feed).exists()
    return failed or feed.readings.filter(state=FeedReading.State.HELD, decision="").exists()


@contextmanager
def feed_pages(feed: Feed, freshness: Freshness | None, file_roots: Sequence[Path]) -> Iterator[Iterator[Catalogue]]:
    """Open a session for a feed and yield its pages."""
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    with Session(
        allow_private=feed.allow_private,
        file_roots=[*settings.FILE_ROOTS, *file_roots],
        spool=settings.SPOOL_DIR,
        limits=LIMITS,
        before_request=Permits(lambda: None),
        authorities=feed.ca_certificates,
    ) as session:
        yield read_pages(session, feed.format, feed.location, query=feed.selection.get("fq", ""), freshness=freshness)


def retry_failures(feed: Feed, failures: QuerySet[HarvestFailure] | None = None) -> Harvest:
    """Try the records again that could not be taken, from what was read of them; the source is not asked."""
    claim = claim_feed(feed, FeedReading.Kind.RETRY)
    chosen = HarvestFailure.objects.filter(feed=feed) if failures is None else failures.filter(feed=feed)
    rows = list(chosen.exclude(code="unreadable-record").values_list("kind", "entry"))
    page = Catalogue(
        base="",
        datasets=[entry_of(entry) for kind, entry in rows if kind == Harvested.Kind.DATASET and entry],
        **{
            name: {entry["slug"]: entry["description"] for kind, entry in rows if kind == wanted}
            for name, wanted in (
                ("organisations", Harvested.Kind.ORGANISATION),
                ("series", Harvested.Kind.SERIES),
                ("services", Harvested.Kind.SERVICE),
            )
        },
    )
    return read_claimed(feed, claim, [page], is_part=True)


def settle_match(failure: HarvestFailure, row: Harvested | None) -> Harvest:
    """Say which dataset a record is whose identifier changed, None for a new one; it is taken at once."""
    with transaction.atomic():
        if row is not None:
            Harvested.objects.filter(pk=row.pk, feed=failure.feed.slug).update(
                key=failure.key, identifier=failure.identifier
            )
    feed, only = failure.feed, HarvestFailure.objects.filter(pk=failure.pk)
    if row is not None:
        return retry_failures(feed, only)
    claim = claim_feed(feed, FeedReading.Kind.RETRY)
    page = Catalogue(base="", datasets=[entry_of(failure.entry)])
    return read_claimed(feed, claim, [page], is_part=True, all_new=True)


def take_theirs(row: Harvested) -> None:
    """Let a feed's own values come back at its next reading, in place of those that a steward has set."""
    Harvested.objects.filter(pk=row.pk).update(written={}, kept_values={}, digest="")
    Feed.objects.filter(slug=row.feed).update(validators={})


def pause_feed(feed: Feed, because: str) -> None:
    """Let a feed rest until it is resumed; a reading at work is not stopped."""
    reason = " ".join(because.split())[:500]
    if not reason:
        raise BadSetup(where="paused_because", problem=NO_REASON)
    Feed.objects.filter(pk=feed.pk).update(
        paused_at=feed.paused_at or timezone.now(), paused_because=reason, next_at=None, wish=""
    )


def resume_feed(feed: Feed) -> None:
    """Let a feed go on; the latest moment of its schedule that it missed meanwhile is made up for."""
    now, again = timezone.now(), None
    if feed.schedule:
        missed = latest_time(feed.schedule, now)
        again = missed if feed.paused_at and missed > feed.paused_at else next_time(feed.schedule, now)
    Feed.objects.filter(pk=feed.pk).update(paused_at=None, paused_because="", next_at=again, backs_off_until=None)


def wish_for(feed: Feed, wish: Feed.Wish) -> None:
    """Ask the workers to read a feed, or to preview it, as soon as one is free."""
    Feed.objects.filter(pk=feed.pk).update(wish=wish)
    transaction.on_commit(lambda: offer(feed.pk))


def offer(feed_id: int) -> bool:
    try:
        current_app.send_task("ingest.tasks.harvest_feed", args=[feed_id], retry=False, expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("feed %s waits for the next look, the broker did not take the hint: %s", feed_id, error)
        return False
    return True


def due_feeds(now: dt.datetime) -> QuerySet[Feed]:
    """Return the feeds that somebody should read: asked for, due, or left by a worker that died."""
    rested = Q(backs_off_until=None) | Q(backs_off_until__lte=now)
    is_due = Q(paused_at=None, next_at__lte=now) & ~Q(schedule="") & rested
    left = Q(lease_until__lt=now, paused_at=None)
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return Feed.objects.filter(free).filter(~Q(wish="") | is_due | left).exclude(location="").order_by("next_at", "pk")


def offer_due_feeds(now: dt.datetime) -> int:
    """Tell the workers which feeds are due, one message each; a message that is lost is sent again at the next look."""
    Feed.objects.filter(next_at=None, paused_at=None).exclude(schedule="").update(next_at=now)
    offered = 0
    for feed_id in list(due_feeds(now).values_list("pk", flat=True)[:AT_ONCE]):
        if not offer(feed_id):
            break
        offered += 1
    return offered


def read_due_feed(feed_id: int) -> None:
    """Read a feed if it is due and free; every ending is written to its reading's row."""
    now = timezone.now()
    feed = due_feeds(now).filter(pk=feed_id).first()
    if feed is None:
        return
    wish = feed.wish
    Feed.objects.filter(pk=feed.pk).update(wish="", next_at=following(feed, now))
    try:
        read_feed(feed, is_preview=wish == Feed.Wish.PREVIEW)
    except (FeedBusy, LostLease) as error:
        logger.warning("feed %s is read by another worker: %s", feed.slug, error)
    except (HubError, IngestError) as error:
        logger.warning("feed %s could not be read: %s", feed.slug, error)
    except Exception:
        logger.exception("feed %s met a fault of the hub", feed.slug)
        end_with_fault(feed)


def following(feed: Feed, now: dt.datetime) -> dt.datetime | None:
    """Return when a feed is read next: a little after the moment of its schedule, by the same little each time."""
    if not feed.schedule or feed.paused_at:
        return None
    after = next_time(feed.schedule, now)
    share = int.from_bytes(hashlib.sha256(feed.slug.encode()).digest()[:4], "big") / 2**32
    return after + Times(latest_time(feed.schedule, now), after).jitter * share


def end_with_fault(feed: Feed) -> None:
    """End a reading that a fault of our own broke off, so that the feed rests and is tried again."""
    row = Feed.objects.get(pk=feed.pk)
    reading = row.readings.filter(state=FeedReading.State.RUNNING, fence=row.fence).first()
    if reading is None:
        return
    claim = FeedClaim(row.pk, row.fence, reading.pk)
    try:
        end_reading(claim, Harvest(row.slug), InternalError())
    except LostLease:
        logger.warning("feed %s was taken over by another worker", row.slug)
