"""Sending rules: what is refused when one is saved, and a look at what it would raise now."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from catalog.errors import HubError
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import SendingRule
from ingest.platform.fulfilling import Fulfilling, find_fulfilling, names_in, question_of, schema_of
from ingest.platform.raising import MOST_NEW
from ingest.platform.wire import GRADE_NAMES

SHOWN = 20
NAME = re.compile(r"\S{1,100}")
MOST_ITEMS = 100


@dataclass(frozen=True)
class SendingPreview:
    """Which subjects fulfil a rule now: how many, the first of them, and how many of all have an open occurrence."""

    number: int = 0
    is_more: bool = False
    known: int = 0
    first: tuple[Fulfilling, ...] = field(default=(), repr=False)


def preview_sending(rule: SendingRule) -> SendingPreview:
    """Ask the dataset as it is now by a rule, without telling anybody."""
    snapshot = rule.dataset.current_snapshot
    if snapshot is None:
        return SendingPreview()
    found = list(islice(find_fulfilling(rule, snapshot), MOST_NEW + 1))
    is_open = set(rule.occurrences.filter(ended_at=None).values_list("subject", flat=True)) if rule.pk else set()
    known = sum(one.subject in is_open for one in found)
    return SendingPreview(min(len(found), MOST_NEW), len(found) > MOST_NEW, known, tuple(found[:SHOWN]))


def check_sending_rule(rule: SendingRule) -> None:
    """Refuse a rule that cannot be carried out; BadSetup names the field."""
    if not NAME.fullmatch(rule.event_id):
        raise bad(
            "event_id",
            ko="상황 코드를 띄어쓰기 없이 100자까지 적으십시오 (예: DUCDP110)",
            en="give the code of the kind of event, up to 100 characters without spaces (DUCDP110)",
        )
    if rule.grade not in GRADE_NAMES:
        grades = Text(
            ko=", ".join(f"{grade} {name.ko}" for grade, name in GRADE_NAMES.items()),
            en=", ".join(f"{grade} {name.en}" for grade, name in GRADE_NAMES.items()),
        )
        raise bad("grade", ko=f"쓸 수 있는 등급: {grades.ko}", en=f"allowed grades: {grades.en}")
    check_dataset(rule)
    check_items(rule.items)
    check_columns(rule)
    check_open_ones(rule)
    check_question(rule)


def check_dataset(rule: SendingRule) -> None:
    dataset = rule.dataset
    if dataset.is_guarded:
        raise bad(
            "dataset",
            ko="보호 데이터셋의 레코드는 규칙으로 내보낼 수 없습니다. 다른 데이터셋을 고르십시오",
            en="records of a guarded dataset are not sent by a rule; choose another dataset",
        )
    if dataset.distribution is None or not dataset.distribution.schema:
        raise bad(
            "dataset", ko="이 데이터셋에는 허브가 가진 레코드가 없습니다", en="the hub has no records of this dataset"
        )
    if dataset.withdrawn_at:
        raise bad("dataset", ko="공개가 중단된 데이터셋입니다", en="this dataset is withdrawn")


def check_columns(rule: SendingRule) -> None:
    """Refuse columns that the dataset does not have, wherever the rule names them."""
    schema = schema_of(rule)
    if not rule.subject:
        raise bad(
            "subject",
            ko="무엇에 대한 상황인지 알려 주는 열을 하나 이상 적으십시오 (예: station_id)",
            en="name at least one column that says what an occurrence is about (station_id)",
        )
    named: Mapping[str, Iterable[str]] = {
        "subject": rule.subject,
        "items": rule.items.values(),
        "content": names_in(rule.content, "content"),
        "place": names_in(rule.place, "place"),
    }
    for where, names in named.items():
        for name in names:
            if name not in schema:
                columns = ", ".join(schema.names)
                raise bad(
                    where,
                    ko=f"데이터셋에 '{name}' 열이 없습니다. 있는 열: {columns}",
                    en=f"the dataset has no column '{name}'; it has {columns}",
                )
    if any(schema[name].type == "geometry" for name in rule.subject):
        raise bad("subject", ko="도형 열은 대상이 될 수 없습니다", en="a column of geometries cannot be the subject")


def check_items(items: Any) -> None:  # noqa: ANN401 (any value of JSON)
    is_right = isinstance(items, dict) and all(isinstance(name, str) for name in items.values())
    if not is_right or len(items) > MOST_ITEMS or not all(NAME.fullmatch(key) for key in items):
        raise bad(
            "items",
            ko=f'항목 이름과 열 이름의 표여야 합니다 (예: {{"LEVEL": "water_level"}}), {MOST_ITEMS}개까지',
            en=f'give a table of item keys and columns, such as {{"LEVEL": "water_level"}}, up to {MOST_ITEMS}',
        )


def check_open_ones(rule: SendingRule) -> None:
    """What has begun goes on under its kind and at its platform: neither changes while an occurrence lasts."""
    kept = SendingRule.objects.filter(pk=rule.pk).first() if rule.pk else None
    if kept is None or not kept.occurrences.filter(ended_at=None).exists():
        return
    for field_name in ("receiver_id", "event_id"):
        if getattr(kept, field_name) != getattr(rule, field_name):
            raise bad(
                field_name.removesuffix("_id") if field_name == "receiver_id" else field_name,
                ko="진행 중인 상황이 있어 바꿀 수 없습니다. 규칙을 꺼서 모두 취소한 뒤에 바꾸거나 새 규칙을 만드십시오",
                en="it cannot be changed while occurrences last; switch the rule off, which cancels them, or make a new rule",
            )


def check_question(rule: SendingRule) -> None:
    """Refuse a condition that the query language does not understand."""
    try:
        question_of(rule, schema_of(rule))
    except HubError as error:
        raise BadSetup(where="condition", problem=error.text) from error


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
