"""Facets: the found datasets counted by organization, groups, tags, res_format and license_id."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.api.ckan.call import Call
from catalog.api.ckan.found import Found
from catalog.exchange.ckan import to_name
from catalog.models import Organisation
from catalog.standard import label_of

DEFAULT_LIMIT = 50
Counts = Mapping[str, int]


def count_facets(found: Found, call: Call) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, Any]]]:
    """Return CKAN's two forms of the same counts; a field that is not counted has no entries."""
    limit = call.whole("facet.limit", DEFAULT_LIMIT, least=-1)
    least = call.whole("facet.mincount", 1)
    plain: dict[str, dict[str, int]] = {}
    told: dict[str, dict[str, Any]] = {}
    for field in dict.fromkeys(call.texts("facet.field")):
        counts = COUNTERS[field](found) if field in COUNTERS else {}
        ranked = sorted(((name, number) for name, number in counts.items() if name and number >= least), key=by_count)
        shown = ranked if limit < 0 else ranked[:limit]
        plain[field] = dict(shown)
        names = LABELS.get(field, plain_names)([name for name, _ in shown])
        items = [{"name": name, "display_name": names.get(name, name), "count": number} for name, number in shown]
        told[field] = {"title": field, "items": items}
    return plain, told


def by_count(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def by_organization(found: Found) -> Counts:
    return {to_name(slug): number for slug, number in found.count_by("organisation").items()}


COUNTERS: Mapping[str, Callable[[Found], Counts]] = {
    "organization": by_organization,
    "groups": lambda found: found.count_by("theme"),
    "tags": lambda found: found.count_by_tag(),
    "res_format": lambda found: found.count_by("format"),
    "license_id": lambda found: found.count_by_licence(),
}


def plain_names(names: list[str]) -> Mapping[str, str]:
    return {}


def organization_names(names: list[str]) -> Mapping[str, str]:
    rows = Organisation.objects.filter(slug__in=names)
    return {to_name(row.slug): row.name.in_language("ko") for row in rows}


def group_names(names: list[str]) -> Mapping[str, str]:
    return {name: label_of("theme", name).in_language("ko") for name in names}


def licence_names(names: list[str]) -> Mapping[str, str]:
    return {name: label_of("licence", name).in_language("ko") for name in names}


LABELS: Mapping[str, Callable[[list[str]], Mapping[str, str]]] = {
    "organization": organization_names,
    "groups": group_names,
    "license_id": licence_names,
}
