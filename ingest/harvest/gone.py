"""What a feed told before and tells no more: withdrawn, never deleted; and when much is gone at once, asked of a person.

An answer that is empty, much smaller than before, or smaller than it says itself is no proof that anything is gone.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from catalog.publish import withdraw_dataset
from catalog.search import indexed_together
from ingest.harvest.lease import FeedClaim, claim_feed, hold, release
from ingest.harvest.result import MOST_GONE, Harvest
from ingest.harvest.rows import Rows
from ingest.models import Feed, FeedReading, Harvested

BATCH = 100


@dataclass(frozen=True)
class Gone:
    """The rows of a feed of which some may be gone, and those that were seen."""

    rows: Rows
    seen: set[int]
    is_whole: bool

    def here(self) -> int:
        return self.rows.all().filter(gone_at=None).count()

    def unseen(self) -> list[tuple[int, str, bool]]:
        """Return the rows that were not told, but for those that a person keeps all the same: (pk, slug, is new to this)."""
        here = self.rows.all().filter(gone_at=None, is_kept=False).order_by("pk")
        rows = here.values_list("pk", "slug", "missing_since").iterator(chunk_size=5000)
        return [(pk, slug, missing is None) for pk, slug, missing in rows if pk not in self.seen]


def judge_gone(
    gone: Gone, result: Harvest, claim: FeedClaim | None, now: dt.datetime, *, accept_deletions: bool
) -> None:
    """Withdraw what is gone, unless there is doubt: then it is held until a person decides."""
    unseen = gone.unseen()
    created = result.created + result.restored if claim else 0  # without a claim they were not written
    result.known = gone.here() - created
    if not unseen:
        return
    for _, slug, _ in unseen[:100]:
        result.show("held" if doubt_of(result, unseen, gone) and not accept_deletions else "deleted", slug)
    result.doubt = "" if accept_deletions else doubt_of(result, unseen, gone)
    if result.doubt:
        result.held = len(unseen)
        if claim:
            hold_back(claim, [pk for pk, _, is_new in unseen if is_new], now)
        return
    if claim:
        withdraw(claim, [(pk, slug) for pk, slug, _ in unseen], now)
    result.deleted = len(unseen)


def doubt_of(result: Harvest, unseen: Sequence[object], gone: Gone) -> str:
    """Return why what was not told may be there all the same; "" when there is no doubt."""
    if not gone.is_whole:
        return FeedReading.Doubt.MISCOUNTED.value
    if len(unseen) <= MOST_GONE * result.known:
        return ""
    return (FeedReading.Doubt.EMPTY if result.total == 0 else FeedReading.Doubt.SHRUNKEN).value


def hold_back(claim: FeedClaim, rows: Sequence[int], now: dt.datetime) -> None:
    """Mark the rows that were not told, so that a person sees them."""
    for some in pieces(rows):
        with transaction.atomic():
            hold(claim)
            Harvested.objects.filter(pk__in=some).update(missing_since=now)


def withdraw(claim: FeedClaim, rows: Sequence[tuple[int, str]], now: dt.datetime) -> None:
    for some in pieces(rows):
        with transaction.atomic(), indexed_together():
            hold(claim)
            for _, slug in some:
                withdraw_dataset(slug)
            Harvested.objects.filter(pk__in=[pk for pk, _ in some]).update(gone_at=now, missing_since=None)


def missing_rows(feed: Feed) -> QuerySet[Harvested]:
    """Return what waits for a person's word: not told at the last whole reading, and neither withdrawn nor kept."""
    rows = Harvested.objects.filter(feed=feed.slug, kind=Harvested.Kind.DATASET, gone_at=None, is_kept=False)
    return rows.exclude(missing_since=None).order_by("pk")


def accept_gone(reading: FeedReading, user: AbstractBaseUser | None, now: dt.datetime) -> int:
    """Withdraw what a reading did not find, as a person says; what has been told again since stays."""
    claim = claim_feed(reading.feed, FeedReading.Kind.DECISION)
    rows = list(missing_rows(reading.feed).values_list("pk", "slug"))
    withdraw(claim, rows, now)
    end_decision(claim, reading, FeedReading.Decision.ACCEPTED, user, now, deleted=len(rows))
    return len(rows)


def refuse_gone(reading: FeedReading, user: AbstractBaseUser | None, now: dt.datetime) -> int:
    """Keep what a reading did not find, as a person says; it is not asked again until it has been told once more."""
    claim = claim_feed(reading.feed, FeedReading.Kind.DECISION)
    kept = missing_rows(reading.feed).update(is_kept=True, missing_since=None)
    end_decision(claim, reading, FeedReading.Decision.REFUSED, user, now, kept=kept)
    return kept


def end_decision(
    claim: FeedClaim,
    reading: FeedReading,
    decision: FeedReading.Decision,
    user: AbstractBaseUser | None,
    now: dt.datetime,
    **counts: int,
) -> None:
    with transaction.atomic():
        FeedReading.objects.filter(pk=reading.pk).update(decision=decision, decided_at=now, decided_by=user)
        FeedReading.objects.filter(pk=claim.reading_id).update(state=FeedReading.State.DONE, ended_at=now, **counts)
        release(claim)


def pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
