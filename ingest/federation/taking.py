"""Takes entries that a peer has told: what is older or from here is left, of the rest documents and files are fetched and applied.

Each dataset is applied as a whole or not at all; one that cannot be is told and stops no other.
"""

import logging
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.db import DataError, IntegrityError, transaction

from catalog.errors import HubError
from catalog.feed import lock_feed
from catalog.models import Dataset
from catalog.publish import withdraw_dataset
from catalog.search import indexed_together
from catalog.text import Text
from ingest.errors import BadEntry, BadHubKey, LostLease
from ingest.federation.applying import NO_DOCUMENT, NOT_PLANTED, Told, apply_entry
from ingest.federation.entries import Entry, digest_of, read_entry
from ingest.federation.files import fetch_missing
from ingest.federation.identity import believe, read_told
from ingest.federation.peer import Peer
from ingest.models import Hub, HubEntry, HubIdentity, HubOffer, OwnHub

AT_ONCE = 50  # datasets in one transaction
BYTES_AT_ONCE = 64 << 20  # of files that are fetched before their datasets are applied
DOCUMENTS_AT_ONCE = 400
SHOWN_PROBLEMS = 100
WEB_ADDRESS = re.compile(r"https?://[^\x00-\x20\x7f-\U0010ffff<>\"{}|\\^`]+")
logger = logging.getLogger(__name__)

NO_HOME = Text(
    ko="원 허브의 주소가 웹 주소가 아닙니다",
    en="its address at its home hub is no web address",
)
NOT_AT_HOME = Text(
    ko="원 허브의 주소({address})에 있는 데이터셋이 아닙니다",
    en="it is not at the address that its home hub tells of itself ({address})",
)
NOT_SIGNED = Text(
    ko="원 허브의 서명이 없거나 맞지 않습니다",
    en="it is not signed by its home hub",
)
FORKED = Text(
    ko="같은 판({version})의 내용이 이미 받은 것과 다릅니다. 원 허브에서 직접 온 것이 아니어서 받지 않았습니다",
    en="its version {version} is not what was taken before, and it does not come from its home hub itself",
)
OVERTAKEN = Text(
    ko="읽는 사이에 새 판이 나왔습니다. 다음에 받습니다",
    en="it was overtaken by a newer version while it was read; that one comes next",
)
FILES_LACK = Text(
    ko="레코드 파일 {count}개를 받지 못했거나 내용이 서명과 다릅니다 ({files})",
    en="{count} of its files did not come, or not as they were signed ({files})",
)


@dataclass
class Taken:
    """What has been done with the entries of a peer so far."""

    hub: Hub
    fence: int
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def refuse(self, where: str, error: HubError) -> None:
        self.count("refused")
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append({"where": where, "code": error.code, "text": error.text.as_dict()})


def take_page(peer: Peer, page: Mapping[str, Any], taken: Taken, *, again: Collection[str] = ()) -> None:
    """Take the entries of an answer; when this returns, each has been applied, left alone or told as refused.

    ``again``: identifiers of which what seems to be here is not whole, and so is applied once more.
    """
    origins = believed_hubs(peer, page, taken)
    wanted = []
    told = [read_entry(one, peer.base) for one in page.get("entries", [])]
    rows = HubEntry.objects.in_bulk([uuid.UUID(entry.id) for entry, _ in told])
    own = set(Dataset.objects.filter(pk__in=[entry.id for entry, _ in told], home="").values_list("pk", flat=True))
    offers = []
    for entry, told_via in told:
        if entry.origin == str(peer.own) or str(peer.own) in told_via:
            taken.count("own")
            continue
        via = [*told_via, str(identity_of(peer))] if entry.origin != str(identity_of(peer)) else told_via
        row = rows.get(uuid.UUID(entry.id))
        try:
            check(entry, row, origins, peer, is_own=uuid.UUID(entry.id) in own)
        except HubError as error:
            taken.refuse(entry.home, error)
            continue
        if row is not None and is_settled(row, entry, peer.hub, again=entry.id in again):
            taken.count("known")
            offers.append(offer_of(peer.hub, entry, via))
        else:
            wanted.append((entry, via))
    save_offers(offers)
    for group in groups(with_documents(peer, wanted, rows)):
        take_group(peer, group, taken)


def believed_hubs(peer: Peer, page: Mapping[str, Any], taken: Taken) -> dict[str, HubIdentity]:
    """Return the hubs that entries may be at home at: the peer, and those that it vouches for."""
    assert peer.identity is not None
    origins = {str(peer.identity.pk): peer.identity}
    for document in page.get("hubs", []):
        told = read_told(document, peer.base)
        if told.id in (peer.own, peer.identity.pk):
            continue
        try:
            origins[str(told.id)] = believe(told, peer.hub.slug)
        except BadHubKey as error:
            taken.refuse(told.title or str(told.id), error)
    return origins


def check(entry: Entry, row: HubEntry | None, origins: Mapping[str, HubIdentity], peer: Peer, *, is_own: bool) -> None:
    """Refuse an entry that its home has not signed, that takes another one's place, or that tells a version otherwise."""
    if not WEB_ADDRESS.fullmatch(entry.home):  # it becomes a link on pages, and an address in RDF
        raise BadEntry(entry=entry.home, reason=NO_HOME)
    if entry.origin == str(identity_of(peer)) and not is_at(entry.home, peer.identity.address):
        raise BadEntry(entry=entry.home, reason=NOT_AT_HOME.format(address=peer.identity.address))
    identity = origins.get(entry.origin)
    if identity is None or not entry.is_signed_by(identity):
        raise BadEntry(entry=entry.home, reason=NOT_SIGNED)
    if is_own or (row is not None and str(row.origin) != entry.origin):
        raise BadEntry(entry=entry.home, reason=NOT_PLANTED)
    is_other = row is not None and (row.epoch, row.version) == entry.order and row.leaf != entry.leaf
    if is_other and entry.origin != str(identity_of(peer)):
        raise BadEntry(entry=entry.home, reason=FORKED.format(version=entry.version))


def is_at(home: str, address: str) -> bool:
    """Tell whether a dataset's home is below the address that its hub tells of itself; one without an address has none to hold to."""
    return not address or urlsplit(home).netloc.lower() == urlsplit(address).netloc.lower()


def identity_of(peer: Peer) -> uuid.UUID | None:
    return peer.identity.pk if peer.identity else None


def is_settled(row: HubEntry, entry: Entry, hub: Hub, *, again: bool) -> bool:
    """Tell whether what an entry tells is here already, or something newer."""
    if (row.epoch, row.version) > entry.order:
        return True
    if again or row.leaf != entry.leaf or row.key != entry.key or row.gone == HubEntry.Gone.CLOSED:
        return False
    wants_records = hub.takes == Hub.Takes.RECORDS and bool(entry.manifest) and not entry.gone
    return not wants_records or bool(row.manifest)


def with_documents(
    peer: Peer, wanted: Sequence[tuple[Entry, list[str]]], rows: Mapping[uuid.UUID, HubEntry]
) -> Iterator[Told]:
    """Yield the entries with their documents: those that are here already, the others as the peer tells them."""
    takes_records = peer.hub.takes == Hub.Takes.RECORDS
    for start in range(0, len(wanted), DOCUMENTS_AT_ONCE // 2):
        some = wanted[start : start + DOCUMENTS_AT_ONCE // 2]
        here: dict[str, str] = {}
        for entry, _ in some:
            if row := rows.get(uuid.UUID(entry.id)):
                here |= {row.description_digest: row.description, row.manifest_digest: row.manifest}
        here = {digest: text for digest, text in here.items() if text and digest_of(text.encode()) == digest}
        digests = {entry.description for entry, _ in some}
        if takes_records:
            digests |= {entry.manifest for entry, _ in some if not entry.gone}
        lacking = sorted(digests - set(here) - {""})
        told = peer.documents(lacking) if lacking else {}
        here |= {digest: text for digest, text in told.items() if digest_of(str(text).encode()) == digest}
        for entry, via in some:
            manifest = here.get(entry.manifest) if takes_records and entry.manifest and not entry.gone else None
            yield Told(entry, via, here.get(entry.description, ""), manifest)


def groups(told: Iterable[Told]) -> Iterator[list[Told]]:
    """Yield entries in groups that are fetched and applied together."""
    group: list[Told] = []
    size = 0
    for one in told:
        group.append(one)
        size += sum((part or 0) for part in files_of(one).values())
        if len(group) >= AT_ONCE or size >= BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def files_of(told: Told) -> dict[str, int | None]:
    """Return the files that a manifest names, with the sizes that it tells."""
    if told.manifest is None:
        return {}
    try:
        parts = orjson.loads(told.manifest)["parts"]
        files: dict[str, int | None] = {str(part["digest"]): int(part["size"]) for part in parts}
        return files | {str(part["hidden"]): None for part in parts if part.get("hidden")}
    except (KeyError, TypeError, ValueError):
        return {}


def take_group(peer: Peer, group: Sequence[Told], taken: Taken) -> None:
    """Fetch the files of some datasets, then apply them in one transaction, each in a step of its own."""
    wanted: dict[str, int | None] = {}
    for told in group:
        wanted |= files_of(told)
    before = peer.traffic.received
    lacking = fetch_missing(peer, wanted) if wanted else set()
    taken.count("file_bytes", peer.traffic.received - before)
    with transaction.atomic():
        lock_feed()
        own = OwnHub.objects.select_for_update().get(pk=peer.own)
        require_lease(taken)
        offers = []
        with indexed_together():
            for told in group:
                try:
                    with transaction.atomic():
                        outcome = take_one(told, own, lacking & set(files_of(told)))
                except HubError as error:
                    taken.refuse(told.entry.home, error)
                else:
                    taken.count(outcome)
                    offers.append(offer_of(peer.hub, told.entry, told.via))
        own.save(update_fields=["position"])
        save_offers(offers)


def require_lease(taken: Taken) -> None:
    """Refuse to go on for one whose lease another has taken over."""
    if not Hub.objects.select_for_update().filter(pk=taken.hub.pk, fence=taken.fence).exists():
        raise LostLease


def take_one(told: Told, own: OwnHub, lacking: set[str]) -> str:
    """Apply one entry under the locks; return what it was: created, changed or withdrawn."""
    entry = told.entry
    row = HubEntry.objects.filter(pk=entry.id).first()
    if not entry.gone and not told.description:
        raise BadEntry(entry=entry.home, reason=OVERTAKEN)
    if lacking:
        files = ", ".join(digest[:12] for digest in sorted(lacking)[:3])
        raise BadEntry(entry=entry.home, reason=FILES_LACK.format(count=len(lacking), files=files))
    own.position += 1
    try:
        apply_entry(row, told, own.position)
    except (KeyError, TypeError, ValueError, AttributeError, IntegrityError, DataError) as error:
        # A document that is signed and makes no sense.
        logger.warning("%s could not be applied", entry.home, exc_info=error)
        raise BadEntry(entry=entry.home, reason=NO_DOCUMENT.format(reason=repr(error)[:200])) from error
    return "withdrawn" if entry.gone else "created" if row is None else "changed"


def close_entry(entry_id: str, taken: Taken) -> None:
    """Let go of an entry that a peer offers no more; the dataset goes when nobody else offers it, unless it is to be kept."""
    with transaction.atomic():
        lock_feed()
        own = OwnHub.objects.select_for_update().get()
        require_lease(taken)
        HubOffer.objects.filter(hub=taken.hub, entry=entry_id).delete()
        row = HubEntry.objects.filter(pk=entry_id).first()
        if row is None or row.gone or is_offered_elsewhere(row, taken.hub):
            return
        if taken.hub.closed == Hub.Closed.KEEP:
            taken.count("kept")
            return
        dataset = Dataset.objects.filter(pk=entry_id).first()
        if dataset is not None:
            withdraw_dataset(dataset.slug)
        own.position += 1
        own.save(update_fields=["position"])
        row.gone, row.position = HubEntry.Gone.CLOSED, own.position
        row.save(update_fields=["gone", "position"])
        taken.count("closed")


def is_offered_elsewhere(row: HubEntry, hub: Hub) -> bool:
    """Tell whether another peer offers what this one has closed, and has it neither from this one nor against its home's word.

    Two hubs that have it from each other would otherwise keep it for ever. Who offers it all the same is compared next time.
    """
    offers = HubOffer.objects.filter(entry=row.pk)
    Hub.objects.filter(pk__in=offers.values("hub")).update(verified_root="")
    return hub.identity_id != row.origin and offers.exclude(via__icontains=str(hub.identity_id)).exists()


def offer_of(hub: Hub, entry: Entry, via: list[str]) -> HubOffer:
    return HubOffer(
        hub=hub, entry=uuid.UUID(entry.id), epoch=entry.epoch, version=entry.version, leaf=entry.leaf, via=via
    )


def save_offers(offers: Sequence[HubOffer]) -> None:
    HubOffer.objects.bulk_create(
        offers,
        update_conflicts=True,
        unique_fields=["hub", "entry"],
        update_fields=["epoch", "version", "leaf", "via"],
    )
