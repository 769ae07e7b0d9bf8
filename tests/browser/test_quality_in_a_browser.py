"""The page that says why a dataset has its points, as a visitor sees it: it fits, has no barriers, and leads to the proofs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from barriers import find_barriers
from browser_hub import fill_hub
from django.conf import LazySettings
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
PAGES = ("/dataset/parking/quality", "/dataset/cctv/quality")


@pytest.fixture(autouse=True)
def hub(transactional_db: None, tmp_path: Path, settings: LazySettings) -> None:
    fill_hub(tmp_path, settings)


def test_a_visitor_asks_why_a_dataset_has_its_points(open_page: OpenPage) -> None:
    page = open_page("/dataset/parking")

    page.locator(".figures a[href$='/quality']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("메타데이터 품질")
    expect(page.locator(".lost li").first).to_contain_text("−10")
    page.locator(".bars").get_by_role("link", name="함께 쓰기 쉬움").click()
    expect(page.locator("caption#interoperability")).to_be_in_viewport()
    page.locator("#measured .proofs a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("한빛시 주차장 정보")


def test_the_page_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page("/", width=390)

    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


@pytest.mark.parametrize(
    "window", [{}, {"dark": True}, {"width": 390}, {"locale": "en-US"}], ids=["light", "dark", "phone", "English"]
)
def test_the_page_has_no_serious_barrier(open_page: OpenPage, window: dict[str, Any]) -> None:
    assert find_barriers(open_page("/", **window), PAGES) == []
