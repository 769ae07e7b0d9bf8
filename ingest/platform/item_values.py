"""The items of a message as values of the columns that a rule sends them to; one that does not fit is left out and told."""

import datetime as dt
import math
from collections.abc import Callable, Mapping

from catalog.text import Text
from ingest.platform.moments import read_moment
from ingest.platform.rules import Attribute
from ingest.platform.wire import Event, Oddity
from ingest.wording import storable

Value = str | int | float | bool
YES, NO = frozenset({"y", "yes", "true", "1", "예"}), frozenset({"n", "no", "false", "0", "아니오"})
NOT_OF_TYPE = Text(
    ko="세부 항목 '{key}'의 값이 '{column}' 열의 유형({type})이 아니어서 뺐습니다.",
    en="The item '{key}' is no value of the column '{column}' ({type}) and was left out.",
)


def read_items(
    event: Event, attributes: Mapping[str, Attribute]
) -> tuple[dict[str, tuple[Value, bool]], tuple[Oddity, ...]]:
    """Return the value for each column, with whether the moment of the message goes with it; and what does not fit."""
    values: dict[str, tuple[Value, bool]] = {}
    odd: list[Oddity] = []
    for key, text in event.items:
        attribute = attributes.get(key)
        if attribute is None or not text.strip():
            continue
        value = READERS[attribute.type](text.strip())
        if value is None:
            told = NOT_OF_TYPE.format(key=storable(key)[:50], column=attribute.column, type=attribute.type)
            odd.append(("item-type", told))
        else:
            values[attribute.column] = (value, attribute.observed_at)
    return values, tuple(odd)


def read_whole(text: str) -> int | None:
    try:
        number = int(text.replace(",", "")) if text.isascii() and len(text) < 20 else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 2**63 else None


def read_number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "")) if text.isascii() and len(text) < 40 else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def read_truth(text: str) -> bool | None:
    return True if text.lower() in YES else False if text.lower() in NO else None


def read_day(text: str) -> str | None:
    digits = text.replace("-", "").replace(".", "")
    try:
        return dt.datetime.strptime(digits, "%Y%m%d").date().isoformat() if len(digits) == 8 else None
    except ValueError:
        return None


def read_time(text: str) -> str | None:
    digits = text.replace(":", "")
    form = {4: "%H%M", 6: "%H%M%S"}.get(len(digits))
    try:
        return dt.datetime.strptime(digits, form).time().isoformat() if form else None
    except ValueError:
        return None


def read_instant(text: str) -> str | None:
    moment, _ = read_moment(text, "ocrEvtItem")
    return moment.isoformat() if moment else None


READERS: Mapping[str, Callable[[str], Value | None]] = {
    "string": storable,
    "integer": read_whole,
    "number": read_number,
    "boolean": read_truth,
    "date": read_day,
    "time": read_time,
    "datetime": read_instant,
}
