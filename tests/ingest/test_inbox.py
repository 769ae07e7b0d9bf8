"""The inbox of pushed messages: nothing is lost, nothing is read twice, whoever is killed when."""

import os
import signal
import threading
import time

import orjson
import pytest
from builders import make_dataset
from django.utils import timezone
from own_hub import own_hub
from pulling import pull, records

from catalog.records import Column, Schema
from ingest import inbox
from ingest.connectors.messages import Message
from ingest.errors import InboxFull, NotRepeatable
from ingest.inbox import (
    SourceInbox,
    append,
    forget_messages,
    inbox_of,
    published_up_to,
    refused_messages,
    waiting_bytes,
)
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.repetitions import replay_run
from ingest.sources import save_source

READINGS = Schema(columns=(Column("id", required=True), Column("pm10", "integer")))
CONFIG = {"url": "mqtt://127.0.0.1:1883", "topics": ["air/#"], "client_id": "hub"}
CHANNEL = {"topic": "air/1"}


@pytest.fixture
def source(db, settings, own_folders) -> Source:
    settings.INBOX_DIR = own_folders / "inbox"
    return make_listened("air")


def make_listened(slug, mode="append", schema=READINGS, **config) -> Source:
    dataset = make_dataset(slug, schema=schema)
    save_source(slug, dataset.distribution, connector="mqtt", mode=mode, config=CONFIG | config, allow_private=True)
    SourceInbox(slug).tell_alive()
    return Source.objects.select_related("distribution__dataset").get(slug=slug)


def reading(identifier, pm10=1, **options):
    content = CHANNEL | {"payload": orjson.dumps({"id": identifier, "pm10": pm10}).decode()}
    return Message(content, **options)


def lines_of(paths):
    return [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def ids(source):
    return [record["id"] for record in records(source)]


def test_what_is_appended_waits_in_order_and_is_published_by_the_next_run(source):
    append("air", [reading("a"), reading("b")])
    append("air", [reading("c")])
    run = pull(source)
    assert (run.state, run.accepted, ids(source)) == (Run.State.PUBLISHED, 3, ["a", "b", "c"])
    append("air", [reading("d")])
    assert pull(source).state == Run.State.PUBLISHED
    assert ids(source) == ["a", "b", "c", "d"]


def test_a_run_without_a_message_changes_nothing(source):
    append("air", [reading("a")])
    pull(source)
    run = pull(source)
    assert (run.state, run.rows, ids(source)) == (Run.State.UNCHANGED, 0, ["a"])


def test_a_message_equal_to_an_earlier_one_is_added_as_well(source):
    for count in range(1, 5):
        append("air", [reading("a")])
        assert (pull(source).state, ids(source)) == (Run.State.PUBLISHED, ["a"] * count)


def test_a_segment_is_read_once_even_if_nobody_removes_it(source):
    append("air", [reading("a")])
    pull(source)
    source.refresh_from_db()
    [segment] = list((inbox.settings.INBOX_DIR / "air").glob("*.ndjson"))
    assert int(segment.stem) == published_up_to(source)
    assert inbox_of(source) == []
    assert waiting_bytes(source) == 0


def test_a_held_run_leaves_its_messages_for_the_next_one(source):
    Source.objects.update(expectations={"min_rows": 2})
    append("air", [reading("a")])
    assert pull(source).state == Run.State.HELD
    append("air", [reading("b")])
    assert pull(source).state == Run.State.PUBLISHED
    assert ids(source) == ["a", "b"]


def test_a_held_run_is_published_by_its_replay_and_the_next_run_goes_on_behind_it(source):
    Source.objects.update(expectations={"min_rows": 2})
    append("air", [reading("a")])
    held = pull(source)
    Source.objects.update(expectations={})
    append("air", [reading("b")])
    again = replay_run(held)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, ids(source)) == (Run.State.PUBLISHED, ["a"])
    pull(source)
    assert ids(source) == ["a", "b"]
    with pytest.raises(NotRepeatable):
        replay_run(Run.objects.get(pk=held.pk))


def test_an_update_by_key_can_be_replayed_from_the_kept_messages(db, settings, own_folders):
    settings.INBOX_DIR = own_folders / "inbox"
    schema = Schema(columns=(Column("id", required=True), Column("pm10", "integer")), key=("id",))
    source = make_listened("levels", mode="upsert", schema=schema)
    append("levels", [reading("a", 1), reading("b", 2)])
    append("levels", [reading("a", 3)])
    run = pull(source)
    assert [(row["id"], row["pm10"]) for row in records(source)] == [("a", 3), ("b", 2)]
    assert [entry["location"].startswith("inbox:") for entry in run.raw_answers] == [True]
    again = replay_run(run)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.rows) == (Run.State.UNCHANGED, 3)


def test_a_backfill_reads_no_message(source):
    append("air", [reading("a")])
    now = timezone.now()
    run = Run.objects.create(source=source, kind=Run.Kind.BACKFILL, slot=now, due_at=now, since=now, until=now)
    pull_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "bad-setup")
    pull(source)
    assert ids(source) == ["a"]


def test_what_may_repeat_is_kept_once_and_what_may_not_is_kept_always(source):
    first = reading("a", key="s:1:x")
    assert append("air", [first]) == 1
    assert append("air", [reading("a", key="s:1:x", may_repeat=True)]) == 0
    assert append("air", [reading("b", key="s:1:y", may_repeat=True)] * 2) == 1
    assert append("air", [first]) == 1
    pull(source)
    assert ids(source) == ["a", "b", "a"]


def test_a_repetition_is_known_by_another_process_and_after_publication(source):
    append("air", [reading("a", key="s:1:x")])
    pull(source)
    inbox.KNOWN.clear()
    assert append("air", [reading("a", key="s:1:x", may_repeat=True)]) == 0
    pull(source)
    assert ids(source) == ["a"]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_half_a_line_of_a_killed_writer_is_cut_and_the_rest_stays(source, cut):
    append("air", [reading("a"), reading("b")])
    [segment] = (inbox.settings.INBOX_DIR / "air").glob("*.open")
    segment.write_bytes(segment.read_bytes()[:-cut])
    append("air", [reading("c")])
    pull(source)
    assert ids(source) == ["a", "c"]


def test_a_file_of_half_a_line_alone_becomes_empty(source):
    append("air", [reading("a")])
    [segment] = (inbox.settings.INBOX_DIR / "air").glob("*.open")
    segment.write_bytes(segment.read_bytes()[:9])
    assert inbox_of(source) == []
    append("air", [reading("b")])
    pull(source)
    assert ids(source) == ["b"]


def test_a_line_that_a_disk_has_spoiled_is_a_refused_record(source):
    Source.objects.update(expectations={"max_rejected_share": 1.0})
    append("air", [reading("a"), reading("b")])
    [segment] = (inbox.settings.INBOX_DIR / "air").glob("*.open")
    first, second = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"\0" * (len(first) - 1) + b"\n" + second)
    run = pull(source)
    assert (run.state, run.accepted, run.rejected, ids(source)) == (Run.State.PUBLISHED, 1, 1, ["b"])


def test_a_full_inbox_refuses_loudly_and_counts(source, settings):
    settings.INBOX_MIB = 1
    large = Message(CHANNEL | {"payload": "x" * 700_000})
    append("air", [large])
    with pytest.raises(InboxFull, match="inbox of the source 'air' is full"):
        append("air", [large, reading("a")])
    assert refused_messages("air")["count"] == 2
    assert append("air", [reading("b")]) == 1
    assert len(lines_of(inbox_of(source))) == 2


def test_segments_are_closed_by_size_and_time_and_their_names_sort(source, monkeypatch):
    monkeypatch.setattr(inbox, "SEGMENT_BYTES", 400)
    for number in range(20):
        append("air", [reading(f"{number:02}")])
    paths = inbox_of(source)
    assert len(paths) > 3
    assert paths == sorted(paths, key=lambda path: path.name)
    assert ids_of(paths) == [f"{number:02}" for number in range(20)]
    monkeypatch.setattr(inbox, "SEGMENT_SECONDS", 0)
    append("air", [reading("later")])
    time.sleep(0.002)
    append("air", [reading("last")])
    assert not list((inbox.settings.INBOX_DIR / "air").glob("*.open"))


def ids_of(paths):
    return [orjson.loads(line["message"]["payload"])["id"] for line in lines_of(paths)]


def test_numbers_grow_although_the_clock_is_set_back(source, monkeypatch):
    append("air", [reading("a")])
    pull(source)
    monkeypatch.setattr(inbox.time, "time", lambda: 1.0)
    append("air", [reading("b")])
    monkeypatch.undo()
    pull(source)
    assert ids(source) == ["a", "b"]


def test_published_segments_are_removed_but_for_the_latest(source, monkeypatch):
    monkeypatch.setattr(inbox, "SEGMENT_BYTES", 1)
    monkeypatch.setattr(inbox, "LATEST_BYTES", 500)
    for number in range(20):
        append("air", [reading(f"{number:02}")])
    pull(source)
    forget_messages(timezone.now())
    left = list((inbox.settings.INBOX_DIR / "air").glob("*.ndjson"))
    assert 1 < len(left) < 6
    source.refresh_from_db()
    assert inbox_of(source) == []


def test_the_inbox_of_a_source_that_is_gone_is_removed_after_a_day(source):
    append("air", [reading("a")])
    folder = inbox.settings.INBOX_DIR / "air"
    Source.objects.all().delete()
    forget_messages(timezone.now())
    assert folder.is_dir()
    day_before = time.time() - 90_000
    os.utime(folder, (day_before, day_before))
    forget_messages(timezone.now())
    assert not folder.exists()


def test_messages_that_come_while_a_run_reads_wait_for_the_next_one(source):
    append("air", [reading("a")])
    before = inbox_of(source)
    append("air", [reading("b")])
    assert ids_of(before) == ["a"]
    pull(source)
    assert ids(source) == ["a", "b"]


def test_many_threads_write_whole_lines_and_a_reader_between_them_loses_none(source):
    def write(writer):
        for number in range(20):
            append("air", [reading(f"{writer}-{number}")])

    writers = [threading.Thread(target=write, args=[writer]) for writer in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        pull(source)
    pull(source)
    assert sorted(ids(source)) == sorted(f"{writer}-{number}" for writer in range(4) for number in range(20))


@pytest.mark.journey
def test_writers_and_workers_killed_at_any_line_publish_every_kept_message_once(tmp_path):
    with own_hub(tmp_path, HUB_RUN_LEASE_SECONDS="1") as hub:
        hub.do("make_listened", "air")
        writers = {number: hub.start("receive", "air", number, 60) for number in range(3)}
        workers = [hub.start("pull_again_and_again", "air") for _ in range(2)]
        for _ in range(6):
            time.sleep(0.25)
            victim = next(iter(writers))
            os.kill(writers[victim], signal.SIGKILL)
            hub.wait(writers.pop(victim))
            writers[victim] = hub.start("receive", "air", victim, 60)
            os.kill(workers[0], signal.SIGKILL)
            hub.wait(workers.pop(0))
            workers.append(hub.start("pull_again_and_again", "air"))
        for writer in writers.values():
            assert hub.wait(writer) == 0, hub.log
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            hub.wait(worker)
        time.sleep(1.2)
        hub.do("pull_to_the_end", "air")
        out = tmp_path / "published"
        hub.do("write_ids", "air", str(out))
        assert sorted(out.read_text().split()) == sorted(f"{n}-{i}" for n in range(3) for i in range(60)), hub.log
