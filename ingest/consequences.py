"""What the end of a run or a reading means: failures are counted and waited out, and somebody is told, once."""

import datetime as dt

from django.utils import timezone

from catalog.text import Text
from ingest.models import Alert, Feed, Hub, Run, Source

PATIENCE = 3  # failures in a row before a source is left alone for a while
FIRST_REST = dt.timedelta(minutes=10)
LONGEST_REST = dt.timedelta(days=1)
TOLD_AGAIN = dt.timedelta(days=1)  # how often the same trouble is worth another message
GOOD = (Run.State.PUBLISHED, Run.State.UNCHANGED)
ALERTS = {Run.State.FAILED: Alert.Kind.FAILED, Run.State.HELD: Alert.Kind.HELD}


def draw_consequences(run_id: int) -> None:
    """Note on the source how its run ended; part of the transaction that ends it."""
    run = Run.objects.select_related("source").get(pk=run_id)
    if run.kind != Run.Kind.PULL or run.state == Run.State.CANCELLED:
        return
    now, source = run.ended_at or timezone.now(), run.source
    if run.state in GOOD:
        if source.failures:
            Source.objects.filter(pk=source.pk).update(failures=0, backs_off_until=None)
            tell(run, Alert.Kind.RECOVERED, now)
        return
    failures = source.failures + 1
    rest = rest_after(failures) if run.state == Run.State.FAILED else None
    Source.objects.filter(pk=source.pk).update(failures=failures, backs_off_until=now + rest if rest else None)
    if failures == 1 or is_news(run, now):
        tell(run, ALERTS[Run.State(run.state)], now)


def rest_after(failures: int) -> dt.timedelta | None:
    """Return how long a source is left alone after so many failures in a row, twice as long each time."""
    if failures < PATIENCE:
        return None
    return min(FIRST_REST * 2 ** min(failures - PATIENCE, 20), LONGEST_REST)


def is_news(run: Run, now: dt.datetime) -> bool:
    """Tell whether a failure is another one than was told last, or was told long ago."""
    told = run.source.alerts.exclude(kind=Alert.Kind.RECOVERED).select_related("run").first()
    if told is None or told.at <= now - TOLD_AGAIN:
        return True
    return told.run is None or (told.run.state, told.run.error_code) != (run.state, run.error_code)


def tell(run: Run, kind: Alert.Kind, now: dt.datetime) -> None:
    Alert.objects.create(source=run.source, run=run, kind=kind, text_ko=run.error_ko, text_en=run.error_en, at=now)


def tell_of_reading(about: Feed | Hub, trouble: Alert.Kind | None, text: Text, now: dt.datetime) -> None:
    """Tell how a feed or a peer is: a trouble when it is another one than was told last, or was told long ago; that it is over, once."""
    last = about.alerts.first()
    was_well = last is None or last.kind == Alert.Kind.RECOVERED
    if trouble is None:
        kind = None if was_well else Alert.Kind.RECOVERED
    else:
        is_known = not was_well and last.kind == trouble and last.at > now - TOLD_AGAIN
        kind = None if is_known else trouble
    if kind is not None:
        about.alerts.create(kind=kind, text_ko=text.in_language("ko"), text_en=text.in_language("en"), at=now)
