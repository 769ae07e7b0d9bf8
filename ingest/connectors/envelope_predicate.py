"""Conditions on an answer: a path, an operator, a literal. The whole grammar; nothing is evaluated."""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.connectors.envelope_records import Missing, find, is_nothing

Literals = str | int | float | bool | None | list[str | int | float | bool]
Operator = Literal["eq", "ne", "in", "contains", "gt", "lt", "exists", "missing"]

STATUS = "@status"


class Condition(BaseModel):
    """``value`` is compared as text, so that 22 and "22" are alike; ``@status`` is the status of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1)
    op: Operator = "eq"
    value: Literals = None

    @model_validator(mode="after")
    def fits(self) -> "Condition":
        if (self.op == "in") != isinstance(self.value, list):
            raise ValueError("'in' has a list of values, every other operator has one")
        if self.op in ("gt", "lt") and number_of(self.value) is None:
            raise ValueError(f"'{self.op}' has a number")
        return self

    def holds(self, document: object, status: int) -> bool:
        found = status if self.path == STATUS else find(document, self.path)
        return OPERATORS[self.op](found, self.value)


def text_of(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value).strip()


def number_of(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(str(value).replace(",", ""))
    except ValueError:
        return None


def is_there(found: object) -> bool:
    return not isinstance(found, Missing) and not is_nothing(found)


def equal(found: object, value: object) -> bool:
    return is_there(found) and not isinstance(found, dict | list) and text_of(found) == text_of(value)


def differ(found: object, value: object) -> bool:
    return is_there(found) and not equal(found, value)


def is_one_of(found: object, values: object) -> bool:
    return isinstance(values, list) and any(equal(found, value) for value in values)


def contains(found: object, value: object) -> bool:
    return is_there(found) and isinstance(found, str) and text_of(value) in found


def is_more(found: object, value: object) -> bool:
    left, right = number_of(found), number_of(value)
    return left is not None and right is not None and left > right


def is_less(found: object, value: object) -> bool:
    left, right = number_of(found), number_of(value)
    return left is not None and right is not None and left < right


OPERATORS: Mapping[Operator, Callable[[object, object], bool]] = {
    "eq": equal,
    "ne": differ,
    "in": is_one_of,
    "contains": contains,
    "gt": is_more,
    "lt": is_less,
    "exists": lambda found, value: is_there(found),
    "missing": lambda found, value: not is_there(found),
}
