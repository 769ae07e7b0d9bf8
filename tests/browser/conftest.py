"""A real browser (Debian's Chromium) before a live server, watched: console, policy violations, foreign requests."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REPORT_VIOLATIONS = (
    "addEventListener('securitypolicyviolation', event => console.error('policy: ' + event.violatedDirective))"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the browser, or skip where there is none.

    Playwright keeps an event loop running in this thread, which Django takes for asynchronous code; nothing here is.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; on Debian: apt-get install chromium")
    allowed = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    with sync_playwright() as playwright:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    if allowed is not None:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = allowed


@dataclass
class Watch:
    """What a page did that it should not: errors on the console, policy violations, requests to other hosts."""

    home: str
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on(
            "console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.check_address(request.url))

    def check_address(self, address: str) -> None:
        if not address.startswith((f"{self.home}/", "data:", "blob:")):
            self.complaints.append(f"request to {address}")


@pytest.fixture
def open_page(chromium: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a new window; at the end no window may have a complaint."""
    watch = Watch(live_server.url)
    contexts: list[BrowserContext] = []

    def open_one(
        address: str, *, width: int = 1280, dark: bool = False, javascript: bool = True, locale: str = "ko-KR"
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale=locale,
            timezone_id="Asia/Seoul",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        if javascript:
            page.add_init_script(REPORT_VIOLATIONS)
        watch.follow(page)
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert watch.complaints == []
