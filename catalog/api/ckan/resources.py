"""Actions about resources: distributions, those that lie elsewhere and those that the hub serves."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q

from catalog.access import RULES, Viewer
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import MISSING, Call
from catalog.api.ckan.errors import InvalidParameters, NothingFound
from catalog.api.ckan.found import find_datasets
from catalog.api.ckan.resource_ids import CONSTANTS, resource_id
from catalog.api.ckan.shown import find_resource, show_package, show_packages
from catalog.models import Dataset, Distribution
from catalog.share import SERVED
from catalog.standard import vocabulary
from catalog.text import Text

Condition = Callable[[str], Q]


def resource_show(call: Call) -> dict[str, Any]:
    identifier = call.required("id")
    row, format_name = find_resource(identifier, call.viewer)
    wanted = resource_id(row.uid, format_name)
    for resource in show_package(row.dataset, call.base)["resources"]:
        if resource["id"] == wanted:
            return resource
    raise NothingFound(name=identifier)


def resource_search(call: Call) -> dict[str, Any]:
    """Return the resources that meet all ``field:words`` of the query; one a distribution."""
    terms = read_terms(call)
    condition = Q()
    for field, words in terms:
        on_link, on_records, _ = SEARCHED[field]
        condition &= (Q(schema__isnull=True) & on_link(words)) | (SERVED_ROWS & on_records(words))
    rows = Distribution.objects.filter(condition, visible_rows(call.viewer)).order_by("pk")
    offset, limit = call.whole("offset", 0), call.whole("limit", 100, most=1000)
    shown = list(rows[offset : offset + limit])
    packages = show_packages(Dataset.objects.filter(pk__in={row.dataset_id for row in shown}), call.base)
    resources = {resource["id"]: resource for package in packages for resource in package["resources"]}
    return {"count": rows.count(), "results": [chosen_resource(row.uid, terms, resources) for row in shown]}


SERVED_ROWS = Q(current_snapshot__isnull=False, dataset__is_guarded=False)


def visible_rows(viewer: Viewer) -> Q:
    """Return the condition that a distribution's dataset may be seen, as a join: a list of all datasets would be long."""
    levels = [level for level, rule in RULES.items() if rule.sees(viewer)]
    return Q(dataset__withdrawn_at=None, dataset__access_level__in=levels)


def chosen_resource(
    distribution_id: uuid.UUID, terms: list[tuple[str, str]], resources: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the resource that a distribution is; of several formats the first that all words are true of."""
    found = [resources[one] for one in (resource_id(distribution_id, name) for name in CONSTANTS) if one in resources]
    for resource in found:
        if all(words.lower() in str(resource.get(SEARCHED[field][2]) or "").lower() for field, words in terms):
            return resource
    return found[0]


def read_terms(call: Call) -> list[tuple[str, str]]:
    query = call.document("query")
    texts = query if isinstance(query, list) else [query] if isinstance(query, str) else []
    if not texts:
        raise InvalidParameters({"query": MISSING})
    terms = []
    for text in texts:
        field, colon, words = text.replace("\x00", "").partition(":") if isinstance(text, str) else ("", "", "")
        if not colon or field not in SEARCHED or not words.strip():
            allowed = ", ".join(SEARCHED)
            raise InvalidParameters(
                {
                    "query": Text(
                        ko=f"'항목:낱말'이어야 합니다. 항목: {allowed}", en=f"Must be 'field:words'; fields: {allowed}"
                    )
                }
            )
        terms.append((field, words.strip()))
    return terms


def any_of(*columns: str) -> Condition:
    def condition(words: str) -> Q:
        found = Q(pk__in=[])
        for column in columns:
            found |= Q(**{f"{column}__icontains": words})
        return found

    return condition


def never(words: str) -> Q:
    return Q(pk__in=[])


def served_format(words: str) -> Q:
    """Return the condition that the records are served in a format with these words in its name."""
    named = {name for name, (code, _, _) in SERVED.items() if words.lower() in code.lower()}
    if named == {"geojson"}:
        return Q(current_snapshot__schema__has_key="geometry")
    return Q() if named else Q(pk__in=[])


# field of a search: the condition on a link, the one on the records of a dataset, and the key of the resource
SEARCHED: Mapping[str, tuple[Condition, Condition, str]] = {
    "name": (any_of("title_ko", "title_en"), any_of("dataset__title_ko", "dataset__title_en"), "name"),
    "description": (any_of("description_ko", "description_en"), never, "description"),
    "format": (any_of("format"), served_format, "format"),
    "url": (any_of("download_url", "access_url"), any_of("dataset__slug"), "url"),
    "mimetype": (any_of("media_type"), never, "mimetype"),
}


def resource_view_list(call: Call) -> list[Any]:
    """Return no views: how a resource is shown is up to whoever shows it. A resource that does not exist is an error."""
    find_resource(call.required("id"), call.viewer)
    return []


def format_autocomplete(call: Call) -> list[str]:
    words = (call.text("q") or call.text("incomplete")).strip().casefold()
    limit = call.whole("limit", 5, most=100)
    used = {*find_datasets([], call.viewer).count_by("format"), *(code for code, _, _ in SERVED.values())}
    names = sorted(code.lower() for code in used if code)
    known = sorted(code.lower() for code in vocabulary("file_type") if code not in used)
    return [name for name in (*names, *known) if words and words in name][:limit]


ACTIONS = (
    Action("resource_show", resource_show, Text(ko="자원(배포) 하나", en="One resource, by identifier."), ("id",)),
    Action(
        "resource_search",
        resource_search,
        Text(ko="자원 찾기", en="The resources that meet 'field:words', one or a list of them."),
        ("query", "offset", "limit"),
    ),
    Action(
        "resource_view_list",
        resource_view_list,
        Text(ko="자원의 보기 (없음)", en="The views of a resource; there are none."),
        ("id",),
    ),
    Action(
        "format_autocomplete",
        format_autocomplete,
        Text(ko="일부로 파일 형식 찾기", en="File formats by a part of their name."),
        ("q", "limit"),
    ),
)
