"""Reading records: a dataset and request parameters become a Question, and a Question is answered whole or page by page.

The question's ETag is known before anything is computed: snapshot digest plus query plus format. A cursor holds its
snapshot, so paging goes on in the same version while newer ones are published.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from django.db import models

from catalog.access import Viewer, require_reading
from catalog.asked import manifest_of
from catalog.districts import with_districts
from catalog.errors import BadValue, NoRecords, SnapshotNotFound, Unanswerable, UnknownFormat
from catalog.models import Dataset, Snapshot
from catalog.records import (
    ENCODINGS,
    FORMATS,
    FORMULAS,
    Format,
    Page,
    Query,
    Schema,
    SnapshotSource,
    Source,
    answer_schema,
    as_dictionaries,
    encode,
    from_table_schema,
    media_type_of,
    parse_query,
    read_as,
    run_on,
    snapshot_of_cursor,
    stream_on,
)
from catalog.serving import serve
from catalog.storage import caller_limits, question_limits, record_store
from catalog.text import Text

# How CSV may be written: what may be chosen, the first of them by default.
CHOICES: Mapping[str, Sequence[str]] = {
    "encoding": tuple(ENCODINGS),
    "formulas": FORMULAS,
    "columns": ("none", "dictionary"),
}
VERSION = ("snapshot", "as_of")
WRITING = ("format", *CHOICES)  # parameters about the writing, not about the question


@dataclass(frozen=True)
class Asked:
    """A checked question to records. ``paged``: answer one page, else everything."""

    source: Source
    query: Query
    format: Format
    encoding: str
    formulas: str
    columns: str
    paged: bool

    @property
    def etag(self) -> str:
        """A strong entity tag: the same snapshots, query, place and format always give the same bytes."""
        query = self.query
        place = (
            query.cursor,
            query.limit,
            query.exact_count,
            query.crs,
            self.format.name,
            self.encoding,
            self.formulas,
            self.columns,
            self.paged,
        )
        return hashlib.sha256(f"{self.source.name} {query.digest} {place}".encode()).hexdigest()[:32]

    @property
    def writing(self) -> dict[str, Any]:
        """How the answer is written, as ``encode`` takes it."""
        return {
            "encoding": self.encoding,
            "formulas": self.formulas,
            "crs": self.query.crs,
            "spool": question_limits().spool,
        }

    @property
    def media_type(self) -> str:
        return media_type_of(self.format, self.encoding)

    @cached_property
    def schema(self) -> Schema:
        """The schema of the answer."""
        return answer_schema(self.source.schema, self.query)


@dataclass(frozen=True)
class Question(Asked):
    """A question to one snapshot of a dataset."""

    dataset: Dataset
    snapshot: Snapshot


@dataclass(frozen=True)
class Answer:
    """A page: how many records match in all (None unless asked), where the next page begins, and its content."""

    question: Asked
    page: Page

    def records(self) -> list[dict[str, object]]:
        return list(as_dictionaries(self.page.rows, self.question.schema))

    def json(self) -> bytes:
        """The records as a JSON list; for long pages five times as fast as by way of ``records``."""
        return self.page.json(self.question.schema)

    def chunks(self) -> Iterator[bytes]:
        question = self.question
        batches = self.page.rows.combine_chunks().to_batches()
        return encode(batches, question.schema, question.format.name, **question.writing)


def ask(
    dataset: Dataset, parameters: Sequence[tuple[str, str]], viewer: Viewer, *, accepted_format: str | None = None
) -> Question:
    """Check access and parameters and return the question; ``format`` in the parameters wins over ``accepted_format``."""
    require_reading(viewer, dataset)
    rest = [(name, value) for name, value in parameters if name not in (*WRITING, *VERSION)]
    given = dict(parameters)
    format_ = find_format(given.get("format") or accepted_format or "json")
    if dataset.distribution is None:
        raise NoRecords(dataset=dataset.slug)
    snapshot = choose_snapshot(dataset, parameters)
    schema = manifest_of(snapshot).schema if snapshot else from_table_schema(dataset.distribution.schema)
    query = with_districts(parse_query(rest, schema, others=WRITING))
    if snapshot is None:
        raise NoRecords(dataset=dataset.slug)
    manifest = manifest_of(snapshot)
    source = SnapshotSource(manifest, record_store(), caller_limits(), *serve(snapshot, manifest))
    return checked(Question(source, query, *writing_of(query, given, format_), dataset, snapshot))


def writing_of(query: Query, given: Mapping[str, str], format_: Format) -> tuple[Format, str, str, str, bool]:
    """Return how the answer to a question is written, as the last fields of ``Asked``."""
    encoding, formulas, columns = (read_choice(name, given, choices) for name, choices in CHOICES.items())
    paged = format_.pages or query.limit is not None or query.cursor is not None
    return format_, encoding, formulas, columns, paged


Q = TypeVar("Q", bound=Asked)


def checked(question: Q) -> Q:
    """Return a question whose answer can be written in its format."""
    format_ = question.format
    if format_.needs_place and question.schema.geometry is None:
        reason = Text(
            ko="위치 열이 없거나 선택되지 않았습니다", en="there is no place, or its columns are not selected"
        )
        raise Unanswerable(parameter=f"format={format_.name}", reason=reason)
    if is_everything(question):
        format_.require_rows(question.source.records)
    return question


def is_everything(question: Asked) -> bool:
    """Tell whether the answer is all records there are, so that their number is known beforehand."""
    query = question.query
    return not (question.paged or query.where or query.is_computed or query.latest_by or query.sample)


def answer(question: Asked) -> Answer:
    """Answer with one page."""
    return Answer(question, run_on(question.source, question.query))


def in_background(question: Q) -> Q:
    """Return a question that waits for nobody's turn: for a worker, which answers one after the other."""
    return replace(question, source=replace(question.source, limits=question_limits()))


def stream(question: Asked, *, watch: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Answer with everything, chunk by chunk, with flat memory; ``watch`` is told how many records each batch brings."""
    batches = stream_on(question.source, question.query)
    if watch:
        batches = watched(batches, watch)
    return encode(batches, question.schema, question.format.name, **question.writing)


def watched(batches: Iterable[Any], watch: Callable[[int], None]) -> Iterator[Any]:
    for batch in batches:
        watch(batch.num_rows)
        yield batch


def find_format(name: str) -> Format:
    if name not in FORMATS:
        raise UnknownFormat(format=name, allowed=list(FORMATS))
    return FORMATS[name]


def choose_snapshot(dataset: Dataset, parameters: Sequence[tuple[str, str]]) -> Snapshot | None:
    """Return the version that is asked: that of the cursor, a named one, that of a time, else the current one."""
    given: dict[str, str] = {}
    for name, value in parameters:
        if name in VERSION and name in given:
            raise BadValue(parameter=name, value=[given[name], value], expected=Text(ko="값 하나", en="one value"))
        given[name] = value
    named = [name for name in VERSION if name in given]
    if len(named) == 2:
        reason = Text(ko="'snapshot'과 함께 쓸 수 없습니다", en="it cannot be used together with 'snapshot'")
        raise Unanswerable(parameter="as_of", reason=reason)
    if "cursor" in given:
        return find_snapshot(dataset, snapshot_of_cursor(given["cursor"]))
    if "snapshot" in given:
        return find_snapshot(dataset, given["snapshot"])
    if "as_of" in given:
        return snapshot_at(dataset, given["as_of"])
    return dataset.current_snapshot


def find_snapshot(dataset: Dataset, digest: str) -> Snapshot:
    current = dataset.current_snapshot
    if current and current.digest == digest:
        return current
    snapshot = dataset.distribution.snapshots.filter(digest=digest).first()
    if snapshot is None:
        raise SnapshotNotFound(snapshot=digest[:12])
    return snapshot


def snapshot_at(dataset: Dataset, text: str) -> Snapshot:
    """Return the version that was published at a time."""
    moment = read_as("datetime", "as_of", text)
    then = dataset.distribution.snapshots.filter(published_at__lte=moment)
    snapshot = then.filter(models.Q(replaced_at=None) | models.Q(replaced_at__gt=moment)).first()
    if snapshot is None:
        raise SnapshotNotFound(snapshot=text)
    return snapshot


def read_choice(parameter: str, given: Mapping[str, str], choices: Sequence[str]) -> str:
    """Return what was chosen of a parameter's choices, the first unless it is given."""
    value = given.get(parameter, choices[0])
    if value not in choices:
        raise BadValue(parameter=parameter, value=value, expected=", ".join(choices))
    return value
