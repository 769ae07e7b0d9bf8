"""What the page of a peer tells beside its settings: who it is, its last readings, what differs, and by which ways things come.

Nothing here counts or lists all that a peer offers: 300,000 datasets cost a page as many questions as three.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.errors import HubError
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from catalog.standard import label_of
from catalog.text import Text
from ingest.federation.identity import fingerprint_of, own_document
from ingest.models import Hub, HubIdentity, HubOffer, HubSync

SHOWN_READINGS = 20
SHOWN_PROBLEMS = 5  # of each reading; the rest is folded
SHOWN_WAYS = 20
LOOKED_AT = 2000  # of the newest offers of a peer, for other ways
COUNTS = {
    "entries": gettext_lazy("entries"),
    "created": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "withdrawn": gettext_lazy("withdrawn"),
    "closed": gettext_lazy("closed to this hub"),
    "kept": gettext_lazy("no longer offered, kept"),
    "known": gettext_lazy("known already"),
    "own": gettext_lazy("of this hub itself"),
    "refused": gettext_lazy("refused"),
    "mended_entries": gettext_lazy("read again"),
    "compared": gettext_lazy("compared"),
    "requests": gettext_lazy("requests"),
}
STATES = {
    HubSync.State.RUNNING: gettext_lazy("being read"),
    HubSync.State.DONE: gettext_lazy("finished"),
    HubSync.State.FAILED: gettext_lazy("failed"),
}


@dataclass(frozen=True)
class Key:
    """A key that is believed; ``fingerprint`` in groups of four, as people compare it."""

    fingerprint: str
    is_revoked: bool
    signed_by: str = ""


@dataclass(frozen=True)
class Reading:
    sync: HubSync
    lasted: str
    counts: str
    bytes: int | None
    problems: Sequence["Problem"]

    @property
    def state(self) -> str:
        return STATES[HubSync.State(self.sync.state)]

    @property
    def shown(self) -> Sequence["Problem"]:
        return self.problems[:SHOWN_PROBLEMS]

    @property
    def folded(self) -> Sequence["Problem"]:
        return self.problems[SHOWN_PROBLEMS:]


@dataclass(frozen=True)
class Problem:
    where: str
    sentence: str


@dataclass(frozen=True)
class Place:
    """A dataset in a list: its name and page here, when it is here, and a sentence."""

    name: str
    address: str
    home: str
    told: str


def peer_context(hub: Hub) -> dict[str, Any]:
    """Return what the page of a peer tells."""
    syncs = list(HubSync.objects.filter(hub=hub)[:SHOWN_READINGS])
    return {
        "identity": hub.identity,
        "keys": [
            Key(grouped(fingerprint_of(key["public"])), key["revoked"], key["signed_by"])
            for key in (hub.identity.keys if hub.identity else [])
        ],
        "readings": [reading_of(sync) for sync in syncs],
        "differing": differing(syncs) if hub.differences else [],
        "ways": other_ways(hub),
        "looked_at": f"{LOOKED_AT:,}",
    }


def grouped(fingerprint: str) -> str:
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def reading_of(sync: HubSync) -> Reading:
    told = [one for one in sync.problems if not one["code"].startswith("differs-")]
    told.sort(key=lambda one: bool(one["where"]))  # what ended it comes first: it speaks of no dataset
    counted = [f"{words} {sync.counts[name]:,}" for name, words in COUNTS.items() if sync.counts.get(name)]
    return Reading(
        sync=sync,
        lasted=lasted(sync),
        counts=", ".join(counted),
        bytes=sync.counts.get("bytes"),
        problems=[problem_of(one) for one in told],
    )


def lasted(sync: HubSync) -> str:
    if sync.ended_at is None:
        return ""
    seconds = (sync.ended_at - sync.started_at).total_seconds()
    if seconds < 60:
        return _("%(number)s s") % {"number": f"{seconds:.1f}"}
    return timesince(sync.started_at, sync.ended_at)


def problem_of(problem: Mapping[str, Any]) -> Problem:
    sentence = in_current_language(Text.from_value(problem["text"]))
    return Problem("" if problem["where"] in sentence else problem["where"], sentence)


def differing(syncs: Iterable[HubSync]) -> list[Place]:
    """Return what the newest comparison that found differences has named."""
    for sync in syncs:
        if problems := [one for one in sync.problems if one["code"].startswith("differs-")]:
            datasets = Dataset.objects.in_bulk([uuid.UUID(one["dataset"]) for one in problems])
            return [
                place_of(datasets.get(uuid.UUID(one["dataset"])), one["where"], problem_of(one).sentence)
                for one in problems
            ]
    return []


def place_of(dataset: Dataset | None, home: str, told: str) -> Place:
    if dataset is None:
        return Place("", "", home, told)
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])
    return Place(in_current_language(dataset.title), address, dataset.home, told)


def other_ways(hub: Hub) -> list[Place]:
    """Return datasets among the newest offers of a peer that other peers offer as well, with each way that they come by."""
    newest = list(HubOffer.objects.filter(hub=hub).order_by("-pk").values_list("entry", flat=True)[:LOOKED_AT])
    others = HubOffer.objects.filter(entry__in=newest).exclude(hub=hub)
    shared = list(dict.fromkeys(others.order_by("-pk").values_list("entry", flat=True)[: 4 * SHOWN_WAYS]))[:SHOWN_WAYS]
    ways = ways_of(shared)
    datasets = Dataset.objects.in_bulk(shared)
    return [place_of(datasets.get(entry), str(entry), "; ".join(ways[entry])) for entry in shared]


def ways_of(entries: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Return for each entry the ways by which it is offered: the hubs it comes through, ending at the peer."""
    offers = list(HubOffer.objects.filter(entry__in=entries).select_related("hub").order_by("hub__slug"))
    names = hub_names(hub for offer in offers for hub in offer.via)
    ways: dict[uuid.UUID, list[str]] = {entry: [] for entry in entries}
    for offer in offers:
        through = [names.get(hub, hub) for hub in offer.via]
        peer = str(offer.hub)
        if not through or through[-1] != peer:
            through.append(peer)
        ways[offer.entry].append(" → ".join(through))
    return ways


def hub_names(ids: Iterable[str]) -> dict[str, str]:
    """Return what hubs are called here, by their identifiers."""
    rows = HubIdentity.objects.filter(pk__in=set(ids)).prefetch_related("peers")
    return {str(row.pk): next(map(str, row.peers.all()), str(row)) for row in rows}


def own_context() -> dict[str, Any]:
    """Return who this hub is to others, and what each of them may read here."""
    peers = [
        {
            "hub": hub,
            "address": reverse("admin:ingest_hub_change", args=[hub.pk]),
            "levels": [in_current_language(label_of("access_level", level)) for level in hub.levels],
            "is_known": hub.identity_id is not None,
        }
        for hub in Hub.objects.all()
    ]
    try:
        own = own_document()
    except HubError as error:
        return {"own": None, "trouble": in_current_language(error.text), "peers": peers}
    keys = [Key(grouped(fingerprint_of(key["public"])), key["revoked"], key["signed_by"]) for key in own["keys"]]
    return {
        "own": own,
        "keys": keys,
        "newest": next((key for key in reversed(keys) if not key.is_revoked), None),
        "peers": peers,
    }
