"""What a source promises of its answers, as one frozen value; ``checks.py`` looks whether it is kept."""

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from catalog.records.places import Area, required_place
from catalog.records.schema import Schema
from catalog.text import Text

Severity = Literal["warn", "block"]

# The checks whose severity a steward may set, and what it is otherwise.
SEVERITIES: Mapping[str, Severity] = {
    "missing_columns": "block",
    "retyped_columns": "block",
    "undescribed_columns": "warn",
    "min_rows": "block",
    "min_share": "block",
    "max_share": "block",
    "max_rejected_share": "block",
    "not_empty": "block",
    "unique": "block",
    "ranges": "block",
    "values": "block",
    "max_age": "warn",  # holding old data back makes nothing newer
    "k_anonymity": "block",
    "small_cells": "block",
    "swapped": "warn",
    "outside": "warn",
}
STRICT: Mapping[str, str] = {"extra": "forbid"}  # names that are not known are refused where a configuration is read


@dataclass(frozen=True)
class Range:
    """Between what the values of a column lie; the share ``outside`` of those that are filled may not."""

    minimum: float | None = None
    maximum: float | None = None
    outside: float = 0.0
    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT


@dataclass(frozen=True)
class Anonymity:
    """Every combination of values in ``columns`` stands in at least ``k`` records."""

    columns: tuple[str, ...]
    k: int = 5
    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT


@dataclass(frozen=True)
class Box(Area):
    """An area as a configuration gives it."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT


@dataclass(frozen=True)
class Expectations:
    """What a source promises. Shares are between 0 and 1 if nothing else is said; None and nothing switch a check off.

    - ``min_rows``; ``min_share`` and ``max_share`` of the last snapshot's records (1.5: half as many more);
      ``max_rejected_share`` of the rows.
    - ``not_empty``: the share of filled values of a column. ``unique``: lists of columns, beside the key, that tell records
      apart; records with an empty one are not compared. ``ranges`` and ``values``: what a column may hold.
    - ``max_age``: how old (``2h``, ``3d``, ``PT90M``) the newest value of the time column, or of ``age_of``, may be.
    - ``within``: ``korea``, ``anywhere``, a box, or the code of a municipality (5 digits), a province (2) or either in 10.
    - ``swapped``: whether coordinates in the wrong order are put right, ``outside``: whether those elsewhere are emptied;
      both are told. ``keep``: which of several records with one key stays, the first or the last of the answer.
    - ``new_columns``: whether a column that was never seen before holds the answer back or is left out.
    - ``k_anonymity``, and ``small_cells``: the smallest number but 0 that a column of counts may hold.
    - ``severity``: of the checks named in SEVERITIES, whether they warn or block.
    """

    min_rows: int = 1
    min_share: float | None = 0.5
    max_share: float | None = None
    max_rejected_share: float | None = 0.5
    not_empty: Mapping[str, float] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_age: str | None = None
    age_of: str = ""
    within: str | Box = "korea"
    swapped: Literal["refuse", "mend"] = "refuse"
    outside: Literal["refuse", "empty"] = "refuse"
    keep: Literal["first", "last"] = "first"
    new_columns: Literal["hold", "leave-out"] = "hold"
    k_anonymity: Anonymity | None = None
    small_cells: Mapping[str, int] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)

    def severity_of(self, check: str) -> Severity:
        return self.severity.get(check, SEVERITIES.get(check, "block"))


WITHIN = Text(
    ko="'korea', 'anywhere', 행정구역 코드(2·5·10자리) 또는 west·south·east·north로 적은 상자여야 합니다",
    en="must be 'korea', 'anywhere', a region's code (2, 5 or 10 digits), or a box of west, south, east and north",
)
REGION = re.compile(r"\d{2}|\d{5}|\d{10}")
AGE = Text(
    ko="'{value}'은(는) 기간이 아닙니다. 2h, 3d, PT90M처럼 적으십시오",
    en="'{value}' is no length of time; write it as 2h, 3d or PT90M",
)
SHORT_AGE = re.compile(r"(\d+(?:\.\d+)?) ?([smhdw])")
ISO_AGE = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
AGE_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
NUMBERS = ("integer", "number")
MOMENTS = ("date", "datetime")


def read_age(text: str) -> dt.timedelta | None:
    """Return a length of time: ``2h``, ``3d`` or an ISO 8601 duration in weeks, days, hours, minutes and seconds."""
    if found := SHORT_AGE.fullmatch(text):
        number, unit = found.groups()
        return dt.timedelta(**{AGE_UNITS[unit]: float(number)})
    if found := ISO_AGE.fullmatch(text):
        units = ("weeks", "days", "hours", "minutes", "seconds")
        return dt.timedelta(**{unit: int(part or 0) for unit, part in zip(units, found.groups(), strict=True)})
    return None


def find_contradictions(expectations: Expectations, schema: Schema) -> Iterator[tuple[str, Text]]:
    """Yield (where, problem) of everything in the expectations that means nothing, in themselves or with these columns."""
    yield from unlikely_numbers(expectations)
    yield from unlikely_places(expectations, schema)
    yield from unlikely_columns(expectations, schema)
    yield from unlikely_age(expectations, schema)
    for name in expectations.severity:
        if name not in SEVERITIES:
            allowed = ", ".join(SEVERITIES)
            yield (
                f"severity.{name}",
                Text(ko=f"쓸 수 없는 이름입니다. 쓸 수 있는 것: {allowed}", en=f"unknown; allowed: {allowed}"),
            )


def unlikely_numbers(expectations: Expectations) -> Iterator[tuple[str, Text]]:
    shares = {
        "min_share": expectations.min_share,
        "max_rejected_share": expectations.max_rejected_share,
        **{f"not_empty.{name}": share for name, share in expectations.not_empty.items()},
        **{f"ranges.{name}.outside": allowed.outside for name, allowed in expectations.ranges.items()},
    }
    for where, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            yield where, Text(ko="0과 1 사이여야 합니다", en="must be between 0 and 1")
    at_least = {
        "min_rows": (expectations.min_rows, 0),
        "max_share": (expectations.max_share, 1),
        "k_anonymity.k": (expectations.k_anonymity and expectations.k_anonymity.k, 2),
        **{f"small_cells.{name}": (smallest, 2) for name, smallest in expectations.small_cells.items()},
    }
    for where, (number, least) in at_least.items():
        if number is not None and not number >= least:
            yield where, Text(ko=f"{least} 이상이어야 합니다", en=f"must be at least {least}")
    for name, allowed in expectations.ranges.items():
        if allowed.minimum is None and allowed.maximum is None:
            text = Text(ko="minimum이나 maximum이 있어야 합니다", en="needs a minimum or a maximum")
            yield f"ranges.{name}", text
        elif None not in (allowed.minimum, allowed.maximum) and allowed.minimum > allowed.maximum:
            yield (
                f"ranges.{name}",
                Text(ko="minimum이 maximum보다 큽니다", en="the minimum is greater than the maximum"),
            )


def unlikely_places(expectations: Expectations, schema: Schema) -> Iterator[tuple[str, Text]]:
    within = expectations.within
    if isinstance(within, Box):
        is_good = -180 <= within.west < within.east <= 180 and -90 <= within.south < within.north <= 90
    else:
        is_good = within in ("korea", "anywhere") or REGION.fullmatch(within)
    if not is_good:
        yield "within", WITHIN
    if expectations.outside == "empty" and (column := required_place(schema)):
        text = Text(
            ko=f"'{column}'은(는) 꼭 있어야 하는 열이라 비울 수 없습니다. required를 빼거나 refuse로 두십시오",
            en=f"'{column}' is required and cannot be emptied; make it optional, or leave it at refuse",
        )
        yield "outside", text


def unlikely_columns(expectations: Expectations, schema: Schema) -> Iterator[tuple[str, Text]]:
    every = tuple(column.name for column in schema.columns if column.type != "geometry")
    numbers = tuple(column.name for column in schema.columns if column.type in NUMBERS)
    moments = tuple(column.name for column in schema.columns if column.type in MOMENTS)
    anonymous = expectations.k_anonymity.columns if expectations.k_anonymity else ()
    named: list[tuple[str, Collection[str], tuple[str, ...]]] = [
        ("not_empty", expectations.not_empty, schema.names),
        ("ranges", expectations.ranges, numbers),
        ("values", expectations.values, every),
        ("small_cells", expectations.small_cells, numbers),
        ("k_anonymity.columns", anonymous, every),
        ("age_of", [expectations.age_of] if expectations.age_of else [], moments),
        *((f"unique.{place}", names, every) for place, names in enumerate(expectations.unique)),
    ]
    for where, names, allowed in named:
        for name in names:
            if name not in allowed:
                listed = ", ".join(allowed) or "-"
                yield (
                    where,
                    Text(
                        ko=f"'{name}'은(는) 여기에 쓸 수 있는 열이 아닙니다. 쓸 수 있는 열: {listed}",
                        en=f"'{name}' is no column that can be used here; these can: {listed}",
                    ),
                )
    lists = {f"unique.{place}": names for place, names in enumerate(expectations.unique)}
    if expectations.k_anonymity:
        lists["k_anonymity.columns"] = anonymous
    for where, names in lists.items():
        if not names:
            yield where, Text(ko="열을 하나 이상 적어야 합니다", en="must name at least one column")


def unlikely_age(expectations: Expectations, schema: Schema) -> Iterator[tuple[str, Text]]:
    if expectations.max_age is None:
        if expectations.age_of:
            yield "age_of", Text(ko="max_age와 함께 씁니다", en="goes with max_age")
        return
    if not read_age(expectations.max_age):
        yield "max_age", AGE.format(value=expectations.max_age)
    if not expectations.age_of and not schema.time:
        text = Text(
            ko="데이터셋에 시간 열(time)이 없습니다. age_of에 날짜나 일시 열을 적으십시오",
            en="the dataset has no time column; name a date or datetime column with age_of",
        )
        yield "max_age", text
