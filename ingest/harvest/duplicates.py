"""Datasets that two catalogues tell: found by identifier, address or content, shown to a person, and settled by one.

Both stay as they are until somebody decides. ``same`` withdraws one of the two, which stays withdrawn whatever its feed
tells; ``different`` is remembered, and never asked again.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from catalog.models import Dataset
from catalog.publish import restore_dataset, withdraw_dataset
from ingest.harvest.identity import Marks, is_global, uuids_in
from ingest.models import DuplicatePair, Harvested

MOST_ALIKE = 5  # datasets that one is shown beside, for one reason
Reason = DuplicatePair.Reason


def find_pairs(feed: str, told: Sequence[tuple[str, str, Marks]], now: dt.datetime) -> None:
    """Remember the pairs that datasets of a feed (slug, uri, marks) make with those of other feeds and of this hub."""
    own = dict(Dataset.objects.filter(slug__in=[slug for slug, _, _ in told]).values_list("slug", "pk"))
    pairs: dict[tuple[UUID, UUID], DuplicatePair.Reason] = {}
    for slug, uri, marks in told:
        found = [(Reason.IDENTIFIER, uuid) for uuid in uuids_in(marks.identifier, uri)]
        note_pairs(pairs, own.get(slug), [(reason, UUID(uuid)) for reason, uuid in found])
    known = Dataset.objects.filter(pk__in={other for pair in pairs for other in pair}).values_list("pk", flat=True)
    here = set(known)
    pairs = {pair: reason for pair, reason in pairs.items() if here.issuperset(pair)}
    for reason, column, wanted in shared_marks(told):
        rows = Harvested.objects.filter(
            kind=Harvested.Kind.DATASET, gone_at=None, dataset__withdrawn_at=None, **{f"{column}__in": list(wanted)}
        ).exclude(feed=feed)
        counted: dict[str, int] = {}
        for value, other in rows.order_by("pk").values_list(column, "dataset"):
            counted[value] = counted.get(value, 0) + 1
            if counted[value] <= MOST_ALIKE:
                for slug in wanted[value]:
                    note_pairs(pairs, own.get(slug), [(reason, other)])
    DuplicatePair.objects.bulk_create(
        (
            DuplicatePair(first_id=first, second_id=second, reason=reason, found_at=now)
            for (first, second), reason in pairs.items()
        ),
        ignore_conflicts=True,
    )


def note_pairs(
    pairs: dict[tuple[UUID, UUID], DuplicatePair.Reason],
    one: UUID | None,
    others: Iterable[tuple[DuplicatePair.Reason, UUID]],
) -> None:
    for reason, other in others:
        if one is not None and one != other:
            pairs.setdefault((min(one, other), max(one, other)), reason)


def shared_marks(
    told: Sequence[tuple[str, str, Marks]],
) -> Iterable[tuple[DuplicatePair.Reason, str, dict[str, list[str]]]]:
    """Yield what is looked for in other feeds: (reason, column, slugs by value), the surest first.

    A number that a portal counts its datasets by says nothing elsewhere, nor does a title without files.
    """
    marks: list[tuple[DuplicatePair.Reason, str, dict[str, list[str]]]] = [
        (Reason.IDENTIFIER, "key", {}),
        (Reason.URI, "name_key", {}),
        (Reason.CONTENT, "content_key", {}),
    ]
    for slug, uri, mark in told:
        says = (is_global(mark.identifier), bool(uri), bool(mark.links_key))
        for is_said, (_, column, wanted) in zip(says, marks, strict=True):
            if is_said:
                wanted.setdefault(getattr(mark, column), []).append(slug)
    return [mark for mark in marks if mark[2]]


@transaction.atomic
def say_same(pair: DuplicatePair, canonical: Dataset, user: AbstractBaseUser | None, now: dt.datetime) -> None:
    """Keep one of a pair and withdraw the other, which points to it from now on."""
    other = pair.second if canonical.pk == pair.first_id else pair.first
    settle(pair, DuplicatePair.State.SAME, user, now, canonical)
    restore_if_superseded(canonical, pair)
    withdraw_dataset(other.slug)


@transaction.atomic
def say_different(pair: DuplicatePair, user: AbstractBaseUser | None, now: dt.datetime) -> None:
    """Let both of a pair stand; what an earlier decision withdrew comes back."""
    before = pair.canonical
    settle(pair, DuplicatePair.State.DIFFERENT, user, now, None)
    if before is not None:
        restore_if_superseded(pair.second if before.pk == pair.first_id else pair.first, pair)


def settle(
    pair: DuplicatePair,
    state: DuplicatePair.State,
    user: AbstractBaseUser | None,
    now: dt.datetime,
    canonical: Dataset | None,
) -> None:
    pair.state, pair.decided_by, pair.decided_at, pair.canonical = state, user, now, canonical
    pair.save(update_fields=["state", "decided_by", "decided_at", "canonical"])


def restore_if_superseded(dataset: Dataset, pair: DuplicatePair) -> None:
    """Bring back a dataset that only this pair's earlier decision had withdrawn; one that its feed tells no more stays away."""
    is_gone = Harvested.objects.filter(dataset=dataset).exclude(gone_at=None).exists()
    if dataset.withdrawn_at is not None and not is_gone and not superseded([dataset.slug]):
        restore_dataset(dataset.slug)


def superseded(slugs: Iterable[str]) -> set[str]:
    """Return those of the datasets that a person has said to be another one, which is shown in their place."""
    wanted = list(slugs)
    same = DuplicatePair.objects.filter(state=DuplicatePair.State.SAME).filter(
        Q(first__slug__in=wanted) | Q(second__slug__in=wanted)
    )
    pairs = same.values_list("first__slug", "second__slug", "canonical__slug")
    return {slug for *both, canonical in pairs for slug in both if slug in wanted and slug != canonical}
