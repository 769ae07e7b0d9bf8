"""By what the change feed is narrowed: one row per parameter, a condition on the entry's own columns.

Nothing is asked of the datasets as they are now: where what an entry is chosen by has changed, the feed has an entry with the
values of before, so that a follower of those is told that the dataset has left.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q
from django.utils import timezone
from rest_framework.request import Request

from catalog.api.filters import read_codes
from catalog.errors import BadValue
from catalog.search.facets import regions_around
from catalog.standard.regions import regions
from catalog.standard.tables import on_change
from catalog.text import Text


@dataclass(frozen=True)
class FeedFilter:
    """A parameter: ``facet`` is what the list of datasets calls it, whose codes and checks it shares."""

    facet: str
    condition: Callable[[Sequence[str]], Q]
    label: Text


def read_filters(request: Request) -> Q:
    """Return the condition that the parameters of a request put together; a code that cannot be is an error."""
    asked = Q()
    for name, row in FILTERS.items():
        if codes := read_codes_of(name, row, request.GET.getlist(name)):
            asked &= row.condition(codes)
    return asked


def read_codes_of(name: str, row: FeedFilter, values: Sequence[str]) -> list[str]:
    try:
        return read_codes(row.facet, values)
    except BadValue as error:
        raise BadValue(**error.values | {"parameter": name}) from error


def one_of(column: str) -> Callable[[Sequence[str]], Q]:
    return lambda codes: Q(**{f"{column}__in": codes})


def in_regions(codes: Sequence[str]) -> Q:
    """Return the condition "lies in one of these", as the list of datasets understands it."""
    inside = Q()
    for start in dict.fromkeys(start for code in codes for start in starts_inside(code, timezone.localdate())):
        inside |= Q(region__startswith=start)
    return inside


@lru_cache(maxsize=200)
def starts_inside(code: str, today: dt.date) -> tuple[str, ...]:
    """Return what the codes of all regions in a region begin with: its own, and those that lie in it under other numbers."""
    inside = {code, *(listed for listed in regions() if code in regions_around(listed, today))}
    return tuple(sorted(one for one in inside if not any(one != other and one.startswith(other) for other in inside)))


on_change(starts_inside.cache_clear)

FILTERS: Mapping[str, FeedFilter] = {
    "organisation": FeedFilter(
        "organisation",
        one_of("organisation_slug"),
        Text(ko="기관 식별자. 여럿이면 쉼표로", en="Organisations (slugs), separated by commas or repeated."),
    ),
    "region": FeedFilter(
        "region",
        in_regions,
        Text(
            ko="지역 코드. 그 안의 지역도 포함합니다 (44는 44130도)",
            en="Region codes; regions inside them are included (44 also gives 44130).",
        ),
    ),
    "theme": FeedFilter(
        "theme", one_of("theme"), Text(ko="분야. 여럿이면 쉼표로", en="Themes, separated by commas or repeated.")
    ),
    "data_model": FeedFilter(
        "model",
        one_of("data_model"),
        Text(ko="데이터 모델. 여럿이면 쉼표로", en="Data models, separated by commas or repeated."),
    ),
    "access": FeedFilter(
        "access_level",
        one_of("access_level"),
        Text(ko="접근 등급. 여럿이면 쉼표로", en="Access levels, separated by commas or repeated."),
    ),
}
