"""The verb that assesses datasets: what it gathers, what it stores, how many questions it asks the database."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import ROWS, SCHEMA, make_dataset, make_organisation, publish_rows
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Change, Dataset, LinkCheck, Snapshot
from catalog.publish import withdraw_dataset
from catalog.quality import (
    FORGOTTEN,
    assess,
    assess_all,
    assess_due,
    due_datasets,
    due_links,
    forget_links,
    record_answer,
    save_assessments,
)
from catalog.records import Column, Schema
from catalog.standard.links import Answer
from catalog.text import Text

pytestmark = pytest.mark.django_db

BASE = "https://hub.example"
ELSEWHERE = "https://files.hanbit.example/parking.csv"
FULL: dict[str, Any] = {
    "licence": "cc-by-4.0",
    "keywords": {"ko": ["주차"]},
    "region": "44",
    "temporal": {"start": "2018-01-01", "end": "2018-12-31"},
    "contact_point": {"name": {"ko": "교통과"}},
    "frequency": "daily",
    "personal_data": "none",
}
FILE: dict[str, Any] = {
    "access_url": "https://files.hanbit.example/parking",
    "download_url": ELSEWHERE,
    "format": "CSV",
    "media_type": "text/csv",
    "rights": {"ko": "출처를 밝히고 쓸 수 있음"},
    "byte_size": 1200,
    "issued": "2026-01-02",
    "modified": "2026-03-04",
}


def make_complete(slug: str = "parking") -> Dataset:
    """Describe a dataset that lacks nothing, and try its addresses."""
    dataset = make_dataset(slug, **FULL, distributions=[FILE])
    for url in (FILE["access_url"], ELSEWHERE):
        record_answer(url, Answer(200), timezone.now())
    return dataset


def test_a_complete_record_scores_405() -> None:
    assessment = assess(make_complete(), BASE)
    assert assessment.quality.lost == ()
    assert assessment.quality.points == 405
    assert assessment.conformance.passes


def test_records_that_the_hub_serves_need_no_trying() -> None:
    dataset = make_dataset("air", **FULL)
    publish_rows(dataset)
    lost = {one.metric.identifier for one in assess(dataset, BASE).quality.lost}
    assert lost <= {"byteSizeAvailability"}  # a run knows the size of the CSV, this snapshot was made without one


@pytest.mark.parametrize(
    ("level", "access", "download"),
    [("public", 50, 30), ("registered", 50, 0), ("restricted", 50, 0), ("non-public", 0, 0)],
)
def test_records_that_are_closed_do_not_answer_to_everybody(level: str, access: int, download: int) -> None:
    dataset = (
        make_dataset("air", **FULL, access_level=level, access_reason={"ko": "사유"}) if level != "public" else None
    )
    dataset = dataset or make_dataset("air", **FULL)
    publish_rows(dataset)
    scores = {one.metric.identifier: one.earned for one in assess(dataset, BASE).quality.scores}
    assert (scores["accessUrlStatusCode"], scores["downloadUrlStatusCode"]) == (access, download)


def test_what_the_checks_found_is_measured() -> None:
    schema = Schema(
        columns=(
            Column("id", "integer", title=Text(ko="번호"), description=Text(ko="번호"), required=True),
            Column("pm10", "number", title=Text(ko="미세먼지"), unit="ug/m3"),
        ),
        key=("id",),
    )
    dataset = make_dataset("air", schema=schema, **FULL)
    publish_rows(
        dataset,
        [{"id": "1", "pm10": "3"}, {"id": "2", "pm10": "많음"}, {"id": "", "pm10": "4"}, {"id": "1", "pm10": "5"}],
    )
    shares = {one.measure.identifier: one.share for one in assess(dataset, BASE).quality.measures}
    assert shares["accepted"] == pytest.approx(1 / 4)
    assert shares["validity"] == pytest.approx(3 / 4)
    assert shares["completeness"] == pytest.approx(3 / 4)
    assert shares["consistency"] == pytest.approx(3 / 4)
    assert shares["coordinates"] is None
    assert shares["dictionary"] == pytest.approx(6 / 7)
    assert shares["freshness"] == 1


def test_a_source_that_stopped_is_no_longer_fresh() -> None:
    dataset = make_dataset("air", **FULL)
    publish_rows(dataset)
    late = timezone.now() + dt.timedelta(days=3)
    freshness = assess(dataset, BASE, late).quality.measures[0]
    assert freshness.share == 0
    assert "3일 지났습니다" in freshness.text.ko


def test_an_older_release_that_came_late_tells_nothing_about_freshness() -> None:
    dataset = make_dataset("air", **FULL)
    now = timezone.now()
    publish_rows(dataset, valid_at=now)
    publish_rows(dataset, ROWS[:1], valid_at=now - dt.timedelta(days=30))
    assert Snapshot.objects.count() == 2
    assert len(assess(dataset, BASE).evidence.publications) == 1


def test_the_questions_to_the_database_do_not_grow_with_the_datasets() -> None:
    make_organisation()

    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(list(assess_all(Dataset.objects.order_by("slug"), BASE))) == Dataset.objects.count()
        return len(asked) - 1

    for number in range(2):
        publish_rows(make_dataset(f"air-{number}", **FULL, distributions=[FILE]))
    few = questions()
    for number in range(2, 8):
        publish_rows(make_dataset(f"air-{number}", **FULL, distributions=[FILE]))
    assert questions() == few
    assert few <= 7


def test_scores_are_stored_and_are_no_change_of_the_catalogue() -> None:
    dataset = make_complete()
    changes = Change.objects.count()
    before = Dataset.objects.get().modified_at
    assert len(list(save_assessments(Dataset.objects.all(), BASE))) == 1
    dataset.refresh_from_db()
    assert (dataset.quality_score, dataset.quality_band) == (405, "excellent")
    assert Change.objects.count() == changes
    assert dataset.modified_at == before


def test_scores_are_renewed_when_they_are_due() -> None:
    dataset = make_complete()
    now = timezone.now()
    assert assess_due(now) == 1
    assert assess_due(now) == 0
    assert list(due_datasets(now + dt.timedelta(hours=25))) == [dataset]
    make_dataset("parking", **FULL | {"licence": "kogl-1"})
    assert list(due_datasets(timezone.now())) == [dataset]
    withdraw_dataset("parking")
    assert list(due_datasets(now + dt.timedelta(hours=25))) == []


@pytest.fixture
def tried() -> Iterator[dt.datetime]:
    make_dataset(
        "parking", **FULL, distributions=[FILE, {"access_url": f"{BASE}/x"}, {"access_url": "ftp://a.example/x"}]
    )
    yield timezone.now()


def test_addresses_elsewhere_are_due(tried: dt.datetime) -> None:
    assert due_links(BASE, tried) == [FILE["access_url"], ELSEWHERE]
    record_answer(ELSEWHERE, Answer(200), tried)
    assert due_links(BASE, tried) == [FILE["access_url"]]
    record_answer(FILE["access_url"], Answer(404), tried)
    assert due_links(BASE, tried) == []
    assert due_links(BASE, tried + dt.timedelta(hours=25)) == [FILE["access_url"]]
    assert due_links(BASE, tried + dt.timedelta(days=8)) == [FILE["access_url"], ELSEWHERE]


def test_addresses_of_withdrawn_datasets_are_left_alone(tried: dt.datetime) -> None:
    withdraw_dataset("parking")
    assert due_links(BASE, tried) == []


def test_what_a_try_found_is_kept(tried: dt.datetime) -> None:
    for day, status in enumerate((200, 404, 500, None)):
        record_answer(ELSEWHERE, Answer(status), tried + dt.timedelta(days=day))
    row = LinkCheck.objects.get()
    assert (row.state, row.status, row.failures) == ("broken", None, 3)
    assert (row.answered_at, row.first_failed_at) == (tried, tried + dt.timedelta(days=1))


def test_addresses_that_nobody_names_are_forgotten(tried: dt.datetime) -> None:
    record_answer("https://gone.example/", Answer(200), tried - FORGOTTEN - dt.timedelta(days=1))
    record_answer(ELSEWHERE, Answer(200), tried)
    assert forget_links(tried) == 1
    assert LinkCheck.objects.get().url == ELSEWHERE


def test_the_command_prints_scores_and_losses() -> None:
    make_complete()
    make_dataset("air", schema=SCHEMA)
    printed = io.StringIO()
    call_command("assess", stdout=printed)
    lines = printed.getvalue().splitlines()
    assert "405/405" in lines[-1]
    assert "parking" in lines[-1]
    assert any("-30  Keywords (keywords): add the words" in line for line in lines)
    assert set(Dataset.objects.values_list("quality_band", flat=True)) == {"excellent", "bad"}


def test_the_command_prints_json() -> None:
    make_complete()
    printed = io.StringIO()
    call_command("assess", "parking", "--json", stdout=printed)
    document = json.loads(printed.getvalue())
    assert (document["dataset"], document["points"], document["lost"], document["conforms"]) == (
        "parking",
        405,
        {},
        True,
    )


def test_the_command_refuses_unknown_datasets() -> None:
    with pytest.raises(CommandError, match="no such dataset: nowhere"):
        call_command("assess", "nowhere")
