"""What of a page people read, and which of it is an English sentence."""

import re
from collections.abc import Iterator

from django.test import Client
from lxml import html

# Three English words in a row are a sentence; code, data in other languages and names are none.
ENGLISH = re.compile(r"[A-Za-z][a-z']+(?: [A-Za-z][a-z']+){2,}")
NOT_READ = "ancestor-or-self::*[self::script or self::style or self::code or self::pre or self::textarea or @lang='en']"
SPOKEN_ATTRIBUTES = ("title", "alt", "aria-label", "placeholder", "data-copy", "data-copied", "value")
NAMES = ("Frictionless Table Schema", "Smart Data Models", "City Data Hub")


def spoken(page: html.HtmlElement) -> Iterator[str]:
    yield from (str(text) for text in page.xpath(f"//text()[not({NOT_READ})]"))
    for name in SPOKEN_ATTRIBUTES:
        yield from (str(value) for value in page.xpath(f"//*[not({NOT_READ})]/@{name}"))


def english_in(page: html.HtmlElement) -> list[str]:
    texts = (text for text in spoken(page) if not any(name in text for name in NAMES))
    return [found[0] for text in texts if (found := ENGLISH.search(" ".join(text.split())))]


def english_sentences(client: Client, address: str) -> list[str]:
    """Return the English sentences that people who asked for Korean would read at an address."""
    response = client.get(address, headers={"accept-language": "ko"})
    assert response.status_code in (200, 404), f"{address} {response.status_code}"
    page = html.fromstring(response.content.decode())
    assert page.get("lang") == "ko", address
    return [f"{address}: {sentence}" for sentence in english_in(page)]
