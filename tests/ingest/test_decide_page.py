"""The page on which a steward decides about changed columns and personal data, from the held run to what is published."""

import csv
from pathlib import Path

import pytest
from builders import make_dataset
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from lxml import html
from pulling import LOTS, lots, make_source, pull, records, write_lots

from catalog.records import from_table_schema
from ingest.models import Run, Source
from ingest.pipeline import pull_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


@pytest.fixture
def source(tmp_path: Path, settings) -> Source:
    """A source that has been published once."""
    settings.FILE_ROOTS = [tmp_path]
    source = make_source(write_lots(tmp_path / "lots.csv", lots(*range(1, 11))), dataset=make_dataset(schema=LOTS))
    assert pull(source).state == Run.State.PUBLISHED
    source.refresh_from_db()
    return source


def change(source: Source, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Run:
    with Path(source.config["path"]).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    run = pull(source)
    assert run.state == Run.State.HELD, run.error_en
    return run


def decide(client: Client, run: Run, **values: str):
    return client.post(reverse("admin:ingest_run_decide", args=[run.pk]), values)


def finish() -> Run:
    run = Run.objects.latest("id")
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def test_a_new_column_is_described_and_the_answer_read_again(steward: Client, source: Source) -> None:
    run = change(source, ("번호", "이름", "면수", "요금"), [(*lot, 500) for lot in lots(*range(1, 11))])
    page = html.fromstring(steward.get(reverse("admin:ingest_run_change", args=[run.pk])).content.decode())
    assert reverse("admin:ingest_run_decide", args=[run.pk]) in page.xpath("//a/@href")
    form = html.fromstring(steward.get(reverse("admin:ingest_run_decide", args=[run.pk])).content.decode())
    assert form.xpath("//input[@name='name-0']/@value") == ["yogeum"]  # proposed
    shown = html.fromstring(steward.get(reverse("admin:ingest_run_decide", args=[run.pk])).content.decode())
    assert "요금" in shown.xpath("string(//main)") and "500" in shown.xpath("string(//main)")

    answer = decide(steward, run, **{"new-0": "accept", "name-0": "fee", "title-0": "요금", "type-0": "integer"})
    assert answer.status_code == 302
    assert finish().state == Run.State.PUBLISHED
    assert records(source)[0]["fee"] == 500


def test_a_renamed_column_is_followed(steward: Client, source: Source) -> None:
    run = change(source, ("번호", "주차장이름", "면수"), lots(*range(1, 11)))
    answer = decide(steward, run, **{"missing-name": "map:주차장이름"})
    assert answer.status_code == 302, answer.context["form"].errors
    assert finish().state == Run.State.PUBLISHED
    source.distribution.refresh_from_db()
    assert from_table_schema(source.distribution.schema)["name"].source_name == "주차장이름"


def test_personal_data_is_masked_before_anything_is_published(steward: Client, source: Source) -> None:
    rows = [(f"{n:04}", f"담당 010-1234-{5000 + n}", n) for n in range(1, 11)]
    run = change(source, ("번호", "이름", "면수"), rows)
    answer = decide(steward, run, **{"personal-name": "mask"})
    assert answer.status_code == 302, answer.context["form"].errors
    assert finish().state == Run.State.PUBLISHED
    assert not any("1234-5" in record["name"] for record in records(source))
    history = steward.get(reverse("admin:ingest_source_history", args=[source.pk])).content.decode()
    assert "name: mask" in history


def test_deciding_nothing_or_something_wrong_says_so(steward: Client, source: Source) -> None:
    run = change(source, ("번호", "이름", "면수", "요금"), [(*lot, 500) for lot in lots(*range(1, 11))])
    assert "아직 결정한 것이 없습니다" in str(decide(steward, run).context["form"].errors)
    answer = decide(steward, run, **{"new-0": "accept", "name-0": "Fee!", "type-0": "integer"})
    assert "영문 소문자" in str(answer.context["form"].errors)


def test_only_who_may_change_sources_decides(client: Client, source: Source) -> None:
    run = change(source, ("번호", "이름", "면수", "요금"), [(*lot, 500) for lot in lots(*range(1, 11))])
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    client.force_login(viewer)
    assert decide(client, run, **{"new-0": "refuse"}).status_code == 404
