"""What the catalogue stores; nothing here acts."""

from catalog.models.change import Change, FeedHead
from catalog.models.dataset import Dataset
from catalog.models.distribution import Distribution
from catalog.models.organisation import Organisation
from catalog.models.snapshot import Snapshot, SnapshotPart

__all__ = ["Change", "Dataset", "Distribution", "FeedHead", "Organisation", "Snapshot", "SnapshotPart"]
