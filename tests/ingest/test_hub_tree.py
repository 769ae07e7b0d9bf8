"""Trees over entries find exactly what differs, by questions that grow with the differences."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.federation.comparing import is_node
from ingest.federation.tree import Differences, Tree, compare_node


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def walk(own: Tree, other: Tree) -> tuple[Differences, int]:
    """Compare as two hubs do; return what was found and how many nodes were asked for."""
    found, asked, prefixes = Differences(), 0, [""]
    while prefixes:
        asked += len(prefixes)
        prefixes = [below for prefix in prefixes for below in compare_node(own, prefix, other.node(prefix), found)]
    return found, asked


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000), st.sets(st.integers(0, 2500), max_size=30), st.sets(st.integers(0, 2500), max_size=30))
def test_a_walk_finds_what_is_missing_changed_and_extra(size, changed, dropped):
    there = {name(number): "a" for number in range(size)}
    here = {id_: leaf for id_, leaf in there.items() if id_ not in {name(one) for one in dropped}}
    here |= {name(one): "b" for one in changed - dropped}
    found, _ = walk(Tree.of(here), Tree.of(there))
    assert sorted(found.missing) == sorted(set(there) - set(here))
    assert sorted(found.changed) == sorted(id_ for id_ in set(there) & set(here) if there[id_] != here[id_])
    assert sorted(found.extra) == sorted(set(here) - set(there))
    assert (Tree.of(here).root == Tree.of(there).root) is not bool(len(found))


def test_the_questions_grow_with_the_differences_and_not_with_the_catalogue():
    there = {name(number): "a" for number in range(100_000)}
    for differences in (0, 1, 10, 100):
        here = there | {name(number): "b" for number in range(differences)}
        found, asked = walk(Tree.of(here), Tree.of(there))
        assert len(found.changed) == differences
        assert asked <= 1 + 2 * differences


NODES = [
    (None, False),
    ({}, False),
    ({"leaves": []}, False),
    ({"leaves": {"short": "a"}}, False),
    ({"leaves": {name(1).upper(): "a"}}, False),
    ({"children": {"00": 1}}, False),
    ({"leaves": {}}, True),
    ({"leaves": {name(1): "a"}}, True),
    ({"children": {"00": "a"}}, True),
]


@pytest.mark.parametrize(("told", "is_good"), NODES)
def test_a_node_that_makes_no_sense_is_not_walked(told, is_good):
    assert is_node(told) is is_good
