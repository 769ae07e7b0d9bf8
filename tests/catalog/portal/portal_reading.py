"""Reads pages as a visitor without JavaScript does: fetch, parse, look at the words."""

from http import HTTPStatus

from django.test import Client
from lxml import html

Element = html.HtmlElement


def read_page(client: Client, address: str, *, status: int = HTTPStatus.OK, language: str = "ko") -> Element:
    """Fetch a page in a language and return its document; relative links become absolute paths of the page."""
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == status, response.content[:500]
    return html.fromstring(response.content.decode())


def words(element: Element, path: str = ".") -> list[str]:
    """Return the text of every match, with single spaces."""
    return [" ".join(found.text_content().split()) for found in element.xpath(path)]


def by_class(name: str, tag: str = "*") -> str:
    return f"//{tag}[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


def titles(page: Element) -> list[str]:
    """Return the titles of the listed datasets, in order."""
    return words(page, f"{by_class('card', 'article')}//h3")


def link(page: Element, text: str, within: str = "") -> str:
    """Return the address behind the first link whose text begins so."""
    found = [a for a in page.xpath(f"{within}//a") if words(a)[0].startswith(text)]
    assert found, f"no link {text!r} among {words(page, f'{within}//a')}"
    return found[0].get("href")
