"""What a question may compute: one table of operators, which gives their SQL, documentation and error texts.

Comparisons can be written behind a column (``pm10__gte=80``); all of them, and the functions, in a CQL2 ``filter``;
aggregates and time buckets in ``select`` and ``group_by``. Kinds of values are the types of columns (``schema.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from catalog.records.sums import DEVIATION, MEAN, SUM
from catalog.text import Text

NUMBERS = ("integer", "number")
TIMES = ("date", "datetime")
ORDERED = ("integer", "number", "date", "datetime", "time", "string")
ANY = (*ORDERED, "boolean")
PLACES = ("geometry",)
HOUR, DAY = 3_600_000_000, 86_400_000_000  # microseconds
KOREA = 9 * HOUR  # ahead of UTC, always (engine.py)
YEAR_ONE = 62_135_596_800_000_000  # microseconds from year 1 to 1970: added, every moment is positive
# Time zones make truncation forty times slower, so buckets are whole numbers first.
LOCAL = f"make_timestamp(epoch_us({{0}}) + {KOREA})"


@dataclass(frozen=True)
class Operator:
    """One operator: its condition or value in SQL (``{0}``, ``{1}`` the arguments) and what it is called.

    ``takes`` lists the kinds that each argument may have; arguments whose kinds are the same tuple object as the first's
    are compared with it and read as its kind. ``gives`` is the kind of the result ("same": the first argument's).
    ``right`` tells how the right side is written behind a column: value, list, pair or flag, "" for not at all.
    ``cql2`` is its name in CQL2 (OGC 21-065r2), "" for its own. ``key`` is a number that is cheaper to group by, from
    which ``sql`` makes the value (``{key}``). ``of_fractions`` is its SQL where the first argument may have fractions, ""
    for the same.
    """

    sql: str
    label: Text
    takes: tuple[tuple[str, ...], ...]
    gives: str
    example: str
    right: str = ""
    cql2: str = ""
    key: str = ""
    of_fractions: str = ""

    @property
    def types(self) -> tuple[str, ...]:
        """The types of columns that it works on."""
        return self.takes[0]


def comparison(
    sql: str, label: Text, types: tuple[str, ...], example: str, right: str = "value", cql2: str = ""
) -> Operator:
    count = {"pair": 3, "flag": 1}.get(right, 2)
    return Operator(sql, label, (types,) * count, "boolean", example, right, cql2)


OPERATORS: Mapping[str, Operator] = {
    "eq": comparison("{0} = {1}", Text(ko="같다", en="equals"), ANY, "district=강남구", cql2="="),
    "ne": comparison(
        "{0} IS DISTINCT FROM {1}",
        Text(ko="다르다(빈 값도)", en="differs (empty values too)"),
        ANY,
        "district__ne=강남구",
    ),
    "gt": comparison("{0} > {1}", Text(ko="크다", en="greater than"), ORDERED, "pm10__gt=80", cql2=">"),
    "gte": comparison("{0} >= {1}", Text(ko="크거나 같다", en="at least"), ORDERED, "pm10__gte=80", cql2=">="),
    "lt": comparison("{0} < {1}", Text(ko="작다", en="less than"), ORDERED, "pm10__lt=30", cql2="<"),
    "lte": comparison(
        "{0} <= {1}", Text(ko="작거나 같다", en="at most"), ORDERED, "observed_on__lte=2018-06-30", cql2="<="
    ),
    "between": comparison(
        "{0} BETWEEN {1} AND {2}",
        Text(ko="두 값 사이(끝 포함)", en="between two values, ends included"),
        ORDERED,
        "pm10__between=30,80",
        "pair",
    ),
    "in": comparison(
        "list_contains({1}, {0})", Text(ko="목록에 있다", en="is one of"), ANY, "line__in=1호선,2호선", "list"
    ),
    "contains": comparison(
        "contains(lower({0}), lower({1}))",
        Text(ko="글자를 포함한다", en="contains the text"),
        ("string",),
        "name__contains=주차",
    ),
    "startswith": comparison(
        "starts_with(lower({0}), lower({1}))",
        Text(ko="글자로 시작한다", en="starts with the text"),
        ("string",),
        "name__startswith=서울",
    ),
    "like": comparison(
        "{0} LIKE {1} ESCAPE '\\'",
        Text(ko="무늬와 맞는다 (%는 여러 글자, _는 한 글자)", en="matches the pattern (% any text, _ one letter)"),
        ("string",),
        "name__like=%25주차장",
    ),
    "isnull": comparison(
        "{0} IS NULL",
        Text(ko="비어 있다", en="is empty"),
        (*ANY, "geometry"),
        "pm10__isnull=true",
        "flag",
        cql2="isNull",
    ),
}


def function(
    sql: str, ko: str, en: str, takes: tuple[tuple[str, ...], ...], gives: str, example: str, cql2: str = ""
) -> Operator:
    return Operator(sql, Text(ko=ko, en=en), takes, gives, example, cql2=cql2)


BOOLEAN, TEXT, DAYS, MOMENTS = ("boolean",), ("string",), ("date",), ("datetime",)
ONE_NUMBER = (("integer", "number"),)
ONE_GEOMETRY, TWO_GEOMETRIES = (PLACES,), (PLACES, ("geometry",))
SPAN = "interval"
FUNCTIONS: Mapping[str, Operator] = {
    "and": function(
        "({0} AND {1})", "그리고", "and", (BOOLEAN, BOOLEAN), "boolean", "pm10 > 80 AND district = '강남구'"
    ),
    "or": function("({0} OR {1})", "또는", "or", (BOOLEAN, BOOLEAN), "boolean", "pm10 > 80 OR pm25 > 35"),
    "not": function("(NOT {0})", "아니다", "not", (BOOLEAN,), "boolean", "NOT district IN ('강남구', '서초구')"),
    "differs": function(
        "{0} <> {1}",
        "다르다(빈 값은 빼고)",
        "differs (empty values left out)",
        (ANY, ANY),
        "boolean",
        "district <> '강남구'",
        "<>",
    ),
    "add": function("({0} + {1})", "더하기", "plus", (NUMBERS, NUMBERS), "widest", "pm10 + pm25 > 100", "+"),
    "subtract": function("({0} - {1})", "빼기", "minus", (NUMBERS, NUMBERS), "widest", "capacity - occupied < 10", "-"),
    "multiply": function("({0} * {1})", "곱하기", "times", (NUMBERS, NUMBERS), "widest", "price * 2 > 1000", "*"),
    "divide": function(
        "({0} / {1})",
        "나누기 (0으로 나누면 빈 값)",
        "divided by (by zero: empty)",
        (NUMBERS, NUMBERS),
        "number",
        "occupied / capacity > 0.9",
        "/",
    ),
    "modulo": function(
        "({0} % {1})",
        "나머지 (0으로 나누면 빈 값)",
        "remainder (by zero: empty)",
        (NUMBERS, NUMBERS),
        "widest",
        "id % 2 = 0",
        "%",
    ),
    "div": function(
        "({0} // {1})",
        "정수 나누기 (0쪽으로 버림, 0으로 나누면 빈 값)",
        "whole division, towards zero (by zero: empty)",
        (("integer",), ("integer",)),
        "integer",
        "pm10 div 10 = 8",
    ),
    "power": function(
        "CASE WHEN {0} = 0 AND {1} < 0 THEN NULL ELSE pow({0}, {1}) END",
        "거듭제곱",
        "to the power of",
        (NUMBERS, NUMBERS),
        "number",
        "value ^ 2 > 100",
        "^",
    ),
    "casei": function(
        "lower({0})",
        "대소문자 구별 없음",
        "upper and lower case alike",
        (TEXT,),
        "string",
        "CASEI(name) = CASEI('Seoul')",
    ),
    "accenti": function(
        "strip_accents({0})",
        "악센트 구별 없음",
        "letters with and without accents alike",
        (TEXT,),
        "string",
        "ACCENTI(name) = ACCENTI('Café')",
    ),
    "t_after": function(
        "{0} > {1}",
        "시각이 뒤",
        "is after",
        (TIMES, TIMES),
        "boolean",
        "T_AFTER(observed_at, TIMESTAMP('2026-11-01T00:00:00+09:00'))",
    ),
    "t_before": function(
        "{0} < {1}", "시각이 앞", "is before", (TIMES, TIMES), "boolean", "T_BEFORE(observed_on, DATE('2026-11-01'))"
    ),
    "t_equals": function(
        "{0} = {1}",
        "같은 시각",
        "is the same time",
        (TIMES, TIMES),
        "boolean",
        "T_EQUALS(observed_on, DATE('2026-11-01'))",
    ),
    "t_during": function(
        "({0} > {1} AND {0} < {2})",
        "기간 안(끝 제외)",
        "is within the interval, ends excluded",
        (TIMES, (SPAN,)),
        "boolean",
        "T_DURING(observed_on, INTERVAL('2026-11-01', '2026-11-30'))",
    ),
    "t_intersects": function(
        "({0} >= {1} AND {0} <= {2})",
        "기간과 겹침(끝 포함)",
        "is within the interval, ends included",
        (TIMES, (SPAN,)),
        "boolean",
        "T_INTERSECTS(observed_on, INTERVAL('2026-11-01', '..'))",
    ),
    "t_disjoint": function(
        "({0} < {1} OR {0} > {2})",
        "기간 밖",
        "is outside the interval",
        (TIMES, (SPAN,)),
        "boolean",
        "T_DISJOINT(observed_on, INTERVAL('2026-11-01', '2026-11-30'))",
    ),
    "s_intersects": function(
        "hub_intersects({0}, {1})",
        "도형과 겹침",
        "shares a point with",
        TWO_GEOMETRIES,
        "boolean",
        "S_INTERSECTS(location, BBOX(126.9, 37.5, 127.1, 37.6))",
    ),
    "s_within": function(
        "hub_within({0}, {1})",
        "도형 안에 있음",
        "lies within",
        TWO_GEOMETRIES,
        "boolean",
        "S_WITHIN(location, POLYGON((127 37, 128 37, 128 38, 127 37)))",
    ),
    "s_contains": function(
        "hub_contains({0}, {1})",
        "도형을 포함함",
        "contains",
        TWO_GEOMETRIES,
        "boolean",
        "S_CONTAINS(location, POINT(127 37.5))",
    ),
    "s_disjoint": function(
        "hub_disjoint({0}, {1})",
        "도형과 떨어져 있음",
        "shares no point with",
        TWO_GEOMETRIES,
        "boolean",
        "S_DISJOINT(location, BBOX(126.9, 37.5, 127.1, 37.6))",
    ),
    "s_equals": function(
        "hub_equals({0}, {1})",
        "같은 도형",
        "is the same shape as",
        TWO_GEOMETRIES,
        "boolean",
        "S_EQUALS(location, POINT(127 37.5))",
    ),
    "s_touches": function(
        "hub_touches({0}, {1})",
        "도형과 맞닿음",
        "touches",
        TWO_GEOMETRIES,
        "boolean",
        "S_TOUCHES(location, LINESTRING(127 37, 128 38))",
    ),
    "s_crosses": function(
        "hub_crosses({0}, {1})",
        "도형을 가로지름",
        "crosses",
        TWO_GEOMETRIES,
        "boolean",
        "S_CROSSES(location, LINESTRING(127 37, 128 38))",
    ),
    "s_overlaps": function(
        "hub_overlaps({0}, {1})",
        "도형과 일부 겹침",
        "overlaps",
        TWO_GEOMETRIES,
        "boolean",
        "S_OVERLAPS(location, BBOX(126.9, 37.5, 127.1, 37.6))",
    ),
    "s_dwithin": function(
        "hub_distance({0}, {1}) <= {2}",
        "거리 안에 있음 (미터)",
        "lies within a distance, in metres",
        (*TWO_GEOMETRIES, NUMBERS),
        "boolean",
        "S_DWITHIN(location, POINT(127 37.5), 500, 'meters')",
    ),
    "s_beyond": function(
        "hub_distance({0}, {1}) > {2}",
        "거리 밖에 있음 (미터)",
        "lies beyond a distance, in metres",
        (*TWO_GEOMETRIES, NUMBERS),
        "boolean",
        "S_BEYOND(location, POINT(127 37.5), 500, 'meters')",
    ),
}

BUCKETS: Mapping[str, Operator] = {
    "hour": replace(
        function(
            f"make_timestamptz({{key}} * {HOUR} - {YEAR_ONE})",
            "시간",
            "the hour",
            (MOMENTS,),
            "datetime",
            "hour(observed_at)",
        ),
        key=f"((epoch_us({{0}}) + {YEAR_ONE}) // {HOUR})",
    ),
    "day": replace(
        function("(DATE '0001-01-01' + CAST({key} AS INTEGER))", "날", "the day", (TIMES,), "date", "day(observed_at)"),
        key=f"((epoch_us({{0}}) + {YEAR_ONE + KOREA}) // {DAY})",
    ),
    "week": function(
        f"CAST(date_trunc('week', {LOCAL}) AS DATE)",
        "주의 월요일",
        "the Monday of the week",
        (TIMES,),
        "date",
        "week(observed_at)",
    ),
    "month": function(
        f"CAST(date_trunc('month', {LOCAL}) AS DATE)",
        "달의 첫날",
        "the first day of the month",
        (TIMES,),
        "date",
        "month(observed_at)",
    ),
    "year": function(
        f"CAST(date_trunc('year', {LOCAL}) AS DATE)",
        "해의 첫날",
        "the first day of the year",
        (TIMES,),
        "date",
        "year(observed_at)",
    ),
    "hour_of_day": function(
        f"date_part('hour', {LOCAL})",
        "하루의 몇 시 (0~23)",
        "the hour of the day (0 to 23)",
        (MOMENTS,),
        "integer",
        "hour_of_day(observed_at)",
    ),
    "district": function(
        "hub_district({0})",
        "시군구 이름 (경계 데이터셋이 있을 때)",
        "the district that it lies in, where the hub has boundaries",
        (PLACES,),
        "string",
        "district(location)",
    ),
    "district_code": function(
        "hub_district_code({0})",
        "시군구 코드 (경계 데이터셋이 있을 때)",
        "the code of the district that it lies in, where the hub has boundaries",
        (PLACES,),
        "string",
        "district_code(location)",
    ),
    "weekday": function(
        f"date_part('isodow', {LOCAL})",
        "요일 (월 1 ~ 일 7)",
        "the day of the week (Monday 1 to Sunday 7)",
        (TIMES,),
        "integer",
        "weekday(observed_at)",
    ),
}

AGGREGATES: Mapping[str, Operator] = {
    "count": function(
        "count({0})",
        "레코드 수, 또는 빈 값이 아닌 값의 수",
        "number of records, or of values that are not empty",
        ((*ANY, "geometry"),),
        "integer",
        "count()",
    ),
    "count_distinct": function(
        "count(DISTINCT {0})",
        "서로 다른 값의 수",
        "number of different values",
        (ANY,),
        "integer",
        "count(distinct sensor_id)",
    ),
    "sum": replace(
        function("CAST(sum({0}) AS {kind})", "합", "sum", ONE_NUMBER, "same", "sum(boardings)"),
        of_fractions=SUM,
    ),
    "avg": replace(function("avg({0})", "평균", "mean", ONE_NUMBER, "number", "avg(pm10)"), of_fractions=MEAN),
    "min": function("min({0})", "최솟값", "least value", (ANY,), "same", "min(pm10)"),
    "max": function("max({0})", "최댓값", "greatest value", (ANY,), "same", "max(pm10)"),
    "median": function("median({0})", "중앙값", "median", ONE_NUMBER, "number", "median(pm10)"),
    "quantile": function(
        "quantile_cont({0}, {1})",
        "분위수 (0~1, 사이는 보간)",
        "quantile (0 to 1, interpolated)",
        (NUMBERS, ("number", "integer")),
        "number",
        "quantile(pm10, 0.9)",
    ),
    "stddev": function(
        DEVIATION,
        "표본 표준편차 (유효숫자 10자리)",
        "standard deviation of the sample (10 significant digits)",
        ONE_NUMBER,
        "number",
        "stddev(pm10)",
    ),
    "first": function(
        "first({0} ORDER BY {time} NULLS LAST, {row})",
        "시간이 가장 이른 레코드의 값",
        "value of the earliest record",
        (ANY,),
        "same",
        "first(pm10)",
    ),
    "last": function(
        "last({0} ORDER BY {time} NULLS FIRST, {row})",
        "시간이 가장 늦은 레코드의 값",
        "value of the latest record",
        (ANY,),
        "same",
        "last(pm10)",
    ),
}

ARITHMETIC = ("add", "subtract", "multiply", "divide", "modulo", "div", "power")
ALL: Mapping[str, Operator] = {**OPERATORS, **FUNCTIONS, **BUCKETS, **AGGREGATES}
CQL2_NAMES: Mapping[str, str] = {(row.cql2 or name).lower(): name for name, row in ALL.items()}
