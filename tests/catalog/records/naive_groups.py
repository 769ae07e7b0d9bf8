"""Groups, aggregates, time buckets and other computed answers by plain loops in Python."""

import datetime as dt
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import naive
from hypothesis import strategies as st

from catalog.records.operators import AGGREGATES, BUCKETS

KST = naive.KST
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """One column to group by: a column of the records, or a bucket of one."""

    column: str
    bucket: str = ""

    @property
    def text(self) -> str:
        return f"{self.bucket}({self.column})" if self.bucket else self.column

    def value(self, row: Mapping[str, Any]) -> Any:
        found = row[self.column]
        return found if not self.bucket or found is None else BUCKET_OF[self.bucket](found)


@dataclass(frozen=True)
class Aggregate:
    name: str
    column: str = ""
    share: float | None = None

    @property
    def text(self) -> str:
        share = "" if self.share is None else f", {self.share!r}"
        return f"{self.name}({self.column}{share})"

    def value(self, rows: Rows) -> Any:
        if not self.column:
            return len(rows)
        if self.name in ("first", "last"):
            return AGGREGATE_OF[self.name](rows)[self.column] if rows else None
        values = [row[self.column] for row in rows if row[self.column] is not None]
        if self.name == "quantile":
            return quantile(values, self.share)
        return AGGREGATE_OF[self.name](values)

    @property
    def depends_on_order(self) -> bool:
        """Whether adding in another order gives another last digit."""
        return self.name in ("sum", "avg", "stddev", "median", "quantile")


class TooLarge(Exception):
    """A sum of whole numbers beyond 64 bits; the engine refuses the question."""


def total(values: Sequence[float]) -> float | None:
    if not values:
        return None
    found = sum(values) if isinstance(values[0], int) else math.fsum(values)
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        raise TooLarge
    return finite(found)


def mean(values: Sequence[float]) -> float | None:
    return finite(math.fsum(values) / len(values)) if values else None


def finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def deviation(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    try:
        return finite(float(statistics.stdev(map(float, values))))
    except OverflowError:
        return None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Interpolate between the two nearest values."""
    if not values:
        return None
    ordered = sorted(map(float, values))
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return finite(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def earliest(rows: Rows) -> Mapping[str, Any]:
    return min(enumerate(rows), key=lambda at: (at[1]["t"] is None, at[1]["t"] or dt.datetime.max.replace(tzinfo=dt.UTC), at[0]))[1]  # fmt: skip


def latest(rows: Rows) -> Mapping[str, Any]:
    return max(enumerate(rows), key=lambda at: (at[1]["t"] is not None, at[1]["t"] or dt.datetime.min.replace(tzinfo=dt.UTC), at[0]))[1]  # fmt: skip


AGGREGATE_OF: Mapping[str, Callable[[Any], Any]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "sum": total,
    "avg": mean,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "median": lambda values: quantile(values, 0.5),
    "quantile": quantile,
    "stddev": deviation,
    "first": earliest,
    "last": latest,
}


def korean(moment: dt.date) -> dt.datetime:
    return moment.astimezone(KST) if isinstance(moment, dt.datetime) else dt.datetime.combine(moment, dt.time(), KST)


def day(moment: dt.date) -> dt.date:
    return korean(moment).date()


BUCKET_OF: Mapping[str, Callable[[Any], Any]] = {
    "hour": lambda moment: korean(moment).replace(minute=0, second=0, microsecond=0),
    "day": day,
    "week": lambda moment: day(moment) - dt.timedelta(days=day(moment).weekday()),
    "month": lambda moment: day(moment).replace(day=1),
    "year": lambda moment: day(moment).replace(month=1, day=1),
    "hour_of_day": lambda moment: korean(moment).hour,
    "weekday": lambda moment: day(moment).isoweekday(),
}


def grouped(rows: Rows, groups: Sequence[Group], aggregates: Sequence[Aggregate]) -> list[tuple[Any, ...]]:
    """Return a row for each group, in the order of its values, empty ones last; without groups one row of all."""
    gathered: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {} if groups else {(): []}
    for row in rows:
        gathered.setdefault(tuple(group.value(row) for group in groups), []).append(row)
    answers = [(*key, *(aggregate.value(inside) for aggregate in aggregates)) for key, inside in gathered.items()]
    return sorted(answers, key=lambda answer: sort_key(answer[: len(groups)]))


def sort_key(values: Sequence[Any]) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is None, 0 if value is None else value) for value in values)


columns_by_type = {column.name: column.type for column in naive.SCHEMA.columns}
columns = st.sampled_from(list(columns_by_type))
groups = st.one_of(
    columns.map(Group),
    st.sampled_from([
        Group(name, bucket) for name, kind in columns_by_type.items() for bucket, row in BUCKETS.items() if kind in row.types
    ]),
)  # fmt: skip
aggregates = st.one_of(
    st.just(Aggregate("count")),
    st.sampled_from([
        Aggregate(name, column) for name, row in AGGREGATES.items() if name != "quantile"
        for column, kind in columns_by_type.items() if kind in row.types
    ]),
    st.builds(Aggregate, st.just("quantile"), st.sampled_from(["i", "n", "x"]), st.sampled_from([0, 0.1, 0.5, 0.9, 1])),
)  # fmt: skip
