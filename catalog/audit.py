"""The audit log as it is written, proven and forgotten: who did what, in one chain without gaps.

The admin records what is asked of it (``admin/audited.py``), commands record themselves (``management/recorded.py``).
Whoever can write the whole database can also write a new chain: the head of today, kept somewhere else (the worker's log tells
it every hour), is what shows that.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.models import AuditEntry, AuditHead
from catalog.text import Text

PIECE = 2_000
MONTH = dt.timedelta(days=30)
LONGEST_NAME = 200

CHANGED = Text(ko="기록 {number}번이 고쳐졌습니다.", en="Entry {number} was altered.")
LOST = Text(ko="기록 {number}번이 없습니다.", en="Entry {number} is missing.")
CUT = Text(
    ko="마지막 기록은 {number}번이어야 하는데 {found}번에서 끝납니다.",
    en="The last entry should be number {number}, but the log ends with {found}.",
)
OTHER = Text(
    ko="기록 {number}번이 그때 적어 둔 것과 다릅니다.",
    en="Entry {number} is not the one whose digest was noted.",
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Actor:
    """Who acts: the number and the name of the account, and the address that it came from; a command has no number."""

    name: str
    number: int | None = None
    address: str = ""


@dataclass(frozen=True)
class Done:
    """What is done to what; ``told`` becomes JSON."""

    act: AuditEntry.Act
    model: str = ""
    object_id: str = ""
    object_name: str = ""
    told: object = None


@dataclass(frozen=True)
class Head:
    """An entry that was noted somewhere else: its number and its digest, written ``number:digest``."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@transaction.atomic
def record_acts(actor: Actor, acts: Sequence[Done]) -> None:
    """Append what somebody does to the log; inside a transaction it is there if and only if the transaction is."""
    if not acts:
        return
    head = lock_log()
    newest = AuditEntry.objects.order_by("-number").values_list("at", flat=True).first()
    now = max(timezone.now(), newest or timezone.now())  # in the order of the numbers, also when a clock steps back
    entries = []
    for done in acts:
        head.number += 1
        entry = AuditEntry(
            number=head.number,
            at=now,
            user_id=actor.number,
            user_name=actor.name[:LONGEST_NAME],
            address=actor.address[:60],
            act=done.act,
            model=done.model,
            object_id=done.object_id[:255],
            object_name=done.object_name[:LONGEST_NAME],
            told="" if done.told is None else orjson.dumps(done.told).decode(),
        )
        head.digest = entry.digest = link_of(head.digest, entry)
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
    head.save(update_fields=["number", "digest"])


def link_of(before: str, entry: AuditEntry) -> str:
    """Return the digest of an entry: SHA-256 over the digest of the entry before and, as JSON, all that this one tells."""
    told = [
        entry.number, entry.at.astimezone(dt.UTC).isoformat(), entry.user_id, entry.user_name, entry.address, entry.act,
        entry.model, entry.object_id, entry.object_name, entry.told,
    ]  # fmt: skip
    return hashlib.sha256(before.encode() + orjson.dumps(told)).hexdigest()


def lock_log() -> AuditHead:
    """Take the lock that all who record share; it is held until the transaction ends."""
    head = AuditHead.objects.select_for_update().filter(pk=1).first()
    if head is None:  # of a new hub
        AuditHead.objects.get_or_create(pk=1)
        head = AuditHead.objects.select_for_update().get(pk=1)
    return head


def prove_log(noted: Sequence[Head] = ()) -> Iterator[Text]:
    """Yield a sentence on everything that is wrong with the chain: altered, lost and cut off entries.

    After an altered entry the chain is followed on from what it says of itself, so that each break is told once. ``noted``
    are heads of other days: an entry that is no longer the noted one was written anew.
    """
    wanted = {head.number: head.digest for head in noted}
    last = head_of_log()
    seen = oldest_trusted()
    for entry in AuditEntry.objects.filter(number__gt=seen.number).order_by("number").iterator(PIECE):
        for number in range(seen.number + 1, min(entry.number, seen.number + 11)):
            yield LOST.format(number=number)
        if entry.number == seen.number + 1 and entry.digest != link_of(seen.digest, entry):
            yield CHANGED.format(number=entry.number)
        if wanted.pop(entry.number, entry.digest) != entry.digest:
            yield OTHER.format(number=entry.number)
        seen = Head(entry.number, entry.digest)
    ends = max([last, *(Head(number, digest) for number, digest in wanted.items())], key=lambda head: head.number)
    if ends.number > seen.number:
        yield CUT.format(number=ends.number, found=seen.number)
    elif last != seen:
        yield CHANGED.format(number=seen.number)


def oldest_trusted() -> Head:
    """Return the entry that the log begins after: the last one that was forgotten when its time was over, as was recorded."""
    forgotten = AuditEntry.objects.filter(act=AuditEntry.Act.FORGOTTEN).order_by("-number").first()
    return Head(int(forgotten.object_id), orjson.loads(forgotten.told)) if forgotten else Head(0, "")


def head_of_log() -> Head:
    return Head(*AuditHead.objects.values_list("number", "digest").first() or (0, ""))


@transaction.atomic
def forget_old_acts(now: dt.datetime) -> int:
    """Delete the entries that are older than their days, a month of them at a time, and record up to which.

    The chain is then proven from the entry that follows.
    """
    lock_log()
    until = now - dt.timedelta(days=settings.AUDIT_DAYS)
    old = AuditEntry.objects.filter(at__lt=until)
    last = old.order_by("-number").first()
    if last is None or not old.filter(at__lt=until - MONTH).exists():
        return 0
    forgotten, _ = old.delete()
    done = Done(AuditEntry.Act.FORGOTTEN, object_id=str(last.number), object_name=str(forgotten), told=last.digest)
    record_acts(Actor(name="tidy"), [done])
    return forgotten


def tell_head() -> None:
    """Write the head into the log of the worker, which is kept elsewhere than the database."""
    logger.info("audit log: %s", head_of_log())
