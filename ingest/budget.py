"""What a source may ask of others: the calls a day that a provider grants to all its sources together, and their hosts' pace.

Every request is counted in one statement on the provider's row, so that no number of workers makes one call too many. A
budget that is used up ends a run before it asks, as the provider's own refusal would; it is new at midnight in Korea.
"""

import datetime as dt
from collections.abc import Callable

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog.text import Text
from ingest.errors import QuotaExceeded
from ingest.hosts import Permits
from ingest.models import Provider, Source
from ingest.schedule import KOREAN_TIME, next_midnight

AROUND_MIDNIGHT = dt.timedelta(minutes=10)  # by which a provider's day may begin later than ours
USED_UP = Text(ko="하루 {calls:,}회를 다 썼습니다", en="all {calls:,} calls of the day are made")


def permit_of(source: Source, alive: Callable[[], None]) -> Callable[[str], None]:
    """Return what a session calls with the host before each request; it waits for its turn, or raises QuotaExceeded."""
    permits, provider_id = Permits(alive), source.provider_id

    def permit(host: str) -> None:
        permits(host)
        if provider_id is not None:
            count_call(provider_id, timezone.now())

    return permit


def count_call(provider_id: int, now: dt.datetime) -> None:
    """Count a call of a provider; QuotaExceeded when its day's calls are made."""
    today, tomorrow = day_of(now), day_of(now) + dt.timedelta(days=1)
    is_new = Q(used_on=None) | Q(used_on__lt=today) | Q(used_on__gt=tomorrow)  # the last: a clock's mistake
    is_left = Q(daily_calls=None) | Q(daily_calls__gt=F("used")) | (is_new & Q(daily_calls__gt=0))
    counted = Provider.objects.filter(is_left, pk=provider_id).update(
        used=Case(When(is_new, then=Value(1)), default=F("used") + 1),
        used_on=Case(When(is_new, then=Value(today)), default=F("used_on")),
    )
    if not counted:
        provider = Provider.objects.get(pk=provider_id)
        title = Text(ko=provider.title_ko, en=provider.title_en)
        raise QuotaExceeded(address=title, answer=USED_UP.format(calls=provider.daily_calls))


def note_refusal(provider_id: int | None, now: dt.datetime) -> None:
    """Take a provider at its word that the day's calls are made: its other sources need not ask today.

    Just after midnight the word may be of yesterday, and is not taken.
    """
    if now.astimezone(KOREAN_TIME) - midnight_before(now) < AROUND_MIDNIGHT:
        return
    Provider.objects.filter(pk=provider_id, daily_calls__gt=0).update(
        used=Case(When(used_on=day_of(now), then=Greatest(F("used"), F("daily_calls"))), default=F("daily_calls")),
        used_on=day_of(now),
    )


def asked_again(now: dt.datetime) -> dt.datetime:
    """Return when a provider that refused for its quota is asked again: after midnight, or soon when that has just been."""
    soon = now + AROUND_MIDNIGHT
    return soon if now - midnight_before(now) < AROUND_MIDNIGHT else next_midnight(now)


def midnight_before(now: dt.datetime) -> dt.datetime:
    return now.astimezone(KOREAN_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


def day_of(now: dt.datetime) -> dt.date:
    """Return the day in Korea."""
    return now.astimezone(KOREAN_TIME).date()
