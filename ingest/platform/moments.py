"""Moments as platforms write them: yyyyMMddHHmmss, Korean time."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from ingest.platform.json_text import SHOWN, shown
from ingest.platform.oddities import Oddity, odd

KOREAN_TIME = ZoneInfo("Asia/Seoul")
WRITTEN = "%Y%m%d%H%M%S"
MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{0,6}))?")
SEPARATORS = re.compile(r"[-/.:T ]")
YEARS = range(1990, 2101)


def read_moment(text: str, field: str) -> tuple[dt.datetime | None, list[Oddity]]:
    """Return the moment that a text tells and what is odd about it; an empty text tells none and is not odd."""
    text = text.strip()
    if not text:
        return None, []
    found = MOMENT.fullmatch(SEPARATORS.sub("", text)) if len(text) <= SHOWN else None
    moment = found and existing(found)
    if not found or not moment:
        return None, [odd("no-moment", field=field, value=shown(text))]
    oddities = [] if text.isdecimal() and len(text) in (14, 17) else [odd("other-form", field=field, value=shown(text))]
    if found[4] == "24":
        oddities.append(odd("hour-24", field=field))
    return moment, oddities


def write_moment(moment: dt.datetime | None) -> str:
    return moment.astimezone(KOREAN_TIME).strftime(WRITTEN) if moment else ""


def existing(found: re.Match[str]) -> dt.datetime | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    is_midnight = (hour, minute, second) == (24, 0, 0)
    if year not in YEARS:
        return None
    try:
        moment = dt.datetime(
            year, month, day, 0 if is_midnight else hour, minute, second, int((found[7] or "").ljust(6, "0")),
            tzinfo=KOREAN_TIME,
        )  # fmt: skip
    except ValueError:
        return None
    return moment + dt.timedelta(days=is_midnight)
