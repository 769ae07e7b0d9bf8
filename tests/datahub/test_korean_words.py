"""The Korean catalogue is complete: every sentence of pages and models is in it, translated, and none is left over."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from ingest.kinds import KINDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("catalog", "datahub", "ingest")
FUNCTIONS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%s|<\w+>")


@pytest.fixture(scope="module")
def korean() -> Catalog:
    with (ROOT / "datahub" / "locale" / "ko" / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale="ko")


def sentences() -> Iterator[str]:
    """Yield every sentence that the sources mark for translation, and what settings of connectors are explained by."""
    for kind in KINDS.values():
        yield from (field.description for field in kind.config.model_fields.values() if field.description)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix == ".py":
                yield from marked(path.read_text(encoding="utf-8"))
            elif path.suffix == ".html":
                yield from marked(templatize(path.read_text(encoding="utf-8"), origin=str(path)))


def marked(source: str) -> Iterator[str]:
    for _line, message, _comments, _context in extract("python", io.BytesIO(source.encode()), FUNCTIONS):
        yield message if isinstance(message, str) else message[0]


def singular(message_id: str | tuple[str, ...]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def test_every_sentence_is_in_the_catalogue_and_no_other(korean: Catalog) -> None:
    known = {singular(message.id) for message in korean if message.id}
    wanted = set(sentences())

    assert wanted - known == set(), "run makemessages and translate"
    assert known - wanted == set(), "no longer said anywhere"


def test_every_sentence_is_translated(korean: Catalog) -> None:
    assert [message.id for message in korean if message.id and (message.fuzzy or not all(message.string))] == []


def test_a_translation_fills_the_same_places(korean: Catalog) -> None:
    for message in korean:
        if message.id:
            translation = message.string if isinstance(message.string, str) else message.string[0]
            places = set(PLACEHOLDER.findall(singular(message.id)))
            assert set(PLACEHOLDER.findall(translation)) == places, message.id


def test_sentences_are_polite(korean: Catalog) -> None:
    """Sentences end in 합니다 or 하십시오, never in 해요, 한다 or 하세요."""
    rude = re.compile(r"(해요|세요|에요|예요|한다|된다|이다|있다|없다)[.!?]?$")
    translations = [message.string for message in korean if message.id and isinstance(message.string, str)]
    assert [text for text in translations if rude.search(text)] == []
