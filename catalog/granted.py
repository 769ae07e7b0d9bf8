"""Reading by grant: the one way to the records of a guarded dataset, as far as a grant goes and no further.

What a grant does not give is left out before the question is read: columns of other classes do not exist in its schema, and
the period of its records is a condition that the caller cannot take back. Who asked is written down in ``reading_log.py``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils import timezone

from catalog.access import RULES, Viewer
from catalog.asked import manifest_of
from catalog.districts import with_districts
from catalog.errors import (
    BadValue,
    DatasetNotFound,
    GrantNeeded,
    GrantToChoose,
    KeyNeeded,
    NoRecords,
    NotGuarded,
    PurposeNeeded,
    SnapshotNotFound,
    Unanswerable,
)
from catalog.models import Dataset, Grant, Snapshot
from catalog.read import VERSION, WRITING, Question, checked, find_format, writing_of
from catalog.records import Column, Query, Schema, SnapshotSource, parse_query, snapshot_of_cursor
from catalog.records.cursor import with_cursor
from catalog.records.expressions import Expression, compare
from catalog.serving import serve
from catalog.standard import vocabulary
from catalog.storage import caller_limits, record_store
from catalog.text import Text

SHORTEST_PURPOSE, LONGEST_PURPOSE = 5, 1000
OWN = ("grant", "purpose")  # parameters of this door alone
PAGED_FOR = dt.timedelta(minutes=15)  # how long pages go on in a version that was replaced meanwhile
NO_OLD_VERSIONS = Text(
    ko="보호 데이터셋은 지금 공개된 판만 읽을 수 있습니다",
    en="of a guarded dataset only the current version can be read",
)
NEVER = Text(
    ko="이 데이터셋에 대해 받은 열람 승인이 없습니다. 데이터셋의 제공 기관에 요청하십시오.",
    en="You have no grant of this dataset; ask the organisation that provides it.",
)
NOT_YOURS = Text(ko="{grant}번은 이 데이터셋에 대한 승인이 아닙니다.", en="Number {grant} is no grant of yours.")
NOT_BEGUN = Text(ko="{grant}번 승인은 {day}부터 유효합니다.", en="Grant {grant} is valid from {day}.")
ENDED = Text(ko="{grant}번 승인은 {day}에 끝났습니다.", en="Grant {grant} ended on {day}.")
REVOKED = Text(ko="{grant}번 승인은 {day}에 취소되었습니다.", en="Grant {grant} was revoked on {day}.")
NOTHING_LEFT = Text(
    ko="{grant}번 승인으로 읽을 수 있는 열이 없습니다.", en="There is no column that grant {grant} lets you read."
)
NO_TIME = Text(
    ko="{grant}번 승인은 레코드의 기간을 정했지만 이 데이터셋에는 시간 열이 없습니다.",
    en="Grant {grant} bounds the records by time, but this dataset has no time column.",
)


@dataclass(frozen=True)
class GrantedQuestion(Question):
    """A question that a grant answers for."""

    grant: Grant


def ask_granted(
    slug: str,
    parameters: Sequence[tuple[str, str]],
    viewer: Viewer,
    *,
    purpose: str,
    accepted_format: str | None = None,
) -> GrantedQuestion:
    """Check who asks, on which grant, why and what, and return the question within the bounds of the grant."""
    dataset = find_guarded(slug, viewer)
    require_purpose(purpose)
    grant = choose_grant(dataset, viewer, values_of("grant", parameters))
    question = [(name, value) for name, value in parameters if name not in OWN]
    for name, _value in question:
        if name in VERSION:
            raise Unanswerable(parameter=name, reason=NO_OLD_VERSIONS)
    given = dict(question)
    format_ = find_format(given.get("format") or accepted_format or "json")
    snapshot = choose_snapshot(dataset, values_of("cursor", question))
    manifest = manifest_of(snapshot)
    query = narrowed_query(question, manifest.schema, grant)
    source = SnapshotSource(manifest, record_store(), caller_limits(), *serve(snapshot, manifest))
    return checked(GrantedQuestion(source, query, *writing_of(query, given, format_), dataset, snapshot, grant))


def find_guarded(slug: str, viewer: Viewer) -> Dataset:
    """Return a guarded dataset; a holder of a grant reaches also one whose description is not shown to everybody."""
    rows = Dataset.objects.current().select_related("organisation", "distribution__current_snapshot")
    dataset = rows.filter(slug=slug).first()
    if dataset is None or not (RULES[dataset.access_level].sees(viewer) or is_holder(dataset, viewer)):
        raise DatasetNotFound(dataset=slug)
    if not viewer.is_authenticated:
        raise KeyNeeded
    if not dataset.is_guarded:
        raise NotGuarded(dataset=slug)
    return dataset


def is_holder(dataset: Dataset, viewer: Viewer) -> bool:
    return viewer.is_authenticated and dataset.grants.filter(holders=viewer.pk).exists()


def require_purpose(purpose: str) -> None:
    if not SHORTEST_PURPOSE <= len(purpose.strip()) <= LONGEST_PURPOSE:
        raise PurposeNeeded(shortest=SHORTEST_PURPOSE)


def values_of(name: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return the one value of a parameter, "" without one."""
    values = [value for given, value in parameters if given == name]
    if len(values) > 1:
        raise BadValue(parameter=name, value=values, expected=Text(ko="값 하나", en="one value"))
    return values[0] if values else ""


def choose_grant(dataset: Dataset, viewer: Viewer, named: str) -> Grant:
    """Return the grant to read by: the one that is named, else the only one that is valid; never several as one."""
    now = timezone.now()
    own = dataset.grants.filter(holders=viewer.pk).select_related("organisation").order_by("pk")
    chosen = own.filter(pk=read_number(named)) if named else own
    valid = list(chosen.valid(now))
    if len(valid) > 1:
        raise GrantToChoose(grants=[grant.pk for grant in valid])
    if not valid:
        raise GrantNeeded(dataset=dataset.slug, reason=why_not(list(chosen), named, now))
    return valid[0]


def read_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadValue(parameter="grant", value=text[:100], expected=Text(ko="승인의 번호", en="the number of a grant"))
    return int(text)


def why_not(own: Sequence[Grant], named: str, now: dt.datetime) -> Text:
    """Return why somebody has no valid grant: what became of the latest one, if there was any."""
    if not own:
        return NOT_YOURS.format(grant=named) if named else NEVER
    grant = own[-1]
    sentence, moment = (
        (REVOKED, grant.revoked_at)
        if grant.revoked_at
        else (NOT_BEGUN, grant.valid_from)
        if grant.valid_from > now
        else (ENDED, grant.valid_until)
    )
    return sentence.format(grant=grant.pk, day=timezone.localdate(moment).isoformat())


def choose_snapshot(dataset: Dataset, cursor: str) -> Snapshot:
    """Return the current version; pages go on for a while in the one that they began in."""
    current = dataset.current_snapshot
    if current is None:
        raise NoRecords(dataset=dataset.slug)
    digest = snapshot_of_cursor(cursor) if cursor else current.digest
    if digest == current.digest:
        return current
    is_fresh = Q(replaced_at__gt=timezone.now() - PAGED_FOR)
    snapshot = dataset.distribution.snapshots.filter(is_fresh, digest=digest).first()
    if snapshot is None:
        raise SnapshotNotFound(snapshot=digest[:12])
    return snapshot


def narrowed_query(parameters: Sequence[tuple[str, str]], schema: Schema, grant: Grant) -> Query:
    """Read a question to what a grant shows, with the grant's own conditions among those of the caller."""
    asked = [(name, value) for name, value in parameters if name not in (*WRITING, "cursor")]
    query = with_districts(parse_query(asked, granted_schema(schema, grant), others=(*WRITING, *OWN)))
    query = replace(query, where=(*query.where, *period_of(schema, grant)))
    cursor = values_of("cursor", parameters)
    return with_cursor(query, cursor) if cursor else query  # its digest is that of the whole question


def granted_schema(schema: Schema, grant: Grant) -> Schema:
    """Return the schema without the columns whose class is not granted, and without what rests on them."""
    columns = tuple(column for column in schema.columns if is_granted(column, grant))
    if not columns:
        raise GrantNeeded(dataset=grant.dataset.slug, reason=NOTHING_LEFT.format(grant=grant.pk))
    names = {column.name for column in columns}
    place = schema.geometry
    needed = {place.column} if place and place.column else {place.longitude, place.latitude} if place else set()
    return Schema(
        columns=columns,
        key=schema.key if names.issuperset(schema.key) else (),
        geometry=place if needed <= names else None,
        time=schema.time if schema.time in names else "",
        missing=schema.missing,
        sorted_by=schema.sorted_by if names.issuperset(schema.sorted_by) else (),
    )


def is_granted(column: Column, grant: Grant) -> bool:
    """Tell whether a column is open to the grant; a class that the vocabulary does not know is personal."""
    code = column.personal_data
    concept = vocabulary("personal_data_class").get(code)
    is_plain = not code or (concept is not None and concept.mappings.get("publishable") == "true")
    return is_plain or code in grant.classes


def period_of(schema: Schema, grant: Grant) -> tuple[Expression, ...]:
    """Return the conditions that keep the answer within the period of the grant; of days only whole ones are in it."""
    if grant.records_from is None and grant.records_until is None:
        return ()
    if not schema.time:
        raise GrantNeeded(dataset=grant.dataset.slug, reason=NO_TIME.format(grant=grant.pk))
    column = schema[schema.time]
    bounds = (("gte", grant.records_from), ("lt", grant.records_until))
    return tuple(compare(operator, column, bound_of(operator, column, moment)) for operator, moment in bounds if moment)


def bound_of(operator: str, column: Column, moment: dt.datetime) -> dt.datetime | dt.date:
    local = timezone.localtime(moment)
    if column.type != "date":
        return local
    begins_within = operator == "gte" and local.time() != dt.time()
    return local.date() + dt.timedelta(days=1) if begins_within else local.date()


def revoke_grant(grant: Grant, because: str) -> bool:
    """End a grant at once, for a reason; False when it was revoked before. Nothing else of a grant is ever changed."""
    now = timezone.now()
    return bool(
        Grant.objects.filter(pk=grant.pk, revoked_at=None).update(revoked_at=now, revoked_because=because.strip())
    )
