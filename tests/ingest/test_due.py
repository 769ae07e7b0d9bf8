"""Which sources are due: one run a slot, whatever clocks and schedulers do, and when a source is tried next."""

import datetime as dt
import time

import pytest
from django.core.management import CommandError, call_command
from pulling import lots, make_source, write_lots

from ingest.due import create_due_runs, explain_rest, next_try
from ingest.errors import BadSetup, SourcePaused
from ingest.models import Run, Source
from ingest.runs import claim_run, enter_run, offer_run, sweep
from ingest.schedule import KOREAN_TIME
from ingest.sources import pause_source, resume_source

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR, DAY = (dt.timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
NOON = dt.datetime(2024, 5, 1, 12, 0, tzinfo=KOREAN_TIME)
LATER, EARLIER = NOON + MINUTE, NOON - MINUTE
State = Run.State


@pytest.fixture
def source(tmp_path, settings) -> Source:
    settings.FILE_ROOTS = [tmp_path]
    return make_source(write_lots(tmp_path / "lots.csv", lots(1, 2, 3)))


@pytest.fixture
def hourly(source) -> Source:
    return with_columns(source, schedule="0 * * * *")


def with_columns(source: Source, **columns: object) -> Source:
    Source.objects.filter(pk=source.pk).update(**columns)
    source.refresh_from_db()
    return source


def make_run(source: Source, **columns: object) -> Run:
    return Run.objects.create(source=source, **({"slot": NOON, "due_at": NOON} | columns))


def next_of(source: Source) -> dt.datetime | None:
    source.refresh_from_db()
    return source.next_at


def test_a_source_that_is_new_to_the_schedule_gets_its_next_time_and_no_run(hourly):
    assert create_due_runs(NOON + MINUTE) == 0
    assert next_of(hourly) == NOON + HOUR
    assert not Run.objects.exists()


def test_a_source_that_is_due_gets_one_run_for_its_slot(hourly):
    create_due_runs(EARLIER)
    assert create_due_runs(NOON + 5 * SECOND) == 1
    assert create_due_runs(NOON + 6 * SECOND) == 0
    run = Run.objects.get()
    assert (run.slot, run.state) == (NOON, State.WAITING)
    assert next_of(hourly) == NOON + HOUR


def test_a_slot_that_has_its_run_gets_no_other(hourly):
    make_run(hourly, state=State.FAILED)
    with_columns(hourly, next_at=NOON)
    assert create_due_runs(NOON + SECOND) == 0
    assert next_of(hourly) == NOON + HOUR


@pytest.mark.parametrize(
    "columns",
    [{"is_enabled": False}, {"schedule": ""}, {"paused_at": NOON}, {"schedule": "after change"}],
)
def test_a_source_without_times_or_switched_off_or_paused_gets_no_runs(hourly, columns):
    with_columns(hourly, next_at=NOON, **columns)
    assert create_due_runs(LATER) == 0
    assert not Run.objects.exists()


@pytest.mark.parametrize("state", [State.WAITING, State.RUNNING])
def test_a_slot_is_left_out_while_a_run_is_not_over(hourly, state):
    with_columns(hourly, next_at=NOON)
    make_run(hourly, slot=EARLIER, state=state, lease_until=LATER)
    assert create_due_runs(LATER) == 0
    assert next_of(hourly) == NOON + HOUR


def test_a_slot_is_left_out_while_a_source_is_left_alone_and_the_one_after_is_taken(hourly):
    with_columns(hourly, next_at=NOON, backs_off_until=NOON + 30 * MINUTE)
    assert create_due_runs(LATER) == 0
    assert next_of(hourly) == NOON + HOUR
    assert create_due_runs(NOON + HOUR) == 1


def test_after_days_without_a_scheduler_only_the_latest_slot_is_made_up_for(hourly):
    with_columns(hourly, next_at=NOON)
    assert create_due_runs(NOON + dt.timedelta(days=3, minutes=59)) == 1
    assert Run.objects.get().slot == NOON + 3 * DAY


@pytest.mark.parametrize(
    ("state", "slot", "is_made"),
    [
        (State.PUBLISHED, NOON + SECOND, False),
        (State.UNCHANGED, NOON + SECOND, False),
        (State.FAILED, NOON + SECOND, True),
        (State.HELD, NOON + SECOND, True),
        (State.PUBLISHED, NOON - SECOND, True),
    ],
)
def test_a_pull_by_hand_since_the_slot_counts_for_it(hourly, state, slot, is_made):
    with_columns(hourly, next_at=NOON)
    make_run(hourly, slot=slot, state=state)
    assert create_due_runs(NOON + 5 * SECOND) == is_made


def test_a_changed_schedule_is_followed_from_now_on(hourly):
    create_due_runs(EARLIER)
    make_source(hourly.config["path"], schedule="30 * * * *")
    assert next_of(hourly) is None
    create_due_runs(LATER)
    assert next_of(hourly) == NOON + 30 * MINUTE


def test_an_unchanged_source_keeps_its_next_time(hourly):
    create_due_runs(EARLIER)
    make_source(hourly.config["path"], schedule="0 * * * *", raw_days=3)
    assert next_of(hourly) == NOON


def test_a_schedule_that_cannot_be_read_costs_only_its_own_source_its_runs(hourly, tmp_path, caplog):
    other = make_source(tmp_path / "lots.csv", "another")
    with_columns(other, schedule="now and then", next_at=NOON)
    with_columns(hourly, next_at=NOON)
    assert create_due_runs(LATER) == 1
    assert "source another gets no runs" in caplog.text
    with pytest.raises(BadSetup):
        make_source(tmp_path / "lots.csv", "another", schedule="now and then")


@pytest.mark.parametrize("step", [-2 * HOUR, 2 * HOUR, -3 * DAY, 400 * DAY])
def test_a_clock_that_is_set_back_and_forth_makes_no_slot_twice_and_leaves_none_out_afterwards(hourly, step):
    slots = []
    for hour in range(3):
        for astray in (dt.timedelta(), step, dt.timedelta()):
            create_due_runs(NOON + hour * HOUR + SECOND + astray)
            slots += Run.objects.exclude(state=State.FAILED).values_list("slot", flat=True)
            Run.objects.update(state=State.FAILED)
    assert len(slots) == len(set(slots))
    after = max(hour for hour in range(3)) * HOUR + max(step, dt.timedelta()) % DAY
    for hour in range(1, 4):
        create_due_runs(NOON + after + hour * HOUR + SECOND)
        Run.objects.update(state=State.FAILED)
        assert Run.objects.filter(slot=NOON + after + hour * HOUR).count() == 1


# Jitter


def make_sources(source: Source, count: int, **columns: object) -> None:
    """Declare many more sources of the same dataset at once."""
    values = {"distribution": source.distribution, "connector": "file", "config": source.config} | columns
    Source.objects.bulk_create(Source(slug=f"source-{number}", **values) for number in range(count))


@pytest.mark.parametrize(
    ("schedule", "longest"),
    [("every minute", 0), ("every 5 minutes", 30), ("hourly", 60), ("daily", 60)],
)
def test_runs_of_one_slot_are_due_a_little_apart_and_always_by_the_same_little(source, schedule, longest):
    make_sources(source, 50, schedule=schedule)
    create_due_runs(NOON)  # now they know when they are due
    late = []
    for _ in range(2):
        slot = Source.objects.exclude(next_at=None).values_list("next_at", flat=True)[0]
        assert create_due_runs(slot) == 50
        late.append({run.source_id: run.due_at - slot for run in Run.objects.filter(slot=slot)})
        Run.objects.update(state=State.FAILED)
    assert late[0] == late[-1]
    seconds = [each.total_seconds() for each in late[0].values()]
    assert len(seconds) == 50
    assert min(seconds) >= 0
    assert max(seconds) <= longest
    assert len(set(seconds)) == (50 if longest else 1)
    assert max(seconds) >= longest * 0.8


def test_a_run_that_is_made_late_is_due_at_once(hourly):
    with_columns(hourly, next_at=NOON)
    create_due_runs(NOON + 30 * MINUTE)
    assert Run.objects.get().due_at == NOON + 30 * MINUTE


def test_a_thousand_due_sources_get_their_runs_within_seconds(source, django_assert_max_num_queries):
    for part, schedule in enumerate(("hourly", "*/10 * * * *", "daily", "매주 월요일 4시")):
        values = {"distribution": source.distribution, "connector": "file", "next_at": EARLIER, "schedule": schedule}
        Source.objects.bulk_create(Source(slug=f"source-{part}-{number}", **values) for number in range(250))
    begun = time.monotonic()
    with django_assert_max_num_queries(80):
        assert create_due_runs(NOON) == 1000
    assert time.monotonic() - begun < 5
    assert Source.objects.filter(next_at__gt=NOON).count() == Run.objects.count() == 1000


# Pauses


def test_a_paused_source_is_not_pulled_and_its_waiting_run_waits_until_it_is_resumed(hourly, own_queue):
    run = enter_run(hourly)
    pause_source(hourly, "플랫폼 점검")
    assert claim_run(run.pk) is None
    assert sweep(run.due_at + HOUR) == 0
    resume_source(hourly)
    assert claim_run(run.pk) is not None


def test_what_the_hub_has_kept_is_read_again_in_a_pause_too(hourly):
    pause_source(hourly, "플랫폼 점검")
    assert claim_run(make_run(hourly, kind=Run.Kind.REPLAY, due_at=NOON).pk) is not None


@pytest.mark.parametrize("ask", [enter_run, offer_run])
def test_a_paused_source_cannot_be_run_by_hand_and_the_sentence_tells_why(source, ask):
    pause_source(source, "플랫폼 점검")
    with pytest.raises(SourcePaused) as refused:
        ask(source)
    assert "플랫폼 점검" in refused.value.text.ko
    assert "parking" in refused.value.text.en
    assert not Run.objects.exists()


def test_a_command_that_meets_a_paused_source_says_why_and_fails(source):
    pause_source(source, "플랫폼 점검")
    with pytest.raises(CommandError, match="플랫폼 점검"):
        call_command("run_source", source.slug)


def test_a_dead_run_of_a_paused_source_waits_and_is_running_no_longer(source):
    run = make_run(source, state=State.RUNNING, lease_until=EARLIER, attempt=1)
    pause_source(source, "플랫폼 점검")
    assert claim_run(run.pk, now=NOON) is None
    run.refresh_from_db()
    assert (run.state, run.due_at, run.attempt, run.lease_until) == (State.WAITING, NOON, 1, None)


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_nothing_is_paused_without_a_reason(source, reason):
    with pytest.raises(BadSetup):
        pause_source(source, reason)
    source.refresh_from_db()
    assert source.paused_at is None


def test_a_resumed_source_makes_up_for_the_latest_slot_that_it_missed(source):
    with_columns(source, schedule="every minute")
    pause_source(source, "점검")
    with_columns(source, paused_at=source.paused_at - 10 * MINUTE)
    resume_source(source)
    assert source.paused_at is None
    assert source.next_at <= dt.datetime.now(dt.UTC)
    assert create_due_runs(dt.datetime.now(dt.UTC)) == 1


def test_a_source_that_missed_nothing_goes_on_with_its_next_slot(source):
    with_columns(source, schedule="yearly")
    pause_source(source, "점검")
    resume_source(source)
    assert source.next_at > dt.datetime.now(dt.UTC)


# When it is tried next


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, NOON + HOUR),
        ({"next_at": None}, NOON + HOUR),
        ({"backs_off_until": NOON + 90 * MINUTE}, NOON + 2 * HOUR),
        ({"backs_off_until": NOON - HOUR}, NOON + HOUR),
        ({"paused_at": NOON}, None),
        ({"is_enabled": False}, None),
        ({"schedule": ""}, None),
        ({"schedule": "after change"}, None),
    ],
)
def test_a_source_says_when_it_is_tried_next(hourly, columns, expected):
    with_columns(hourly, **({"next_at": NOON + HOUR} | columns))
    assert next_try(hourly, NOON) == expected


def test_a_run_that_waits_is_the_next_try(hourly):
    make_run(hourly, due_at=NOON + 5 * MINUTE)
    assert next_try(hourly, NOON) == NOON + 5 * MINUTE


@pytest.mark.parametrize(
    ("columns", "korean", "english"),
    [
        (
            {"failures": 3, "backs_off_until": NOON + 10 * MINUTE},
            "3번 이어서 실패하여 2024-05-01 12:10까지 쉽니다. 2024-05-01 13:00에 다시 시도합니다.",
            "It failed 3 times in a row and is left alone until 2024-05-01 12:10. It is tried again at 2024-05-01 13:00.",
        ),
        (
            {"failures": 3, "backs_off_until": NOON + 10 * MINUTE, "schedule": ""},
            "3번 이어서 실패하여 2024-05-01 12:10까지 쉽니다. 일정이 없으니 직접 실행하십시오.",
            "It failed 3 times in a row and is left alone until 2024-05-01 12:10. It has no schedule; run it by hand.",
        ),
        (
            {"paused_at": NOON, "paused_because": "점검"},
            "2024-05-01 12:00부터 멈춰 있습니다: 점검",
            "Paused since 2024-05-01 12:00: 점검",
        ),
    ],
)
def test_why_a_source_rests_is_told_in_both_languages(hourly, columns, korean, english):
    text = explain_rest(with_columns(hourly, **columns), NOON)
    assert (text.ko, text.en) == (korean, english)


def test_nothing_is_told_of_a_source_that_does_not_rest(hourly):
    assert explain_rest(hourly, NOON) is None
    assert explain_rest(with_columns(hourly, backs_off_until=EARLIER), NOON) is None
