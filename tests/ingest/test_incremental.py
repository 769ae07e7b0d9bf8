"""Pulling only what is new: positions that are kept with what is published, late records, spans, files that did not change."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from builders import make_dataset
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hostile_server import HostileServer, Request, hang_up, reply, reply_json
from pulling import make_source, published, pull, records

from catalog.models import Distribution, Snapshot
from catalog.records import Column, Schema, to_table_schema
from ingest import pipeline
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.pipeline import Pull, keep_published, pull_run
from ingest.repetitions import backfill, replay_run
from ingest.runs import Progress, RunHeartbeat, claim_run, enter_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
KST = dt.timezone(dt.timedelta(hours=9))
FORM = "%Y%m%d%H%M%S"
COLUMNS = (Column("id", required=True), Column("t", "datetime"), Column("v", "integer"))
KEYED, LOOSE = Schema(columns=COLUMNS, key=("id",)), Schema(columns=COLUMNS)
DAY = dt.timedelta(days=1)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=KST)


class Platform:
    """An API of observations that is asked for those since, and before, a moment; two a page, by the time they are of."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[dt.datetime, int]] = {}
        self.fails_on_page = 0
        self.spans: list[tuple[str, str]] = []

    def observe(self, **observations: str) -> None:
        for name, moment in observations.items():
            self.rows[name] = (at(moment), len(self.rows))

    def answer(self, request: Request, connection: object) -> None:
        query = request.query
        page = int(query["page"])
        if page == 1:
            self.spans.append((query["since"], query["until"]))
        if page == self.fails_on_page:
            hang_up(request, connection)
            return
        found = [
            {"id": name, "t": f"{moment:{FORM}}", "v": value}
            for name, (moment, value) in sorted(self.rows.items(), key=lambda row: row[1])
            if query["since"] <= f"{moment:{FORM}}" < query["until"]
        ]
        reply_json({"total": len(found), "data": found[2 * page - 2 : 2 * page]})(request, connection)


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    with HostileServer({"/": platform.answer}) as server:
        platform.server = server
        yield platform


def source_of(platform: Platform, mode: str = "upsert", **incremental: object) -> Source:
    config = {
        "url": platform.server.url("/api"),
        "params": {"since": f"{{since:{FORM}}}", "until": f"{{until:{FORM}}}"},
        "paging": {"kind": "page", "param": "page", "size_param": "size", "size": 2},
        "records": "data",
        "total": "total",
        "incremental": {"field": "t", "initial": "2026-03-01", **incremental},
    }
    dataset = make_dataset("air", schema=KEYED if mode == "upsert" else LOOSE)
    return make_source(
        "", "air", dataset=dataset, mode=mode, connector="envelope", config=config, expectations={}, allow_private=True
    )


def ids(source: Source) -> list[str]:
    return sorted(record["id"] for record in records(source))


def position(source: Source) -> dict[str, object]:
    source.refresh_from_db()
    return source.position


def moment_reached(source: Source) -> dt.datetime:
    return dt.datetime.fromisoformat(position(source)["reached"])


# From run to run


def test_the_next_run_asks_from_where_the_last_one_was_and_late_records_within_the_overlap_come_too(platform):
    source = source_of(platform, overlap="2h")
    platform.observe(a="2026-03-01 10:00", b="2026-03-01 12:00", c="2026-03-01 13:00")
    assert pull(source).state == State.PUBLISHED
    assert moment_reached(source) == at("2026-03-01 13:00")

    platform.observe(late="2026-03-01 11:30", too_late="2026-03-01 10:30", d="2026-03-01 14:00")
    run = pull(source)
    assert [since for since, _ in platform.spans] == ["20260301000000", "20260301110000"]
    assert (run.rows, ids(source)) == (4, ["a", "b", "c", "d", "late"])
    assert run.position == {
        "from": {"by": "datetime t", "reached": "2026-03-01T04:00:00+00:00"},
        "left": position(source),
    }


def test_an_empty_answer_leaves_the_position_and_is_no_failure(platform):
    source = source_of(platform)
    platform.observe(a="2026-03-01 10:00")
    pull(source)
    before = position(source)
    platform.rows.clear()
    assert pull(source).state == State.UNCHANGED
    assert (position(source), ids(source)) == (before, ["a"])


def test_a_platform_whose_clock_is_ahead_never_moves_the_position_past_now(platform):  # A24
    source = source_of(platform)
    platform.observe(**{"a": f"{timezone.now().astimezone(KST) + DAY:%Y-%m-%d %H:%M:%S}"})
    source.config["params"] = {"since": f"{{since:{FORM}}}", "until": "20990101000000"}
    source.save()
    run = pull(source)
    assert ids(source) == ["a"]
    assert moment_reached(source) == run.started_at
    platform.observe(b=f"{timezone.now().astimezone(KST) + dt.timedelta(seconds=5):%Y-%m-%d %H:%M:%S}")
    pull(source)
    assert ids(source) == ["a", "b"]


def test_a_second_page_that_fails_leaves_position_and_records_and_the_next_run_takes_all(platform):
    source = source_of(platform)
    platform.observe(a="2026-03-01 10:00")
    pull(source)
    before, was = position(source), published(source)
    platform.observe(b="2026-03-01 11:00", c="2026-03-01 12:00", d="2026-03-01 13:00")
    platform.fails_on_page = 2
    run = pull(source)
    assert (run.state, run.error_code) == (State.WAITING, "broken-off")
    assert (position(source), published(source)) == (before, was)

    platform.fails_on_page = 0
    assert pull(source).state == State.PUBLISHED
    assert ids(source) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("mode", ["upsert", "append"])
@pytest.mark.parametrize("step", ["end_run", "remember", "publish_snapshot", "write_snapshot"])
def test_a_run_that_dies_before_it_is_published_leaves_nothing_and_the_next_takes_each_record_once(
    platform, monkeypatch, mode, step
):
    source = source_of(platform, mode, delay="0s")
    platform.observe(a="2026-03-01 10:00", b="2026-03-02 10:00", c="2026-03-03 10:00")

    def die(*arguments: object, **options: object) -> None:
        raise OperationalError("the process was killed here")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, step, die)
        assert pull(source).state == State.WAITING
    assert (position(source), published(source)) == ({}, None)
    assert pull(source).state == State.PUBLISHED
    assert pull(source).state == State.UNCHANGED
    assert ids(source) == ["a", "b", "c"]


def test_a_message_that_comes_twice_pulls_once(platform):
    source = source_of(platform, "append", delay="0s")
    platform.observe(a="2026-03-01 10:00")
    run = pull(source)
    pull_run(run.pk)
    assert (len(platform.spans), ids(source)) == (1, ["a"])


# Windows


def test_windows_are_asked_for_one_after_the_other_and_added_without_doubles(platform):
    source = source_of(platform, "append", step="100d", delay="1h")
    platform.observe(a="2026-03-01 00:00", b="2026-06-09 00:00", c="2026-09-01 10:00")
    run = pull(source)
    assert platform.spans[:2] == [("20260301000000", "20260609000000"), ("20260609000000", "20260917000000")]
    assert ids(source) == ["a", "b", "c"]
    assert moment_reached(source) == run.started_at - dt.timedelta(hours=1)
    asked = len(platform.spans)
    assert pull(source).state == State.UNCHANGED
    assert (len(platform.spans), ids(source)) == (asked + 1, ["a", "b", "c"])


def test_more_windows_than_a_run_takes_are_left_for_the_next_and_said_so(platform, monkeypatch):
    monkeypatch.setattr("ingest.connectors.progress.WINDOWS_AT_ONCE", 3)
    source = source_of(platform, step="30d")
    platform.observe(a="2026-03-02 00:00", b="2026-06-01 00:00")
    run = pull(source)
    assert [issue.code for issue in run.issues.all()] == ["read-in-part"]
    assert "3" in run.issues.get().text_ko
    assert (len(platform.spans), ids(source)) == (3, ["a"])
    pull(source)
    assert ids(source) == ["a", "b"]


# What would lose or double records is refused when the source is saved


@pytest.mark.parametrize(
    ("mode", "incremental", "words"),
    [
        ("replace", {}, "replace all that is old"),
        ("append", {}, "records twice"),
        ("append", {"delay": "1h", "overlap": "1h"}, "records twice"),
    ],
)
def test_a_mode_that_would_lose_or_double_records_is_refused(platform, mode, incremental, words):
    with pytest.raises(BadSetup, match=words) as refused:
        source_of(platform, mode, **incremental)
    assert refused.value.values["where"] == "mode"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"params": {}}, "nothing asks"),
        ({"incremental": {"field": "t"}}, "first time"),
        ({"incremental": {"initial": "2026-03-01"}}, "field"),
        ({"incremental": {"initial": "2026-03-01", "step": "1d"}, "params": {"since": "{since}"}}, "until"),
        ({"incremental": {"field": "n", "kind": "integer", "initial": 0}}, "unknown place '{since:"),
        ({"url": "data/recorded.json"}, "recorded answer"),
        ({"incremental": None}, "unknown place '{since"),
    ],
)
def test_an_api_that_is_not_asked_for_what_is_new_is_refused(platform, changes, words):
    source = source_of(platform)
    with pytest.raises(BadSetup, match=words):
        make_source("", "air", dataset=source.distribution.dataset, mode="upsert", connector="envelope", config=source.config | changes)  # fmt: skip


# A span of time that is made up for, and answers that are read again


def test_a_span_is_asked_for_alone_and_the_source_goes_on_from_where_it_was(platform):
    source = source_of(platform)
    platform.observe(a="2026-03-01 10:00", z="2026-05-01 10:00")
    pull(source)
    before = position(source)
    platform.observe(b="2026-03-02 10:00", c="2026-03-03 10:00", d="2026-03-05 10:00")
    runs = backfill(source, at("2026-03-02"), at("2026-03-04"), DAY)
    for run in runs:
        pull_run(run.pk)
        run.refresh_from_db()
    assert [run.state for run in runs] == [State.PUBLISHED] * 2
    assert platform.spans[1:] == [("20260302000000", "20260303000000"), ("20260303000000", "20260304000000")]
    assert (position(source), ids(source)) == (before, ["a", "b", "c", "z"])


@pytest.mark.parametrize("kind", ["pull", "windows", "backfill"])
def test_answers_are_read_again_without_asking_anybody(platform, kind):
    source = source_of(platform, **({"step": "100d"} if kind == "windows" else {}))
    platform.observe(a="2026-03-02 10:00", b="2026-03-03 10:00", c="2026-03-04 10:00")
    if kind == "backfill":
        [run] = backfill(source, at("2026-03-01"), at("2026-04-01"))
        pull_run(run.pk)
        run.refresh_from_db()
    else:
        run = pull(source)
    before, asked = position(source), len(platform.server.requests)
    again = replay_run(run)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.rows, again.error_en) == (State.UNCHANGED, 3, "")
    assert len(platform.server.requests) == asked
    assert (position(source), ids(source)) == (before, ["a", "b", "c"])


def test_a_held_run_that_is_read_again_moves_the_position(platform):
    source = source_of(platform)
    source.expectations = {"min_rows": 5}
    source.save()
    platform.observe(a="2026-03-02 10:00")
    held = pull(source)
    assert (held.state, position(source)) == (State.HELD, {})
    Source.objects.update(expectations={})
    again = replay_run(held)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, moment_reached(source)) == (State.PUBLISHED, at("2026-03-02 10:00"))


def test_a_replay_that_a_scheduled_pull_overtook_adds_nothing(platform):
    source = source_of(platform, "append", delay="0h")
    source.expectations = {"min_rows": 5}
    source.save()
    platform.observe(a="2026-03-02 10:00")
    held = pull(source)
    assert held.state == State.HELD
    Source.objects.update(expectations={})
    again = replay_run(held)
    source.refresh_from_db()
    assert pull(source).state == State.PUBLISHED
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.error_code, ids(source)) == (State.FAILED, "not-repeatable", ["a"])


# Files that did not change


class FileServer:
    """A file with an ETag; how often it was sent whole is counted."""

    def __init__(self) -> None:
        self.body, self.tag, self.sent = b"id,v\na,1\nb,2\n", '"1"', 0

    def answer(self, request: Request, connection: object) -> None:
        if request.headers.get("if-none-match") == self.tag:
            reply(304, b"", ETag=self.tag)(request, connection)
            return
        self.sent += 1
        reply(200, self.body, ETag=self.tag, Content_Type="text/csv")(request, connection)


@contextmanager
def file_source(**options: object) -> Iterator[tuple[FileServer, Source]]:
    file = FileServer()
    with HostileServer({"/": file.answer}) as server:
        schema = Schema(columns=(Column("id", required=True), Column("v", "integer")), key=("id",))
        dataset = make_dataset("parking", schema=schema)
        yield file, make_source(server.url("/lots.csv"), dataset=dataset, allow_private=True, **options)


def test_a_file_that_is_said_to_be_the_same_is_not_read_and_is_fresh_again():  # A21
    with file_source() as (file, source):
        first = pull(source)
        was = Snapshot.objects.get()
        second = pull(source)
        assert (first.state, second.state, second.error_code) == (State.PUBLISHED, State.UNCHANGED, "")
        assert (file.sent, second.pages, second.raw_answers) == (1, 0, [])
        assert second.snapshot_digest == first.snapshot_digest
        now = Snapshot.objects.get()
        assert (now.pk, now.valid_at > was.valid_at, now.valid_at) == (was.pk, True, second.slot)


def test_what_stands_for_a_new_release_locks_the_feed_before_all_else():
    with file_source() as (_, source):
        pull(source)
        run = enter_run(source)
        claim = claim_run(run.pk)
        heartbeat = RunHeartbeat(claim, Progress())
        with CaptureQueriesContext(connection) as asked:
            keep_published(Pull(run, claim, heartbeat))
    statements = [query["sql"] for query in asked if "FROM" in query["sql"]]
    assert "catalog_feedhead" in statements[0]


def test_a_file_that_changed_is_read():
    with file_source() as (file, source):
        pull(source)
        file.body, file.tag = b"id,v\na,1\nb,3\n", '"2"'
        assert pull(source).state == State.PUBLISHED
        assert [record["v"] for record in records(source)] == [1, 3]


def test_a_file_with_the_same_content_under_a_new_tag_makes_no_new_version():  # B16
    with file_source() as (file, source):
        pull(source)
        file.tag = '"2"'
        run = pull(source)
        assert (run.state, file.sent, Snapshot.objects.count()) == (State.UNCHANGED, 2, 1)


def test_a_server_that_lies_is_found_out_within_a_week():  # A22
    with file_source() as (file, source):
        pull(source)
        file.body = b"id,v\na,1\nb,3\n"
        assert pull(source).state == State.UNCHANGED
        files = position(source)["files"]
        for days, state in ((6, State.UNCHANGED), (8, State.PUBLISHED)):
            long_ago = {"files": {**files, "read_at": (timezone.now() - days * DAY).isoformat()}}
            Source.objects.update(position=long_ago)
            assert pull(source).state == state
        assert [record["v"] for record in records(source)] == [1, 3]


@pytest.mark.parametrize("change", ["schema", "config", "ignored"])
def test_a_file_is_read_again_when_what_makes_records_of_it_changed(change):
    with file_source() as (file, source):
        pull(source)
        if change == "schema":
            Distribution.objects.update(
                schema=to_table_schema(Schema(columns=(Column("id"), Column("v")), key=("id",)))
            )
        elif change == "config":
            Source.objects.update(config={**source.config, "delimiter": ","})
        else:
            Source.objects.update(ignored_columns=["x"])
        pull(source)
        assert file.sent == 2


def test_a_file_is_read_again_when_another_source_published_meanwhile(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    with file_source() as (file, source):
        pull(source)
        (tmp_path / "other.csv").write_text("id,v\nc,3\n")
        other = make_source("other.csv", "other", dataset=source.distribution.dataset)
        assert pull(other).state == State.PUBLISHED
        assert [record["id"] for record in records(source)] == ["c"]
        assert pull(source).state == State.PUBLISHED
        assert ([record["id"] for record in records(source)], file.sent) == (["a", "b"], 2)


def test_of_several_files_all_are_read_when_one_changed():
    other = FileServer()
    other.body = b"id,v\nc,3\n"
    with file_source() as (file, source), HostileServer({"/": other.answer}) as server:
        source.config = {"path": [source.config["path"], server.url("/more.csv")]}
        source.save()
        pull(source)
        assert (pull(source).state, file.sent, other.sent) == (State.UNCHANGED, 1, 1)
        other.body, other.tag = b"id,v\nc,4\n", '"2"'
        assert pull(source).state == State.PUBLISHED
        assert [record["v"] for record in records(source)] == [1, 2, 4]


def test_a_replay_of_a_file_reads_what_was_kept():
    with file_source() as (file, source):
        run = pull(source)
        again = replay_run(run)
        pull_run(again.pk)
        again.refresh_from_db()
        assert (again.state, file.sent) == (State.UNCHANGED, 1)
