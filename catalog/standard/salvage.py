"""What can be kept of a description that others wrote: everything but its malformed values, each told with its place.

Only for what is harvested: who describes data of one's own is told what is wrong and mends it.
"""

import copy
from collections.abc import Mapping
from typing import Any

from catalog.standard.conformance import Level, Problem, check_description
from catalog.standard.profile import Class

FORMS = ("form.", "code", "unknown-field")  # rules on single values; a ban, as on personal data, is no matter of form


def salvage(
    description: Mapping[str, Any], class_: Class = Class.DATASET
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the description without its malformed values, and the problems that they had."""
    kept = copy.deepcopy(dict(description))
    left_out: list[Problem] = []
    while broken := [problem for problem in check_description(kept, class_) if is_form(problem)]:
        # from the last to the first, so that the places of those before stay right
        for problem in sorted(broken, key=lambda problem: place_of(problem), reverse=True):
            leave_out(kept, problem.field.split("."))
        left_out += broken
    return kept, tuple(left_out)


def is_form(problem: Problem) -> bool:
    return problem.level is Level.FORM and problem.rule.startswith(FORMS)


def place_of(problem: Problem) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in problem.field.split(".")]


def leave_out(value: dict[str, Any] | list[Any], way: list[str]) -> None:
    """Take out what lies at the end of the way, or – where the way breaks off – the last thing that there is."""
    first, *rest = way
    inner = part_of(value, first)
    if rest and isinstance(inner, (dict, list)) and part_of(inner, rest[0]) is not None:
        leave_out(inner, rest)
    elif isinstance(value, list):
        if first.isdigit() and int(first) < len(value):
            del value[int(first)]
    else:
        value.pop(first, None)


def part_of(value: object, name: str) -> object:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None
