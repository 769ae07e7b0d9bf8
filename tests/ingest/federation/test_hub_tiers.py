"""Hubs above hubs: cycles, two ways to one dataset, withdrawals that meet older words, datasets that their home closes."""

from collections.abc import Callable

import pytest
from forked_hubs import ForkedHub
from hub_readings import follow, go_round, has_all, holds, read_well

pytestmark = pytest.mark.journey
Make = Callable[[str], ForkedHub]


def test_d6_d8_d9_in_a_cycle_with_two_ways_each_dataset_is_there_once_and_an_idle_round_writes_nothing(hub: Make):
    city, north, south, nation = hub("city"), hub("north"), hub("south"), hub("nation")
    for consumer, producers in ((north, [city]), (south, [city]), (nation, [north, south]), (city, [nation])):
        for producer in producers:
            follow(consumer, producer)
    ids = [city.do("make", slug="air"), city.do("make", slug="gone")]
    north.do("make", slug="roads")
    ways = [(north, city), (south, city), (nation, north), (nation, south), (city, nation)]
    go_round(ways, 2)
    assert set(holds(nation)) == set(holds(city)) == {"air", "gone", "roads"}
    city.do("take_out", slug="gone")
    city.do("make", slug="air", seed=4)
    go_round(ways, 1)
    assert holds(nation) == holds(city)
    assert set(holds(nation)) == {"air", "roads"}
    offers = nation.do("tell_offers")["offers"]
    assert {(name, entry) for name, entry, _ in offers if entry in ids} == {
        (name, entry) for name in ("north", "south") for entry in ids
    }
    assert {(name, tuple(via)) for name, entry, via in offers if entry == ids[0]} == {
        (name, (region.do("identify"),)) for name, region in (("north", north), ("south", south))
    }
    hubs = (city, north, south, nation)
    before = [one.do("tell_marks") for one in hubs]
    go_round(ways, 2)
    assert [one.do("tell_marks") for one in hubs] == before
    for consumer, producer in ways:
        has_all(consumer, producer)
    homes = {one["slug"]: one["home"] for one in nation.do("tell_catalogue").values()}
    assert homes["air"] == f"{city.address}/dataset/air"


def test_d7_a_withdrawal_is_not_undone_by_an_older_word_that_comes_by_another_way(hub: Make):
    city, north, south, nation = hub("city"), hub("north"), hub("south"), hub("nation")
    for consumer, producer in ((north, city), (south, city), (nation, north), (nation, south)):
        follow(consumer, producer)
    city.do("make", slug="air")
    read_well(north, city)
    read_well(south, city)
    city.do("take_out", slug="air")
    read_well(north, city)
    read_well(nation, north)
    assert holds(nation) == {}
    read_well(nation, south)  # it still tells of the dataset as it was
    assert holds(nation) == {}
    city.do("bring_back", slug="air")
    read_well(south, city)
    read_well(nation, south)
    read_well(nation, north)
    assert set(holds(nation)) == {"air"}


def test_two_regions_that_have_a_dataset_from_each_other_let_go_of_it_when_its_home_closes_it(hub: Make):
    city, north, south = hub("city"), hub("north"), hub("south")
    ways = [(north, city), (south, city), (north, south), (south, north)]
    for consumer, producer in ways:
        follow(consumer, producer)
    city.do("make", slug="air")
    go_round(ways, 2)
    city.do("guard", slug="air")
    go_round(ways, 2)
    assert holds(north) == holds(south) == {}
    before = north.do("tell_marks"), south.do("tell_marks")
    go_round(ways, 1)
    assert (north.do("tell_marks"), south.do("tell_marks")) == before


def test_below_a_region_too_nobody_keeps_what_was_closed_because_of_each_other(hub: Make):
    city, region, east, west = hub("city"), hub("region"), hub("east"), hub("west")
    ways = [(region, city), (east, region), (west, region), (east, west), (west, east)]
    for consumer, producer in ways:
        follow(consumer, producer)
    city.do("make", slug="air")
    go_round(ways, 2)
    assert set(holds(east)) == set(holds(west)) == {"air"}
    city.do("guard", slug="air")
    go_round(ways, 3)
    assert holds(region) == holds(east) == holds(west) == {}


def test_h7_a_record_that_is_erased_at_home_goes_from_all_versions_in_every_tier(hub: Make):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    ways = [(region, city), (nation, region)]
    for consumer, producer in ways:
        follow(consumer, producer)
    for rows in (3, 4):
        city.do("make", slug="air", rows=rows)
        go_round(ways, 1)
    first, second = [f"{number:06}" for number in range(3)], [f"{number:06}" for number in range(4)]
    assert nation.do("tell_versions", slug="air") == [second, first]
    city.do("erase_record", slug="air", number="000001")
    go_round(ways, 1)
    left = [number for number in second if number != "000001"]
    assert [one.do("tell_versions", slug="air") for one in (city, region, nation)] == [[left]] * 3
    before = [one.do("tell_marks") for one in (city, region, nation)]
    go_round(ways, 1)
    assert [one.do("tell_marks") for one in (city, region, nation)] == before
    city.do("make", slug="air", rows=5)
    go_round(ways, 1)
    assert [left in one.do("tell_versions", slug="air") for one in (city, region, nation)] == [True] * 3
    for consumer, producer in ways:
        has_all(consumer, producer)
