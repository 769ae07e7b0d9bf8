"""The question: a frozen Query and the one table of its parameters.

``column=value`` and ``column__operator=value`` filter (``operators.py``); the parameters below say the rest. How a
question is read from a request is in ``parse.py``, how it is answered in ``run.py``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from catalog.records.expressions import ColumnRef, Expression, as_document, calls, has_aggregate
from catalog.records.schema import Column, Schema
from catalog.text import Text

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000
WGS84 = "EPSG:4326"


@dataclass(frozen=True)
class Output:
    """A column of the answer: how it is computed, and its name, type, titles and unit."""

    value: Expression
    column: Column

    @property
    def name(self) -> str:
        return self.column.name


@dataclass(frozen=True)
class Order:
    value: Expression
    descending: bool = False


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: after the record with these sort values and this row, in this snapshot.

    Of an answer that is computed (groups, different records) the row is the number of the records before it.
    """

    snapshot: str
    values: tuple[Any, ...]
    row: int


@dataclass(frozen=True)
class Query:
    """A question about the records of one distribution, checked against its schema.

    All of ``where`` must hold. ``latest_by``: of the records that are left only the latest of each key. ``sample``: of
    these a fixed choice of so many. ``having`` is a condition on the columns of the answer.
    """

    outputs: tuple[Output, ...]
    where: tuple[Expression, ...] = ()
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None
    order_by: tuple[Order, ...] = ()
    distinct: bool = False
    latest_by: tuple[str, ...] = ()
    sample: int | None = None
    crs: str = WGS84
    districts: str = ""
    limit: int | None = None
    cursor: Cursor | None = None
    exact_count: bool = False

    @property
    def select(self) -> tuple[str, ...]:
        """The names of the columns of the answer."""
        return tuple(output.name for output in self.outputs)

    @cached_property
    def is_computed(self) -> bool:
        """Whether the answer's records are no records of the snapshot any more, but computed from these."""
        return bool(self.group_by) or self.distinct or any(has_aggregate(output.value) for output in self.outputs)

    @property
    def is_reordered(self) -> bool:
        """Whether the records come in another order than they lie in, or are computed: all are looked at before the first."""
        return bool(self.order_by or self.is_computed or self.latest_by or self.sample)

    @cached_property
    def digest(self) -> str:
        """A short name of the question without its place (limit and cursor) and its coordinate system."""
        content = [
            [[output.name, as_document(output.value)] for output in self.outputs],
            [as_document(condition) for condition in self.where],
            [as_document(group) for group in self.group_by],
            as_document(self.having),
            [[as_document(order.value), order.descending] for order in self.order_by],
            [self.distinct, self.latest_by, self.sample, self.districts],
        ]
        return hashlib.sha256(orjson.dumps(content, default=str)).hexdigest()[:16]


def uses_districts(query: Query) -> bool:
    """Tell whether a question asks in which district a place lies."""
    values = (*(output.value for output in query.outputs), *query.where, *query.group_by)
    return any(calls(value, ("district", "district_code")) for value in values)


def answer_schema(schema: Schema, query: Query) -> Schema:
    """Return the schema of an answer: its columns, and what is still true of them of the records' own schema."""
    own = {output.name for output in query.outputs if output.value == ColumnRef(output.name, output.column.type)}
    geometry = schema.geometry
    if geometry and not ({geometry.column} if geometry.column else {geometry.longitude, geometry.latitude}) <= own:
        geometry = None
    is_plain = not query.is_computed
    return Schema(
        columns=tuple(output.column for output in query.outputs),
        key=schema.key if is_plain and set(schema.key) <= own else (),
        geometry=geometry,
        time=schema.time if schema.time in own else "",
        missing=schema.missing,
        is_answer=True,
    )


PARAMETERS: Mapping[str, Text] = {
    "select": Text(
        ko="보여 줄 열과 계산, 쉼표로 구분; 'as'로 이름을 붙임 (예: line,sum(boardings) as total)",
        en="columns and computations to show, separated by commas, named with 'as' (line,sum(boardings) as total)",
    ),
    "filter": Text(
        ko="CQL2 조건 (글 또는 JSON), 예: pm10 > 80 AND name LIKE '%역'",
        en="a condition in CQL2, as text or JSON, for example pm10 > 80 AND name LIKE '%역'",
    ),
    "filter-lang": Text(
        ko="'cql2-text' 또는 'cql2-json'; 없으면 글자를 보고 앎",
        en="'cql2-text' or 'cql2-json'; told by the text otherwise",
    ),
    "group_by": Text(
        ko="묶을 열이나 계산, 쉼표로 구분 (예: district,hour(observed_at))",
        en="columns or computations to group by, separated by commas (district,hour(observed_at))",
    ),
    "having": Text(
        ko="묶은 결과에 대한 CQL2 조건 (예: total > 1000)",
        en="a condition in CQL2 on the answer's columns (total > 1000)",
    ),
    "order_by": Text(
        ko="정렬할 열, 앞에 '-'를 붙이면 내림차순", en="columns to sort by; '-' before a name reverses it"
    ),
    "distinct": Text(ko="'true'이면 같은 레코드를 한 번만", en="'true' gives equal records once"),
    "bbox": Text(ko="서,남,동,북 (WGS 84 도)", en="west,south,east,north (degrees, WGS 84)"),
    "near": Text(
        ko="경도,위도,미터: 그 거리 안의 레코드와 'distance' 열, 가까운 것부터",
        en="longitude,latitude,metres: records within the distance, with a column 'distance', the nearest first",
    ),
    "datetime": Text(
        ko="기간 '시작/끝' (끝 포함, '..'은 열린 끝)", en="interval 'start/end' (end included, '..' is open)"
    ),
    "latest_by": Text(
        ko="조건에 맞는 레코드 가운데 키마다 가장 늦은 것만 (예: sensor_id)",
        en="of the matching records only the latest of each key (sensor_id)",
    ),
    "sample": Text(
        ko="조건에 맞는 레코드에서 고르게 뽑을 수; 같은 판에서는 늘 같은 레코드",
        en="how many of the matching records to draw evenly; always the same of one version",
    ),
    "crs": Text(
        ko="좌표를 답할 좌표계 (EPSG:4326, 5179, 5181, 5186, 5174)",
        en="the coordinate system to answer in (EPSG:4326, 5179, 5181, 5186, 5174)",
    ),
    "snapshot": Text(ko="이 판에 물음 (판의 id)", en="ask this version (its id)"),
    "as_of": Text(ko="이 때에 공개되어 있던 판에 물음", en="ask the version that was published at this time"),
    "limit": Text(ko="한 쪽의 레코드 수 (1~10,000)", en="records on a page (1 to 10,000)"),
    "cursor": Text(ko="다음 쪽의 위치; 'next'의 값을 그대로", en="where the next page begins, as 'next' gives it"),
    "count": Text(ko="'exact'이면 조건에 맞는 전체 수를 셈", en="'exact' counts all matching records"),
}
