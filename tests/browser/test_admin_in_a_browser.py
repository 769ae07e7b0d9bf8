"""A steward's day in the admin: sign in, see today's work, read a run, pull now, in Korean and without barriers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from barriers import find_barriers
from browser_hub import PASSWORD, fill_hub
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog.models import Dataset
from ingest.models import Run, Source

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def hub(transactional_db: None, tmp_path: Path, settings: LazySettings) -> None:
    fill_hub(tmp_path, settings)


def sign_in(open_page: OpenPage, **options: bool) -> Page:
    page = open_page("/admin/", **options)
    page.get_by_label("사용자 이름").fill("steward")
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="로그인").click()
    expect(page.get_by_role("heading", name="오늘 할 일")).to_be_visible()
    return page


def test_a_steward_finds_what_went_wrong_and_pulls_again(open_page: OpenPage) -> None:
    page = sign_in(open_page)

    work = page.locator(".work section").filter(has_text="실패하거나 보류된 실행")
    expect(work).to_contain_text("최소 100개가 필요합니다")
    work.get_by_role("link", name="parking-short").click()
    expect(page.locator(".field-state_badge")).to_contain_text("보류")

    page.get_by_role("link", name="parking-short", exact=True).click()
    page.get_by_role("button", name="지금 가져오기").click()
    expect(page.locator(".messagelist")).to_contain_text("실행이 작업자를 기다립니다")
    expect(page.locator(".field-state_badge")).to_contain_text("대기")


def test_refused_records_are_downloaded_from_the_run(open_page: OpenPage) -> None:
    page = sign_in(open_page)
    run = Run.objects.get(source__slug="parking")

    page.goto(reverse("admin:ingest_run_change", args=[run.pk]))
    with page.expect_download() as download:
        page.get_by_role("link", name="엑셀용 CSV").click()
    assert "정수가 아닙니다: '열둘'" in Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_a_description_is_changed_and_seen_in_the_portal(open_page: OpenPage) -> None:
    page = sign_in(open_page)
    page.goto(reverse("admin:catalog_dataset_change", args=[Dataset.objects.get(slug="parking").pk]))

    page.get_by_label("제목 (한국어)").fill("한빛시 주차장")
    page.get_by_role("button", name="저장", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("항목을 저장했습니다")

    page.goto("/?q=한빛시 주차장")
    expect(page.get_by_role("link", name="한빛시 주차장", exact=True)).to_be_visible()


def test_the_admin_speaks_english_on_demand(open_page: OpenPage) -> None:
    page = sign_in(open_page)

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Today's work")).to_be_visible()
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="오늘 할 일")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_admins_pages_have_no_serious_barrier(open_page: OpenPage, dark: bool) -> None:
    page = sign_in(open_page, dark=dark)
    addresses = [
        reverse("admin:index"),
        *(
            reverse(f"admin:{model}_changelist")
            for model in ("catalog_dataset", "catalog_organisation", "catalog_change", "ingest_source", "ingest_run")
        ),
        reverse("admin:catalog_dataset_change", args=[Dataset.objects.get(slug="parking").pk]),
        reverse("admin:ingest_source_change", args=[Source.objects.get(slug="parking").pk]),
        reverse("admin:ingest_run_change", args=[Run.objects.get(source__slug="parking").pk]),
    ]
    assert find_barriers(page, addresses) == []
