import base64
import datetime as dt
import unicodedata

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.errors import (
    BadCursor,
    BadQuestion,
    BadValue,
    Unanswerable,
    UnknownColumn,
    UnknownOperator,
    UnknownParameter,
)
from catalog.records import (
    MAXIMUM_LIMIT,
    OPERATORS,
    PARAMETERS,
    TYPES,
    Column,
    Geometry,
    Schema,
    parse_query,
    snapshot_of_cursor,
)
from catalog.records.cursor import encode_cursor
from catalog.records.expressions import Call, ColumnRef, Expression, Value, compare
from catalog.records.parse import LISTS
from catalog.records.query import Cursor, Order

KST = dt.timezone(dt.timedelta(hours=9))
SCHEMA = Schema(
    columns=(
        Column("name"),
        Column("count_", "integer"),
        Column("pm10", "number"),
        Column("open", "boolean"),
        Column("on", "date"),
        Column("at", "datetime"),
        Column("until", "time"),
        Column("x", "number"),
        Column("y", "number"),
        Column("shape", "geometry"),
    ),
    time="at",
    geometry=Geometry("x", "y"),
)
BY_DAY = Schema(columns=(Column("on", "date"),), time="on")
PLAIN = Schema(columns=(Column("name"),))
ALLOWED = f"{', '.join(PARAMETERS)}, {', '.join(SCHEMA.names)}"
ORDERED = "eq, ne, gt, gte, lt, lte, between, in, isnull"
NAMES = "name, count_, pm10, open, on, at, until, x, y, shape"


def condition_on(name: str, operator: str, value: object, schema: Schema = SCHEMA) -> Expression:
    if operator == "isnull":
        condition = compare("isnull", schema[name])
        return condition if value else Call("not", (condition,), "boolean")
    return compare(operator, schema[name], value)


def in_box(*sides: float) -> Expression:
    return Call("in_box", (ColumnRef("", "geometry"), *(Value(side, "number") for side in sides)), "boolean")


def parse(*parameters: tuple[str, str], schema: Schema = SCHEMA):
    return parse_query(parameters, schema)


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=KST)


CONDITIONS = [
    (("name", "강남구"), condition_on("name", "eq", "강남구")),
    (("name", unicodedata.normalize("NFD", "강남구")), condition_on("name", "eq", "강남구")),
    (("name", ""), condition_on("name", "eq", "")),
    (("name", "a,b"), condition_on("name", "eq", "a,b")),
    (("name__eq", "강남구"), condition_on("name", "eq", "강남구")),
    (("name__contains", "주차"), condition_on("name", "contains", "주차")),
    (("name__in", "1호선, 2호선"), condition_on("name", "in", ("1호선", "2호선"))),
    (("name__gt", "나"), condition_on("name", "gt", "나")),
    (("name__isnull", "true"), condition_on("name", "isnull", True)),
    (("shape__isnull", "0"), condition_on("shape", "isnull", False)),
    (("count_", "31"), condition_on("count_", "eq", 31)),
    (("count_", " 31"), condition_on("count_", "eq", 31)),
    (("count___gte", "-31"), condition_on("count_", "gte", -31)),
    (("count_", str(2**63 - 1)), condition_on("count_", "eq", 2**63 - 1)),
    (("count___in", "1,2"), condition_on("count_", "in", (1, 2))),
    (("pm10__lt", "30"), condition_on("pm10", "lt", 30.0)),
    (("pm10__lte", "3.5e1"), condition_on("pm10", "lte", 35.0)),
    (("pm10__ne", "-.5"), condition_on("pm10", "ne", -0.5)),
    (("open", "true"), condition_on("open", "eq", True)),
    (("open", "FALSE"), condition_on("open", "eq", False)),
    (("open", "1"), condition_on("open", "eq", True)),
    (("on", "2018-01-31"), condition_on("on", "eq", dt.date(2018, 1, 31))),
    (("on", "20180131"), condition_on("on", "eq", dt.date(2018, 1, 31))),
    (("at", "2018-01-31T09:20:00+09:00"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31T09:20:00 09:00"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31 09:20 09:00"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31T09:20"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31 09:20"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31T00:20:00Z"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-30T19:20:00-05:00"), condition_on("at", "eq", at(2018, 1, 31, 9, 20))),
    (("at", "2018-01-31"), condition_on("at", "eq", at(2018, 1, 31))),
    (("until", "9:05"), condition_on("until", "eq", "09:05")),
    (("until", "09:05:00"), condition_on("until", "eq", "09:05")),
    (("until__lt", "24:00"), condition_on("until", "lt", "24:00")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "condition"), CONDITIONS, ids=[f"{name}={value}" for (name, value), _ in CONDITIONS]
)
def test_a_condition_is_read_as_the_columns_type(parameter, condition):
    assert parse(parameter).where == (condition,)
    assert repr(parse(parameter).where) == repr((condition,))  # 1 is no 1.0 and no True


def test_one_column_may_have_several_conditions():
    query = parse(("pm10__gte", "30"), ("pm10__lt", "80"), ("name", "가"))
    assert query.where == (
        condition_on("pm10", "gte", 30.0),
        condition_on("pm10", "lt", 80.0),
        condition_on("name", "eq", "가"),
    )


def test_a_value_given_twice_means_either():
    assert parse(("name", "가"), ("name", "나,다")).where == (condition_on("name", "in", ("가", "나,다")),)


def test_every_operator_is_for_known_types_and_has_an_example_that_parses():
    examples = Schema(
        columns=(
            Column("district"),
            Column("pm10", "integer"),
            Column("observed_on", "date"),
            Column("line"),
            Column("name"),
        )
    )
    for name, operator in OPERATORS.items():
        assert set(operator.types) <= set(TYPES)
        assert operator.label.ko
        assert operator.label.en
        parameter, _, value = operator.example.partition("=")
        [condition] = parse((parameter, value), schema=examples).where
        assert condition.operator == name


SHAPES = [
    ((), "select", SCHEMA.names),
    ((("select", "pm10,name"),), "select", ("pm10", "name")),
    ((("select", " name , name "),), "select", ("name",)),
    ((("select", "name"), ("select", "pm10")), "select", ("name", "pm10")),
    ((("select", ""),), "select", SCHEMA.names),
    ((), "order_by", ()),
    (
        (("order_by", "-pm10,name"),),
        "order_by",
        (Order(ColumnRef("pm10", "number"), descending=True), Order(ColumnRef("name", "string"))),
    ),
    ((), "limit", None),
    ((("limit", "1"),), "limit", 1),
    ((("limit", str(MAXIMUM_LIMIT)),), "limit", MAXIMUM_LIMIT),
    ((), "where", ()),
    ((("bbox", "126,37,127,38"),), "where", (in_box(126.0, 37.0, 127.0, 38.0),)),
    ((("bbox", "126.5, 37.5, 126.5, 37.5"),), "where", (in_box(126.5, 37.5, 126.5, 37.5),)),
    ((("bbox", "-180,-90,180,90"),), "where", (in_box(-180.0, -90.0, 180.0, 90.0),)),
    ((), "exact_count", False),
    ((("count", "exact"),), "exact_count", True),
    ((("count", "none"),), "exact_count", False),
]


@pytest.mark.parametrize(("parameters", "part", "value"), SHAPES)
def test_the_shape_of_the_answer_is_read(parameters, part, value):
    assert getattr(parse(*parameters), part) == value


INTERVALS = [
    ("2018-01-01/2018-01-31", [("gte", at(2018, 1, 1)), ("lt", at(2018, 2, 1))]),
    ("2018-01-01T09:00/2018-01-01T12:00", [("gte", at(2018, 1, 1, 9)), ("lte", at(2018, 1, 1, 12))]),
    ("2018-01-01T00:00:00Z/2018-01-01T12:00:00Z", [("gte", at(2018, 1, 1, 9)), ("lte", at(2018, 1, 1, 21))]),
    ("2018-01-01/..", [("gte", at(2018, 1, 1))]),
    ("2018-01-01/", [("gte", at(2018, 1, 1))]),
    ("../2018-01-31", [("lt", at(2018, 2, 1))]),
    ("/20180131", [("lt", at(2018, 2, 1))]),
    ("2018-01-31", [("gte", at(2018, 1, 31)), ("lt", at(2018, 2, 1))]),
    ("2018-01-31T09:20", [("gte", at(2018, 1, 31, 9, 20)), ("lte", at(2018, 1, 31, 9, 20))]),
]
DAYS = [
    ("2018-01-01/2018-01-31", [("gte", dt.date(2018, 1, 1)), ("lte", dt.date(2018, 1, 31))]),
    ("2018-01-31", [("gte", dt.date(2018, 1, 31)), ("lte", dt.date(2018, 1, 31))]),
    ("2018-01-01T20:00:00Z/..", [("gte", dt.date(2018, 1, 2))]),
    ("../2018-01-31T12:00", [("lte", dt.date(2018, 1, 31))]),
    ("../9999-12-31", [("lte", dt.date(9999, 12, 31))]),
]


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [*[(SCHEMA, *row) for row in INTERVALS], *[(BY_DAY, *row) for row in DAYS]],
    ids=[*[f"moments {row[0]}" for row in INTERVALS], *[f"days {row[0]}" for row in DAYS]],
)
def test_an_interval_becomes_conditions_on_the_time_column(schema, text, expected):
    assert parse(("datetime", text), schema=schema).where == tuple(
        condition_on(schema.time, operator, value, schema) for operator, value in expected
    )


MISTAKES = [
    # parameter, error, English, Korean
    (("nmae", "x"), UnknownParameter, f"Unknown parameter 'nmae'; allowed: {ALLOWED}", f"'nmae'은(는) 알 수 없는 매개변수입니다. 쓸 수 있는 것: {ALLOWED}"),
    (("SELECT", "x"), UnknownParameter, "Unknown parameter 'SELECT'", "'SELECT'은(는) 알 수 없는 매개변수입니다"),
    (("", "x"), UnknownParameter, "Unknown parameter ''", "''은(는) 알 수 없는 매개변수입니다"),
    (("nmae__gt", "x"), UnknownColumn, f"Unknown column 'nmae'; the columns of this dataset: {NAMES}", f"'nmae' 열이 없습니다. 이 데이터셋의 열: {NAMES}"),
    (("__gt", "x"), UnknownColumn, "Unknown column ''", "'' 열이 없습니다"),
    (("select", "name,nmae"), UnknownColumn, f"Unknown column 'nmae'; the columns of this dataset: {NAMES}", "'nmae' 열이 없습니다"),
    (("order_by", "-nmae"), UnknownColumn, "Unknown column 'nmae'", "'nmae' 열이 없습니다"),
    (("order_by", "--name"), UnknownColumn, "Unknown column '-name'", "'-name' 열이 없습니다"),
    (("order_by", "name desc"), UnknownColumn, "Unknown column 'name desc'", "'name desc' 열이 없습니다"),
    (("pm10__gtt", "1"), UnknownOperator, f"Unknown operator 'gtt' on 'pm10'; allowed: {ORDERED}", f"'gtt' 연산자는 쓸 수 없습니다. 쓸 수 있는 것: {ORDERED}"),
    (("pm10__contains", "1"), UnknownOperator, "Unknown operator 'contains' on 'pm10'", "'contains' 연산자는 쓸 수 없습니다"),
    (("name__gt__eq", "1"), UnknownOperator, "Unknown operator 'gt__eq' on 'name'", "'gt__eq' 연산자는"),
    (("nmae__gt__eq", "1"), UnknownColumn, "Unknown column 'nmae'", "'nmae' 열이 없습니다"),
    (("name__", "1"), UnknownOperator, "Unknown operator '' on 'name'; allowed: eq, ne, gt, gte, lt, lte, between, in, contains", "'' 연산자는"),
    (("open__gt", "true"), UnknownOperator, "Unknown operator 'gt' on 'open'; allowed: eq, ne, in, isnull", "쓸 수 있는 것: eq, ne, in, isnull"),
    (("shape", "x"), UnknownOperator, "Unknown operator 'eq' on 'shape'; allowed: isnull", "쓸 수 있는 것: isnull"),
    (("count_", "x"), BadValue, "Cannot read 'x' for 'count_'; expected a whole number", "'count_'의 값 'x'을(를) 읽을 수 없습니다. 올바른 형식: 정수"),
    (("count_", "3.5"), BadValue, "expected a whole number", "올바른 형식: 정수"),
    (("count_", "1_000"), BadValue, "Cannot read '1_000'", "올바른 형식: 정수"),
    (("count_", ""), BadValue, "Cannot read ''", "올바른 형식: 정수"),
    (("count_", str(2**63)), BadValue, "expected a whole number", "올바른 형식: 정수"),
    (("count_", "9" * 5000), BadValue, "expected a whole number", "올바른 형식: 정수"),
    (("count___in", "1,,2"), BadValue, "Cannot read '' for 'count___in'", "올바른 형식: 정수"),
    (("pm10", "x"), BadValue, "Cannot read 'x' for 'pm10'; expected a number", "올바른 형식: 수"),
    (("pm10", "nan"), BadValue, "expected a number", "올바른 형식: 수"),
    (("pm10", "infinity"), BadValue, "expected a number", "올바른 형식: 수"),
    (("pm10", "1e999"), BadValue, "expected a number", "올바른 형식: 수"),
    (("pm10", "1_0"), BadValue, "expected a number", "올바른 형식: 수"),
    (("pm10", "1,234"), BadValue, "expected a number", "올바른 형식: 수"),
    (("open", "yes"), BadValue, "expected true or false", "올바른 형식: true 또는 false"),
    (("open__isnull", "yes"), BadValue, "expected true, 1, false, 0", "올바른 형식: true, 1, false, 0"),
    (("on", "2018-02-29"), BadValue, "Cannot read '2018-02-29' for 'on'; expected YYYY-MM-DD", "올바른 형식: YYYY-MM-DD"),
    (("on", "2018-01-31T00:00"), BadValue, "expected YYYY-MM-DD", "올바른 형식: YYYY-MM-DD"),
    (("on", "어제"), BadValue, "expected YYYY-MM-DD", "올바른 형식: YYYY-MM-DD"),
    (("at", "어제"), BadValue, "expected YYYY-MM-DDTHH:MM:SS+09:00", "올바른 형식: YYYY-MM-DDTHH:MM:SS+09:00"),
    (("at", "9999-12-31T23:59:59-12:00"), BadValue, "Cannot read '9999-12-31T23:59:59-12:00'", "올바른 형식"),
    (("until", "25:00"), BadValue, "expected HH:MM or HH:MM:SS", "올바른 형식: HH:MM 또는 HH:MM:SS"),
    (("until", "24:01"), BadValue, "expected HH:MM", "올바른 형식: HH:MM"),
    (("name", "a\x00b"), BadValue, "expected text", "올바른 형식: 문자"),
    (("name", "\ud800"), BadValue, "expected text", "올바른 형식: 문자"),
    (("limit", "0"), BadValue, "Cannot read '0' for 'limit'; expected 1..10000", "'limit'의 값 '0'을(를) 읽을 수 없습니다. 올바른 형식: 1..10000"),
    (("limit", "10001"), BadValue, "expected 1..10000", "1..10000"),
    (("limit", "-1"), BadValue, "expected 1..10000", "1..10000"),
    (("limit", "ten"), BadValue, "expected 1..10000", "1..10000"),
    (("limit", "１０"), BadValue, "expected 1..10000", "1..10000"),
    (("limit", "9" * 5000), BadValue, "expected 1..10000", "1..10000"),
    (("count", "yes"), BadValue, "expected exact, none", "exact, none"),
    (("bbox", "126,37,127"), BadValue, "expected west,south,east,north in degrees", "올바른 형식: 서,남,동,북 (도)"),
    (("bbox", "126,37,127,38,39"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "127,37,126,38"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "126,38,127,37"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "126,37,181,38"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "126,-91,127,38"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "a,b,c,d"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", ""), BadValue, "west,south,east,north", "서,남,동,북"),
    (("bbox", "nan,nan,nan,nan"), BadValue, "west,south,east,north", "서,남,동,북"),
    (("datetime", "../.."), BadValue, "expected start/end, for example 2018-01-01/2018-01-31", "시작/끝, 예: 2018-01-01/2018-01-31"),
    (("datetime", ""), BadValue, "start/end", "시작/끝"),
    (("datetime", "2018-02-01/2018-01-01"), BadValue, "start/end", "시작/끝"),
    (("datetime", "2018-01-01garbage/.."), BadValue, "start/end", "시작/끝"),
    (("datetime", "2018-01-01/2018-01-02/2018-01-03"), BadValue, "start/end", "시작/끝"),
    (("datetime", "../9999-12-31"), BadValue, "start/end", "시작/끝"),
    (("order_by", "shape"), Unanswerable, "'order_by' cannot be used in this question: geometries have no order", "도형으로는 정렬할 수 없습니다"),
    (("cursor", "x"), BadCursor, "follow 'next' unchanged", "'next' 주소를 그대로"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "error", "english", "korean"),
    MISTAKES,
    ids=[f"{name}={value[:30]!a}" for (name, value), *_ in MISTAKES],
)
def test_a_mistake_is_an_error_that_says_what_would_be_right(parameter, error, english, korean):
    with pytest.raises(error) as caught:
        parse(parameter)
    assert type(caught.value) is error
    assert english in caught.value.text.en
    assert korean in caught.value.text.ko


@pytest.mark.parametrize("name", [name for name in PARAMETERS if name not in LISTS])
def test_a_parameter_given_twice_is_an_error(name):
    with pytest.raises(BadValue) as caught:
        parse((name, "1"), (name, "2"))
    assert caught.value.text.en == f"Cannot read '1, 2' for '{name}'; expected one value"
    assert caught.value.text.ko == f"'{name}'의 값 '1, 2'을(를) 읽을 수 없습니다. 올바른 형식: 값 하나"


NEEDS = [
    (
        ("bbox", "126,37,127,38"),
        "'bbox' cannot be used in this question: the records have no place",
        "'bbox'은(는) 이 물음에 쓸 수 없습니다. 위치 열이 없습니다",
    ),
    (
        ("datetime", "2018-01-01"),
        "'datetime' cannot be used in this question: the records have no time column",
        "'datetime'은(는) 이 물음에 쓸 수 없습니다. 시간 열이 없습니다",
    ),
]


@pytest.mark.parametrize(("parameter", "english", "korean"), NEEDS)
def test_what_the_records_do_not_have_cannot_be_asked(parameter, english, korean):
    with pytest.raises(Unanswerable) as caught:
        parse(parameter, schema=PLAIN)
    assert (caught.value.text.en, caught.value.text.ko) == (english, korean)


# --- cursors

ASKED = (("order_by", "-pm10,name,on,at,open,count_,until"), ("limit", "10"))
PLACE = (3.5, "가", dt.date(2018, 1, 31), at(2018, 1, 31, 9, 20, 3, 500), True, -(2**63), "24:00")


def cursor_of(values, *parameters: tuple[str, str], row: int = 7) -> str:
    return encode_cursor(Cursor("digest", tuple(values), row), parse(*parameters))


@pytest.mark.parametrize(
    "values", [PLACE, (None,) * 7, (0.1 + 0.2, "'; DROP TABLE x", None, None, False, 2**63 - 1, "")]
)
def test_a_cursor_comes_back_as_it_was_written(values):
    query = parse(*ASKED, ("cursor", cursor_of(values, *ASKED)))
    assert query.cursor == Cursor("digest", values, 7)
    assert query.order_by == parse(*ASKED).order_by


OTHER_QUESTIONS = [
    (("order_by", "pm10,name,on,at,open,count_,until"),),
    (("order_by", "-pm10,name,on,at,open,count_"),),
    (*ASKED, ("select", "name")),
    (*ASKED, ("name", "가")),
    (*ASKED, ("bbox", "126,37,127,38")),
    (*ASKED, ("datetime", "2018-01-01")),
    (),
]


@pytest.mark.parametrize("other", OTHER_QUESTIONS)
def test_a_cursor_of_another_question_is_refused(other):
    with pytest.raises(BadCursor):
        parse(*other, ("cursor", cursor_of(PLACE, *ASKED)))


def test_a_cursor_goes_with_another_page_size():
    assert parse(ASKED[0], ("limit", "500"), ("count", "exact"), ("cursor", cursor_of(PLACE, *ASKED))).cursor


def forged(content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


DIGEST = parse(*ASKED).digest
GOOD = [3.5, "가", "2018-01-31", "2018-01-31T09:20:00+09:00", True, 5, "09:05"]
WRONG_PLACES = [
    ["3.5", 5, 20180131, "어제", 1, 5.5, ["09:05"]],
    [True, ["가"], "2018-02-30", "9999-12-31T23:59:59Z", "true", 2**63, {}],
]
FORGED = [
    [],
    {},
    None,
    "text",
    5,
    ["digest", DIGEST, GOOD],
    ["digest", DIGEST, GOOD, 7, 8],
    {"a": 1, "b": 2, "c": 3, "d": 4},
    [None, DIGEST, GOOD, 7],
    [5, DIGEST, GOOD, 7],
    ["digest", None, GOOD, 7],
    ["digest", [DIGEST], GOOD, 7],
    ["digest", DIGEST, GOOD[:-1], 7],
    ["digest", DIGEST, [*GOOD, 1], 7],
    ["digest", DIGEST, "1234567", 7],
    ["digest", DIGEST, dict.fromkeys("abcdefg"), 7],
    ["digest", DIGEST, None, 7],
    ["digest", DIGEST, GOOD, "7"],
    ["digest", DIGEST, GOOD, 7.5],
    ["digest", DIGEST, GOOD, True],
    ["digest", DIGEST, GOOD, None],
    ["digest", DIGEST, GOOD, 2**63],
    *[["digest", DIGEST, [*GOOD[:at], wrong, *GOOD[at + 1 :]], 7] for wrongs in WRONG_PLACES for at, wrong in enumerate(wrongs)],
]  # fmt: skip


@pytest.mark.parametrize("content", FORGED)
def test_a_forged_cursor_is_refused(content):
    with pytest.raises(BadCursor):
        parse(*ASKED, ("cursor", forged(content)))


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
near_cursors = st.tuples(
    st.just("digest") | json_like,
    st.just(DIGEST) | json_like,
    st.tuples(*[st.just(value) | json_like for value in GOOD]) | json_like,
    json_like,
).map(forged)


@settings(max_examples=200, deadline=None)
@given(
    st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()) | json_like.map(forged) | near_cursors
)
@example("")
@example("=")
@example("한글")
@example("\ud800")
@example("W" * 100_000)
@example(forged([[]]) * 3)
@example(base64.urlsafe_b64encode(b"[" * 5000).decode())
def test_garbage_is_a_bad_cursor_and_nothing_else(text):
    try:
        query = parse(*ASKED, ("cursor", text))
    except BadCursor as error:
        assert error.text.ko
    else:
        assert query.cursor is not None
    try:
        assert isinstance(snapshot_of_cursor(text), str)
    except BadCursor as error:
        assert error.text.ko


def test_a_cursor_tells_its_snapshot_before_the_question_is_known():
    assert snapshot_of_cursor(cursor_of(PLACE, *ASKED)) == "digest"


@pytest.mark.parametrize("content", [[], {}, None, 5, [5, DIGEST, GOOD, 7], [None]])
def test_a_forged_cursor_tells_no_snapshot(content):
    with pytest.raises(BadCursor):
        snapshot_of_cursor(forged(content))


any_names = st.one_of(
    st.sampled_from([*PARAMETERS, *SCHEMA.names]),
    st.builds("{}__{}".format, st.sampled_from(SCHEMA.names), st.sampled_from(list(OPERATORS))),
    st.text(max_size=8),
)
likely = ["1", "2018-01-01", "true", "name", "-pm10", "126,37,127,38", "2018-01-01/..", "24:00", "0001-01-01"]
any_values = st.text(max_size=12) | st.sampled_from([*likely, "9999-12-31T23:59:59.999999"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(any_names, any_values), max_size=4))
def test_any_question_is_read_or_refused(parameters):
    try:
        query = parse(*parameters)
    except BadQuestion as error:
        assert error.text.ko
        assert error.text.en
    else:
        assert len(query.digest) == 16
