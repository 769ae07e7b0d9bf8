"""Exports: what is ordered is checked at once, written once, kept for a while, and never read by who may not."""

import csv
import datetime as dt
import os
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from builders import ROWS, make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog import write_file
from catalog.errors import (
    AccessDenied,
    DatasetNotFound,
    ExportGone,
    ExportNotFound,
    ExportNotReady,
    TooManyExports,
    Unanswerable,
    UnknownColumn,
    UnknownFormat,
)
from catalog.exports import (
    FORGOTTEN_AFTER,
    State,
    cancel_export,
    expire_exports,
    export_file,
    find_export,
    forget_exports,
    order_export,
)
from catalog.files import collect_orphan_files
from catalog.models import Dataset, Export, Snapshot
from catalog.publish import restore_dataset, withdraw_dataset
from catalog.read import Question
from catalog.retention import forget_old_snapshots
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db
ANYBODY = AnonymousUser()


@pytest.fixture
def dataset(settings: LazySettings) -> Dataset:
    settings.FILE_RECORDS = 0  # no whole files beside
    dataset = make_dataset()
    publish_rows(dataset)
    return dataset


def order(*parameters: tuple[str, str], form: str = "csv", viewer: Any = ANYBODY, caller: str = "somebody") -> Export:
    export, _ = order_export("air-quality", parameters, form, viewer=viewer, caller=caller)
    return export


def written(export: Export) -> Export:
    write_next_file()
    export.refresh_from_db()
    return export


def rows_of(export: Export) -> list[list[str]]:
    with export_file(export).path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def test_an_export_holds_the_whole_answer_and_says_how_large_it_is(dataset: Dataset) -> None:
    export = order(("district", "강남구"), ("select", "station_id,pm10"))
    assert (export.state, export.records, export.records_at_most) == (State.WAITING, 0, 3)
    before = timezone.now()
    written(export)
    assert (export.state, export.records, export.error_code) == (State.READY, 2, "")
    assert rows_of(export) == [["0101", "34"], ["0103", ""]]
    assert export.size == export_file(export).path.stat().st_size
    assert dt.timedelta(hours=24) <= export.expires_at - before < dt.timedelta(hours=24, minutes=1)


@pytest.mark.parametrize(
    ("form", "content"), [("json", b'[{"station_id":"0102"}]'), ("ndjson", b'{"station_id":"0102"}\n')]
)
def test_exports_come_in_every_format(dataset: Dataset, form: str, content: bytes) -> None:
    export = written(order(("pm10__gte", "80"), ("select", "station_id"), form=form))
    assert export_file(export).path.read_bytes() == content


def test_an_export_can_be_parquet(dataset: Dataset) -> None:
    export = written(order(form="parquet"))
    assert pq.read_table(export_file(export).path)["pm10"].to_pylist() == [34, 81, None]


@pytest.mark.parametrize(
    ("parameters", "form", "error"),
    [
        ([("nope", "1"), ("pm10__gte", "80")], "nope", UnknownFormat),
        ([("nope__gte", "1")], "csv", UnknownColumn),
        ([], "geojson", Unanswerable),
        ([("limit", "10")], "csv", Unanswerable),
        ([("cursor", "x")], "csv", Unanswerable),
        ([("count", "exact")], "csv", Unanswerable),
        ([("format", "csv")], "csv", Unanswerable),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(
    dataset: Dataset, parameters: list[tuple[str, str]], form: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        order(*parameters, form=form)
    assert Export.objects.count() == 0


def test_an_export_stays_with_the_version_that_was_current_when_it_was_ordered(dataset: Dataset) -> None:
    export = order()
    publish_rows(dataset, ROWS[:1])
    assert len(rows_of(written(export))) == 3
    assert len(rows_of(written(order()))) == 1


def test_an_export_of_a_version_that_is_no_longer_kept_says_so(dataset: Dataset, settings: LazySettings) -> None:
    export = order()
    publish_rows(dataset, ROWS[:1])
    forget_old_snapshots(timezone.now() + dt.timedelta(days=settings.SNAPSHOT_DAYS + 1))
    assert (written(export).state, export.error_code) == (State.FAILED, "snapshot-not-found")
    assert export.error_ko and export.error_en
    with pytest.raises(ExportGone):
        export_file(export)


def test_the_same_question_of_the_same_caller_is_the_same_export(dataset: Dataset) -> None:
    question = (("pm10__gte", "30"), ("district", "강남구"))
    first = order(*question)
    assert order(*question[::-1]) == first
    assert order(*question, caller="somebody else") != first
    assert order(*question, form="ndjson") != first
    assert order(question[0]) != first
    written(first)
    assert order(*question) == first
    publish_rows(dataset, ROWS[:1])
    assert order(*question) != first


def test_the_database_keeps_one_export_a_question(dataset: Dataset) -> None:
    export = order()
    export.pk, export.uid = None, "00000000-0000-4000-8000-000000000000"
    with pytest.raises(IntegrityError), transaction.atomic():
        export.save(force_insert=True)


def test_a_caller_may_have_so_many_exports_and_no_more(dataset: Dataset, settings: LazySettings) -> None:
    settings.EXPORTS_EACH = 2
    first = order(("pm10", "1"))
    order(("pm10", "2"))
    with pytest.raises(TooManyExports):
        order(("pm10", "3"))
    assert order(("pm10", "2"))
    assert order(("pm10", "3"), caller="somebody else")
    cancel_export(first, ANYBODY)
    assert order(("pm10", "3"))


def test_exports_come_before_whole_files(dataset: Dataset, settings: LazySettings) -> None:
    settings.FILE_RECORDS = 1000
    assert written(order()).state == State.READY


def test_a_cancelled_export_is_written_to_the_end_by_nobody(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    export = order()
    stream = write_file.stream

    def cancelled_midway(question: Question, **options: Any) -> Iterator[bytes]:
        for chunk in stream(question, **options):
            cancel_export(Export.objects.get(pk=export.pk), ANYBODY)
            yield chunk

    monkeypatch.setattr(write_file, "stream", cancelled_midway)
    write_next_file()
    assert Export.objects.count() == 0
    assert "no longer wanted" in caplog.text
    assert list(settings.SPOOL_DIR.glob("export-*")) == []


def test_exports_may_take_half_of_the_room(dataset: Dataset, settings: LazySettings) -> None:
    settings.FILE_MIB = 1
    Export.objects.create(
        dataset=dataset, state=State.READY, size=2**19, records_at_most=1, caller="x", question="x", format="csv",
        created_at=timezone.now(), expires_at=timezone.now() + dt.timedelta(hours=1),
    )  # fmt: skip
    assert (written(order()).state, export_error()) == (State.FAILED, "no-room")


def export_error() -> str:
    return Export.objects.exclude(error_code="").get().error_code


# The end


def test_an_export_expires_and_its_file_is_removed(dataset: Dataset, settings: LazySettings) -> None:
    export = written(order())
    file = export_file(export)
    expire_exports(timezone.now() + dt.timedelta(hours=settings.EXPORT_HOURS + 1))
    export.refresh_from_db()
    assert export.state == State.EXPIRED
    with pytest.raises(ExportGone):
        export_file(export)
    assert file.path.is_file()
    assert order() != export
    os.utime(file.path, (0, 0))
    assert collect_orphan_files() == 1
    forget_exports(timezone.now() + FORGOTTEN_AFTER + dt.timedelta(hours=settings.EXPORT_HOURS + 2))
    assert not Export.objects.filter(pk=export.pk).exists()


def test_a_file_that_the_disk_lost_is_written_again(dataset: Dataset) -> None:
    export = written(order())
    export_file(export).path.unlink()
    with pytest.raises(ExportNotReady):
        export_file(export)
    assert export_file(written(export)).path.is_file()


# Who may read


def test_who_may_not_read_the_records_cannot_order_them() -> None:
    publish_rows(make_dataset(access_level="registered"))
    with pytest.raises(AccessDenied):
        order()
    assert order(viewer=User.objects.create_user("reader"))
    Dataset.objects.update(access_level="non-public")
    with pytest.raises(DatasetNotFound):
        order()


@pytest.mark.parametrize(
    ("level", "error"), [("registered", AccessDenied), ("restricted", AccessDenied), ("non-public", ExportNotFound)]
)
def test_what_was_closed_since_is_neither_shown_nor_written(
    dataset: Dataset, level: str, error: type[Exception]
) -> None:
    ready = written(order())
    waiting = order(("pm10", "34"))
    Dataset.objects.update(access_level=level)
    for export in (ready, waiting):
        with pytest.raises(error):
            find_export(export.uid, ANYBODY)
    assert (written(waiting).state, waiting.records, waiting.digest) == (State.FAILED, 0, "")
    assert find_export(ready.uid, User(is_staff=True, username="steward")) == ready


def test_a_withdrawn_dataset_takes_its_exports_with_it_and_brings_them_back(dataset: Dataset) -> None:
    export = written(order())
    withdraw_dataset("air-quality")
    with pytest.raises(ExportNotFound):
        find_export(export.uid, ANYBODY)
    restore_dataset("air-quality")
    assert find_export(export.uid, ANYBODY) == export


def test_somebody_whose_account_was_closed_gets_nothing_written() -> None:
    publish_rows(make_dataset(access_level="registered"))
    reader = User.objects.create_user("reader")
    export = order(viewer=reader)
    User.objects.update(is_active=False)
    write_next_file()
    export.refresh_from_db()
    assert (export.state, export.error_code) == (State.FAILED, "access-denied")


def test_a_persons_export_is_cancelled_by_that_person_only(dataset: Dataset) -> None:
    reader, other = (User.objects.create_user(name) for name in ("reader", "other"))
    export = order(viewer=reader)
    for viewer in (ANYBODY, other):
        with pytest.raises(ExportNotFound):
            cancel_export(export, viewer)
    cancel_export(export, reader)
    assert Export.objects.count() == 0


def test_nothing_of_an_address_or_a_name_is_kept_of_who_asked(dataset: Dataset) -> None:
    export = order(caller="digest")
    assert (export.user, export.caller) == (None, "digest")
    assert Snapshot.objects.get().digest == export.snapshot_digest
