"""Somebody's record goes from what is published and was, from kept answers, files, indexes and derived data, and stays away."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import make_dataset
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pulling import lots, make_source, pull, records, write_lots

from catalog.files import enter_missing_files
from catalog.models import AuditEntry, Change, Snapshot, SnapshotFile
from catalog.records import Column, Manifest, Schema
from catalog.storage import record_store
from catalog.write_file import write_next_file
from ingest import pipeline, record_erasure
from ingest.errors import BadSetup
from ingest.models import RecordErasure, Run, Source
from ingest.pipeline import pull_run
from ingest.raw import rejected_path
from ingest.record_erasure import ask_erasure, count_asked, erase, erase_due_records
from ingest.sources import save_source

pytestmark = pytest.mark.django_db

HONG = {"lot_id": "0002"}


@pytest.fixture
def source(tmp_path: Path, settings) -> Iterator[Source]:
    settings.FILE_ROOTS = [tmp_path]
    yield make_source(write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3), ("", "이름 없음", "5")]))


def identifiers(source: Source) -> list[str]:
    return [row["lot_id"] for row in records(source)]


def test_a_record_goes_from_everywhere_and_does_not_come_again(source: Source, tmp_path: Path, settings) -> None:
    settings.FILE_RECORDS = 1000
    first = pull(source)
    write_lots(tmp_path / "lots.csv", [*lots(1, 2, 3, 4), ("", "이름 없음", "5")])
    second = pull(source)
    enter_missing_files(timezone.now())
    while write_next_file():
        pass
    assert SnapshotFile.objects.exists()
    assert rejected_path(second) is not None
    before = Snapshot.objects.count()

    erasure = ask_erasure(source.distribution.dataset, HONG, reason="정보주체의 요구", by="steward")
    assert erase_due_records() == 1
    erasure.refresh_from_db()

    assert identifiers(source) == ["0001", "0003", "0004"]
    assert (erasure.records, erasure.versions, erasure.runs, erasure.derived) == (1, before, 2, [])
    assert Snapshot.objects.count() == 1
    assert not SnapshotFile.objects.exists()
    for run in (first, second):
        run.refresh_from_db()
        assert (run.raw_answers, run.rejected_digest) == ([], "")
    kinds = list(Change.objects.order_by("-sequence").values_list("kind", flat=True)[:2])
    assert kinds == ["records-erased", "snapshot-published"]
    named = {part.digest for part in source.distribution.current_snapshot.parts.all()}
    assert all("0002" not in pq.read_table(record_store().path(digest))["lot_id"].to_pylist() for digest in named)

    again = pull(source)
    assert again.state == Run.State.UNCHANGED
    assert "다시 와서" in again.issues.get(code="erased").text_ko
    assert identifiers(source) == ["0001", "0003", "0004"]


def test_the_note_of_it_tells_no_value(source: Source) -> None:
    pull(source)
    erasure = ask_erasure(source.distribution.dataset, {"name": "제2주차장"}, reason="요구", by="steward")
    row = json.dumps(RecordErasure.objects.values().get(), default=str, ensure_ascii=False)
    assert "제2" not in row
    assert erasure.columns == ["name"]
    other = ask_erasure(source.distribution.dataset, {"name": "제2주차장"}, reason="요구", by="steward")
    assert other.digest != erasure.digest


def test_a_version_that_held_it_is_gone_although_the_current_one_does_not(source: Source, tmp_path: Path) -> None:
    pull(source)
    old = source.distribution.snapshots.get().digest
    write_lots(tmp_path / "lots.csv", lots(1, 3))
    pull(source)
    erase(ask_erasure(source.distribution.dataset, HONG, reason="요구", by="steward"))
    assert not Snapshot.objects.filter(digest=old).exists()
    assert identifiers(source) == ["0001", "0003"]
    write_lots(tmp_path / "lots.csv", lots(1, 3, 5))
    pull(source)
    assert Snapshot.objects.count() == 2  # what was current at the erasure held nothing of it


def test_a_worker_that_dies_in_the_middle_is_followed_by_another(source: Source, monkeypatch) -> None:
    pull(source)
    ask_erasure(source.distribution.dataset, HONG, reason="요구", by="steward")

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(record_erasure, "forget_answers_of", die)
        erase_due_records()
    assert identifiers(source) == ["0001", "0002", "0003"]
    assert erase_due_records() == 0  # its lease is not over
    RecordErasure.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    assert erase_due_records() == 1
    assert identifiers(source) == ["0001", "0003"]
    assert erase(RecordErasure.objects.select_related("dataset").get()).records == 1


def test_what_is_erased_while_a_run_reads_is_not_published_by_it(source: Source, monkeypatch) -> None:
    pull(source)
    wrote = pipeline.write_snapshot

    def erased_meanwhile(*args: object, **options: object) -> Manifest:
        if not RecordErasure.objects.exists():
            erase(ask_erasure(source.distribution.dataset, HONG, reason="요구", by="steward"))
        return wrote(*args, **options)

    monkeypatch.setattr(pipeline, "write_snapshot", erased_meanwhile)
    pull(source)
    assert identifiers(source) == ["0001", "0003"]


def test_what_recipes_made_of_it_is_made_anew_and_keeps_no_old_version(source: Source) -> None:
    pull(source)
    total = Schema(columns=(Column("lots", "integer"), Column("spaces", "integer")))
    made = make_dataset("parking-total", schema=total)
    select = "SELECT count(*) AS lots, sum(spaces) AS spaces FROM parking"
    save_source("parking-total", made.distribution, connector="recipe", config={"select": select})
    recipe = Source.objects.select_related("distribution__dataset").get(slug="parking-total")
    pull(recipe)
    assert records(recipe) == [{"lots": 3, "spaces": 60}]
    erasure = erase(ask_erasure(source.distribution.dataset, HONG, reason="요구", by="steward"))
    assert erasure.derived == ["parking-total"]
    pull_run(Run.objects.get(source=recipe, state=Run.State.WAITING).pk)
    assert records(recipe) == [{"lots": 2, "spaces": 40}]
    assert recipe.distribution.snapshots.count() == 1


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"nobody": "x"}, "lot_id, name, spaces"),
        ({"spaces": "many"}, "whole numbers"),
        ({}, "at least one column"),
    ],
)
def test_what_cannot_be_found_is_refused_with_what_can(source: Source, told: dict[str, str], problem: str) -> None:
    with pytest.raises(BadSetup) as refused:
        ask_erasure(source.distribution.dataset, told, reason="요구", by="steward")
    assert problem in refused.value.text.en
    assert not RecordErasure.objects.exists()


def test_another_hubs_dataset_is_erased_at_its_home(source: Source) -> None:
    dataset = source.distribution.dataset
    dataset.home = "https://city.example/dataset/parking"
    with pytest.raises(BadSetup, match=r"at home at another hub"):
        count_asked(dataset, HONG)


def test_the_command_counts_asks_why_and_erases(source: Source) -> None:
    pull(source)
    out = io.StringIO()
    call_command("erase_records", "parking", "lot_id=0002", "--dry-run", stdout=out)
    assert out.getvalue() == "1\n"
    assert not AuditEntry.objects.exists()
    for arguments, problem in (
        (["nowhere", "a=b"], "There is no dataset"),
        (["parking", "0002"], "COLUMN=VALUE"),
        (["parking", "lot_id=0002"], "Tell why"),
        (["parking", "x=1", "--reason", "요구"], "lot_id, name, spaces"),
    ):
        with pytest.raises(CommandError, match=problem):
            call_command("erase_records", *arguments)
    call_command("erase_records", "parking", "lot_id=0002", "--reason", "정보주체의 요구", stdout=out)
    assert out.getvalue().endswith("records 1, versions 1, runs 1\n")
    assert identifiers(source) == ["0001", "0003"]
    assert "0002" not in json.dumps(list(AuditEntry.objects.values_list("told", flat=True)))


def test_a_steward_confirms_the_number_before_anything_goes(source: Source, client: Client) -> None:
    pull(source)
    client.force_login(User.objects.create_superuser("steward"))
    page = "/admin/ingest/recorderasure/add/"
    form = {"dataset": source.distribution.dataset_id, "values": "lot_id = 0002", "reason": "정보주체의 요구"}
    asked = client.post(page, form, headers={"Accept-Language": "ko"})
    assert "공개된 레코드 1개가" in asked.content.decode()
    assert not RecordErasure.objects.exists()
    assert client.post(page, form | {"confirmed": "1"}).status_code == 302
    erasure = RecordErasure.objects.get()
    assert (erasure.asked_by, erasure.columns) == ("steward", ["lot_id"])
    assert erase_due_records() == 1
    shown = client.get(f"/admin/ingest/recorderasure/{erasure.pk}/change/", headers={"Accept-Language": "ko"})
    assert "처리됨" in shown.content.decode()
    assert client.post(f"/admin/ingest/recorderasure/{erasure.pk}/delete/", {"post": "yes"}).status_code == 403
    wrong = client.post(page, form | {"values": "0002"}, headers={"Accept-Language": "ko"})
    assert "한 줄에" in wrong.content.decode()
