"""Actions about groups: the themes of the hub, which every dataset has one of."""

from typing import Any

from catalog.access import visible_datasets
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import NothingFound
from catalog.api.ckan.found import find_datasets
from catalog.api.ckan.lists import listed, suggested
from catalog.api.ckan.shown import show_packages
from catalog.exchange.ckan import derive_id, to_group
from catalog.standard import vocabulary
from catalog.text import Text

MOST_PACKAGES = 1000


def group_list(call: Call) -> list[Any]:
    counts = find_datasets([], call.viewer).count_by("theme")
    wanted = set(call.texts("groups"))
    themes = [theme for theme in vocabulary("theme") if not wanted or theme in wanted]
    return listed(call, [document_of(theme, counts.get(theme, 0)) for theme in themes])


def group_show(call: Call) -> dict[str, Any]:
    theme = find_theme(call.required("id"))
    datasets = visible_datasets(call.viewer).filter(theme=theme)
    document = document_of(theme, datasets.count()) | {"users": [], "groups": [], "tags": [], "extras": []}
    if call.flag("include_datasets", False):
        document["packages"] = show_packages(datasets.order_by("slug")[:MOST_PACKAGES], call.base)
    return document


def group_autocomplete(call: Call) -> list[dict[str, str]]:
    words = call.text("q").strip().casefold()
    found = [
        to_group(theme)
        for theme, concept in vocabulary("theme").items()
        if any(words in name.casefold() for name in (theme, concept.label.ko, concept.label.en))
    ]
    return suggested(found[: call.whole("limit", 20, most=100)])


def document_of(theme: str, number: int) -> dict[str, Any]:
    return to_group(theme) | {"package_count": number, "num_followers": 0}


def find_theme(name: str) -> str:
    for theme in vocabulary("theme"):
        if name in (theme, derive_id("group", theme)):
            return theme
    raise NothingFound(name=name)


ACTIONS = (
    Action(
        "group_list",
        group_list,
        Text(ko="그룹(분야)의 목록", en="The groups, which are the themes: names, or whole with all_fields."),
        ("all_fields", "groups", "sort", "limit", "offset"),
    ),
    Action(
        "group_show",
        group_show,
        Text(ko="그룹(분야) 하나", en="One group, by identifier or name."),
        ("id", "include_datasets"),
    ),
    Action(
        "group_autocomplete",
        group_autocomplete,
        Text(ko="이름의 일부로 그룹 찾기", en="Groups by a part of their name."),
        ("q", "limit"),
    ),
)
