"""The datasets and snapshots that were asked lately, kept so that a question costs no query of the database."""

from collections.abc import Hashable

from catalog.access import RULES, Viewer, require_reading
from catalog.describe import find_dataset
from catalog.generation import LookedUp
from catalog.models import Dataset, Snapshot
from catalog.records import Manifest

DATASETS = LookedUp(1000)
MANIFESTS = LookedUp(500, for_ever=True)


def find_asked(slug: str, viewer: Viewer) -> Dataset:
    """Return a dataset that the viewer may see, as it is in this state of the catalogue; it is only for reading."""
    levels = tuple(level for level, rule in RULES.items() if rule.sees(viewer))
    return DATASETS.get((slug, levels), lambda: find_dataset(slug, viewer))


def state_of(slug: str, viewer: Viewer) -> Hashable:
    """Return what an answer from a dataset's records depends on besides the question; the viewer must be a reader."""
    dataset = find_asked(slug, viewer)
    require_reading(viewer, dataset)
    return dataset.pk, dataset.modified_at, dataset.organisation.modified_at, snapshot_key(dataset.current_snapshot)


def snapshot_key(snapshot: Snapshot | None) -> Hashable:
    return (snapshot.pk, snapshot.digest) if snapshot else None


def manifest_of(snapshot: Snapshot) -> Manifest:
    """Return what a snapshot consists of, which never changes."""
    return MANIFESTS.get(snapshot_key(snapshot), lambda: snapshot.manifest)
