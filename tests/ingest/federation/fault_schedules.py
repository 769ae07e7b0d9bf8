"""Generated schedules: a city writes, a region reads it while all goes wrong, and afterwards nothing may be lost or doubled.

A schedule is made by its seed alone, but starts from where the one before has left both hubs.
"""

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fault_proxy import FAULTS, FaultProxy
from forked_hubs import Died, ForkedHub, Nursery, forked_hub
from hub_acts import READ, SEEN

IDLE = 4096  # bytes at most, there and back
ON_THE_LINE = tuple(FAULTS)
AT_HOME = (
    *("killed at a line", "killed at a moment", "killed at a moment", "killed at a moment", "killed at a request"),
    *("disk full", "no store", "no spool", "network gone"),
)
FIRST_REQUESTS = 10
LOOKS_CLOSER = 10  # every so many schedules all datasets are compared, records are read, an idle reading is measured


@dataclass
class Pair:
    """A city, a region that reads it, and the line between them; ``happened`` counts what went wrong."""

    city: ForkedHub
    region: ForkedHub
    line: FaultProxy
    lines: int = 4000
    happened: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def read(self, **faults: Any) -> dict[str, Any]:
        return self.region.do("read_peer", name="city", **faults)


@contextlib.contextmanager
def pair_of_hubs(nursery: Nursery) -> Iterator[Pair]:
    """Make a city with a few datasets and a region that has read them; each knows the other."""
    with forked_hub(nursery, "city") as city, forked_hub(nursery, "region") as region:
        line = FaultProxy(city.port)
        try:
            pair = Pair(city, region, line)
            city.do("write", seed=0, times=6)
            region.do("add_peer", name="city", address=line.address)
            region_id = region.do("identify")
            city.do("add_peer", name="region", address=region.address, reads=False)
            city.do("meet_peer", name="region")
            assert region_id != city.do("identify")
            pair.lines = pair.read(count_lines=True)["lines"]
            yield pair
        finally:
            line.close()


def run_schedule(pair: Pair, seed: int) -> None:
    """Let a schedule happen and see that both hubs are the same in the end."""
    chance = random.Random(seed)
    told = [f"seed {seed}"]
    try:
        told += pair.city.do("write", seed=chance.getrandbits(32), times=chance.choice((1, 1, 1, 2)))
        told.append(read_under_faults(pair, chance))
        settle(pair, seed)
    except AssertionError as error:
        error.add_note("\n".join(told))
        raise


def read_under_faults(pair: Pair, chance: random.Random) -> str:
    """Read the city once while 3 to 6 things go wrong; return what was to go wrong and how it ended."""
    at_home = chance.choice((*AT_HOME, *[""] * 5))
    many = chance.randint(3, 6) - bool(at_home)
    first = chance.choice((2, 2, 1))  # mostly once they have met
    plan = {chance.randint(first, FIRST_REQUESTS): chance.choice(ON_THE_LINE) for _ in range(many)}
    meanwhile = {}
    if chance.random() < 0.3:
        seed = chance.getrandbits(32)
        meanwhile[chance.randint(1, 8)] = lambda: pair.city.do("write", seed=seed, times=1)
    faults: dict[str, Any] = {}
    match at_home:
        case "killed at a line":
            faults["kill_at"] = chance.randint(1, pair.lines)
        case "killed at a moment":
            faults["kill_after"] = chance.uniform(0.001, 0.12)
        case "killed at a request":
            meanwhile[chance.randint(1, 9)] = pair.region.kill_worker
        case "disk full":
            faults["file_limit"] = chance.choice((1, 2000, 20_000, 200_000, 1_000_000))
        case "no store":
            faults["lacks_folder"] = "STORE_DIR"
        case "no spool":
            faults["lacks_folder"] = "SPOOL_DIR"
    pair.line.make_plan(
        plan, chance=random.Random(chance.random()), meanwhile=meanwhile, is_closed=at_home == "network gone"
    )
    try:
        outcome = pair.read(**faults)["state"]
    except Died:
        outcome = "died"
    pair.happened.update([name for number, name in plan.items() if number <= len(pair.line.asked)])
    pair.happened.update([at_home] if at_home else [])
    pair.outcomes.update([outcome])
    return f"read with {plan}, {at_home or 'nothing'} at home, changes before {sorted(meanwhile)}: {outcome}"


def settle(pair: Pair, seed: int) -> None:
    """Read once more, undisturbed: nothing is missing, nothing is there twice, nothing is left over."""
    pair.line.make_plan()
    clean = pair.read()
    assert clean["state"] == "done" and not clean["problems"], clean
    proof = pair.region.do("prove", name="city")
    assert proof["state"] == "done" and not proof["found"], proof
    if seed % LOOKS_CLOSER == 0:
        look_closer(pair, proof["entries"], random.Random(seed))


def look_closer(pair: Pair, entries: int, chance: random.Random) -> None:
    """Compare both hubs, read records at both doors, and see that a reading when nothing has changed costs next to nothing."""
    there, here = pair.city.do("tell_catalogue"), pair.region.do("tell_catalogue")
    compare(there, here)
    offers = pair.region.do("tell_offers")
    assert not offers["orphans"]
    assert len({entry for _, entry, _ in offers["offers"]}) == len(offers["offers"]) == entries
    shown = [one for one in there.values() if one["level"] == "public" and not one["is_withdrawn"] and one["digest"]]
    if shown:
        slug = chance.choice(shown)["slug"]
        records = pair.city.do("tell_records", slug=slug)
        assert isinstance(records, list), records
        assert records == pair.region.do("tell_records", slug=slug)
    before = pair.region.do("tell_marks"), pair.city.do("tell_marks")
    pair.line.make_plan()
    idle = pair.read()
    assert idle["state"] == "done" and not idle["counts"].keys() - {"requests", "bytes", "entries"}, idle
    assert pair.line.moved < IDLE, f"{pair.line.moved} bytes in {pair.line.asked}"
    assert (pair.region.do("tell_marks"), pair.city.do("tell_marks")) == before


def compare(there: dict[str, dict[str, Any]], here: dict[str, dict[str, Any]]) -> None:
    """See that the second hub has all of the first that it may have, and nothing else."""
    assert set(here) <= set(there)
    assert len({one["slug"] for one in here.values()}) == len(here)
    for id_, wanted in there.items():
        found = here.get(id_)
        if wanted["is_withdrawn"] or wanted["level"] not in SEEN:
            assert found is None or found["is_withdrawn"], wanted["slug"]
            continue
        assert found is not None and not found["is_withdrawn"], wanted["slug"]
        assert {**found["document"], "schema": None} == {**wanted["document"], "schema": None}
        links = [link for link in found["links"] if "/dataset/" not in link["access_url"]]
        assert links == wanted["links"], wanted["slug"]
        if wanted["level"] in READ:
            for name in ("digest", "records"):
                assert found[name] == wanted[name], f"{name} of {wanted['slug']}"
            assert found["document"]["schema"] == wanted["document"]["schema"], wanted["slug"]
