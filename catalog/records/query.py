"""The question: a frozen Query, the one table of operators and the one of parameters.

``column=value`` and ``column__operator=value`` filter; ``select``, ``order_by``, ``bbox``, ``datetime``, ``limit``,
``cursor`` and ``count`` shape the answer. How a question is read from a request is in ``parse.py``, how it is answered in
``run.py``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.text import Text

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000


@dataclass(frozen=True)
class Operator:
    """One comparison: its condition (``{c}`` the column, ``{v}`` the value), label, and the types it works on."""

    sql: str
    label: Text
    types: tuple[str, ...]
    example: str
    takes: str = "value"  # value, list or flag


ORDERED = ("integer", "number", "date", "datetime", "time", "string")
ANY = (*ORDERED, "boolean")
OPERATORS: Mapping[str, Operator] = {
    "eq": Operator("{c} = {v}", Text(ko="같다", en="equals"), ANY, "district=강남구"),
    "ne": Operator("{c} IS DISTINCT FROM {v}", Text(ko="다르다", en="differs"), ANY, "district__ne=강남구"),
    "gt": Operator("{c} > {v}", Text(ko="크다", en="greater than"), ORDERED, "pm10__gt=80"),
    "gte": Operator("{c} >= {v}", Text(ko="크거나 같다", en="at least"), ORDERED, "pm10__gte=80"),
    "lt": Operator("{c} < {v}", Text(ko="작다", en="less than"), ORDERED, "pm10__lt=30"),
    "lte": Operator("{c} <= {v}", Text(ko="작거나 같다", en="at most"), ORDERED, "observed_on__lte=2018-06-30"),
    "in": Operator("list_contains({v}, {c})", Text(ko="목록에 있다", en="is one of"), ANY, "line__in=1호선,2호선", takes="list"),
    "contains": Operator("contains(lower({c}), lower({v}))", Text(ko="글자를 포함한다", en="contains the text"), ("string",), "name__contains=주차"),
    "isnull": Operator("({c} IS NULL) = {v}", Text(ko="비어 있다", en="is empty"), (*ANY, "geometry"), "pm10__isnull=true", takes="flag"),
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One filter on one column; ``value`` is typed (a tuple for ``in``, a bool for ``isnull``)."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Order:
    column: str
    descending: bool = False


@dataclass(frozen=True)
class Box:
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: after the record with these sort values and this row, in this snapshot."""

    snapshot: str
    values: tuple[Any, ...]
    row: int


@dataclass(frozen=True)
class Query:
    """A question about the records of one distribution, checked against its schema."""

    select: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    order_by: tuple[Order, ...] = ()
    box: Box | None = None
    limit: int | None = None
    cursor: Cursor | None = None
    exact_count: bool = False

    @property
    def digest(self) -> str:
        """A short name of the question without its place (limit and cursor)."""
        content = [self.select, [[c.column, c.operator, c.value] for c in self.conditions],
                   [[o.column, o.descending] for o in self.order_by],
                   [self.box.west, self.box.south, self.box.east, self.box.north] if self.box else None]  # fmt: skip
        return hashlib.sha256(orjson.dumps(content, default=str)).hexdigest()[:16]


PARAMETERS: Mapping[str, Text] = {
    "select": Text(ko="보여 줄 열, 쉼표로 구분", en="columns to show, separated by commas"),
    "order_by": Text(
        ko="정렬할 열, 앞에 '-'를 붙이면 내림차순", en="columns to sort by; '-' before a name reverses it"
    ),
    "bbox": Text(ko="서,남,동,북 (WGS 84 도)", en="west,south,east,north (degrees, WGS 84)"),
    "datetime": Text(
        ko="기간 '시작/끝' (끝 포함, '..'은 열린 끝)", en="interval 'start/end' (end included, '..' is open)"
    ),
    "limit": Text(ko="한 쪽의 레코드 수 (1~10,000)", en="records on a page (1 to 10,000)"),
    "cursor": Text(ko="다음 쪽의 위치; 'next'의 값을 그대로", en="where the next page begins, as 'next' gives it"),
    "count": Text(ko="'exact'이면 조건에 맞는 전체 수를 셈", en="'exact' counts all matching records"),
}
