"""Values of other people's JSON documents, read forgivingly: what cannot be read is noted with its place, never raised.

Every reader takes the value, where it stands and the notes, and returns the value as the profile has it, or None. Only a
document that is not JSON at all is refused (``load_json``). What a key of a format means is in that format's own module.
"""

import codecs
import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalog.errors import BadDocument
from catalog.exchange.entry import Finding
from catalog.standard.forms import DURATION_PATTERN, EMAIL_PATTERN, MOMENT_PATTERN, PAGE_PATTERN, is_uri
from catalog.text import Text

HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
MEDIA_TYPE = re.compile(r"[-\w]+/[-\w]+(\.[-\w]+)*([+][-\w]+)?\Z")
PART_OF_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SHOWN = 60

NO_TEXT = Text(ko="글이 아닙니다", en="is not a text")
NO_ADDRESS = Text(
    ko="주소(URI)가 아닙니다. https://로 시작하는 온전한 주소여야 합니다",
    en="is not an address; a whole one begins with https://",
)
NO_DATE = Text(
    ko="날짜가 아닙니다. YYYY-MM-DD 또는 오프셋이 있는 ISO 8601 일시여야 합니다",
    en="is not a date; write YYYY-MM-DD, or an ISO 8601 time with its offset",
)
NO_OFFSET = Text(ko="시각에 오프셋이 없어 날짜만 옮겼습니다", en="has a time without an offset; only its day was kept")
NO_PERIOD = Text(
    ko="기간이 아닙니다. '시작일/종료일' 형식(YYYY-MM-DD/YYYY-MM-DD)이어야 합니다",
    en="is not a period; write start/end as YYYY-MM-DD/YYYY-MM-DD",
)
NO_EMAIL = Text(
    ko="전자우편 주소가 아닙니다. name@example.org 형식의 주소 하나여야 합니다",
    en="is not an e-mail address; write one address as name@example.org",
)
ONE_EMAIL = Text(ko="주소가 여럿이어서 첫째만 옮겼습니다", en="holds several addresses; only the first was kept")
NO_NUMBER = Text(ko="0 이상의 수가 아닙니다", en="is not a number of at least 0")
NO_BOOLEAN = Text(ko="true 또는 false여야 합니다", en="must be true or false")
NO_LIST = Text(
    ko="목록이어야 하는데 아닙니다. 하나짜리로 읽었습니다", en="should be a list; it was read as a list of one"
)
NO_OBJECT = Text(ko="객체({…})여야 합니다", en="must be an object ({…})")


@dataclass
class Notes:
    """What could not be carried over so far, with its place."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, where: str, text: Text) -> None:
        self.findings.append(Finding(where, text))

    def refuse(self, where: str, value: object, text: Text) -> None:
        """Note that a value is not what it should be; ``text`` says so and what would be right."""
        told = shown(value)
        self.add(where, Text(ko=f"'{told}': {text.ko}", en=f"'{told}' {text.en}"))


def shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def load_json(document: Any, form: str, where: str) -> Any:  # noqa: ANN401
    """Return a document as plain values; bytes that are not JSON raise BadDocument with line and reason.

    ``form`` is what the document should be, ``where`` its name; what is not bytes counts as read already.
    """
    if not isinstance(document, (bytes, bytearray)):
        return document
    data = bytes(document)
    for mark, encoding in MARKS:
        if data.startswith(mark):
            data = data.decode(encoding, "replace").encode()
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        line = data[: error.pos].count(b"\n") + 1 if error.pos else error.lineno
        place = Text(ko=f"{where} {line}번째 줄", en=f"{where} line {line}")
        raise BadDocument(form=form, where=place, reason=reason_of(error, data)) from error


def reason_of(error: orjson.JSONDecodeError, data: bytes) -> Text:
    if not data.strip():
        return Text(ko="비어 있습니다", en="it is empty")
    if data.lstrip()[:1] == b"<":
        return Text(ko="JSON이 아니라 웹 페이지나 XML입니다", en="it is a web page or XML, not JSON")
    return Text(ko=f"JSON이 아닙니다 ({error.msg})", en=f"it is not JSON ({error.msg})")


def as_list(value: object) -> list[Any]:
    """Return a list: of one for a single value, empty for none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def in_language(text: str) -> str:
    """Return the language that a text of unknown language counts as: Korean if it holds Hangul."""
    return "ko" if HANGUL.search(text) else "en"


def plain(value: object, where: str, notes: Notes) -> str:
    """Return a text without a language; a number counts as one, and is noted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "").strip()  # PostgreSQL stores no NUL
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        notes.refuse(
            where, value, Text(ko="글이어야 하는데 수입니다. 글로 읽었습니다", en="is a number; it was read as a text")
        )
        return str(value)
    notes.refuse(where, value, NO_TEXT)
    return ""


def read_text(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read a text: a string, ``{"ko": …, "en": …}``, or JSON-LD with ``@language``."""
    texts: dict[str, str] = {}
    for language, text in told_texts(value, where, notes):
        texts.setdefault(language, text)
    return {language: texts[language] for language in ("ko", "en") if language in texts} or None


def told_texts(value: object, where: str, notes: Notes) -> Iterator[tuple[str, str]]:
    """Yield (language, text), those with a language that we have first."""
    told: list[tuple[bool, str, str]] = []
    for part in as_list(value):
        if isinstance(part, Mapping) and "@value" in part:
            pairs = [(str(part.get("@language", "")), part["@value"])]
        elif isinstance(part, Mapping):
            pairs = [(str(language), text) for language, text in part.items()]
        else:
            pairs = [("", part)]
        for language, text in pairs:
            if words := plain(text, where, notes):
                known = language.lower()[:2] if language.lower()[:2] in ("ko", "en") else ""
                told.append((not known, known or in_language(words), words))
    yield from ((language, text) for _, language, text in sorted(told, key=lambda row: row[0]))


def read_string(value: object, where: str, notes: Notes) -> str | None:
    """Read a name or number: one line."""
    return one_line(value, where, notes) or None


def one_line(value: object, where: str, notes: Notes) -> str:
    return " ".join(plain(value, where, notes).split())


def read_page(value: object, where: str, notes: Notes) -> str | None:
    """Read the address of a page: one that a browser can open."""
    address = read_address(value, where, notes)
    if address and not PAGE_PATTERN.match(address):
        notes.refuse(where, value, NO_ADDRESS)
        return None
    return address


def read_keywords(value: object, where: str, notes: Notes) -> dict[str, list[str]] | None:
    """Read a list of words, or words in one text between commas."""
    if isinstance(value, str):
        words: list[Any] = value.split(",")
    elif isinstance(value, (list, tuple)) or value is None:
        words = as_list(value)
    else:
        notes.refuse(where, value, Text(ko="낱말의 목록이 아닙니다", en="is not a list of words"))
        return None
    found: dict[str, list[str]] = {"ko": [], "en": []}
    for number, word in enumerate(words):
        place = f"{where}[{number}]"
        text = plain(word.get("@value", word.get("name")) if isinstance(word, Mapping) else word, place, notes)
        if not text and isinstance(value, (list, tuple)):
            notes.add(place, Text(ko="빈 낱말입니다. 지우십시오", en="is an empty word; leave it out"))
        elif text and text not in found[in_language(text)]:
            found[in_language(text)].append(text)
    return {language: words for language, words in found.items() if words} or None


def read_address(value: object, where: str, notes: Notes) -> str | None:
    """Read a web address or another absolute URI; of an object its ``@id`` or ``url``."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("@id", "url", "accessURL") if value.get(key)), None)
        if value is None:
            return None
    text = plain(value, where, notes)
    if not text:
        return None
    is_web = text.lower().startswith(("http:", "https:"))
    if not (PAGE_PATTERN.match(text) if is_web else is_uri(text)):
        notes.refuse(where, value, NO_ADDRESS)
        return None
    return text


def read_addresses(value: object, where: str, notes: Notes) -> list[str] | None:
    several = isinstance(value, (list, tuple))
    found = [
        read_address(part, f"{where}[{number}]" if several else where, notes)
        for number, part in enumerate(as_list(value))
    ]
    return list(dict.fromkeys(address for address in found if address)) or None


def read_moment(value: object, where: str, notes: Notes) -> str | None:
    """Read a day or a time with its offset; a time without one is cut to its day."""
    if isinstance(value, Mapping):
        value = value.get("@value")
    text = plain(value, where, notes)
    if not text:
        return None
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text).isoformat()
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        notes.refuse(where, value, NO_DATE)
        return None
    if len(text) < 10 or (len(text) < 16 and "T" not in text):
        notes.refuse(where, value, NO_DATE)
        return None
    if moment.tzinfo is None:
        notes.refuse(where, value, NO_OFFSET)
        return moment.date().isoformat()
    return text if MOMENT_PATTERN.match(text) else moment.isoformat()


def read_period(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read ``start/end`` (days, months or years; one side may be open), or an object with two dates."""
    parts = as_list(value)
    if len(parts) > 1:
        notes.add(where, Text(ko="기간이 여럿이어서 첫째만 옮겼습니다", en="several periods; only the first was kept"))
    if not parts:
        return None
    part = parts[0]
    if isinstance(part, Mapping):
        sides = [next((part[key] for key in keys if part.get(key)), "") for keys in PERIOD_KEYS]
        sides = [side.get("@value", "") if isinstance(side, Mapping) else side for side in sides]
    else:
        text = plain(part, where, notes)
        if not text:
            return None
        sides = text.split("/")
    days = [boundary(str(side).strip(), is_end=bool(number)) for number, side in enumerate(sides)]
    if len(days) == 1 and days[0]:
        days.append(boundary(str(sides[0]).strip(), is_end=True))
    if len(days) != 2 or None in days or not any(days) or (all(days) and str(days[0]) > str(days[1])):
        notes.refuse(where, part, NO_PERIOD)
        return None
    return {side: day for side, day in zip(("start", "end"), days, strict=True) if day}


PERIOD_KEYS = (
    ("startDate", "start", "dcat:startDate", "schema:startDate"),
    ("endDate", "end", "dcat:endDate", "schema:endDate"),
)


def boundary(text: str, *, is_end: bool) -> str | None:
    """Return the first or last day of a year, month, day or moment; "" for an open side, None for what is none."""
    if text in ("", ".."):
        return ""
    try:
        if not (match := PART_OF_DAY.match(text)):
            return dt.datetime.fromisoformat(text).date().isoformat() if len(text) > 10 else None
        year, month, day = (int(part) if part else None for part in match.groups())
        if day:
            return dt.date(int(year or 0), int(month or 0), day).isoformat()
        first = dt.date(int(year or 0), month or (12 if is_end else 1), 1)
        last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
        return (last if is_end else first).isoformat()
    except (ValueError, OverflowError):
        return None


def read_duration(value: object, where: str, notes: Notes) -> str | None:
    text = plain(value, where, notes)
    if text and not DURATION_PATTERN.match(text):
        notes.refuse(
            where, value, Text(ko="ISO 8601 기간(예: PT5M)이 아닙니다", en="is not an ISO 8601 duration, as PT5M")
        )
        return None
    return text or None


def read_integer(value: object, where: str, notes: Notes) -> int | None:
    """Read a whole number, written as one or as its digits."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().isdecimal():
        notes.refuse(
            where, value, Text(ko="수여야 하는데 글입니다. 수로 읽었습니다", en="is a text; it was read as a number")
        )
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != int(value):
        notes.refuse(where, value, NO_NUMBER)
        return None
    return int(value)


def read_decimal(value: object, where: str, notes: Notes) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        notes.refuse(where, value, Text(ko="수가 아닙니다", en="is not a number"))
        return None
    return value if isinstance(value, (int, float)) else number


def read_boolean(value: object, where: str, notes: Notes) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    notes.refuse(where, value, NO_BOOLEAN)
    return None


def read_email(value: object, where: str, notes: Notes) -> str | None:
    """Read one e-mail address, with or without ``mailto:``."""
    if isinstance(value, Mapping):
        value = value.get("@id")
    text = plain(value, where, notes)
    bare = re.sub(r"^mailto:\s*", "", text, flags=re.IGNORECASE)
    addresses = [part for part in re.split(r"[,;\s]+", bare) if part]
    if len(addresses) > 1 and all(EMAIL_PATTERN.match(part) for part in addresses):
        notes.refuse(where, value, ONE_EMAIL)
        return addresses[0]
    if len(addresses) == 1 and EMAIL_PATTERN.match(addresses[0]):
        return addresses[0]
    if text:
        notes.refuse(where, value, NO_EMAIL)
    return None


def read_media_type(value: object, where: str, notes: Notes) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("label")
    text = plain(value, where, notes)
    bare = text.removeprefix("https://www.iana.org/assignments/media-types/").split(";")[0].strip()
    if bare and not MEDIA_TYPE.match(bare):
        notes.refuse(
            where, value, Text(ko="미디어 유형(예: text/csv)이 아닙니다", en="is not a media type, as text/csv")
        )
        return None
    return bare or None


def read_box(value: object, where: str, notes: Notes) -> list[float] | None:
    """Read west, south, east and north in degrees; None, without a note, for what is no box of four numbers."""
    parts = value.replace(",", " ").split() if isinstance(value, str) else as_list(value)
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError):
        return None
    if len(numbers) != 4:
        return None
    return numbers if is_box(numbers) else None


def is_box(numbers: list[float]) -> bool:
    west, south, east, north = numbers
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def box_of_coordinates(value: object) -> list[float] | None:
    """Return the box around GeoJSON coordinates, however deep they lie."""
    points = [point for point in positions(value) if all(math.isfinite(number) for number in point)]
    if not points:
        return None
    box = [
        min(x for x, _ in points),
        min(y for _, y in points),
        max(x for x, _ in points),
        max(y for _, y in points),
    ]
    return box if is_box(box) else None


def positions(value: object) -> Iterator[tuple[float, float]]:
    waiting: list[object] = [value]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, list) or not part:
            continue
        if len(part) >= 2 and all(isinstance(number, (int, float)) for number in part[:2]):
            yield float(part[0]), float(part[1])
        else:
            waiting += part


def said(text: Mapping[str, str]) -> str:
    """Return the one text that a format without languages can hold: the Korean one if there is one."""
    return text.get("ko") or text.get("en") or ""


def write_keywords(value: Mapping[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in value.values() for word in words if word))
