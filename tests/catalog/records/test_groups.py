"""Computed answers (groups, aggregates, buckets, different records, latest, samples), compared with plain loops."""

import dataclasses
import datetime as dt
import itertools
import math
import threading
from typing import Any

import naive
import naive_groups
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive import SCHEMA
from naive_groups import Aggregate, Group, grouped
from record_rooms import Room, make_schema

from catalog.errors import BadExpression, BadValue, Unanswerable, UnknownColumn
from catalog.records import Column, Geometry, LoadMode, Manifest, Schema, parse_query, parts
from catalog.records.operators import AGGREGATES, BUCKETS, TIMES
from catalog.text import Text

AS_FOUND = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking writes a snapshot each time, which takes minutes
KST = naive.KST


def write_in_parts(room: Room, table: list, part_rows: int) -> Manifest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", part_rows)
        return room.write(table, SCHEMA)


def question(groups: list[Group], aggregates: list[Aggregate]) -> list[tuple[str, str]]:
    named = [f"{one.text} as g{at}" for at, one in enumerate(groups)] + [
        f"{one.text} as a{at}" for at, one in enumerate(aggregates)
    ]
    asked = [("select", ",".join(named))]
    return [*asked, ("group_by", ",".join(f"g{at}" for at in range(len(groups))))] if groups else asked


def is_same(found: Any, expected: Any, *, roughly: bool) -> bool:
    if not roughly or found is None or expected is None:
        return found == expected
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-300)


@settings(max_examples=40, deadline=None, phases=AS_FOUND)
@given(
    table=naive.rows,
    asked=st.lists(
        st.tuples(
            st.lists(naive_groups.groups, max_size=2, unique=True),
            st.lists(naive_groups.aggregates, min_size=1, max_size=4, unique=True),
        ),
        min_size=2,
        max_size=4,
    ),
    part_rows=st.sampled_from([3, 1000]),
)
def test_every_group_is_as_a_plain_loop_has_it(shared_room, table, asked, part_rows):
    manifest = write_in_parts(shared_room, table, part_rows)
    for groups, aggregates in asked:
        check(shared_room, manifest, table, groups, aggregates)


def check(room: Room, manifest: Manifest, table: list, groups: list[Group], aggregates: list[Aggregate]) -> None:
    parameters = question(groups, aggregates)
    try:
        expected = grouped(table, groups, aggregates)
    except naive_groups.TooLarge:
        with pytest.raises(BadExpression):
            room.ask(manifest, *parameters)
        return
    found = [tuple(row.values()) for row in room.ask(manifest, *parameters, ("limit", "10000"))]
    assert len(found) == len(expected), parameters
    for one, other in zip(found, expected, strict=True):
        assert one[: len(groups)] == other[: len(groups)], parameters
        for aggregate, left, right in zip(aggregates, one[len(groups) :], other[len(groups) :], strict=True):
            roughly = aggregate.depends_on_order and sums_are_safe(table, aggregate)
            if aggregate.depends_on_order and not roughly:
                continue  # 1e300 and 0.1 together: the last digits are noise
            assert is_same(left, right, roughly=roughly), (parameters, aggregate.text)


def sums_are_safe(table: list, aggregate: Aggregate) -> bool:
    values = [abs(row[aggregate.column]) for row in table if row[aggregate.column]]
    return not values or max(values) < 2**53


# --- every row of the tables by name

READINGS = Schema(
    columns=(Column("sensor"), Column("pm10", "integer", title=Text(ko="미세먼지", en="PM10"), unit="ug/m3"), Column("v", "number"),
             Column("at", "datetime"), Column("on", "date"), Column("x", "number"), Column("y", "number")),
    time="at",
    geometry=Geometry("x", "y"),
)  # fmt: skip


@pytest.fixture(scope="module")
def readings(shared_room: Room) -> Manifest:
    """Ten readings of each of three sensors, an hour apart; the third measures nothing."""
    return shared_room.write(
        [
            {"sensor": f"s{sensor}", "pm10": "" if sensor == 2 else hour % 4, "v": hour / 2, "at": f"2026-11-01T{hour:02d}:30",
             "on": f"2026-11-{1 + hour % 3:02d}", "x": 127 + sensor / 100, "y": 37.5}
            for hour in range(10) for sensor in range(3)
        ],
        READINGS,
    )  # fmt: skip


BUCKETED = [  # around the beginning of 1970, at the ends of all times, and where Korea's day is not that of Greenwich
    ("hour", "1969-12-31T23:59:59.999999+00:00", dt.datetime(1970, 1, 1, 8, tzinfo=KST)),
    ("hour", "1969-12-31T12:00", dt.datetime(1969, 12, 31, 12, tzinfo=KST)),
    ("hour", "9999-12-31T23:59:59", dt.datetime(9999, 12, 31, 23, tzinfo=KST)),
    ("day", "2025-12-31T15:00:00Z", dt.date(2026, 1, 1)),
    ("day", "1988-07-01T00:30", dt.date(1988, 7, 1)),  # Korea had a summer time that year
    ("day", "0001-01-02T00:00", dt.date(1, 1, 2)),
    ("week", "2026-11-01T00:00", dt.date(2026, 10, 26)),
    ("week", "1970-01-01T00:00", dt.date(1969, 12, 29)),
    ("month", "2026-10-31T15:00:00Z", dt.date(2026, 11, 1)),
    ("month", "1969-12-31T23:59", dt.date(1969, 12, 1)),
    ("year", "1969-12-31T14:59:59Z", dt.date(1969, 1, 1)),
    ("year", "9999-12-31T23:59:59", dt.date(9999, 1, 1)),
    ("hour_of_day", "2026-11-01T00:00:00Z", 9),
    ("hour_of_day", "1969-12-31T23:59", 23),
    ("weekday", "2026-11-01T14:59:59Z", 7),
    ("weekday", "2026-11-01T15:00:00Z", 1),
]


@pytest.mark.parametrize(("bucket", "moment", "expected"), BUCKETED)
def test_a_moment_falls_into_the_bucket_of_korean_time(shared_room, bucket, moment, expected):
    manifest = shared_room.write([{"at": moment}], make_schema(at="datetime"))
    assert shared_room.ask(manifest, ("group_by", f"{bucket}(at)")) == [{f"{bucket}_at": expected, "count": 1}]
    assert shared_room.ask(manifest, ("select", f"{bucket}(at) as b")) == [{"b": expected}]


def test_every_bucket_of_time_is_tried_above():
    assert {bucket for bucket, *_ in BUCKETED} == {name for name, row in BUCKETS.items() if {*row.types} & {*TIMES}}


AGGREGATED = {  # of 0, 1, 2, 3, 0, 1, 2, 3, 0, 1
    "count": 10, "count_distinct": 4, "sum": 13, "avg": 1.3, "min": 0, "max": 3, "median": 1.0, "quantile": 1.0,
    "stddev": 1.1595018087284057, "first": 0, "last": 1,
}  # fmt: skip
OF_NOTHING = {"count": 0, "count_distinct": 0}


@pytest.mark.parametrize("name", AGGREGATES)
def test_an_aggregate_computes_and_is_empty_where_there_is_nothing(shared_room, readings, name):
    written = f"{name}(pm10{', 0.5' if name == 'quantile' else ''}) as found"
    asked = (("select", f"sensor,{written}"), ("group_by", "sensor"))
    found = {row["sensor"]: row["found"] for row in shared_room.ask(readings, *asked)}
    assert found == {
        "s0": pytest.approx(AGGREGATED[name]),
        "s1": pytest.approx(AGGREGATED[name]),
        "s2": OF_NOTHING.get(name),
    }
    nothing = shared_room.ask(readings, ("select", written), ("sensor", "none"))
    assert nothing == [{"found": OF_NOTHING.get(name)}]
    assert shared_room.ask(readings, *asked, ("sensor", "none")) == []


ANSWERED = [
    ("count(*) is count()", [("select", "count(*)")], [{"count": 30}]),
    ("count( * ) in a computation", [("select", "sum(v) / count( * ) as mean")], [{"mean": 2.25}]),
    ("count(distinct …)", [("select", "count(distinct sensor) as n")], [{"n": 3}]),
    ("a group without a name", [("group_by", "pm10 + 1"), ("sensor", "s0")], [{"add_pm10": at, "count": n} for at, n in ((1, 3), (2, 3), (3, 2), (4, 2))]),
    ("the same group in select",
     [("select", "pm10 + 1,count()"), ("group_by", "pm10 + 1"), ("sensor", "s0"), ("limit", "1")], [{"add_pm10": 1, "count": 3}]),
    ("an alias of another column wins in order_by", [("select", "v as pm10"), ("order_by", "-pm10"), ("limit", "1")], [{"pm10": 4.5}]),
    ("two columns change places", [("select", "v as pm10,pm10 as v"), ("order_by", "-pm10"), ("sensor", "s0"), ("limit", "1")], [{"pm10": 4.5, "v": 1}]),
    ("a column once", [("select", "sensor,sensor"), ("limit", "1")], [{"sensor": "s0"}]),
    ("having",
     [("select", "sensor,sum(pm10) as total"), ("group_by", "sensor"), ("having", "total > 1 AND sensor <> 's0'")], [{"sensor": "s1", "total": 13}]),
    ("having in JSON", [("group_by", "sensor"), ("having", '{"op":"=","args":[{"property":"sensor"},"s2"]}')], [{"sensor": "s2", "count": 10}]),
    ("order of groups",
     [("select", "sensor,max(v) as m,sum(pm10) as t"), ("group_by", "sensor"), ("order_by", "-t,-sensor"), ("limit", "2")],
     [{"sensor": "s1", "m": 4.5, "t": 13}, {"sensor": "s0", "m": 4.5, "t": 13}]),
    ("distinct", [("select", "pm10"), ("distinct", "true")], [{"pm10": 0}, {"pm10": 1}, {"pm10": 2}, {"pm10": 3}, {"pm10": None}]),
    ("latest_by",
     [("select", "sensor,at"), ("latest_by", "sensor")], [{"sensor": f"s{at}", "at": dt.datetime(2026, 11, 1, 9, 30, tzinfo=KST)} for at in range(3)]),
    ("latest_by of what was before a time",
     [("select", "sensor,v"), ("latest_by", "sensor"), ("datetime", "../2026-11-01T03:00")], [{"sensor": f"s{at}", "v": 1.0} for at in range(3)]),
    ("groups of the latest", [("select", "sum(v) as s"), ("latest_by", "sensor")], [{"s": 13.5}]),
    ("a bucket as a condition", [("filter", "hour_of_day(at) = 9"), ("select", "sensor")], [{"sensor": "s0"}, {"sensor": "s1"}, {"sensor": "s2"}]),
    ("a division by zero is empty",
     [("select", "v / 0 as a,pm10 div 0 as b,pm10 % 0 as c,v ^ (0 - 1) as d"), ("limit", "1")], [{"a": None, "b": None, "c": None, "d": None}]),
    ("no number is empty", [("select", "(0 - 1 - v) ^ 0.5 as root,10 ^ 400 as huge"), ("limit", "1")], [{"root": None, "huge": None}]),
    ("what is empty is left out of a mean", [("select", "avg((v - 1) ^ 0.5) as mean"), ("v__lte", "1"), ("sensor", "s0")], [{"mean": 0.0}]),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "expected"), [row[1:] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
def test_a_question_that_computes_is_answered(shared_room, readings, parameters, expected):
    assert shared_room.ask(readings, *parameters) == expected


REFUSED = [
    ([("select", "quantile(pm10, 1.5)")], BadValue, "quantile(pm10, 0.9)"),
    ([("select", "quantile(pm10, v)")], BadValue, "quantile(pm10, 0.9)"),
    ([("select", "quantile(pm10)")], BadExpression, "it takes 2 arguments, not 1"),
    ([("select", "sensor,count()")], BadExpression, "has to stand in 'group_by' too"),
    ([("select", "sum(sum(v))")], BadExpression, "an aggregate cannot stand inside another"),
    ([("select", "sum(sensor)")], BadExpression, "argument 1 must be whole number, number, not text"),
    ([("select", "quantile(v,0.5),quantile(v,0.9)")], BadExpression, "give them different ones with 'as'"),
    ([("select", "v as pm10,pm10")], BadExpression, "give them different ones with 'as'"),
    ([("group_by", "pm10+1,pm10+2")], BadExpression, "give them different ones with 'as'"),
    ([("select", "v as V")], BadValue, "lower-case letters"),
    ([("select", "v as _row")], BadValue, "lower-case letters"),
    ([("select", 'v as "a"')], BadExpression, "not CQL2 from character"),
    ([("select", "5")], BadExpression, "it must be a column or a computation"),
    ([("group_by", "count()")], BadExpression, "one cannot group by an aggregate"),
    ([("having", "v > 1")], Unanswerable, "it goes with 'group_by' or aggregates"),
    ([("group_by", "sensor"), ("having", "v > 1")], UnknownColumn, "sensor, count"),
    ([("group_by", "sensor"), ("having", "sensor")], BadExpression, "'having' cannot be computed"),
    ([("group_by", "sensor"), ("order_by", "v")], UnknownColumn, "sensor, count"),
    ([("filter", "sum(v) > 1")], BadExpression, "conditions on them to 'having'"),
    ([("select", "pm10 * 9223372036854775807 as n"), ("order_by", "-n")], BadExpression, "too large for a whole number"),
    ([("latest_by", "nobody")], UnknownColumn, "nobody"),
    ([("sample", "0")], BadValue, "1..1000000"),
    ([("filter-lang", "sql")], BadValue, "cql2-text"),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "error", "english"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_a_computation_that_makes_no_sense_is_refused(shared_room, readings, parameters, error, english):
    with pytest.raises(error) as caught:
        shared_room.ask(readings, *parameters)
    assert english in caught.value.text.en
    assert caught.value.text.ko != caught.value.text.en


def test_a_computed_column_has_a_title_and_keeps_its_unit(readings):
    query = parse_query([("select", "avg(pm10) as mean,count()")], readings.schema)
    mean, count = (output.column for output in query.outputs)
    assert (mean.title.ko, mean.title.en, mean.unit, mean.type) == ("미세먼지 (평균)", "PM10 (mean)", "ug/m3", "number")
    assert (count.unit, count.type) == ("", "integer")


# --- latest, samples, pages


@settings(max_examples=15, deadline=None, phases=AS_FOUND)
@given(table=naive.rows, key=st.lists(st.sampled_from(["s", "i", "b", "d"]), min_size=1, max_size=2, unique=True), only=st.booleans())  # fmt: skip
def test_the_latest_of_each_key_is_as_a_plain_loop_has_it(shared_room, table, key, only):
    manifest = write_in_parts(shared_room, table, 3)
    kept: dict[tuple, dict] = {}
    beginning = dt.datetime.min.replace(tzinfo=dt.UTC)
    for row in table:
        group = tuple(row[name] for name in key)
        if (not only or row["b"]) and (group not in kept or (row["t"] or beginning) >= (kept[group]["t"] or beginning)):
            kept[group] = row
    expected = [row for row in table if any(row is one for one in kept.values())]
    asked = [("latest_by", ",".join(key)), *([("b", "true")] if only else [])]
    assert shared_room.ask(manifest, *asked) == expected
    assert shared_room.stream(manifest, *asked) == expected
    pages = list(itertools.chain(*shared_room.walk(manifest, *asked, ("limit", "2"), ("order_by", "-n"))))
    assert len(pages) == len(expected)
    assert all(row in expected for row in pages)
    assert shared_room.page(manifest, *asked, ("count", "exact"), ("limit", "1")).count == len(expected)


def test_a_sample_is_a_fixed_choice_of_the_matching_records(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(1000)], make_schema(i="integer"))
    first = shared_room.ask(manifest, ("sample", "50"), ("i__gte", "500"))
    assert len(first) == len({row["i"] for row in first}) == 50
    assert min(row["i"] for row in first) >= 500
    assert first == sorted(first, key=lambda row: row["i"])
    assert shared_room.ask(manifest, ("sample", "50"), ("i__gte", "500")) == first
    assert shared_room.stream(manifest, ("sample", "50"), ("i__gte", "500")) == first
    smaller = shared_room.ask(manifest, ("sample", "20"), ("i__gte", "500"))
    assert [row for row in first if row in smaller] == smaller
    assert 650 < sum(row["i"] for row in first) / 50 < 850  # evenly drawn: the mean of all is 749.5
    assert shared_room.page(manifest, ("sample", "2000"), ("count", "exact")).count == 1000
    assert shared_room.ask(manifest, ("sample", "10"), ("select", "count()")) == [{"count": 10}]
    pages = list(itertools.chain(*shared_room.walk(manifest, ("sample", "50"), ("i__gte", "500"), ("limit", "7"))))
    assert pages == first


@pytest.mark.parametrize("asked", [("sample", "20"), ("latest_by", "s")])
def test_pages_of_a_choice_are_cut_from_the_same_choice_in_however_many_parts(shared_room, asked):
    rows = [{"s": f"S{n % 25}", "i": n, "t": f"2026-11-01T00:{(7 * n) % 60:02d}:00"} for n in range(100)]
    schema = dataclasses.replace(make_schema(s="string", i="integer", t="datetime"), time="t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 10)
        manifest = shared_room.write(rows, schema)
    assert len(manifest.parts) == 10
    pages = list(itertools.chain(*shared_room.walk(manifest, asked, ("limit", "3"))))
    assert pages == shared_room.ask(manifest, asked)


COMPUTED = [
    [("group_by", "s,b")],
    [("select", "s,i"), ("distinct", "true")],
    [("select", "i,avg(n) as mean,count() as c"), ("group_by", "i"), ("order_by", "-c")],
    [("select", "day(t) as day,count() as c"), ("group_by", "day"), ("having", "c >= 1"), ("order_by", "c")],
    [("select", "i + 1 as more,n * 2 as twice"), ("order_by", "-twice,more"), ("i__lt", "100")],
    [("select", "(n - 1) ^ 0.5 as root"), ("order_by", "root")],
    [("near", "127,37.5,20000")],
]


@settings(max_examples=15, deadline=None, phases=AS_FOUND)
@given(table=naive.rows, asked=st.sampled_from(COMPUTED), limit=st.integers(1, 4))
def test_pages_of_computed_answers_follow_one_another(shared_room, table, asked, limit):
    manifest = write_in_parts(shared_room, table, 3)
    whole = shared_room.stream(manifest, *asked)
    pages = list(shared_room.walk(manifest, *asked, ("limit", str(limit))))
    assert list(itertools.chain(*pages)) == whole
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert shared_room.page(manifest, *asked, ("count", "exact"), ("limit", "1")).count == len(whole)


KEYED = make_schema(id="integer", group="string", value="integer", key=("id",))


def test_groups_leave_out_what_an_upsert_hides(shared_room):
    manifest = shared_room.write([{"id": at, "group": "가", "value": 1} for at in range(10)], KEYED)
    manifest = shared_room.write(
        [{"id": at, "group": "나", "value": 5} for at in range(3)], KEYED, LoadMode.UPSERT, manifest
    )
    assert shared_room.ask(manifest, ("select", "count(),sum(value)")) == [{"count": 10, "sum_value": 22}]
    assert shared_room.ask(manifest, ("group_by", "group")) == [
        {"group": "가", "count": 7},
        {"group": "나", "count": 3},
    ]
    assert shared_room.ask(manifest, ("select", "count()")) == [{"count": 10}]


PAGED = [
    [("limit", "7")],
    [("limit", "7"), ("order_by", "-value")],
    [("limit", "3"), ("group_by", "value,group")],
    [("limit", "3"), ("select", "value"), ("distinct", "true")],
    [("limit", "7"), ("sample", "50")],
]


@pytest.mark.parametrize("asked", PAGED)
def test_pages_are_of_one_snapshot_while_a_thread_writes_others(shared_room, asked):
    first = shared_room.write([{"id": at, "group": f"g{at % 3}", "value": at % 17} for at in range(100)], KEYED)
    whole = shared_room.stream(first, *asked[1:])
    stop, written = threading.Event(), []

    def write() -> None:
        manifest, modes = first, itertools.cycle([LoadMode.UPSERT, LoadMode.REPLACE, LoadMode.UPSERT])
        while not stop.is_set():
            rows = [{"id": at, "group": "new", "value": len(written)} for at in range(50, 150)]
            manifest = shared_room.write(rows, KEYED, next(modes), manifest)
            written.append(manifest)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            assert list(itertools.chain(*shared_room.walk(first, *asked))) == whole
    finally:
        stop.set()
        writer.join()
    assert written


FRACTIONS = make_schema(group="string", n="number")
SUMS = ("select", "group,sum(n) as total,avg(n) as mean,stddev(n) as spread")
fractions = st.floats(-1e9, 1e9).map(lambda value: round(value, 7)) | st.floats(-5e11, 5e11).filter(
    lambda value: abs(value) > 1e-10
)


@settings(max_examples=30, deadline=None, phases=AS_FOUND)
@given(st.data(), st.lists(fractions, min_size=2, max_size=40))
def test_sums_and_means_are_the_same_to_the_last_digit_in_whatever_order_records_come(shared_room, data, values):
    answers = []
    for order in (values, data.draw(st.permutations(values)), sorted(values)):
        manifest = shared_room.write([{"group": "가", "n": value} for value in order], FRACTIONS)
        answers += shared_room.ask(manifest, SUMS, ("group_by", "group"))
    assert answers[0]["total"] == answers[1]["total"] == answers[2]["total"]
    assert answers[0]["mean"] == answers[1]["mean"] == answers[2]["mean"]
    assert answers[0]["total"] == pytest.approx(math.fsum(values), rel=1e-15, abs=1e-15 * max(map(abs, values)))


@pytest.mark.parametrize("value", [0.1, 1.5e-9, -3.7, 123456.789012345, 1e11 + 0.1, 9e15, 1e300])
def test_the_sum_and_the_mean_of_one_number_are_that_number(shared_room, value):
    manifest = shared_room.write([{"group": "가", "n": value}], FRACTIONS)
    [answer] = shared_room.ask(manifest, SUMS, ("group_by", "group"))
    assert (answer["total"], answer["mean"], answer["spread"]) == (value, value, None)


def test_large_sums_of_whole_numbers_are_exact_and_what_is_beyond_all_numbers_is_empty(shared_room):
    rows = [{"group": "예산", "n": 6e14 + at} for at in range(10)] + [{"group": "무한", "n": 1.7e308}] * 2
    manifest = shared_room.write(rows, FRACTIONS)
    told = {row["group"]: row["total"] for row in shared_room.ask(manifest, SUMS, ("group_by", "group"))}
    assert told == {"예산": 6e15 + 45, "무한": None}
