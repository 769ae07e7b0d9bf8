"""Personal data in a run: what was decided about a column is carried out, what nobody has decided about holds the run back.

Which columns and what becomes of them stands on the source (``personal_data``, checked in ``sources.py``). The search itself
is in ``catalog/records/personal_data.py``. Only refused records, which stewards alone see, keep what the platform said.
"""

import dataclasses
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import unquote

from django.db import transaction

from catalog.models import Dataset
from catalog.publish import Outcome, update_row
from catalog.records import (
    Column,
    Finding,
    FoundPersonalData,
    Report,
    Schema,
    Staged,
    count_values,
    find_personal_data,
    forget_examples,
    from_table_schema,
    hide_personal_data,
    is_name_of_person,
    mask_text,
)
from catalog.records.personal_proofs import HIDDEN
from catalog.standard import vocabulary
from catalog.text import Text
from ingest.errors import NotRepeatable
from ingest.models import Run, Source
from ingest.repetitions import replay_run, retry_refused
from ingest.runs import offer_run
from ingest.sessions import TWICE
from ingest.sources import check_decisions

CODE = "personal-data"
CLOSED = ("restricted", "non-public")
MIXED = "free-text"  # declared to hold all sorts of things: what is found there is masked, not the whole
TO_DECIDE = Text(
    ko="가림(mask), 비움(drop), 제한(restrict), 개인정보 아님(publish) 가운데 하나로 정할 때까지 공개하지 않습니다.",
    en="It is not published until somebody decides: mask, drop, restrict, or publish if it is none.",
)
SENTENCES: Mapping[str, Text] = {
    "blocking": Text(
        ko="'{column}' 열의 값 {count}개에 {kind}이(가) 있습니다{example}. {to_decide}",
        en="The column '{column}' holds a {kind} in {count} of its values{example}. {to_decide}",
    ),
    "warning": Text(
        ko="'{column}' 열의 값 {count}개에 {kind}(으)로 보이는 것이 있습니다{example}. 개인정보인지 확인하십시오.",
        en="The column '{column}' may hold a {kind} in {count} of its values{example}; look whether it is personal data.",
    ),
    "declared": Text(
        ko="'{column}' 열은 개인정보({kind})로 적혀 있고 값이 {count}개 있습니다. {to_decide}",
        en="The column '{column}' is described as personal data ({kind}) and has {count} values. {to_decide}",
    ),
    "restrict": Text(
        ko="'{column}' 열은 제한(restrict)하기로 정했지만 데이터셋의 공개 등급이 '{level}'입니다. 등급을 '제한'이나 '비공개'로 "
        "바꾸거나 이 열을 달리 정하십시오.",
        en="The column '{column}' is to be restricted, but the dataset's access level is '{level}'. Make it restricted or "
        "non-public, or decide otherwise about this column.",
    ),
}
IN_NAMES = Text(
    ko="파일 이름 {count}개에 개인정보가 있습니다 (예: {example}). 공개되지는 않지만 보낸 곳에서 이름을 고치게 하십시오.",
    en="The names of {count} files hold personal data ({example}, for example). They are not published; have them renamed "
    "where they come from.",
)
EXAMPLE = Text(ko=" (예: {row}번째 행, {masked})", en=" (row {row}, for example: {masked})")
Severity = Literal["warning", "blocking"]
logger = logging.getLogger(__name__)


def hide_decided(staged: Staged, source: Source) -> None:
    """Carry out what was decided: mask and empty columns of the staged rows, and forget their refused values."""
    forget_examples(staged, closed_columns(staged.schema, source))
    schema, decisions = staged.schema, source.personal_data
    masked = {name for name in chosen(decisions, "mask") if name in schema}
    whole = {
        name for name in masked if is_name_of_person(schema[name]) or declared_class(schema[name]) not in ("", MIXED)
    }
    hide_personal_data(staged, masked=masked - whole, whole=whole, emptied=chosen(decisions, "drop"))


def with_personal_data(report: Report, staged: Staged, source: Source, names: Collection[str] = ()) -> Report:
    """Return the report with what personal data was found, and without any in its own sentences and examples.

    ``names`` are those of the files that came: they are not published, and told where there is personal data in them.
    """
    closed = closed_columns(staged.schema, source)
    drift = {
        kind: [without_examples(entry, closed) for entry in entries] if kind != "renamed" else entries
        for kind, entries in report.drift.items()
    }
    findings = [*map(without_values, report.findings), *find_undecided(staged, source), *find_in_names(names)]
    return dataclasses.replace(report, findings=findings, drift=drift)


@transaction.atomic
def decide(what: Run | Source, decisions: Mapping[str, str], *, by: str) -> Run | None:
    """Save what becomes of columns, and return the run that reads what was held back again; None when there is none.

    ``decisions`` are mask, drop, restrict or publish by column; "" takes one back. A wrong one raises BadSetup and changes
    nothing. Where the kept answers cannot be read again the source is pulled anew, unless it is paused.
    """
    source = Source.objects.select_for_update(of=("self",)).get(pk=what.source_id if isinstance(what, Run) else what.pk)
    merged = {name: decision for name, decision in (source.personal_data | decisions).items() if decision}
    check_decisions(merged, from_table_schema(source.distribution.schema))
    outcome = update_row(source, {"personal_data": merged})
    logger.info("%s decided on personal data of %s: %s", by, source.slug, dict(decisions))
    held = source.runs.get(pk=what.pk) if isinstance(what, Run) else last_run(source)
    if held is None or held.state != Run.State.HELD:
        return None
    # One at work reads with what was decided before it began: it will do if nothing else has been decided since.
    will_do = (Run.State.WAITING, Run.State.RUNNING) if outcome is Outcome.UNCHANGED else (Run.State.WAITING,)
    if asked := held.repetitions.filter(state__in=will_do).order_by("-pk").first():
        return asked
    try:
        return retry_refused(held.of) if held.kind == Run.Kind.REFUSED and held.of else replay_run(held)
    except NotRepeatable as error:
        is_taken = error.values["reason"] == TWICE  # nothing is held back any more
        return None if is_taken or source.paused_at else offer_run(source)


def last_run(source: Source) -> Run | None:
    """Return the latest run of a source that has ended."""
    return source.runs.exclude(ended_at=None).order_by("-ended_at", "-pk").first()


def find_undecided(staged: Staged, source: Source) -> Iterator[Finding]:
    """Yield what holds a run back or is worth a look: found, declared, or restricted in a dataset that is not."""
    schema, decisions = staged.schema, source.personal_data
    found = find_personal_data(staged, decisions)
    yield from (found_finding(schema, one) for one in found)
    declared = [
        column
        for column in schema.columns
        if declared_class(column) and column.name not in {*decisions, *blocking_columns(found)}
    ]
    for column, count in zip(declared, count_values(staged, [column.name for column in declared]), strict=True):
        if count:
            kind = label_of_class(declared_class(column))
            yield finding("declared", "blocking", schema, column.name, count, kind=kind, to_decide=TO_DECIDE)
    level = Dataset.objects.values_list("access_level", flat=True).get(pk=source.distribution.dataset_id)
    for name in chosen(decisions, "restrict"):
        if name in schema and level not in CLOSED:
            yield finding(
                "restrict", "blocking", schema, name, staged.accepted, level=vocabulary("access_level")[level].label
            )


def find_in_names(names: Collection[str]) -> Iterator[Finding]:
    """Yield a warning for the names of files that hold personal data."""
    telling = [name for name in map(unquote, names) if mask_text(name) != name]
    if telling:
        text = IN_NAMES.format(count=f"{len(telling):,}", example=mask_text(telling[0]))
        yield Finding(code=CODE, severity="warning", text=text, count=len(telling))


def found_finding(schema: Schema, found: FoundPersonalData) -> Finding:
    example = EXAMPLE.format(row=f"{found.row:,}", masked=found.example) if found.example else ""
    return finding(
        found.weight,
        found.weight,
        schema,
        found.column,
        found.count,
        kind=found.title,
        example=example,
        to_decide=TO_DECIDE,
    )


def finding(
    sentence: str, severity: Severity, schema: Schema, column: str, count: int, **values: str | Text
) -> Finding:
    text = SENTENCES[sentence].format(column=schema[column].title or column, count=f"{count:,}", **values)
    return Finding(code=CODE, severity=severity, text=text, count=count, column=column)


def blocking_columns(found: Collection[FoundPersonalData]) -> set[str]:
    return {one.column for one in found if one.weight == "blocking"}


def chosen(decisions: Mapping[str, str], decision: str) -> list[str]:
    return [name for name, made in decisions.items() if made == decision]


def closed_columns(schema: Schema, source: Source) -> set[str]:
    """Return the columns whose values are told to nobody: decided to be personal, or declared so."""
    decisions = source.personal_data
    declared = {column.name for column in schema.columns if declared_class(column)}
    return {*declared, *decisions} - set(chosen(decisions, "publish"))


def declared_class(column: Column) -> str:
    """Return the class of personal data that a column is described with, "" for none and for what is public."""
    known = vocabulary("personal_data_class")
    code = column.personal_data
    return "" if code in known and known[code].mappings["publishable"] == "true" else code


def label_of_class(code: str) -> Text:
    known = vocabulary("personal_data_class")
    return known[code].label if code in known else Text(en=code)


def without_values(finding: Finding) -> Finding:
    """Return a finding whose sentence holds no personal data that can be told as such."""
    return dataclasses.replace(finding, text=Text(ko=mask_text(finding.text.ko), en=mask_text(finding.text.en)))


def without_examples(entry: Mapping[str, Any], closed: Collection[str]) -> dict[str, Any]:
    """Return an entry of the drift with its examples masked, those of closed columns altogether."""
    if "examples" not in entry:
        return dict(entry)
    is_closed = entry["name"] in closed
    return {**entry, "examples": [HIDDEN if is_closed else mask_text(text) for text in entry["examples"]]}
