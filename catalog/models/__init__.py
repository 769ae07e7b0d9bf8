"""What the catalogue stores; nothing here acts."""

from catalog.models.api_key import ApiKey, ApiUse
from catalog.models.audit_entry import AuditEntry, AuditHead
from catalog.models.catalogue import Catalogue
from catalog.models.change import Change, FeedHead
from catalog.models.dataset import Dataset
from catalog.models.distribution import Distribution
from catalog.models.export import Export
from catalog.models.grant import Grant
from catalog.models.link_check import LinkCheck
from catalog.models.organisation import Organisation
from catalog.models.reading import Reading
from catalog.models.search_entry import SearchChunk, SearchEntry
from catalog.models.series import Series
from catalog.models.service import DataService
from catalog.models.snapshot import Snapshot, SnapshotPart
from catalog.models.snapshot_file import SnapshotFile
from catalog.models.written_file import WrittenFile

__all__ = [
    "ApiKey",
    "ApiUse",
    "AuditEntry",
    "AuditHead",
    "Catalogue",
    "Change",
    "DataService",
    "Dataset",
    "Distribution",
    "Export",
    "FeedHead",
    "Grant",
    "LinkCheck",
    "Organisation",
    "Reading",
    "SearchChunk",
    "SearchEntry",
    "Series",
    "Snapshot",
    "SnapshotFile",
    "SnapshotPart",
    "WrittenFile",
]
