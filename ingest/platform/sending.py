"""Sends the hub's events to platforms: in order for each occurrence, until each is taken, refused or given up.

One worker at a time sends to a platform: a lease, taken and renewed by an UPDATE that asks for what it was before. A
message is noted as taken after the platform has said so; a worker that dies in between leaves it to be sent again, word
for word the same. What is wrong with one message keeps nothing but the rest of its occurrence waiting; when the platform
as a whole does not answer, all wait.
"""

import datetime as dt
import logging
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.errors import HubError
from catalog.text import Text
from ingest.errors import BrokenOff, PlatformFailure, SourceError, TimedOut
from ingest.models import OutgoingMessage, Receiver
from ingest.platform.receiver import Fate, Knock, Outcome, knocking
from ingest.wording import storable

State = OutgoingMessage.State
LEASE = dt.timedelta(seconds=90)  # longer than asking for a session key twice and sending twice
LONGEST_SENDING = 30.0  # seconds for one platform, then it is another one's turn
AT_ONCE = 100
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=1), dt.timedelta(minutes=10)
IN_A_ROW = 3  # messages that go wrong one after the other: then it is the platform, and not they
OF_ONE = (TimedOut, BrokenOff, PlatformFailure)  # failures that may be about one message only
FAULT = Text(
    ko="허브 자체의 오류입니다. 작업자 로그에 자세한 내용이 있습니다.",
    en="A fault of the hub itself; the worker's log has the details.",
)
logger = logging.getLogger(__name__)


def send_events(now: dt.datetime) -> int:
    """Send every platform what is due for it; return how many messages were taken."""
    ready = Receiver.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=now), is_enabled=True)
    waiting = OutgoingMessage.objects.filter(receiver=OuterRef("pk"), state=State.WAITING)
    return sum(send_to(one, now) for one in ready.filter(Exists(waiting)).select_related("platform"))


def send_to(receiver: Receiver, now: dt.datetime) -> int:
    """Send a platform what is due for it, unless another worker does; return how many messages were taken."""
    lease = take_lease(receiver, now)
    if lease is None:
        return 0
    try:
        if not due_messages(receiver, now).exists():
            return 0
        with knocking(receiver) as knock:
            turn = Turn(receiver, knock, lease, now)
            turn.send_all()
        return turn.taken
    except HubError as error:
        note_failure(receiver, error.text, now)
    except Exception:
        logger.exception("sending to %s met a fault of the hub itself", receiver.platform.slug)
        note_failure(receiver, FAULT, now)
    finally:
        lease.leave()
    return 0


@dataclass
class Lease:
    """The right to send to a platform, as long as its row still says so."""

    receiver_id: int
    until: dt.datetime

    def renew(self) -> bool:
        """Hold on to it for a while longer; False when another worker has taken it over."""
        until = timezone.now() + LEASE
        if not self.row.update(lease_until=until):
            return False
        self.until = until
        return True

    def leave(self) -> None:
        self.row.update(lease_until=None)

    @property
    def row(self) -> QuerySet[Receiver]:
        return Receiver.objects.filter(pk=self.receiver_id, lease_until=self.until)


def take_lease(receiver: Receiver, now: dt.datetime) -> Lease | None:
    moment = timezone.now()  # not ``now``: the task may have waited for its turn
    lease = Lease(receiver.pk, moment + LEASE)
    free = Receiver.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=moment), Q(next_try_at=None) | Q(next_try_at__lte=now), pk=receiver.pk
    )
    if not free.filter(is_enabled=True).update(lease_until=lease.until):
        return None
    receiver.refresh_from_db(fields=["session", "failures"])  # as the worker before has left them
    return lease


@dataclass
class Turn:
    """One platform's turn: its due messages are sent one after the other."""

    receiver: Receiver
    knock: Knock
    lease: Lease
    now: dt.datetime
    taken: int = 0
    in_a_row: int = 0
    waiting: set[int] = field(default_factory=set)  # occurrences of which a message has gone wrong in this turn

    def send_all(self) -> None:
        """Send what is due; an error is one of the platform as a whole."""
        ends = time.monotonic() + LONGEST_SENDING
        for message in self.due():
            if time.monotonic() > ends or not self.lease.renew():
                return
            if message.occurrence_id not in self.waiting and is_waiting(message):
                self.send(message)

    def due(self) -> Iterator[OutgoingMessage]:
        """Yield the due messages in their order, those that come meanwhile too."""
        last = 0
        while found := list(due_messages(self.receiver, self.now).filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
            yield from found
            last = found[-1].pk

    def send(self, message: OutgoingMessage) -> None:
        try:
            outcome = self.knock.send(message)
        except OF_ONE as error:
            outcome = Outcome(Fate.LATER, answer=error.text)
        except SourceError as error:
            note_try(message, Outcome(Fate.CLOSED, answer=error.text), self.now)
            raise
        except HubError:
            raise
        except Exception:
            logger.exception("outgoing message %s met a fault of the hub itself", message.pk)
            outcome = Outcome(Fate.LATER, answer=FAULT)
        note_try(message, outcome, self.now)
        if outcome.fate is Fate.TAKEN:
            self.taken += 1
            self.in_a_row = 0
            note_success(self.receiver)
            return
        self.waiting.add(message.occurrence_id)
        self.in_a_row = 0 if outcome.fate is Fate.REFUSED else self.in_a_row + 1
        if outcome.fate is Fate.CLOSED or self.in_a_row >= IN_A_ROW:
            raise PlatformFailure(address=self.knock.http.mask(self.receiver.address), answer=outcome.answer)


def due_messages(receiver: Receiver, now: dt.datetime) -> QuerySet[OutgoingMessage]:
    """Return the messages that may go now: none of whose occurrence's earlier ones was refused or is put off."""
    is_put_off = Q(state=State.WAITING, next_try_at__gt=now)
    in_its_way = OutgoingMessage.objects.filter(
        Q(state=State.REFUSED) | is_put_off, occurrence=OuterRef("occurrence"), pk__lt=OuterRef("pk")
    )
    waiting = receiver.messages.filter(state=State.WAITING).exclude(next_try_at__gt=now)
    return waiting.exclude(Exists(in_its_way))


def is_waiting(message: OutgoingMessage) -> bool:
    """Tell whether a message is still to be sent: it may have been given up since it was looked up."""
    return OutgoingMessage.objects.filter(pk=message.pk, state=State.WAITING).exists()


def note_try(message: OutgoingMessage, outcome: Outcome, now: dt.datetime) -> None:
    """Write down what became of a message; one that was given up meanwhile stays so."""
    text = Text(ko=storable(outcome.answer.ko), en=storable(outcome.answer.en))
    if outcome.fate is not Fate.TAKEN:
        logger.warning("outgoing message %s: %s", message.pk, text.en)
    values = {"tries": F("tries") + 1, "code": outcome.code, "answer_ko": text.ko, "answer_en": text.en}
    if outcome.fate is Fate.TAKEN:
        values |= {"state": State.SENT, "sent_at": timezone.now(), "next_try_at": None}
    elif outcome.fate is Fate.REFUSED:
        values |= {"state": State.REFUSED, "next_try_at": None}
    elif outcome.fate is Fate.LATER:
        values |= {"next_try_at": now + wait_after(message.tries + 1)}
    OutgoingMessage.objects.filter(pk=message.pk, state=State.WAITING).update(**values)


def note_success(receiver: Receiver) -> None:
    if receiver.failures or receiver.last_error_en:
        receiver.failures, receiver.last_error_en = 0, ""
        Receiver.objects.filter(pk=receiver.pk).update(failures=0, next_try_at=None, last_error_ko="", last_error_en="")


def note_failure(receiver: Receiver, text: Text, now: dt.datetime) -> None:
    """Let a platform rest for a while, longer after each failure."""
    logger.warning("platform %s: %s", receiver.platform.slug, text.en)
    receiver.failures += 1
    Receiver.objects.filter(pk=receiver.pk).update(
        failures=receiver.failures,
        next_try_at=now + wait_after(receiver.failures),
        last_error_ko=storable(text.ko),
        last_error_en=storable(text.en),
    )


def wait_after(failures: int) -> dt.timedelta:
    """Return how long to wait after so many failures in a row: twice as long each time, and never the same for two."""
    longest = min(FIRST_WAIT * 2 ** min(failures - 1, 20), LONGEST_WAIT)
    return longest * random.uniform(0.5, 1)


def send_again(messages: Iterable[int]) -> int:
    """Let messages be sent once more, taken ones too; return how many there were."""
    return OutgoingMessage.objects.filter(pk__in=messages).exclude(state=State.WAITING).update(
        state=State.WAITING, next_try_at=None
    ) + OutgoingMessage.objects.filter(pk__in=messages, state=State.WAITING, next_try_at__isnull=False).update(
        next_try_at=None
    )


def give_up(messages: Iterable[int]) -> int:
    """Send no more of messages that were not taken, so that what follows of their occurrences can go; return how many."""
    unsent = OutgoingMessage.objects.filter(pk__in=messages, state__in=(State.WAITING, State.REFUSED))
    return unsent.update(state=State.GIVEN_UP, next_try_at=None)
