"""Facets: the found datasets counted by organization, groups, tags, res_format and license_id."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count

from catalog.api.ckan.call import Call
from catalog.api.ckan.conditions import served_condition
from catalog.api.ckan.tag_index import count_tags
from catalog.exchange.ckan import to_name
from catalog.models import Distribution, Organisation
from catalog.models.dataset import DatasetQuerySet
from catalog.share import SERVED
from catalog.standard import label_of

DEFAULT_LIMIT = 50
Counts = Mapping[str, int]


def count_facets(found: DatasetQuerySet, call: Call) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, Any]]]:
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


def by_column(column: str) -> Callable[[DatasetQuerySet], Counts]:
    def count(found: DatasetQuerySet) -> Counts:
        return dict(found.order_by().values_list(column).annotate(number=Count("pk")))

    return count


def by_organization(found: DatasetQuerySet) -> Counts:
    return {to_name(slug): number for slug, number in by_column("organisation__slug")(found).items()}


def by_tag(found: DatasetQuerySet) -> Counts:
    return count_tags(found).counts


def by_format(found: DatasetQuerySet) -> Counts:
    """Count datasets by the formats of their resources: links, and the formats that the hub writes records in."""
    links = Distribution.objects.filter(schema__isnull=True, dataset__in=found.order_by().values("pk")).exclude(
        format=""
    )
    counts = Counter(dict(links.order_by().values_list("format").annotate(number=Count("dataset", distinct=True))))
    served = found.order_by()
    for name, (code, _, _) in SERVED.items():
        with_records = served.filter(served_condition(name))
        both = with_records.filter(distributions__schema__isnull=True, distributions__format=code).distinct()
        counts[code] += with_records.count() - both.count()
    return counts


COUNTERS: Mapping[str, Callable[[DatasetQuerySet], Counts]] = {
    "organization": by_organization,
    "groups": by_column("theme"),
    "tags": by_tag,
    "res_format": by_format,
    "license_id": by_column("licence"),
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
