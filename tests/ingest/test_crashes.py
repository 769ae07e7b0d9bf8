"""Workers are killed at every step and frozen past their lease: every slot is published once, and nothing is left behind."""

import csv
import io
import itertools
import random
import signal
import time
from pathlib import Path

import pytest
from hostile_server import HostileServer, Request, reply
from hub_children import STEPS
from own_hub import OwnHub, own_hub

pytestmark = pytest.mark.journey
LEASE = 1
PUBLISHED = "SELECT count(*) FROM ingest_run WHERE state = 'published'"
OPEN = "SELECT count(*) FROM ingest_run WHERE state IN ('waiting', 'running')"


def hub_text(sources: list[tuple[str, str, str, str]]) -> str:
    """Declare sources, each given as slug, dataset, mode and address."""
    head = '[[organisations]]\nslug = "hanbit-city"\nname = { ko = "한빛시" }\n'
    for dataset in dict.fromkeys(dataset for _, dataset, _, _ in sources):
        head += f"""
[[datasets]]
slug = "{dataset}"
organisation = "hanbit-city"
title = {{ ko = "{dataset}" }}
description = {{ ko = "시험" }}
theme = "transport"
licence = "kogl-1"
access_level = "public"
columns = [{{ name = "id", required = true }}, {{ name = "number", type = "integer" }}]
"""
    for slug, dataset, mode, address in sources:
        head += f"""
[[sources]]
slug = "{slug}"
dataset = "{dataset}"
connector = "file"
mode = "{mode}"
allow_private = true
config = {{ path = "{address}" }}
expectations = {{ min_share = 0.0, max_rejected_share = 1.0 }}
"""
    return head


def declare(hub: OwnHub, sources: list[tuple[str, str, str, str]]) -> None:
    path = hub.folder / "hub.toml"
    path.write_text(hub_text(sources), encoding="utf-8")
    hub.manage("apply", path)


@pytest.fixture
def patient_hub(tmp_path: Path):
    """A hub whose leases last longer than any test."""
    with own_hub(tmp_path, HUB_RUN_LEASE_SECONDS="600") as hub:
        yield hub


@pytest.fixture
def hub(tmp_path: Path):
    with own_hub(tmp_path, HUB_RUN_LEASE_SECONDS=str(LEASE)) as hub:
        yield hub


def test_a_worker_killed_at_any_step_leaves_the_old_snapshot_or_the_new_one_and_the_run_recovers(patient_hub, tmp_path):
    hub, answer = patient_hub, tmp_path / "answer.csv"
    declare(hub, [("a", "a", "replace", str(answer))])
    current = "SELECT s.digest FROM catalog_distribution d JOIN catalog_snapshot s ON s.id = d.current_snapshot_id"
    pointers = []
    for number, step in enumerate(STEPS, start=1):
        answer.write_text(f"id,number\na{number},{number}\nb,many\n", encoding="utf-8")
        before = hub.rows(current)
        hub.do("enter", "a")
        [(run_id,)] = hub.rows("SELECT id FROM ingest_run WHERE state = 'waiting'")
        assert hub.wait(hub.start("pull_and_die", step, run_id)) == 9, hub.log
        is_done = step == "after the commit"
        assert (hub.rows(current) == before) is not is_done, step
        assert hub.rows(PUBLISHED) == [(number if is_done else number - 1,)], step

        hub.do("pull", run_id)  # too early: the dead worker's lease has not run out
        assert hub.rows(PUBLISHED) == [(number if is_done else number - 1,)], step
        hub.end_leases()
        hub.do("pull", run_id)
        assert hub.rows(PUBLISHED) == [(number,)], step
        assert hub.rows(f"SELECT attempt, rows, accepted, rejected FROM ingest_run WHERE id = {run_id}") == [
            (1 if is_done else 2, 2, 1, 1)
        ]
        pointers += hub.rows(current)
    assert len(set(pointers)) == len(STEPS)
    assert hub.rows("SELECT count(*) FROM catalog_snapshot") == [(len(STEPS),)]
    assert [sequence for (sequence,) in hub.rows("SELECT sequence FROM catalog_change ORDER BY 1")] == list(
        range(1, len(STEPS) + 2)
    )


class EverNewAnswers:
    """A platform that never says the same twice, and takes its time."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)

    def __call__(self, request: Request, connection: object) -> None:
        number = next(self.numbers)
        time.sleep(0.15)
        text = io.StringIO()
        csv.writer(text).writerows([("id", "number"), *((f"{number}-{row}", row) for row in range(200)), ("x", "y")])
        reply(200, text.getvalue().encode(), Content_Type="text/csv")(request, connection)


def test_sixty_runs_under_kills_and_freezes_are_published_exactly_once(hub):
    chance = random.Random(20241122)
    with HostileServer({"/": EverNewAnswers()}) as server:
        kinds = [("replace", 4), ("append", 4)]
        sources = [
            (f"{mode}-{n}", f"{mode}-{n}", mode, server.url("/a.csv")) for mode, many in kinds for n in range(many)
        ]
        sources += [(f"shared-{n}", "shared", "append", server.url("/a.csv")) for n in range(4)]
        declare(hub, sources)
        slots = [f"2024-05-01T{hour:02}:00:00+09:00" for hour in range(5)]
        for slug, _, _, _ in sources:
            hub.do("enter_slots", slug, slots)
        total = len(sources) * len(slots)
        assert total == 60

        workers = [hub.start("work") for _ in range(3)]
        kills = freezes = 0
        frozen: list[tuple[float, int]] = []
        deadline = time.monotonic() + 200
        while hub.rows(OPEN) != [(0,)]:
            assert time.monotonic() < deadline, f"{hub.rows(OPEN)} of {total} runs are not over\n{hub.log}"
            time.sleep(chance.uniform(0.05, 0.4))
            for thaw, worker in [entry for entry in frozen if entry[0] < time.monotonic()]:
                hub.kill(worker, signal.SIGCONT)
                frozen.remove((thaw, worker))
            awake = [worker for worker in workers if worker not in [frozen_one for _, frozen_one in frozen]]
            if kills < 12 and awake and chance.random() < 0.5:
                victim = chance.choice(awake)
                hub.kill(victim)
                assert hub.wait(victim) == -signal.SIGKILL
                workers.remove(victim)
                workers.append(hub.start("work"))
                kills += 1
            elif freezes < 8 and len(awake) > 1:
                victim = chance.choice(awake)
                hub.kill(victim, signal.SIGSTOP)
                frozen.append((time.monotonic() + LEASE * 2.2, victim))
                freezes += 1
        for _, worker in frozen:  # the last zombies wake up after everything is over
            hub.kill(worker, signal.SIGCONT)
        time.sleep(LEASE)

        assert kills >= 4
        assert freezes >= 3
        assert hub.rows("SELECT state, count(*) FROM ingest_run GROUP BY 1") == [("published", total)], hub.log
        # One snapshot and one change for each run, no more: what a zombie wrote was never published.
        assert hub.rows("SELECT count(*), count(DISTINCT digest) FROM catalog_snapshot") == [(total, total)]
        assert hub.rows("SELECT count(*) FROM catalog_change WHERE kind = 'snapshot-published'") == [(total,)]
        assert set(hub.rows("SELECT snapshot_digest FROM ingest_run")) == set(
            hub.rows("SELECT digest FROM catalog_snapshot")
        )
        assert hub.rows("SELECT min(sequence), max(sequence), count(*) FROM catalog_change") == [
            (1, total + 9, total + 9)
        ]
        # Every answer of the runs is there: additions lost nothing and doubled nothing.
        assert set(hub.rows("SELECT rows, accepted, rejected FROM ingest_run")) == {(201, 200, 1)}
        current = """
            SELECT ds.slug, s.records, s.valid_at = (SELECT max(valid_at) FROM catalog_snapshot o WHERE o.distribution_id = d.id)
            FROM catalog_distribution d JOIN catalog_dataset ds ON ds.id = d.dataset_id
            JOIN catalog_snapshot s ON s.id = d.current_snapshot_id
        """
        records = {"replace": 200, "append": 200 * 5, "shared": 200 * 20}
        for slug, number, is_latest in hub.rows(current):
            assert (number, bool(is_latest)) == (records[slug.split("-")[0]], True), slug


def test_two_workers_that_take_two_runs_of_one_source_at_the_same_moment_get_one(patient_hub, tmp_path):
    hub = patient_hub  # on a busy machine the wait for the lock may be longer than a short lease
    (tmp_path / "answer.csv").write_text("id,number\na,1\n", encoding="utf-8")
    declare(hub, [("a", "a", "replace", str(tmp_path / "answer.csv"))])
    hub.do("enter_slots", "a", ["2024-05-01T00:00:00+09:00", "2024-05-01T01:00:00+09:00"])
    first, second = (run_id for (run_id,) in hub.rows("SELECT id FROM ingest_run ORDER BY id"))
    slow = hub.start("claim", first, 0.8)
    time.sleep(0.3)
    quick = hub.start("claim", second, 0.0)
    assert [hub.wait(slow), hub.wait(quick)] == [0, 0], hub.log
    assert hub.rows("SELECT state, count(*) FROM ingest_run GROUP BY 1 ORDER BY 1") == [("running", 1), ("waiting", 1)]


def test_many_writers_at_once_keep_feed_and_audit_log_gapless_and_no_pointer_is_lost(hub):
    slugs = [f"dataset-{number}" for number in range(4)]
    hub.do("make_datasets", slugs)
    times, start = 6, time.time() + 0.5
    writers = [hub.start("write_catalogue", slug, times, start) for slug in slugs for _ in range(2)]
    writers.append(hub.start("rename_organisation", times, start))
    assert {hub.wait(writer) for writer in list(writers)} == {0}, hub.log
    changes = hub.rows("SELECT sequence, kind, snapshot_digest, at FROM catalog_change ORDER BY sequence")
    assert [change[0] for change in changes] == list(range(1, len(changes) + 1))
    assert [change[3] for change in changes] == sorted(change[3] for change in changes)
    acts = hub.rows("SELECT number FROM catalog_auditentry ORDER BY number")
    assert [number for (number,) in acts] == list(range(1, 2 * len(slugs) * times + 1))
    hub.do("run_command", "prove_audit")
    published = [digest for _, kind, digest, _ in changes if kind == "snapshot-published"]
    assert sorted(published) == sorted(digest for (digest,) in hub.rows("SELECT digest FROM catalog_snapshot"))
    last = "SELECT s.replaced_at IS NULL FROM catalog_distribution d JOIN catalog_snapshot s ON s.id = d.current_snapshot_id"
    assert [bool(is_current) for (is_current,) in hub.rows(last)] == [True] * len(slugs)
    assert hub.rows("SELECT count(*) FROM catalog_snapshot WHERE replaced_at IS NULL") == [(len(slugs),)]


def test_schedulers_and_sweepers_in_many_processes_make_one_run_a_slot(hub, tmp_path):
    (tmp_path / "answer.csv").write_text("id,number\na,1\n", encoding="utf-8")
    sources = [(f"s{number}", f"s{number}", "replace", str(tmp_path / "answer.csv")) for number in range(20)]
    declare(hub, sources)
    connection = hub.connect()
    connection.cursor().execute("UPDATE ingest_source SET schedule = '0 4 1 1 *', next_at = '2024-01-01 00:00:00'")
    connection.commit()
    connection.close()
    for process in [hub.start("take_care", 3) for _ in range(4)]:
        assert hub.wait(process) == 0, hub.log
    assert hub.rows("SELECT count(*), count(DISTINCT source_id) FROM ingest_run") == [(20, 20)]
