"""How a hub of ``forked_hubs.py`` lies, or its disk: files that change, counts that are wrong, entries that are forged or planted."""

from dataclasses import replace
from pathlib import Path

from catalog.feed import record_change
from catalog.models import Change, Dataset, Snapshot
from catalog.storage import record_store
from ingest.federation.entries import CHOSEN_BY, digest_of, entry_of, set_entry
from ingest.federation.identity import own_hub, signing_key
from ingest.federation.own_entries import bring_up_to_date
from ingest.models import HubEntry, OwnHub


def spoil_file(slug: str) -> None:
    """Change a byte of the records of a dataset on the disk."""
    path = part_path(slug)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def remove_file(slug: str) -> None:
    part_path(slug).unlink()


def part_path(slug: str) -> Path:
    [part] = Dataset.objects.get(slug=slug).current_snapshot.parts.all()
    return record_store().path(part.digest)


def lie_about_rows(slug: str) -> None:
    """Tell of more rows than there are, in a manifest that is signed and agrees with itself."""
    snapshot = Dataset.objects.get(slug=slug).current_snapshot
    snapshot.parts.update(rows=77)
    snapshot.records = 77
    snapshot.digest = Snapshot.objects.get(pk=snapshot.pk).manifest.digest
    snapshot.save()
    record_change(Change.Kind.SNAPSHOT_PUBLISHED, Dataset.objects.get(slug=slug), snapshot_digest=snapshot.digest)


def forge(entry_id: str, *, resigns: bool) -> None:
    """Tell another description of another hub's dataset, with the home's signature or this hub's own."""
    bring_up_to_date()
    row, own = HubEntry.objects.get(pk=entry_id), OwnHub.objects.get()
    row.description = row.description.replace("kogl-1", "cc0-1.0").replace("cc-by-4.0", "cc0-1.0")
    entry = replace(entry_of(row), version=row.version + 1, description=digest_of(row.description.encode()))
    own.position += 1
    set_entry(row, entry.signed(*signing_key()) if resigns else entry)
    row.position = own.position
    row.save()
    own.save()


def plant(entry_id: str, origin: str) -> None:
    """Tell of a dataset as if it were at home at another hub, or under an identifier that is somebody else's."""
    bring_up_to_date()
    row, own = HubEntry.objects.filter(origin=own_hub().pk).first(), OwnHub.objects.get()
    HubEntry.objects.filter(pk=entry_id).delete()
    own.position += 1
    entry = replace(entry_of(row), id=entry_id, origin=origin, home="https://planted.example/dataset/x", version=10**6)
    planted = HubEntry(pk=entry_id, position=own.position, description=row.description, manifest=row.manifest)
    for name in CHOSEN_BY:
        setattr(planted, name, getattr(row, name))
    set_entry(planted, entry.signed(*signing_key()))
    planted.save()
    own.save()
