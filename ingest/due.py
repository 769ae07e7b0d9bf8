"""Which sources are due: each gets one run a slot, however many schedulers there are; and when a source is tried next.

A slot is a moment of the schedule, exactly. Its run is due a little later, by the same little each time, so that a thousand
sources of one schedule do not start in one second.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.schedule import KOREAN_TIME, is_after_change, latest_time, next_time

AT_ONCE = 500  # sources in one transaction
LONGEST_JITTER = dt.timedelta(minutes=1)
CLOCK_DOUBT = dt.timedelta(days=1)  # next times further away are compared with the schedule
ACTIVE = (Run.State.WAITING, Run.State.RUNNING)
GOOD = (Run.State.PUBLISHED, Run.State.UNCHANGED)
RESTS = Text(
    ko="{failures}번 이어서 실패하여 {until}까지 쉽니다. {next}",
    en="It failed {failures} times in a row and is left alone until {until}. {next}",
)
TRIED_AT = Text(ko="{at}에 다시 시도합니다.", en="It is tried again at {at}.")
TRIED_BY_HAND = Text(ko="일정이 없으니 직접 실행하십시오.", en="It has no schedule; run it by hand.")
PAUSED = Text(ko="{since}부터 멈춰 있습니다: {because}", en="Paused since {since}: {because}")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Times:
    """The moments of a schedule around now."""

    latest: dt.datetime
    following: dt.datetime

    @property
    def jitter(self) -> dt.timedelta:
        """How much later than its slot a run may be due: nothing when the next slot comes within a minute."""
        apart = self.following - self.latest
        return min(apart / 10, LONGEST_JITTER) if apart > dt.timedelta(minutes=1) else dt.timedelta()


def create_due_runs(now: dt.datetime) -> int:
    """Give every source that is due its run and its next time; two schedulers at once make one run a slot.

    After a time without a scheduler only the latest slot is made up for: what a platform says is true of now. A source
    that is left alone, or has a run that is not over, misses its slot. A schedule that cannot be read costs its own
    sources their runs, no other ones; what follows changes has no times and gets its runs from ``ingest/recipes.py``.
    """
    scheduled = Source.objects.filter(is_enabled=True, paused_at=None).exclude(schedule="")
    due = times_of_due(scheduled, now)
    created = 0
    while due and (entered := enter_runs(scheduled.filter(schedule__in=due), due, now)) is not None:
        created += entered
    return created


def times_of_due(scheduled: QuerySet[Source], now: dt.datetime) -> dict[str, Times]:
    """Return the schedules that have sources due, with their times; sources without a next time get theirs."""
    due = {}
    for entry in (
        scheduled.order_by()
        .values("schedule")
        .annotate(
            new=Count("pk", filter=Q(next_at=None)), due=Count("pk", filter=Q(next_at__lte=now)), last=Max("next_at")
        )
    ):
        schedule, is_doubtful = entry["schedule"], entry["last"] is not None and entry["last"] > now + CLOCK_DOUBT
        if is_after_change(schedule) or not (entry["new"] or entry["due"] or is_doubtful):
            continue
        same = scheduled.filter(schedule=schedule)
        try:
            following = next_time(schedule, now)
        except BadSetup as error:
            for slug in same.values_list("slug", flat=True):
                logger.error("source %s gets no runs: %s", slug, error)
            continue
        if entry["new"] or is_doubtful:  # the clock may have been ahead by years; a slot that has its run gets no other
            same.filter(Q(next_at=None) | Q(next_at__gt=following)).update(next_at=following)
        if entry["due"]:
            due[schedule] = Times(latest_time(schedule, now), following)
    return due


@transaction.atomic
def enter_runs(sources: QuerySet[Source], times: Mapping[str, Times], now: dt.datetime) -> int | None:
    """Take some sources that are due, move their next time and enter their runs; None when there is none to take.

    A source whose row another process holds at this moment is taken at the next tick.
    """
    locked = sources.filter(next_at__lte=now).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    taken = list(locked.only("slug", "schedule", "next_at", "backs_off_until")[:AT_ONCE])
    if not taken:
        return None
    slots = {source.pk: max(source.next_at, times[source.schedule].latest) for source in taken}
    for source in taken:
        source.next_at = times[source.schedule].following
    Source.objects.bulk_update(taken, ["next_at"], batch_size=100)
    left_out = without_need(slots, now)
    runs = [
        Run(source=source, slot=slots[source.pk], due_at=due_at(source, slots[source.pk], times[source.schedule], now))
        for source in taken
        if source.pk not in left_out and not (source.backs_off_until and source.backs_off_until > now)
    ]
    Run.objects.bulk_create(runs, ignore_conflicts=True)
    return len(runs)


def without_need(slots: Mapping[int, dt.datetime], now: dt.datetime) -> set[int]:
    """Return the sources that need no run for their slot: they have one that is not over, or were pulled since by hand."""
    runs = Run.objects.filter(source__in=slots).order_by()
    active = runs.filter(kind=Run.Kind.PULL, state__in=ACTIVE).values_list("source", flat=True)
    pulled = runs.filter(kind=Run.Kind.PULL, state__in=GOOD, slot__gte=min(slots.values()), slot__lte=now)
    by_hand = pulled.values("source").annotate(last=Max("slot")).values_list("source", "last")
    entered = runs.filter(slot__in=set(slots.values())).values_list("source", "slot")
    return {
        *active,
        *(source for source, last in by_hand if last >= slots[source]),
        *(source for source, slot in entered if slot == slots[source]),
    }


def due_at(source: Source, slot: dt.datetime, times: Times, now: dt.datetime) -> dt.datetime:
    """Return when the run of a slot is due."""
    share = int.from_bytes(hashlib.sha256(source.slug.encode()).digest()[:4], "big") / 2**32
    return max(slot + times.jitter * share, now)


def next_try(source: Source, now: dt.datetime | None = None) -> dt.datetime | None:
    """Return when a source is pulled next, as far as that is known; None when it is not without somebody's doing."""
    if source.paused_at or not source.is_enabled:
        return None
    waiting = source.runs.filter(kind=Run.Kind.PULL, state=Run.State.WAITING).order_by("due_at").first()
    if waiting:
        return waiting.due_at
    if not source.schedule or is_after_change(source.schedule):
        return None
    now = now or timezone.now()
    planned = source.next_at or next_time(source.schedule, now)
    return max(planned, next_time(source.schedule, source.backs_off_until)) if source.backs_off_until else planned


def explain_rest(source: Source, now: dt.datetime | None = None) -> Text | None:
    """Say why a source is not pulled at present and when it is tried next; None when nothing keeps it."""
    now = now or timezone.now()
    if source.paused_at:
        return PAUSED.format(since=moment(source.paused_at), because=source.paused_because)
    if source.backs_off_until is None or source.backs_off_until <= now:
        return None
    again = next_try(source, now)
    return RESTS.format(
        failures=source.failures,
        until=moment(source.backs_off_until),
        next=TRIED_AT.format(at=moment(again)) if again else TRIED_BY_HAND,
    )


def moment(when: dt.datetime) -> str:
    return f"{when.astimezone(KOREAN_TIME):%Y-%m-%d %H:%M}"
