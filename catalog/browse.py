"""Browsing records by offset: who may look, at which snapshot, and what is there. Cursors are in ``read.py``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalog.access import Viewer, require_reading
from catalog.asked import manifest_of
from catalog.errors import NoRecords
from catalog.models import Dataset
from catalog.records import Schema, as_dictionaries, from_table_schema
from catalog.records.window import Seen, Window, look_through
from catalog.serving import find_index
from catalog.storage import caller_limits, record_store


@dataclass(frozen=True)
class Browsed:
    """The rows of a window and the schema of the records."""

    schema: Schema
    window: Window
    seen: Seen

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dictionaries ready for JSON."""
        return as_dictionaries(self.seen.rows, self.schema)


def browse(dataset: Dataset, viewer: Viewer, choose: Callable[[Schema], Window]) -> Browsed:
    """Return the rows of the window that ``choose`` makes for the records' schema, if the viewer may read them."""
    schema = browsable_schema(dataset, viewer)
    window = choose(schema)
    snapshot = dataset.current_snapshot
    seen = look_through(manifest_of(snapshot), window, record_store(), caller_limits(), find_index(snapshot))
    return Browsed(schema, window, seen)


def browsable_schema(dataset: Dataset, viewer: Viewer) -> Schema:
    """Return the schema of the records that are served now, if the viewer may read them."""
    require_reading(viewer, dataset)
    if dataset.current_snapshot is None:
        raise NoRecords(dataset=dataset.slug)
    return from_table_schema(dataset.current_snapshot.schema)
