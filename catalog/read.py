"""Reading records: a dataset and request parameters become a Question, and a Question is answered whole or page by page.

The question's ETag is known before anything is computed: snapshot digest plus query plus format. A cursor holds its
snapshot, so paging goes on in the same version while newer ones are published.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.access import Viewer, require_reading
from catalog.errors import BadValue, NoRecords, SnapshotNotFound, Unanswerable, UnknownFormat
from catalog.models import Dataset, Snapshot
from catalog.records import (
    FORMATS,
    Format,
    Manifest,
    Page,
    Query,
    Schema,
    as_dictionaries,
    encode,
    from_table_schema,
    parse_query,
    run_query,
    snapshot_of_cursor,
    stream_query,
)
from catalog.storage import question_limits, record_store
from catalog.text import Text

FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Question:
    """A checked question to one snapshot of a dataset. ``paged``: answer one page, else everything."""

    dataset: Dataset
    snapshot: Snapshot
    manifest: Manifest
    query: Query
    format: Format
    byte_order_mark: bool
    paged: bool

    @property
    def etag(self) -> str:
        """A strong entity tag: the same snapshot, query, place and format always give the same bytes."""
        query = self.query
        place = (query.cursor, query.limit, query.exact_count, self.format.name, self.byte_order_mark, self.paged)
        return hashlib.sha256(f"{self.snapshot.digest} {query.digest} {place}".encode()).hexdigest()[:32]

    @property
    def schema(self) -> Schema:
        """The schema of the answer: the selected columns, and the place only when it can still be told from them."""
        schema = self.manifest.schema
        names = set(self.query.select)
        geometry = schema.geometry
        if geometry and not {geometry.column} - {""} <= names | {""}:
            geometry = None
        if geometry and geometry.is_point and not {geometry.longitude, geometry.latitude} <= names:
            geometry = None
        return dataclasses.replace(
            schema,
            columns=tuple(schema[name] for name in self.query.select),
            key=tuple(name for name in schema.key if name in names),
            sorted_by=(),
            time=schema.time if schema.time in names else "",
            geometry=geometry,
        )


@dataclass(frozen=True)
class Answer:
    """A page: how many records match in all (None unless asked), where the next page begins, and its content."""

    question: Question
    page: Page

    def records(self) -> list[dict[str, object]]:
        return list(as_dictionaries(self.page.rows, self.question.schema))

    def chunks(self) -> Iterator[bytes]:
        question = self.question
        batches = self.page.rows.combine_chunks().to_batches()
        return encode(batches, question.schema, question.format.name, byte_order_mark=question.byte_order_mark)


def ask(
    dataset: Dataset, parameters: Sequence[tuple[str, str]], viewer: Viewer, *, accepted_format: str | None = None
) -> Question:
    """Check access and parameters and return the question; ``format`` in the parameters wins over ``accepted_format``."""
    require_reading(viewer, dataset)
    rest = [(name, value) for name, value in parameters if name not in ("format", "bom")]
    given = dict(parameters)
    format_ = find_format(given.get("format") or accepted_format or "json")
    if dataset.distribution is None:
        raise NoRecords(dataset=dataset.slug)
    current = dataset.current_snapshot
    snapshot = find_snapshot(dataset, snapshot_of_cursor(given["cursor"])) if "cursor" in given else current
    query = parse_query(rest, from_table_schema(snapshot.schema if snapshot else dataset.distribution.schema))
    if snapshot is None:
        raise NoRecords(dataset=dataset.slug)
    paged = format_.pages or query.limit is not None or query.cursor is not None
    question = Question(
        dataset, snapshot, snapshot.manifest, query, format_, read_flag("bom", given.get("bom", "false")), paged
    )
    if format_.needs_place and question.schema.geometry is None:
        reason = Text(
            ko="위치 열이 없거나 선택되지 않았습니다", en="there is no place, or its columns are not selected"
        )
        raise Unanswerable(parameter=f"format={format_.name}", reason=reason)
    return question


def answer(question: Question) -> Answer:
    """Answer with one page."""
    return Answer(question, run_query(question.manifest, question.query, record_store(), question_limits()))


def stream(question: Question) -> Iterator[bytes]:
    """Answer with everything, chunk by chunk, with flat memory."""
    batches = stream_query(question.manifest, question.query, record_store(), question_limits())
    return encode(batches, question.schema, question.format.name, byte_order_mark=question.byte_order_mark)


def find_format(name: str) -> Format:
    if name not in FORMATS:
        raise UnknownFormat(format=name, allowed=list(FORMATS))
    return FORMATS[name]


def find_snapshot(dataset: Dataset, digest: str) -> Snapshot:
    snapshot = dataset.distribution.snapshots.filter(digest=digest).first()
    if snapshot is None:
        raise SnapshotNotFound(snapshot=digest[:12])
    return snapshot


def read_flag(parameter: str, value: str) -> bool:
    if value not in FLAGS:
        raise BadValue(parameter=parameter, value=value, expected=", ".join(FLAGS))
    return FLAGS[value]
