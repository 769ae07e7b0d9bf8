"""Actions about organizations (organisations)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from catalog.access import visible_datasets
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.found import find_datasets
from catalog.api.ckan.lists import listed, suggested
from catalog.api.ckan.shown import show_packages
from catalog.describe import describe_row
from catalog.errors import OrganisationNotFound
from catalog.exchange.ckan import derive_id, from_name, is_uuid, to_organization, to_timestamp
from catalog.models import Organisation
from catalog.standard import Class
from catalog.text import Text

MOST_PACKAGES = 1000


def organization_list(call: Call) -> list[Any]:
    wanted = {from_name(name) for name in call.texts("organizations")}
    rows = Organisation.objects.filter(slug__in=wanted) if wanted else Organisation.objects.all()
    return listed(call, [document_of(row, number) for row, number in with_counts(rows, call)])


def organization_show(call: Call) -> dict[str, Any]:
    row = find_organisation(call.required("id"))
    datasets = visible_datasets(call.viewer).filter(organisation=row)
    document = document_of(row, datasets.count()) | {
        "users": [],
        "groups": [],
        "tags": [],
        "extras": [],
        "num_followers": 0,
    }
    if call.flag("include_datasets", False):
        document["packages"] = show_packages(datasets.order_by("slug")[:MOST_PACKAGES], call.base)
    return document


def organization_autocomplete(call: Call) -> list[dict[str, str]]:
    words = call.text("q").strip()
    rows = Organisation.objects.filter(
        Q(slug__icontains=words) | Q(name_ko__icontains=words) | Q(name_en__icontains=words)
    ).order_by("slug")
    return suggested([document_of(row, 0) for row in rows[: call.whole("limit", 20, most=100)]])


def with_counts(rows: Iterable[Organisation], call: Call) -> list[tuple[Organisation, int]]:
    counts = find_datasets([], call.viewer).count_by("organisation")
    return [(row, counts.get(row.slug, 0)) for row in rows]


def document_of(row: Organisation, number: int) -> dict[str, Any]:
    organization = to_organization(
        row.slug, describe_row(row, Class.ORGANISATION), created=to_timestamp(row.created_at)
    )
    return organization | {"package_count": number, "num_followers": 0}


def find_organisation(name: str) -> Organisation:
    """Return an organisation by its name or identifier; the latter is derived from the slug and compared with each."""
    slug = from_name(name)
    if is_uuid(name):
        slugs = Organisation.objects.values_list("slug", flat=True)
        slug = next((known for known in slugs if derive_id("organisation", known) == name.lower()), slug)
    row = Organisation.objects.filter(slug=slug).first()
    if row is None:
        raise OrganisationNotFound(organisation=name)
    return row


ACTIONS = (
    Action(
        "organization_list",
        organization_list,
        Text(ko="기관의 목록", en="The organisations: names, or whole with all_fields."),
        ("all_fields", "organizations", "sort", "limit", "offset"),
    ),
    Action(
        "organization_show",
        organization_show,
        Text(ko="기관 하나", en="One organisation, by identifier or name."),
        ("id", "include_datasets"),
    ),
    Action(
        "organization_autocomplete",
        organization_autocomplete,
        Text(ko="이름의 일부로 기관 찾기", en="Organisations by a part of their name."),
        ("q", "limit"),
    ),
)
