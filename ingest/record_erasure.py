"""Erasing somebody's records: from what is published and was, from kept answers, from what is made of it and from what comes later.

A demand is a row (``RecordErasure``), entered by ``ask_erasure`` and done by a worker (``erase_due_records``), who may die at any
line: everything is found again by the digest alone. Peers learn of it by the dataset's entry (``federation/applying.py``).
What the platform itself goes on telling is left out of each run, and is among its kept answers until their days are over.
"""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog.erase import forget_other_versions
from catalog.errors import Conflict
from catalog.feed import lock_feed
from catalog.models import Dataset, Distribution
from catalog.publish import publish_snapshot
from catalog.records import (
    ERASABLE,
    Erased,
    Finding,
    Manifest,
    Report,
    Schema,
    Staged,
    count_erasable,
    digest_of_values,
    erase_rows,
    estimate_size,
    from_table_schema,
    leave_out_erased,
)
from catalog.storage import question_limits, record_store
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import RecordErasure, Run, Source
from ingest.raw import forget_answers_of
from ingest.recipe_rules import known_recipes
from ingest.runs import offer_run

LEASE = dt.timedelta(minutes=10)
LEFT_OUT = Text(
    ko="삭제 요청으로 지운 레코드 {count}개가 다시 와서 넣지 않았습니다. 플랫폼에서도 지우도록 하십시오.",
    en="{count} records came again that had been erased on demand; they were left out. Have the platform erase them too.",
)
NO_RECORDS = Text(ko="이 허브가 레코드를 내지 않는 데이터셋입니다", en="this hub serves no records of it")
NOT_HERE = Text(
    ko="다른 허브({home})의 데이터셋입니다. 그 허브에서 지우면 여기서도 지워집니다",
    en="it is at home at another hub ({home}); what is erased there goes here as well",
)
NO_COLUMN = Text(
    ko="'{column}' 열로는 찾을 수 없습니다. 쓸 수 있는 열(글자와 정수): {columns}",
    en="records are not found by a column '{column}'; those of texts and whole numbers are {columns}",
)
NO_NUMBER = Text(ko="'{column}' 열은 정수입니다", en="the column '{column}' holds whole numbers")
NOTHING = Text(ko="열과 값을 하나 이상 적으십시오", en="give at least one column with its value")


def ask_erasure(dataset: Dataset, told: Mapping[str, str], *, reason: str, by: str) -> RecordErasure:
    """Enter a demand to erase the records whose columns have these values; from now on no run publishes them."""
    columns, values = checked(dataset, told)
    with transaction.atomic():
        lock_feed()
        erasure = RecordErasure(dataset=dataset, columns=list(columns), reason=reason, asked_by=by)
        erasure.digest = digest_of_values(erasure.salt, values)
        erasure.save()
    return erasure


def count_asked(dataset: Dataset, told: Mapping[str, str]) -> int:
    """Return how many published records have these values now."""
    columns, values = checked(dataset, told)
    current = dataset.distribution.current_snapshot
    erased = Erased(columns, "", frozenset([digest_of_values("", values)]))
    return count_erasable(current.manifest, erased, record_store(), question_limits()) if current else 0


def checked(dataset: Dataset, told: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns and their values as they are compared; BadSetup says what cannot be asked for."""
    if dataset.home:
        raise BadSetup(where=dataset.slug, problem=NOT_HERE.format(home=dataset.home))
    if dataset.distribution is None:
        raise BadSetup(where=dataset.slug, problem=NO_RECORDS)
    schema = from_table_schema(dataset.distribution.schema)
    if not told:
        raise BadSetup(where=dataset.slug, problem=NOTHING)
    return tuple(told), tuple(value_of(column, text, schema) for column, text in told.items())


def value_of(column: str, text: str, schema: Schema) -> str:
    if column not in schema or schema[column].type not in ERASABLE:
        known = ", ".join(one.name for one in schema.columns if one.type in ERASABLE)
        raise BadSetup(where=column, problem=NO_COLUMN.format(column=column, columns=known))
    if schema[column].type == "string":
        return text
    try:
        return str(int(text))
    except ValueError:
        raise BadSetup(where=column, problem=NO_NUMBER.format(column=column)) from None


def erase_due_records() -> int:
    """Do the demands that are not done; one that another worker is at is left to it until its lease is over."""
    now, done = timezone.now(), 0
    due = RecordErasure.objects.filter(ended_at=None).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    for pk in due.order_by("pk").values_list("pk", flat=True):
        if due.filter(pk=pk).update(leased_until=now + LEASE):
            erase(RecordErasure.objects.select_related("dataset").get(pk=pk))
            done += 1
    return done


def erase(erasure: RecordErasure) -> RecordErasure:
    """Erase what one demand asks for; done twice it does no more than once."""
    erased = erased_of(erasure)
    distribution = Distribution.objects.select_related("dataset").get(dataset=erasure.dataset, schema__isnull=False)
    while True:
        current = distribution.current_snapshot
        before = current.manifest if current else None
        manifest, records = erase_rows(before, erased, record_store(), question_limits()) if before else (None, 0)
        try:
            publish_rest(erasure, distribution, manifest, records)
        except Conflict:
            distribution = Distribution.objects.select_related("dataset").get(pk=distribution.pk)
            continue
        break
    erasure.refresh_from_db()
    return erasure


@transaction.atomic
def publish_rest(erasure: RecordErasure, distribution: Distribution, manifest: Manifest | None, records: int) -> None:
    """Publish what is left, let go of everything that may hold the rest, and write down that it was done."""
    lock_feed()
    current = distribution.current_snapshot
    if manifest is not None and current is not None and manifest.digest != current.digest:
        publish_snapshot(
            distribution,
            manifest,
            report=Report(),
            rejected=current.rejected,
            csv_size=estimate_size(manifest, "csv", record_store(), question_limits()),
            valid_at=current.valid_at,
            based_on=current.digest,
        )
    made = datasets_made_of(erasure.dataset.slug)
    versions = forget_other_versions(distribution)
    for derived in made:
        versions += forget_other_versions(derived, is_clean=False)
    touched = [distribution, *made]
    runs = forget_answers_of(Run.objects.filter(source__distribution__in=touched, ended_at__isnull=False))
    for source in Source.objects.filter(distribution__in=made, is_enabled=True, paused_at=None):
        offer_run(source)
    RecordErasure.objects.filter(pk=erasure.pk).update(
        ended_at=timezone.now(),
        leased_until=None,
        records=F("records") + records,
        versions=F("versions") + versions,
        runs=F("runs") + runs,
        derived=[derived.dataset.slug for derived in made],
    )


def datasets_made_of(slug: str) -> list[Distribution]:
    """Return what recipes make of a dataset, of what they make of it, and so on."""
    makes, found = known_recipes(), [slug]
    for known in found:
        found += [made for made, inputs in makes.items() if known in inputs and made not in found]
    rows = Distribution.objects.select_related("dataset").filter(schema__isnull=False)
    return list(rows.filter(dataset__slug__in=found[1:]).order_by("dataset__slug"))


def erased_of(erasure: RecordErasure) -> Erased:
    return Erased(tuple(erasure.columns), erasure.salt, frozenset([erasure.digest]))


def leave_out_erased_records(staged: Staged, distribution: Distribution) -> int:
    """Take out of an answer what was erased before; return how many rows."""
    rows = RecordErasure.objects.filter(dataset=distribution.dataset_id)
    return leave_out_erased(staged, [erased_of(row) for row in rows])


def newest_erasure(distribution: Distribution) -> int:
    newest = RecordErasure.objects.filter(dataset=distribution.dataset_id).order_by("-pk")
    return newest.values_list("pk", flat=True).first() or 0


def tell_left_out(count: int) -> list[Finding]:
    return [Finding("erased", "warning", LEFT_OUT.format(count=f"{count:,}"), count=count)] if count else []
