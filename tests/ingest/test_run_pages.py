"""The pages of runs in the admin: how far one is, stopping it, reading kept answers again, refused records tried again."""

import json
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from lxml import html
from pulling import lots, make_source, pull, records, write_lots
from python_calamine import CalamineWorkbook

from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import claim_run, offer_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("steward"))
    return client


@pytest.fixture
def lot_file(tmp_path: Path, settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(
        tmp_path / "lots.csv", [*lots(1, 2), ("0003", "=cmd()", "열둘"), ("", "00012345678901234567", "3")]
    )


def tools(client: Client, run: Run) -> list[str]:
    page = html.fromstring(client.get(reverse("admin:ingest_run_change", args=[run.pk])).content.decode())
    return [button.text_content() for button in page.xpath("//ul[@class='object-tools']//button")]


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def press(client: Client, name: str, run: Run) -> list[str]:
    return messages_of(client.post(reverse(f"admin:ingest_run_{name}", args=[run.pk]), follow=True))


def test_a_page_offers_what_can_be_done_with_the_run(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file)
    waiting = offer_run(source)
    assert tools(steward, waiting) == ["멈추기"]
    pull_run(waiting.pk)
    assert tools(steward, waiting) == ["보관한 응답 다시 읽기", "거절된 레코드 다시 시도"]


def test_a_waiting_run_is_stopped_at_once(steward: Client, lot_file: Path) -> None:
    run = offer_run(make_source(lot_file))
    assert press(steward, "cancel", run) == ["실행에 멈추라고 했습니다."]
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert press(steward, "cancel", run) == ["실행은 이미 끝났습니다."]


def test_a_run_at_work_tells_how_far_it_is(steward: Client, lot_file: Path) -> None:
    run = offer_run(make_source(lot_file))
    claim_run(run.pk)
    Run.objects.update(step="collect", rows=12_345, pages=7, received_bytes=2_500_000)
    told = steward.get(reverse("admin:ingest_run_progress", args=[run.pk])).json()
    assert (told["state"], told["over"]) == ("running", False)
    assert told["words"].startswith("수집 중: 12,345행, 응답 7건, 2.5MB")
    page = html.fromstring(steward.get(reverse("admin:ingest_run_change", args=[run.pk])).content.decode())
    assert page.xpath("//@data-progress") == [reverse("admin:ingest_run_progress", args=[run.pk])]


def test_kept_answers_are_read_again_with_the_rules_of_now(steward: Client, lot_file: Path) -> None:
    source = make_source(lot_file, expectations={"min_rows": 3})
    run = pull(source)
    assert run.state == Run.State.HELD
    lot_file.unlink()  # nobody is asked again
    Source.objects.update(expectations={"min_rows": 1})
    assert press(steward, "replay", run) == ["실행이 작업자를 기다립니다."]
    again = Run.objects.get(kind=Run.Kind.REPLAY)
    pull_run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.of_id, len(records(source))) == (Run.State.PUBLISHED, run.pk, 2)


def test_what_cannot_be_read_again_says_why(steward: Client, lot_file: Path) -> None:
    run = pull(make_source(lot_file))
    Run.objects.update(raw_answers=[])
    [message] = press(steward, "replay", run)
    assert "보관 기간이 지났습니다" in message


def test_refused_records_make_a_workbook_with_a_column_for_each_field(
    steward: Client, lot_file: Path, tmp_path
) -> None:
    run = pull(make_source(lot_file))
    answer = steward.get(reverse("admin:ingest_run_refused", args=[run.pk, "xlsx"]))
    file = tmp_path / "refused.xlsx"
    file.write_bytes(b"".join(answer))
    header, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert header == ["행", "까닭", "열", "값", "번호", "이름", "면수"]
    assert rows == [
        [3.0, "정수가 아닙니다: '열둘'", "spaces", "열둘", "0003", "=cmd()", "열둘"],
        [4.0, "꼭 있어야 할 값이 비어 있습니다", "lot_id", "", "", "00012345678901234567", "3"],
    ]


@pytest.mark.parametrize("name", ["cancel", "replay", "retry"])
def test_only_who_may_change_sources_acts_on_runs_and_only_by_post(client: Client, lot_file: Path, name: str) -> None:
    run = pull(make_source(lot_file))
    address = reverse(f"admin:ingest_run_{name}", args=[run.pk])
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    client.force_login(viewer)
    assert client.post(address).status_code == 404
    assert client.get(address).status_code == 405
    assert tools(client, run) == []
    assert json.loads(client.get(reverse("admin:ingest_run_progress", args=[run.pk])).content)["over"]
