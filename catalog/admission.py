"""What may be stored: a description that the standard refuses, or that no column can hold, is a BadDescription."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from catalog.describe import row_columns
from catalog.errors import BadDescription
from catalog.models.slug import SLUG_RULE, is_slug
from catalog.standard import Class, check_description
from catalog.standard.conformance import Level
from catalog.text import Text

Problem = tuple[str, Text]


def admitted_columns(
    model: type[models.Model],
    description: Mapping[str, Any],
    class_: Class,
    *,
    slug: str | None,
    harvested: bool = False,
) -> dict[str, Any]:
    """Return the columns of a description that may be stored, else raise BadDescription with all that is wrong.

    ``slug`` is what it is to be called, None for what has no name.

    What is ``harvested`` may lack what the standard wants, and is then stored and reported; it may not be malformed.
    """
    problems = check_description(description, class_)
    told = [(problem.field, problem.text) for problem in problems if not harvested or problem.level is Level.FORM]
    refuse([*slug_problems(slug), *told])
    columns = row_columns(description, class_)
    refuse(length_problems(model, columns))
    return columns


def refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise BadDescription(problems)


def slug_problems(slug: str | None) -> list[Problem]:
    return [] if slug is None or is_slug(slug) else [("slug", SLUG_RULE)]


def length_problems(model: type[models.Model], columns: Mapping[str, Any]) -> list[Problem]:
    """Return what is longer than its column, which only some databases would refuse."""
    problems = []
    for name, value in columns.items():
        longest = model._meta.get_field(name).max_length
        if longest and isinstance(value, str) and len(value) > longest:
            text = Text(ko=f"{longest}자를 넘을 수 없습니다", en=f"at most {longest} characters")
            problems.append((field_of_column(name), text))
    return problems


def field_of_column(name: str) -> str:
    """Return the field that a column belongs to: ``title`` for ``title_ko``, ``contact_point`` for ``contact_email``."""
    whole = name.removesuffix("_ko").removesuffix("_en")
    return "contact_point" if whole.startswith("contact_") else whole
