"""A visitor's way through the portal: search, read, change the language, download."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from barriers import find_barriers
from browser_hub import fill_hub
from django.conf import LazySettings
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
PAGES = (
    "/",
    "/?q=주차장",
    "/?q=낙타&theme=transport",
    "/dataset/parking",
    "/dataset/cctv",
    "/organisation/hanbit-city",
    "/about",
)


@pytest.fixture(autouse=True)
def hub(transactional_db: None, tmp_path: Path, settings: LazySettings) -> None:
    fill_hub(tmp_path, settings)


def test_a_visitor_searches_in_korean_and_reads_a_dataset(open_page: OpenPage) -> None:
    page = open_page("/")

    page.get_by_role("combobox", name="데이터셋 찾기").fill("주 차장")
    page.get_by_role("button", name="검색").click()
    expect(page).to_have_url(re.compile(r"/\?q="))
    expect(page.locator(".card mark").first).to_have_text("주차장")

    page.get_by_role("link", name="한빛시 주차장 정보").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("한빛시 주차장 정보")
    table = page.get_by_role("table", name="전체 레코드 44개 가운데 처음 20개")
    expect(table.get_by_role("columnheader", name="주차구획수")).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(20)
    expect(table.get_by_role("cell", name="0001")).to_be_visible()
    expect(page.locator("#versions")).to_contain_text("정수가 아닙니다: '열둘'")


def test_facets_narrow_and_are_taken_back(open_page: OpenPage) -> None:
    page = open_page("/")

    page.get_by_role("link", name="안전 1").click()
    expect(page.locator(".card")).to_have_count(1)
    page.locator(".chosen").get_by_role("link", name="안전").click()
    expect(page.locator(".card")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/$"))


def test_the_language_stays_as_it_was_chosen(open_page: OpenPage) -> None:
    page = open_page("/dataset/parking")

    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hanbit car parks")
    page.get_by_role("link", name="Datasets").first.click()
    expect(page.get_by_role("heading", name="All datasets")).to_be_visible()
    page.get_by_role("link", name="한국어").click()
    expect(page.get_by_role("heading", name="모든 데이터셋")).to_be_visible()


def test_a_csv_is_downloaded(open_page: OpenPage) -> None:
    page = open_page("/dataset/parking")

    with page.expect_download() as download:
        page.locator(".downloads a").filter(has_text="엑셀용 CSV").click()
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(".csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert len(content.decode("utf-8-sig").splitlines()) == 45


def test_a_line_is_copied(open_page: OpenPage) -> None:
    page = open_page("/dataset/parking")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="복사").first.click()
    expect(page.get_by_role("button", name="복사했습니다")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")


def test_everything_works_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/", javascript=False)

    page.get_by_role("combobox").fill("주차장")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="한빛시 주차장 정보").click()
    expect(page.locator("table.records tbody tr")).to_have_count(20)
    expect(page.locator("pre").first).to_contain_text("curl ")


def test_closed_records_stay_closed(open_page: OpenPage) -> None:
    page = open_page("/dataset/cctv")

    expect(page.locator(".notice")).to_contain_text("개인정보 보호법 제25조")
    expect(page.locator("table.records")).to_have_count(0)


def test_every_page_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page("/", width=390)

    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_filters_are_a_drawer_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/", width=390)
    facet = page.get_by_role("link", name="안전 1")
    expect(facet).not_to_be_visible()

    page.locator(".facets > details > summary").click()
    expect(facet).to_be_visible()


@pytest.mark.parametrize(
    "window", [{}, {"dark": True}, {"width": 390}, {"locale": "en-US"}], ids=["light", "dark", "phone", "English"]
)
def test_no_page_has_a_serious_barrier(open_page: OpenPage, window: dict[str, Any]) -> None:
    assert find_barriers(open_page("/", **window), PAGES) == []
