"""What keeps people out of a page: axe's findings that are serious or critical."""

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {"preload": False}  # axe would ask for imported style sheets under wrong addresses


def find_barriers(page: Page, addresses: Iterable[str]) -> list[str]:
    """Open every address and return what axe finds there: the page, the rule and the element."""
    found = []
    for address in addresses:
        page.goto(address)
        found += [
            f"{address} {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in Axe().run(page, options=OPTIONS).response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    return found
