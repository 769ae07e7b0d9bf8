"""Hosts are asked gently: no faster than allowed, by no more runs at a time, and not at all while they keep failing."""

import datetime as dt
import itertools
import time

import pytest
from own_hub import own_hub
from pulling import lots, make_source, write_lots

from ingest.errors import Cancelled, KeyRefused, PlatformFailure, TookTooLong, Unreachable
from ingest.hosts import Permits, is_own, note_failure, take_permits
from ingest.models import Host, Run, Source
from ingest.runs import Progress, claim_run, end_run, end_with_error, offer_next, sweep
from ingest.schedule import KOREAN_TIME

NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=KOREAN_TIME)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
HOST = "open.example:443"
State = Run.State


@pytest.fixture
def sources(tmp_path, settings, db) -> list[Source]:
    """Six sources of one host and, last, one of another."""
    settings.FILE_ROOTS, settings.HOST_RUNS = [tmp_path], 2
    first = make_source(write_lots(tmp_path / "lots.csv", lots(1)))
    values = {"distribution": first.distribution, "connector": "file", "config": first.config}
    hosts = [HOST] * 6 + ["other.example:80"]
    return Source.objects.bulk_create(Source(slug=f"s-{n}", host=host, **values) for n, host in enumerate(hosts))


def make_runs(sources: list[Source], **columns: object) -> list[Run]:
    return [Run.objects.create(source=source, **({"slot": NOON, "due_at": NOON} | columns)) for source in sources]


def columns_of(run: Run) -> tuple[str, dt.datetime, int]:
    run.refresh_from_db()
    return run.state, run.due_at, run.attempt


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("127.0.0.1:8000", True),
        ("127.8.9.1:80", True),
        ("localhost:80", True),
        ("::1:80", True),
        ("[::1]:80", True),
        ("10.0.0.7:80", False),
        ("open.example:443", False),
        ("localhost.example:80", False),
    ],
)
def test_this_machines_own_servers_are_known(host, is_so):
    assert is_own(host) == is_so


# The pace


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permits", "filled_at", "count", "left"),
    [
        (20, 100.0, 5, 15),
        (5, 100.0, 5, 0),
        (4, 100.0, 5, None),
        (4, 99.5, 5, 4),  # five have flowed in
        (20, 50.0, 1, 19),  # a bucket holds what flows in within two seconds
        (3, 102.0, 1, 2),  # another worker's clock is ahead
        (0, 1_000_000.0, 1, 19),  # a clock was far ahead once
    ],
)
def test_permits_are_taken_out_of_the_bucket_or_not_at_all(permits, filled_at, count, left):
    Host.objects.create(name=HOST, permits=permits, filled_at=filled_at)
    assert take_permits(HOST, count, 10, now=100.0) == (left is not None)
    assert Host.objects.get().permits == (permits if left is None else left)


@pytest.mark.django_db
def test_a_session_is_held_to_the_pace_of_the_host_after_a_burst(settings):
    settings.HOST_PER_SECOND = 20
    ask, begun = Permits(lambda: None), time.monotonic()
    for _ in range(60):
        ask(HOST)
    assert time.monotonic() - begun >= 0.9


@pytest.mark.django_db
@pytest.mark.parametrize(("per_second", "host"), [(0, HOST), (1, "127.0.0.1:80"), (1, "localhost:9000")])
def test_without_a_limit_and_on_this_machine_nothing_waits_and_nothing_is_written(
    settings, per_second, host, django_assert_num_queries
):
    settings.HOST_PER_SECOND = per_second
    ask = Permits(lambda: None)
    with django_assert_num_queries(0):
        for _ in range(100):
            ask(host)


@pytest.mark.django_db
def test_few_requests_of_a_fast_session_cost_a_statement(settings, django_assert_max_num_queries):
    settings.HOST_PER_SECOND = 1000
    ask = Permits(lambda: None, clock=lambda: 100.0)
    ask(HOST)
    with django_assert_max_num_queries(10):
        for _ in range(1000):
            ask(HOST)


@pytest.mark.django_db
def test_a_slow_session_takes_no_more_than_it_spends(settings):
    settings.HOST_PER_SECOND = 10
    times = itertools.count(100.0, 1.0)  # two looks at the clock each time
    ask = Permits(lambda: None, clock=lambda: next(times))
    for _ in range(5):
        ask(HOST)
    assert Host.objects.get().permits == 19  # one each time, and the bucket was full again


@pytest.mark.django_db
def test_permits_that_were_not_spent_in_time_are_void(settings):
    settings.HOST_PER_SECOND = 10
    now = 100.0
    ask = Permits(lambda: None, clock=lambda: now)
    for _ in range(5):  # 1, 2 and 4 are taken
        ask(HOST)
    assert Host.objects.get().permits == 13
    now = 102.0
    ask(HOST)
    assert Host.objects.get().permits == 18  # of the four, two were spent


@pytest.mark.django_db
def test_a_run_that_is_stopped_waits_no_longer(settings):
    settings.HOST_PER_SECOND = 1
    looks = itertools.count()

    def alive() -> None:
        if next(looks) > 5:
            raise Cancelled

    ask, begun = Permits(alive), time.monotonic()
    with pytest.raises(Cancelled):
        for _ in range(10):
            ask(HOST)
    assert time.monotonic() - begun < 6  # of eight that the pace would take


@pytest.mark.journey
def test_many_processes_together_keep_the_pace_of_a_host(tmp_path):
    with own_hub(tmp_path, HUB_HOST_PER_SECOND="20") as hub:
        told = [tmp_path / f"told-{number}" for number in range(3)]
        processes = [hub.start("ask_host", HOST, 4, str(path)) for path in told]
        assert [hub.wait(process) for process in processes] == [0] * 3, hub.log
        moments = sorted(float(line) for path in told for line in path.read_text().split())
        lasted = moments[-1] - moments[0]
        for window in (1, 2, lasted):
            most = max(sum(start <= moment <= start + window for moment in moments) for start in moments)
            assert most <= 40 + 20 * (window + 1)
        assert len(moments) >= 20 * lasted * 0.5  # and it is not wasted


# Runs at a time


def test_no_more_runs_of_a_host_are_taken_than_it_has_places_for_and_others_go_on(sources):
    runs = make_runs(sources)
    claims = [claim_run(run.pk, now=NOON) for run in runs]
    assert [claim is not None for claim in claims] == [True, True, False, False, False, False, True]
    assert columns_of(runs[2]) == (State.WAITING, NOON, 0)
    end_run(claims[0], State.PUBLISHED, Progress())
    assert claim_run(runs[2].pk, now=NOON) is not None
    assert claim_run(runs[3].pk, now=NOON) is None


@pytest.mark.parametrize("columns", [{"host": ""}, {"host": "127.0.0.1:80"}])
def test_files_and_this_machines_own_servers_have_places_for_all(sources, columns):
    Source.objects.update(**columns)
    assert all(claim_run(run.pk, now=NOON) for run in make_runs(sources))


def test_without_a_limit_there_are_places_for_all(sources, settings):
    settings.HOST_RUNS = 0
    assert all(claim_run(run.pk, now=NOON) for run in make_runs(sources))


def test_what_asks_nobody_needs_no_place(sources):
    make_runs(sources[:2], state=State.RUNNING, lease_until=NOON + MINUTE)
    [replay] = make_runs(sources[2:3], kind=Run.Kind.REPLAY)
    assert claim_run(replay.pk, now=NOON) is not None


def test_a_dead_run_takes_no_place_and_waits_for_one_as_any_other(sources):
    dead = make_runs(sources[:2], state=State.RUNNING, lease_until=NOON - MINUTE, attempt=1)
    for run in make_runs(sources[2:4]):
        assert claim_run(run.pk, now=NOON)
    assert claim_run(dead[0].pk, now=NOON) is None
    assert columns_of(dead[0]) == (State.WAITING, NOON, 1)


def test_a_run_that_is_over_lets_the_longest_waiting_ones_of_its_host_be_offered(sources, own_queue):
    runs = make_runs(sources)
    Run.objects.filter(pk=runs[4].pk).update(due_at=NOON - MINUTE)
    assert offer_next(HOST) == 2
    offered = Run.objects.exclude(hinted_at=None).values_list("pk", flat=True)
    assert set(offered) == {runs[0].pk, runs[4].pk}
    assert offer_next("") == 0


# The circuit


def fail(source: Source, at: dt.datetime, error: Exception, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("ingest.runs.timezone.now", lambda: at)
    [run] = make_runs([source], slot=at, due_at=at)
    end_with_error(claim_run(run.pk, now=at), error, Progress())
    return run


STORM = PlatformFailure(address="https://open.example", answer="HTTP 503", retry_after=None)


def test_a_storm_on_one_host_closes_it_and_costs_its_other_sources_no_attempt(sources, monkeypatch):
    for number in range(5):
        fail(sources[number], NOON + number * SECOND, STORM, monkeypatch)
    closed_at = NOON + 4 * SECOND
    assert Host.objects.get(name=HOST).closed_until == closed_at + MINUTE
    kept, other = make_runs([sources[5], sources[6]])
    assert claim_run(kept.pk, now=closed_at + SECOND) is None
    assert columns_of(kept) == (State.WAITING, closed_at + MINUTE, 0)
    assert claim_run(other.pk, now=closed_at + SECOND) is not None


def close(*, failures: int = 5, until: dt.datetime = NOON) -> None:
    Host.objects.update_or_create(name=HOST, defaults={"failures": failures, "closed_until": until})


def test_after_that_one_run_goes_ahead_and_its_success_opens_the_host(sources):
    close()
    runs = make_runs(sources[:3])
    probe = claim_run(runs[0].pk, now=NOON + SECOND)
    assert probe is not None
    assert claim_run(runs[1].pk, now=NOON + SECOND) is None
    assert columns_of(runs[1]) == (State.WAITING, NOON, 0)
    end_run(probe, State.UNCHANGED, Progress())
    assert all(claim_run(run.pk, now=NOON + SECOND) for run in runs[1:])


def test_a_closed_host_stays_closed_twice_as_long_each_time_up_to_half_an_hour(sources):
    now, closures = NOON, []
    for _ in range(12):
        note_failure(HOST, now)
        host = Host.objects.get(name=HOST)
        closures.append((host.closed_until - now) // MINUTE)
        now = max(now, host.closed_until) + SECOND
    assert closures == [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_runs_that_began_before_a_host_was_closed_do_not_close_it_longer(db):
    close(failures=5, until=NOON + MINUTE)
    note_failure(HOST, NOON + SECOND)
    host = Host.objects.get()
    assert (host.failures, host.closed_until) == (5, NOON + MINUTE)


def test_failures_far_apart_are_no_row(db):
    for number in range(8):
        note_failure(HOST, NOON + number * 11 * MINUTE)
    host = Host.objects.get()
    assert (host.failures, host.closed_until) == (1, NOON + 77 * MINUTE)


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (Unreachable(address="a", reason="b"), 4),
        (KeyRefused(address="a", answer="b"), 0),  # it answers
        (TookTooLong(seconds=1), 3),  # that may be ours
    ],
)
def test_what_an_error_tells_of_its_host(sources, error, failures, monkeypatch):
    close(failures=3, until=NOON - MINUTE)
    fail(sources[0], NOON, error, monkeypatch)
    assert Host.objects.get(name=HOST).failures == failures


def test_a_host_that_a_mistaken_clock_closed_for_years_is_open(sources):
    close(until=NOON + dt.timedelta(days=400))
    [run] = make_runs(sources[:1])
    assert claim_run(run.pk, now=NOON) is not None


def test_a_dead_run_of_a_closed_host_waits_and_is_running_no_longer(sources, own_queue):
    close(until=NOON + MINUTE)
    [run] = make_runs(sources[:1], state=State.RUNNING, lease_until=NOON - MINUTE, attempt=1, step="collect")
    assert claim_run(run.pk, now=NOON) is None
    assert columns_of(run) == (State.WAITING, NOON + MINUTE, 1)
    assert sweep(NOON + SECOND) == 0
    assert sweep(NOON + MINUTE) == 1


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 20), (5.0, 20), (300.0, 300), (1e9, 3600)])
def test_a_pause_that_a_platform_asks_for_is_kept_within_reason(sources, retry_after, seconds, monkeypatch):
    error = PlatformFailure(address="a", answer="HTTP 429", retry_after=retry_after)
    run = fail(sources[0], NOON, error, monkeypatch)
    assert columns_of(run) == (State.WAITING, NOON + seconds * SECOND, 1)
