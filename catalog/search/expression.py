"""What is looked for: tokens joined by "and" and "or", a plain value that each database has its own words for."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Every:
    """All of the parts must occur."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Either:
    """One of the parts must occur."""

    parts: tuple["Expression", ...]


Expression: TypeAlias = str | Every | Either


def every(parts: Iterable[Expression]) -> Expression:
    return joined(Every, parts)


def either(parts: Iterable[Expression]) -> Expression:
    return joined(Either, parts)


def joined(kind: type[Every] | type[Either], parts: Iterable[Expression]) -> Expression:
    """Return the parts as one expression, each of them once; a single part stands for itself."""
    single = tuple(dict.fromkeys(parts))
    return single[0] if len(single) == 1 else kind(single)


def spell(expression: Expression, *, token: Callable[[str], str], conjunction: str, disjunction: str) -> str:
    """Return an expression in the words of a query language."""
    if isinstance(expression, str):
        return token(expression)
    inner = (spell(part, token=token, conjunction=conjunction, disjunction=disjunction) for part in expression.parts)
    return f"({(conjunction if isinstance(expression, Every) else disjunction).join(inner)})"


def holds(expression: Expression, tokens: Collection[str]) -> bool:
    """Tell whether an expression holds of some tokens: what every database must agree with."""
    if isinstance(expression, str):
        return expression in tokens
    return (all if isinstance(expression, Every) else any)(holds(part, tokens) for part in expression.parts)
