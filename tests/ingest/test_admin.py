"""Sources and runs in the stewards' admin: saving, pulling now, reading what happened, refused records, today's work."""

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pulling import LOTS, lots, make_source, pull, write_lots

from catalog.errors import BadDescription
from ingest.errors import Unreachable
from ingest.models import AlertChannel, Run, Source
from ingest.opening import refuse_opening
from ingest.runs import Progress, claim_run, end_with_error, offer_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


@pytest.fixture
def lot_file(tmp_path: Path, settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(
        tmp_path / "lots.csv", [*lots(1, 2, 3), ("0004", "=cmd()", "-"), ("0005", "제5", "열둘"), ("", "이름", "3")]
    )


def words(client: Client, address: str, path: str) -> list[str]:
    found = html.fromstring(client.get(address).content.decode()).xpath(path)
    return [" ".join(element.text_content().split()) for element in found]


def by_class(name: str) -> str:
    return f"//*[contains(concat(' ', @class, ' '), ' {name} ')]"


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def new_source(dataset: Any, **values: Any) -> dict[str, Any]:
    return {
        "slug": "lots",
        "distribution": dataset.distribution.pk,
        "connector": "file",
        "config": '{"path": "lots.csv"}',
        "mode": "replace",
        "schedule": "daily",
        "expectations": '{"min_rows": 3}',
        "ignored_columns": "rnum, 비고",
        "raw_days": "7",
        "is_enabled": "on",
    } | values


def test_a_source_is_saved_through_its_verb(steward: Client) -> None:
    dataset = make_dataset("lots", schema=LOTS)

    response = steward.post(reverse("admin:ingest_source_add"), new_source(dataset))

    assert response.status_code == 302, errors(response)
    source = Source.objects.get()
    assert (source.config, source.expectations) == ({"path": "lots.csv"}, {"min_rows": 3})
    assert source.ignored_columns == ["rnum", "비고"]


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"config": '{"pfad": "x"}'}, "config", "config.path"),
        ({"config": "{"}, "config", "올바른 JSON이 아닙니다"),
        ({"schedule": "sometimes"}, "schedule", "일정을 읽을 수 없습니다"),
        ({"mode": "upsert"}, "mode", "key가 필요합니다"),
        ({"expectations": '{"min_row": 1}'}, "expectations", "쓸 수 없는 이름"),
        ({"connector": "ftp"}, "connector", ""),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(steward: Client, wrong: dict[str, str], field: str, says: str) -> None:
    dataset = make_dataset("lots", schema=LOTS)

    response = steward.post(reverse("admin:ingest_source_add"), new_source(dataset, **wrong))

    assert list(errors(response)) == [field]
    assert says in errors(response)[field][0]
    assert not Source.objects.exists()


def test_a_new_schedule_is_counted_from_now(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file, schedule="daily")
    Source.objects.update(next_at=timezone.now())

    values = new_source(source.distribution.dataset, config=json.dumps(source.config), schedule="hourly")
    assert steward.post(reverse("admin:ingest_source_change", args=[source.pk]), values).status_code == 302

    assert Source.objects.get().next_at is None


def test_secrets_are_named_and_korean_is_readable_in_the_form(steward: Client, lot_file: Path) -> None:
    source = make_source("/자료/주차장.csv")

    [shown] = words(steward, reverse("admin:ingest_source_change", args=[source.pk]), "//textarea[@name='config']")
    assert shown == '{ "path": "/자료/주차장.csv" }'


def test_run_now_makes_a_run_and_says_where_it_is(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file)

    response = steward.post(
        reverse("admin:ingest_source_changelist"), {"action": "run_now", "_selected_action": [source.pk]}, follow=True
    )

    run = Run.objects.get()
    assert run.state == Run.State.WAITING
    [message] = html.fromstring(response.content.decode()).xpath("//ul[@class='messagelist']/li")
    assert "실행 1건이 작업자를 기다립니다" in message.text_content()
    assert message.xpath(".//a/@href") == [reverse("admin:ingest_run_change", args=[run.pk])]


def test_the_button_of_a_source_runs_it(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file)

    response = steward.post(reverse("admin:ingest_source_run", args=[source.pk]))

    assert response.url == reverse("admin:ingest_run_change", args=[Run.objects.get().pk])


def test_a_link_alone_runs_nothing(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file)

    assert steward.get(reverse("admin:ingest_source_run", args=[source.pk])).status_code == 405
    assert not Run.objects.exists()


def test_a_source_with_runs_is_not_deleted(steward: Client, lot_file: Path) -> None:
    used, unused = make_source(lot_file), make_source(lot_file, "unused")
    pull(used)

    for source, status in ((used, 403), (unused, 302)):
        address = reverse("admin:ingest_source_delete", args=[source.pk])
        assert steward.post(address, {"post": "yes"}).status_code == status


def test_what_is_not_known_yet_is_not_called_none(steward: Client, lot_file: Path) -> None:
    run = offer_run(make_source(lot_file))

    assert "None" not in words(steward, reverse("admin:ingest_run_change", args=[run.pk]), "//main")[0]


def test_a_runs_page_tells_what_happened(steward: Client, lot_file: Path) -> None:
    run = pull(make_source(lot_file, expectations={"min_rows": 1}))
    address = reverse("admin:ingest_run_change", args=[run.pk])

    assert words(steward, address, by_class("field-happened")) == [
        "결과: 공개했습니다. 레코드 4개를 받아들이고 2개를 거절했습니다."
    ]
    findings = words(steward, address, "//td[@class='field-text']")
    assert sorted("정수가 아닙니다" in finding for finding in findings) == [False, True]


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("waiting", "작업자를 기다립니다"),
        ("running", "지금까지 7행을 받았습니다"),
        ("published", "레코드 5개를 받아들이고 2개를 거절했습니다"),
        ("unchanged", "새로운 것이 없습니다"),
    ],
)
def test_every_state_has_a_sentence(steward: Client, lot_file: Path, state: str, says: str) -> None:
    run = offer_run(make_source(lot_file))
    Run.objects.update(state=state, rows=7, accepted=5, rejected=2)

    [happened] = words(steward, reverse("admin:ingest_run_change", args=[run.pk]), by_class("field-happened"))
    assert says in happened


def test_a_run_that_is_tried_again_says_when(steward: Client, lot_file: Path) -> None:
    run = offer_run(make_source(lot_file))
    end_with_error(claim_run(run.pk), Unreachable(address="https://x.example", reason="refused"), Progress())

    [happened] = words(steward, reverse("admin:ingest_run_change", args=[run.pk]), by_class("field-happened"))
    assert "https://x.example에 연결할 수 없습니다" in happened and "에 다시 시도합니다." in happened


def test_runs_are_read_only(steward: Client, lot_file: Path) -> None:
    run = offer_run(make_source(lot_file))

    assert steward.get(reverse("admin:ingest_run_add")).status_code == 403
    assert steward.post(reverse("admin:ingest_run_change", args=[run.pk]), {"state": "published"}).status_code == 403
    assert steward.post(reverse("admin:ingest_run_delete", args=[run.pk]), {"post": "yes"}).status_code == 403


def test_runs_are_filtered_by_state(steward: Client, lot_file: Path) -> None:
    offer_run(make_source(lot_file))
    pull(make_source(lot_file, "second"))

    response = steward.get(reverse("admin:ingest_run_changelist"), {"state__exact": "published"})
    assert [run.source.slug for run in response.context["cl"].result_list] == ["second"]


def test_refused_records_are_downloaded_as_they_were_kept(steward: Client, lot_file: Path) -> None:
    run = pull(make_source(lot_file))

    response = steward.get(reverse("admin:ingest_run_refused", args=[run.pk, "ndjson"]))

    entries = [json.loads(line) for line in b"".join(response).decode().splitlines()]
    assert response["Content-Disposition"] == f'attachment; filename="parking-{run.pk}-refused.ndjson"'
    assert sorted((entry["row"], entry["reason"], entry["column"]) for entry in entries) == [
        (5, "not-integer", "spaces"),
        (6, "missing-value", "lot_id"),
    ]
    assert {entry["record"]["번호"] for entry in entries} == {"0005", ""}


@pytest.mark.parametrize(
    ("language", "header", "reason"),
    [
        ("ko", ["행", "까닭", "열", "값", "원본 레코드"], "정수가 아닙니다: '열둘'"),
        ("en", ["row", "reason", "column", "value", "raw record"], "not a whole number: '열둘'"),
    ],
)
def test_refused_records_open_in_excel(
    steward: Client, lot_file: Path, language: str, header: list[str], reason: str
) -> None:
    run = pull(make_source(lot_file))

    response = steward.get(
        reverse("admin:ingest_run_refused", args=[run.pk, "csv"]), headers={"accept-language": language}
    )

    content = b"".join(response)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == header
    [row] = [row for row in rows if row[0] == "5"]
    assert row[1:4] == [reason, "spaces", "열둘"]
    assert json.loads(row[4])["이름"] == "제5"


def test_refused_records_are_for_stewards_only(client: Client, lot_file: Path) -> None:
    run = pull(make_source(lot_file))
    address = reverse("admin:ingest_run_refused", args=[run.pk, "csv"])
    assert client.get(address).status_code == 302

    client.force_login(get_user_model().objects.create_user("visitor"))
    assert client.get(address).status_code == 302

    other = get_user_model().objects.create_user("other-steward", is_staff=True)
    client.force_login(other)
    assert client.get(address).status_code == 404

    other.user_permissions.add(Permission.objects.get(codename="view_run"))
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("format_name", ["csv", "ndjson", "xlsx"])
def test_there_is_no_file_without_refused_records(steward: Client, lot_file: Path, format_name: str) -> None:
    run = offer_run(make_source(lot_file))

    assert steward.get(reverse("admin:ingest_run_refused", args=[run.pk, format_name])).status_code == 404


def work(client: Client) -> dict[str, list[str]]:
    """Return today's lists: the title of each with its items."""
    sections = html.fromstring(client.get("/admin/").content.decode()).xpath("//div[@class='work']/section")
    return {
        section.xpath("string(h2/text())").strip(): [" ".join(i.text_content().split()) for i in section.xpath(".//li")]
        for section in sections
    }


def test_a_day_without_trouble_says_so(steward: Client) -> None:
    assert work(steward) == {"실패하거나 보류된 실행": [], "늦어지는 소스": []}


def test_a_held_run_is_todays_work_until_the_next_one_goes_well(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file, expectations={"min_rows": 100})
    pull(source)
    [item] = work(steward)["실패하거나 보류된 실행"]
    assert item.startswith("parking") and "최소 100개가 필요합니다" in item

    Source.objects.update(expectations={})
    pull(Source.objects.get())
    assert work(steward)["실패하거나 보류된 실행"] == []


@pytest.mark.parametrize(
    ("frequency", "age", "is_late"),
    [
        ("hourly", dt.timedelta(minutes=90), False),
        ("hourly", dt.timedelta(hours=3), True),
        ("daily", dt.timedelta(hours=40), False),
        ("daily", dt.timedelta(hours=60), True),
        ("irregular", dt.timedelta(days=900), False),
        ("", dt.timedelta(days=900), False),
    ],
)
def test_data_older_than_promised_is_late(
    steward: Client, lot_file: Path, frequency: str, age: dt.timedelta, is_late: bool
) -> None:
    dataset = make_dataset("lots", schema=LOTS, frequency=frequency)
    pull(make_source(lot_file, dataset=dataset, schedule="daily"))
    Run.objects.update(ended_at=timezone.now() - age)

    assert bool(work(steward)["늦어지는 소스"]) is is_late


@pytest.mark.parametrize(
    ("schedule", "is_enabled", "is_late"), [("daily", True, True), ("daily", False, False), ("", True, False)]
)
def test_a_source_that_is_not_pulled_when_due_is_late(
    steward: Client, lot_file: Path, schedule: str, is_enabled: bool, is_late: bool
) -> None:
    make_source(lot_file, schedule=schedule, is_enabled=is_enabled)
    Source.objects.update(next_at=timezone.now() - dt.timedelta(hours=1))

    assert ["스케줄러가 도는지" in item for item in work(steward)["늦어지는 소스"]] == [True] * is_late


def test_who_may_not_see_runs_has_no_such_work(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("other-steward", is_staff=True))

    assert work(client) == {}


def test_what_was_granted_for_one_address_is_not_turned_to_another_by_who_may_not_grant(client: Client) -> None:
    person = get_user_model().objects.create_user("person", is_staff=True)
    for codename in ("change_source", "view_source", "change_alertchannel", "view_alertchannel", "add_alertchannel"):
        person.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(person)
    dataset = make_dataset("lots", schema=LOTS)
    source = make_source("lots.csv", dataset=dataset)
    Source.objects.update(allow_private=True)
    changed = new_source(dataset, config='{"path": "http://10.0.0.5/secret"}', schedule="weekly")
    response = client.post(reverse("admin:ingest_source_change", args=[source.pk]), changed)
    assert response.status_code == 302, errors(response)
    source.refresh_from_db()
    assert (source.config, source.schedule, source.allow_private) == ({"path": "lots.csv"}, "weekly", True)

    new = {
        "kind": "webhook",
        "address": "http://10.0.0.5/",
        "language": "ko",
        "is_enabled": "on",
        "allow_private": "on",
    }
    client.post(reverse("admin:ingest_alertchannel_add"), new)
    channel = AlertChannel.objects.get()
    assert not channel.allow_private
    AlertChannel.objects.update(allow_private=True)
    elsewhere = reverse("admin:ingest_alertchannel_change", args=[channel.pk])
    client.post(elsewhere, new | {"address": "http://10.0.0.6/", "language": "en"})
    channel.refresh_from_db()
    assert (channel.address, channel.language) == ("http://10.0.0.5/", "en")


def form_of(client: Client, address: str) -> dict[str, Any]:
    """Return what the form at an address would send if it were saved unchanged."""
    [form] = html.fromstring(client.get(address).content.decode()).xpath("//form[contains(@id, '_form')]")
    return {name: value for name, value in form.form_values() if not name.startswith("_")}


def test_a_dataset_that_was_closed_for_a_column_is_not_opened_before_that_is_decided_anew(
    steward: Client, tmp_path: Path
) -> None:
    dataset = make_dataset("lots", schema=LOTS, access_level="restricted", access_reason={"ko": "개인정보"})
    source = make_source("lots.csv", dataset=dataset)
    Source.objects.update(personal_data={"name": "restrict"})
    address = reverse("admin:catalog_dataset_change", args=[dataset.pk])
    response = steward.post(address, form_of(steward, address) | {"access_level": "public"})
    assert list(errors(response)) == ["access_level"]
    assert f"'{source.slug}' 소스의 열 name" in errors(response)["access_level"][0]
    with pytest.raises(BadDescription, match="name"):
        refuse_opening("lots", "registered")
    refuse_opening("lots", "non-public")
    Source.objects.update(personal_data={"name": "drop"})
    refuse_opening("lots", "public")
