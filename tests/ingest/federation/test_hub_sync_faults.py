"""List D of the faults: what hubs bear when another hub, the line, the disk or a stranger does wrong."""

import shutil
import sqlite3
import time
from collections.abc import Callable

import pytest
from fault_proxy import Exchange, Fault, FaultProxy
from forked_hubs import Died, ForkedHub
from hub_readings import codes, follow, has_all, holds, read, read_well

pytestmark = pytest.mark.journey
Make = Callable[[str], ForkedHub]
Draw = Callable[[ForkedHub], FaultProxy]


# The line

LINE: dict[str, tuple[dict[int, str], str]] = {
    "D1 entries are lost inside a page": ({2: "rows dropped"}, "done"),
    "D1 they are lost each time it is asked": (dict.fromkeys(range(2, 9), "rows dropped"), "failed"),
    "D2 an old page is replayed": ({2: "stale"}, "done"),
    "D2 another page is given": ({2: "swapped", 3: "swapped"}, "done"),
    "D18 a redirect leads inward": ({2: "redirect"}, "failed"),
    "a page for people": ({2: "a page for people"}, "done"),
    "the answer to who it is was altered": ({1: "altered"}, "failed"),
}


@pytest.mark.parametrize("fault", LINE)
def test_what_the_line_does_is_seen_and_mended_by_asking_again(hub: Make, line: Draw, fault: str):
    plan, state = LINE[fault]
    city, region = hub("city"), hub("region")
    proxy = line(city)
    city.do("make_many", first=0, count=3)
    follow(region, city, proxy.address)
    read_well(region, city)
    city.do("make", slug="air-1", seed=9)
    city.do("take_out", slug="air-2")
    proxy.make_plan(plan)
    assert read(region, city)["state"] == state
    proxy.make_plan()
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)


def endless(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    for _ in range(1000):
        exchange.send(b" " * (1 << 16))


def announces_much(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 X\r\nContent-Length: 53687091200\r\nConnection: close\r\n\r\n")
    time.sleep(0.05)


def drips(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    for _ in range(400):
        exchange.send(b" ")
        time.sleep(0.02)


ENDLESS: dict[str, tuple[Fault, str]] = {
    "D18 an endless answer": (endless, "too-large"),
    "D18 50 GB are announced": (announces_much, "too-large"),
    "D18 a byte now and then": (drips, "timed-out"),
}


@pytest.mark.parametrize("fault", ENDLESS)
def test_an_answer_without_end_is_left_at_a_limit(hub: Make, line: Draw, fault: str):
    act, code = ENDLESS[fault]
    city, region = hub("city"), hub("region")
    proxy = line(city)
    city.do("make", slug="air")
    region.do("make_small", total=1.5)
    follow(region, city, proxy.address)
    proxy.make_plan(every=act)
    began = time.monotonic()
    told = read(region, city)
    assert told["state"] == "failed" and codes(told) == {code}
    assert time.monotonic() - began < 15
    assert proxy.moved < 40 << 20
    proxy.make_plan()
    read_well(region, city)
    has_all(region, city)
    assert region.do("count_spool") == 0


def test_d3_files_that_came_before_a_kill_do_not_travel_again(hub: Make, line: Draw):
    city, region = hub("city"), hub("region")
    proxy = line(city)
    city.do("make_many", first=0, count=6, rows=200)
    follow(region, city, proxy.address)
    size = sum(size for (size,) in city.rows("SELECT size FROM catalog_snapshotpart"))
    lines = 200
    deaths, moved = 0, 0
    while True:  # each time a little later, as if it were killed again and again
        proxy.make_plan()
        try:
            read(region, city, kill_at=lines)
            break
        except Died:
            deaths, moved, lines = deaths + 1, moved + files_moved(proxy), int(lines * 1.5)
    read_well(region, city)
    has_all(region, city)
    assert deaths >= 3
    assert region.rows("SELECT count(*) FROM catalog_dataset") == [(6,)]
    assert moved <= size * 1.35 + 4096 * deaths, "a piece is fetched again where the kill met it, and no more"


def files_moved(proxy: FaultProxy) -> int:
    return sum(size for path, size in proxy.sizes if "/files/" in path or path.endswith("/pack"))


# Numbers that go back


def test_d4_a_cursor_of_another_epoch_reads_from_the_beginning_and_writes_nothing_twice(hub: Make):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    follow(region, city)
    read_well(region, city)
    before = region.do("tell_marks")
    city.do("run_command_quietly", name="start_over")
    assert read_well(region, city)["entries"] == 3
    has_all(region, city)
    after = region.do("tell_marks")
    assert {**after, "position": 0} == {**before, "position": 0}, "the catalogue has not moved"


def back_up(hub: ForkedHub, name: str) -> None:
    with sqlite3.connect(hub.folder / "hub.sqlite3") as source, sqlite3.connect(hub.folder / name) as target:
        source.backup(target)


def put_back(hub: ForkedHub, name: str) -> None:
    hub.close()
    for suffix in ("-wal", "-shm"):
        (hub.folder / f"hub.sqlite3{suffix}").unlink(missing_ok=True)
    shutil.copyfile(hub.folder / name, hub.folder / "hub.sqlite3")
    hub.serve()


@pytest.mark.parametrize("starts_over", ["by its operator", "because a peer has read further"])
def test_d5_a_city_restored_from_a_backup_is_followed_again(hub: Make, starts_over: str):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    follow(region, city)
    region.do("identify")
    follow(city, region, reads=False)
    city.do("meet_peer", name="region")
    back_up(city, "backup")
    city.do("make", slug="air-0", seed=5)
    city.do("make", slug="lost")
    city.do("take_out", slug="air-1")
    read_well(region, city)
    put_back(city, "backup")
    if starts_over == "by its operator":
        city.do("make", slug="air-0", seed=6)
        city.do("make", slug="later")
        city.do("run_command_quietly", name="start_over")
    read_well(region, city)
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)
    assert "lost" not in holds(region)


def test_a_city_that_went_back_unnoticed_and_wrote_on_is_compared_and_not_mixed_up(hub: Make):
    """Versions are given twice: the same number, other content. A region that no city knows reads it."""
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    city.do("identify")
    back_up(city, "backup")
    follow(region, city)
    city.do("make", slug="air-0", seed=5)
    read_well(region, city)
    put_back(city, "backup")
    for seed in (6, 7, 8):
        city.do("make", slug="air-0", seed=seed)
        city.do("make", slug="air-2", seed=seed)
    read(region, city)
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)


def test_a_region_restored_from_a_backup_reads_again_what_it_had_read_since(hub: Make):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    follow(region, city)
    read_well(region, city)
    back_up(region, "backup")
    city.do("make", slug="air-0", seed=5)
    city.do("take_out", slug="air-1")
    city.do("make", slug="new")
    read_well(region, city)
    put_back(region, "backup")
    assert set(holds(region)) == {"air-0", "air-1", "air-2"}
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)


# Files


@pytest.mark.parametrize("rows", [3, 400], ids=["a small file", "a file of many pieces"])
def test_d10_a_file_that_is_not_what_was_signed_is_refused_and_told_and_stops_no_other(hub: Make, rows: int):
    city, region = hub("city"), hub("region")
    for seed, slug in enumerate(("air", "roads", "parks")):
        city.do("make", slug=slug, rows=rows, seed=seed)
    city.do("spoil_file", slug="roads")
    follow(region, city)
    told = read(region, city)
    assert "bad-entry" in codes(told) and any("/dataset/roads" in one["where"] for one in told["problems"])
    assert set(holds(region)) == {"air", "parks"}
    assert len(region.do("prove", name="city")["found"]) == 1
    city.do("make", slug="roads", rows=rows, seed=99)
    read_well(region, city)
    has_all(region, city)


@pytest.mark.parametrize("damage", ["spoil_file", "remove_file"])
def test_a_file_that_is_damaged_here_is_found_and_mended(hub: Make, damage: str):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    follow(region, city)
    read_well(region, city)
    region.do(damage, slug="air-1")
    assert len(region.do("prove", name="city")["found"]) == 1
    assert region.do("prove", name="city", repair=True)["mended"] == 1
    has_all(region, city)


def test_d11_a_manifest_that_counts_other_rows_than_its_files_have_is_refused(hub: Make):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=2)
    city.do("lie_about_rows", slug="air-1")
    follow(region, city)
    told = read(region, city)
    assert "bad-entry" in codes(told)
    assert set(holds(region)) == {"air-0"}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE catalog_dataset SET withdrawn_at = '2024-01-01 00:00:00' WHERE slug = 'air-1'",
        "DELETE FROM ingest_huboffer WHERE entry = (SELECT id FROM ingest_hubentry WHERE home LIKE '%air-1')",
        "UPDATE ingest_hubentry SET leaf = 'x' WHERE home LIKE '%air-1'",
    ],
    ids=["withdrawn behind its back", "no offer", "another leaf"],
)
def test_d12_what_differs_at_the_head_is_found_and_mended(hub: Make, damage: str):
    city, region = hub("city"), hub("region")
    city.do("make_many", first=0, count=3)
    follow(region, city)
    read_well(region, city)
    with sqlite3.connect(region.folder / "hub.sqlite3") as database:
        database.execute(damage)
    proof = region.do("prove", name="city")
    if "withdrawn" in damage:
        assert not proof["found"], "a steward may have withdrawn it here"
        return
    assert len(proof["found"]) == 1
    region.do("prove", name="city", repair=True)
    has_all(region, city)
    assert holds(region) == holds(city)
    assert region.rows("SELECT count(*) FROM catalog_dataset") == [(3,)]


def test_d13_a_hub_that_changes_under_paging_is_read_whole(hub: Make, line: Draw):
    city, region = hub("city"), hub("region")
    proxy = line(city)
    city.do("make_many", first=0, count=12)
    follow(region, city, proxy.address)
    changes: dict[int, Callable[[], None]] = {
        2: lambda: city.do("make", slug="air-0", seed=50),
        4: lambda: city.do("take_out", slug="air-3"),
        6: lambda: city.do("make", slug="late"),
        8: lambda: city.do("make", slug="air-11", seed=50),
    }
    proxy.make_plan(meanwhile=changes)
    read(region, city)
    proxy.make_plan()
    read_well(region, city)
    has_all(region, city)
    assert holds(region) == holds(city)


def test_d16_many_changes_over_a_link_that_is_cut_now_and_then_cost_their_bytes_and_little_more(hub: Make, line: Draw):
    city, whole_way, cut_way = hub("city"), hub("whole"), hub("cut")
    for start in range(0, 60, 20):
        city.do("make_many", first=start, count=20, rows=150)
    steady, broken = line(city), line(city)
    follow(whole_way, city, steady.address)
    follow(cut_way, city, broken.address)
    read_well(whole_way, city)
    readings = 0
    while True:
        readings += 1
        broken.is_closed = False
        broken.meanwhile = {len(broken.asked) + 45: lambda: setattr(broken, "is_closed", True)}
        if read(cut_way, city)["state"] == "done":
            break
    has_all(cut_way, city)
    assert readings >= 4
    assert broken.moved <= 1.05 * steady.moved


def test_a_frozen_reader_whose_lease_has_passed_to_another_writes_nothing_more(hub: Make, line: Draw):
    city, region = hub("city"), hub("region")
    proxy = line(city)
    city.do("make_many", first=0, count=4)
    follow(region, city, proxy.address)
    second = ForkedHub(region.nursery, "region", region.folder, port=region.port)

    def read_meanwhile() -> None:
        proxy.meanwhile = {}
        read_well(second, city)
        city.do("take_out", slug="air-1")
        read_well(second, city)

    try:
        proxy.make_plan(meanwhile={4: read_meanwhile})
        told = read(region, city)
        assert codes(told) == {"lost-lease"}
        assert "air-1" not in holds(region)
        read_well(region, city)
        has_all(region, city)
    finally:
        second.close()
