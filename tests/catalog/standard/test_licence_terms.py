"""What may be made from data under which licences, and under which it may go on: a table to be read."""

import pytest

from catalog.standard.licence_terms import Ingredient, Terms, obstacles, suitable_licences, terms_of

TERMS = {
    "kogl-0": Terms(commercial=True, derivatives=True, attribution=False, share_alike=False, ai_training=True),
    "kogl-1": Terms(commercial=True, derivatives=True, attribution=True, share_alike=False),
    "kogl-1-ai": Terms(commercial=True, derivatives=True, attribution=True, share_alike=False, ai_training=True),
    "kogl-4": Terms(commercial=False, derivatives=False, attribution=True, share_alike=False),
    "cc-by-sa-4.0": Terms(commercial=True, derivatives=True, attribution=True, share_alike=True),
    "unknown": Terms(),
    "no-such-licence": Terms(),
    "": Terms(),
}


@pytest.mark.parametrize(("licence", "terms"), TERMS.items())
def test_a_licence_says_what_it_allows_and_demands(licence, terms):
    assert terms_of(licence) == terms


# inputs, the licence of what is made from them, what speaks against it
MEETINGS = [
    (("kogl-0", "cc0-1.0"), "kogl-0", []),
    (("kogl-0", "kogl-1"), "kogl-1", []),
    (("kogl-1",), "cc-by-4.0", []),
    (("kogl-1",), "kogl-2", []),
    (("kogl-1",), "kogl-4", []),
    (("kogl-1",), "cc-by-sa-4.0", []),
    (("kogl-1-ai", "kogl-0"), "kogl-1-ai", []),
    (("cc-by-sa-4.0",), "cc-by-sa-4.0", []),
    (("cc-by-sa-3.0", "kogl-1"), "cc-by-sa-4.0", []),
    (("kogl-1",), "kogl-0", ["attribution"]),
    (("kogl-2",), "kogl-1", ["non-commercial"]),
    (("kogl-1", "kogl-2"), "kogl-1", ["non-commercial"]),
    (("kogl-1",), "kogl-1-ai", ["ai-training"]),
    (("kogl-3",), "kogl-3", ["no-derivatives"]),
    (("kogl-4-ai",), "kogl-4", ["no-derivatives"]),
    (("cc-by-nd-4.0", "kogl-1"), "cc-by-nd-4.0", ["no-derivatives"]),
    (("cc-by-sa-4.0",), "kogl-1", ["share-alike"]),
    (("cc-by-sa-4.0",), "cc-by-sa-3.0", ["share-alike"]),
    (("cc-by-sa-4.0", "cc-by-nc-4.0"), "cc-by-sa-4.0", ["non-commercial"]),
    (("cc-by-sa-4.0", "odbl-1.0"), "cc-by-sa-4.0", ["share-alike"]),
    (("unknown",), "kogl-1", ["unknown-terms"]),
    (("",), "kogl-1", ["unknown-terms"]),
    (("kogl-1",), "unknown", ["unknown-own-terms"]),
    (("kogl-3", "unknown"), "kogl-1", ["no-derivatives", "unknown-terms"]),
]


@pytest.mark.parametrize(("inputs", "licence", "codes"), MEETINGS, ids=lambda value: str(value))
def test_derived_data_may_be_no_freer_than_its_inputs(inputs, licence, codes):
    found = obstacles(licence, [Ingredient(f"input-{name}", name) for name in inputs])
    assert [obstacle.code for obstacle in found] == codes
    assert all(obstacle.blocks for obstacle in found)


@pytest.mark.parametrize(
    ("inputs", "first"),
    [
        (("kogl-0", "cc0-1.0"), "kogl-0"),
        (("kogl-0", "kogl-1"), "kogl-1"),
        (("kogl-1", "kogl-2"), "kogl-2"),
        (("cc-by-sa-4.0", "kogl-1"), "cc-by-sa-4.0"),
        (("kogl-1-ai",), "kogl-1"),
    ],
)
def test_the_freest_fitting_licence_is_proposed_first(inputs, first):
    ingredients = [Ingredient(name, name) for name in inputs]
    fitting = suitable_licences(ingredients)
    assert fitting[0] == first
    assert all(obstacles(code, ingredients) == [] for code in fitting)


@pytest.mark.parametrize(
    "inputs", [("kogl-3",), ("unknown",), ("cc-by-sa-4.0", "cc-by-nc-sa-4.0"), ("odbl-1.0", "cc-by-sa-4.0")]
)
def test_some_inputs_leave_no_licence(inputs):
    assert suitable_licences([Ingredient(name, name) for name in inputs]) == []


@pytest.mark.parametrize(
    ("inputs", "licence", "codes"),
    [
        (("kogl-3", "kogl-4", "unknown", ""), "kogl-4", []),
        (("kogl-4",), "kogl-1", ["non-commercial"]),
        (("kogl-1",), "kogl-0", ["attribution"]),
    ],
)
def test_who_owns_an_input_may_change_it_and_is_only_warned_of_contradictions(inputs, licence, codes):
    found = obstacles(licence, [Ingredient("own", name, is_own=True) for name in inputs])
    assert [obstacle.code for obstacle in found] == codes
    assert not any(obstacle.blocks for obstacle in found)


def test_an_obstacle_names_the_input_and_both_licences():
    [obstacle] = obstacles("kogl-1", [Ingredient("bus-stops", "kogl-2")])
    assert "'bus-stops'" in obstacle.text.ko
    assert "제2유형" in obstacle.text.ko
    assert "KOGL type 2" in obstacle.text.en
    assert "KOGL type 1" in obstacle.text.en
