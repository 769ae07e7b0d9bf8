"""The list of faults is whole, its tests exist, and the page for operators tells of each."""

import ast
import functools
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from fault_list import ITEMS, LISTS, Item

from ingest.models import Run

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "faults.md"
HANGUL = re.compile("[가-힣]")
ENDINGS = {state.value for state in Run.State}


def test_every_fault_of_the_lists_stands_there_once_and_in_order() -> None:
    assert [item.identifier for item in ITEMS] == [
        f"{letter}{number}" for letter, count in LISTS.items() for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.identifier)
def test_a_fault_is_shown_by_tests_that_exist_or_says_why_not(item: Item) -> None:
    assert item.fault
    assert item.expected
    assert item.tests or item.missing
    assert not item.missing or (item.missing.endswith(".") and len(item.missing.split()) > 5)
    for named in item.tests:
        path, _, function = named.partition("::")
        name, _, case = function.removesuffix("]").partition("[")
        functions = functions_of(path)
        assert name in functions, named
        assert not case or (is_a_table(functions[name]) and case in (TESTS / path).read_text(encoding="utf-8")), named


@functools.cache
def functions_of(path: str) -> Mapping[str, ast.FunctionDef]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def is_a_table(function: ast.FunctionDef) -> bool:
    return any("parametrize" in ast.unparse(decorator) for decorator in function.decorator_list)


def page_rows() -> list[list[str]]:
    """Return the cells of every row of the page that begins with identifiers."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in rows if re.match(r"[A-H]\d", row[0])]


def test_the_page_for_operators_tells_of_every_fault_once() -> None:
    told = [identifier for row in page_rows() for identifier in row[0].split()]
    assert sorted(told) == sorted(item.identifier for item in ITEMS)


def test_the_page_tells_every_fault_in_both_languages() -> None:
    for cells in page_rows():
        assert len(cells) == 6, cells
        assert all(cells), cells
        _, korean, english, ending, seen, seen_in_english = cells
        assert HANGUL.search(korean + seen) and not HANGUL.search(english + seen_in_english), cells
        assert ending == "–" or set(re.findall("`([a-z]+)`", ending)) <= ENDINGS, cells
