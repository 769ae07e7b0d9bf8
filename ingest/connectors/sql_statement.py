"""Whether a text is one SELECT and nothing else, told before a database sees it.

The read-only transaction is the wall (``databases.py``); this is the notice in front of it, which speaks when a source is
saved. It knows quotes, comments and brackets of the tongues, not their grammar.
"""

import re
from collections.abc import Mapping
from typing import Literal

Tongue = Literal["postgresql", "mysql", "oracle"]

# A match is a word, a whole quotation, or a mark that must not stand outside one; an opening quote alone is never closed.
TOKENS: Mapping[Tongue, re.Pattern[str]] = {
    "postgresql": re.compile(
        r"""[eE]'(?:[^'\\]|\\.|'')*'|(?P<open>[eE]')|(?P<word>[^\W\d][\w$]*)|'(?:[^']|'')*'|"(?:[^"]|"")*"
        |\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$|(?P<mark>--|/\*|['";()])""",
        re.DOTALL | re.VERBOSE,
    ),
    "mysql": re.compile(
        r"""(?P<word>[^\W\d][\w$]*)|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`
        |(?P<mark>--|/\*|[#'"`;()])""",
        re.DOTALL | re.VERBOSE,
    ),
    "oracle": re.compile(
        r"""[nN]?[qQ]'(?:\[.*?\]|\{.*?\}|\(.*?\)|<.*?>|(?P<delimiter>[^\s\[{(<]).*?(?P=delimiter))'|(?P<open>[nN]?[qQ]')
        |(?P<word>[^\W\d][\w$\#]*)|'(?:[^']|'')*'|"[^"]*"|(?P<mark>--|/\*|['";()])""",
        re.DOTALL | re.VERBOSE,
    ),
}
FIRST = frozenset({"SELECT", "WITH"})
COMMENTS = frozenset({"--", "/*", "#"})


def check_statement(statement: str, tongue: Tongue) -> str:
    """Return the statement without its last semicolon; raise ValueError unless it is one SELECT without comments."""
    text = statement.strip().removesuffix(";").rstrip()
    depth, first = 0, ""
    for token in TOKENS[tongue].finditer(text):
        word, mark = (token["word"] or "").upper(), token["mark"] or token.groupdict().get("open")
        first = first or word
        depth += {"(": 1, ")": -1}.get(mark or "", 0)
        if mark in COMMENTS:
            raise ValueError(f"comments ({mark}) may hide what is run; leave them out")
        if mark == ";":
            raise ValueError("give one statement only")
        if mark and mark not in "()":
            raise ValueError(f"a quote ({mark}) is never closed")
        if word == "INTO":
            raise ValueError("SELECT … INTO writes; only reading is possible")
        if depth < 0:
            break
    if depth:
        raise ValueError("brackets do not match")
    if first not in FIRST:
        raise ValueError("only a SELECT (or WITH … SELECT) can be read")
    return text
