"""The story of a run from the platform's answer to the published snapshot; and that no failure touches what is published."""

import errno
import gzip
import json
import logging
import threading
import time

import orjson
import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from builders import make_dataset
from django.db import OperationalError
from hostile_server import HostileServer, reply
from pulling import HEADER, LOTS, lots, make_source, published, pull, records, write_lots

from catalog.models import Change, Snapshot
from catalog.records import Column, Schema, Store
from ingest import pipeline
from ingest.models import Issue, Run, Source
from ingest.raw import raw_store, rejected_path
from ingest.runs import enter_run
from ingest.sandbox.server import running
from ingest.sandbox.world import Budget, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
KEYED = Schema(columns=LOTS.columns, key=("lot_id",))
MODES = ("replace", "append", "upsert")


@pytest.fixture
def lots_file(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", lots(1, 2, 3))


def source_of(path, mode="replace", slug="parking", **options) -> Source:
    return make_source(path, slug, dataset=make_dataset(schema=KEYED), mode=mode, **options)


def ids(source: Source) -> list[str]:
    return [record["lot_id"] for record in records(source)]


# Load modes: a first, an unchanged and a changed answer


@pytest.mark.parametrize(
    ("mode", "second", "expected"),
    [
        ("replace", lots(2, 3, 4), ["0002", "0003", "0004"]),
        ("append", lots(4, 5), ["0001", "0002", "0003", "0004", "0005"]),
        ("upsert", [("0002", "새 이름", 5), ("0009", "제9주차장", 90)], ["0001", "0002", "0003", "0009"]),
    ],
)
def test_a_first_an_unchanged_and_a_changed_answer(lots_file, mode, second, expected):
    source = source_of(lots_file, mode)
    first = pull(source)
    assert (first.state, first.rows, first.accepted, first.rejected) == (State.PUBLISHED, 3, 3, 0)
    assert ids(source) == ["0001", "0002", "0003"]
    before = published(source)

    assert pull(source).state == State.UNCHANGED
    assert published(source) == before

    write_lots(lots_file, second)
    changed = pull(source)
    assert (changed.state, changed.rows) == (State.PUBLISHED, len(second))
    assert sorted(ids(source)) == expected
    assert changed.snapshot_digest == published(source).digest
    assert [change.kind for change in Change.objects.all()] == ["created", "snapshot-published", "snapshot-published"]


def test_an_update_by_key_shows_the_new_values_and_keeps_the_old_snapshot_readable(lots_file):
    source = source_of(lots_file, "upsert")
    pull(source)
    before = published(source)
    write_lots(lots_file, [("0002", "새 이름", 5)])
    pull(source)
    assert {record["lot_id"]: record["spaces"] for record in records(source)} == {"0001": 10, "0002": 5, "0003": 30}
    assert Snapshot.objects.earliest("id").manifest == before


def test_the_last_of_several_records_with_one_key_updates_and_the_others_are_kept_as_refused(lots_file):
    source = source_of(lots_file, "upsert")
    write_lots(lots_file, [("0001", "먼저", 1), ("0001", "나중", 2)])
    run = pull(source)
    assert (run.rows, run.accepted, run.rejected) == (2, 1, 1)
    assert [record["name"] for record in records(source)] == ["나중"]


# What a run tells


def test_rows_are_accepted_or_refused_and_each_refusal_is_told_in_both_languages(lots_file):
    source = source_of(lots_file)
    lots_file.write_text(
        '번호,이름,면수,비고\n0001,하나,10,\n0002,둘,많음,\n,셋,3,\n0004,"넷",4,,,x\n0005\n0001,하나 더,1,\n',
        encoding="utf-8",
    )
    run = pull(source)
    assert (run.state, run.rows, run.accepted, run.rejected) == (State.HELD, 6, 1, 5)
    issues = {issue.code: issue for issue in run.issues.all()}
    assert {code: (issue.count, issue.severity) for code, issue in issues.items()} == {
        "not-integer": (1, "warning"),
        "missing-value": (1, "warning"),
        "too-many-fields": (1, "warning"),
        "too-few-fields": (1, "warning"),
        "duplicate-key": (1, "warning"),
        "unknown-column": (1, "warning"),
        "too-many-refused": (5, "blocking"),
    }
    for issue in issues.values():
        assert issue.text_ko != issue.text_en
        assert issue.text_ko
        assert issue.text_en
    assert issues["not-integer"].column == "spaces"
    refused = [orjson.loads(line) for line in gzip.decompress(rejected_path(run).read_bytes()).splitlines()]
    assert sorted((entry["row"], entry["reason"]) for entry in refused) == [
        (2, "not-integer"),
        (3, "missing-value"),
        (4, "too-many-fields"),
        (5, "too-few-fields"),
        (6, "duplicate-key"),
    ]


def test_a_published_snapshot_carries_its_findings_and_refusals(lots_file):
    source = source_of(lots_file)
    write_lots(lots_file, [*lots(1, 2, 3), ("0004", "넷", "많음")])
    run = pull(source)
    assert (run.state, run.rejected) == (State.PUBLISHED, 1)
    snapshot = Snapshot.objects.get()
    assert snapshot.rejected == 1
    [finding] = snapshot.findings
    assert (finding["code"], finding["column"], finding["count"]) == ("not-integer", "spaces", 1)
    assert finding["text"].keys() == {"ko", "en"}


def test_what_no_database_stores_is_refused_row_by_row_and_told(lots_file):
    path, too_long = lots_file.with_suffix(".json"), "열\x00" * 300
    rows = [("0001", "a\x00b", 1), ("0002", "둘", "\x002"), ("0003", "셋", 3)]
    path.write_text(json.dumps([dict(zip(HEADER, row, strict=True)) | {too_long: ""} for row in rows]))
    run = pull(source_of(path))
    assert (run.state, run.accepted, run.rejected) == (State.HELD, 1, 2)
    assert [issue.code for issue in run.issues.order_by("code")] == [
        "not-integer",
        "not-text",
        "too-many-refused",
        "unknown-column",
    ]
    assert all(len(issue.column) <= 200 for issue in run.issues.all())


def test_half_a_surrogate_pair_in_json_does_no_harm(lots_file):
    path = lots_file.with_suffix(".json")
    path.write_text('[{"번호": "0001", "이름": "\\ud800", "면수": 1}]')
    run = pull(source_of(path))
    assert (run.state, run.error_code) == (State.FAILED, "unreadable-answer")


# Faults: the published snapshot stays


def broken_file(text: str):
    return lambda path: path.write_text(text, encoding="utf-8")


FAULTS = {
    "missing column": (lambda path: write_lots(path, lots(1, 2, 3), ("번호", "명칭", "면수")), State.HELD, "held-back"),
    "far fewer rows": (lambda path: write_lots(path, lots(1)), State.HELD, "held-back"),
    "only a header": (lambda path: write_lots(path, []), State.HELD, "held-back"),
    "wrong types": (
        lambda path: write_lots(path, [(f"{number:04}", "이름", "모름") for number in range(3)]),
        State.HELD,
        "held-back",
    ),
    "an empty file": (broken_file(""), State.FAILED, "unreadable-answer"),
    "a web page": (
        broken_file("<!DOCTYPE html><html><title>점검 중</title></html>"),
        State.WAITING,
        "platform-failure",
    ),
    "an open quote": (broken_file('번호,이름,면수\n0001,"하나,1\n'), State.FAILED, "unreadable-answer"),
    "no encoding": (lambda path: path.write_bytes(b"lot_id\n\xff\xff\xff\n"), State.FAILED, "unreadable-answer"),
    "half a character": (lambda path: path.write_bytes("번호".encode()[:-1]), State.WAITING, "broken-off"),
    "no file": (lambda path: path.unlink(), State.WAITING, "unreachable"),
}


@pytest.mark.parametrize(
    ("fault", "mode"),
    # An answer that is added is not compared with what is there.
    [(fault, mode) for fault in FAULTS for mode in MODES if (fault, mode == "replace") != ("far fewer rows", False)],
)
def test_a_bad_answer_leaves_the_published_snapshot_current(lots_file, fault, mode):
    spoil, state, code = FAULTS[fault]
    source = source_of(lots_file, mode)
    pull(source)
    before, changes = published(source), Change.objects.count()
    spoil(lots_file)
    run = pull(source)
    assert (run.state, run.error_code) == (state, code), run.error_en
    assert run.error_ko
    assert run.error_en
    assert published(source) == before
    assert Change.objects.count() == changes
    assert ids(source) == ["0001", "0002", "0003"]

    write_lots(lots_file, lots(1, 2, 3, 4))
    assert pull(source).state == State.PUBLISHED


def test_a_broken_json_answer_is_kept_and_told(lots_file):
    path = lots_file.with_suffix(".json")
    path.write_text('[{"번호": "0001", "이름"')
    run = pull(source_of(path))
    assert (run.state, run.error_code) == (State.WAITING, "broken-off")
    [entry] = run.raw_answers
    assert gzip.decompress(raw_store().path(entry["file"]).read_bytes()) == path.read_bytes()


def test_columns_that_changed_refuse_an_addition_with_advice(lots_file):
    source = source_of(lots_file, "append")
    pull(source)
    before = published(source)
    make_dataset(schema=Schema(columns=(*KEYED.columns, Column("phone")), key=KEYED.key))
    write_lots(lots_file, [("0004", "넷", 4, "041")], (*HEADER, "phone"))
    run = pull(source)
    assert (run.state, run.error_code) == (State.FAILED, "bad-schema")
    assert "replace" in run.error_ko
    assert published(source) == before

    Source.objects.filter(pk=source.pk).update(mode="replace")
    source.refresh_from_db()
    run = pull(source)
    assert run.state == State.HELD  # one row instead of three, so a person decides
    Source.objects.filter(pk=source.pk).update(expectations={"min_share": None})
    source.refresh_from_db()
    assert pull(source).state == State.PUBLISHED


def test_an_update_by_a_key_that_the_dataset_lost_fails_with_a_sentence(lots_file):
    source = source_of(lots_file, "upsert")
    pull(source)
    before = published(source)
    make_dataset(schema=LOTS)
    for _ in range(2):
        run = pull(Source.objects.get())
        assert (run.state, run.error_code) == (State.FAILED, "bad-setup")
        assert "upsert needs a key" in run.error_en
        assert published(source) == before


# Faults of the hub itself


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        (SoftTimeLimitExceeded(), State.WAITING, "took-too-long"),
        (OperationalError("database is locked"), State.WAITING, "hub-unavailable"),
        (OSError(errno.ENOSPC, "No space left on device"), State.WAITING, "hub-unavailable"),
        (ZeroDivisionError("a bug"), State.FAILED, "internal-error"),
    ],
)
@pytest.mark.parametrize("step", ["tabulate", "validate", "write_snapshot", "publish_snapshot", "end_run"])
def test_a_fault_of_the_hub_at_any_step_leaves_the_published_snapshot_and_ends_the_run(
    lots_file, monkeypatch, step, fault, state, code
):
    source = source_of(lots_file)
    pull(source)
    before, changes = published(source), Change.objects.count()
    write_lots(lots_file, lots(4, 5, 6))

    def fail(*arguments, **options):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, step, fail)
        run = pull(source)
    assert (run.state, run.error_code, run.lease_until) == (state, code, None)
    assert run.error_ko
    assert published(source) == before
    assert Change.objects.count() == changes
    run = pull(source)
    assert run.state == State.PUBLISHED
    assert ids(source) == ["0004", "0005", "0006"]


def test_a_full_disk_while_parts_are_written_harms_nothing(lots_file, monkeypatch):
    source = source_of(lots_file)
    pull(source)
    write_lots(lots_file, lots(4, 5, 6))

    def full(self, written):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "keep", full)
        run = pull(source)
    assert (run.state, run.error_code) == (State.WAITING, "hub-unavailable")
    assert "No space left on device" in run.error_en
    assert ids(source) == ["0001", "0002", "0003"]


def test_a_bug_is_logged_with_its_trace_and_told_without(lots_file, monkeypatch, caplog):
    def fail(*arguments, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(pipeline, "tabulate", fail)
    run = pull(source_of(lots_file))
    assert "Traceback" in caplog.text
    assert "a bug" not in run.error_en


def test_a_run_that_is_not_due_or_not_there_is_left_alone(lots_file):
    source = source_of(lots_file)
    run = pull(source)
    before = Run.objects.values().get(pk=run.pk)
    pipeline.pull_run(run.pk)
    pipeline.pull_run(4711)
    assert Run.objects.values().get(pk=run.pk) == before


# Several sources of one dataset


def test_two_sources_that_publish_at_the_same_time_lose_nothing(lots_file, tmp_path, monkeypatch):
    first = source_of(lots_file, "append")
    second = source_of(write_lots(tmp_path / "second.csv", lots(7, 8)), "append", "parking-two")
    earlier, later = enter_run(first), enter_run(second)
    interrupt_between_writing_and_publishing(monkeypatch, lambda: pipeline.pull_run(later.pk))
    pipeline.pull_run(earlier.pk)
    for run in (earlier, later):
        run.refresh_from_db()
        assert run.state == State.PUBLISHED
    assert earlier.slot < later.slot
    assert sorted(ids(first)) == ["0001", "0002", "0003", "0007", "0008"]
    assert [snapshot.records for snapshot in Snapshot.objects.order_by("id")] == [2, 5]


def interrupt_between_writing_and_publishing(monkeypatch, act) -> None:
    """Let something else happen once, after the first snapshot is written and before it is published."""
    write, acts = pipeline.write_snapshot, [act]

    def write_and_wait(*arguments, **options):
        manifest = write(*arguments, **options)
        if acts:
            acts.pop()()
        return manifest

    monkeypatch.setattr(pipeline, "write_snapshot", write_and_wait)


def test_an_update_that_meets_a_replacement_is_written_again_on_top_of_it(lots_file, tmp_path, monkeypatch):
    keyed = source_of(lots_file, "upsert")
    whole = source_of(write_lots(tmp_path / "whole.csv", lots(1, 2, 9)), "replace", "parking-whole")
    pull(whole)
    write_lots(lots_file, [("0001", "새 이름", 1)])
    write_lots(tmp_path / "whole.csv", lots(1, 2, 10))
    interrupt_between_writing_and_publishing(monkeypatch, lambda: pull(whole))
    assert pull(keyed).state == State.PUBLISHED
    assert {record["lot_id"]: record["name"] for record in records(keyed)} == {
        "0001": "새 이름",
        "0002": "제2주차장",
        "0010": "제10주차장",
    }


# Secrets


SECRET = "pläin+key/한글=="


def test_a_secret_is_nowhere_but_in_the_request(settings, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CITY_KEY", SECRET)

    def echo(request, connection):
        body = f"<html>key {SECRET} of {request.target} is not known</html>".encode()
        reply(403, body, content_type="text/html")(request, connection)

    with HostileServer({"/": echo}) as server:
        source = make_source(
            "",
            connector="datagokr",
            config={"url": server.url("/api"), "service_key": {"env": "CITY_KEY"}},
            allow_private=True,
        )
        run = pull(source)
        assert len(server.requests) == 1
    assert (run.state, run.error_code) == (State.FAILED, "key-refused")
    spellings = [SECRET, "pl%C3%A4in", "%2Bkey", "key/한글", "key%2F"]
    rows = str(list(Run.objects.values())) + str(list(Issue.objects.values())) + str(list(Source.objects.values()))
    for place in (rows, caplog.text):
        assert not [spelling for spelling in spellings if spelling in place]
    assert "***" in run.raw_answers[0]["location"]


def test_a_secret_that_does_not_fit_its_place_is_not_shown(lots_file, monkeypatch, caplog):
    monkeypatch.setenv("CITY_ENCODING", "hidden-value")
    source = source_of(lots_file, config={"path": str(lots_file), "encoding": "utf-8"})
    Source.objects.filter(pk=source.pk).update(config={"path": str(lots_file), "encoding": {"env": "CITY_ENCODING"}})
    source.refresh_from_db()
    run = pull(source)
    assert (run.state, run.error_code) == (State.FAILED, "bad-setup")
    assert "config.encoding" in run.error_en
    assert "hidden-value" not in run.error_en + run.error_ko + caplog.text


def test_a_secret_that_is_not_set_fails_the_run_with_its_name(lots_file, monkeypatch):
    monkeypatch.delenv("CITY_KEY", raising=False)
    source = source_of(lots_file)
    Source.objects.filter(pk=source.pk).update(config={"path": {"env": "CITY_KEY"}})
    source.refresh_from_db()
    run = pull(source)
    assert (run.state, run.error_code) == (State.FAILED, "secret-missing")
    assert "CITY_KEY" in run.error_ko


# A platform that says no


def test_a_used_up_quota_puts_the_run_off_and_leaves_what_is_published(monkeypatch):
    monkeypatch.setenv("SANDBOX_KEY", "sandbox-key")
    with running(World(budget=Budget(0))) as server:
        source = make_source(
            "",
            connector="datagokr",
            config={
                "url": f"{server.url}/datagokr/ParkingService/getParkingLots",
                "service_key": {"env": "SANDBOX_KEY"},
            },
            allow_private=True,
        )
        run = pull(source)
    assert (run.state, run.error_code, run.attempt) == (State.WAITING, "quota-exceeded", 0)


def test_private_addresses_are_refused_unless_the_source_is_allowed_them():
    with HostileServer({"/": reply(200, b"[]", content_type="application/json")}) as server:
        run = pull(make_source(server.url("/a.json")))
        assert server.requests == []
    assert (run.state, run.error_code) == (State.FAILED, "forbidden-address")


def test_files_outside_the_file_roots_are_refused(lots_file, settings):
    settings.FILE_ROOTS = []
    run = pull(source_of(lots_file))
    assert (run.state, run.error_code) == (State.FAILED, "forbidden-address")


# The lease while work goes on


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_a_slow_answer_is_read(lots_file, settings, monkeypatch):
    settings.RUN_LEASE_SECONDS = 1
    source = source_of(lots_file)
    leases = []
    tabulate = pipeline.tabulate

    def tabulate_slowly(*arguments, **options):
        run = Run.objects.get()
        leases.append(run.lease_until)
        deadline = time.monotonic() + 30
        while (lease := Run.objects.get().lease_until) == leases[0] and time.monotonic() < deadline:
            time.sleep(0.1)
        leases.append(lease)
        return tabulate(*arguments, **options)

    monkeypatch.setattr(pipeline, "tabulate", tabulate_slowly)
    run = pull(source)
    assert run.state == State.PUBLISHED
    assert leases[1] > leases[0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat")]
