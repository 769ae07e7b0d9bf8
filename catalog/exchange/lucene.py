"""A safe part of the Lucene query language, as clients of CKAN write it: text to a tree, nothing executed.

    clause   = [+ | - | NOT | !] ( "(" query ")" | [field ":"] value )
    value    = word | "phrase" | word* | * | [low TO high] | {low TO high} | "(" values ")"
    query    = clause { [AND | && | OR | ||] clause }        two clauses side by side must both hold

Boosts, fuzziness, regular expressions, wildcards at the beginning or inside of a word, and Solr's local parameters
(``{!…}``) are refused: what cannot be answered exactly is an error with its place.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from catalog.errors import BadValue
from catalog.text import Text

DEEPEST = 20  # brackets within brackets; recursion stays shallow whatever is sent
LONGEST = 10_000  # characters of a query


@dataclass(frozen=True)
class Everything:
    """``*:*``: holds for every dataset."""


@dataclass(frozen=True)
class Match:
    """A value of a field; ``field`` is "" for free words. ``is_prefix``: the value ends with ``*``; ``*`` alone is ""."""

    field: str
    value: str
    is_prefix: bool = False
    is_phrase: bool = False


@dataclass(frozen=True)
class Range:
    """``[low TO high]``; None is an open side (``*``)."""

    field: str
    low: str | None
    high: str | None
    with_low: bool = True
    with_high: bool = True


@dataclass(frozen=True)
class Not:
    clause: "Clause"


@dataclass(frozen=True)
class And:
    clauses: tuple["Clause", ...]


@dataclass(frozen=True)
class Or:
    clauses: tuple["Clause", ...]


Clause = Everything | Match | Range | Not | And | Or


def parse_lucene(text: str, *, parameter: str = "q") -> Clause:
    """Read a query; an empty one holds for everything, a wrong one is a BadValue that names the place."""
    if len(text) > LONGEST:
        raise BadValue(
            parameter=parameter,
            value=f"{text[:40]}…",
            expected=Text(ko=f"{LONGEST:,}자 이하의 질의", en=f"at most {LONGEST:,} characters"),
        )
    return Parser(text, parameter).read()


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


# Longest first. A word ends before whitespace and before a character with a meaning of its own; a backslash takes that
# meaning away from the next character.
TOKENS = re.compile(
    r"""
      (?P<space>[\s\u3000]+)
    | (?P<phrase>"(?:[^"\\]|\\.)*")
    | (?P<range>[\[{]\s*(?:"(?:[^"\\]|\\.)*"|(?:[^\s\]}"\\]|\\.)+)\s+TO\s+(?:"(?:[^"\\]|\\.)*"|(?:[^\s\]}"\\]|\\.)+)\s*[\]}])
    | (?P<and>AND\b(?!:)|&&)
    | (?P<or>OR\b(?!:)|\|\|)
    | (?P<not>NOT\b(?!:)|!)
    | (?P<plus>\+)
    | (?P<minus>-)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<field>[A-Za-z_*][\w.\-]*:(?!//))
    | (?P<word>(?:[^\s\u3000"()\[\]{}:+\-!&|~^/\\]|\\.)(?:[^\s\u3000"()\[\]{}:~^\\]|\\.|:(?=//|[0-9]))*)
    """,
    re.VERBOSE | re.DOTALL,
)
BOUND = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s\]}"\\]|\\.)+)', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
OPENERS = {"word", "phrase", "range", "field", "open", "not", "plus", "minus"}


class Parser:
    """One reading of one text: tokens, and where in them we are."""

    def __init__(self, text: str, parameter: str) -> None:
        self.text = text
        self.parameter = parameter
        self.tokens = list(self.split())
        self.place = 0
        self.depth = 0

    def read(self) -> Clause:
        if not self.tokens:
            return Everything()
        clause = self.alternatives("")
        if self.place < len(self.tokens):
            self.refuse(self.tokens[self.place].at)
        return clause

    def split(self) -> Iterator[Token]:
        at = 0
        while at < len(self.text):
            found = TOKENS.match(self.text, at)
            if found is None:
                self.refuse(at)
            if found.lastgroup != "space":
                yield Token(found.lastgroup, found.group(), at)
            at = found.end()

    def next_kind(self) -> str:
        return self.tokens[self.place].kind if self.place < len(self.tokens) else ""

    def take(self) -> Token:
        if self.place >= len(self.tokens):
            self.refuse(len(self.text))
        self.place += 1
        return self.tokens[self.place - 1]

    def alternatives(self, field: str) -> Clause:
        clauses = [self.conjunction(field)]
        while self.next_kind() == "or":
            self.take()
            clauses.append(self.conjunction(field))
        return clauses[0] if len(clauses) == 1 else Or(tuple(clauses))

    def conjunction(self, field: str) -> Clause:
        clauses = [self.clause(field)]
        while (kind := self.next_kind()) == "and" or kind in OPENERS:
            if kind == "and":
                self.take()
            clauses.append(self.clause(field))
        return clauses[0] if len(clauses) == 1 else And(tuple(clauses))

    def clause(self, field: str) -> Clause:
        if self.depth > DEEPEST:
            self.refuse(self.tokens[min(self.place, len(self.tokens) - 1)].at)
        self.depth += 1
        token = self.take()
        reader = READERS.get(token.kind)
        if reader is None:
            self.refuse(token.at)
        clause = reader(self, token, field)
        self.depth -= 1
        return clause

    def refuse(self, at: int) -> None:
        shown = self.text[at : at + 20]
        raise BadValue(
            parameter=self.parameter,
            value=self.text,
            expected=Text(
                ko=f"Lucene 질의. {at + 1}번째 글자 '{shown}'부터 읽을 수 없습니다"
                if shown
                else "Lucene 질의. 끝나지 않았습니다",
                en=f"a Lucene query; character {at + 1} ('{shown}') cannot be read"
                if shown
                else "a Lucene query; this one does not end",
            ),
        )


def read_negation(parser: Parser, token: Token, field: str) -> Clause:
    return Not(parser.clause(field))


def read_demand(parser: Parser, token: Token, field: str) -> Clause:
    return parser.clause(field)


def read_group(parser: Parser, token: Token, field: str) -> Clause:
    clause = parser.alternatives(field)
    if parser.next_kind() != "close":
        parser.refuse(parser.tokens[parser.place].at if parser.place < len(parser.tokens) else len(parser.text))
    parser.take()
    return clause


def read_field(parser: Parser, token: Token, field: str) -> Clause:
    if field or parser.next_kind() not in ("word", "phrase", "range", "open", "minus", "plus"):
        parser.refuse(token.at)
    name = token.text[:-1]
    following = parser.clause(name)
    return Everything() if name == "*" and following == Match("*", "", is_prefix=True) else following


def read_word(parser: Parser, token: Token, field: str) -> Clause:
    is_prefix = token.text.endswith("*") and not token.text.endswith("\\*")
    body = token.text[:-1] if is_prefix else token.text
    if re.search(r"(?<!\\)[*?]", body):
        parser.refuse(token.at)
    if field == "" and is_prefix and not body:
        return Everything()
    return Match(field, unescape(body), is_prefix=is_prefix)


def read_phrase(parser: Parser, token: Token, field: str) -> Clause:
    return Match(field, unescape(token.text[1:-1]), is_phrase=True)


def read_range(parser: Parser, token: Token, field: str) -> Clause:
    if not field:
        parser.refuse(token.at)
    bounds: Sequence[tuple[str, str]] = [
        found for found in BOUND.findall(token.text[1:-1]) if found[1] != "TO" or found[0]
    ]
    if len(bounds) != 2:
        parser.refuse(token.at)
    low, high = (None if plain == "*" else unescape(quoted or plain) for quoted, plain in bounds)
    return Range(field, low, high, with_low=token.text[0] == "[", with_high=token.text[-1] == "]")


READERS: dict[str, Callable[[Parser, Token, str], Clause]] = {
    "not": read_negation,
    "minus": read_negation,
    "plus": read_demand,
    "open": read_group,
    "field": read_field,
    "word": read_word,
    "phrase": read_phrase,
    "range": read_range,
}


def unescape(text: str) -> str:
    return ESCAPED.sub(r"\1", text)
