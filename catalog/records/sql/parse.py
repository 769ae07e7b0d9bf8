"""A text of SQL becomes a Statement: checked, its tables named anew, its clock stopped; no dataset is known yet.

Hostile texts cost little: length, tokens and nesting are capped before anything is parsed.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from catalog.records.sql.grammar import (
    check_depth,
    check_tree,
    not_allowed,
    read_tokens,
    read_tree,
    too_nested,
    write_tree,
)
from catalog.records.sql.growth import MOST_READINGS, check_growth
from catalog.records.sql.prune import Bound, find_bounds
from catalog.records.sql.refusal import Place, bad_sql, place_of, place_of_token
from catalog.text import Text

KOREAN_TIME = dt.timezone(dt.timedelta(hours=9))
MOST_CHARACTERS = 20_000
MOST_TOKENS = 2_000
MOST_NESTING = 20
OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
BEGINNINGS = ("SELECT", "WITH", "FROM", "VALUES", "(")
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
OUR_NAMES = re.compile(r"_(?:data|cte)_\d+")
OURS = re.compile(r"_(data|cte|part)_\d", re.IGNORECASE)
NAME = re.compile(r"[^\W\d]")
CURLED = re.compile("[‘’‚‛“”„‟＇＂`]")
QUERIES = (exp.Select, exp.Union, exp.Except, exp.Intersect)


@dataclass(frozen=True)
class Reading:
    """One place where a dataset is read: ``name`` in the statement, the dataset's slug, and what its rows must meet."""

    name: str
    dataset: str
    bounds: tuple[Bound, ...]


@dataclass(frozen=True)
class Statement:
    """A checked question. ``text`` is what the engine runs, but for the readings that its names stand for.

    ``combines``: rows meet rows of another reading, a CTE or VALUES, so that their numbers may multiply.
    """

    text: str
    readings: tuple[Reading, ...]
    aliases: Mapping[str, str]  # names in ``text``: what the caller calls them
    places: Mapping[str, Place]  # column names, in lower case: where they first stand in the caller's text
    combines: bool = False

    @property
    def datasets(self) -> tuple[str, ...]:
        """The slugs of the datasets that it reads, each once, sorted."""
        return tuple(sorted({reading.dataset for reading in self.readings}))

    def in_callers_names(self, text: str) -> str:
        """Return a text about the statement with the caller's names of tables for ours."""
        return OUR_NAMES.sub(lambda found: self.aliases.get(found[0], found[0]), text)

    @property
    def digest(self) -> str:
        readings = [(reading.name, reading.dataset) for reading in self.readings]
        return hashlib.sha256(f"{self.text} {readings}".encode()).hexdigest()


def parse_sql(text: str, moment: dt.datetime) -> Statement:
    """Read a SELECT; ``moment`` is what ``now()`` says, so that an answer knows one time only."""
    tokens = capped_tokens(text)
    tree = read_tree(tokens, text)
    if not isinstance(tree, (*QUERIES, exp.Values, exp.Subquery)):
        raise bad_sql(not_allowed(tokens[0].text[:50]), place_of_token(tokens[0], text))
    try:
        check_depth(tree)
        check_tree(tree, text)
        check_growth(tree, text)
        check_names(tree, text)
        check_columns(tree, text)
        places = column_places(tree, text)
        combines = count_of(tree, exp.Table, exp.Values) - count_of(tree, exp.CTE) > 1
        readings, aliases = name_tables(tree, text)
        name_outputs(tree)
        stop_clock(tree, moment)
    except RecursionError as error:
        raise too_nested() from error
    return Statement(write_tree(tree), readings, aliases, places, combines)


def count_of(tree: exp.Expr, *kinds: type[exp.Expr]) -> int:
    return sum(1 for _ in tree.find_all(*kinds))


def capped_tokens(text: str) -> list[Token]:
    """Return the tokens of one statement; what is too long or too deep is refused by counting."""
    if len(text) > MOST_CHARACTERS:
        raise bad_sql(
            Text(
                ko=f"{len(text):,}자입니다. {MOST_CHARACTERS:,}자까지 쓸 수 있습니다",
                en=f"it has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read",
            )
        )
    if UNREADABLE.search(text):
        raise bad_sql(Text(ko="제어 문자가 들어 있습니다", en="it contains a control character"))
    if sum(map(text.count, "([{")) > MOST_TOKENS:
        raise too_nested()
    tokens = read_tokens(text)
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise bad_sql(Text(ko="비어 있습니다. SELECT 하나를 쓰십시오", en="it is empty; write one SELECT"))
    check_tokens(tokens, text)
    return tokens


def check_tokens(tokens: list[Token], text: str) -> None:
    if len(tokens) > MOST_TOKENS:
        raise bad_sql(
            Text(
                ko=f"낱말이 {len(tokens):,}개입니다. {MOST_TOKENS:,}개까지 쓸 수 있습니다",
                en=f"it has {len(tokens):,} words; at most {MOST_TOKENS:,} are read",
            )
        )
    depth = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        if (
            before
            and before.token_type == TokenType.NUMBER
            and before.end + 1 == token.start
            and NAME.match(token.text)
        ):
            raise bad_sql(not_allowed(f"{before.text}{token.text}"[:50]), place_of_token(before, text))
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if depth > MOST_NESTING:
            raise too_nested()
        if token.token_type == TokenType.SEMICOLON:
            raise bad_sql(
                Text(ko="문장은 하나만 쓸 수 있습니다", en="only one statement can be asked"),
                place_of_token(token, text),
            )
        if token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and CURLED.search(token.text):
            raise bad_sql(
                Text(
                    ko="글자는 곧은 작은따옴표(')로, 이름은 곧은 큰따옴표(\")로 묶습니다",
                    en="texts stand in straight single quotes ('), names in straight double quotes (\")",
                ),
                place_of_token(token, text),
            )
    if tokens[0].text.upper() not in BEGINNINGS:
        raise bad_sql(not_allowed(tokens[0].text[:50]), place_of_token(tokens[0], text))


def check_columns(tree: exp.Expr, text: str) -> None:
    """Refuse a table's name as a column: the engine takes it for the whole row, whose type can grow without bounds."""
    tables = {alias.name.lower() for alias in tree.find_all(exp.TableAlias) if alias.name}
    tables |= {table.name.lower() for table in tree.find_all(exp.Table)}
    for column in tree.find_all(exp.Column):
        if not column.table and column.name.lower() in tables and not column.is_star:
            raise bad_sql(
                Text(
                    ko=f"'{column.name}'은(는) 표의 이름이기도 합니다. 열이면 '표.{column.name}'처럼 표 이름을 앞에 쓰십시오",
                    en=f"'{column.name}' is also the name of a table; if a column is meant, write 'table.{column.name}'",
                ),
                place_of(column, text),
            )


def check_names(tree: exp.Expr, text: str) -> None:
    """Keep the names that tables get here to ourselves."""
    for identifier in tree.find_all(exp.Identifier):
        if OURS.match(identifier.name):
            raise bad_sql(not_allowed(identifier.name[:50]), place_of(identifier, text))


def column_places(tree: exp.Expr, text: str) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for column in tree.find_all(exp.Column):
        place = place_of(column.this, text)
        if place and column.name.lower() not in places:
            places[column.name.lower()] = place
    return places


def name_tables(tree: exp.Expr, text: str) -> tuple[tuple[Reading, ...], dict[str, str]]:
    """Give every table of the tree a name of ours, so that no name of the caller's can reach anything of the engine's.

    A reference to a CTE keeps meaning it; every other name is a dataset's, read under a name of its own each time.
    """
    ctes = list(tree.find_all(exp.CTE))
    names = {id(cte): f"_cte_{number}" for number, cte in enumerate(ctes)}
    tables = list(tree.find_all(exp.Table))
    meant = {id(table): find_cte(table) for table in tables}
    check_readings(tree, meant)
    readings: list[Reading] = []
    aliases: dict[str, str] = {}
    for table in tables:
        written, cte = table.name, meant[id(table)]
        if cte is not None:
            name = names[id(cte)]
        else:
            name = f"_data_{len(readings)}"
            readings.append(Reading(name, slug_of(written), tuple(find_bounds(table))))
        aliases[name] = written
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(written, quoted=True)))
        table.set("this", exp.to_identifier(name, quoted=True))
    nameless = [part for part in tree.find_all(exp.Subquery, exp.Values) if is_nameless(part)]
    for number, part in enumerate(nameless):  # or the engine gives them names, by which a whole row could be had
        part.set("alias", exp.TableAlias(this=exp.to_identifier(f"_part_{number}", quoted=True)))
    for cte in ctes:
        cte.args["alias"].set("this", exp.to_identifier(names[id(cte)], quoted=True))
    return tuple(readings), aliases


def is_nameless(part: exp.Subquery | exp.Values) -> bool:
    """Tell whether a query in FROM has no name; a join in brackets needs none."""
    return isinstance(part.parent, (exp.From, exp.Join)) and not part.alias and not isinstance(part.this, exp.Table)


def find_cte(table: exp.Table) -> exp.CTE | None:
    """Return the CTE that a table's name means, None if it is a dataset's; a CTE knows only those before it."""
    name, inside = table.name.lower(), None
    node: exp.Expr | None = table
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        elif isinstance(node, exp.With):
            before = node.expressions[: next(at for at, cte in enumerate(node.expressions) if cte is inside)]
            found = next((cte for cte in before if cte.alias.lower() == name), None)
            if found:
                return found
            node = node.parent  # the query of this WITH, whose CTEs have just been looked through
        elif isinstance(with_ := node.args.get("with_"), exp.With):
            found = next((cte for cte in with_.expressions if cte.alias.lower() == name), None)
            if found:
                return found
        node = node.parent if node else None
    return None


def check_readings(tree: exp.Expr, meant: Mapping[int, exp.CTE | None]) -> None:
    """Refuse CTEs that read each other so that the tables read multiply."""
    joins = sum(1 for _ in tree.find_all(exp.Join))
    if joins > MOST_READINGS or cost_of(tree, meant, {}) > MOST_READINGS:
        raise bad_sql(
            Text(
                ko=f"표를 {MOST_READINGS}번 넘게 읽습니다. WITH의 표가 서로를 여러 번 읽지 않는지 보십시오",
                en=f"tables are read more than {MOST_READINGS} times; see whether those of WITH read each other repeatedly",
            )
        )


def cost_of(body: exp.Expr, meant: Mapping[int, exp.CTE | None], costs: dict[int, int]) -> int:
    """Return how often tables are read in a body, through the CTEs that it reads."""
    if id(body) not in costs:
        costs[id(body)] = 0  # a CTE cannot read itself
        costs[id(body)] = sum(
            1 if (cte := meant[id(table)]) is None else cost_of(cte, meant, costs) for table in body.find_all(exp.Table)
        )
    return costs[id(body)]


def slug_of(name: str) -> str:
    """Return the identifier of the dataset that a name means: identifiers have hyphens where SQL has underscores."""
    return name.lower().replace("_", "-")


def name_outputs(tree: exp.Expr) -> None:
    """Name the columns of the answer that have no name: ``avg_pm10`` for ``avg(pm10)``, else ``column_3``."""
    if any(part.args.get("by_name") for part in tree.find_all(*QUERIES[1:])):
        return  # their names decide which columns belong together
    query = tree
    while not isinstance(query, exp.Select):
        if not isinstance(query, (*QUERIES, exp.Subquery)):
            return
        query = query.this
    query.set("expressions", [named(one, number) for number, one in enumerate(query.expressions, 1)])


def named(one: exp.Expr, number: int) -> exp.Expr:
    if isinstance(one, (exp.Alias, exp.Column, exp.Star)):
        return one
    name = exp.to_identifier(output_name(one) or f"column_{number}", quoted=True)
    return exp.Alias(this=one, alias=name)


def output_name(node: exp.Expr) -> str:
    call = node
    while isinstance(call, (exp.Window, exp.Filter, exp.Paren, exp.IgnoreNulls)):
        call = call.this
    if not isinstance(call, exp.Anonymous):
        return ""
    columns = [column.name for column in call.find_all(exp.Column) if not column.is_star]
    return "_".join([call.name.lower(), *columns[:1]])


def stop_clock(tree: exp.Expr, moment: dt.datetime) -> None:
    """Write the moment of the question in the place of ``now()``, its day in Korea in that of ``today()``."""
    day = moment.astimezone(KOREAN_TIME).date()
    for node in list(clocks(tree)):
        is_day = isinstance(node, exp.CurrentDate) or node.name.lower() == "today"
        said, kind = (day.isoformat(), exp.DType.DATE) if is_day else (moment.isoformat(), exp.DType.TIMESTAMPTZ)
        node.replace(exp.Cast(this=exp.Literal.string(said), to=exp.DataType(this=kind)))


def clocks(tree: exp.Expr) -> Iterator[exp.Expr]:
    for node in tree.find_all(exp.CurrentDate, exp.CurrentTimestamp, exp.Anonymous):
        if not isinstance(node, exp.Anonymous) or node.name.lower() in ("now", "today"):
            yield node
