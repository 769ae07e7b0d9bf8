"""The change feed as it is written: every change gets its number and its link of the chain under one lock.

``publish.py`` records its changes here, inside its own transactions. The lock on the head is held until the transaction ends,
so numbers are gapless and in commit order; a reader who has seen a number misses none before it.
"""

import hashlib
from dataclasses import astuple, dataclass
from typing import Self

import orjson
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from catalog.access import RULES
from catalog.generation import GENERATION
from catalog.models import Change, Dataset, FeedHead
from catalog.models.change import now_in_milliseconds

NOBODY = AnonymousUser()


@dataclass(frozen=True)
class Followed:
    """What a change is chosen by: the organisation, access level, theme, region and data model of its dataset."""

    organisation_slug: str
    access_level: str
    theme: str
    region: str
    data_model: str

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Self:
        return cls(dataset.organisation.slug, dataset.access_level, dataset.theme, dataset.region, dataset.data_model)

    @classmethod
    def of_change(cls, change: Change) -> Self:
        return cls(*(getattr(change, name) for name in cls.__dataclass_fields__))


def record_change(kind: Change.Kind, dataset: Dataset, *, snapshot_digest: str = "") -> None:
    """Append to the change feed what happened to a dataset.

    Where what it is chosen by has changed as well, an entry with the values of before is appended first.
    """
    GENERATION.forget()
    transaction.on_commit(GENERATION.forget)  # who looked in between saw the state of before
    head = lock_feed()
    newest = Change.objects.order_by("-sequence").values_list("at", flat=True).first()
    now = max(timezone.now(), newest or timezone.now())  # in the order of the numbers, also when a clock steps back
    if kind is Change.Kind.DESCRIBED:  # also when it was its organisation, its schema or a link that changed
        Dataset.objects.filter(pk=dataset.pk).update(modified_at=now)
    followed = Followed.of_dataset(dataset)
    told = Change.objects.filter(dataset_id=dataset.pk).order_by("-sequence")
    last = told.values_list(*Followed.__dataclass_fields__).first()
    changes = [Change(kind=kind, snapshot_digest=snapshot_digest, **vars(followed))]
    if last is not None and (before := Followed(*last)) != followed:
        is_gone = dataset.withdrawn_at is not None or is_narrower(followed.access_level, before.access_level)
        left = Change.Kind.WITHDRAWN if is_gone else Change.Kind.DESCRIBED
        changes.insert(0, Change(kind=left, **vars(before)))
        if kind is Change.Kind.DESCRIBED and is_narrower(before.access_level, followed.access_level):
            changes[-1].kind = Change.Kind.RESTORED
    for change in changes:
        change.dataset_id, change.dataset_slug, change.at = dataset.pk, dataset.slug, now
        head.sequence += 1
        change.sequence = head.sequence
        head.digest = change.digest = link_of(head.digest, change)
    Change.objects.bulk_create(changes)
    head.save(update_fields=["sequence", "digest"])


def is_narrower(level: str, other: str) -> bool:
    """Tell whether a dataset of this access level is seen by fewer than one of the other."""
    return RULES[other].sees(NOBODY) and not RULES[level].sees(NOBODY)


def link_of(before: str, change: Change) -> str:
    """Return the digest of an entry: SHA-256 over the digest of the entry before and all that this one tells."""
    told = [
        change.sequence,
        change.kind,
        str(change.dataset_id),
        change.dataset_slug,
        *astuple(Followed.of_change(change)),
        change.snapshot_digest,
        change.at.timestamp(),
    ]
    return hashlib.sha256(before.encode() + orjson.dumps(told)).hexdigest()


def lock_feed() -> FeedHead:
    """Take the lock that all writers share; it is held until the transaction ends."""
    head = FeedHead.objects.select_for_update().filter(pk=1).first()
    if head is None:  # of a new hub
        FeedHead.objects.get_or_create(pk=1)
        head = FeedHead.objects.select_for_update().get(pk=1)
    return head


@transaction.atomic
def begin_epoch() -> int:
    """Let all followers start over: the numbers given out before may not be those of this database; return the epoch."""
    head = lock_feed()
    head.epoch = max(now_in_milliseconds(), head.epoch + 1)
    head.save(update_fields=["epoch"])
    return head.epoch
