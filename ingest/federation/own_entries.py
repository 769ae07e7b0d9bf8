"""The entries of this hub's own datasets, kept in step with the catalogue by its change feed.

They are made when they are wanted, not when a dataset is written: a hub without peers pays nothing for them. Each batch is
made under the lock of the feed, so that an entry never tells a state that its number has not reached.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.db.models import Prefetch

from catalog.describe import describe_row, linked_distributions, with_parts
from catalog.feed import lock_feed
from catalog.models import Change, DataService, Dataset, FeedHead, Series, Snapshot, SnapshotPart
from catalog.quality import hub_base
from catalog.standard import Class
from ingest.federation.entries import CHOSEN_BY, Entry, canonical, digest_of, entry_of, set_chosen_by, set_entry
from ingest.federation.identity import own_hub, signing_key
from ingest.models import HubEntry, OwnHub

BATCH = 200  # datasets of which entries are made under one lock
LOOKED_AT = 5000  # changes in one batch: many may be of the same dataset


def is_in_step() -> bool:
    """Tell whether every change of the catalogue stands in the entries."""
    own, head = own_hub(), FeedHead.objects.first()
    return head is None or (own.epoch == head.epoch and own.sequence >= head.sequence)


def bring_up_to_date(batches: int = 1000) -> bool:
    """Make the entries of what has changed since the last time; tell whether nothing is left to do."""
    return any(is_in_step() or not make_batch() for _ in range(batches)) or is_in_step()


@transaction.atomic
def make_batch() -> bool:
    """Make the entries of some changed datasets; tell whether there may be more."""
    head = lock_feed()
    own = OwnHub.objects.select_for_update().get(pk=own_hub().pk)
    if own.epoch != head.epoch:
        own.epoch, own.sequence = head.epoch, 0
    changes = Change.objects.filter(sequence__gt=own.sequence).order_by("sequence")[:LOOKED_AT]
    wanted: dict[UUID, None] = {}
    for sequence, dataset_id in changes.values_list("sequence", "dataset_id"):
        if dataset_id not in wanted and len(wanted) == BATCH:
            break
        wanted[dataset_id] = None
        own.sequence = sequence
    if not wanted:
        own.save(update_fields=["sequence", "epoch"])
        return False
    key = signing_key()
    known = HubEntry.objects.in_bulk(list(wanted))
    changed = []
    for dataset in whole_datasets(wanted):
        row = known.get(dataset.pk) or HubEntry(id=dataset.pk, origin=own.pk, epoch=0, version=0)
        is_new = renew(row, dataset, own, head.epoch, key) if row.origin == own.pk else follow(row, dataset, own)
        if is_new:
            changed.append(row)
    new = [row for row in changed if row.pk not in known]
    HubEntry.objects.bulk_create(new)
    HubEntry.objects.bulk_update([row for row in changed if row.pk in known], WRITTEN, batch_size=50)
    own.save(update_fields=["sequence", "position", "epoch"])
    return True


WRITTEN = [
    *("epoch", "version", "home", "description_digest", "manifest_digest", "gone", "key", "signature", "leaf"),
    *("description", "manifest", "position", "snapshot_digest"),
    *CHOSEN_BY,
]


def whole_datasets(ids: Iterable[UUID]) -> Iterable[Dataset]:
    parts = Prefetch("distribution__current_snapshot__parts", SnapshotPart.objects.order_by("position"))
    return with_parts(Dataset.objects.filter(pk__in=list(ids))).prefetch_related(parts)


def renew(row: HubEntry, dataset: Dataset, own: OwnHub, epoch: int, key: tuple[str, Ed25519PrivateKey]) -> bool:
    """Bring the entry of an own dataset to what the dataset is now; tell whether anything is new.

    A guarded dataset is never told of: one that has been is closed, without a word of what it holds.
    """
    before = (row.epoch, row.description_digest, row.manifest_digest, row.gone)
    if dataset.is_guarded:
        if not row.version or row.gone == HubEntry.Gone.CLOSED:
            return False
        own.position += 1
        row.position, row.gone, row.description, row.manifest = own.position, HubEntry.Gone.CLOSED, "", ""
        return True
    description = canonical(description_document(dataset))
    snapshot = dataset.current_snapshot
    manifest = canonical(manifest_document(snapshot, dataset.distribution.erased_at)) if snapshot else b""
    digests = digest_of(description), digest_of(manifest) if manifest else ""
    gone = HubEntry.Gone.WITHDRAWN if dataset.withdrawn_at else HubEntry.Gone.HERE
    if before == (epoch, *digests, gone):
        return False
    own.position += 1
    entry = Entry(
        id=str(dataset.pk),
        origin=str(own.pk),
        epoch=epoch,
        version=own.position,
        home=f"{hub_base()}/dataset/{dataset.slug}",
        description=digests[0],
        manifest=digests[1],
        gone=gone,
    )
    set_entry(row, entry.signed(*key))
    row.description, row.manifest, row.position = description.decode(), manifest.decode(), own.position
    row.snapshot_digest = snapshot.digest if snapshot else ""
    set_chosen_by(row, dataset)
    return True


def follow(row: HubEntry, dataset: Dataset, own: OwnHub) -> bool:
    """Let another hub's dataset be offered as stewards here have it; tell whether that is new. Its entry stays the home's."""
    before = [getattr(row, name) for name in CHOSEN_BY]
    set_chosen_by(row, dataset)
    if before == [getattr(row, name) for name in CHOSEN_BY]:
        return False
    own.position += 1
    row.position = own.position
    return True


def description_document(dataset: Dataset) -> dict[str, Any]:
    """Return the description of a dataset with all that it speaks of, as this hub's stewards wrote it."""
    description = describe_row(dataset, Class.DATASET)
    if links := linked_distributions(dataset):
        description["distributions"] = [describe_row(link, Class.DISTRIBUTION) for link in links]
    named = {link["access_service"] for link in description.get("distributions", []) if "access_service" in link}
    series = Series.objects.select_related("organisation").filter(slug__in=description.get("series", []))
    services = DataService.objects.select_related("organisation").filter(slug__in=named) if named else ()
    return {
        "slug": dataset.slug,
        "description": description,
        "schema": dataset.distribution.schema if dataset.distribution else None,
        "organisation": {
            "slug": dataset.organisation.slug,
            "description": describe_row(dataset.organisation, Class.ORGANISATION),
        },
        "series": {one.slug: describe_row(one, Class.SERIES) for one in series},
        "services": {one.slug: describe_row(one, Class.SERVICE) for one in services},
    }


def manifest_document(snapshot: Snapshot, erased_at: dt.datetime | None) -> dict[str, Any]:
    """Return what a snapshot is made of, with what was found when its records were checked.

    ``erased_at`` is there when records were ever erased: another moment than before lets go of what was published before it.
    """
    return {
        **({"erased_at": erased_at.isoformat()} if erased_at else {}),
        "digest": snapshot.digest,
        "schema": snapshot.schema,
        "parts": [part.as_value.as_dict() for part in snapshot.parts.all()],
        "records": snapshot.records,
        "rejected": snapshot.rejected,
        "csv_size": snapshot.csv_size,
        "valid_at": snapshot.valid_at.isoformat(),
        "findings": snapshot.findings,
    }


@transaction.atomic
def sign_again() -> None:
    """Sign the entries of this hub's datasets with its newest key; what they tell stays, and so do their versions."""
    lock_feed()
    own = OwnHub.objects.select_for_update().get(pk=own_hub().pk)
    key = signing_key()
    for row in HubEntry.objects.filter(origin=own.pk).exclude(gone=HubEntry.Gone.CLOSED).order_by("position"):
        own.position += 1
        set_entry(row, entry_of(row).signed(*key))
        row.position = own.position
        row.save(update_fields=["key", "signature", "position"])
    own.save(update_fields=["position"])
