"""CQL2 as text and as JSON: read alike, and answered as a plain walk over the tree in Python answers."""

from typing import Any

import naive
import naive_expressions
import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from naive import SCHEMA
from naive_expressions import TooLarge, Tree, as_json, as_text, compute
from record_rooms import Room

from catalog.records import Column, Geometry, Manifest, Schema, parts


def asked(tree: Tree, *, in_json: bool) -> list[tuple[str, str]]:
    text = orjson.dumps(as_json(tree)).decode() if in_json else as_text(tree)
    return [("filter", text), ("filter-lang", "cql2-json" if in_json else "cql2-text"), ("select", "row")]


def numbered(table: list) -> list:
    return [{**row, "row": at} for at, row in enumerate(table)]


NUMBERED = Schema(
    columns=(Column("row", "integer"), *SCHEMA.columns), time="t", geometry=Geometry("x", "y"), missing=()
)


def expected_rows(tree: Tree, table: list[dict[str, Any]]) -> list[int]:
    return [row["row"] for row in table if compute(tree, row) is True]


AS_FOUND = [Phase.explicit, Phase.reuse, Phase.generate]  # shrinking writes a snapshot each time, which takes minutes


@settings(max_examples=60, deadline=None, phases=AS_FOUND)
@given(table=naive.rows, trees=st.lists(naive_expressions.conditions(), min_size=2, max_size=4), part_rows=st.sampled_from([3, 1000]))  # fmt: skip
def test_every_condition_is_answered_as_a_plain_walk_would(shared_room, table, trees, part_rows):
    table = numbered(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_ROWS", part_rows)
        manifest = shared_room.write(table, NUMBERED)
    for tree in trees:
        check(shared_room, manifest, table, tree)


def check(room: Room, manifest: Manifest, table: list[dict[str, Any]], tree: Tree) -> None:
    questions = [asked(tree, in_json=False), asked(tree, in_json=True)]
    try:
        expected = expected_rows(tree, table)
    except TooLarge:  # the engine may leave out the part with this row, or not come to it
        return
    for question in questions:
        assert [row["row"] for row in room.ask(manifest, *question)] == expected, question
