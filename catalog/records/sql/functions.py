"""The functions that SQL may call: one table for the check, the docs and the errors. What is not in it does not exist.

Left out on purpose: whatever reads files, settings or the clock behind our back (``now`` and ``today`` are answered by
the hub), gives another answer each time (``random``), makes lists, structs or rows, or grows and computes without a
bound (``repeat``, ``format``, ``levenshtein``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.text import Text

KINDS: Mapping[str, Text] = {
    "aggregate": Text(ko="집계", en="aggregates"),
    "window": Text(ko="창 함수", en="window functions"),
    "text": Text(ko="문자", en="text"),
    "number": Text(ko="수", en="numbers"),
    "time": Text(ko="날짜와 시각", en="dates and times"),
    "choice": Text(ko="조건", en="conditions"),
}
MANY = 100


@dataclass(frozen=True)
class Function:
    """A function of the engine, under its own name; ``least`` and ``most`` say how many arguments it takes."""

    name: str
    kind: str
    label: Text
    example: str
    least: int = 1
    most: int = 1


def table(kind: str, rows: Iterable[tuple[str, int, int, str, str, str]]) -> dict[str, Function]:
    return {
        name: Function(name, kind, Text(ko=ko, en=en), example, least, most)
        for name, least, most, ko, en, example in rows
    }


FUNCTIONS: Mapping[str, Function] = {
    **table("aggregate", (
        ("count", 0, 1, "개수", "how many", "count(*), count(DISTINCT district)"),
        ("sum", 1, 1, "합", "sum", "sum(boardings)"),
        ("avg", 1, 1, "평균", "mean", "avg(pm10)"),
        ("min", 1, 1, "가장 작은 값", "least value", "min(observed_at)"),
        ("max", 1, 1, "가장 큰 값", "greatest value", "max(pm10)"),
        ("median", 1, 1, "중앙값", "median", "median(pm10)"),
        ("mode", 1, 1, "가장 잦은 값", "most frequent value", "mode(line)"),
        ("quantile_cont", 2, 2, "분위수(보간)", "quantile, interpolated", "quantile_cont(pm10, 0.98)"),
        ("quantile_disc", 2, 2, "분위수(있는 값)", "quantile, a value that occurs", "quantile_disc(pm10, 0.5)"),
        ("stddev", 1, 1, "표본 표준편차", "standard deviation of a sample", "stddev(pm10)"),
        ("stddev_samp", 1, 1, "표본 표준편차", "standard deviation of a sample", "stddev_samp(pm10)"),
        ("stddev_pop", 1, 1, "모 표준편차", "standard deviation of a population", "stddev_pop(pm10)"),
        ("variance", 1, 1, "표본 분산", "variance of a sample", "variance(pm10)"),
        ("var_samp", 1, 1, "표본 분산", "variance of a sample", "var_samp(pm10)"),
        ("var_pop", 1, 1, "모 분산", "variance of a population", "var_pop(pm10)"),
        ("corr", 2, 2, "상관계수", "correlation", "corr(pm10, pm25)"),
        ("covar_samp", 2, 2, "표본 공분산", "covariance of a sample", "covar_samp(pm10, pm25)"),
        ("covar_pop", 2, 2, "모 공분산", "covariance of a population", "covar_pop(pm10, pm25)"),
        ("regr_slope", 2, 2, "회귀 기울기 (y, x)", "slope of the regression (y, x)", "regr_slope(pm10, wind)"),
        ("regr_intercept", 2, 2, "회귀 절편 (y, x)", "intercept of the regression (y, x)", "regr_intercept(pm10, wind)"),
        ("regr_r2", 2, 2, "결정계수 (y, x)", "coefficient of determination (y, x)", "regr_r2(pm10, wind)"),
        ("arg_min", 2, 2, "둘째가 가장 작은 행의 첫째 값", "first argument where the second is least", "arg_min(station, pm10)"),
        ("arg_max", 2, 2, "둘째가 가장 큰 행의 첫째 값", "first argument where the second is greatest", "arg_max(station, pm10)"),
        ("first", 1, 1, "첫 값", "first value", "first(pm10 ORDER BY observed_at)"),
        ("last", 1, 1, "마지막 값", "last value", "last(pm10 ORDER BY observed_at)"),
        ("any_value", 1, 1, "비어 있지 않은 아무 값", "any value that is not empty", "any_value(district)"),
        ("string_agg", 2, 2, "이어 붙인 문자", "texts joined", "string_agg(line, ', ' ORDER BY line)"),
        ("bool_and", 1, 1, "모두 참인가", "whether all are true", "bool_and(is_open)"),
        ("bool_or", 1, 1, "하나라도 참인가", "whether one is true", "bool_or(is_open)"),
        ("count_if", 1, 1, "참인 개수", "how many are true", "count_if(pm10 > 80)"),
        ("approx_count_distinct", 1, 1, "서로 다른 값의 어림 개수", "about how many distinct values", "approx_count_distinct(card)"),
        ("skewness", 1, 1, "왜도", "skewness", "skewness(pm10)"),
        ("kurtosis", 1, 1, "첨도", "excess kurtosis", "kurtosis(pm10)"),
    )),
    **table("window", (
        ("row_number", 0, 0, "행 번호", "number of the row", "row_number() OVER (PARTITION BY line ORDER BY boardings DESC)"),
        ("rank", 0, 0, "순위(같으면 건너뜀)", "rank with gaps", "rank() OVER (ORDER BY pm10 DESC)"),
        ("dense_rank", 0, 0, "순위(건너뛰지 않음)", "rank without gaps", "dense_rank() OVER (ORDER BY pm10 DESC)"),
        ("percent_rank", 0, 0, "백분위 순위", "relative rank", "percent_rank() OVER (ORDER BY pm10)"),
        ("cume_dist", 0, 0, "누적 비율", "cumulative share", "cume_dist() OVER (ORDER BY pm10)"),
        ("ntile", 1, 1, "몇째 묶음인지", "bucket of n equal ones", "ntile(4) OVER (ORDER BY pm10)"),
        ("lag", 1, 3, "앞선 행의 값", "value of an earlier row", "lag(pm10, 24) OVER (ORDER BY observed_at)"),
        ("lead", 1, 3, "뒤따르는 행의 값", "value of a later row", "lead(pm10) OVER (ORDER BY observed_at)"),
        ("first_value", 1, 1, "창의 첫 값", "first value of the frame", "first_value(pm10) OVER (ORDER BY observed_at)"),
        ("last_value", 1, 1, "창의 마지막 값", "last value of the frame", "last_value(pm10 IGNORE NULLS) OVER (ORDER BY observed_at)"),
        ("nth_value", 2, 2, "창의 n째 값", "nth value of the frame", "nth_value(pm10, 2) OVER (ORDER BY observed_at)"),
    )),
    **table("text", (
        ("lower", 1, 1, "소문자로", "in lower case", "lower(name)"),
        ("upper", 1, 1, "대문자로", "in upper case", "upper(name)"),
        ("trim", 1, 2, "양 끝을 다듬음", "without blanks at both ends", "trim(name)"),
        ("ltrim", 1, 2, "앞을 다듬음", "without blanks at the start", "ltrim(name)"),
        ("rtrim", 1, 2, "뒤를 다듬음", "without blanks at the end", "rtrim(name)"),
        ("length", 1, 1, "글자 수", "number of characters", "length(name)"),
        ("substring", 2, 3, "일부", "a piece", "substring(code, 1, 5)"),
        ("substr", 2, 3, "일부", "a piece", "substr(code, 1, 5)"),
        ("left", 2, 2, "앞의 글자들", "the first characters", "left(code, 5)"),
        ("right", 2, 2, "뒤의 글자들", "the last characters", "right(code, 4)"),
        ("replace", 3, 3, "바꿔 씀", "with a text replaced", "replace(name, '(주)', '')"),
        ("translate", 3, 3, "글자마다 바꿔 씀", "with characters replaced one by one", "translate(name, '０１', '01')"),
        ("split_part", 3, 3, "나눈 것 중 n째", "the nth piece between separators", "split_part(address, ' ', 2)"),
        ("strpos", 2, 2, "처음 나오는 자리", "where a text first occurs", "strpos(address, '구')"),
        ("contains", 2, 2, "들어 있는가", "whether a text is in it", "contains(name, '주차')"),
        ("starts_with", 2, 2, "그것으로 시작하는가", "whether it begins so", "starts_with(code, '11')"),
        ("ends_with", 2, 2, "그것으로 끝나는가", "whether it ends so", "ends_with(name, '역')"),
        ("concat", 1, MANY, "이어 붙임(빈 값은 건너뜀)", "joined, empty values left out", "concat(city, ' ', district)"),
        ("concat_ws", 2, MANY, "사이에 넣어 이어 붙임", "joined by a separator", "concat_ws('-', line, station)"),
        ("lpad", 3, 3, "앞을 채움(200자까지)", "filled up at the start, to 200 at most", "lpad(code, 5, '0')"),
        ("rpad", 3, 3, "뒤를 채움(200자까지)", "filled up at the end, to 200 at most", "rpad(code, 5, ' ')"),
        ("reverse", 1, 1, "거꾸로", "reversed", "reverse(code)"),
        ("nfc_normalize", 1, 1, "유니코드 NFC로", "in Unicode form NFC", "nfc_normalize(name)"),
        ("strip_accents", 1, 1, "악센트 없이", "without accents", "strip_accents(name)"),
        ("regexp_matches", 2, 3, "정규식에 맞는가 (RE2)", "whether a pattern is found (RE2)", "regexp_matches(name, '공영.*주차')"),
        ("regexp_full_match", 2, 3, "전체가 정규식에 맞는가", "whether all of it fits a pattern", "regexp_full_match(code, '[0-9]{5}')"),
        ("regexp_extract", 2, 4, "정규식에 맞는 부분", "the piece that fits a pattern", "regexp_extract(address, '([가-힣]+구)', 1)"),
        ("regexp_replace", 3, 4, "정규식으로 바꿔 씀", "with a pattern replaced", "regexp_replace(phone, '[^0-9]', '', 'g')"),
    )),
    **table("number", (
        ("abs", 1, 1, "절댓값", "absolute value", "abs(change)"),
        ("round", 1, 2, "반올림", "rounded", "round(avg(pm10), 1)"),
        ("floor", 1, 1, "내림", "rounded down", "floor(pm10 / 10)"),
        ("ceil", 1, 1, "올림", "rounded up", "ceil(minutes / 60)"),
        ("trunc", 1, 1, "소수점 아래 버림", "without its fraction", "trunc(ozone)"),
        ("sign", 1, 1, "부호", "its sign", "sign(change)"),
        ("mod", 2, 2, "나머지", "the rest of a division", "mod(number, 2)"),
        ("sqrt", 1, 1, "제곱근", "square root", "sqrt(area)"),
        ("cbrt", 1, 1, "세제곱근", "cube root", "cbrt(volume)"),
        ("pow", 2, 2, "거듭제곱", "power", "pow(speed, 2)"),
        ("power", 2, 2, "거듭제곱", "power", "power(speed, 2)"),
        ("exp", 1, 1, "지수함수", "exponential", "exp(rate)"),
        ("ln", 1, 1, "자연로그", "natural logarithm", "ln(people)"),
        ("log10", 1, 1, "상용로그", "logarithm of base 10", "log10(people)"),
        ("log2", 1, 1, "밑이 2인 로그", "logarithm of base 2", "log2(people)"),
        ("pi", 0, 0, "원주율", "pi", "pi()"),
        ("radians", 1, 1, "도를 라디안으로", "degrees as radians", "radians(latitude)"),
        ("degrees", 1, 1, "라디안을 도로", "radians as degrees", "degrees(angle)"),
        ("sin", 1, 1, "사인", "sine", "sin(radians(latitude))"),
        ("cos", 1, 1, "코사인", "cosine", "cos(radians(latitude))"),
        ("tan", 1, 1, "탄젠트", "tangent", "tan(angle)"),
        ("asin", 1, 1, "아크사인", "arc sine", "asin(ratio)"),
        ("acos", 1, 1, "아크코사인", "arc cosine", "acos(ratio)"),
        ("atan", 1, 1, "아크탄젠트", "arc tangent", "atan(ratio)"),
        ("atan2", 2, 2, "두 수의 아크탄젠트", "arc tangent of two numbers", "atan2(dy, dx)"),
        ("greatest", 1, MANY, "그중 가장 큰 값", "the greatest of several", "greatest(pm10, pm25)"),
        ("least", 1, MANY, "그중 가장 작은 값", "the least of several", "least(pm10, pm25)"),
        ("isnan", 1, 1, "수가 아닌가", "whether it is not a number", "isnan(ratio)"),
        ("isfinite", 1, 1, "유한한가", "whether it is finite", "isfinite(ratio)"),
    )),
    **table("time", (
        ("now", 0, 0, "질문한 때", "when the question was put", "now() - INTERVAL 1 DAY"),
        ("today", 0, 0, "질문한 날(한국)", "the day of the question, in Korea", "today()"),
        ("date_trunc", 2, 2, "단위의 시작", "the start of its unit", "date_trunc('hour', observed_at)"),
        ("date_part", 2, 2, "일부를 수로", "a part of it, as a number", "date_part('isodow', observed_at)"),
        ("date_diff", 3, 3, "넘은 단위의 수", "boundaries of a unit between two", "date_diff('day', opened_on, closed_on)"),
        ("date_sub", 3, 3, "꽉 찬 단위의 수", "whole units between two", "date_sub('hour', started_at, ended_at)"),
        ("time_bucket", 2, 3, "간격의 시작", "the start of its interval", "time_bucket(INTERVAL 15 MINUTE, observed_at)"),
        ("year", 1, 1, "해", "year", "year(observed_at)"),
        ("quarter", 1, 1, "분기", "quarter", "quarter(observed_at)"),
        ("month", 1, 1, "달", "month", "month(observed_at)"),
        ("week", 1, 1, "주(ISO)", "week (ISO)", "week(observed_at)"),
        ("day", 1, 1, "날", "day of the month", "day(observed_at)"),
        ("dayofyear", 1, 1, "해의 몇째 날", "day of the year", "dayofyear(observed_at)"),
        ("dayofweek", 1, 1, "요일 (일요일 0)", "day of the week, Sunday 0", "dayofweek(observed_at)"),
        ("isodow", 1, 1, "요일 (월요일 1)", "day of the week, Monday 1", "isodow(observed_at)"),
        ("hour", 1, 1, "시(한국)", "hour, in Korea", "hour(observed_at)"),
        ("minute", 1, 1, "분", "minute", "minute(observed_at)"),
        ("second", 1, 1, "초", "second", "second(observed_at)"),
        ("last_day", 1, 1, "그달의 마지막 날", "last day of the month", "last_day(observed_on)"),
        ("make_date", 3, 3, "해, 달, 날로 만든 날짜", "a date of year, month and day", "make_date(2026, 11, 22)"),
        ("strftime", 2, 2, "형식에 맞춰 씀", "written in a form", "strftime(observed_at, '%Y-%m')"),
        ("strptime", 2, 2, "형식에 맞춰 읽음", "read from a form", "strptime(ymd, '%Y%m%d')"),
        ("try_strptime", 2, 2, "형식에 맞춰 읽음, 안 되면 비움", "read from a form, else empty", "try_strptime(ymd, '%Y%m%d')"),
        ("epoch", 1, 1, "1970년부터의 초", "seconds since 1970", "epoch(observed_at)"),
        ("to_timestamp", 1, 1, "1970년부터의 초를 일시로", "seconds since 1970 as a moment", "to_timestamp(1790000000)"),
    )),
    **table("choice", (
        ("coalesce", 1, MANY, "비어 있지 않은 첫 값", "the first that is not empty", "coalesce(pm10, 0)"),
        ("ifnull", 2, 2, "비었으면 둘째 값", "the second where the first is empty", "ifnull(pm10, 0)"),
        ("nullif", 2, 2, "같으면 비움", "empty where both are equal", "nullif(pm10, -1)"),
        ("if", 3, 3, "참이면 둘째, 아니면 셋째", "the second if true, else the third", "if(pm10 > 80, '나쁨', '보통')"),
    )),
}  # fmt: skip
