"""Actions about tags, which are the keywords of datasets folded as CKAN wants them."""

from typing import Any

from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import NothingFound
from catalog.api.ckan.found import find_datasets
from catalog.api.ckan.shown import show_entries
from catalog.api.ckan.tag_index import tag_index
from catalog.exchange.ckan import derive_id, is_uuid
from catalog.exchange.lucene import Match
from catalog.search.facets import read_catalogue
from catalog.text import Text

MOST_PACKAGES = 1000


def tag_list(call: Call) -> list[Any]:
    """Return the tags; there are no vocabularies of tags, so one that is named has none."""
    if call.text("vocabulary_id"):
        return []
    words = call.text("query").strip().casefold()
    names = [name for name in tag_index(read_catalogue()).tags if words in name.casefold()]
    return [document_of(name) for name in names] if call.flag("all_fields", False) else names


def tag_show(call: Call) -> dict[str, Any]:
    name = find_tag(call.required("id"))
    document = document_of(name)
    if call.flag("include_datasets", False):
        entries = find_datasets([Match("tags", name)], call.viewer).page(["slug"], start=0, rows=MOST_PACKAGES)
        document["packages"] = show_entries(entries, call.base)
    return document


def tag_autocomplete(call: Call) -> list[str]:
    words = (call.text("query") or call.text("q")).strip().casefold()
    offset, limit = call.whole("offset", 0), call.whole("limit", 10, most=1000)
    names = [name for name in tag_index(read_catalogue()).tags if words and words in name.casefold()]
    return names[offset : offset + limit]


def vocabulary_list(call: Call) -> list[Any]:
    return []


def document_of(name: str) -> dict[str, Any]:
    return {"id": derive_id("tag", name), "name": name, "display_name": name, "vocabulary_id": None}


def find_tag(name: str) -> str:
    counts = tag_index(read_catalogue()).tags
    if name in counts:
        return name
    if is_uuid(name):
        for known in counts:
            if derive_id("tag", known) == name.lower():
                return known
    raise NothingFound(name=name)


ACTIONS = (
    Action(
        "tag_list",
        tag_list,
        Text(ko="모든 태그", en="All tags."),
        ("query", "all_fields", "vocabulary_id"),
    ),
    Action(
        "tag_show", tag_show, Text(ko="태그 하나", en="One tag, by identifier or name."), ("id", "include_datasets")
    ),
    Action(
        "tag_autocomplete",
        tag_autocomplete,
        Text(ko="일부로 태그 찾기", en="Tags by a part of them."),
        ("query", "limit", "offset"),
    ),
    Action(
        "vocabulary_list",
        vocabulary_list,
        Text(ko="태그 어휘 (없음)", en="Vocabularies of tags; there are none."),
    ),
)
