"""Values of the profile as the strings that CKAN's extras hold, and back: one row a kind.

Writing is exact. Reading is also for what others wrote: codes are found by URI, label or any known name, lists may be
JSON, a real list or divided by commas. What cannot be read is ``None``; nothing is made up.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.exchange.ckan.names import moment_of
from catalog.standard import Field, Kind, is_region
from catalog.standard.vocabularies import find_code
from catalog.text import Text

HANGUL = re.compile(r"[ᄀ-ᇿ㄰-㆏가-힣]")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
DURATION = re.compile(r"P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")
LANGUAGES = ("ko", "en")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Spelling:
    """How a single value of a kind is spelled in a string and read from whatever stands there; None is unreadable."""

    write: Callable[[Any], str]
    read: Callable[[Any, Field], Any]


def write_value(value: object, field: Field) -> str:
    """Return a value as one string; several values are a JSON list."""
    return as_json(value) if field.many else SPELLINGS[field.kind].write(value)


def read_value(raw: Any, field: Field) -> Any:  # noqa: ANN401
    """Return the value that a string (or a JSON value) stands for; None when there is none that can be read."""
    spelling = SPELLINGS[field.kind]
    if not field.many:
        return spelling.read(raw[0] if isinstance(raw, list) and len(raw) == 1 else raw, field)
    found = [spelling.read(part, field) for part in parts_of(raw, field)]
    return [value for value in found if value is not None] or None


def parts_of(raw: object, field: Field) -> list[Any]:
    listed = as_document(raw)
    if isinstance(listed, list):
        return listed
    if isinstance(raw, str) and field.kind in DIVIDED_BY_COMMAS and not URI.match(raw):
        return [part.strip() for part in raw.split(",") if part.strip()]
    return [listed]


def as_json(value: object) -> str:
    return orjson.dumps(value).decode()


def as_document(raw: Any) -> Any:  # noqa: ANN401
    """Return what a string of JSON holds; anything else as it is."""
    if not isinstance(raw, str) or not raw.lstrip().startswith(("[", "{")):
        return raw
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw


def as_text(raw: object) -> dict[str, str]:
    """Return a text by language: of ``{"ko": …}`` each its own; of a plain one by whether it holds Hangul."""
    given = as_document(raw)
    if isinstance(given, Mapping):
        return text_of_languages(given)
    plain = str(raw).strip() if isinstance(raw, (str, int, float)) else ""
    if not plain:
        return {}
    return {"ko" if HANGUL.search(plain) else "en": plain}


def text_of_languages(given: Mapping[str, Any]) -> dict[str, str]:
    """Keep Korean and English; of other languages the first stands in where a language is empty."""
    words = {str(language)[:2].lower(): text for language, text in given.items() if isinstance(text, str) and text}
    text = {language: words[language] for language in LANGUAGES if language in words}
    for language, other in words.items():
        if language not in LANGUAGES:
            text.setdefault("ko" if HANGUL.search(other) else "en", other)
    return {language: text[language] for language in LANGUAGES if language in text}


def plain_text(text: Mapping[str, str] | None) -> str:
    """Return a text in one language, Korean before English."""
    return Text.from_value(text).in_language("ko")


def read_code(raw: object, field: Field) -> str | None:
    return find_code(field.vocabulary, str(raw)) if isinstance(raw, (str, int)) and str(raw).strip() else None


def read_region(raw: object, field: Field) -> str | None:
    return raw if isinstance(raw, str) and is_region(raw) else None


def read_string(raw: object, field: Field | None = None) -> str | None:
    return str(raw).strip() or None if isinstance(raw, (str, int, float)) else None


def read_address(raw: object, field: Field | None = None) -> str | None:
    text = read_string(raw)
    return text if text and URI.fullmatch(text) else None


def read_day(raw: object, field: Field | None = None) -> str | None:
    moment = moment_of(raw) if isinstance(raw, str) else None
    return moment.date().isoformat() if moment else None


def read_moment(raw: object, field: Field | None = None) -> str | None:
    """Return a day as a day, and a moment with its offset, as it was written where it had one."""
    text = read_string(raw)
    moment = moment_of(text) if text else None
    if moment is None:
        return None
    if DAY.fullmatch(text):
        return text
    return text if dt.datetime.fromisoformat(text).tzinfo else moment.isoformat()


def read_duration(raw: object, field: Field) -> str | None:
    text = read_string(raw)
    return text if text and DURATION.fullmatch(text) else None


def read_integer(raw: object, field: Field | None = None) -> int | None:
    text = "" if isinstance(raw, bool) else str(raw).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def read_decimal(raw: object, field: Field) -> float | None:
    try:
        return None if isinstance(raw, bool) else float(raw)
    except (TypeError, ValueError):
        return None


def read_boolean(raw: object, field: Field) -> bool | None:
    return {"true": True, "false": False}.get(str(raw).strip().lower())


def read_box(raw: object, field: Field) -> list[float] | None:
    """Read ``[west, south, east, north]``, as a list or divided by commas."""
    document = as_document(raw)
    parts = document.split(",") if isinstance(document, str) else document
    try:
        west, south, east, north = (float(part) for part in parts)
    except (TypeError, ValueError):
        return None
    return [west, south, east, north] if is_box(west, south, east, north) else None


def is_box(west: float, south: float, east: float, north: float) -> bool:
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def read_period(raw: object, field: Field | None = None) -> dict[str, str] | None:
    given = as_document(raw)
    if not isinstance(given, Mapping):
        return None
    days = {side: read_day(given.get(side)) for side in ("start", "end")}
    return {side: day for side, day in days.items() if day} or None


def read_document(raw: Any, field: Field) -> Any:  # noqa: ANN401
    """Read a value with parts of its own, as only our own packages hold it."""
    given = as_document(raw)
    return given if isinstance(given, Mapping) and NEEDED[field.kind] <= set(given) else None


NEEDED: Mapping[Kind, frozenset[str]] = {
    Kind.CHECKSUM: frozenset({"algorithm", "value"}),
    Kind.IDENTIFIER: frozenset({"notation"}),
    Kind.AGENT: frozenset({"name"}),
    Kind.ATTRIBUTION: frozenset({"role"}),
    Kind.RELATION: frozenset({"target"}),
    Kind.PART: frozenset({"name"}),
    Kind.CONTACT: frozenset({"name"}),
}
DIVIDED_BY_COMMAS = (Kind.CODE, Kind.STRING)

SPELLINGS: Mapping[Kind, Spelling] = {
    Kind.STRING: Spelling(str, read_string),
    Kind.CODE: Spelling(str, read_code),
    Kind.REGION: Spelling(str, read_region),
    Kind.DAY: Spelling(str, read_day),
    Kind.MOMENT: Spelling(str, read_moment),
    Kind.PERIOD: Spelling(as_json, read_period),
    Kind.DURATION: Spelling(str, read_duration),
    Kind.INTEGER: Spelling(str, read_integer),
    Kind.DECIMAL: Spelling(as_json, read_decimal),
    Kind.BOOLEAN: Spelling(as_json, read_boolean),
    Kind.ORGANISATION: Spelling(str, read_string),
    Kind.ADDRESS: Spelling(str, read_address),
    Kind.REFERENCE: Spelling(str, read_string),
    Kind.BOX: Spelling(as_json, read_box),
} | {kind: Spelling(as_json, read_document) for kind in NEEDED}
