"""How a reading ends: its row tells what it did, and its feed when it is read next."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.errors import HubError
from ingest.consequences import PATIENCE, tell_of_reading
from ingest.errors import IngestError
from ingest.harvest.lease import FeedClaim, release
from ingest.harvest.result import Harvest
from ingest.models import Alert, Feed, FeedReading
from ingest.wording import storable

FIRST_REST = dt.timedelta(minutes=5)
LONGEST_REST = dt.timedelta(days=1)
SHOWN_FINDINGS = 200
State = FeedReading.State


def end_reading(claim: FeedClaim, result: Harvest, error: HubError | None = None) -> None:
    """End a reading; LostLease when another worker has taken the feed."""
    now = timezone.now()
    state = state_of(result, error)
    columns: dict[str, Any] = {
        **result.counts(),
        "announced": result.announced,
        "doubt": result.doubt,
        "examples": result.examples,
        "findings": [
            {"where": storable(each.where), "ko": storable(each.text.ko), "en": storable(each.text.en)}
            for each in result.findings[:SHOWN_FINDINGS]
        ],
        "state": state,
        "ended_at": now,
    }
    if error is not None:
        columns |= {
            "error_code": error.code,
            "error_ko": storable(error.text.in_language("ko")),
            "error_en": storable(error.text.in_language("en")),
        }
    with transaction.atomic():
        reading = FeedReading.objects.select_related("feed").get(pk=claim.reading_id)
        release(claim, **consequences(reading, error, now))
        FeedReading.objects.filter(pk=claim.reading_id).update(**columns)
        if reading.kind == FeedReading.Kind.READ:
            tell(reading.feed, result, error, now)
        if error is None and reading.kind == FeedReading.Kind.READ and not result.is_unmodified:
            settle_older(reading)


def state_of(result: Harvest, error: HubError | None) -> FeedReading.State:
    if error is not None:
        return State.INCOMPLETE if result.total else State.FAILED
    if result.held:
        return State.HELD
    touched = result.created + result.changed + result.deleted + result.restored
    return State.DONE if touched or result.refused else State.UNCHANGED


def consequences(reading: FeedReading, error: HubError | None, now: dt.datetime) -> dict[str, Any]:
    """Return what a reading means for its feed: one that failed rests, twice as long each time."""
    if reading.kind != FeedReading.Kind.READ:
        return {}
    if error is None:
        return {"failures": 0, "backs_off_until": None, "last_success_at": now}
    failures = reading.feed.failures + 1
    rest = min(FIRST_REST * 2 ** min(failures - 1, 20), LONGEST_REST)
    again: dict[str, Any] = {"failures": failures, "backs_off_until": now + rest}
    if isinstance(error, IngestError) and error.temporary and reading.feed.schedule and not reading.feed.paused_at:
        planned = reading.feed.next_at
        again["next_at"] = min(planned, now + rest) if planned else now + rest
    return again


def tell(feed: Feed, result: Harvest, error: HubError | None, now: dt.datetime) -> None:
    """Let somebody know what will not pass by itself: a failure that stays, and a question that waits for a person."""
    if error is None:
        tell_of_reading(feed, Alert.Kind.HELD if result.held else None, result.warning, now)
    elif feed.failures + 1 >= PATIENCE or not (isinstance(error, IngestError) and error.temporary):
        tell_of_reading(feed, Alert.Kind.FAILED, error.text, now)


def settle_older(reading: FeedReading) -> None:
    """A whole reading answers what older ones asked, or asks it anew itself."""
    older = FeedReading.objects.filter(feed=reading.feed, state=State.HELD, decision="", pk__lt=reading.pk)
    older.update(decision=FeedReading.Decision.SETTLED, decided_at=timezone.now())
