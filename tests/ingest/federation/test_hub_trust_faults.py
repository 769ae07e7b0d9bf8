"""Who is believed: levels that a peer may no longer read, forged and planted entries, a man in the middle, keys that change."""

import json
from collections.abc import Callable

import pytest
from fault_proxy import Exchange, Fault, FaultProxy, parts, whole
from forked_hubs import ForkedHub
from hub_readings import codes, follow, has_all, holds, read, read_well

pytestmark = pytest.mark.journey
Make = Callable[[str], ForkedHub]
Draw = Callable[[ForkedHub], FaultProxy]


def know_each_other(region: ForkedHub, city: ForkedHub, levels: list[str], address: str = "", **values: object) -> None:
    """Let the region read the city, which lets it read these levels."""
    follow(region, city, address, **values)
    region.do("identify")
    follow(city, region, reads=False, levels=levels)
    city.do("meet_peer", name="region")


@pytest.mark.parametrize("closed", ["withdraw", "keep"])
def test_d14_what_a_peer_may_no_longer_see_is_withdrawn_here_or_kept_as_was_decided(hub: Make, closed: str):
    city, region = hub("city"), hub("region")
    know_each_other(region, city, ["public", "non-public"], closed=closed)
    city.do("make", slug="air")
    city.do("make", slug="inside", level="non-public")
    read_well(region, city)
    assert set(holds(region)) == {"air", "inside"}
    city.do("set_hub", name="region", levels=["public"])
    read_well(region, city)
    has_all(region, city)
    assert set(holds(region)) == ({"air"} if closed == "withdraw" else {"air", "inside"})
    before = region.do("tell_marks")
    read_well(region, city)
    assert region.do("tell_marks") == before
    city.do("set_hub", name="region", levels=["public", "non-public"])
    read_well(region, city)
    has_all(region, city)
    assert set(holds(region)) == {"air", "inside"}


def test_d14_a_level_that_is_granted_brings_the_records_that_were_kept_back(hub: Make):
    city, region = hub("city"), hub("region")
    know_each_other(region, city, ["public"])
    city.do("make", slug="inside", level="restricted")
    read_well(region, city)
    assert holds(region) == {"inside": ""}
    city.do("set_hub", name="region", levels=["public", "restricted"])
    read_well(region, city)
    assert holds(region) == holds(city)
    has_all(region, city)


def test_a_guarded_dataset_never_travels_and_one_that_has_travelled_is_withdrawn(hub: Make):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    know_each_other(region, city, ["public", "registered", "restricted", "non-public"])
    follow(nation, region)
    city.do("make", slug="air")
    city.do("make", slug="secret", level="restricted")
    city.do("guard", slug="secret")
    city.do("make", slug="later")
    for consumer, producer in ((region, city), (nation, region)):
        read_well(consumer, producer)
    assert set(holds(region)) == set(holds(nation)) == {"air", "later"}
    city.do("guard", slug="later")
    for consumer, producer in ((region, city), (nation, region)):
        read_well(consumer, producer)
        has_all(consumer, producer)
    assert set(holds(region)) == set(holds(nation)) == {"air"}
    answer = region.do("tell_records", slug="later")
    assert not isinstance(answer, list), "its records are behind no door of the region any more"


# Forgers


@pytest.mark.parametrize("resigns", [False, True], ids=["as it is signed", "signed by the relay"])
def test_d15_a_relay_that_forges_an_entry_is_refused_and_told(hub: Make, resigns: bool):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    follow(region, city)
    follow(nation, region)
    air = city.do("make", slug="air")
    city.do("make", slug="roads")
    read_well(region, city)
    read_well(nation, region)
    document = nation.do("tell_document", entry_id=air)
    region.do("forge", entry_id=air, resigns=resigns)
    city.do("make", slug="parks")
    read_well(region, city)
    told = read(nation, region)
    assert "bad-entry" in codes(told)
    assert nation.do("tell_document", entry_id=air) == document
    assert set(holds(nation)) == {"air", "roads", "parks"}, "what is good comes all the same"
    city.do("make", slug="air", seed=3)
    city.do("make", slug="air", seed=4)
    read_well(region, city)
    read_well(nation, region)
    assert holds(nation) == holds(city)


def test_d15_a_hub_that_plants_a_dataset_of_another_home_or_identifier_is_refused(hub: Make):
    city, liar, nation = hub("city"), hub("liar"), hub("nation")
    follow(nation, city)
    follow(nation, liar)
    air = city.do("make", slug="air")
    own = nation.do("make", slug="budget")
    liar.do("make", slug="something")
    read_well(nation, city)
    before = nation.do("tell_catalogue")
    for entry_id, origin in ((air, liar), (own, liar), (own, nation), ("0" * 8 + air[8:], city)):
        liar.do("plant", entry_id=entry_id, origin=origin.do("identify"))
    told = read(nation, liar)
    assert "bad-entry" in codes(told)
    after = nation.do("tell_catalogue")
    assert {id_: after[id_] for id_ in before} == before
    assert {one["slug"] for id_, one in after.items() if id_ not in before} == {"something"}
    read_well(nation, city)
    has_all(nation, city)


# A man in the middle


def rewrite(name: str, change: Callable[[dict], None]) -> Fault:
    """Change the document of an address on its way."""

    def act(exchange: Exchange) -> None:
        head, body = parts(exchange.answer())
        if exchange.path.endswith(name):
            document = json.loads(body)
            change(document)
            body = json.dumps(document).encode()
        exchange.send(whole(head, body))

    return act


def plants(document: dict) -> None:
    document["entries"] += [{**entry, "id": f"{'0' * 8}{entry['id'][8:]}"} for entry in document["entries"]]


def drops(document: dict) -> None:
    document["entries"] = []


def revokes(document: dict) -> None:
    for key in document["keys"]:
        key["revoked"] = True


def moves_away(document: dict) -> None:
    document["address"], document["title"] = "https://evil.example", "evil"


def takes_keys(document: dict) -> None:
    document["keys"] = document["keys"][:0] + [{**key, "public": "A" * 43 + "="} for key in document["keys"]]


MIDDLE: dict[str, Fault] = {
    "plants a dataset": rewrite("/entries", plants),
    "drops one": rewrite("/entries", drops),
    "tells another root": rewrite("/tree", lambda document: document.update(root="0" * 64)),
    "tells that all keys are revoked": rewrite("/hub", revokes),
    "tells another address": rewrite("/hub", moves_away),
    "tells keys of his own": rewrite("/hub", takes_keys),
    "empties documents": rewrite("/documents", lambda document: document.update(documents={})),
}


@pytest.mark.parametrize("trick", MIDDLE)
def test_a_man_in_the_middle_is_not_believed_and_leaves_nothing_behind(hub: Make, line: Draw, trick: str):
    city, region = hub("city"), hub("region")
    proxy = line(city)
    follow(region, city, proxy.address)
    city.do("make_many", first=0, count=2)
    read_well(region, city)
    keys, before = region.do("keys_of_peer", name="city"), region.do("tell_catalogue")
    city.do("make", slug="new")
    proxy.make_plan(every=MIDDLE[trick])
    told = read(region, city)
    assert told["state"] == "failed" or trick == "tells another root", "he is in the way of what is asked"
    assert codes(told) <= {"unsigned-answer", "bad-hub-key"}
    assert {id_: one for id_, one in region.do("tell_catalogue").items() if one["slug"] != "new"} == before
    assert region.do("keys_of_peer", name="city") == keys
    proxy.make_plan()
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)


def test_an_old_answer_to_the_same_question_is_not_taken_for_a_new_one(hub: Make, line: Draw):
    city, region = hub("city"), hub("region")
    proxy = line(city)
    follow(region, city, proxy.address)
    city.do("make", slug="air")
    read_well(region, city)
    read_well(region, city)
    heard: dict[bytes, bytes] = {}

    def remember(exchange: Exchange) -> None:
        heard[exchange.question] = exchange.answer()
        exchange.send(heard[exchange.question])

    def freeze(exchange: Exchange) -> None:
        exchange.send(heard.get(exchange.question) or exchange.answer())

    proxy.make_plan(every=remember)
    read_well(region, city)
    assert region.do("prove", name="city")["state"] == "done"
    city.do("take_out", slug="air")
    proxy.make_plan(every=freeze)
    assert codes(read(region, city)) == {"unsigned-answer"}
    proof = region.do("prove", name="city")
    assert proof["state"] == "failed", "nobody proves anything by what was said yesterday"
    proxy.make_plan()
    read_well(region, city)
    assert holds(region) == {}


# Keys


@pytest.mark.parametrize("revoke", [False, True], ids=["rotated", "revoked"])
def test_a_key_that_changes_while_hubs_read_is_believed_through_the_one_before(hub: Make, line: Draw, revoke: bool):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    proxy = line(city)
    follow(region, city, proxy.address)
    follow(nation, region)
    city.do("make_many", first=0, count=7)
    proxy.make_plan(meanwhile={3: lambda: city.do("rotate", revoke=revoke)})
    read(region, city)
    proxy.make_plan()
    read_well(region, city)
    read_well(nation, region)
    city.do("make", slug="after")
    name = city.do("rotate", revoke=revoke)
    city.do("make", slug="last")
    for consumer, producer in ((region, city), (nation, region)):
        read_well(consumer, producer)
        has_all(consumer, producer)
    assert holds(nation) == holds(region) == holds(city)
    keys = region.do("keys_of_peer", name="city")
    assert [key["name"] for key in keys][-1] == name and len(keys) == 3
    assert [key["revoked"] for key in keys] == [revoke, revoke, False]
    signed = {entry["key"] for entry in nation.do("tell_entries").values()}
    assert (signed == {name}) is revoke


def test_a_steward_of_the_region_adds_words_that_stay_while_the_homes_own_words_are_passed_on(hub: Make):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    follow(region, city)
    follow(nation, region)
    air = city.do("make", slug="air")
    read_well(region, city)
    region.do("edit", slug="air", description={"ko": "광역에서 덧붙인 설명"})
    city.do("make", slug="air", seed=2, provenance={"ko": "환경부"})
    read_well(region, city)
    read_well(nation, region)
    here, above, home = (one.do("tell_catalogue")[air] for one in (region, nation, city))
    assert here["document"]["description"]["description"]["ko"] == "광역에서 덧붙인 설명"
    assert here["digest"] == above["digest"] == home["digest"]
    assert above["document"] == home["document"]
    assert nation.do("tell_document", entry_id=air) == city.do("tell_document", entry_id=air)
    for consumer, producer in ((region, city), (nation, region)):
        has_all(consumer, producer)
    region.do("edit", slug="air", provenance={})
    city.do("make", slug="air", seed=3, provenance={"ko": "기후부"})
    read_well(region, city)
    read_well(nation, region)
    assert "provenance" not in region.do("tell_catalogue")[air]["document"]["description"]
    assert nation.do("tell_catalogue")[air]["document"]["description"]["provenance"]["ko"] == "기후부"


@pytest.mark.parametrize("act", ["withdraws", "narrows"])
def test_what_a_steward_of_the_region_keeps_back_is_passed_on_no_more(hub: Make, act: str):
    city, region, nation = hub("city"), hub("region"), hub("nation")
    follow(region, city)
    follow(nation, region)
    city.do("make", slug="air")
    city.do("make", slug="roads")
    read_well(region, city)
    read_well(nation, region)
    if act == "withdraws":
        region.do("take_out", slug="air")
    else:
        region.do("edit", slug="air", access_level="non-public", access_reason={"ko": "검토 중"})
    read_well(nation, region)
    has_all(nation, region)
    assert set(holds(nation)) == {"roads"}
    city.do("make", slug="air", seed=5)
    read_well(region, city)
    read_well(nation, region)
    assert set(holds(nation)) == {"roads"}
    if act == "withdraws":
        region.do("bring_back", slug="air")
        read_well(nation, region)
        assert holds(nation) == holds(city)
    has_all(region, city)
    has_all(nation, region)
