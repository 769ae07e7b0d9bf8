"""Which rule an event falls under: the specific before the wildcard, the platform's own before those of all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from catalog.models import Dataset
from catalog.records import from_table_schema
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import EventRule, Platform
from ingest.platform.columns import OWN_COLUMNS

PATTERN = re.compile(r"[^*]*\*?")
TYPES = ("string", "integer", "number", "boolean", "date", "datetime", "time")


def rules_for(platform: Platform) -> list[EventRule]:
    """Return the rules that a platform's events may fall under, the most specific first."""
    rules = EventRule.objects.filter(Q(platform=platform) | Q(platform=None), is_enabled=True).select_related("dataset")
    return sorted(rules, key=precision, reverse=True)


def precision(rule: EventRule) -> tuple[bool, bool, int, bool, int, int]:
    event, detail = rule.event_id, rule.detail_code
    return (
        rule.platform_id is not None,
        not event.endswith("*"),
        len(event),
        not detail.endswith("*"),
        len(detail),
        -(rule.pk or 0),
    )


def choose_rule(rules: Sequence[EventRule], event_id: str, detail_code: str) -> EventRule | None:
    """Return the first rule whose kind and detail fit; None when no rule does."""
    for rule in rules:
        if fits(rule.event_id, event_id) and fits(rule.detail_code, detail_code):
            return rule
    return None


def fits(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


@dataclass(frozen=True)
class Attribute:
    """An item of messages: the column that takes it, its type, and whether the moment of the message goes with it."""

    column: str
    type: str = "string"
    observed_at: bool = False


def attributes_of(rule: EventRule) -> dict[str, Attribute]:
    return {key: Attribute(**told) for key, told in rule.attributes.items()}


def check_rule(rule: EventRule) -> None:
    """Refuse a rule that cannot be carried out; BadSetup names the field."""
    for field in ("event_id", "detail_code"):
        if not getattr(rule, field) or not PATTERN.fullmatch(getattr(rule, field)):
            raise bad(
                field,
                ko="코드 전체를 쓰거나 앞부분 뒤에 *를 한 번 쓰십시오 (예: 112UC001, 112*, *)",
                en="give a whole code, or its beginning with one * behind it (112UC001, 112*, *)",
            )
    if rule.dataset is not None and not rule.dataset.is_guarded:
        raise bad(
            "dataset",
            ko="사건은 보호 데이터셋(guarded)에만 담을 수 있습니다",
            en="events go into a guarded dataset only",
        )
    for key, told in sorted(rule.attributes.items()):
        check_attribute(rule, key, told)


def check_attribute(rule: EventRule, key: str, told: Any) -> None:  # noqa: ANN401 (any value of JSON)
    where = f"attributes.{key}"
    known = set(Attribute.__dataclass_fields__)
    if not isinstance(told, dict) or not isinstance(told.get("column"), str) or not set(told) <= known:
        raise bad(
            where,
            ko=f"{', '.join(sorted(known))} 가운데 column은 꼭 있어야 합니다",
            en=f"give an object with column, and if need be {', '.join(sorted(known - {'column'}))}",
        )
    if told.get("type", "string") not in TYPES:
        raise bad(
            where,
            ko=f"'{told['type']}' 유형은 없습니다. 쓸 수 있는 것: {', '.join(TYPES)}",
            en=f"unknown type '{told['type']}'; allowed: {', '.join(TYPES)}",
        )
    if not isinstance(told.get("observed_at", False), bool):
        raise bad(where, ko="observed_at은 true나 false입니다", en="observed_at is true or false")
    if told["column"] in OWN_COLUMNS:
        raise bad(
            where,
            ko=f"'{told['column']}' 열은 메시지 자체의 항목이 채웁니다. 다른 열을 쓰십시오",
            en=f"the column '{told['column']}' is filled by the message itself; name another one",
        )
    for dataset in targets_of(rule):
        columns = from_table_schema(dataset.distribution.schema)
        if told["column"] not in columns:
            raise bad(
                where,
                ko=f"'{dataset.slug}' 데이터셋에 '{told['column']}' 열이 없습니다. 데이터셋에 열을 먼저 추가하십시오",
                en=f"the dataset '{dataset.slug}' has no column '{told['column']}'; add it there first",
            )
        if columns[told["column"]].type != told.get("type", "string"):
            raise bad(
                where,
                ko=f"'{dataset.slug}' 데이터셋의 '{told['column']}' 열은 {columns[told['column']].type}입니다. type을 맞추십시오",
                en=f"the column '{told['column']}' of '{dataset.slug}' is {columns[told['column']].type}; say so in type",
            )
        if told.get("observed_at") and f"{told['column']}_observed_at" not in columns:
            raise bad(
                where,
                ko=f"관측 일시를 담을 '{told['column']}_observed_at' 열이 '{dataset.slug}' 데이터셋에 없습니다",
                en=f"the dataset '{dataset.slug}' has no column '{told['column']}_observed_at' for the moment",
            )


def targets_of(rule: EventRule) -> Iterable[Dataset]:
    """Return the datasets that a rule's events may go to, as far as there are any yet."""
    if rule.dataset is not None:
        return [rule.dataset]
    platforms = Platform.objects.filter(pk=rule.platform_id) if rule.platform_id else Platform.objects.all()
    return [each.dataset for each in platforms.select_related("dataset__distribution")]


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
