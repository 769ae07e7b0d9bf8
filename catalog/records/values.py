"""How a value of a question is read as the type of its column: one table."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from catalog.errors import BadValue
from catalog.records.schema import Column
from catalog.text import Text

KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))  # the same through all years, see engine.py
FLAGS = {"true": True, "1": True, "false": False, "0": False}
# Narrower than int() and float(), which also read "1_000" and "infinity".
INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
TIME = re.compile(r"([01]?[0-9]|2[0-3]|24(?=:00(?::00)?\Z)):([0-5][0-9])(?::([0-5][0-9]))?")
LONGEST_TEXT, LONGEST_SHOWN = 10_000, 200  # characters; ordering accents upon accents takes the square of their number
LONGEST_TIME = 64  # characters; looking for a lost plus takes the square of the length
LOST_PLUS = re.compile(r"([T ][0-9]{2}:?[0-9]{2}\S*) (?=[0-9]{2}(?::?[0-9]{2})?\Z)")


def read_value(parameter: str, text: str, column: Column) -> Any:  # noqa: ANN401
    """Read a filter value as the column's type."""
    return read_as(column.type, parameter, text)


def read_as(kind: str, parameter: str, text: str) -> Any:  # noqa: ANN401
    """Read a text as a value of a type; ``parameter`` is what an error names."""
    reader, expected = READERS[kind]
    try:
        return reader(text)
    except (ValueError, OverflowError) as error:
        raise BadValue(parameter=parameter, value=text[:LONGEST_SHOWN], expected=expected) from error


def read_integer(text: str) -> int:
    number = int(require_match(INTEGER, text).group())
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def read_number(text: str) -> float:
    number = float(require_match(NUMBER, text).group())
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def read_boolean(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise ValueError(text)
    return FLAGS[text.lower()]


def read_datetime(text: str) -> dt.datetime:
    """Read an ISO date-time; without an offset it is Korean time (a ``+`` that a URL turned into a space is mended)."""
    if len(text) > LONGEST_TIME:
        raise ValueError(text[:LONGEST_TIME])
    moment = dt.datetime.fromisoformat(LOST_PLUS.sub(r"\1+", text.strip()))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=KOREAN_TIME)
    return moment.astimezone(KOREAN_TIME)  # raises outside the years 1 to 9999


def read_time(text: str) -> str:
    """Return the time as it is published: two digits, seconds only when there are some."""
    hour, minute, second = require_match(TIME, text).groups()
    return f"{int(hour):02d}:{minute}" + (f":{second}" if second not in (None, "00") else "")


def read_text(text: str) -> str:
    """Return the text in the Unicode form of the records; a NUL or half a surrogate pair is in none of them."""
    if "\0" in text or len(text) > LONGEST_TEXT:
        raise ValueError(text[:LONGEST_SHOWN])
    text.encode()
    return unicodedata.normalize("NFC", text)


def require_match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return match


READERS: Mapping[str, tuple[Callable[[str], Any], Text]] = {
    "string": (
        read_text,
        Text(ko=f"문자 ({LONGEST_TEXT:,}자 이하)", en=f"text of at most {LONGEST_TEXT:,} characters"),
    ),
    "time": (read_time, Text(ko="HH:MM 또는 HH:MM:SS", en="HH:MM or HH:MM:SS")),
    "integer": (read_integer, Text(ko="정수", en="a whole number")),
    "number": (read_number, Text(ko="수", en="a number")),
    "boolean": (read_boolean, Text(ko="true 또는 false", en="true or false")),
    "date": (dt.date.fromisoformat, Text(ko="YYYY-MM-DD", en="YYYY-MM-DD")),
    "datetime": (read_datetime, Text(ko="YYYY-MM-DDTHH:MM:SS+09:00", en="YYYY-MM-DDTHH:MM:SS+09:00")),
}
