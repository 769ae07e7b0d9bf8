"""Connecting a source in the admin: what can be connected, a look at it, saving dataset and source together."""

from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset, make_organisation
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation
from lxml import html
from pulling import LOTS, records

from catalog.models import Dataset
from ingest.connectors import CONNECTORS
from ingest.kinds import KINDS
from ingest.models import Run, Secret, Source
from ingest.pipeline import pull_run
from ingest.secret_store import save_secret

pytestmark = pytest.mark.django_db
LINES = ["관리번호,주차장명,면수,비고", *(f"{number:04},제{number}주차장,{number * 10},-" for number in range(1, 41))]


@pytest.fixture
def steward(client: Client) -> Client:
    cache.clear()
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


@pytest.fixture
def lot_file(tmp_path: Path, settings) -> str:
    settings.FILE_ROOTS = [tmp_path]
    (tmp_path / "lots.csv").write_bytes("\r\n".join(LINES).encode("cp949"))
    return "lots.csv"


def address(connector: str, **more: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in {"connector": connector, **more}.items())
    return f"{reverse('admin:ingest_source_connect')}?{query}"


def page_of(response: Any) -> html.HtmlElement:
    return html.fromstring(response.content.decode())


def filled_in(response: Any) -> dict[str, str]:
    """Return what the page's form would send as it stands."""
    values = {}
    for field in page_of(response).xpath("//form[@class='connect']//*[@name]"):
        if field.tag == "select":
            chosen = field.xpath("./option[@selected]/@value")
            values[field.get("name")] = chosen[0] if chosen else ""
        elif field.tag == "textarea":
            values[field.get("name")] = field.text_content()
        elif field.get("type") == "checkbox":
            values |= {field.get("name"): "on"} if field.get("checked") is not None else {}
        elif field.get("type") != "submit":
            values[field.get("name")] = field.get("value", "")
    return values


def test_every_connector_and_every_known_platform_can_be_chosen(steward: Client) -> None:
    links = page_of(steward.get(reverse("admin:ingest_source_connect"))).xpath(
        "//section[@class='module kinds']//a/@href"
    )
    assert {f"?connector={name}" for name in CONNECTORS} <= set(links)
    assert "?connector=envelope&preset=airkorea" in links
    for link in links:
        assert steward.get(reverse("admin:ingest_source_connect") + link).status_code == 200


def test_a_file_is_looked_at_and_connected_with_its_new_dataset(steward: Client, lot_file: str) -> None:
    make_organisation()
    look = steward.post(address("file"), {"config.path": lot_file, "look": "1"})
    said = page_of(look).xpath("string(//main)")
    assert "레코드 40개를 보았고" in said
    assert "0으로 시작하는 값이 있어" in said  # codes keep their zeros, and that is told
    assert not Source.objects.exists()

    values = filled_in(look) | {
        "save": "1", "slug": "lots", "dataset_slug": "lots", "title": "주차장", "organisation": "hanbit-city",
        "theme": "transport", "licence": "kogl-1", "access_level": "public", "schedule": "매일 04:30",
    }  # fmt: skip
    places = {column["source"]: at for at, column in enumerate(look.context["save"].columns)}
    values.pop(f"use-{places['비고']}")
    values[f"name-{places['관리번호']}"] = "lot_id"
    answer = steward.post(address("file"), values)
    assert answer.status_code == 302, page_of(answer).xpath("string(//ul[@class='errorlist'])")

    source, run = Source.objects.get(), Run.objects.get()
    assert (source.schedule, source.ignored_columns) == ("매일 04:30", ["비고"])
    assert answer.url == reverse("admin:ingest_run_change", args=[run.pk])
    pull_run(run.pk)
    assert records(source)[0]["lot_id"] == "0001"
    assert Dataset.objects.get().title_ko == "주차장"


def test_a_source_may_join_a_dataset_that_is_there(steward: Client, lot_file: str) -> None:
    dataset = make_dataset("lots", schema=LOTS)
    values = filled_in(steward.post(address("file"), {"config.path": lot_file, "look": "1"}))
    values |= {"save": "1", "slug": "more-lots", "dataset": str(dataset.distribution.pk)}
    assert steward.post(address("file"), values).status_code == 302
    assert Source.objects.get().distribution == dataset.distribution


def test_what_a_new_dataset_lacks_is_said_at_its_field_and_nothing_is_saved(steward: Client, lot_file: str) -> None:
    make_organisation()
    values = filled_in(steward.post(address("file"), {"config.path": lot_file, "look": "1"}))
    answer = steward.post(address("file"), values | {"save": "1", "title": "", "theme": ""})
    assert {"title", "theme", "licence"} <= set(answer.context["save"].errors)
    assert not Source.objects.exists()
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "꼭 있어야"),
        ({"config.path": "http://127.0.0.1:1/x"}, "허용되지 않은 주소"),
        ({"config.path": "missing.csv"}, "missing.csv"),
        ({"config.path": "lots.csv", "config.format": "gif"}, "gif"),
    ],
)
def test_what_cannot_be_looked_at_is_said(steward: Client, lot_file: str, values: dict[str, str], says: str) -> None:
    answer = steward.post(address("file"), values | {"look": "1"})
    assert says in page_of(answer).xpath("string(//form[@class='connect'])")


def test_a_secret_is_named_never_written(steward: Client) -> None:
    save_secret("portal-key", "planted-word")
    values = {"config.url": "https://apis.example/x", "config.service_key": "no-such", "look": "1"}
    assert "no-such" in str(steward.post(address("datagokr"), values).context["form"].errors)
    shown = steward.get(address("datagokr")).content.decode()
    assert '<option value="portal-key">' in shown
    assert "planted-word" not in shown


def test_somebody_who_looks_all_the_time_is_asked_to_wait(steward: Client, lot_file: str, monkeypatch) -> None:
    monkeypatch.setattr("ingest.admin.connect.PREVIEWS_AN_HOUR", 1)
    said = [
        page_of(steward.post(address("file"), {"config.path": lot_file, "look": "1"})).xpath("string(//main)")
        for _ in range(2)
    ]
    assert ["한 시간 안에" in text for text in said] == [False, True]


def test_only_who_may_add_sources_connects_any(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("viewer", is_staff=True))
    assert client.get(reverse("admin:ingest_source_connect")).status_code == 404


def test_nothing_that_is_there_is_overwritten_by_a_new_source(steward: Client, lot_file: str) -> None:
    make_dataset("lots", schema=LOTS, access_level="restricted", access_reason={"ko": "시험"})
    first = filled_in(steward.post(address("file"), {"config.path": lot_file, "look": "1"}))
    new = first | {
        "title": "주차장",
        "organisation": "hanbit-city",
        "theme": "transport",
        "licence": "kogl-1",
        "save": "1",
    }
    answer = steward.post(address("file"), new | {"dataset_slug": "lots", "access_level": "public"})
    assert "dataset_slug" in answer.context["save"].errors
    assert Dataset.objects.get().access_level == "restricted"

    assert steward.post(address("file"), new | {"access_level": "public"}).status_code == 302
    answer = steward.post(address("file"), new | {"dataset_slug": "others", "access_level": "public"})
    assert "slug" in answer.context["save"].errors
    second = filled_in(steward.post(address("file"), {"config.path": lot_file, "look": "1"}))
    assert second["slug"] == second["dataset_slug"] == f"{first['slug']}-2"


def test_who_may_add_sources_but_no_datasets_uses_those_that_are_there(client: Client, lot_file: str) -> None:
    cache.clear()
    dataset = make_dataset("lots", schema=LOTS)
    Secret.objects.create(name="seoul-key")
    person = get_user_model().objects.create_user("person", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="add_source"))
    client.force_login(person)
    look = client.post(address("file"), {"config.path": lot_file, "look": "1"})
    assert "seoul-key" not in look.content.decode()
    values = filled_in(look) | {
        "save": "1", "title": "주차장", "organisation": "hanbit-city", "theme": "transport", "licence": "kogl-1",
        "access_level": "public",
    }  # fmt: skip
    assert "dataset" in client.post(address("file"), values).context["save"].errors
    client.post(address("file"), values | {"dataset": str(dataset.distribution.pk)})
    assert Source.objects.get().distribution == dataset.distribution


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_is_explained_in_korean(name: str) -> None:
    with translation.override("ko"):
        for setting, field in KINDS[name].config.model_fields.items():
            told = translation.gettext(field.description or "")
            assert told == field.description == "$select." or any("가" <= letter <= "힣" for letter in told), setting


@pytest.mark.parametrize("is_superuser", [True, False])
def test_private_addresses_are_granted_by_superusers_alone(client: Client, is_superuser: bool) -> None:
    cache.clear()
    person = get_user_model().objects.create_user("person", is_staff=True, is_superuser=is_superuser)
    person.user_permissions.add(Permission.objects.get(codename="add_source"))
    client.force_login(person)
    values = {"config.path": "http://127.0.0.1:1/a.csv", "allow_private": "on", "look": "1"}
    said = page_of(client.post(address("file"), values)).xpath("string(//form[@class='connect'])")
    assert ("허용되지 않은 주소" in said) is not is_superuser
