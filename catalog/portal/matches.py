"""Why a dataset was found: where the words of the question stand in it, marked up for the page.

Words match across spaces as in ``catalog/search.py``: 미세먼지 marks 미세 먼지 and the other way round.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from catalog.models import Dataset
from catalog.portal.spoken import page_language
from catalog.search import normalise

EXCERPT_LENGTH = 240
LEAD_LENGTH = 40


@dataclass(frozen=True)
class Match:
    """A place outside of title and description that holds a word of the question."""

    place: str
    words: SafeString


def question_pattern(question: str) -> re.Pattern[str] | None:
    """Return a pattern of the question's words, longest first; None when nothing was asked."""
    words = normalise(question).split()
    if not words:
        return None
    spellings = sorted({"".join(words), *words}, key=len, reverse=True)
    return re.compile("|".join(map(spaced, spellings)), re.IGNORECASE)


def spaced(word: str) -> str:
    return r"\s*".join(map(re.escape, word))


def highlight(text: str, pattern: re.Pattern[str] | None) -> SafeString:
    """Return the text with every match in ``<mark>``."""
    if pattern is None:
        return escape(text)
    return mark_safe("".join(highlighted_pieces(text, pattern)))


def highlighted_pieces(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    end = 0
    for found in pattern.finditer(text):
        yield escape(text[end : found.start()])
        yield format_html("<mark>{}</mark>", found[0])
        end = found.end()
    yield escape(text[end:])


def excerpt(text: str, pattern: re.Pattern[str] | None) -> SafeString:
    """Return the beginning of a text, or the stretch around its first match, with the matches marked."""
    found = pattern.search(text) if pattern else None
    start = found.start() - LEAD_LENGTH if found and found.end() > EXCERPT_LENGTH else 0
    shown = text[start : start + EXCERPT_LENGTH]
    if start + EXCERPT_LENGTH < len(text):
        shown = shown.rpartition(" ")[0] or shown
    before, after = "…" if start else "", "…" if start + EXCERPT_LENGTH < len(text) else ""
    return format_html("{}{}{}", before, highlight(shown.strip(), pattern), after)


def find_matches(dataset: Dataset, pattern: re.Pattern[str]) -> list[Match]:
    """Tell in which keywords, columns and names the words stand."""
    places = (
        (_("Keywords"), [*dataset.keywords_ko, *dataset.keywords_en]),
        (_("Columns"), column_names((dataset.table_schema or {"fields": []})["fields"])),
        (_("Publisher"), [dataset.organisation.name_ko, dataset.organisation.name_en]),
    )
    found = ((place, [text for text in texts if pattern.search(text)]) for place, texts in places)
    return [Match(place, highlight(", ".join(texts[:4]), pattern)) for place, texts in found if texts]


def column_names(fields: Iterable[dict]) -> list[str]:
    """Return each column as ``title (name)``."""
    language = page_language()
    names = []
    for field in fields:
        titles = field.get("titles", {})
        title = titles.get(language) or titles.get("ko") or titles.get("en")
        names.append(f"{title} ({field['name']})" if title else field["name"])
    return names
