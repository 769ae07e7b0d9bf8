"""Actions about packages (datasets): listing, showing, searching."""

from typing import Any
from urllib.parse import unquote_plus

from django.db.models import Q

from catalog.access import visible_datasets
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import UnreadableSearch
from catalog.api.ckan.facets import count_facets
from catalog.api.ckan.found import find_datasets
from catalog.api.ckan.shown import find_dataset_of, show_entries, show_package
from catalog.errors import BadValue
from catalog.exchange.ckan import to_name
from catalog.exchange.lucene import Clause, parse_lucene
from catalog.text import Text

MOST_ROWS = 1000
DEFAULT_SORT = "score desc, metadata_modified desc"
# CKAN's sort fields, and the columns of the search index that they sort by
SORTS = {
    "score": "",  # how well the free words fit; only before everything else
    "id": "dataset_id",
    "name": "slug",
    "title": "title",
    "title_string": "title",
    "metadata_created": "dataset__created_at",
    "metadata_modified": "updated",
    "organization": "dataset__organisation__slug",
    "groups": "dataset__theme",
    "license_id": "dataset__licence",
}
DIRECTIONS = {"asc": "", "desc": "-"}


def package_list(call: Call) -> list[str]:
    names = visible_datasets(call.viewer).order_by("slug").values_list("slug", flat=True)
    offset, limit = call.whole("offset", 0), call.whole("limit", 0)
    return [to_name(slug) for slug in (names[offset : offset + limit] if limit else names[offset:])]


def package_show(call: Call) -> dict[str, Any]:
    return show_package(find_dataset_of(call.required("id", "name_or_id"), call.viewer), call.base)


def package_search(call: Call) -> dict[str, Any]:
    found = find_datasets(read_query(call), call.viewer)
    sort = call.text("sort") or DEFAULT_SORT
    order, by_score = order_of(sort)
    start, rows = call.whole("start", 0), call.whole("rows", 10, most=MOST_ROWS)
    facets, search_facets = count_facets(found, call) if call.flag("facet", True) else ({}, {})
    entries = found.page(order, start=start, rows=rows, by_score=by_score)
    return {
        "count": found.count,
        "facets": facets,
        "results": show_entries(entries, call.base),
        "sort": sort,
        "search_facets": search_facets,
    }


def read_query(call: Call) -> list[Clause]:
    """Return the parts of a search that must all hold: ``q``, ``fq`` and each of ``fq_list``."""
    texts = [("q", call.text("q")), *(("fq", text) for text in fq_texts(call))]
    try:
        return [parse_lucene(once_decoded(text), parameter=name) for name, text in texts if text.strip()]
    except BadValue as error:
        raise UnreadableSearch(reason=error.text) from error


def fq_texts(call: Call) -> list[str]:
    """Return the filters: ``fq`` may be a list as well, as ``fq_list`` is; a text in either is one filter."""
    texts: list[str] = []
    for name in ("fq", "fq_list"):
        value = call.parameters.get(name)
        is_list = isinstance(value, list) or (name == "fq_list" and str(value).lstrip().startswith("["))
        texts += call.texts(name) if is_list else [call.text(name)]
    return texts


def once_decoded(text: str) -> str:
    """Decode a query that was percent-encoded twice, as piveau's importer sends it: it then has no plain ``:`` or space."""
    is_encoded = "%3A" in text.upper() and not set(text) & set(' :"[]()')
    return unquote_plus(text) if is_encoded else text


def order_of(sort: str) -> tuple[list[str], bool]:
    """Return the columns that ``sort`` names, and whether the best matches come first of all."""
    order, by_score = [], False
    for part in sort.split(","):
        name, _, direction = " ".join(part.split()).partition(" ")
        if name not in SORTS or direction.lower() not in ("", *DIRECTIONS):
            reason = Text(
                ko=f"'{part.strip()}'으로 정렬할 수 없습니다. 쓸 수 있는 것: {', '.join(SORTS)}, 방향 asc, desc",
                en=f"cannot sort by '{part.strip()}'; allowed: {', '.join(SORTS)} with asc or desc",
            )
            raise UnreadableSearch(reason=reason)
        if SORTS[name]:
            order.append(DIRECTIONS.get(direction.lower(), "") + SORTS[name])
        else:
            by_score = by_score or not order
    return order, by_score


def current_package_list_with_resources(call: Call) -> list[dict[str, Any]]:
    limit = call.whole("limit", MOST_ROWS, most=MOST_ROWS)
    page = call.whole("page", 1, least=1)
    offset = call.whole("offset", (page - 1) * limit)
    entries = find_datasets([], call.viewer).page(["-updated"], start=offset, rows=limit)
    return show_entries(entries, call.base)


def package_autocomplete(call: Call) -> list[dict[str, Any]]:
    """Return datasets whose name begins with the words or whose title holds them, names first."""
    words = call.text("q") or call.text("incomplete")
    limit = call.whole("limit", 10, most=100)
    if not words.strip():
        return []
    start = words.strip().lower()
    found = visible_datasets(call.viewer).filter(
        Q(slug__startswith=start) | Q(title_ko__icontains=words) | Q(title_en__icontains=words)
    )
    rows = found.order_by("slug").values_list("slug", "title_ko", "title_en")[:limit]
    suggestions = [suggestion(name, ko or en, start) for name, ko, en in rows]
    return sorted(suggestions, key=lambda one: one["match_field"])


def suggestion(slug: str, title: str, start: str) -> dict[str, str]:
    by_name = slug.startswith(start)
    return {
        "name": to_name(slug),
        "title": title,
        "match_field": "name" if by_name else "title",
        "match_displayed": slug if by_name else f"{title} ({slug})",
    }


ACTIONS = (
    Action(
        "package_list",
        package_list,
        Text(ko="모든 데이터셋의 이름", en="The names of all datasets."),
        ("limit", "offset"),
    ),
    Action("package_show", package_show, Text(ko="데이터셋 하나", en="One dataset, by identifier or name."), ("id",)),
    Action(
        "package_search",
        package_search,
        Text(
            ko="데이터셋 찾기 (Lucene 질의의 안전한 부분)",
            en="The datasets that a query finds (a safe part of Lucene's language), with facets.",
        ),
        ("q", "fq", "fq_list", "sort", "rows", "start", "facet", "facet.field", "facet.limit", "facet.mincount"),
    ),
    Action(
        "current_package_list_with_resources",
        current_package_list_with_resources,
        Text(ko="최근에 바뀐 데이터셋부터 모두", en="All datasets, the last changed first."),
        ("limit", "offset", "page"),
    ),
    Action(
        "package_autocomplete",
        package_autocomplete,
        Text(ko="이름이나 제목의 일부로 찾기", en="Datasets by a part of their name or title."),
        ("q", "limit"),
    ),
)
