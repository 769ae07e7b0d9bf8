"""The queue of record: who may take a run, until when, and how it ends."""

import datetime as dt

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection
from pulling import lots, make_source, published, write_lots

from catalog.records import Finding
from catalog.text import Text
from ingest import pipeline
from ingest.errors import LostLease, QuotaExceeded, RequestRefused, TimedOut
from ingest.models import Run, Source
from ingest.runs import (
    ATTEMPTS,
    HINT_AGAIN,
    Claim,
    Progress,
    RunHeartbeat,
    claim_run,
    end_run,
    end_with_error,
    enter_run,
    hint,
    offer_run,
    put_off,
    renew_lease,
    sweep,
)
from ingest.schedule import KOREAN_TIME

pytestmark = pytest.mark.django_db
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=KOREAN_TIME)
LATER, EARLIER = NOON + MINUTE, NOON - MINUTE
State = Run.State


@pytest.fixture
def source(tmp_path, settings) -> Source:
    settings.FILE_ROOTS = [tmp_path]
    return make_source(write_lots(tmp_path / "lots.csv", lots(1, 2, 3)))


def make_run(source: Source, **columns: object) -> Run:
    return Run.objects.create(source=source, **({"slot": NOON, "due_at": NOON} | columns))


def told(run: Run) -> tuple[str, str]:
    run.refresh_from_db()
    return run.state, run.error_code


# Claims


@pytest.mark.parametrize(
    ("columns", "is_taken"),
    [
        ({"state": State.WAITING, "due_at": NOON}, True),
        ({"state": State.WAITING, "due_at": EARLIER, "attempt": ATTEMPTS - 1}, True),
        ({"state": State.WAITING, "due_at": LATER}, False),
        ({"state": State.RUNNING, "lease_until": EARLIER, "attempt": 1}, True),
        ({"state": State.RUNNING, "lease_until": NOON, "attempt": 1}, False),
        ({"state": State.RUNNING, "lease_until": LATER, "attempt": 1}, False),
        ({"state": State.RUNNING, "lease_until": EARLIER, "attempt": ATTEMPTS}, False),
        ({"state": State.PUBLISHED}, False),
        ({"state": State.UNCHANGED}, False),
        ({"state": State.HELD}, False),
        ({"state": State.FAILED}, False),
    ],
)
def test_a_run_is_taken_when_it_is_due_and_nobody_holds_it(source, columns, is_taken):
    run = make_run(source, **columns)
    before = Run.objects.values().get(pk=run.pk)
    claim = claim_run(run.pk, now=NOON)
    assert (claim is not None) == is_taken
    if not is_taken:
        assert Run.objects.values().get(pk=run.pk) == before


def test_two_claims_of_a_run_give_one_claim(source):
    run = make_run(source)
    claims = [claim_run(run.pk), claim_run(run.pk)]
    assert [claim is not None for claim in claims] == [True, False]
    assert claims[0] == Claim(run.pk, fence=1)


def test_a_run_that_does_not_exist_cannot_be_taken(source):
    assert claim_run(4711) is None


def test_a_claim_counts_an_attempt_sets_a_lease_and_forgets_the_attempt_before(source, settings):
    settings.RUN_LEASE_SECONDS = 45
    run = make_run(source, attempt=1, fence=6, rows=9, rejected=2, error_code="timed-out", raw_answers=[{"file": "a"}])
    run.issues.create(code="too-few-rows", severity="warning", text_ko="적음", text_en="few")
    assert claim_run(run.pk, now=NOON) == Claim(run.pk, fence=7)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.lease_until, run.started_at) == (State.RUNNING, 2, NOON + 45 * SECOND, NOON)
    assert (run.rows, run.rejected, run.error_code, run.raw_answers) == (0, 0, "", [])
    assert not run.issues.exists()


def test_two_runs_of_one_source_never_overlap(source):
    first, second = make_run(source), make_run(source, slot=LATER)
    held = claim_run(first.pk, now=NOON)
    assert claim_run(second.pk, now=NOON) is None
    end_run(held, State.PUBLISHED, Progress())
    assert claim_run(second.pk, now=NOON) is not None


def test_a_dead_run_does_not_hold_up_the_source(source):
    make_run(source, state=State.RUNNING, lease_until=EARLIER, attempt=1)
    assert claim_run(make_run(source, slot=LATER).pk, now=NOON) is not None


# Leases and fences


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_can_do_nothing_more(source):
    run = make_run(source)
    zombie = claim_run(run.pk, now=NOON)
    heir = claim_run(run.pk, now=NOON + 10 * MINUTE)
    assert heir.fence == zombie.fence + 1
    before = Run.objects.values().get(pk=run.pk)
    assert renew_lease(zombie, Progress(rows=5)) is False
    for act in (
        lambda: end_run(zombie, State.PUBLISHED, Progress()),
        lambda: put_off(zombie, LATER, Progress()),
        lambda: end_with_error(zombie, TimedOut(address="a", seconds=1), Progress()),
        lambda: end_with_error(zombie, RequestRefused(address="a", answer="b"), Progress()),
    ):
        with pytest.raises(LostLease):
            act()
    assert Run.objects.values().get(pk=run.pk) == before
    end_run(heir, State.UNCHANGED, Progress())
    assert told(run) == (State.UNCHANGED, "")


def test_a_zombie_that_wakes_up_before_publishing_publishes_nothing(source, monkeypatch):
    run = enter_run(source)
    write = pipeline.write_snapshot

    def freeze_and_write(*arguments, **options):
        claim_run(run.pk, now=timezone.now() + 10 * MINUTE)  # meanwhile another worker
        return write(*arguments, **options)

    monkeypatch.setattr(pipeline, "write_snapshot", freeze_and_write)
    pipeline.pull_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.fence) == (State.RUNNING, 2)
    assert published(source) is None
    assert not source.distribution.snapshots.exists()


def test_a_lease_that_ran_out_without_an_heir_still_ends_its_run(source):
    run = make_run(source)
    claim = claim_run(run.pk, now=NOON)
    end_run(claim, State.PUBLISHED, Progress(rows=3), accepted=3)
    run.refresh_from_db()
    assert (run.state, run.rows, run.accepted, run.lease_until) == (State.PUBLISHED, 3, 3, None)


def test_a_run_that_the_sweeper_gave_up_stays_given_up(source):
    run = make_run(source, attempt=ATTEMPTS - 1)
    claim = claim_run(run.pk, now=NOON)
    sweep(NOON + 10 * MINUTE)
    with pytest.raises(LostLease):
        end_run(claim, State.PUBLISHED, Progress())
    assert told(run) == (State.FAILED, "worker-lost")


# Ends


def test_a_run_ends_with_its_counts_and_its_issues_in_both_languages(source):
    run = make_run(source)
    findings = [
        Finding("not-integer", "warning", Text(ko="정수 아님", en="no whole number"), count=2, column="spaces"),
        Finding("too-few-rows", "blocking", Text(ko="적음", en="too few"), count=1),
    ]
    progress = Progress(rows=10, received_bytes=200, raw_answers=[{"file": "f" * 64}])
    end_run(claim_run(run.pk), State.HELD, progress, findings, accepted=8, rejected=2)
    run.refresh_from_db()
    assert (run.rows, run.accepted, run.rejected, run.received_bytes) == (10, 8, 2, 200)
    assert run.raw_answers == [{"file": "f" * 64}]
    assert run.ended_at is not None
    assert [
        (issue.code, issue.severity, issue.column, issue.count, issue.text) for issue in run.issues.order_by("id")
    ] == [(finding.code, finding.severity, finding.column, finding.count, finding.text) for finding in findings]


def test_a_temporary_error_waits_longer_each_time_and_then_fails(source):
    run = make_run(source)
    waits = []
    for attempt in range(1, ATTEMPTS + 1):
        Run.objects.filter(pk=run.pk).update(due_at=NOON)
        before = timezone.now()
        end_with_error(claim_run(run.pk), TimedOut(address="https://a.example", seconds=30), Progress(rows=attempt))
        run.refresh_from_db()
        assert run.rows == attempt
        if attempt < ATTEMPTS:
            assert told(run) == (State.WAITING, "timed-out")
            waits.append(round((run.due_at - before).total_seconds()))
    assert waits == [20, 40, 80]
    assert told(run) == (State.FAILED, "timed-out")
    assert "30초" in run.error_ko
    assert "30 s" in run.error_en


def test_an_error_that_is_not_temporary_fails_at_once(source):
    run = make_run(source)
    end_with_error(claim_run(run.pk), RequestRefused(address="https://a.example", answer="no"), Progress())
    assert told(run) == (State.FAILED, "request-refused")
    assert run.ended_at is not None


def test_a_used_up_quota_waits_for_korean_midnight_and_costs_no_attempt(source):
    run = make_run(source, attempt=2)
    end_with_error(claim_run(run.pk), QuotaExceeded(address="https://a.example", answer="22"), Progress())
    assert told(run) == (State.WAITING, "quota-exceeded")
    assert run.attempt == 0
    due = run.due_at.astimezone(KOREAN_TIME)
    assert (due.hour, due.minute, due.second) == (0, 0, 0)
    assert timezone.now() < due <= timezone.now() + dt.timedelta(days=1)


def test_a_text_that_a_database_would_refuse_does_not_keep_a_run_from_ending(source):
    run = make_run(source)
    end_with_error(claim_run(run.pk), RequestRefused(address="a\x00b", answer="\ud800"), Progress())
    assert told(run) == (State.FAILED, "request-refused")
    assert "a\ufffdb" in run.error_ko


# Offers


def test_a_run_is_offered_once_while_it_waits_or_runs(source):
    run = offer_run(source)
    assert offer_run(source) == run
    claim = claim_run(run.pk)
    assert offer_run(source) == run
    end_run(claim, State.UNCHANGED, Progress())
    assert offer_run(source) != run
    assert Run.objects.count() == 2


def test_a_run_with_a_slot_is_the_run_of_that_slot(source):
    run = offer_run(source, slot=NOON)
    assert run.slot == NOON
    end_run(claim_run(run.pk), State.FAILED, Progress(), error_code="timed-out")
    assert offer_run(source, slot=NOON) == run
    assert (told(run)[0], run.attempt) == (State.WAITING, 0)


def test_a_source_of_a_fixed_release_is_pulled_again_for_the_same_run(source):
    Source.objects.filter(pk=source.pk).update(release=NOON)
    source.refresh_from_db()
    run = offer_run(source)
    first = claim_run(run.pk)
    end_run(first, State.PUBLISHED, Progress())
    again = offer_run(source)
    assert (again, again.slot) == (run, NOON)
    assert claim_run(run.pk).fence == first.fence + 1


def test_asking_for_a_run_that_was_put_off_makes_it_due(source):
    run = offer_run(source)
    end_with_error(claim_run(run.pk), QuotaExceeded(address="a", answer="22"), Progress())
    assert claim_run(run.pk) is None
    assert offer_run(source) == run
    assert claim_run(run.pk) is not None


# Hints


def messages(url: str) -> int:
    with Connection(url) as connection, connection.SimpleQueue("celery") as queue:
        return queue.qsize()


def test_an_offer_tells_the_workers_once_it_is_committed(source, own_queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        run = offer_run(source)
        assert messages(own_queue) == 0
    for callback in callbacks:
        callback()
    with Connection(own_queue) as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=10)
        assert message.headers["task"] == "ingest.tasks.pull"
        assert message.payload[0] == [run.pk]
    run.refresh_from_db()
    assert run.hinted_at is not None


def test_a_run_at_work_is_not_offered_to_other_workers(source, django_capture_on_commit_callbacks):
    claim_run(make_run(source).pk)
    with django_capture_on_commit_callbacks() as callbacks:
        offer_run(source)
    assert callbacks == []


@pytest.fixture(params=["unreachable-redis", "unwritable-file"])
def broken_broker(request, tmp_path):
    """A broker that takes nothing; the library, which tries again for 6 s by default, tries once more."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    url = {
        "unreachable-redis": "redis://127.0.0.1:1/0",
        "unwritable-file": f"sqlitelease:///{blocked / 'broker.sqlite3'}",
    }[request.param]
    current_app.conf.update(broker_url=url, broker_read_url=url, broker_write_url=url)
    kept, current_app.conf.broker_transport_options = current_app.conf.broker_transport_options, {"max_retries": 1}
    current_app._pool = current_app.amqp._producer_pool = None
    yield
    current_app.conf.broker_transport_options = kept


def test_a_broker_that_is_down_costs_nothing_but_a_warning(
    source, broken_broker, caplog, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        run = offer_run(source)
    assert told(run) == (State.WAITING, "")
    assert run.hinted_at is None
    assert f"run {run.pk} waits for the sweeper" in caplog.text


def test_the_sweeper_offers_what_the_broker_did_not_take(source, own_queue):
    make_run(source, hinted_at=None)
    assert sweep(timezone.now()) == 1
    assert messages(own_queue) == 1


@pytest.mark.parametrize("broken_broker", ["unwritable-file"], indirect=True)
def test_the_sweeper_asks_a_broker_that_is_down_only_once(source, broken_broker, caplog):
    for day in range(3):
        make_run(source, slot=NOON + dt.timedelta(days=day))
    assert sweep(timezone.now()) == 0
    assert caplog.text.count("waits for the sweeper") == 1


# The sweeper


@pytest.mark.parametrize(
    ("columns", "is_offered"),
    [
        ({}, True),
        ({"due_at": LATER}, False),
        ({"hinted_at": NOON}, False),  # its message is on the way
        ({"hinted_at": NOON - HINT_AGAIN, "due_at": NOON - 5 * MINUTE}, True),  # the message may be lost
        ({"hinted_at": NOON - 30 * SECOND, "due_at": NOON - 5 * MINUTE}, False),
        ({"hinted_at": NOON - 30 * SECOND, "due_at": NOON - 10 * SECOND}, True),  # that was for an earlier attempt
        ({"state": State.RUNNING, "lease_until": LATER, "attempt": 1}, False),
        ({"state": State.RUNNING, "lease_until": EARLIER, "attempt": 1}, True),
        ({"state": State.RUNNING, "lease_until": EARLIER, "attempt": 1, "hinted_at": NOON - 30 * SECOND}, False),
        (
            {
                "state": State.RUNNING,
                "lease_until": NOON - 20 * SECOND,
                "attempt": 1,
                "hinted_at": NOON - 50 * SECOND,
            },
            True,
        ),
        ({"state": State.FAILED}, False),
        ({"state": State.PUBLISHED}, False),
    ],
)
def test_the_sweeper_offers_what_is_due_and_has_no_message_on_the_way(source, columns, is_offered, own_queue):
    make_run(source, **columns)
    assert sweep(NOON) == is_offered
    assert messages(own_queue) == is_offered


@pytest.mark.parametrize("ahead", [dt.timedelta(days=3), dt.timedelta(days=4000)])
def test_moments_that_a_clock_ahead_has_written_keep_no_source_from_its_runs(source, own_queue, settings, ahead):
    waiting = make_run(source, due_at=NOON + ahead, hinted_at=NOON + ahead)
    at_work = make_run(source, slot=LATER, state=State.RUNNING, lease_until=NOON + ahead, attempt=1)
    assert sweep(NOON) == 1
    waiting.refresh_from_db()
    at_work.refresh_from_db()
    lease = settings.RUN_LEASE_SECONDS * SECOND
    assert (waiting.due_at, at_work.lease_until) == (NOON, NOON + lease)
    assert claim_run(at_work.pk, now=NOON + 2 * lease) is not None


@pytest.mark.parametrize(
    "columns",
    [
        {"due_at": NOON + dt.timedelta(hours=24)},  # a provider's next day
        {"state": State.RUNNING, "lease_until": NOON + 30 * SECOND, "attempt": 1},
    ],
)
def test_moments_that_may_be_meant_stay(source, columns, own_queue):
    run = make_run(source, **columns)
    assert sweep(NOON) == 0
    run.refresh_from_db()
    assert {name: getattr(run, name) for name in columns} == columns


def test_sweeping_every_ten_seconds_sends_one_message_a_minute(source, own_queue):
    run = make_run(source, due_at=timezone.now())
    sent = []
    for seconds in range(0, 180, 10):
        now = run.due_at + seconds * SECOND
        sent.append(sweep(now))
        if sent[-1]:
            Run.objects.filter(pk=run.pk).update(hinted_at=now)
    assert sent == [1, 0, 0, 0, 0, 0] * 3
    assert messages(own_queue) == 3


def test_a_run_whose_worker_died_too_often_fails_with_a_sentence(source, own_queue):
    run = make_run(source, state=State.RUNNING, lease_until=EARLIER, attempt=ATTEMPTS, step="publish")
    assert sweep(NOON) == 0
    assert told(run) == (State.FAILED, "worker-lost")
    assert run.ended_at == NOON
    assert f"{ATTEMPTS}번" in run.error_ko
    assert f"{ATTEMPTS} times" in run.error_en
    assert run.step == ""


def test_a_worker_may_die_three_times_and_the_fourth_attempt_counts(source):
    run = make_run(source)
    for attempt in range(1, ATTEMPTS + 1):
        claim = claim_run(run.pk, now=NOON + attempt * 10 * MINUTE)
        assert claim is not None
    end_run(claim, State.PUBLISHED, Progress())
    assert told(run) == (State.PUBLISHED, "")


# The heartbeat


def test_progress_is_seen_while_a_run_goes_on_and_its_end_stops_the_heart(source):
    progress = Progress(step="collect", rows=5, received_bytes=7)
    claim = claim_run(make_run(source).pk, now=NOON)
    assert renew_lease(claim, progress)
    run = Run.objects.get()
    assert (run.step, run.rows, run.received_bytes) == ("collect", 5, 7)
    assert run.lease_until > timezone.now()
    end_run(claim, State.UNCHANGED, progress)
    assert not renew_lease(claim, progress)


def test_a_lost_lease_is_told_at_the_next_check(source):
    with RunHeartbeat(Claim(1, 1), Progress()) as heartbeat:
        heartbeat.check()
        heartbeat.is_lost = True
        with pytest.raises(LostLease):
            heartbeat.check()


def test_the_hint_of_a_run_that_is_gone_is_harmless(own_queue):
    hint(4711)
    assert messages(own_queue) == 1
