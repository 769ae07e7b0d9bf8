"""Which version, or which range of versions, a request asks for: by number or by time, never by both."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import BadValue, Unanswerable
from catalog.models import Dataset, Snapshot
from catalog.records import read_as
from catalog.text import Text
from catalog.versions import current_version, find_version, first_version_since, version_at

Given = Mapping[str, object]
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Span:
    """Versions from the first to the last; empty when the first is beyond the last."""

    first: int
    last: int


def asked_version(dataset: Dataset, given: Given) -> Snapshot:
    """Return the version of ``version`` or ``timestamp``, else the current one."""
    refuse_both(given, "version", "timestamp")
    if (number := read_number(given, "version")) is not None:
        return find_version(dataset, number)
    if (text := read_text(given, "timestamp")) is not None:
        return version_at(dataset, read_as("datetime", "timestamp", text))
    return current_version(dataset)


def asked_span(dataset: Dataset, given: Given) -> Span:
    """Return the versions between ``startingVersion`` or ``startingTimestamp`` and their ends, the current one at most."""
    refuse_both(given, "startingVersion", "startingTimestamp")
    refuse_both(given, "endingVersion", "endingTimestamp")
    last = current_version(dataset).version
    first = read_number(given, "startingVersion")
    if first is None:
        text = read_text(given, "startingTimestamp")
        if text is None:
            reason = Text(ko="이나 'startingTimestamp'가 있어야 합니다", en="or 'startingTimestamp' has to be given")
            raise Unanswerable(parameter="startingVersion", reason=reason)
        first = first_version_since(dataset, read_as("datetime", "startingTimestamp", text)).version
    if first > last:
        find_version(dataset, first)  # which tells the versions that there are
    end = read_number(given, "endingVersion")
    if end is None and (text := read_text(given, "endingTimestamp")) is not None:
        end = version_at(dataset, read_as("datetime", "endingTimestamp", text)).version
    if end is not None and end < first:
        reason = Text(ko=f"시작 버전 {first}보다 앞입니다", en=f"it lies before the first version asked for, {first}")
        raise Unanswerable(parameter="endingVersion", reason=reason)
    return Span(first, last if end is None else min(end, last))


def refuse_both(given: Given, one: str, other: str) -> None:
    if given.get(one) is not None and given.get(other) is not None:
        reason = Text(ko=f"'{one}'와 함께 쓸 수 없습니다", en=f"it cannot be used together with '{one}'")
        raise Unanswerable(parameter=other, reason=reason)


def read_number(given: Given, name: str) -> int | None:
    """Return a whole number from 0 on, that may come as text; None when it is not given."""
    value = given.get(name)
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST:
        raise BadValue(
            parameter=name, value=text[:100], expected=Text(ko="0 이상의 정수", en="a whole number from 0 on")
        )
    return int(text)


def read_text(given: Given, name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise BadValue(parameter=name, value=value, expected=Text(ko="글자", en="text"))
    return value
