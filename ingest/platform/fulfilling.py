"""Which subjects of a dataset fulfil the condition of a sending rule, and what is told of each.

The hub itself asks, for no caller: what is sent was decided by the steward who made the rule. Guarded records are not
asked for it at all.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from string import Formatter
from typing import Any

import orjson

from catalog.asked import manifest_of
from catalog.districts import with_districts
from catalog.errors import Guarded, UnknownColumn
from catalog.models import Snapshot
from catalog.records import (
    Column,
    Query,
    Schema,
    SnapshotSource,
    answer_schema,
    as_dictionaries,
    from_table_schema,
    parse_query,
    stream_on,
)
from catalog.records.query import Output
from catalog.serving import serve
from catalog.storage import question_limits, record_store
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import SendingRule
from ingest.platform.outgoing import Told
from ingest.wording import storable

LONGEST_SUBJECT, LONGEST_CONTENT, LONGEST_PLACE, LONGEST_ITEM = 500, 4000, 500, 1000
ONLY_NAMES = Text(
    ko="중괄호 안에는 열 이름만 쓸 수 있습니다 (예: {{water_level}}). 중괄호 자체는 두 번 겹쳐 쓰십시오",
    en="between braces stands the name of a column and nothing else, as in {{water_level}}; double a brace that is meant itself",
)
Record = Mapping[str, object]


@dataclass(frozen=True)
class Fulfilling:
    """A subject that fulfils a rule's condition; ``at`` is the moment of its record where that is known."""

    subject: str
    told: Told = field(repr=False)
    at: dt.datetime | None


@dataclass(frozen=True)
class RuleQuestion:
    """A rule held against a schema: what is asked, and the column of the answer that says whether a record fulfils it."""

    query: Query
    schema: Schema
    verdict: str


def find_fulfilling(rule: SendingRule, snapshot: Snapshot) -> Iterator[Fulfilling]:
    """Yield the subjects that fulfil a rule in a snapshot, each once."""
    if rule.dataset.is_guarded:
        raise Guarded(dataset=rule.dataset.slug)
    manifest = manifest_of(snapshot)
    question = question_of(rule, manifest.schema)
    source = SnapshotSource(manifest, record_store(), question_limits(), *serve(snapshot, manifest))
    answer, seen = answer_schema(source.schema, question.query), set()
    for batch in stream_on(source, with_districts(question.query)):
        for record in as_dictionaries(batch, answer):
            subject = subject_of(record, rule.subject)
            if record[question.verdict] and subject and subject not in seen:
                seen.add(subject)
                yield Fulfilling(subject, told_of(rule, record, question.schema), moment_of(record, question.schema))


def question_of(rule: SendingRule, schema: Schema) -> RuleQuestion:
    """Return what a rule asks of records with this schema; an error says which of its columns there is not.

    The condition is put to the latest record of each subject: the latest *that fulfils it* would be another one.
    """
    for name in (*rule.subject, *rule.items.values(), *names_in(rule.content), *names_in(rule.place)):
        if name not in schema:
            raise UnknownColumn(column=name, allowed=schema.names)
    latest = [("latest_by", ",".join(rule.subject))] if schema.time else []
    query = parse_query(latest, schema)
    [condition] = parse_query([("filter", rule.condition)], schema).where
    verdict = "fulfils"
    while verdict in schema:
        verdict += "_"
    outputs = (*query.outputs, Output(condition, Column(verdict, "boolean")))
    return RuleQuestion(replace(query, outputs=outputs, where=() if latest else (condition,)), schema, verdict)


def schema_of(rule: SendingRule) -> Schema:
    """Return the schema that a rule's dataset has now."""
    return from_table_schema(rule.dataset.distribution.schema)


def subject_of(record: Record, names: Sequence[str]) -> str:
    """Return the subject of a record as text; "" where one of its columns is empty."""
    values = [record[name] for name in names]
    if None in values:
        return ""
    text = as_text(values[0]) if len(values) == 1 else orjson.dumps([as_text(value) for value in values]).decode()
    return text if len(text) <= LONGEST_SUBJECT else f"{text[:400]}… {sha256(text.encode()).hexdigest()}"


def told_of(rule: SendingRule, record: Record, schema: Schema) -> Told:
    longitude, latitude = place_of(record, schema)
    items = {key: as_text(record[name])[:LONGEST_ITEM] for key, name in rule.items.items() if record[name] is not None}
    return Told(
        event_id=rule.event_id,
        event_name=rule.event_name,
        grade=rule.grade,
        content=filled(rule.content, record)[:LONGEST_CONTENT],
        place=filled(rule.place, record)[:LONGEST_PLACE],
        items=items,
        longitude=longitude,
        latitude=latitude,
    )


def place_of(record: Record, schema: Schema) -> tuple[float | None, float | None]:
    """Return longitude and latitude of a record; None for shapes that are no points."""
    geometry = schema.geometry
    if geometry is None:
        return None, None
    if geometry.is_point:
        x, y = record[geometry.longitude], record[geometry.latitude]
    else:
        shape: Any = orjson.loads(orjson.dumps(record[geometry.column])) or {}
        x, y = shape["coordinates"][:2] if shape.get("type") == "Point" else (None, None)
    return (float(x), float(y)) if isinstance(x, int | float) and isinstance(y, int | float) else (None, None)


def moment_of(record: Record, schema: Schema) -> dt.datetime | None:
    """Return the moment of a record; a day alone is none."""
    value = record.get(schema.time) if schema.time else None
    if not isinstance(value, str) or schema[schema.time].type != "datetime":
        return None
    return dt.datetime.fromisoformat(value)


def filled(template: str, record: Record) -> str:
    """Return a text with the values of columns in place of their names in braces."""
    return "".join(
        text + ("" if name is None else as_text(record[name]))
        for text, name, _form, _turn in Formatter().parse(template)
    )


def names_in(template: str, where: str = "content") -> list[str]:
    """Return the columns that a text names; what would be more than a name is refused."""
    try:
        parts = [part[1:] for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise BadSetup(where=where, problem=ONLY_NAMES.format()) from error
    if any(form or turn or not str(name).isidentifier() for name, form, turn in parts):
        raise BadSetup(where=where, problem=ONLY_NAMES.format())
    return [str(name) for name, _form, _turn in parts]


def as_text(value: object) -> str:
    """Write a value for people: nothing for an empty one, numbers without needless digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return storable(value)
    return f"{value:.10g}" if isinstance(value, float) else str(value) if isinstance(value, int) else ""
