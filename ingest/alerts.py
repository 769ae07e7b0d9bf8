"""Tells stewards what became of sources, feeds and peers: what is new for a channel in one message, not too often and not at night.

``ingest/consequences.py`` writes alerts in the transaction that ends a run or a reading; here they go out. A channel's ``delivered`` is
the last alert that was told; it moves when a message has been taken, and not before. Who sends is settled by one UPDATE,
which counts the try as failed in advance: a worker that dies while it sends leaves what looks like a failure. A message
that is tried again holds the same alerts under the same identifier, for both follow from the moment of the first try, and
that from ``next_try_at`` and ``failures``.
"""

import datetime as dt
import itertools
import logging
from smtplib import SMTPException

from django.conf import settings
from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from catalog.errors import HubError
from ingest.alert_mail import NoMailServer, mail_refused, send_mail
from ingest.alert_message import Message, compose, compose_test
from ingest.masking import Mask
from ingest.models import Alert, AlertChannel
from ingest.webhook import post_message

SETTLED = dt.timedelta(seconds=10)  # by then a transaction with a smaller number has been committed too
FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(hours=6)
GIVEN_UP_AFTER = dt.timedelta(days=5)
LONGEST_SENDING = dt.timedelta(seconds=45)  # longer than the deadlines of mail and webhooks
MAIL_SERVER_AGAIN = dt.timedelta(minutes=10)
SENDERS = {AlertChannel.Kind.EMAIL: send_mail, AlertChannel.Kind.WEBHOOK: post_message}
logger = logging.getLogger(__name__)


def deliver_alerts(now: dt.datetime) -> int:
    """Send every channel what is new for it; return how many messages were taken. Two workers at once send one each."""
    return sum(deliver_safely(channel, now) for channel in AlertChannel.objects.filter(is_enabled=True))


def deliver_safely(channel: AlertChannel, now: dt.datetime) -> bool:
    """Deliver, and let a fault with one channel keep nothing from the others."""
    if not is_open(channel, now):
        return False
    try:
        return deliver(channel, now)
    except Exception:
        logger.exception("alert channel %s met a fault of the hub itself", channel.pk)
        return False


def deliver(channel: AlertChannel, now: dt.datetime) -> bool:
    """Send a channel one message with all that is new for it; tell whether it was taken."""
    first_try = channel.next_try_at - waited(channel.failures) if channel.failures and channel.next_try_at else now
    new = Alert.objects.filter(pk__gt=channel.delivered, at__gte=channel.created_at)
    unsettled = new.filter(at__gt=first_try - SETTLED).aggregate(first=Min("pk"))["first"]
    settled = new if unsettled is None else new.filter(pk__lt=unsettled)
    last = settled.aggregate(last=Max("pk"))["last"]
    if last is None:
        return False
    alerts = list(of_organisation(settled, channel))
    if not alerts:
        AlertChannel.objects.filter(pk=channel.pk, delivered=channel.delivered).update(delivered=last)
        return False
    held = claim(channel, first_try, now)
    if held is None:
        return False
    identifier = f"alerts-{channel.pk}-{alerts[-1].pk}"
    try:
        send(channel, compose(alerts, channel.language, identifier, now))
    except (HubError, SMTPException, OSError) as error:
        note_failure(held, channel, error, first_try, now)
        return False
    taken = held.update(delivered=last, failures=0, last_error="", next_try_at=now + pause())
    if not taken:
        logger.warning("alert channel %s was changed while a message went out; it may get it twice", channel.pk)
    return True


def is_open(channel: AlertChannel, now: dt.datetime) -> bool:
    """Tell whether the channel may get a message now."""
    return (channel.next_try_at is None or channel.next_try_at <= now) and not is_quiet(channel, now)


def is_quiet(channel: AlertChannel, now: dt.datetime) -> bool:
    """Tell whether it is the channel's quiet time, in Korea; it may begin on one day and end on the next."""
    start, end = channel.quiet_from, channel.quiet_until
    if start is None or end is None or start == end:
        return False
    clock = timezone.localtime(now).time()
    return start <= clock < end if start < end else clock >= start or clock < end


def of_organisation(alerts: QuerySet[Alert], channel: AlertChannel) -> QuerySet[Alert]:
    """Return the alerts for a channel; feeds and peers bring datasets of many organisations, and are told where all is told."""
    if channel.organisation_id:
        alerts = alerts.filter(source__distribution__dataset__organisation=channel.organisation_id)
    return alerts.select_related("source__distribution__dataset", "feed", "hub", "run").order_by("pk")


def claim(channel: AlertChannel, first_try: dt.datetime, now: dt.datetime) -> QuerySet[AlertChannel] | None:
    """Take the channel for one try, as if it had failed already; return its row to update, None if another was faster."""
    tries = next(n for n in itertools.count(channel.failures + 1) if first_try + waited(n) >= now + LONGEST_SENDING)
    before = {name: getattr(channel, name) for name in ("delivered", "failures", "next_try_at")}
    after = {"failures": tries, "next_try_at": first_try + waited(tries)}
    if not AlertChannel.objects.filter(pk=channel.pk, is_enabled=True, **before).update(**after):
        return None
    return AlertChannel.objects.filter(pk=channel.pk, **before | after)


def waited(failures: int) -> dt.timedelta:
    """Return how long after the first try the one after so many failures comes: each wait is twice the one before."""
    waits = (min(FIRST_WAIT * 2 ** min(n, 20), LONGEST_WAIT) for n in range(failures))
    return sum(waits, dt.timedelta())


def pause() -> dt.timedelta:
    return dt.timedelta(minutes=settings.ALERT_MINUTES)


def send(channel: AlertChannel, message: Message) -> None:
    """Send a message by the channel; an error says why it was not taken."""
    SENDERS[AlertChannel.Kind(channel.kind)](channel, message)


def note_failure(
    held: QuerySet[AlertChannel], channel: AlertChannel, error: Exception, first_try: dt.datetime, now: dt.datetime
) -> None:
    """Write down why a message was not taken; a webhook that has failed for days is switched off."""
    reason = reason_of(error, channel.language)
    if isinstance(error, NoMailServer):
        held.update(failures=0, next_try_at=now + MAIL_SERVER_AGAIN, last_error=reason)
        return
    logger.warning("alert channel %s: %s", channel.pk, reason)
    is_given_up = channel.kind == AlertChannel.Kind.WEBHOOK and now >= first_try + GIVEN_UP_AFTER
    if is_given_up:
        reason = GIVEN_UP[channel.language].format(days=GIVEN_UP_AFTER.days, reason=reason)
        logger.error("alert channel %s is switched off: it has failed for %s days", channel.pk, GIVEN_UP_AFTER.days)
    held.update(last_error=reason, is_enabled=not is_given_up)


GIVEN_UP = {
    "ko": "{days}일 동안 보내지 못해 껐습니다. 주소를 고치고 다시 켜면 그 뒤의 알림을 모아 보냅니다. 마지막 오류: {reason}",
    "en": "Switched off after {days} days of failures. Mend the address and switch it on again to get what it missed. "
    "Last error: {reason}",
}


def reason_of(error: Exception, language: str) -> str:
    """Return the error as a sentence, without the password of the mail server."""
    told = error.text if isinstance(error, HubError) else mail_refused(error)
    return Mask([settings.EMAIL_HOST_PASSWORD])(told.in_language(language))


def send_test(channel: AlertChannel) -> str:
    """Send a test message at once, whatever the hour; return why it was not taken, "" when it was."""
    now = timezone.now()
    try:
        send(channel, compose_test(channel.language, f"test-{channel.pk}-{now:%Y%m%d%H%M%S%f}", now))
    except (HubError, SMTPException, OSError) as error:
        return reason_of(error, channel.language)
    return ""


def rouse_channel(channel: AlertChannel) -> None:
    """Let a channel that was changed or switched on again try at once; what it has missed is sent."""
    AlertChannel.objects.filter(pk=channel.pk).update(failures=0, next_try_at=None, last_error="")


def skip_to_now(channel: AlertChannel) -> None:
    """Leave out everything that has not been told yet."""
    latest = Alert.objects.aggregate(last=Max("pk"))["last"] or 0
    AlertChannel.objects.filter(pk=channel.pk).update(delivered=latest, failures=0, next_try_at=None, last_error="")
