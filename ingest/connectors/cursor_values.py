"""The values that cursors go on by: read from what platforms write, as the rows' own types read it, and written again.

Dates are the first moment of their day, so that they are compared and cut like times. Without an offset a time is of the
cursor's zone. ``progress.py`` says what becomes of them.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

Kind = Literal["datetime", "date", "integer", "text"]
Value = dt.datetime | int | str
Format = Annotated[str, Field(pattern=r"%|^epoch(-ms)?$")]

DURATION = re.compile(r"(\d{1,6})([smhdw])")
UNITS: Mapping[str, str] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = r"(\d{4})[-./] ?(\d\d?)[-./] ?(\d\d?)\.?"
COMPACT_DAY = r"(\d{4})(\d\d)(\d\d)"
CLOCK = r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
OFFSET = r" ?(Z|[+-]\d\d(?::?\d\d)?)?"
MOMENTS = tuple(
    re.compile(shape + OFFSET)
    for shape in (
        f"{DAY}[ T_]{CLOCK}",
        f"{COMPACT_DAY}[ T_]{CLOCK}",
        rf"{COMPACT_DAY}[ T]?(\d\d)(\d\d)(?:(\d\d))?()",
    )
)
DAYS = (re.compile(rf"{DAY}(?:[ T]00:00(?::00(?:\.0+)?)?)?"), re.compile(COMPACT_DAY))
NUMBER = re.compile(r"[+-]?\d{1,18}")


def parse_duration(name: str, given: str | int) -> dt.timedelta:
    """Return a length as ``2h`` or ``3d``; ValueError says what is allowed."""
    if given == 0:
        return dt.timedelta()
    found = DURATION.fullmatch(given) if isinstance(given, str) else None
    if not found:
        raise ValueError(f"{name}: '{given}' is no length of time; write 30s, 10m, 2h, 3d or 1w")
    return dt.timedelta(**{UNITS[found[2]]: int(found[1])})


def is_zone(name: str) -> bool:
    return name in available_timezones()


def read_value(value: object, kind: Kind, format: str | None, zone: str) -> Value:
    """Return a value as it is compared with others of its kind; ValueError when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"'{value}' is no {kind}")
    try:
        return KINDS[kind].read(value, format, zone)
    except OverflowError as error:
        raise ValueError(f"'{value}' is no {kind}") from error


def stored(value: Value | None, kind: Kind) -> str | int:
    """Return a value as JSON keeps it; ``read_value`` gives it back."""
    if not isinstance(value, dt.datetime):
        return value or 0
    return value.date().isoformat() if kind == "date" else value.astimezone(dt.UTC).isoformat()


def read_moment(value: str | int | float, format: str | None, zone: str) -> dt.datetime:
    if format in ("epoch", "epoch-ms"):
        return EPOCH + dt.timedelta(**{"seconds" if format == "epoch" else "milliseconds": float(value)})
    text = plain(value)
    moment = dt.datetime.strptime(text, format) if format else moment_in(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(dt.UTC)


def moment_in(text: str) -> dt.datetime:
    """Return a time in one of the usual shapes; 24:00 is the next midnight, a day alone its first moment."""
    found = next((match for shape in MOMENTS if (match := shape.fullmatch(text))), None)
    if found is None:
        return day_in(text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    moment = dt.datetime.combine(dt.date(int(year), int(month), int(day)), dt.time.min, zone_of(offset))
    is_end_of_day = (int(hour), int(minute), int(second or 0), int(fraction or 0)) == (24, 0, 0, 0)
    if is_end_of_day:
        return moment + dt.timedelta(days=1)
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    return moment.replace(hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=microseconds)


def zone_of(offset: str | None) -> dt.tzinfo | None:
    if not offset:
        return None
    if offset == "Z":
        return dt.UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    length = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-length if offset[0] == "-" else length)


def day_in(text: str) -> dt.datetime:
    found = next((match for shape in DAYS if (match := shape.fullmatch(text))), None)
    if found is None:
        raise ValueError(f"'{text[:100]}' is no time")
    return dt.datetime(int(found[1]), int(found[2]), int(found[3]))


def read_day(value: str | int | float, format: str | None, zone: str) -> dt.datetime:
    """Return the first moment of a date; the date of a time is told in the zone."""
    if format in ("epoch", "epoch-ms"):
        return floor_to_day(read_moment(value, format, zone), zone)
    text = plain(value)
    moment = dt.datetime.strptime(text, format) if format else moment_in(text)
    return floor_to_day(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)), zone)


def read_integer(value: str | int | float, format: str | None, zone: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    text = plain(value)
    if not NUMBER.fullmatch(text):
        raise ValueError(f"'{text[:100]}' is no whole number")
    return int(text)


def read_text(value: str | int | float, format: str | None, zone: str) -> str:
    return str(value)


def plain(value: str | int | float) -> str:
    return unicodedata.normalize("NFKC", str(value)).strip()


def floor_to_day(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def as_it_is(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment.astimezone(dt.UTC)


@dataclass(frozen=True)
class Reading:
    """How values of a kind are read, and where the one begins that a moment lies in."""

    read: Callable[[str | int | float, str | None, str], Value]
    floor: Callable[[dt.datetime, str], dt.datetime] = as_it_is


KINDS: Mapping[Kind, Reading] = {
    "datetime": Reading(read_moment),
    "date": Reading(read_day, floor_to_day),
    "integer": Reading(read_integer),
    "text": Reading(read_text),
}
