"""Occurrences that the hub raises: what a sending rule finds in a new snapshot becomes messages to a platform.

A rule and what it found are written in one transaction that moves the rule's ``seen_snapshot`` on, and only if nobody
else has moved it and nobody has changed the rule: so each snapshot is told exactly once, whoever is killed, and whoever
else works at it.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from catalog.errors import HubError, NoRecords
from catalog.models import Snapshot
from catalog.text import Text
from ingest.errors import TooManyEvents
from ingest.models import OutgoingMessage, RaisedOccurrence, Receiver, SendingRule
from ingest.platform.fulfilling import Fulfilling, find_fulfilling
from ingest.platform.moments import KOREAN_TIME
from ingest.platform.outgoing import MILLISECOND, Told, as_document, as_told, make_message, next_moment, write_number
from ingest.platform.wire import Status

MOST_NEW = 1000  # occurrences that one snapshot may raise by a rule; more are a mistake of the rule or the source
SWITCHED_OFF = Text(
    ko="데이터셋 '{dataset}'이(가) 공개 중단되어 규칙이 쉬고 있습니다.",
    en="The dataset '{dataset}' is withdrawn; the rule rests.",
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Raised:
    """How many occurrences a rule began, told anew and ended."""

    began: int = 0
    changed: int = 0
    ended: int = 0


def raise_events(now: dt.datetime) -> int:
    """Look at every rule whose dataset has changed since it was seen; return how many messages are to be sent."""
    raised = [raise_safely(rule, now) for rule in due_rules()]
    return sum(one.began + one.changed + one.ended for one in raised) + cancel_of_resting(now)


def due_rules() -> QuerySet[SendingRule]:
    current = F("dataset__distribution__current_snapshot__digest")
    return (
        SendingRule.objects.filter(is_enabled=True, dataset__distribution__current_snapshot__isnull=False)
        .exclude(seen_snapshot=current)
        .select_related("dataset__distribution__current_snapshot", "receiver")
    )


def raise_safely(rule: SendingRule, now: dt.datetime) -> Raised:
    """Raise by a rule, and let a fault of one keep nothing from the others; it is looked at again."""
    try:
        return raise_by(rule, now)
    except Exception:
        logger.exception("sending rule %s met a fault of the hub itself", rule.slug)
        return Raised()


def raise_by(rule: SendingRule, now: dt.datetime) -> Raised:
    """Ask the current snapshot by a rule and write down what it begins, changes and ends."""
    snapshot = rule.dataset.current_snapshot
    if snapshot is None:
        raise NoRecords(dataset=rule.dataset.slug)
    if rule.dataset.withdrawn_at:
        note_rest(rule)
        return Raised()
    try:
        found = collect(rule, snapshot)
    except HubError as error:
        logger.warning("sending rule %s: %s", rule.slug, error)
        move_on(rule, snapshot, error.text)
        return Raised()
    return write(rule, snapshot, found, now)


def collect(rule: SendingRule, snapshot: Snapshot) -> dict[str, Fulfilling]:
    """Return what fulfils the rule, by subject; TooManyEvents when it would begin more than it may."""
    is_open = set(rule.occurrences.filter(ended_at=None).values_list("subject", flat=True))
    found: dict[str, Fulfilling] = {}
    new = 0
    for one in find_fulfilling(rule, snapshot):
        found[one.subject] = one
        new += one.subject not in is_open
        if new > MOST_NEW:
            raise TooManyEvents(rule=rule.slug, most=f"{MOST_NEW:,}")
    return found


@transaction.atomic
def write(rule: SendingRule, snapshot: Snapshot, found: Mapping[str, Fulfilling], now: dt.datetime) -> Raised:
    """Write down what a snapshot tells by a rule, once."""
    Receiver.objects.select_for_update().get(pk=rule.receiver_id)  # numbers of one sender must differ
    if not move_on(rule, snapshot, Text()):
        return Raised()
    is_open = {one.subject: one for one in open_occurrences(rule)}
    messages = [change(one, found[subject].told, now) for subject, one in is_open.items() if subject in found]
    changed = [message for message in messages if message is not None]
    ended = [end(one, Status.CLEARED, now) for subject, one in is_open.items() if subject not in found]
    began = begin(rule, [one for subject, one in found.items() if subject not in is_open], now)
    OutgoingMessage.objects.bulk_create([*changed, *ended, *began], batch_size=500)
    return Raised(len(began), len(changed), len(ended))


def move_on(rule: SendingRule, snapshot: Snapshot, error: Text) -> bool:
    """Say that a rule has seen a snapshot; False when another worker was faster or the rule was changed meanwhile."""
    held = SendingRule.objects.filter(
        pk=rule.pk, seen_snapshot=rule.seen_snapshot, modified_at=rule.modified_at, is_enabled=True
    )
    return bool(held.update(seen_snapshot=snapshot.digest, last_error_ko=error.ko, last_error_en=error.en))


def note_rest(rule: SendingRule) -> None:
    text = SWITCHED_OFF.format(dataset=rule.dataset.slug)
    SendingRule.objects.filter(pk=rule.pk).exclude(last_error_en=text.en).update(
        last_error_ko=text.ko, last_error_en=text.en
    )


def begin(rule: SendingRule, found: Iterable[Fulfilling], now: dt.datetime) -> list[OutgoingMessage]:
    """Make occurrences of subjects that fulfil the rule and did not before, and return what tells of them."""
    moment = free_moment(rule, now)
    occurrences = [
        RaisedOccurrence(
            rule=rule,
            subject=one.subject,
            number=write_number(moment + number * MILLISECOND),
            started_at=one.at or now,
            told=as_document(one.told, now),
        )
        for number, one in enumerate(found)
    ]
    RaisedOccurrence.objects.bulk_create(occurrences, batch_size=500)
    return [make_message(one, Status.OCCURRED, as_told(one.told), now) for one in occurrences]


def free_moment(rule: SendingRule, now: dt.datetime) -> dt.datetime:
    """Return the first moment from now on after which no occurrence of the same sender has its number."""
    taken = RaisedOccurrence.objects.filter(
        Q(rule__receiver=rule.receiver_id) | Q(rule__receiver__send_code=rule.receiver.send_code),
        number__gte=write_number(now),
    )
    last = taken.order_by("-number").values_list("number", flat=True).first()
    if last is None:
        return now
    seconds = dt.datetime.strptime(last[:14], "%Y%m%d%H%M%S").replace(tzinfo=KOREAN_TIME)
    return seconds + (int(last[14:]) + 1) * MILLISECOND


def change(occurrence: RaisedOccurrence, told: Told, now: dt.datetime) -> OutgoingMessage | None:
    """Tell what has changed of an occurrence that goes on, under the kind that it began with; None when nothing has."""
    before = as_told(occurrence.told)
    told = replace(told, event_id=before.event_id)
    if told == before:
        return None
    at = next_moment(occurrence, now)
    occurrence.told = as_document(told, at)
    occurrence.save(update_fields=["told"])
    return make_message(occurrence, Status.CHANGED, told, at)


def end(occurrence: RaisedOccurrence, status: Status, now: dt.datetime) -> OutgoingMessage:
    occurrence.ended_at = next_moment(occurrence, now)
    occurrence.save(update_fields=["ended_at"])
    return make_message(occurrence, status, as_told(occurrence.told), occurrence.ended_at)


def cancel_of_resting(now: dt.datetime) -> int:
    """End what rules raised that were switched off: nobody would ever tell the platform otherwise."""
    resting = SendingRule.objects.filter(is_enabled=False, occurrences__ended_at=None, occurrences__isnull=False)
    return sum(cancel_all(rule, now) for rule in resting.distinct())


@transaction.atomic
def cancel_all(rule: SendingRule, now: dt.datetime) -> int:
    if SendingRule.objects.select_for_update().filter(pk=rule.pk, is_enabled=False).first() is None:
        return 0
    told = [end(one, Status.CANCELLED, now) for one in open_occurrences(rule)]
    OutgoingMessage.objects.bulk_create(told, batch_size=500)
    return len(told)


def open_occurrences(rule: SendingRule) -> QuerySet[RaisedOccurrence]:
    return rule.occurrences.filter(ended_at=None).select_related("rule").order_by("pk")


def ask_again(rule: SendingRule) -> None:
    """Let a rule that was made or changed look at its dataset as it is now."""
    SendingRule.objects.filter(pk=rule.pk).update(
        seen_snapshot="", last_error_ko="", last_error_en="", modified_at=timezone.now()
    )
