"""The one form in which a SELECT may read a guarded dataset: groups of its open columns, counted, with harmless measures.

What comes out tells of groups only; that small ones are hidden is the matter of ``suppress.py``, for which the statement
gets columns of ours that count the values behind every measure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from catalog.errors import BadSql
from catalog.records.sql.grammar import read_tokens, read_tree, write_tree
from catalog.records.sql.parse import Statement
from catalog.records.sql.refusal import bad_sql
from catalog.records.sql.suppress import values_name
from catalog.text import Text

# aggregate: how many of its arguments are values
COUNTS = ("count", "count_if")
MEASURES = ("sum", "avg", "median", "quantile_cont", "stddev")
QUANTILES = (0.1, 0.9)  # further out it is somebody's own value
# What may make a group of a column: nothing that depends on other rows.
KEY_FUNCTIONS = frozenset(
    ["date_trunc", "time_bucket", "date_part", "year", "quarter", "month", "week", "day", "dayofyear", "dayofweek", "isodow",
     "hour", "strftime", "left", "substring", "substr", "split_part", "lower", "upper", "trim", "concat", "coalesce", "ifnull",
     "nullif", "floor", "ceil", "round", "trunc"]
)  # fmt: skip
# Parts of a SELECT that none over a guarded dataset has, by their place in the tree.
REFUSED_PARTS: Mapping[str, str] = {
    "with_": "WITH", "joins": "JOIN", "distinct": "DISTINCT", "having": "HAVING", "qualify": "QUALIFY", "windows": "WINDOW",
    "order": "ORDER BY", "limit": "LIMIT", "offset": "OFFSET", "sample": "SAMPLE",
}  # fmt: skip
REFUSED_NODES: Mapping[type[exp.Expr], str] = {
    exp.Subquery: "SELECT", exp.Exists: "EXISTS", exp.Window: "OVER", exp.Distinct: "DISTINCT", exp.Order: "ORDER BY",
    exp.Star: "*", exp.Rollup: "ROLLUP", exp.GroupingSets: "GROUPING SETS", exp.IgnoreNulls: "IGNORE NULLS",
    exp.Select: "SELECT", exp.Values: "VALUES",
}  # fmt: skip
FORM = Text(
    ko="보호 데이터셋은 'SELECT 묶는 열, count(*) AS 건수, 지표 FROM 데이터셋 [WHERE …] GROUP BY 묶는 열' 꼴로만 읽습니다",
    en="a guarded dataset is read as 'SELECT keys, count(*) AS number, measures FROM dataset [WHERE …] GROUP BY keys' only",
)


@dataclass(frozen=True)
class GroupedReading:
    """What a SELECT in this form does. ``keys``: the columns it groups by, by their names in the answer (in lower case);
    ``read``: the columns of the input that each of them reads; ``where``: its condition, "" for none."""

    statement: Statement
    values: int
    keys: Mapping[str, str]
    read: Mapping[str, frozenset[str]]
    measures: tuple[str, ...]
    where: str = ""
    constants: tuple[str, ...] = field(default=())


def read_grouped(statement: Statement, count: str, open_columns: Collection[str]) -> GroupedReading:
    """Return what a statement over one guarded dataset does, and the statement that also counts the values of measures.

    ``count``: the column of the answer that tells the size of a group. What has another form is refused.
    """
    tree = read_tree(read_tokens(statement.text), statement.text)
    if not isinstance(tree, exp.Select):
        raise refused("UNION, EXCEPT, INTERSECT, VALUES")
    refuse_parts(tree)
    body = Body(tree, {name.lower() for name in open_columns})
    keys, measures, constants = body.sort_outputs(count)
    body.check_columns(keys)
    body.check_group(keys)
    check_conditions(measures.values())
    numbers = list(dict.fromkeys(number for one in measures.values() for number in numbers_of(one)))
    for position, number in enumerate(numbers):
        tree.append("expressions", exp.Alias(this=number, alias=exp.to_identifier(values_name(position), quoted=True)))
    where = tree.args.get("where")
    return GroupedReading(
        statement=replace(statement, text=write_tree(tree)),
        values=len(numbers),
        keys={name: bare(key) for name, key in keys.items()},
        read={
            name: frozenset(column.name.lower() for column in key.find_all(exp.Column)) for name, key in keys.items()
        },
        measures=tuple(measures),
        where=bare(where.this) if where else "",
        constants=constants,
    )


def refuse_parts(tree: exp.Select) -> None:
    """Refuse whatever is not groups of one table."""
    for name, word in REFUSED_PARTS.items():
        if tree.args.get(name):
            raise refused(word)
    from_ = tree.args.get("from_")
    table = from_.this if from_ else None
    if not isinstance(table, exp.Table) or table.args.get("joins") or table.args.get("sample"):
        raise refused("FROM")
    if table.args["alias"].args.get("columns"):
        raise refused("AS t(…)")
    for node in tree.walk():
        is_counted = isinstance(node, exp.Star) and isinstance(node.parent, exp.Anonymous)
        if node is not tree and type(node) in REFUSED_NODES and not is_counted:
            raise refused(REFUSED_NODES[type(node)])


@dataclass(frozen=True)
class Body:
    """The parts of the tree of a SELECT, and the columns that there are for it, in lower case."""

    tree: exp.Select
    there: Collection[str]

    def sort_outputs(self, count: str) -> tuple[dict[str, exp.Expr], dict[str, exp.Expr], tuple[str, ...]]:
        """Return the keys and the measures of the answer by name, and the names of what is the same in every row."""
        keys: dict[str, exp.Expr] = {}
        measures: dict[str, exp.Expr] = {}
        constants: list[str] = []
        has_count = False
        for output in self.tree.expressions:
            name, what = output.alias_or_name.lower(), output.this if isinstance(output, exp.Alias) else output
            if name in keys or name in measures or name in constants:
                raise refused_name(name)
            if list(aggregates(what)):
                if name == count.lower():
                    check_count(what, count)
                    has_count = True
                else:
                    check_measure(what, name)
                    measures[name] = what
            elif what.find(exp.Column):
                check_key(what, name)
                if name in self.there and not (isinstance(what, exp.Column) and what.name.lower() == name):
                    raise refused_name(name)
                keys[name] = what
            else:
                constants.append(name)
        if not has_count:
            raise no_count(count)
        return keys, measures, tuple(constants)

    def check_columns(self, keys: Mapping[str, exp.Expr]) -> None:
        """Refuse columns that do not exist for such a SELECT; GROUP BY may name its keys."""
        group = self.tree.args.get("group")
        for column in self.tree.find_all(exp.Column):
            name = column.name.lower()
            if name not in self.there and not (column.parent is group and name in keys):
                raise no_column(column.name, self.there)

    def check_group(self, keys: Mapping[str, exp.Expr]) -> None:
        """Refuse groups that are finer or coarser than the answer tells."""
        group = self.tree.args.get("group")
        if group is None:
            if keys:
                raise refused_group(keys)
            return
        if group.args.get("all"):
            return
        grouped = [self.grouped_by(part, keys) for part in group.expressions]
        if set(grouped) != set(keys):
            raise refused_group(keys)

    def grouped_by(self, part: exp.Expr, keys: Mapping[str, exp.Expr]) -> str:
        """Return the name of the key that a part of GROUP BY means."""
        if isinstance(part, exp.Literal) and not part.is_string and part.name.isdigit():
            place = int(part.name) - 1
            outputs = self.tree.expressions
            name = outputs[place].alias_or_name.lower() if 0 <= place < len(outputs) else ""
            return name if name in keys else "?"
        if isinstance(part, exp.Column) and part.name.lower() in keys:
            return part.name.lower()
        return next((name for name, key in keys.items() if bare(key) == bare(part)), "?")


def aggregates(what: exp.Expr) -> Iterator[exp.Anonymous]:
    """Yield the calls that look at more than one row; any function that is not known to look at one counts as such."""
    for call in what.find_all(exp.Anonymous):
        if call.name.lower() in COUNTS or call.name.lower() in MEASURES or call.name.lower() not in KEY_FUNCTIONS:
            yield call


def check_count(what: exp.Expr, name: str) -> None:
    is_plain = isinstance(what, exp.Anonymous) and what.name.lower() == "count"
    if not is_plain or not (len(what.expressions) == 1 and isinstance(what.expressions[0], exp.Star)):
        raise no_count(name)


def check_measure(what: exp.Expr, name: str) -> None:
    """Refuse a measure of anything but harmless aggregates; what is outside of them has no columns."""
    inside: set[int] = set()
    for call in aggregates(what):
        function = call.name.lower()
        if function not in (*COUNTS, *MEASURES):
            raise refused_aggregate(function)
        whole = call.parent if isinstance(call.parent, exp.Filter) else call
        inside |= {id(column) for column in whole.find_all(exp.Column)}
        arguments = call.expressions
        if function in MEASURES and not isinstance(arguments[0], exp.Column):
            raise refused_argument(function)
        if function == "count" and arguments and not isinstance(arguments[0], (exp.Column, exp.Star)):
            raise refused_argument(function)
        if any(other is not call for other in aggregates(whole)):
            raise refused_aggregate(f"{function}(… ( ))")
        if function == "quantile_cont" and not is_middle(arguments[1]):
            raise refused_quantile()
    if any(id(column) not in inside for column in what.find_all(exp.Column)):
        raise refused_name(name)


def check_conditions(measures: Iterable[exp.Expr]) -> None:
    """Refuse two conditions on one column: what lies between them may be a single row."""
    known: dict[str, str] = {}
    for call in (call for measure in measures for call in aggregates(measure)):
        condition = condition_of(call)
        if condition is None:
            continue
        measured = [f"{call.name.lower()} {bare(call.expressions[0])}"] if call.name.lower() in MEASURES else []
        for name in [*measured, *(column.name.lower() for column in condition.find_all(exp.Column))]:
            if known.setdefault(name, bare(condition)) != bare(condition):
                raise refused_conditions(name.rpartition(" ")[2].strip('"'))


def condition_of(call: exp.Anonymous) -> exp.Expr | None:
    """Return which rows of a group a call looks at, None for all; to count the values of a column is a condition too."""
    parts: list[exp.Expr] = []
    if call.name.lower() == "count_if":
        parts.append(call.expressions[0])
    elif call.name.lower() == "count" and call.expressions and not isinstance(call.expressions[0], exp.Star):
        parts.append(exp.Not(this=exp.Is(this=call.expressions[0].copy(), expression=exp.Null())))
    if isinstance(call.parent, exp.Filter):
        parts.append(call.parent.expression.this)
    return (
        None if not parts else parts[0] if len(parts) == 1 else exp.Tuple(expressions=[part.copy() for part in parts])
    )


def is_middle(share: exp.Expr) -> bool:
    is_number = isinstance(share, exp.Literal) and not share.is_string
    return is_number and QUANTILES[0] <= float(share.name) <= QUANTILES[1]


def check_key(what: exp.Expr, name: str) -> None:
    """Refuse a key that compares or decides: it would be a condition in another dress."""
    allowed = (
        exp.Column, exp.Identifier, exp.Literal, exp.Anonymous, exp.Interval, exp.Var, exp.Cast, exp.DataType, exp.Paren,
        exp.Add, exp.Sub, exp.Div, exp.Mul, exp.Mod, exp.DataTypeParam, exp.AtTimeZone, exp.Extract, exp.DPipe,
    )  # fmt: skip
    for node in what.walk():
        if not isinstance(node, allowed) or len(list(what.find_all(exp.Column))) > 1:
            raise refused_key(name)


def numbers_of(measure: exp.Expr) -> Iterator[exp.Expr]:
    """Yield what counts the values behind a measure, and for a part that is counted also what is left of the group."""
    for call in aggregates(measure):
        condition = call.parent.expression.copy() if isinstance(call.parent, exp.Filter) else None
        function, arguments = call.name.lower(), call.expressions
        if function == "count_if":
            number: exp.Expr = exp.Anonymous(this="count_if", expressions=[arguments[0].copy()])
        else:
            counted = arguments[0].copy() if arguments else exp.Star()
            number = exp.Anonymous(this="count", expressions=[counted])
        if condition is not None:
            number = exp.Filter(this=number, expression=condition)
        yield number
        if function in COUNTS or condition is not None:
            everything = exp.Star() if function in COUNTS else arguments[0].copy()
            everybody = exp.Anonymous(this="count", expressions=[everything])
            yield exp.Sub(this=everybody, expression=exp.Paren(this=number.copy()))


def bare(node: exp.Expr) -> str:
    """Return an expression without the names of tables and in lower case, to be compared with another."""
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", None)
        column.set("this", exp.to_identifier(column.name.lower(), quoted=True))
    return write_tree(copy)


def refused(word: str) -> BadSql:
    return bad_sql(
        Text(ko=f"보호 데이터셋을 읽는 문장에는 '{word}'을(를) 쓸 수 없습니다. {FORM.ko}",
             en=f"'{word}' cannot stand in a statement over a guarded dataset; {FORM.en}")
    )  # fmt: skip


def refused_name(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"결과의 열 '{name}'은(는) 묶는 열이거나 지표여야 하고, 이름이 다른 열과 같으면 안 됩니다",
            en=f"the column '{name}' of the answer must be a key or a measure, and not be called like another column",
        )
    )


def no_count(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"suppress.count의 열 '{name}'은(는) 'count(*) AS {name}'이어야 합니다",
            en=f"the column '{name}' of suppress.count must be 'count(*) AS {name}'",
        )
    )


def no_column(name: str, there: Collection[str]) -> BadSql:
    listed = ", ".join(sorted(there))
    return bad_sql(
        Text(
            ko=f"'{name}' 열은 여기에서 쓸 수 없습니다(없거나 개인정보일 수 있는 열). 쓸 수 있는 열: {listed}",
            en=f"there is no column '{name}' here (it does not exist or may hold personal data); there are: {listed}",
        )
    )


def refused_group(keys: Collection[str]) -> BadSql:
    listed = ", ".join(keys) or "-"
    return bad_sql(
        Text(
            ko=f"GROUP BY는 결과에서 지표가 아닌 열과 같아야 합니다: {listed}",
            en=f"GROUP BY must name exactly the columns of the answer that are no measures: {listed}",
        )
    )


def refused_aggregate(name: str) -> BadSql:
    allowed = ", ".join((*COUNTS, *MEASURES))
    return bad_sql(
        Text(
            ko=f"보호 데이터셋에는 '{name}'을(를) 쓸 수 없습니다. 쓸 수 있는 집계: {allowed}",
            en=f"'{name}' cannot be used over a guarded dataset; allowed aggregates: {allowed}",
        )
    )


def refused_argument(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"'{name}'에는 열 이름 하나만 씁니다. 조건은 FILTER (WHERE …)에 쓰십시오",
            en=f"'{name}' takes the name of one column; put conditions into FILTER (WHERE …)",
        )
    )


def refused_conditions(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"'{name}' 열에 조건이 둘 이상 걸려 있습니다. 둘의 차이로 한 건을 알 수 있으니 조건 하나만 쓰십시오",
            en=f"there are two conditions on the column '{name}', and what lies between them may be one row; use one only",
        )
    )


def refused_quantile() -> BadSql:
    low, high = QUANTILES
    return bad_sql(
        Text(
            ko=f"quantile_cont의 분위는 {low}부터 {high}까지의 수여야 합니다. 끝은 한 사람의 값입니다",
            en=f"quantile_cont takes a number from {low} to {high} here; further out it is one person's value",
        )
    )


def refused_key(name: str) -> BadSql:
    return bad_sql(
        Text(
            ko=f"묶는 열 '{name}'은(는) 열 하나이거나 그 열의 단순한 함수(date_trunc, left 등)여야 합니다",
            en=f"the key '{name}' must be one column or a plain function of it (date_trunc, left and the like)",
        )
    )
