"""Paths into an answer, the list of records in all its disguises, and what becomes of nested values."""

import pytest

from ingest.connectors.envelope import explode_rows, make_rows
from ingest.connectors.envelope_config import Config
from ingest.connectors.envelope_predicate import Condition
from ingest.connectors.envelope_records import Missing, find, find_first, list_records

DOCUMENT = {"a": {"b": [{"c": 1}, {"c": 2}], "d.e": "dot", "none": None, "blank": " "}, "only": {"x": {"row": [3]}}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", DOCUMENT),
        ("a.b.1.c", 2),
        (r"a.d\.e", "dot"),
        ("only.*.row", [3]),
        ("a.none.x.y", None),
        ("a.blank.item", None),
        ("a.z", Missing("a.z", ("b", "d.e", "none", "blank"))),
        ("a.b.7", Missing("a.b.7", ("0 … 1",))),
        ("a.*", Missing("a.*", ("b", "d.e", "none", "blank"))),
        ("a.b.0.c.d", Missing("a.b.0.c.d", ())),
    ],
)
def test_a_path_leads_where_it_says_or_tells_how_far(path, found):
    assert find(DOCUMENT, path) == found


def test_of_several_paths_the_first_that_leads_somewhere_counts_else_the_farthest_is_told():
    assert find_first(DOCUMENT, ["x", "a.b.0.c", "a.b"]) == 1
    assert find_first(DOCUMENT, ["x", "a.b.9", "y"]) == Missing("a.b.9", ("0 … 1",))


@pytest.mark.parametrize(
    ("found", "shape", "records"),
    [
        ([{"a": 1}, {"a": 2}], "list", [{"a": 1}, {"a": 2}]),
        ({"a": 1}, "list", [{"a": 1}]),
        ("", "list", []),
        (" ", "list", []),
        (None, "list", []),
        ([], "list", []),
        ({}, "list", []),
        ({"a": [1]}, "object", [{"a": [1]}]),
        ({"s1": {"a": 1}, "s2": {"a": 2}}, "values", [{"id": "s1", "a": 1}, {"id": "s2", "a": 2}]),
    ],
)
def test_records_come_in_many_shapes(found, shape, records):
    assert list_records(found, shape, "id") == records


@pytest.mark.parametrize(
    ("found", "shape"),
    [("text", "list"), ([1], "list"), ([{}, None], "list"), ([{}], "values"), ({"a": 1}, "values"), ([{}], "object")],
)
def test_what_is_no_record_is_not_taken_for_one(found, shape):
    with pytest.raises(TypeError):
        list_records(found, shape, "id")


POINT = {"type": "Point", "coordinates": [127.0, 37.5]}
ROWS = {
    "flat": ({}, {"a": 1, "b": None}, [{"a": 1, "b": None}]),
    "nested": ({}, {"a": {"b": {"c": 1}}, "d": 2}, [{"a.b.c": 1, "d": 2}]),
    "another joint": ({"flatten": "_"}, {"a": {"b": 1}}, [{"a_b": 1}]),
    "kept": ({"flatten": None}, {"a": {"b": 1}}, [{"a": {"b": 1}}]),
    "a geometry": ({}, {"at": POINT, "n": {"m": 1}}, [{"at": POINT, "n.m": 1}]),
    "a list kept": ({}, {"a": [1, 2]}, [{"a": [1, 2]}]),
    "joined": ({"lists": "join", "separator": "|"}, {"a": ["x", None, 1, {"y": 2}]}, [{"a": 'x|1|{"y":2}'}]),
    "the first": ({"lists": "first"}, {"a": ["x", "y"], "b": []}, [{"a": "x", "b": None}]),
    "exploded": ({"lists": "explode"}, {"n": 1, "a": ["x", "y"]}, [{"n": 1, "a": "x"}, {"n": 1, "a": "y"}]),
    "exploded objects": (
        {"lists": "explode"},
        {"n": 1, "a": [{"x": 1}, {"x": 2}]},
        [{"n": 1, "a.x": 1}, {"n": 1, "a.x": 2}],
    ),
    "exploded and empty": ({"lists": "explode"}, {"n": 1, "a": []}, [{"n": 1, "a": None}]),
    "exploded side by side": (
        {"lists": "explode"},
        {"a": [1, 2], "b": [3]},
        [{"a": 1, "b": 3}, {"a": 2, "b": None}],
    ),
    "columns": (
        {"columns": {"name": "info.nm", "tags": {"path": "tags", "lists": "join"}, "gone": "x.y"}},
        {"info": {"nm": "정류장"}, "tags": ["a", "b"], "other": 1},
        [{"name": "정류장", "tags": "a, b", "gone": None}],
    ),
    "columns exploded": (
        {"columns": {"id": "id", "stop": {"path": "stops", "lists": "explode"}}},
        {"id": 1, "stops": ["a", "b"]},
        [{"id": 1, "stop": "a"}, {"id": 1, "stop": "b"}],
    ),
    "a column whose name has a dot": ({"columns": {"a": "x.y"}}, {"x.y": 1}, [{"a": 1}]),
}


@pytest.mark.parametrize(("config", "record", "rows"), ROWS.values(), ids=ROWS)
def test_a_record_becomes_rows(config, record, rows):
    config = Config(url="answer.json", **config)
    assert list(explode_rows(iter(make_rows([record], config)), config)) == rows


@pytest.mark.parametrize(
    ("op", "value", "path", "holds"),
    [
        ("eq", "22", "code", True),
        ("eq", 22, "code", True),
        ("eq", "22", "gone", False),
        ("ne", "22", "code", False),
        ("ne", "Yes", "flag", True),
        ("ne", "Yes", "gone", False),
        ("eq", "false", "flag", True),
        ("eq", False, "flag", True),
        ("in", ["21", 22], "code", True),
        ("in", ["21"], "code", False),
        ("contains", "초과", "message", True),
        ("contains", "초과", "list", False),
        ("gt", 21, "code", True),
        ("lt", "1,000", "code", True),
        ("gt", 1, "message", False),
        ("exists", None, "code", True),
        ("exists", None, "blank", False),
        ("missing", None, "gone", True),
        ("missing", None, "code", False),
        ("eq", 404, "@status", True),
    ],
)
def test_a_condition_is_a_path_an_operator_and_a_literal(op, value, path, holds):
    document = {"code": " 22 ", "flag": False, "message": "한도 초과", "list": ["초과"], "blank": ""}
    assert Condition(path=path, op=op, value=value).holds(document, 404) is holds
