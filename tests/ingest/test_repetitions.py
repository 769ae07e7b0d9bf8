"""Runs that somebody asks for: kept answers read again, refused records tried again, spans made up for, and a stop."""

import datetime as dt
import io
import threading
import time
from contextlib import suppress

import pytest
from builders import make_dataset
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone, translation
from hostile_server import HostileServer, head
from pulling import LOTS, lots, make_source, published, pull, records, write_lots

from catalog.models import Distribution, Snapshot
from catalog.records import Column, Schema, to_table_schema
from ingest.echoes import Echoes
from ingest.errors import BadSetup, BrokenOff, NotRepeatable, TimedOut
from ingest.http import Session
from ingest.masking import Mask
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.raw import forget_raw, keep_answer
from ingest.repetitions import SPANS_AT_ONCE, backfill, cancel_run, replay_run, retry_refused
from ingest.runs import Progress, claim_run, end_with_error, enter_run, sweep
from ingest.sessions import ReplaySession

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
KEYED = Schema(columns=LOTS.columns, key=("lot_id",))
AS_TEXT = Schema(columns=(*LOTS.columns[:2], Column("spaces", source="면수")), key=("lot_id",))
NOTHING_REQUIRED = Schema(columns=(Column("lot_id", source="번호"), *LOTS.columns[1:]))
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
BY_TIME = {
    "connector": "envelope",
    "config": {
        "url": "http://127.0.0.1:9/x",
        "params": {"since": "{since}"},
        "incremental": {"field": "t", "initial": "2026-01-01"},
    },
}


@pytest.fixture
def lots_file(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3), ("0004", "넷", "많음")])


def source_of(path, mode="replace", schema=KEYED, **options) -> Source:
    return make_source(path, dataset=make_dataset("parking", schema=schema), mode=mode, **options)


def done(run: Run) -> Run:
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def ids(source: Source) -> list[str]:
    return sorted(record["lot_id"] for record in records(source))


def mend(source: Source) -> None:
    """Let the column that held a word be text."""
    Distribution.objects.filter(pk=source.distribution_id).update(schema=to_table_schema(AS_TEXT))


# Kept answers read again


def test_kept_answers_are_read_again_with_the_schema_of_now(lots_file):
    source = source_of(lots_file)
    run = pull(source)
    assert (run.accepted, run.rejected) == (3, 1)
    lots_file.unlink()
    mend(source)
    again = done(replay_run(run))
    assert (again.state, again.kind, again.accepted, again.rejected) == (State.PUBLISHED, Run.Kind.REPLAY, 4, 0)
    assert ids(source) == ["0001", "0002", "0003", "0004"]
    assert Snapshot.objects.latest("id").valid_at == run.slot


def test_a_replay_of_a_replay_reads_the_answers_of_the_first(lots_file):
    source = source_of(lots_file)
    first = done(replay_run(pull(source)))
    assert done(replay_run(first)).state == State.UNCHANGED


def test_an_older_run_read_again_does_not_hide_a_newer_one(lots_file):
    source = source_of(lots_file)
    old = pull(source)
    write_lots(lots_file, lots(5, 6, 7))
    assert pull(source).state == State.PUBLISHED
    mend(source)
    assert done(replay_run(old)).state == State.PUBLISHED
    assert ids(source) == ["0005", "0006", "0007"]
    assert Snapshot.objects.count() == 3


def test_answers_that_are_no_longer_kept_are_not_read_again(lots_file):
    source = source_of(lots_file)
    run = pull(source)
    Run.objects.update(ended_at=timezone.now() - 30 * DAY)
    forget_raw(timezone.now())
    run.refresh_from_db()
    with pytest.raises(NotRepeatable, match="no longer kept"):
        replay_run(run)


def test_what_was_added_once_is_not_added_again(lots_file):
    source = source_of(lots_file, "append", LOTS)
    run = pull(source)
    with pytest.raises(NotRepeatable, match="twice"):
        replay_run(run)
    assert len(ids(source)) == 3


def test_of_two_replays_of_a_held_run_one_adds_its_records(lots_file):
    source = source_of(lots_file, "append", LOTS, expectations={"min_rows": 9})
    held = pull(source)
    assert held.state == State.HELD
    Source.objects.update(expectations={"min_rows": 1})
    one, two = replay_run(held), replay_run(held)
    assert (done(one).state, done(two).state) == (State.PUBLISHED, State.FAILED)
    assert "twice" in two.error_en
    with pytest.raises(NotRepeatable, match="twice"):
        replay_run(held)
    assert ids(source) == ["0001", "0002", "0003"]


BY_KEY_AND_TIME = Schema(columns=(*LOTS.columns, Column("at", "date")), key=("lot_id", "at"), time="at")


@pytest.mark.parametrize(("schema", "is_refused"), [(KEYED, True), (BY_KEY_AND_TIME, False)], ids=["key", "with-time"])
def test_a_replay_does_not_put_old_values_over_newer_ones(lots_file, schema, is_refused):
    header, sign = ("번호", "이름", "면수", "at"), "2026-01-01"
    write_lots(lots_file, [("0001", "옛", 1, sign)], header)
    source = source_of(lots_file, "upsert", schema, ignored_columns=["at"] if is_refused else [])
    old = pull(source)
    asked = replay_run(old)
    write_lots(lots_file, [("0001", "새", 2, "2026-01-02")], header)
    assert pull(source).state == State.PUBLISHED
    assert done(asked).state == (State.FAILED if is_refused else State.UNCHANGED)
    assert records(source)[-1]["name"] == "새"
    if is_refused:
        assert "newer values" in asked.error_en
        with pytest.raises(NotRepeatable, match="newer values"):
            replay_run(old)


def test_a_replay_may_follow_replays_of_the_same_run(lots_file):
    source = source_of(lots_file, "upsert")
    run = pull(source)
    assert done(replay_run(run)).state == State.UNCHANGED
    mend(source)
    assert retry_refused(run)
    assert replay_run(run)


def kept_rows(folder, count: int, *, breaks: bool) -> list[dict]:
    """Read rows as a run does and return the entries of what was kept, in pieces of two."""
    kept: list[dict] = []

    def rows():
        yield from ([{"n": number}] for number in range(count))
        if breaks:
            raise BrokenOff(address="db", reason="gone")

    with Session(archive=lambda answer: kept.append(keep_answer(answer, folder, Mask([]), Echoes()))) as http:
        with suppress(BrokenOff):
            list(http.keep_rows("db", rows))
        return kept


def read_again(state: str, kept: list[dict]) -> int:
    with ReplaySession(Run(raw_answers=kept, state=state, started_at=timezone.now())) as http:
        return sum(map(len, http.keep_rows("db", lambda: iter(()))))


def test_rows_are_read_again_as_they_were_however_long_their_numbers(tmp_path):
    kept: list[dict] = []
    page = [{"n": number, "이름": "가"} for number in (1, 2**63, 10**30, -(10**30))]
    with Session(archive=lambda answer: kept.append(keep_answer(answer, tmp_path, Mask([]), Echoes()))) as http:
        assert list(http.keep_rows("db", lambda: iter([page]))) == [page]
    with ReplaySession(Run(raw_answers=kept, state=State.PUBLISHED, started_at=timezone.now())) as http:
        (again,) = http.keep_rows("db", lambda: iter(()))
    assert [str(row["n"]) for row in again] == [str(row["n"]) for row in page]


def test_a_page_of_rows_that_repeats_a_secret_is_handed_on_without_it(tmp_path):
    secret, kept = "planted+p@ss/단어", []
    pages = [[{"a": 1}], [{"a": secret, "b": {"c": [f"x {secret} y", 7]}}]]
    with Session(secrets=[secret], archive=lambda answer: kept.append(answer.path.read_bytes())) as http:
        assert list(http.keep_rows("db", lambda: iter(pages))) == [
            [{"a": 1}],
            [{"a": "***", "b": {"c": ["x *** y", 7]}}],
        ]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.WAITING])
def test_rows_whose_reading_broke_off_are_not_read_again_as_if_they_were_whole(tmp_path, monkeypatch, state):
    monkeypatch.setattr("ingest.row_pieces.ROWS_A_PIECE", 2)
    assert read_again(state, kept_rows(tmp_path, 5, breaks=False)) == 5
    with pytest.raises(NotRepeatable, match="only a part"):
        read_again(state, kept_rows(tmp_path, 5, breaks=True))


@pytest.mark.parametrize("state", [State.PUBLISHED, State.HELD, State.UNCHANGED])
def test_rows_of_the_time_before_the_last_piece_was_marked_are_read_again(tmp_path, monkeypatch, state):
    monkeypatch.setattr("ingest.row_pieces.ROWS_A_PIECE", 2)
    kept = kept_rows(tmp_path, 5, breaks=False)
    assert kept[-1].pop("last")
    assert read_again(state, kept) == 5


def test_a_source_that_asks_for_something_else_by_now_is_told_so(lots_file, tmp_path):
    source = source_of(lots_file)
    run = pull(source)
    source.config = {"path": ["lots.csv", "more.csv"]}
    source.save()
    again = done(replay_run(run))
    assert (again.state, again.error_code) == (State.FAILED, "not-repeatable")
    assert "more.csv" in again.error_ko


# Refused records tried again


def test_refused_records_enter_exactly_once_after_the_schema_was_mended(lots_file):  # B14
    source = source_of(write_lots(lots_file, [("0001", "하나", 1), ("", "둘", 2)]), "append", LOTS)
    run = pull(source)
    assert (run.accepted, run.rejected) == (1, 1)
    Distribution.objects.update(schema=to_table_schema(NOTHING_REQUIRED))
    first = done(retry_refused(run))
    assert (first.state, first.rows, first.accepted, first.rejected) == (State.PUBLISHED, 1, 1, 0)
    assert [record["name"] for record in records(source)] == ["하나", "둘"]
    with pytest.raises(NotRepeatable):
        retry_refused(run)


def test_of_two_who_ask_at_once_one_adds_them(lots_file):
    source = source_of(lots_file, "append", LOTS, expectations={"min_rows": 0})
    write_lots(lots_file, [("0001", "하나", 1), ("", "둘", 2)])
    run = pull(source)
    Distribution.objects.update(schema=to_table_schema(NOTHING_REQUIRED))
    one, two = retry_refused(run), retry_refused(run)
    done(one)
    done(two)
    assert sorted([one.state, two.state]) == [State.FAILED, State.PUBLISHED]
    assert [record["name"] for record in records(source)] == ["하나", "둘"]


def test_records_that_are_refused_again_are_kept_for_the_next_time(lots_file):
    source = source_of(lots_file, "append", LOTS)
    run = pull(source)
    first = done(retry_refused(run))
    assert (first.state, first.accepted, first.rejected) == (State.UNCHANGED, 0, 1)
    second = done(retry_refused(run))
    assert (second.of, second.rejected) == (first, 1)


def test_old_records_are_not_put_over_newer_ones(lots_file):
    source = source_of(lots_file, "upsert")
    run = pull(source)
    write_lots(lots_file, [("0004", "새 넷", 40)])
    pull(source)
    with pytest.raises(NotRepeatable, match="later run"):
        retry_refused(run)


def test_a_run_without_refused_records_has_nothing_to_try(lots_file):
    run = pull(source_of(write_lots(lots_file, lots(1))))
    with pytest.raises(NotRepeatable, match="no file"):
        retry_refused(run)


# Spans


@pytest.mark.parametrize(
    ("since", "until", "step", "where"),
    [
        (NEW_YEAR, NEW_YEAR, None, "since"),
        (NEW_YEAR + DAY, NEW_YEAR, DAY, "since"),
        (NEW_YEAR, NEW_YEAR + DAY, dt.timedelta(), "since"),
        (NEW_YEAR, NEW_YEAR + DAY, DAY / (SPANS_AT_ONCE + 1), "step"),
    ],
)
def test_a_span_that_is_none_is_refused(since, until, step, where):
    source = source_of("", "upsert", **BY_TIME)
    with pytest.raises(BadSetup) as refused:
        backfill(source, since, until, step)
    assert refused.value.values["where"] == where
    assert not Run.objects.exists()


@pytest.mark.parametrize("mode", ["replace", "append", "upsert"])
def test_a_source_that_cannot_be_asked_for_a_span_is_told_so(lots_file, mode):
    source = source_of(lots_file, mode)
    with pytest.raises(BadSetup) as refused:
        backfill(source, NEW_YEAR, NEW_YEAR + DAY)
    assert refused.value.values["where"] == ("incremental" if mode == "upsert" else "mode")


def test_a_span_is_cut_into_runs_oldest_first():
    source = source_of("", "upsert", **BY_TIME)
    runs = backfill(source, NEW_YEAR, NEW_YEAR + 2.5 * DAY, DAY)
    assert [(run.since, run.until) for run in runs] == [
        (NEW_YEAR, NEW_YEAR + DAY),
        (NEW_YEAR + DAY, NEW_YEAR + 2 * DAY),
        (NEW_YEAR + 2 * DAY, NEW_YEAR + 2.5 * DAY),
    ]
    assert [run.due_at for run in runs] == sorted(run.due_at for run in runs)


# A stop


def test_a_run_that_waits_is_cancelled_at_once_and_never_taken(lots_file):
    run = enter_run(source_of(lots_file))
    assert cancel_run(run)
    assert claim_run(run.pk) is None
    run.refresh_from_db()
    assert (run.state, run.is_over) == (State.CANCELLED, True)


def test_a_run_that_is_over_cannot_be_stopped(lots_file):
    run = pull(source_of(lots_file))
    assert not cancel_run(run)
    run.refresh_from_db()
    assert run.state == State.PUBLISHED


def test_a_cancelled_run_whose_worker_died_is_not_taken_over(lots_file):
    run = enter_run(source_of(lots_file))
    claim_run(run.pk)
    cancel_run(run)
    Run.objects.update(lease_until=timezone.now() - DAY)
    assert claim_run(run.pk) is None
    sweep(timezone.now())
    run.refresh_from_db()
    assert (run.state, run.error_code) == (State.CANCELLED, "cancelled")


def test_a_cancelled_run_that_fails_is_not_tried_again(lots_file):
    run = enter_run(source_of(lots_file))
    claim = claim_run(run.pk)
    cancel_run(run)
    end_with_error(claim, TimedOut(address="x", seconds="1"), Progress())
    run.refresh_from_db()
    assert run.state == State.CANCELLED


def quiet(request, wire) -> None:
    """Begin an answer and say nothing more."""
    wire.sendall(head(200, Content_Length=100))
    wire.settimeout(20)
    wire.recv(1)


@pytest.mark.django_db(transaction=True)
def test_a_run_at_work_stops_within_five_seconds_though_the_platform_is_silent():
    with HostileServer({"/": quiet}) as platform:
        source = source_of(platform.url("/lots.csv"), allow_private=True)
        run = enter_run(source)

        def work() -> None:
            try:
                pull_run(run.pk)
            finally:
                connection.close()

        worker = threading.Thread(target=work)
        worker.start()
        while not platform.requests:
            time.sleep(0.05)
        began = time.monotonic()
        assert cancel_run(run)
        worker.join(20)
        assert time.monotonic() - began < 5
    run.refresh_from_db()
    assert (run.state, run.error_code, published(source)) == (State.CANCELLED, "cancelled", None)


# The commands


def told(*arguments: object, language: str = "en") -> str:
    printed = io.StringIO()
    with translation.override(language):
        call_command(*map(str, arguments), stdout=printed)
    return printed.getvalue()


def refusal(*arguments: object) -> str:
    with pytest.raises(CommandError) as refused:
        told(*arguments)
    return str(refused.value)


def test_commands_say_what_happens_next(lots_file):
    source = source_of(lots_file)
    run = pull(source)
    assert "the platform is not asked" in told("replay", run.pk)
    assert "플랫폼에는 묻지 않습니다" in told("replay", run.pk, language="ko")
    assert "tried again" in told("retry_refused", run.pk)
    waiting = Run.objects.filter(state=State.WAITING).earliest("id")
    assert "before it began" in told("cancel", waiting.pk)
    assert Run.objects.get(pk=waiting.pk).state == State.CANCELLED


def test_the_command_of_a_span_says_in_how_many_runs_it_comes():
    source_of("", "upsert", **BY_TIME)
    printed = told("backfill", "parking", "--since", "2026-01-01", "--until", "2026-01-03T12:00", "--step", "1d")
    assert "2026-01-01 00:00 up to 2026-01-03 12:00" in printed
    assert "3 runs" in printed
    assert Run.objects.filter(kind=Run.Kind.BACKFILL).count() == 3


def test_commands_say_what_cannot_be_done_in_both_languages(lots_file):
    source = source_of(write_lots(lots_file, lots(1)), "append", LOTS)
    run = pull(source)
    for command in (
        ("replay", run.pk),
        ("retry_refused", run.pk),
        ("cancel", run.pk),
        ("replay", 999),
        ("cancel", 999),
    ):
        said = refusal(*command)
        assert any("가" <= sign <= "힣" for sign in said)
        assert "run" in said.lower() or "records" in said
    assert "append" in refusal("backfill", "parking", "--since", "2026-01-01", "--until", "2026-01-02")
    assert "known: parking" in refusal("backfill", "parkign", "--since", "2026-01-01", "--until", "2026-01-02")
    assert "2026-01-01T09:00" in refusal("backfill", "parking", "--since", "soon", "--until", "2026-01-02")
