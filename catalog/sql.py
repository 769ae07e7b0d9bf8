"""SQL across datasets: a text and a viewer become a SqlQuestion over fixed snapshots, and it is answered or explained.

A dataset that the viewer may not see is one that does not exist; one that they may see but not read is refused. All
snapshots are looked up in one query, so that an answer never mixes two moments. The ETag is known before anything is
computed: the snapshots, the statement as it was understood (with its clock stopped) and how it is written.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from django.utils import timezone

from catalog.access import Viewer, require_reading, visible_datasets
from catalog.errors import DatasetNotFound, KeyNeeded, NoRecords, Unanswerable
from catalog.models import Dataset, Snapshot
from catalog.read import find_format, manifest_of
from catalog.records import Format, Manifest, as_dictionaries, encode
from catalog.records.admission import LIGHT_COST, estimate_cost
from catalog.records.sql import DEFAULT_ROWS, Plan, Rows, Statement, explain_sql, parse_sql, parts_to_read, run_sql
from catalog.storage import awaited_limits, question_admission, question_limits, record_store
from catalog.text import Text


@dataclass(frozen=True)
class SqlQuestion:
    """A checked statement over one snapshot of each of its datasets; ``snapshots`` goes by slug, in order."""

    statement: Statement
    snapshots: Mapping[str, Snapshot]
    manifests: Mapping[str, Manifest]
    format: Format
    rows: int

    @property
    def etag(self) -> str:
        digests = [(slug, snapshot.digest, snapshot.pk) for slug, snapshot in self.snapshots.items()]
        asked = (digests, self.statement.digest, self.format.name, self.rows)
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]

    @property
    def cost(self) -> int:
        """Return what the engine must read for it, as if every reading were grouped.

        What rows that meet come to cannot be told beforehand, so that such a question is never a light one.
        """
        read = sum(
            estimate_cost(manifest, parts_to_read(manifest, reading.bounds), "group", len(manifest.schema.columns))
            for reading in self.statement.readings
            if (manifest := self.manifests[reading.dataset])
        )
        return max(read, LIGHT_COST + 1) if self.statement.combines else read


@dataclass(frozen=True)
class SqlAnswer:
    """The rows of an answer; ``truncated``: there are more than were asked for."""

    question: SqlQuestion
    rows: Rows

    @property
    def columns(self) -> list[dict[str, str]]:
        return [{"name": column.name, "type": column.type} for column in self.rows.schema.columns]

    @property
    def truncated(self) -> bool:
        return self.rows.truncated

    def records(self) -> list[dict[str, object]]:
        return list(as_dictionaries(self.rows.rows, self.rows.schema))

    def chunks(self) -> Iterator[bytes]:
        """Return the answer in its format."""
        format_, schema = self.question.format, self.rows.schema
        if format_.needs_place and schema.geometry is None:
            reason = Text(
                ko="답에 도형 열이 없고 'longitude', 'latitude' 열도 없습니다",
                en="the answer has neither a geometry nor the columns 'longitude' and 'latitude'",
            )
            raise Unanswerable(parameter=f"format={format_.name}", reason=reason)
        batches = self.rows.rows.combine_chunks().to_batches()
        return encode(batches, schema, format_.name, spool=question_limits().spool)


def ask_sql(text: str, viewer: Viewer, *, format_name: str = "json", rows: int = DEFAULT_ROWS) -> SqlQuestion:
    """Check who asks and what, and fix the snapshots that the answer comes from."""
    if not viewer.is_authenticated:
        raise KeyNeeded
    format_ = find_format(format_name)
    statement = parse_sql(text, timezone.now())
    snapshots = {dataset.slug: snapshot_of(dataset) for dataset in readable_datasets(statement, viewer)}
    manifests = {slug: manifest_of(snapshot) for slug, snapshot in snapshots.items()}
    return SqlQuestion(statement, snapshots, manifests, format_, rows)


def answer_sql(question: SqlQuestion) -> SqlAnswer:
    with admitted(question):
        found = run_sql(question.statement, question.manifests, record_store(), awaited_limits(), rows=question.rows)
    return SqlAnswer(question, found)


def explain_question(question: SqlQuestion) -> Plan:
    """Tell how a question would be answered, without answering it."""
    return explain_sql(question.statement, question.manifests, record_store(), question_limits(), rows=question.rows)


def admitted(question: SqlQuestion) -> AbstractContextManager[None]:
    """Return the room of heavy questions, in which this one waits for its turn."""
    return question_admission().admit(question.cost)


def readable_datasets(statement: Statement, viewer: Viewer) -> list[Dataset]:
    """Return the datasets of a statement, sorted by slug, with their current snapshots; the first that is not there is told."""
    slugs = statement.datasets
    found = {
        dataset.slug: dataset
        for dataset in visible_datasets(viewer).filter(slug__in=slugs).select_related("distribution__current_snapshot")
    }
    for slug in slugs:
        if slug not in found:
            raise DatasetNotFound(dataset=slug)
        require_reading(viewer, found[slug])
    return [found[slug] for slug in slugs]


def snapshot_of(dataset: Dataset) -> Snapshot:
    if dataset.current_snapshot is None:
        raise NoRecords(dataset=dataset.slug)
    return dataset.current_snapshot
