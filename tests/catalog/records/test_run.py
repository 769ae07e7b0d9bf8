import dataclasses
import datetime as dt
import itertools

import naive
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import SCHEMA, Question
from record_rooms import Room, make_schema

from catalog.errors import SnapshotNotFound
from catalog.records import (
    OPERATORS,
    Column,
    Geometry,
    LoadMode,
    Manifest,
    Schema,
    parse_query,
    parts,
    run_query,
    stream_query,
)
from catalog.records.prune import relevant_parts

KST = naive.KST


def without_ranges(manifest: Manifest) -> Manifest:
    """Return the same snapshot with nothing to prune parts by."""
    parts = (dataclasses.replace(part, ranges=None, box=(-180.0, -90.0, 180.0, 90.0)) for part in manifest.parts)
    return dataclasses.replace(manifest, parts=tuple(parts))


def write_in_parts(room: Room, rows: list, part_rows: int) -> Manifest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", part_rows)
        return room.write(rows, SCHEMA)


@settings(max_examples=10, deadline=None)
@given(
    table=naive.rows,
    questions=st.lists(naive.questions, min_size=3, max_size=6),
    part_rows=st.sampled_from([3, 7, 1000]),
)
def test_every_question_is_answered_as_a_plain_loop_would(shared_room, table, questions, part_rows):
    manifest = write_in_parts(shared_room, table, part_rows)
    unpruned = without_ranges(manifest)
    for question in questions:
        expected = naive.answer(table, question)
        parameters = question.parameters
        page = shared_room.page(manifest, *parameters, ("count", "exact"))
        assert page.rows.to_pylist() == expected
        assert page.count == len(expected)
        assert page.next_cursor is None
        assert shared_room.stream(manifest, *parameters) == expected
        assert shared_room.ask(unpruned, *parameters) == expected


@settings(max_examples=10, deadline=None)
@given(table=naive.rows, question=naive.questions, limit=st.integers(1, 6), part_rows=st.sampled_from([3, 1000]))
def test_pages_visit_each_record_once_in_order(shared_room, table, question, limit, part_rows):
    manifest = write_in_parts(shared_room, table, part_rows)
    expected = naive.answer(table, question)
    parameters = dataclasses.replace(question, limit=limit).parameters
    pages = list(shared_room.walk(manifest, *parameters))
    assert [row for page in pages for row in page] == expected
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert shared_room.stream(manifest, *parameters) == expected[:limit]


EVERY = [
    (name, operator, column)
    for column in SCHEMA.columns
    for name, operator in OPERATORS.items()
    if column.type in operator.types
]


@pytest.fixture(scope="module")
def full_table(shared_room) -> tuple[list, Manifest]:
    """Every value of every column once, and a row of empty values."""
    longest = max(len(values) for values in naive.VALUES.values())
    table = [
        {name: values[place] if place < len(values) else None for name, values in naive.VALUES.items()}
        for place in range(longest + 1)
    ]
    for row in table:
        row["y"] = None if row["x"] is None else row["y"] or 37.5
    return table, shared_room.write(table, SCHEMA)


@pytest.mark.parametrize(
    ("name", "operator", "column"), EVERY, ids=[f"{name} {column.type}" for name, _, column in EVERY]
)
def test_every_operator_works_on_every_value_of_its_types(shared_room, full_table, name, operator, column):
    table, manifest = full_table
    values = {
        "flag": [True, False],
        "list": [tuple(v for v in naive.VALUES[column.name] if "," not in str(v))],
        "pair": [tuple(naive.VALUES[column.name][1:3])],
    }
    for value in values.get(operator.right, naive.VALUES[column.name]):
        question = Question(conditions=((column.name, name, value),))
        assert shared_room.ask(manifest, *question.parameters) == naive.answer(table, question), value


WORDS = make_schema(name="string")
FOLDED = [
    ("주차", ["강남 주차장", "주차 타워 PARK"]),
    ("park", ["Seoul Park", "주차 타워 PARK"]),
    ("PARK", ["Seoul Park", "주차 타워 PARK"]),
    ("강", ["강남 주차장"]),
    ("ㄱ", []),
    ("%", ["100%"]),
    ("_", ["a_b"]),
    (".", []),
    ("'", ["it's"]),
    ("straße", ["STRASSE straße"]),
    ("É", ["café"]),
    ("", ["강남 주차장", "Seoul Park", "주차 타워 PARK", "100%", "a_b", "it's", "STRASSE straße", "café"]),
]


@pytest.mark.parametrize(("word", "names"), FOLDED)
def test_contains_looks_for_the_letters_in_upper_and_lower_case(shared_room, word, names):
    rows = ["강남 주차장", "Seoul Park", "주차 타워 PARK", "100%", "a_b", "it's", "STRASSE straße", "café", None]
    manifest = shared_room.write([{"name": name} for name in rows], WORDS)
    assert [row["name"] for row in shared_room.ask(manifest, ("name__contains", word))] == names


INJECTIONS = [
    "' OR 1=1 --",
    "'; DROP TABLE records; --",
    '" OR ""="',
    "$value_0",
    "{v}",
    "{c}",
    "%s",
    "\\",
    "read_csv('/etc/passwd')",
    "(SELECT 1)",
    "None",
]


@pytest.mark.parametrize("operator", ["eq", "in", "gte", "contains"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_statements_in_values_are_plain_text(shared_room, text, operator):
    manifest = shared_room.write([{"name": "safe"}, {"name": text}], make_schema(name="string"))
    found = [row["name"] for row in shared_room.ask(manifest, (f"name__{operator}", text))]
    assert text in found
    assert operator == "gte" or found == [text]


TIMES = [
    (("until", "9:05"), ["09:05"]),
    (("until", "09:05:00"), ["09:05"]),
    (("until__in", "9:05,24:00"), ["09:05", "24:00"]),
    (("until__gte", "09:05:30"), ["09:05:30", "24:00"]),
    (("until__lt", "24:00"), ["09:05", "09:05:30"]),
    (("until__ne", "09:05"), ["09:05:30", "24:00"]),
]


@pytest.mark.parametrize(("parameter", "found"), TIMES)
def test_times_are_equal_however_they_are_written(shared_room, parameter, found):
    rows = [{"until": "09:05:00"}, {"until": "9:05:30"}, {"until": "24:00:00"}]
    manifest = shared_room.write(rows, make_schema(until="time"))
    assert [row["until"] for row in shared_room.ask(manifest, parameter)] == found


def test_a_time_asked_for_is_the_same_moment_in_any_offset(shared_room):
    manifest = shared_room.write([{"at": "2018-01-01 09:20"}, {"at": "1988-07-01 12:00"}], make_schema(at="datetime"))
    for text in ("2018-01-01T09:20", "2018-01-01T00:20:00Z", "2017-12-31T19:20:00-05:00"):
        assert len(shared_room.ask(manifest, ("at", text))) == 1
    assert len(shared_room.ask(manifest, ("at", "1988-07-01 12:00"))) == 1


# --- which parts are opened


def opened(manifest: Manifest, *parameters: tuple[str, str]) -> list[int]:
    return relevant_parts(manifest, parse_query(parameters, manifest.schema))


PRUNED = [
    ((), [0, 1, 2]),
    ((("i", "5"),), [0]),
    ((("i", "15"),), [1]),
    ((("i", "99"),), []),
    ((("i__in", "5,25"),), [0, 2]),
    ((("i__gt", "19"),), [2]),
    ((("i__gte", "19"),), [1, 2]),
    ((("i__lt", "10"),), [0]),
    ((("i__lte", "10"),), [0, 1]),
    ((("i__ne", "5"),), [0, 1, 2]),
    ((("i__isnull", "true"),), [0, 1, 2]),
    ((("n", "5"),), [0]),
    ((("n__gt", "19.5"),), [2]),
    ((("d", "2018-01-16"),), [1]),
    ((("d__gte", "2018-01-21"),), [2]),
    ((("t__lt", "2018-01-01T10:00"),), [0]),
    ((("t__gte", "2018-01-01T11:00:00Z"),), [2]),
    ((("datetime", "2018-01-01T10:30/2018-01-01T19:30"),), [1]),
    ((("s__contains", "1"),), [0, 1, 2]),
    ((("s", "가05"),), [0]),
    ((("long", "x"),), [0, 1, 2]),
    ((("b", "true"),), [0, 1, 2]),
    ((("bbox", "127.0,37,127.09,38"),), [0]),
    ((("bbox", "128,37,129,38"),), []),
    ((("i__gte", "10"), ("n__lt", "20")), [1]),
]
IN_THREE_PARTS = Schema(
    columns=(
        Column("i", "integer"),
        Column("n", "number"),
        Column("d", "date"),
        Column("t", "datetime"),
        Column("s"),
        Column("long"),
        Column("b", "boolean"),
        Column("x", "number"),
        Column("y", "number"),
    ),
    time="t",
    geometry=Geometry("x", "y"),
)


@pytest.fixture(scope="module")
def in_three_parts(shared_room) -> Manifest:
    rows = [
        {
            "i": number,
            "n": float(number),
            "d": f"2018-01-{number + 1:02d}",
            "t": f"2018-01-{1 + number // 24:02d} {number % 24:02d}:00",
            "s": f"가{number:02d}",
            "long": "x" * 65,
            "b": "Y",
            "x": 127 + number / 100,
            "y": 37.5,
        }
        for number in range(30)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", 10)
        return shared_room.write(rows, IN_THREE_PARTS)


@pytest.mark.parametrize(("parameters", "parts"), PRUNED)
def test_only_parts_that_may_hold_an_answer_are_opened(shared_room, in_three_parts, parameters, parts):
    assert opened(in_three_parts, *parameters) == parts
    everything = without_ranges(in_three_parts)
    assert shared_room.ask(in_three_parts, *parameters) == shared_room.ask(everything, *parameters)


def test_pages_without_a_sort_leave_out_the_parts_that_were_read(shared_room, in_three_parts):
    page = shared_room.page(in_three_parts, ("limit", "15"))
    assert opened(in_three_parts, ("limit", "15"), ("cursor", page.next_cursor)) == [1, 2]


# --- pages


def test_a_page_has_a_hundred_records_unless_told_otherwise(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(250)], make_schema(i="integer"))
    assert [len(page) for page in shared_room.walk(manifest)] == [100, 100, 50]
    assert [len(page) for page in shared_room.walk(manifest, ("limit", "125"))] == [125, 125]


def test_the_count_is_of_all_matching_records_on_every_page(shared_room):
    manifest = shared_room.write([{"i": number % 3} for number in range(90)], make_schema(i="integer"))
    asked = (("i", "1"), ("limit", "10"), ("count", "exact"))
    first = shared_room.page(manifest, *asked)
    second = shared_room.page(manifest, *asked, ("cursor", first.next_cursor))
    assert (first.count, second.count) == (30, 30)
    assert shared_room.page(manifest, ("count", "exact")).count == 90
    assert shared_room.page(manifest, ("i", "1")).count is None


KEYED = make_schema(id="integer", group="string", value="integer", key=("id",))


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 15), st.tuples(st.sampled_from(["가", "나", None]), st.none() | st.integers(0, 3)), min_size=1, max_size=10),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from(["id", "group", "-group", "value", "-value"]), max_size=2),
    st.integers(1, 5),
)  # fmt: skip
def test_pages_pass_over_what_an_upsert_hides(shared_room, steps, order_by, limit):
    expected, manifest = {}, None
    for step in steps:
        expected |= step
        rows = [{"id": key, "group": group, "value": value} for key, (group, value) in step.items()]
        manifest = shared_room.write(rows, KEYED, LoadMode.UPSERT, manifest)
    asked = (("order_by", ",".join(order_by)), ("limit", str(limit)))
    pages = [row for page in shared_room.walk(manifest, *asked) for row in page]
    assert {row["id"]: (row["group"], row["value"]) for row in pages} == expected
    assert len(pages) == len(expected)
    orders = tuple((name.removeprefix("-"), name.startswith("-")) for name in order_by)
    for before, after in itertools.pairwise(pages):
        assert naive.compare(before, after, orders) <= 0
    assert shared_room.stream(manifest, asked[0]) == pages
    assert shared_room.page(manifest, *asked, ("count", "exact"), ("value__isnull", "false")).count == sum(
        value is not None for _, value in expected.values()
    )


def test_a_page_goes_on_in_its_own_snapshot_while_newer_ones_are_written(shared_room):
    first = shared_room.write([{"id": number, "value": 1} for number in range(10)], KEYED)
    page = shared_room.page(first, ("limit", "5"))
    second = shared_room.write([{"id": 7, "value": 2}], KEYED, LoadMode.UPSERT, first)
    going_on = (("limit", "5"), ("cursor", page.next_cursor))
    assert [row["value"] for row in shared_room.ask(first, *going_on)] == [1] * 5
    with pytest.raises(SnapshotNotFound) as caught:
        shared_room.ask(second, *going_on)
    assert first.digest[:12] in caught.value.text.ko
    with pytest.raises(SnapshotNotFound):
        shared_room.stream(second, *going_on)


def test_a_page_shows_the_selected_columns_in_the_order_asked(shared_room):
    manifest = shared_room.write([{"id": 1, "group": "가", "value": 3}], KEYED)
    page = shared_room.page(manifest, ("select", "value,id"), ("order_by", "-group"), ("value__gt", "1"))
    assert page.rows.column_names == ["value", "id"]


def test_answers_know_korean_standard_time(shared_room):
    manifest = shared_room.write([{"at": "1988-07-01 12:00"}], make_schema(at="datetime"))
    [row] = shared_room.ask(manifest)
    assert row["at"] == dt.datetime(1988, 7, 1, 12, tzinfo=KST)
    assert row["at"].utcoffset() == dt.timedelta(hours=9)


# --- streams


def test_a_limit_cuts_a_stream(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(25_000)], make_schema(i="integer"))
    for limit in (1, 9_999, 10_000):
        assert [row["i"] for row in shared_room.stream(manifest, ("limit", str(limit)))] == list(range(limit))


def test_a_stream_that_nobody_reads_to_the_end_lets_go(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(50_000)], make_schema(i="integer"))
    query = parse_query([], manifest.schema)
    batches = stream_query(manifest, query, shared_room.store, shared_room.limits)
    assert next(batches).num_rows == 10_000
    batches.close()
    assert run_query(manifest, query, shared_room.store, shared_room.limits).rows.num_rows == 100


def test_two_streams_of_one_thread_do_not_disturb_each_other(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(30_000)], make_schema(i="integer"))
    query = parse_query([("order_by", "-i")], manifest.schema)
    one, other = (stream_query(manifest, query, shared_room.store, shared_room.limits) for _ in range(2))
    assert [(a.num_rows, b.num_rows) for a, b in zip(one, other, strict=True)] == [(10_000, 10_000)] * 3


def test_boxes_find_shapes_that_reach_into_them(shared_room):
    schema = Schema(columns=(Column("id"), Column("shape", "geometry")), geometry=Geometry(column="shape"))
    shapes = {
        "inside": {"type": "Point", "coordinates": [126.5, 37.5]},
        "across": {"type": "LineString", "coordinates": [[125, 37.5], [128, 37.6]]},
        "around": {"type": "Polygon", "coordinates": [[[125, 36], [129, 36], [129, 39], [125, 39], [125, 36]]]},
        "edge": {"type": "Point", "coordinates": [127, 38]},
        "outside": {"type": "Point", "coordinates": [127.1, 37.5]},
        "nowhere": None,
    }
    manifest = shared_room.write([{"id": name, "shape": shape} for name, shape in shapes.items()], schema)
    asked = (("bbox", "126,37,127,38"), ("select", "id"), ("count", "exact"))
    page = shared_room.page(manifest, *asked)
    assert ([row["id"] for row in page.rows.to_pylist()], page.count) == (["inside", "across", "around", "edge"], 4)
    assert [row["id"] for row in shared_room.ask(manifest, ("shape__isnull", "true"), ("select", "id"))] == ["nowhere"]
