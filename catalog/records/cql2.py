"""Conditions and computed values in CQL2 (OGC 21-065r2), as text or JSON, read into our own expressions.

The text is parsed by the ``cql2`` library into CQL2's JSON, which is walked here: nothing of the text ever becomes SQL.
Length, brackets and chains are capped before parsing, as the time for some texts doubles with each bracket.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import cql2
import orjson

from catalog.errors import BadExpression, UnknownColumn
from catalog.records.expressions import Bare, Call, ColumnRef, Expression, call, require_list
from catalog.records.operators import AGGREGATES, ALL, CQL2_NAMES
from catalog.records.schema import Schema
from catalog.text import Text

LENGTH = 8_000
NESTED = 100  # lists and objects inside one another in JSON; an operation takes two
# The parser tries each bracket twice where it may begin a list: what brackets cost doubles with their depth.
COST_OF_BRACKETS = 4_096
# The parser goes one level deeper at each of these in a row, and a thread whose stack is full takes the process with it.
COORDINATES = re.compile(r"\b(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*\([-+\d\s.,()eE]*\)", re.IGNORECASE)
SIGNED_NUMBER = re.compile(r"(?<=[(,])\s*[-+]\s*(?=\d)")
CHAINED = re.compile(r"[-+*/%^]|\bNOT\b|\bDIV\b", re.IGNORECASE)
COMPARED = re.compile(r"[<>=]+")
JOINED = re.compile(r"\bAND\b|\bOR\b|,", re.IGNORECASE)
MOST_CHAINED, MOST_COMPARED = 200, 20
SHAPES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"]
)
PLACE_NAMES = ("geometry", "location", "geom")
METRES: Mapping[str, float] = {"meters": 1.0, "metres": 1.0, "m": 1.0, "kilometers": 1000.0, "kilometres": 1000.0, "km": 1000.0}  # fmt: skip
QUOTED = re.compile(r"""('(?:[^']|'')*'|"[^"]*")""")
# Sixteen digits and more are no longer exact once they are read as floating point: they travel as text.
LONG_INTEGER = re.compile(r"(?<![\w.])[+-]?\d{16,30}(?![\w.])")
IN_OUR_WORDS = (  # what is written in ``select`` as in SQL
    (re.compile(r"\bcount\s*\(\s*distinct\b", re.IGNORECASE), "count_distinct("),
    (re.compile(r"\bcount\s*\(\s*\*\s*\)", re.IGNORECASE), "count()"),
)

Named = Callable[[str], Expression]


def parse_condition(text: str, language: str, named: Named, *, parameter: str = "filter") -> Expression:
    """Read a condition of CQL2; ``named`` returns what a property's name stands for."""
    document = parse_json(parameter, text) if language == "cql2-json" else parse_text(parameter, text)
    found = read_tree(document, named)
    if isinstance(found, Bare) and isinstance(found.value, bool):
        return call("and", [found, found])
    if isinstance(found, Bare) or found.kind != "boolean":
        reason = Text(
            ko="참·거짓으로 답할 수 있는 조건이어야 합니다. 예: pm10 > 80",
            en="it must be a condition that is true or false, for example pm10 > 80",
        )
        raise BadExpression(what=parameter, reason=reason)
    return found


def parse_value(text: str, named: Named, *, parameter: str = "select") -> Expression:
    """Read a value to compute: a column, or a call of functions on columns, in the text form of CQL2."""
    found = read_tree(parse_text(parameter, text), named)
    if isinstance(found, Bare):
        reason = Text(ko="열이나 계산이어야 합니다. 예: avg(pm10)", en="it must be a column or a computation, for example avg(pm10)")  # fmt: skip
        raise BadExpression(what=text[:200], reason=reason)
    return found


def guess_language(text: str) -> str:
    return "cql2-json" if text.lstrip().startswith("{") else "cql2-text"


def parse_text(parameter: str, text: str) -> Any:  # noqa: ANN401
    """Return the JSON form of a text, after looking at its length and brackets."""
    refuse_long(parameter, text)
    pieces = QUOTED.split(text)
    bare = "".join(pieces[::2])
    depth = cost = 0
    for letter in bare:
        depth += (letter == "(") - (letter == ")")
        cost += 2**depth if letter == "(" and 0 < depth < 20 else 0
        if cost > COST_OF_BRACKETS:
            refuse_nested(parameter)
    bare = COORDINATES.sub("", bare)
    too_many_compared = any(len(COMPARED.findall(piece)) > MOST_COMPARED for piece in JOINED.split(bare))
    if too_many_compared or len(CHAINED.findall(SIGNED_NUMBER.sub("", bare))) > MOST_CHAINED:
        refuse_nested(parameter)
    if depth or "'" in bare or '"' in bare or "\0" in text:
        reason = Text(ko="괄호나 따옴표의 짝이 맞지 않습니다", en="a bracket or quote has no partner")
        raise BadExpression(what=text[:200], reason=reason)
    pieces[::2] = [in_our_words(piece) for piece in pieces[::2]]
    try:
        document = cql2.parse_text("".join(pieces)).to_json()
    except Exception as error:  # what it cannot write as GeoJSON the library (0.6) reports as no narrower class
        raise BadExpression(what=text[:200], reason=syntax_error(str(error))) from error
    if nesting_of(document) > NESTED:
        refuse_nested(parameter)
    return document


def in_our_words(piece: str) -> str:
    """Rewrite what the parser does not know, outside quotes."""
    for pattern, ours in IN_OUR_WORDS:
        piece = pattern.sub(ours, piece)
    return LONG_INTEGER.sub(lambda found: f"'{found.group()}'", piece)


def syntax_error(message: str) -> Text:
    """Return where the parser stopped, of a message that draws the text and an arrow below it."""
    at = re.search(r"--> \d+:(\d+)", message)
    column = at.group(1) if at else "1"
    return Text(
        ko=f"{column}번째 글자부터 CQL2 문법에 맞지 않습니다. 문자는 작은따옴표로 묶습니다. 예: pm10 > 80 AND district = '강남구'",
        en=f"not CQL2 from character {column} on; text stands in single quotes, for example pm10 > 80 AND district = '강남구'",
    )


def parse_json(parameter: str, text: str) -> Any:  # noqa: ANN401
    refuse_long(parameter, text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = Text(ko=f"JSON이 아닙니다 ({error.lineno}행 {error.colno}열)", en=f"not JSON (line {error.lineno}, column {error.colno})")  # fmt: skip
        raise BadExpression(what=text[:200], reason=reason) from error
    if nesting_of(document) > NESTED:
        refuse_nested(parameter)
    return document


def nesting_of(document: object) -> int:
    """Return how many lists and objects stand inside one another, without a call for each."""
    level, deepest = [document], 0
    while True:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        if not inner or deepest > NESTED:
            return deepest
        level = [one for values in inner for one in values]
        deepest += 1


def refuse_long(parameter: str, text: str) -> None:
    if len(text) > LENGTH:
        reason = Text(
            ko=f"{LENGTH:,}자까지 쓸 수 있는데 {len(text):,}자입니다",
            en=f"it has {len(text):,} characters, {LENGTH:,} are allowed",
        )
        raise BadExpression(what=parameter, reason=reason)


def refuse_nested(parameter: str) -> NoReturn:
    reason = Text(
        ko="너무 깊게 묶여 있습니다. 괄호나 연산을 줄이거나 나누어 물으십시오",
        en="it is nested too deeply; use fewer brackets and operations, or ask in parts",
    )
    raise BadExpression(what=parameter, reason=reason)


def read_tree(node: Any, named: Named) -> Expression | Bare:  # noqa: ANN401
    """Return the expression of a node of CQL2's JSON."""
    if not isinstance(node, Mapping):
        return Bare(node)
    if "property" in node:
        return named(str(node["property"]))
    if "op" in node:
        return read_operation(node, named)
    if str(node.get("type")) in SHAPES or {"bbox", "date", "timestamp", "interval"} & set(node):
        return Bare(node)
    reason = Text(
        ko="CQL2가 아닙니다. 'op'와 'args', 'property', 도형이나 시각이어야 합니다",
        en="this is not CQL2: it has to have 'op' and 'args', a 'property', or be a geometry or a time",
    )
    raise BadExpression(what=str(dict(node))[:200], reason=reason)


def read_operation(node: Mapping[str, Any], named: Named) -> Expression:
    name, arguments = str(node["op"]), node.get("args", [])
    operator = CQL2_NAMES.get(name.lower()) or (name.lower() if name.lower() in ALL else "")
    if not isinstance(arguments, list):
        raise BadExpression(what=name[:200], reason=Text(ko="'args'는 목록이어야 합니다", en="'args' has to be a list"))
    if not operator:
        raise BadExpression(
            what=name[:200],
            reason=Text(
                ko=f"그런 연산자나 함수가 없습니다. 쓸 수 있는 것: {', '.join(CQL2_NAMES)}",
                en=f"there is no such operator or function; allowed: {', '.join(CQL2_NAMES)}",
            ),
        )
    if operator in ("s_dwithin", "s_beyond") and len(arguments) == 4:
        arguments = [*arguments[:2], in_metres(name, arguments[2], arguments[3])]
    if operator == "between" and len(arguments) == 2 and isinstance(arguments[1], list):
        arguments = [arguments[0], *arguments[1]]
    if operator == "in" and len(arguments) == 2 and any(map(is_computed, require_list(arguments[1]))):
        found = read_tree(arguments[0], named)
        return chain("or", [call("eq", [found, read_tree(value, named)]) for value in arguments[1]])
    read = [read_tree(argument, named) for argument in arguments]
    if operator in ("and", "or") and len(read) > 2:
        return chain(operator, read)
    return call(operator, read)


def is_computed(node: object) -> bool:
    return isinstance(node, Mapping) and bool({"op", "property"} & set(node))


def chain(operator: str, read: Sequence[Expression | Bare]) -> Call:
    """Bracket a long chain in halves, so that thousands of alternatives are a dozen levels deep."""
    middle = len(read) // 2
    halves = [half[0] if len(half) == 1 else chain(operator, half) for half in (read[:middle], read[middle:]) if half]
    return halves[0] if len(halves) == 1 else call(operator, halves)


def in_metres(operator: str, distance: object, unit: object) -> float:
    if not isinstance(unit, str) or unit.lower() not in METRES or type(distance) not in (int, float):
        allowed = ", ".join(METRES)
        reason = Text(
            ko=f"거리는 수와 단위로 씁니다. 쓸 수 있는 단위: {allowed}",
            en=f"a distance is a number and a unit, one of {allowed}",
        )
        raise BadExpression(what=operator, reason=reason)
    return float(distance) * METRES[unit.lower()]


def named_in(schema: Schema) -> Named:
    """Return the reader of names for the columns of a schema."""

    def named(name: str) -> Expression:
        if name in schema:
            return ColumnRef(name, schema[name].type)
        if schema.geometry and name.lower() in PLACE_NAMES:
            return ColumnRef(schema.geometry.column, "geometry")
        raise UnknownColumn(column=name, allowed=schema.names)

    return named


def refuse_aggregates(expression: Expression) -> Expression:
    """Refuse aggregates where single records are judged."""
    if isinstance(expression, Call):
        if expression.operator in AGGREGATES:
            reason = Text(
                ko="집계는 'select'에 쓰고, 그 결과에 대한 조건은 'having'에 씁니다",
                en="aggregates belong to 'select', and conditions on them to 'having'",
            )
            raise BadExpression(what=expression.operator, reason=reason)
        for argument in expression.arguments:
            refuse_aggregates(argument)
    return expression
