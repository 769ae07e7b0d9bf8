"""The page of an organisation: who it is and what it publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.describe import read_contact
from catalog.errors import OrganisationNotFound
from catalog.models import Organisation
from catalog.models.dataset import DatasetQuerySet
from catalog.portal.facts import show_contact
from catalog.portal.search_page import Card, Totals, count_totals, make_cards, with_records
from catalog.portal.spoken import Spoken, say
from catalog.standard import label_of


@dataclass(frozen=True)
class OrganisationPage:
    organisation: Organisation
    name: Spoken
    region: Spoken
    contact: Any
    cards: Sequence[Card]
    totals: Totals


def organisation_page(slug: str, datasets: DatasetQuerySet) -> OrganisationPage:
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise OrganisationNotFound(organisation=slug)
    published = datasets.filter(organisation=organisation)
    contact: Mapping[str, Any] = read_contact(organisation)
    return OrganisationPage(
        organisation=organisation,
        name=say(organisation.name),
        region=say(label_of("region", organisation.region)),
        contact=show_contact(contact) if contact else "",
        cards=make_cards(with_records(published.order_by("-modified_at", "slug"))),
        totals=count_totals(published),
    )
