"""Does a description meet the standard? Pass or fail, rule by rule, each with a sentence that says how to mend it."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.standard.profile import FIELD, FIELDS, Field, Kind, Obligation
from catalog.standard.vocabularies import is_region, vocabulary
from catalog.text import Text

SLUG_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
EMAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
TITLE_LENGTH = 200


@dataclass(frozen=True)
class Problem:
    """A rule that a description breaks: the rule's identifier, the field, and what would be right."""

    rule: str
    field: str
    text: Text


def check_description(description: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return every broken rule; an empty answer means that the description conforms."""
    return tuple(find_problems(description))


def find_problems(description: Mapping[str, Any]) -> Iterator[Problem]:
    for name in description:
        if name not in FIELD:
            allowed = ", ".join(FIELD)
            yield Problem(
                "unknown-field",
                name,
                Text(
                    ko=f"표준에 없는 항목입니다. 쓸 수 있는 것: {allowed}",
                    en=f"not a field of the standard; allowed: {allowed}",
                ),
            )
    for field in FIELDS:
        value = description.get(field.name)
        if not value:
            if field.obligation is Obligation.MANDATORY:
                yield Problem(
                    "mandatory",
                    field.name,
                    Text(ko=f"'{field.label.ko}'은(는) 꼭 있어야 합니다", en=f"'{field.label.en}' is mandatory"),
                )
            continue
        if text := CHECKS[field.kind](value, field):
            yield Problem(field.kind.value, field.name, text)
    if description.get("access_level") in ("restricted", "non-public") and not description.get("access_reason"):
        yield Problem(
            "reason",
            "access_reason",
            Text(ko="제한된 자료에는 사유를 적어야 합니다", en="restricted data needs a reason"),
        )


def check_text(value: object, field: Field) -> Text:
    if (
        not isinstance(value, Mapping)
        or set(value) - {"ko", "en"}
        or not all(isinstance(text, str) for text in value.values())
    ):
        return Text(ko='{"ko": "…", "en": "…"} 형식이어야 합니다', en='must be {"ko": "…", "en": "…"}')
    if not value.get("ko", "").strip():
        return Text(ko="한국어 글이 있어야 합니다", en="the Korean text is missing")
    if field.name == "title" and any(len(text) > TITLE_LENGTH for text in value.values()):
        return Text(ko=f"{TITLE_LENGTH}자를 넘을 수 없습니다", en=f"at most {TITLE_LENGTH} characters")
    return Text()


def check_keywords(value: object, field: Field) -> Text:
    right = isinstance(value, Mapping) and not set(value) - {"ko", "en"}
    if not right or not all(
        isinstance(words, list) and all(isinstance(word, str) for word in words) for words in value.values()
    ):
        return Text(ko='{"ko": ["낱말", …], "en": […]} 형식이어야 합니다', en='must be {"ko": ["word", …], "en": […]}')
    return Text()


def check_code(value: object, field: Field) -> Text:
    codes = vocabulary(field.vocabulary)
    if value not in codes:
        allowed = ", ".join(codes)
        return Text(
            ko=f"'{value}' 코드는 없습니다. 쓸 수 있는 것: {allowed}", en=f"unknown code '{value}'; allowed: {allowed}"
        )
    return Text()


def check_region(value: object, field: Field) -> Text:
    if not isinstance(value, str) or not is_region(value):
        return Text(
            ko=f"'{value}'은(는) 지역 코드가 아닙니다. 알려진 시도 코드로 시작하는 2, 5, 8, 10자리 숫자여야 합니다",
            en=f"'{value}' is no region code; 2, 5, 8 or 10 digits that begin with a known province",
        )
    return Text()


def check_period(value: object, field: Field) -> Text:
    wrong = Text(
        ko='{"start": "YYYY-MM-DD", "end": "YYYY-MM-DD"} 형식이어야 합니다',
        en='must be {"start": "YYYY-MM-DD", "end": "YYYY-MM-DD"}',
    )
    if not isinstance(value, Mapping) or set(value) - {"start", "end"}:
        return wrong
    try:
        start, end = (dt.date.fromisoformat(str(value[side])) if value.get(side) else None for side in ("start", "end"))
    except ValueError:
        return wrong
    if start and end and start > end:
        return Text(ko="시작이 끝보다 늦습니다", en="the start is after the end")
    return Text()


def check_contact(value: object, field: Field) -> Text:
    if not isinstance(value, Mapping) or set(value) - {"name", "email", "phone"}:
        return Text(ko="name, email, phone만 쓸 수 있습니다", en="only name, email and phone are allowed")
    if text := check_text(value.get("name"), field):
        return text
    if value.get("email") and not EMAIL_PATTERN.match(value["email"]):
        return Text(ko="전자우편 주소가 아닙니다", en="not an e-mail address")
    return Text()


def check_organisation(value: object, field: Field) -> Text:
    if not isinstance(value, str) or not SLUG_PATTERN.match(value):
        return Text(ko="기관의 식별자(slug)여야 합니다", en="must be the slug of an organisation")
    return Text()


def check_address(value: object, field: Field) -> Text:
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return Text(
            ko="http:// 또는 https://로 시작하는 주소여야 합니다",
            en="must be an address that starts with http:// or https://",
        )
    return Text()


CHECKS: Mapping[Kind, Callable[[Any, Field], Text]] = {
    Kind.TEXT: check_text,
    Kind.KEYWORDS: check_keywords,
    Kind.CODE: check_code,
    Kind.REGION: check_region,
    Kind.PERIOD: check_period,
    Kind.CONTACT: check_contact,
    Kind.ORGANISATION: check_organisation,
    Kind.ADDRESS: check_address,
}
