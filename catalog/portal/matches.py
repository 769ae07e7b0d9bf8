"""Why a dataset was found: the words of the question marked in its texts, and the other fields that hold them."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from catalog.models import Dataset
from catalog.portal.spoken import page_language
from catalog.search import Finder, explain

EXCERPT_LENGTH = 240
LEAD_LENGTH = 40
PLACES: Mapping[str, str] = {
    "title": gettext_lazy("Title"),
    "keywords": gettext_lazy("Keywords"),
    "columns": gettext_lazy("Columns"),
    "organisation": gettext_lazy("Publisher"),
    "region": gettext_lazy("Region"),
    "spatial_text": gettext_lazy("Region"),
    "theme": gettext_lazy("Theme"),
}


@dataclass(frozen=True)
class Match:
    """A place outside of title and description that holds a word of the question."""

    place: str
    words: SafeString


def highlight(text: str, finder: Finder | None) -> SafeString:
    """Return the text with every match in ``<mark>``."""
    if finder is None:
        return escape(text)
    composed = unicodedata.normalize("NFC", text)
    return mark_safe("".join(highlighted_pieces(composed, finder)))


def highlighted_pieces(text: str, finder: Finder) -> Iterator[str]:
    end = 0
    for start, stop in finder.spans(text):
        yield escape(text[end:start])
        yield format_html("<mark>{}</mark>", text[start:stop])
        end = stop
    yield escape(text[end:])


def excerpt(text: str, finder: Finder | None) -> SafeString:
    """Return the beginning of a text, or the stretch around its first match, with the matches marked."""
    text = unicodedata.normalize("NFC", text)
    first = next(iter(finder.spans(text)), None) if finder else None
    start = max(first[0] - LEAD_LENGTH, 0) if first and first[1] > EXCERPT_LENGTH else 0
    shown = text[start : start + EXCERPT_LENGTH]
    if start + EXCERPT_LENGTH < len(text):
        shown = shown.rpartition(" ")[0] or shown
    before, after = "…" if start else "", "…" if start + EXCERPT_LENGTH < len(text) else ""
    return format_html("{}{}{}", before, highlight(shown.strip(), finder), after)


def find_matches(dataset: Dataset, finder: Finder) -> list[Match]:
    """Tell in which names besides title and description the words stand."""
    titles = column_titles(dataset)
    matches: dict[str, SafeString] = {}
    for match in explain(dataset, finder, whole_names=True):
        if match.field in PLACES and match.field != "title":
            texts = dict.fromkeys(titles.get(text, text) for text in match.words)
            matches.setdefault(str(PLACES[match.field]), highlight(", ".join(texts), finder))
    return [Match(place, words) for place, words in matches.items()]


def column_titles(dataset: Dataset) -> dict[str, str]:
    """Return for each name or title of a column how a page writes it: ``title (name)``."""
    language = page_language()
    titles = {}
    for column in ((dataset.distribution.schema if dataset.distribution else None) or {}).get("fields", ()):
        spoken = column.get("titles", {})
        title = spoken.get(language) or spoken.get("ko") or spoken.get("en")
        written = f"{title} ({column['name']})" if title else column["name"]
        titles |= dict.fromkeys((column["name"], column.get("source", ""), *spoken.values()), written)
    return titles
