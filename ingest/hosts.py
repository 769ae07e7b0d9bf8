"""Hosts and how gently they are asked: so many requests a second, so many runs at a time, none while a host keeps failing.

What is known of a host stands in its row, which all workers share. Its bucket of permits fills with time; a session takes
a handful in one statement and spends it within a second, the larger the faster it goes. So few requests cost a write, and
in no span of time more go out than the full bucket, what flows in, and one second's more.

``closed_until`` in the past is when the host last failed. A host that fails again and again is closed; after that one run
goes ahead alone and finds out.
"""

import datetime as dt
import functools
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, FloatField, Q, Value, When
from django.db.models.functions import Greatest, Least

from catalog.errors import HubError
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    TimedOut,
    TooLarge,
    Unreachable,
    UnreadableAnswer,
)
from ingest.models import Host, Run

ASKING = (Run.Kind.PULL, Run.Kind.BACKFILL)  # the runs that ask a host; the others read what the hub has kept
TROUBLE = (Unreachable, TimedOut, PlatformFailure, BrokenOff)
ANSWERED = (KeyRefused, RequestRefused, TooLarge, UnreadableAnswer, IncompleteAnswer)
BURST = 2  # seconds in which a bucket fills
LASTS = 1.0  # seconds for which a session may hold permits it has not spent
SLICE = 0.5  # seconds of waiting between two looks whether the run is still wanted
SKEW = 5.0  # seconds that the workers' clocks may differ
FAILURES = 5  # in a row, until a host is closed
IN_A_ROW = dt.timedelta(minutes=10)  # failures further apart than this are no row
FIRST_CLOSURE, LONGEST_CLOSURE = dt.timedelta(minutes=1), dt.timedelta(minutes=30)


@dataclass
class Handful:
    """Permits that a session took, how many of them it still holds, and until when."""

    taken: int
    left: int
    until: float

    def next_size(self, now: float, most: int) -> int:
        """Return how many to take next: twice as many when these were too few, else as many as were spent of them."""
        wanted = self.taken - self.left if now >= self.until else self.taken * 2
        return max(1, min(wanted, most))


class Permits:
    """What one session calls with the host before each request: it waits until there is a permit.

    This machine's own servers need none, nor does any host when no limit is set. What ``alive`` raises ends the wait.
    """

    def __init__(self, alive: Callable[[], None], *, clock: Callable[[], float] = time.time) -> None:
        self._alive, self._clock = alive, clock
        self._rate = float(settings.HOST_PER_SECOND)
        self._held: dict[str, Handful] = {}

    def __call__(self, host: str) -> None:
        self._alive()
        if not self._rate or is_own(host):
            return
        held, now = self._held.get(host), self._clock()
        if held is None:
            full = {"permits": self._rate * BURST, "filled_at": now}
            Host.objects.get_or_create(name=host, defaults=full)
            held = Handful(taken=1, left=0, until=now)
        if not held.left or not held.until - LASTS <= now < held.until:
            held = self._held[host] = self._take_some(host, held.next_size(now, int(self._rate)))
        held.left -= 1

    def _take_some(self, host: str, size: int) -> Handful:
        while True:
            now = self._clock()
            for count in (size, 1):
                if take_permits(host, count, self._rate, now):
                    return Handful(count, count, now + LASTS)
            self._wait(seconds_to_next(host, self._rate, now))

    def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self._alive()
            time.sleep(min(seconds, SLICE))
            seconds -= SLICE
        self._alive()


@functools.lru_cache(maxsize=1024)
def is_own(host: str) -> bool:
    """Say whether a host (``name:port``) is this machine."""
    name = host.rpartition(":")[0].strip("[]")
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def take_permits(host: str, count: int, rate: float, now: float) -> bool:
    """Take permits out of a host's bucket, all of them or none, in one statement that no other worker can come between."""
    is_astray = Q(filled_at__gt=now + SKEW)  # written by a clock that has been set back since
    full, elapsed = Value(rate * BURST), Greatest(Value(0.0), Value(now) - F("filled_at"))
    available = Case(
        When(is_astray, then=full),
        default=Least(full, F("permits") + elapsed * Value(rate)),
        output_field=FloatField(),
    )
    filled_at = Case(
        When(is_astray, then=Value(now)), default=Greatest(F("filled_at"), Value(now)), output_field=FloatField()
    )
    buckets = Host.objects.annotate(available=available).filter(name=host, available__gte=count)
    return bool(buckets.update(permits=available - Value(float(count)), filled_at=filled_at))


def seconds_to_next(host: str, rate: float, now: float) -> float:
    """Return how long it takes until the bucket of a host holds a permit."""
    permits, filled_at = Host.objects.values_list("permits", "filled_at").get(name=host)
    return max(0.01, (1 - permits) / rate - max(0.0, now - filled_at))


# Runs of a host.


def waits_until(run: Run, now: dt.datetime) -> dt.datetime | None:
    """Return from when on a run may be tried for its host's sake, None when it may go ahead.

    Its host's row stays locked, so that two workers cannot take its last place at the same moment.
    """
    if run.kind not in ASKING or not run.source.host:
        return None
    host, _ = Host.objects.select_for_update().get_or_create(name=run.source.host)
    if is_closed(host, now):
        return host.closed_until
    places = 1 if is_on_trial(host, now) else places_of(host.name)
    at_work = Run.objects.filter(
        source__host=host.name, kind__in=ASKING, state=Run.State.RUNNING, lease_until__gte=now
    ).exclude(pk=run.pk)
    return run.due_at if places and at_work.count() >= places else None


def places_of(host: str) -> int:
    """Return how many runs may ask a host at a time, 0 for as many as there are; this machine's own servers look after themselves."""
    return 0 if is_own(host) else settings.HOST_RUNS


def is_closed(host: Host, now: dt.datetime) -> bool:
    """Say whether a host is left alone; a moment further away than any closure is a clock's mistake."""
    return host.closed_until is not None and now < host.closed_until <= now + LONGEST_CLOSURE


def is_on_trial(host: Host, now: dt.datetime) -> bool:
    return host.failures >= FAILURES and host.closed_until is not None and host.closed_until > now - IN_A_ROW


def note_error(run: Run, error: HubError, now: dt.datetime) -> None:
    """Note what the error of a run tells of its host: that it does not work, that it answers, or nothing."""
    if run.kind not in ASKING or not run.source.host:
        return
    if isinstance(error, TROUBLE):
        note_failure(run.source.host, now)
    elif isinstance(error, ANSWERED):
        note_answer(run.pk)


@transaction.atomic
def note_failure(name: str, now: dt.datetime) -> None:
    """Count a failure of a host, and close it when there were too many in a row, twice as long each time."""
    host, _ = Host.objects.select_for_update().get_or_create(name=name)
    if is_closed(host, now):
        return  # the run began before
    is_next = host.closed_until is not None and host.closed_until > now - IN_A_ROW
    host.failures = host.failures + 1 if is_next else 1
    host.closed_until = now + closure_after(host.failures)
    host.save(update_fields=["failures", "closed_until"])


def closure_after(failures: int) -> dt.timedelta:
    if failures < FAILURES:
        return dt.timedelta()
    return min(FIRST_CLOSURE * 2 ** min(failures - FAILURES, 10), LONGEST_CLOSURE)


def note_answer(run_id: int) -> None:
    """Open the host of a run: it has answered."""
    asked = Run.objects.filter(pk=run_id, kind__in=ASKING).values("source__host")
    Host.objects.filter(name__in=asked).exclude(failures=0).update(failures=0, closed_until=None)
