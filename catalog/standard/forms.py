"""The form of one value: what each kind of field looks like, told as the rules that a value breaks.

A check yields ``Broken`` values: the rule, where inside the value (``.0.name``; nothing for the value itself) and what
fills the rule's sentence. Nested descriptions (parts, contact points) are walked by ``catalog/standard/conformance.py``.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.standard.profile import Class, Field, Kind
from catalog.standard.rules import TITLE_LENGTH
from catalog.standard.vocabularies import is_region, vocabulary

SLUG_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
EMAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
DAY_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
MOMENT_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?\Z", re.ASCII)
NUMBER = r"\d+(?:\.\d+)?"
DURATION_PATTERN = re.compile(
    rf"P(?=[\dT])({NUMBER}Y)?({NUMBER}M)?({NUMBER}W)?({NUMBER}D)?(T(?=\d)({NUMBER}H)?({NUMBER}M)?({NUMBER}S)?)?\Z",
    re.ASCII,
)
HEXADECIMAL_PATTERN = re.compile(r"[0-9A-Fa-f]+\Z")
# Absolute, and without the characters that no IRI may have (RFC 3987); scripts are no address of anything.
URI_PATTERN = re.compile(r"(?!(?:javascript|vbscript|data):)[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+\Z", re.I)
PAGE_PATTERN = re.compile(r"https?://[^\s/?#<>\"{}|\\^`]+[^\s<>\"{}|\\^`]*\Z", re.I)

# Where a person is sent with a browser, or a program to fetch; everything else names something and may be any URI.
PAGE_TERMS = frozenset({"dcat:landingPage", "foaf:homepage", "vcard:hasURL"})
EMAIL_TERM = "vcard:hasEmail"
SHOWN_CODES = 40


@dataclass(frozen=True)
class Broken:
    """A rule that is broken, at a place inside a value; ``values`` fill the rule's sentence."""

    rule: str
    place: str = ""
    values: Mapping[str, object] | None = None


Check = Callable[[Any, Field], Iterator[Broken]]


def check_form(value: object, field: Field) -> Iterator[Broken]:
    """Yield what is wrong with the form of a field's value: of each of its values, where it may have several."""
    if not field.many:
        yield from FORMS[field.kind](value, field)
    elif not is_list(value):
        yield Broken("form.list")
    else:
        for number, item in enumerate(value):
            for broken in FORMS[field.kind](item, field):
                yield Broken(broken.rule, f".{number}{broken.place}", broken.values)


def is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def is_blank(value: object) -> bool:
    """Tell whether a value says nothing; 0 and false do say something."""
    if value is None or isinstance(value, str):
        return not value or not value.strip()
    if isinstance(value, Mapping):
        return all(is_blank(part) for part in value.values())
    return is_list(value) and len(value) == 0


def check_text(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, Mapping) or not is_by_language(value, str):
        yield Broken("form.text")
        return
    if not value.get("ko", "").strip():
        yield Broken("korean")
    if field.name == "title" and any(len(text) > TITLE_LENGTH for text in value.values()):
        yield Broken("text.length")


def is_by_language(value: Mapping[Any, Any], kind: type) -> bool:
    return not set(value) - {"ko", "en"} and all(isinstance(text, kind) for text in value.values())


def check_keywords(value: object, field: Field) -> Iterator[Broken]:
    if (
        not isinstance(value, Mapping)
        or set(value) - {"ko", "en"}
        or not all(is_list(words) and all(isinstance(word, str) for word in words) for words in value.values())
    ):
        yield Broken("form.keywords")


def check_string(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, str) or len(value.splitlines()) > 1:
        yield Broken("form.string")
    elif field.term == EMAIL_TERM and not EMAIL_PATTERN.match(value):
        yield Broken("form.email")


def check_code(value: object, field: Field) -> Iterator[Broken]:
    codes = vocabulary(field.vocabulary)
    if not isinstance(value, str) or value not in codes:
        yield Broken("code", values={"value": value, "allowed": some_of(codes)})


def some_of(codes: Mapping[str, object]) -> str:
    """Return codes for a sentence: all of a short vocabulary, the first of a long one."""
    shown = ", ".join(list(codes)[:SHOWN_CODES])
    return f"{shown}, …" if len(codes) > SHOWN_CODES else shown


def check_region(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, str) or not is_region(value):
        yield Broken("form.region", values={"value": value})


def check_day(value: object, field: Field) -> Iterator[Broken]:
    if not is_day(value):
        yield Broken("form.day", values={"value": value})


def is_day(value: object) -> bool:
    """Tell whether a value is a day that exists; setup files (TOML) hold days as such, documents as text."""
    return type(value) is dt.date or (isinstance(value, str) and bool(DAY_PATTERN.match(value)) and is_date(value))


def is_date(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def check_moment(value: object, field: Field) -> Iterator[Broken]:
    text = value.isoformat() if isinstance(value, dt.date) else value
    if not isinstance(text, str) or not MOMENT_PATTERN.match(text) or not is_date(text):
        yield Broken("form.moment", values={"value": value})


def check_period(value: object, field: Field) -> Iterator[Broken]:
    if (
        not isinstance(value, Mapping)
        or set(value) - {"start", "end"}
        or not all(day in (None, "") or is_day(day) for day in value.values())
    ):
        yield Broken("form.period")
        return
    start, end = value.get("start"), value.get("end")
    if start and end and str(start) > str(end):
        yield Broken("period.order")


def check_duration(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, str) or not DURATION_PATTERN.match(value):
        yield Broken("form.duration", values={"value": value})


def check_integer(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        yield Broken("form.integer")


def check_decimal(value: object, field: Field) -> Iterator[Broken]:
    if not is_number(value):
        yield Broken("form.decimal")


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def check_boolean(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, bool):
        yield Broken("form.boolean")


def check_slug(rule: str) -> Check:
    """Return the check of a slug that breaks the given rule."""

    def check(value: object, field: Field) -> Iterator[Broken]:
        if not isinstance(value, str) or not SLUG_PATTERN.match(value):
            yield Broken(rule)

    return check


def check_address(value: object, field: Field) -> Iterator[Broken]:
    if field.term in PAGE_TERMS:
        if not isinstance(value, str) or not PAGE_PATTERN.match(value):
            yield Broken("form.page")
    elif not is_uri(value):
        yield Broken("form.address")


def is_uri(value: object) -> bool:
    """Tell whether a value is an absolute URI (or IRI) that is safe to write and to link."""
    return isinstance(value, str) and bool(URI_PATTERN.match(value))


def check_box(value: object, field: Field) -> Iterator[Broken]:
    if not is_list(value) or len(value) != 4 or not all(is_number(side) for side in value):
        yield Broken("form.box")
        return
    west, south, east, north = value
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        yield Broken("box.range")
    if west > east or south > north:
        yield Broken("box.order")


def check_checksum(value: object, field: Field) -> Iterator[Broken]:
    codes = vocabulary(field.vocabulary)
    if (
        not isinstance(value, Mapping)
        or set(value) != {"algorithm", "value"}
        or value["algorithm"] not in codes
        or not isinstance(value["value"], str)
        or not HEXADECIMAL_PATTERN.match(value["value"])
    ):
        yield Broken("form.checksum", values={"allowed": some_of(codes)})


def check_identifier(value: object, field: Field) -> Iterator[Broken]:
    if (
        not isinstance(value, Mapping)
        or set(value) - {"notation", "scheme"}
        or not all(isinstance(part, str) for part in value.values())
        or is_blank(value.get("notation"))
    ):
        yield Broken("form.identifier")


def check_party(*parts: str) -> Check:
    """Return the check of an organisation outside the catalogue, told by the given parts."""

    def check(value: object, field: Field) -> Iterator[Broken]:
        if not isinstance(value, Mapping) or set(value) - set(parts) or not (value.get("name") or value.get("uri")):
            yield Broken("form.agent", values={"allowed": ", ".join(parts)})
            return
        if is_blank(value.get("name")):
            yield Broken("agent.name")
        for part, check_part in (("name", check_text), ("uri", check_address), ("role", check_code)):
            if not is_blank(value.get(part)):
                yield from (Broken(b.rule, f".{part}{b.place}", b.values) for b in check_part(value[part], field))

    return check


def check_relation(value: object, field: Field) -> Iterator[Broken]:
    if not isinstance(value, Mapping) or set(value) - {"target", "role"} or not is_uri(value.get("target")):
        yield Broken("form.relation")
    elif not is_blank(value.get("role")):
        yield from (Broken(b.rule, f".role{b.place}", b.values) for b in check_code(value["role"], field))


def check_nested(value: object, field: Field) -> Iterator[Broken]:
    """Check that a part is an object; what is in it is checked as a description of its own class."""
    if not isinstance(value, Mapping):
        yield Broken("form.part", values={"allowed": nested_class(field)})


def nested_class(field: Field) -> Class | None:
    """Return the class of the description inside a field, None when it holds none."""
    return Class.CONTACT if field.kind is Kind.CONTACT else field.of if field.kind is Kind.PART else None


FORMS: Mapping[Kind, Check] = {
    Kind.TEXT: check_text,
    Kind.KEYWORDS: check_keywords,
    Kind.STRING: check_string,
    Kind.CODE: check_code,
    Kind.REGION: check_region,
    Kind.DAY: check_day,
    Kind.MOMENT: check_moment,
    Kind.PERIOD: check_period,
    Kind.DURATION: check_duration,
    Kind.INTEGER: check_integer,
    Kind.DECIMAL: check_decimal,
    Kind.BOOLEAN: check_boolean,
    Kind.CONTACT: check_nested,
    Kind.ORGANISATION: check_slug("form.organisation"),
    Kind.ADDRESS: check_address,
    Kind.REFERENCE: check_slug("form.reference"),
    Kind.BOX: check_box,
    Kind.CHECKSUM: check_checksum,
    Kind.IDENTIFIER: check_identifier,
    Kind.AGENT: check_party("name", "uri"),
    Kind.ATTRIBUTION: check_party("name", "uri", "role"),
    Kind.RELATION: check_relation,
    Kind.PART: check_nested,
}
