"""What may stand in a SELECT: the parser, cut down to reading functions as they are written, and the table of the parts
of a tree. A part that is not in the table, or that carries something its row does not name, is refused.
"""

import re
from collections.abc import Mapping

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError, UnsupportedError
from sqlglot.tokens import Token

from catalog.errors import BadSql
from catalog.records.sql.functions import FUNCTIONS
from catalog.records.sql.refusal import bad_sql, place_at, place_of
from catalog.text import Text

DIALECT = DuckDB()
MOST_DEPTH = 120
STEPS_PER_TOKEN = 20  # a plain question takes one to two; a parser that goes back and forth without end is stopped
KEPT_PARSERS = ("CAST", "TRY_CAST", "EXTRACT")

# type: (what the caller may write, the engine's kinds)
TYPES: Mapping[str, tuple[exp.DType, ...]] = {
    "VARCHAR": (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR, exp.DType.NVARCHAR),
    "BIGINT": (exp.DType.BIGINT, exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT),
    "DOUBLE": (exp.DType.DOUBLE, exp.DType.FLOAT),
    "DECIMAL": (exp.DType.DECIMAL,),
    "BOOLEAN": (exp.DType.BOOLEAN,),
    "DATE": (exp.DType.DATE,),
    "TIMESTAMPTZ": (exp.DType.TIMESTAMPTZ,),
    "TIMESTAMP": (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ),
    "TIME": (exp.DType.TIME,),
    "INTERVAL": (exp.DType.INTERVAL,),
}
CASTS = frozenset(kind for kinds in TYPES.values() for kind in kinds)
UNITS = frozenset(
    f"{unit}{plural}"
    for unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
    for plural in ("", "S")
)
PARTS_OF_TIME = UNITS | {"DOW", "ISODOW", "DOY", "ISOYEAR", "EPOCH"}
# Words that the parser hands on as plain strings; everything else that is a string is written quoted.
WORDS = frozenset(
    ["LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "SEMI", "ANTI", "NATURAL", "ASOF", "OVER", "ROWS", "RANGE", "GROUPS",
     "UNBOUNDED", "CURRENT ROW", "PRECEDING", "FOLLOWING", "EXCLUDE CURRENT ROW", "EXCLUDE TIES", "EXCLUDE GROUP", "CURRENT ROW",
     "TIES", "GROUP"]
)  # fmt: skip
NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SIGNED = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
BINARY = "this expression"
QUERY_ENDS = "order limit offset"

# part: what it may carry
NODES: Mapping[type[exp.Expr], str] = {
    exp.Select: f"expressions distinct from_ joins where group having qualify windows with_ {QUERY_ENDS}",
    exp.Union: f"this expression distinct by_name with_ {QUERY_ENDS}",
    exp.Except: f"this expression distinct by_name with_ {QUERY_ENDS}",
    exp.Intersect: f"this expression distinct by_name with_ {QUERY_ENDS}",
    exp.Subquery: f"this alias joins with_ {QUERY_ENDS}",
    exp.With: "expressions",
    exp.CTE: "this alias materialized",
    exp.From: "this",
    exp.Join: "this side kind method on using",
    exp.Table: "this alias joins",
    exp.TableAlias: "this columns",
    exp.Values: "expressions alias",
    exp.Where: "this",
    exp.Group: "expressions all",
    exp.Rollup: "expressions",
    exp.GroupingSets: "expressions",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Offset: "expression",
    exp.Distinct: "expressions on",
    exp.Window: "this partition_by order spec alias over first",
    exp.WindowSpec: "kind start start_side end end_side exclude",
    exp.Filter: "this expression",
    exp.IgnoreNulls: "this",
    exp.Anonymous: "this expressions",
    exp.Alias: "this alias",
    exp.Column: "this table",
    exp.Identifier: "this quoted",
    exp.Star: "except_",
    exp.Literal: "this is_string",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Paren: "this",
    exp.Tuple: "expressions",
    exp.Cast: "this to",
    exp.TryCast: "this to safe",
    exp.DataType: "this expressions nested kind",
    exp.DataTypeParam: "this",
    exp.Interval: "this unit fraction_in_string",
    exp.Extract: BINARY,
    exp.Var: "this",
    exp.AtTimeZone: "this zone",
    exp.CurrentDate: "",
    exp.CurrentTimestamp: "",
    exp.Case: "this ifs default",
    exp.If: "this true",
    exp.Exists: "this",
    exp.Any: "this",
    exp.All: "this",
    exp.In: "this expressions query",
    exp.Between: "this low high",
    exp.Like: "this expression negate",
    exp.ILike: "this expression negate",
    exp.SimilarTo: "this expression negate",
    exp.Escape: BINARY,
    exp.Is: BINARY,
    exp.Not: "this",
    exp.Neg: "this",
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub,
         exp.Mul, exp.IntDiv, exp.Mod, exp.Pow, exp.DPipe),
        BINARY,
    ),
    exp.Div: "this expression typed safe",
    exp.DPipe: "this expression safe",
}  # fmt: skip
NAMED: Mapping[type[exp.Expr], str] = {
    exp.Pivot: "PIVOT",
    exp.Lambda: "lambda",
    exp.Lateral: "LATERAL",
    exp.Placeholder: "?, $1",
    exp.Bracket: "[ ]",
    exp.Array: "[ ]",
    exp.Struct: "{ }",
    exp.Dot: ".",
    exp.TableSample: "SAMPLE",
    exp.Collate: "COLLATE",
    exp.JSONExtract: "->",
    exp.RawString: "$$ $$",
}
CONTEXT = 100  # characters that the parser shows before a mistake
NAMES = (exp.Identifier, exp.Literal, exp.Anonymous, exp.Var, exp.DataType)  # their texts are checked or quoted
TUPLE_PLACES = (exp.In, exp.Values, exp.GroupingSets, exp.Rollup, exp.Distinct)
ALLOWED = Text(
    ko="SELECT, WITH, JOIN, WHERE, GROUP BY, HAVING, 창 함수, QUALIFY, UNION·EXCEPT·INTERSECT, ORDER BY, LIMIT와 하위 질의를 쓸 수 있습니다",
    en="SELECT, WITH, JOIN, WHERE, GROUP BY, HAVING, windows, QUALIFY, UNION, EXCEPT, INTERSECT, ORDER BY, LIMIT and "
    "subqueries are allowed",
)


NO_TYPE = Text(
    ko=f"이 유형은 쓸 수 없습니다. 쓸 수 있는 것: {', '.join(TYPES)}",
    en=f"this type cannot be used; allowed: {', '.join(TYPES)}",
)


class Grammar(DuckDB.Parser):
    """DuckDB's grammar with functions as they are written, without statements, and with an end to its patience."""

    FUNCTIONS = {}
    FUNCTION_PARSERS = {name: DuckDB.Parser.FUNCTION_PARSERS[name] for name in KEPT_PARSERS}
    NO_PAREN_FUNCTION_PARSERS = {"CASE": DuckDB.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
    STATEMENT_PARSERS = {}
    steps = 0
    most_steps = 0

    def _advance(self, times: int = 1) -> None:
        self.steps += 1
        if self.steps > self.most_steps:
            raise too_nested()
        super()._advance(times)


class Writer(DuckDB.Generator):
    """Writes a tree in the engine's language, every name quoted and no comment."""

    def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
        """Write IGNORE NULLS as the last word of a call, where the engine wants it, wherever the caller wrote it."""
        written = self.sql(expression, "this")
        is_call = isinstance(expression.this, exp.Anonymous)
        return f"{written.removesuffix(')')} IGNORE NULLS)" if is_call else f"{written} IGNORE NULLS"


def read_tokens(text: str) -> list[Token]:
    try:
        return DIALECT.tokenize(text)
    except TokenError as error:
        reason = Text(
            ko="따옴표나 주석이 닫히지 않았거나 읽을 수 없는 글자가 있습니다",
            en="a quote or a comment is not closed, or a character cannot be read",
        )
        raise bad_sql(reason) from error


def read_tree(tokens: list[Token], text: str) -> exp.Expr | None:
    """Return the one tree of the tokens, None where there is nothing."""
    grammar = Grammar(dialect=DIALECT)
    grammar.most_steps = STEPS_PER_TOKEN * (len(tokens) + 1)
    try:
        [tree] = grammar.parse(tokens, text) or [None]
    except ParseError as error:
        raise syntax_error(error, text) from error
    except SqlglotError as error:
        raise bad_sql(Text(ko="문법에 맞지 않습니다", en="the syntax is wrong")) from error
    except RecursionError as error:
        raise too_nested() from error
    return tree


def write_tree(tree: exp.Expr) -> str:
    """Write a checked tree; ``read_tree`` reads the same tree from it."""
    try:
        writer = Writer(dialect=DIALECT, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE)
        return writer.generate(tree, copy=False)
    except UnsupportedError as error:
        raise bad_sql(Text(ko=f"쓸 수 없는 표현입니다: {error}", en=f"this cannot be used: {error}")) from error
    except RecursionError as error:
        raise too_nested() from error


def syntax_error(error: ParseError, text: str) -> BadSql:
    [first, *_] = error.errors or [{}]
    said = str(first.get("description") or "").partition(" for <class")[0].partition(" but got <")[0]
    place = place_at(len(first["start_context"]), text) if first.get("start_context") is not None else None
    if place and len(first["start_context"]) >= CONTEXT:  # cut off by the parser: the column is where the token ends
        place = (first["line"], max(first["col"] - len(first["highlight"]) + 1, 1))
    return bad_sql(
        Text(
            ko=f"문법에 맞지 않습니다: '{first.get('highlight', '')}' 근처 ({said})",
            en=f"the syntax is wrong near '{first.get('highlight', '')}' ({said})",
        ),
        place,
    )


def too_nested() -> BadSql:
    return bad_sql(Text(ko="너무 깊이 겹쳐 있습니다", en="it is nested too deeply"))


def check_depth(tree: exp.Expr) -> None:
    """Refuse a tree that later steps would have to climb too deep; ``a + b + c`` and ``a OR b OR c`` are one step."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise too_nested()
        for part in node.iter_expressions():
            is_chain = isinstance(node, exp.Binary) and type(part) is type(node)
            waiting.append((part, depth if is_chain else depth + 1))


def check_tree(tree: exp.Expr, text: str) -> None:
    """Refuse the first part of a tree that may not be in it."""
    for node in tree.walk(bfs=False):
        if (refused := find_fault(node)) is not None:
            raise bad_sql(refused, place_of(node, text))


def find_fault(node: exp.Expr) -> Text | None:
    allowed = NODES.get(type(node))
    if allowed is None:
        return not_allowed(NAMED.get(type(node), type(node).__name__.upper()))
    for name, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if name not in allowed.split():
            return not_allowed(name.strip("_").upper())
        if isinstance(value, str) and not isinstance(node, NAMES) and value.upper() not in WORDS:
            return not_allowed(value[:50])
    check = CHECKS.get(type(node))
    return check(node) if check else None


def not_allowed(what: str) -> Text:
    return Text(ko=f"'{what}'은(는) 쓸 수 없습니다. {ALLOWED.ko}", en=f"'{what}' cannot be used here; {ALLOWED.en}")


def function_fault(node: exp.Anonymous) -> Text | None:
    name = node.name
    function = FUNCTIONS.get(name.lower())
    if function is None:
        return Text(
            ko=f"'{name[:50]}' 함수는 쓸 수 없습니다. 쓸 수 있는 것: {', '.join(FUNCTIONS)}",
            en=f"the function '{name[:50]}' cannot be used; allowed: {', '.join(FUNCTIONS)}",
        )
    given = sum(arguments_in(part) for part in node.expressions)
    if not function.least <= given <= function.most:
        return Text(
            ko=f"'{function.name}'의 인수가 {given}개입니다. 예: {function.example}",
            en=f"'{function.name}' has {given} arguments; for example: {function.example}",
        )
    return None


def arguments_in(part: exp.Expr) -> int:
    """Return how many arguments a part is: ``DISTINCT a, b ORDER BY c`` is two."""
    inner = part.this if isinstance(part, exp.Order) else part
    return len(inner.expressions) if isinstance(inner, exp.Distinct) else 1


def cast_fault(node: exp.Cast) -> Text | None:
    return None if isinstance(node.args["to"], exp.DataType) else NO_TYPE


def data_type_fault(node: exp.DataType) -> Text | None:
    is_plain = node.this in CASTS and not node.args.get("nested") and not node.args.get("kind")
    is_plain = is_plain and all(isinstance(part, exp.DataTypeParam) for part in node.expressions)
    return None if is_plain else NO_TYPE


def literal_fault(node: exp.Literal) -> Text | None:
    return None if node.is_string or NUMBER.fullmatch(node.name) else not_allowed(node.name[:50])


def word_fault(node: exp.Var) -> Text | None:
    """Units of intervals, parts of times and ``ORDER BY ALL`` are the only bare words."""
    allowed = {exp.Interval: UNITS, exp.Extract: PARTS_OF_TIME, exp.Ordered: {"ALL"}, exp.WindowSpec: WORDS}.get(
        type(node.parent), frozenset()
    )
    return None if node.name.upper() in allowed else not_allowed(node.name[:50])


def interval_fault(node: exp.Interval) -> Text | None:
    """A fraction is written together with its unit, outside of what quotes texts; it is nothing but a number."""
    value = node.this
    if node.args.get("fraction_in_string") and not (isinstance(value, exp.Literal) and SIGNED.fullmatch(value.name)):
        return not_allowed("INTERVAL")
    return None


def tuple_fault(node: exp.Tuple) -> Text | None:
    """A tuple elsewhere would be a row as a value, whose type can grow without bounds."""
    place = node.parent.parent if isinstance(node.parent, exp.Tuple) else node.parent
    return None if isinstance(place, TUPLE_PLACES) else not_allowed("(a, b)")


def star_fault(node: exp.Star) -> Text | None:
    """A star is a column of its own or what ``count`` counts."""
    parent = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    counted = isinstance(parent, exp.Anonymous) and parent.name.lower() == "count"
    return None if counted or isinstance(parent, exp.Select) else not_allowed("*")


def select_fault(node: exp.Select) -> Text | None:
    """One star of each table: more would double the columns at every level."""
    stars = [one.table.lower() if isinstance(one, exp.Column) else "" for one in node.expressions if one.is_star]
    if len(stars) != len(set(stars)) or ("" in stars and len(stars) > 1):
        return Text(ko="'*'는 표마다 한 번만 쓸 수 있습니다", en="'*' can be used once for each table")
    return None if node.expressions else Text(ko="고른 열이 없습니다", en="no column is selected")


def with_fault(node: exp.With) -> Text | None:
    names = [cte.alias.lower() for cte in node.expressions]
    if len(names) != len(set(names)):
        return Text(ko="WITH에 같은 이름이 두 번 있습니다", en="WITH has the same name twice")
    return None


def group_fault(node: exp.Group) -> Text | None:
    sets = [part for part in node.expressions if isinstance(part, (exp.Rollup, exp.GroupingSets))]
    if len(sets) > 1:  # they multiply
        return Text(
            ko="ROLLUP이나 GROUPING SETS는 하나만 쓸 수 있습니다", en="only one ROLLUP or GROUPING SETS can be used"
        )
    return None


def count_fault(node: exp.Limit | exp.Offset) -> Text | None:
    number = node.args["expression"]
    if isinstance(number, exp.Literal) and not number.is_string and number.name.isdigit() and len(number.name) < 16:
        return None
    return Text(ko="LIMIT과 OFFSET에는 0 이상의 정수만 씁니다", en="LIMIT and OFFSET take a whole number from 0")


def table_fault(node: exp.Table) -> Text | None:
    if isinstance(node.this, exp.Identifier):
        return None
    return Text(
        ko='표 함수와 파일은 읽을 수 없습니다. FROM에는 데이터셋의 식별자를 씁니다. 예: FROM "air-stations"',
        en='table functions and files cannot be read; FROM takes the identifier of a dataset, as in FROM "air-stations"',
    )


def zone_fault(node: exp.AtTimeZone) -> Text | None:
    return None if isinstance(node.args["zone"], exp.Literal) else not_allowed("AT TIME ZONE")


CHECKS = {
    exp.Anonymous: function_fault,
    exp.Cast: cast_fault,
    exp.TryCast: cast_fault,
    exp.DataType: data_type_fault,
    exp.Literal: literal_fault,
    exp.Var: word_fault,
    exp.Interval: interval_fault,
    exp.Tuple: tuple_fault,
    exp.Star: star_fault,
    exp.Select: select_fault,
    exp.With: with_fault,
    exp.Group: group_fault,
    exp.Limit: count_fault,
    exp.Offset: count_fault,
    exp.Table: table_fault,
    exp.AtTimeZone: zone_fault,
}
