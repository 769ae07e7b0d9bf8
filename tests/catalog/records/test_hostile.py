"""Questions that mean harm: each is refused with a sentence, or answered rightly, in a moment of processor time."""

import math
import time
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_rooms import Room

from catalog.errors import BadQuestion, HubError
from catalog.records import PARAMETERS, Column, Geometry, Manifest, Schema
from catalog.records.cursor import encode_cursor
from catalog.records.operators import ALL, OPERATORS
from catalog.records.parse import parse_query
from catalog.records.query import Cursor

SCHEMA = Schema(
    columns=(Column("name"), Column("pm10", "integer"), Column("v", "number"), Column("open", "boolean"),
             Column("at", "datetime"), Column("on", "date"), Column("x", "number"), Column("y", "number")),
    time="at",
    geometry=Geometry("x", "y"),
)  # fmt: skip
MOMENT = 0.6  # seconds of processor time; most take a hundredth of it
Found = list | str  # what was answered, or the code of what was said against it
STATEMENTS = [
    "'; DROP TABLE records; --",
    "1 OR 1=1",
    "x' UNION SELECT * FROM read_text('/etc/passwd') --",
    "\"; COPY (SELECT 1) TO '/tmp/x'; --",
    "read_csv('/etc/passwd')",
    "(SELECT count(*) FROM duckdb_settings())",
    "getenv('HOME')",
    "$v0",
    "{0}",
    "%s",
    "_row",
    "*",
    "name; SELECT 1",
    "name/**/",
    'name" FROM records --',
]


def over_in_a_moment(ask: Callable[[], Found]) -> Found:
    """Return what was found, if one of three tries took a moment: what explodes never does, a busy machine does once."""
    for _ in range(3):
        began = time.process_time()
        found = ask()
        if time.process_time() - began < MOMENT:
            return found
    pytest.fail(f"three times over {MOMENT} s of computing")


@pytest.fixture(scope="module")
def records(shared_room: Room) -> Manifest:
    same = {"open": "Y", "at": "2026-11-01 00:00", "on": "2026-11-01", "x": 127, "y": 37.5}
    rows = [{"name": "가" * 2000 + str(at), "pm10": at, "v": at / 3, **same} for at in range(50)]
    return shared_room.write([*rows, {"name": STATEMENTS[0], "pm10": 1}], SCHEMA)


def asked(room: Room, manifest: Manifest, *parameters: tuple[str, str]) -> Found:
    """Return what was answered, or the code of what was said against it."""
    try:
        return room.ask(manifest, *parameters)
    except BadQuestion as error:
        assert error.text.ko
        assert error.text.en
        assert len(error.text.ko) < 5_000
        return error.code


@pytest.mark.parametrize("text", STATEMENTS)
@pytest.mark.parametrize("name", [name for name in PARAMETERS if name not in ("snapshot", "as_of")])
def test_a_statement_in_a_parameter_is_refused(shared_room, records, name, text):
    assert isinstance(asked(shared_room, records, (name, text)), str)


PLACES_OF_TEXT: dict[str, Callable[[str], tuple[tuple[str, str], ...]]] = {
    "a name": lambda text: ((text, "1"),),
    "a name with an operator": lambda text: ((f"{text}__gte", "1"),),
    "an operator": lambda text: ((f"pm10__{text}", "1"),),
    "a negation": lambda text: ((f"pm10__not__{text}", "1"),),
    "a number": lambda text: (("pm10", text),),
    "an alias": lambda text: (("select", f"pm10 as {text}"),),
    "a quoted column": lambda text: (("filter", f'"{text}" = 1'),),
    "a property": lambda text: (("filter", orjson.dumps({"op": "=", "args": [{"property": text}, 1]}).decode()),),
    "an operator in JSON": lambda text: (("filter", orjson.dumps({"op": text, "args": [1]}).decode()),),
    "a function": lambda text: (("filter", f"{text}(name) = 1"),),
    "a unit": lambda text: (
        ("filter", orjson.dumps({"op": "s_dwithin", "args": [{"property": "location"}, {"type": "Point", "coordinates": [1, 2]}, 1, text]}).decode()),
    ),
    "a time": lambda text: (("filter", orjson.dumps({"op": "t_after", "args": [{"property": "at"}, {"timestamp": text}]}).decode()),),
    "a group": lambda text: (("group_by", f"hour({text})"),),
    "having": lambda text: (("group_by", "open"), ("having", f"{text} > 1")),
}  # fmt: skip


@pytest.mark.parametrize("text", STATEMENTS)
@pytest.mark.parametrize("place", PLACES_OF_TEXT)
def test_a_statement_anywhere_else_is_refused(shared_room, records, place, text):
    found = asked(shared_room, records, *PLACES_OF_TEXT[place](text))
    assert isinstance(found, str), found


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_as_a_value_is_a_text_like_any_other(shared_room, records, text):
    quoted = text.replace("'", "''")
    in_json = orjson.dumps({"op": "=", "args": [{"property": "name"}, text]}).decode()
    expected = [{"pm10": 1}] if text == STATEMENTS[0] else []
    for question in (("name", text), ("filter", f"name = '{quoted}'"), ("filter", in_json)):
        assert shared_room.ask(records, question, ("select", "pm10")) == expected


def nested(depth: int, before: str, inner: str, after: str) -> str:
    return before * depth + inner + after * depth


V = '{"property":"v"}'
DIVISION = ('{"op":"/","args":[{"property":"v"},', V, "]}")
COLLECTION = ('{"type":"GeometryCollection","geometries":[', '{"type":"Point","coordinates":[1,2]}', "]}")
CIRCLE = ",".join(f"{127 + math.cos(at / 50):.4f} {37 + math.sin(at / 50):.4f}" for at in [*range(314), 0])
ATTACKS: dict[str, tuple[str, str]] = {
    "a megabyte": ("filter", "name = '" + "a" * 1_000_000 + "'"),
    "a megabyte of JSON": ("filter", '{"op":"=","args":[{"property":"name"},"' + "a" * 1_000_000 + '"]}'),
    "brackets": ("filter", "(" * 4000 + "pm10 = 1" + ")" * 4000),
    "brackets without an end": ("filter", "(" * 8000),
    "brackets that never meet": ("filter", ")(" * 4000),
    "a few malformed brackets": ("filter", "((((((((((pm10 = 1)))))))))) x"),
    "lists in lists": ("filter", "A_CONTAINS(v, " + "(" * 11 + "1" + ",2)" * 11 + ") x"),
    "many lists in lists": ("filter", " AND ".join(["A_CONTAINS(v, ((((((((1,2),2),2),2),2),2),2),2)) x"] * 140)),
    "a chain of NOT": ("filter", "NOT " * 1900 + "open"),
    "a chain of minus": ("filter", "pm10 = " + "-" * 7000 + "1"),
    "a sum of thousands": ("filter", "+".join(["v"] * 3900) + " > 1"),
    "a sum of thousands to show": ("select", "+".join(["v"] * 3900) + " as n"),
    "a power of powers": ("filter", "^".join(["v"] * 3900) + " > 1"),
    "alternatives": ("filter", " OR ".join(f"v={at}" for at in range(900))),
    "comparisons of comparisons": ("filter", "=".join(["open"] * 1500)),
    "quotes": ("filter", "name = " + "'" * 7991),
    "quotes to show": ("select", "'" * 19_999),
    "JSON in JSON": ("filter", "[" * 7999),
    "lists in JSON": ("filter", nested(3900, "[", "1", "]")),
    "lists in a list": ("filter", '{"op":"in","args":[{"property":"v"},' + "[" * 200 + "1" + "]" * 200 + "]}"),
    "conditions in JSON": ("filter", nested(200, '{"op":"not","args":[', V, "]}")),
    "divisions in JSON": ("filter", '{"op":">","args":[' + nested(28, *DIVISION) + ",1]}"),
    "deeper divisions": ("filter", '{"op":">","args":[' + nested(45, *DIVISION) + ",1]}"),
    "a collection of collections": ("filter", '{"op":"s_within","args":[{"property":"location"},' + nested(40, *COLLECTION) + "]}"),
    "a polygon of 300 points": ("filter", "S_WITHIN(location, POLYGON((" + CIRCLE + ")))"),
    "a polygon of a million points": ("filter", "S_WITHIN(location, POLYGON((" + ",".join(["1 2"] * 1_000_000) + ")))"),
    "a million values": ("pm10__in", ",".join(["1"] * 1_000_000)),
    "twenty thousand values": ("pm10__in", ",".join(["1"] * 20_000)),
    "a million columns": ("select", "v," * 1_000_000),
    "a thousand columns": ("select", ",".join(f"v as a{at}" for at in range(1000))),
    "a thousand groups": ("group_by", ",".join(f"v+{at}" for at in range(1000))),
    "sorting a thousand times": ("order_by", ",".join(["v", "-v"] * 500)),
    "wild patterns": ("name__like", "%가" * 1000 + "%나"),
    "wilder patterns": ("filter", "name LIKE '" + "%_가" * 1000 + "%나'"),
    "a pattern that ends in an escape": ("name__like", "가\\"),
    "blanks before as": ("select", "v" + " " * 19_990 + "x"),
    "blanks": ("filter", "v = 1" + " " * 7900 + "x"),
    "many as": ("select", "v " + "as " * 6000),
    "a time that never ends": ("at", "T0000" * 19_000),
    "a time of a megabyte": ("datetime", "T0000" * 200_000),
    "accents upon accents": ("name", "a" + "\u0301\u0327" * 49_000),
    "a long number": ("pm10", "9" * 100_000),
    "a long fraction": ("v", "0." + "9" * 99_000),
    "long numbers": ("filter", "v IN (" + ",".join(["9" * 300] * 25) + ")"),
    "long integers": ("filter", "v IN (" + ",".join(["9" * 25] * 300) + ")"),
    "a huge exponent": ("filter", "v = 1e" + "9" * 7000),
    "a NUL": ("filter", "name = 'a\0b'"),
    "a NUL in JSON": ("filter", '{"op":"=","args":[{"property":"name"},"a\\u0000b"]}'),
    "half a letter": ("filter", "name = '\ud800'"),
    "half a letter in JSON": ("filter", '{"op":"=","args":[{"property":"name"},"\\ud800"]}'),
    "half a letter in a name": ("\ud800", "1"),
    "a look-alike of a column": ("рm10", "1"),  # the first letter is Cyrillic
    "a look-alike in a filter": ("filter", "рm10 = 1"),
    "a look-alike of an operator": ("filter", "pm10 ＝ 1"),
    "digits of another script": ("filter", "pm10 = １"),
    "a right-to-left mark": ("filter", "pm10 \u202e= 1"),
    "an empty point": ("filter", "S_INTERSECTS(location, POINT EMPTY)"),
    "nothing": ("filter", ""),
    "a blank": ("filter", " "),
    "a comment": ("filter", "pm10 = 1 -- v"),
    "two statements": ("filter", "pm10 = 1; pm10 = 2"),
    "a distance without end": ("filter", "S_DWITHIN(location, POINT(127 37.5), 1e308, 'km')"),
    "a distance below nothing": ("filter", "S_DWITHIN(location, POINT(127 37.5), -5, 'm')"),
    "a place off the earth": ("filter", "S_INTERSECTS(location, BBOX(1e300,1e300,1e301,1e301))"),
    "a far circle": ("near", "127,37.5,1e9"),
    "a sample of all": ("sample", "99999999999999999999"),
    "a huge page": ("limit", "10001"),
}  # fmt: skip
ANSWERED = {
    "alternatives", "divisions in JSON", "a polygon of 300 points", "a collection of collections", "wild patterns", "wilder patterns",
    "a long fraction", "long numbers", "long integers", "a comment", "a distance below nothing",
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_over_in_a_moment(shared_room, records, attack):
    found = over_in_a_moment(lambda: asked(shared_room, records, ATTACKS[attack]))
    assert isinstance(found, list) == (attack in ANSWERED), found


@pytest.mark.parametrize("name", ["pm10__gte", "pm10", "c{at}"])
def test_more_conditions_than_anybody_needs_are_refused(shared_room, records, name):
    conditions = [(name.format(at=at), str(at)) for at in range(100_000)]
    assert over_in_a_moment(lambda: asked(shared_room, records, *conditions)) == "bad-expression"


@pytest.mark.parametrize("row", [-1, -(2**63), 2**63, 1.5, "1", None, True])
@pytest.mark.parametrize("question", [(), (("group_by", "open"),)])
def test_a_forged_place_is_refused_or_lies_behind_the_end(shared_room, records, question, row):
    query = parse_query(question, SCHEMA)
    forged = encode_cursor(Cursor(records.digest, (), row), query)
    assert asked(shared_room, records, *question, ("cursor", forged)) == "bad-cursor"
    beyond = encode_cursor(Cursor(records.digest, (), 2**63 - 1), query)
    assert asked(shared_room, records, *question, ("cursor", beyond)) == []


words = st.sampled_from([
    "pm10", "v", "name", "open", "at", "on", "location", "(", ")", ",", "'", "''", '"', " ", "1", "0", "-", "+", "*", "/", "%", "^", "=", "<>",
    "<", ">", "AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS NULL", "as", "a", "..", "POINT(127 37.5)", "BBOX(1,2,3,4)", "'강'", "TRUE",
    "DATE('2026-11-01')", "INTERVAL('..','2026-11-01')", "count()", "\\", "{", "}", "[", "]", ":", "\0", "\ud800", "가", "९", "1e400",
    *ALL, *(f"{name}(" for name in ALL),
])  # fmt: skip
soup = st.lists(words, max_size=12).map(" ".join) | st.text(max_size=20)
json_soup = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["강", "..", "2026-11-01", "meters", "Point", ""]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries({"op": st.sampled_from([row.cql2 or name for name, row in ALL.items()]), "args": st.lists(inner, max_size=4)}),
        st.fixed_dictionaries({"property": st.sampled_from([*SCHEMA.names, "location"]) | inner}),
        st.fixed_dictionaries({"interval": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"timestamp": inner}), st.fixed_dictionaries({"date": inner}), st.fixed_dictionaries({"bbox": inner}),
        st.fixed_dictionaries({"type": st.sampled_from(["Point", "Polygon", "GeometryCollection"]) | inner, "coordinates": inner}),
    ),
    max_leaves=10,
).map(lambda document: orjson.dumps(document).decode())  # fmt: skip
any_name = st.sampled_from([*PARAMETERS, *(f"{column}__{name}" for column in SCHEMA.names for name in OPERATORS)])
anything = st.lists(st.tuples(st.sampled_from(list(PARAMETERS)), soup) | st.tuples(any_name | soup, soup), max_size=3)
filters = st.tuples(st.sampled_from(["filter", "having"]), soup | json_soup)


@settings(max_examples=250, deadline=None)
@given(parameters=anything | filters.map(lambda one: [one, ("group_by", "open")]) | filters.map(lambda one: [one]))
def test_whatever_is_asked_is_answered_or_refused(shared_room, records, parameters):
    try:
        shared_room.ask(records, *parameters)
    except HubError as error:
        assert error.text.ko
        assert error.text.en
