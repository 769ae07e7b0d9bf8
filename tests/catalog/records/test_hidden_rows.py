"""What is hidden is held against an auditor who knows every row that is seen and all totals."""

import random

import numpy as np
import pytest
from counts_auditor import linked_with, ranges, ranges_by_trial
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import TooExpensive
from catalog.records.sql import hidden_rows
from catalog.records.sql.hidden_rows import Sizes, choose_hidden
from catalog.records.sql.ranges import find_ranges

KINDS, PLACES, HOURS = "abcdef", "ABCDE", "12"
# positions in (place, kind, hour)
GROUPINGS = {
    "one total": [()],
    "by place": [(0,)],
    "by place and by kind": [(0,), (1,)],
    "by place and hour, and by kind and hour": [(0, 2), (1, 2)],
    "by every two of three": [(0, 1), (0, 2), (1, 2)],
    "by place, by kind, by hour": [(0,), (1,), (2,)],
}


def hide(rows, groupings, minimum=5, others=(), least=0):
    counts = np.array([count for _, count in rows], float)
    order = rank(rows)
    groups = [codes([tuple(key[at] for at in positions) for key, _ in rows]) for positions in groupings]
    is_small = counts < minimum
    for values in others:
        is_small |= (np.array(values) > 0) & (np.array(values) < minimum)
    sizes = Sizes(counts, is_small, order, least, tuple(np.array(values, float) for values in others))
    return choose_hidden(sizes, groups, minimum).tolist()


def rank(rows):
    ordered = sorted(range(len(rows)), key=lambda at: (rows[at][1], rows[at][0]))
    places = np.empty(len(rows), int)
    places[ordered] = range(len(rows))
    return places


def codes(names):
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], int)


def check_promise(rows, groupings, minimum, least):
    """Hold what docs/recipes.md promises against what the auditor finds."""
    hidden = hide(rows, groupings, minimum, least=least)
    assert all(is_hidden for is_hidden, (_, count) in zip(hidden, rows, strict=True) if count < minimum)
    found = ranges(rows, hidden, groupings, least=least, untold=minimum)
    for number, (low, high) in found.items():
        assert low <= rows[number][1] <= high
        wanted = minimum if rows[number][1] < minimum else 1
        if high - low < wanted:
            linked = [rows[other] for other in linked_with(rows, groupings, number)]
            widest = ranges(linked, [True] * len(linked), groupings, least=least, untold=minimum)
            most_low, most_high = widest[linked.index(rows[number])]
            assert high - low == most_high - most_low, (rows, hidden, groupings, number, low, high)


def random_table(seed, *, share=0.8, most=14):
    chance = random.Random(seed)
    keys = [(place, kind, hour) for place in PLACES[:3] for kind in KINDS[:3] for hour in HOURS]
    rows = [(key, chance.choice([1, 2, 3, 6, 9, chance.randint(1, most)])) for key in keys if chance.random() < share]
    chance.shuffle(rows)
    return rows


@pytest.mark.parametrize("groupings", GROUPINGS.values(), ids=GROUPINGS)
@pytest.mark.parametrize("seed", range(4))
def test_no_small_count_can_be_worked_out_from_totals(groupings, seed):
    rows = random_table(
        seed, share=[0.4, 0.8, 1][seed % 3] * (0.55 if len(groupings) == 3 else 1), most=[9, 60][seed % 2]
    )
    check_promise(rows, groupings, 5, seed % 2)


tables = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.sampled_from("abc"), st.sampled_from("12")), st.integers(1, 30), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(tables, st.sampled_from(list(GROUPINGS.values())), st.integers(2, 6), st.sampled_from([0, 1]))
def test_no_small_count_can_be_worked_out_from_totals_of_any_table(table, groupings, minimum, least):
    check_promise(list(table.items()), groupings, minimum, least)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.tuples(st.sampled_from("AB"), st.sampled_from("abc")), st.integers(1, 4), min_size=1, max_size=6)
)
def test_the_auditor_finds_what_trying_everything_finds(table):
    rows, groupings = list(table.items()), [(0,), (1,)]
    everything = [True] * len(rows)
    assert ranges(rows, everything, groupings) == ranges_by_trial(rows, everything, groupings)


@settings(max_examples=25, deadline=None)
@given(tables, st.sampled_from([GROUPINGS["by place and by kind"], GROUPINGS["by every two of three"]]))
def test_the_walk_proves_exactly_the_auditors_ranges(table, groupings):
    rows = list(table.items())
    groups = [codes([tuple(key[at] for at in positions) for key, _ in rows]) for positions in groupings]
    values = np.array([count for _, count in rows], float)
    widths = find_ranges(values, groups, np.full(len(rows), np.inf))
    exact = ranges(rows, [True] * len(rows), groupings)
    assert widths == pytest.approx([float(high - low) for low, high in exact.values()], abs=1e-5)


# what is hidden, by (name and count) of each row in one group or a table of places and kinds
CASES = {
    "nothing small": ({"Aa": 9, "Ab": 5}, [(0,)], ""),
    "two of one whose total tells two": ({"Aa": 1, "Ab": 1, "Ac": 7, "Ad": 9}, [(0,)], "Aa Ab Ac"),
    "two with room between them": ({"Aa": 4, "Ab": 1, "Ac": 7}, [(0,)], "Aa Ab"),
    "a lone one takes the smallest": ({"Aa": 2, "Ab": 90, "Ac": 80}, [(0,)], "Aa Ac"),
    "of the same count the first by name": ({"Aa": 8, "Ab": 2, "Ac": 8}, [(0,)], "Aa Ab"),
    "a group of one is hidden whole": ({"Aa": 2, "Ba": 9}, [(0,)], "Aa"),
    "the total of all": ({"Aa": 2, "Ba": 9, "Ca": 8}, [()], "Aa Ca"),
    "what is hidden for one total leaves none alone in another":
        ({"Aa": 2, "Ab": 9, "Ac": 30, "Ba": 20, "Bb": 21, "Bc": 22, "Ca": 40, "Cb": 41, "Cc": 42},
         [(0,), (1,)], "Aa Ab Ba Bb"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "groupings", "hidden"), CASES.values(), ids=CASES)
def test_what_is_hidden(table, groupings, hidden):
    rows = [(tuple(name), count) for name, count in table.items()]
    found = {"".join(key) for (key, _), is_hidden in zip(rows, hide(rows, groupings), strict=True) if is_hidden}
    assert found == set(hidden.split())


def test_the_same_rows_hide_the_same_in_whatever_sequence():
    rows = random_table(3)
    groupings = GROUPINGS["by place and hour, and by kind and hour"]
    first = dict(zip((key for key, _ in rows), hide(rows, groupings), strict=True))
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert dict(zip((key for key, _ in rows), hide(rows, groupings), strict=True)) == first


def test_a_measure_of_few_values_hides_its_row_and_another_one_with_values():
    rows = [(("A", "a"), 20), (("A", "b"), 30), (("A", "c"), 40)]
    assert hide(rows, [(0,)], others=[[2, 0, 40]]) == [True, True, True]
    assert hide(rows, [(0,)], others=[[0, 30, 40]]) == [False, False, False]


def test_what_hangs_together_in_too_large_a_piece_is_refused(monkeypatch):
    monkeypatch.setattr(hidden_rows, "MOST_LINKED", 10)
    with pytest.raises(TooExpensive, match="every list of within"):
        hide(random_table(1), GROUPINGS["by place and by kind"])


def test_a_day_of_a_city_leaves_something_to_see():
    chance = np.random.default_rng(7)
    hours, places, kinds = 4, 30, 20
    hour, place, kind = (each.ravel() for each in np.indices((hours, places, kinds)))
    counts = chance.poisson(chance.gamma(0.8, 8, places)[place] * chance.gamma(0.8, 1, kinds)[kind]).astype(float)
    there = counts > 0
    hour, place, kind, counts = hour[there], place[there], kind[there], counts[there]
    order = np.lexsort((np.arange(counts.size), counts)).argsort()
    hidden = choose_hidden(Sizes(counts, counts < 5, order), [hour * places + place, hour * kinds + kind], 5)
    assert (counts < 5).sum() <= hidden.sum() < 1.1 * (counts < 5).sum()
