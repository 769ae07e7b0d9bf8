"""What a caller is offered: the entries that its access levels and its choice let it see, in the order of their positions."""

import functools
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.access import RULES
from catalog.errors import BadCursor
from catalog.feed import NOBODY
from catalog.models import Snapshot, SnapshotPart
from catalog.standard.regions import shorten
from ingest.federation.identity import own_hub
from ingest.federation.tree import Tree
from ingest.models import HubEntry, HubIdentity

SEEN_BY_ALL = tuple(level for level, rule in RULES.items() if rule.sees(NOBODY))
CHOICES = ("organisation", "theme", "region", "data_model")


@dataclass(frozen=True)
class Caller:
    """Who asks: the hub's identifier, None for somebody unknown, and the levels whose records it may read.

    ``is_peer``: it is known here and has signed its question.
    """

    id: uuid.UUID | None = None
    levels: tuple[str, ...] = ("public",)
    is_peer: bool = False


@dataclass(frozen=True)
class Choice:
    """What of all that it may see a caller wants; empty: everything."""

    organisation: tuple[str, ...] = ()
    theme: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    data_model: tuple[str, ...] = ()

    @classmethod
    def of_query(cls, query: Mapping[str, Sequence[str]]) -> "Choice":
        return cls(**{name: tuple(sorted(query.get(name, ()))) for name in CHOICES})

    def as_query(self) -> list[tuple[str, str]]:
        return [(name, value) for name in CHOICES for value in getattr(self, name)]


def offered(caller: Caller, choice: Choice) -> QuerySet[HubEntry]:
    """Return the entries that a caller is told of: never its own, nor those that came here through it."""
    levels = {*SEEN_BY_ALL, *caller.levels}
    entries = HubEntry.objects.filter(access_level__in=levels).exclude(gone=HubEntry.Gone.CLOSED)
    if caller.id:
        entries = entries.exclude(origin=caller.id).exclude(via__icontains=str(caller.id))
    for name in ("organisation", "theme", "data_model"):
        if values := getattr(choice, name):
            entries = entries.filter(**{f"{name}__in": values})
    if choice.region:
        within = Q()
        for code in choice.region:
            within |= Q(region__startswith=shorten(code))
        entries = entries.filter(within)
    return entries


def tree_of(caller: Caller, choice: Choice) -> Tree:
    """Return the tree of all entries that a caller is offered."""
    return kept_tree(own_hub().position, caller, choice)


@functools.lru_cache(maxsize=8)
def kept_tree(position: int, caller: Caller, choice: Choice) -> Tree:
    return Tree.of({id_.hex: leaf for id_, leaf in offered(caller, choice).values_list("id", "leaf").iterator()})


def documents(caller: Caller, digests: Sequence[str]) -> dict[str, str]:
    """Return the documents of these digests that a caller may read; manifests only of levels whose records it may read."""
    seen = offered(caller, Choice())
    told = dict(seen.filter(description_digest__in=digests).values_list("description_digest", "description"))
    readable = seen.filter(access_level__in=caller.levels, manifest_digest__in=digests)
    return told | dict(readable.exclude(manifest="").values_list("manifest_digest", "manifest"))


def readable_files(caller: Caller, digests: Sequence[str]) -> set[str]:
    """Return which of these files of records a caller may read, of current and of earlier snapshots."""
    snapshots = Snapshot.objects.filter(
        pk=OuterRef("snapshot"),
        distribution__dataset__access_level__in=caller.levels,
        distribution__dataset__is_guarded=False,
        distribution__dataset__withdrawn_at=None,
    )
    parts = SnapshotPart.objects.filter(Q(digest__in=digests) | Q(hidden__in=digests)).filter(Exists(snapshots))
    named = {digest for pair in parts.order_by().values_list("digest", "hidden") for digest in pair}
    return named & set(digests)


def told_hubs(entries: Sequence[HubEntry]) -> list[dict[str, Any]]:
    """Return the hubs at which entries are at home, with their keys, so that a caller can believe their signatures."""
    origins = {entry.origin for entry in entries} - {own_hub().pk}
    return [
        {"id": str(one.pk), "title": one.title, "address": one.address, "keys": one.keys}
        for one in HubIdentity.objects.filter(pk__in=origins)
    ]


def read_position(cursor: str, epoch: int, caller: Caller) -> int:
    """Return the position of a cursor: 0 for none, and for one of an earlier epoch or of other levels, which starts over."""
    if not cursor:
        return 0
    told, position, levels = [*cursor.split("-", 2), "", ""][:3]
    if not (told.isdecimal() and position.isdecimal() and len(cursor) < 50):
        raise BadCursor
    return int(position) if int(told) == epoch and levels == mark_of(caller) else 0


def write_position(epoch: int, position: int, caller: Caller) -> str:
    """Return a cursor; it names what the caller may read, so that whoever may read more by now is told from the beginning."""
    mark = mark_of(caller)
    return f"{epoch}-{position}-{mark}" if mark else f"{epoch}-{position}"


def mark_of(caller: Caller) -> str:
    if caller.levels == Caller.levels:
        return ""
    return hashlib.sha256(",".join(caller.levels).encode()).hexdigest()[:8]
