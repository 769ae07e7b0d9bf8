"""Answers by a plain loop in Python, and tables and questions to compare the engine with it."""

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from catalog.records import OPERATORS, Column, Geometry, Schema

KST = dt.timezone(dt.timedelta(hours=9))
Row = Mapping[str, Any]

SCHEMA = Schema(
    columns=(
        Column("s"),
        Column("i", "integer"),
        Column("n", "number"),
        Column("b", "boolean"),
        Column("d", "date"),
        Column("t", "datetime"),
        Column("c", "time"),
        Column("x", "number"),
        Column("y", "number"),
    ),
    time="t",
    geometry=Geometry("x", "y"),
    missing=(),
)
VALUES: Mapping[str, Sequence[Any]] = {
    "s": ["", "가", "강남구", "강", "나", "a", "A", "aB", "é", "É", "'; DROP TABLE records; --", "100%", "😀", "가" * 70, "null"],
    "i": [-(2**63), -5, -1, 0, 1, 2, 3, 2**53 + 1, 2**63 - 1],
    "n": [-1e300, -1.5, -0.0, 0.0, 5e-324, 0.1, 0.30000000000000004, 2.0, 1e300],
    "b": [True, False],
    "d": [dt.date.min, dt.date(1969, 12, 31), dt.date(2018, 1, 1), dt.date(2018, 1, 2), dt.date.max],
    "t": [
        dt.datetime(1, 1, 2, tzinfo=KST),
        dt.datetime(1988, 7, 1, 12, tzinfo=KST),
        dt.datetime(2018, 1, 1, tzinfo=KST),
        dt.datetime(2018, 1, 1, 9, 20, tzinfo=KST),
        dt.datetime(2018, 1, 1, 9, 20, 0, 1, tzinfo=KST),
        dt.datetime(2018, 1, 1, 15, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=KST),
    ],
    "c": ["00:00", "09:05", "09:05:01", "09:06", "24:00"],
    "x": [124.0, 126.9, 127.0, 127.1, 132.0],
    "y": [33.0, 37.4, 37.5, 39.0],
}  # fmt: skip

rows = st.lists(
    st.fixed_dictionaries({name: st.none() | st.sampled_from(values) for name, values in VALUES.items()}).map(
        lambda row: row | {"y": None if row["x"] is None else row["y"] or 37.5}
    ),
    max_size=25,
)


@dataclass(frozen=True)
class Question:
    """What is asked, as values; ``parameters`` writes it as a request does."""

    conditions: tuple[tuple[str, str, Any], ...] = ()
    order_by: tuple[tuple[str, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None
    interval: tuple[dt.datetime | None, dt.datetime | None] | None = None
    select: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        written = [(f"{column}__{operator}", as_text(value)) for column, operator, value in self.conditions]
        if self.order_by:
            written.append(("order_by", ",".join(f"-{name}" if down else name for name, down in self.order_by)))
        if self.box:
            written.append(("bbox", ",".join(map(str, self.box))))
        if self.interval:
            written.append(("datetime", "/".join(".." if end is None else end.isoformat() for end in self.interval)))
        if self.select:
            written.append(("select", ",".join(self.select)))
        if self.limit:
            written.append(("limit", str(self.limit)))
        return written


def is_like(text: str, pattern: str) -> bool:
    """Tell whether a text matches a pattern of SQL, by trying all ways."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return is_like(text, pattern[1:]) or (bool(text) and is_like(text[1:], pattern))
    if pattern[0] == "\\" and len(pattern) > 1:
        return text[:1] == pattern[1] and is_like(text[1:], pattern[2:])
    return bool(text) and pattern[0] in ("_", text[0]) and is_like(text[1:], pattern[1:])


def as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(as_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def condition_on(column: Column) -> st.SearchStrategy[tuple[str, str, Any]]:
    operators = [name for name, operator in OPERATORS.items() if column.type in operator.types]
    plain = [value for value in VALUES[column.name] if "," not in str(value)]

    def value_of(operator: str) -> st.SearchStrategy[Any]:
        if OPERATORS[operator].right == "flag":
            return st.booleans()
        if OPERATORS[operator].right == "list":
            return st.lists(st.sampled_from(plain), min_size=1, max_size=3).map(tuple)
        if OPERATORS[operator].right == "pair":
            return st.tuples(st.sampled_from(plain), st.sampled_from(plain))
        return st.sampled_from([*VALUES[column.name], *(["b", "남", "ㄱ"] if column.name == "s" else [])])

    return st.sampled_from(operators).flatmap(
        lambda name: st.tuples(st.just(column.name), st.just(name), value_of(name))
    )


names = st.sampled_from(SCHEMA.names)
boxes = st.tuples(*[st.sampled_from([124.0, 126.9, 127.0, 132.0])] * 2, *[st.sampled_from([33.0, 37.5, 39.0])] * 2).map(
    lambda sides: (min(sides[:2]), min(sides[2:]), max(sides[:2]), max(sides[2:]))
)
intervals = (
    st.lists(st.sampled_from(VALUES["t"]), min_size=2, max_size=2)
    .map(sorted)
    .flatmap(lambda ends: st.sampled_from([(ends[0], ends[1]), (ends[0], None), (None, ends[1])]))
)
orders = st.lists(st.tuples(names, st.booleans()), max_size=3).map(tuple)
questions = st.builds(
    Question,
    # The values of a comparison that is given twice are alternatives: no two conditions that both must hold.
    conditions=st.lists(
        st.sampled_from(SCHEMA.columns).flatmap(condition_on), max_size=3, unique_by=lambda one: one[:2]
    ).map(tuple),
    order_by=orders,
    box=st.none() | boxes,
    interval=st.none() | intervals,
    select=st.lists(names, unique=True, max_size=3).map(tuple),
)

HOLDS = {
    "eq": lambda found, value: found is not None and found == value,
    "ne": lambda found, value: found is None or found != value,
    "gt": lambda found, value: found is not None and found > value,
    "gte": lambda found, value: found is not None and found >= value,
    "lt": lambda found, value: found is not None and found < value,
    "lte": lambda found, value: found is not None and found <= value,
    "in": lambda found, value: found is not None and found in value,
    "contains": lambda found, value: found is not None and value.lower() in found.lower(),
    "between": lambda found, value: found is not None and value[0] <= found <= value[1],
    "startswith": lambda found, value: found is not None and found.lower().startswith(value.lower()),
    "like": lambda found, value: found is not None and is_like(found, value),
    "isnull": lambda found, value: (found is None) == value,
}


def answer(table: Sequence[Row], question: Question) -> list[dict[str, Any]]:
    """Answer a question over rows in their order."""
    found = [row for row in table if matches(row, question)]
    found.sort(key=functools.cmp_to_key(lambda one, other: compare(one, other, question.order_by)))
    return [{name: row[name] for name in question.select or SCHEMA.names} for row in found[: question.limit]]


def matches(row: Row, question: Question) -> bool:
    if not all(HOLDS[operator](row[column], value) for column, operator, value in question.conditions):
        return False
    if question.box:
        west, south, east, north = question.box
        if row["x"] is None or not (west <= row["x"] <= east and south <= row["y"] <= north):
            return False
    if question.interval:
        start, end = question.interval
        if row["t"] is None or (start and row["t"] < start) or (end and row["t"] > end):
            return False
    return True


def compare(one: Row, other: Row, order_by: Sequence[tuple[str, bool]]) -> int:
    for name, down in order_by:
        left, right = one[name], other[name]
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        return (1 if left > right else -1) * (-1 if down else 1)
    return 0
