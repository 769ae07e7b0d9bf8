"""Days and times as Korean tables write them, told as the standard does: "YYYY-MM-DD", or ISO 8601 with an offset.

What has no offset is Korean time. Spreadsheets leave serial numbers behind where a day was (45123 is 2023-07-16); five
digits are read so, eight are year, month and day.
"""

import datetime as dt
import re
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
SERIAL = re.compile(r"(\d{5})(\.\d+)?\Z", re.ASCII)
SERIAL_START = dt.datetime(1899, 12, 30)  # day 0 of a spreadsheet that counts from 1900, its leap year of 1900 included
DAY = re.compile(r"(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})(?:[.일]|(?=[T_\s])|\Z)", re.ASCII)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?\Z", re.ASCII)
CLOCK = re.compile(r"[T_\s]*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?\Z", re.ASCII)


def read_day(text: str) -> str | None:
    """Return the day in a text as "YYYY-MM-DD", None when there is none (or an impossible one)."""
    moment = read_clock(text)
    return moment.date().isoformat() if moment else None


def read_moment(text: str) -> str | None:
    """Return a day, or a date and time with its offset; None when the text is neither."""
    moment = read_clock(text)
    if moment is None:
        return None
    return moment.isoformat() if isinstance(moment, dt.datetime) and moment.tzinfo else moment.date().isoformat()


def seoul_time(moment: str) -> dt.datetime:
    """Return a moment of a description as Korean time; a day is its midnight."""
    if len(moment) == len("YYYY-MM-DD"):
        return dt.datetime.combine(dt.date.fromisoformat(moment), dt.time(), SEOUL)
    return dt.datetime.fromisoformat(moment).astimezone(SEOUL)


def read_clock(text: str) -> dt.datetime | None:
    """Return what a text says: with its zone when it tells a time, without when it tells a day only."""
    words = text.strip()
    try:
        if found := SERIAL.match(words):
            moment = SERIAL_START + dt.timedelta(days=float(words))
            return moment.replace(microsecond=0, tzinfo=SEOUL) if found[2] and float(found[2]) else moment
        if found := COMPACT.match(words):
            day = dt.datetime(int(found[1]), int(found[2]), int(found[3]))
            clock = [int(part) for part in found.groups()[3:] if part]
            return day.replace(hour=clock[0], minute=clock[1], second=clock[2], tzinfo=SEOUL) if clock else day
        if found := DAY.match(words):
            day = dt.datetime(int(found[1]), int(found[2]), int(found[3]))
            rest = words[found.end() :].strip()
            return read_time(day, rest) if rest else day
    except ValueError:
        return None
    return None


def read_time(day: dt.datetime, rest: str) -> dt.datetime | None:
    found = CLOCK.match(rest)
    if not found:
        return None
    hours, minutes, seconds, fraction, offset = found.groups()
    moment = day + dt.timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    if int(hours) > 24 or int(minutes) > 59 or int(seconds or 0) > 60:
        return None
    moment = moment.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
    zone = dt.datetime.strptime(offset.replace("Z", "+00:00"), "%z").tzinfo if offset else SEOUL
    return moment.replace(tzinfo=zone)
