"""No English sentence is left on a Korean page: every page of the portal and the admin is rendered and read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ROWS, make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from korean_sentences import english_in, english_sentences
from lxml import html

from catalog.models import Dataset
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import enter_run
from ingest.sources import save_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(tmp_path: Path, settings: LazySettings, client: Client) -> Client:
    """Fill a hub with a bit of everything and return a steward's browser."""
    settings.FILE_ROOTS = [tmp_path]
    file = tmp_path / "air.csv"
    file.write_text(
        "station_id,district,pm10,observed_on\n1,강남구,높음,2018-01-01\n2,종로구,3,2018-01-02\n", encoding="utf-8"
    )
    air = make_dataset("air", frequency="daily", region="44", temporal={"start": "2018-01-01", "end": "2018-12-31"})
    publish_rows(air, ROWS)
    make_dataset("cctv", access_level="restricted", access_reason={"ko": "개인정보 보호법 제25조"})
    make_dataset("new")
    for slug, path, expectations in (
        ("air", file, {}),
        ("held", file, {"min_rows": 9}),
        ("gone", tmp_path / "no.csv", {}),
    ):
        save_source(
            slug,
            air.distribution,
            connector="file",
            config={"path": str(path)},
            schedule="daily",
            expectations=expectations,
        )
        pull_run(enter_run(Source.objects.get(slug=slug)).pk)
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


def portal_pages() -> Iterator[str]:
    yield from (
        "/",
        "/?q=미세먼지&theme=environment",
        "/?q=낙타 주차&theme=safety",
        "/about",
        "/no/page",
        "/standard/1.0/",
        "/standard/1.0/vocabularies/licence",
        "/standard/1.0/vocabularies/file_type",
        "/standard/1.0/vocabularies/licence/kogl-1",
        "/standard/1.0/data-models/off-street-parking",
        "/organisation/hanbit-city",
    )
    yield from (f"/dataset/{slug}" for slug in ("air", "cctv", "new", "nothing"))


def admin_pages() -> Iterator[str]:
    yield reverse("admin:index")
    for model in ("catalog_dataset", "catalog_organisation", "catalog_change", "ingest_source", "ingest_run"):
        yield reverse(f"admin:{model}_changelist")
    for model in ("catalog_dataset", "catalog_organisation", "ingest_source"):
        yield reverse(f"admin:{model}_add")
    yield from (reverse("admin:catalog_dataset_change", args=[dataset.pk]) for dataset in Dataset.objects.all())
    yield from (reverse("admin:ingest_source_change", args=[source.pk]) for source in Source.objects.all())
    yield from (reverse("admin:ingest_run_change", args=[run.pk]) for run in Run.objects.all())
    yield reverse("admin:catalog_change_change", args=[1])
    yield reverse("admin:app_list", args=["ingest"])
    yield reverse("admin:password_change")
    yield reverse("admin:catalog_dataset_history", args=[Dataset.objects.first().pk])


def test_the_portal_speaks_korean(hub: Client) -> None:
    assert [sentence for address in portal_pages() for sentence in english_sentences(hub, address)] == []


def test_the_admin_speaks_korean(hub: Client) -> None:
    assert [sentence for address in admin_pages() for sentence in english_sentences(hub, address)] == []


def test_errors_of_a_form_are_in_korean(hub: Client) -> None:
    for model in ("catalog_dataset", "catalog_organisation", "ingest_source"):
        response = hub.post(reverse(f"admin:{model}_add"), {}, headers={"accept-language": "ko"})
        page = html.fromstring(response.content.decode())
        assert page.xpath("//ul[contains(@class, 'errorlist')]") != []
        assert english_in(page) == []


def test_the_sign_in_page_speaks_korean(client: Client) -> None:
    assert english_sentences(client, reverse("admin:login")) == []
