"""Organisations, series and data services that a feed tells beside its datasets, and what things of the feed are called here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from catalog.errors import HubError
from catalog.exchange.entry import LONGEST_SLUG, Catalogue
from catalog.models import DataService, Organisation, Series
from catalog.models.slug import is_slug
from catalog.publish import save_organisation, save_series, save_service
from catalog.standard import Class
from ingest.harvest.failures import Failures
from ingest.harvest.identity import canonical, digest_of
from ingest.harvest.salvaging import salvaged
from ingest.models import Harvested

Kind = Harvested.Kind


@dataclass(frozen=True)
class Other:
    """How a thing that is no dataset is found and saved."""

    model: type[Organisation | Series | DataService]
    save: Callable[..., Any]
    class_: Class

    def exists(self, slug: str) -> bool:
        return self.model.objects.filter(slug=slug).exists()


OTHERS: Mapping[Harvested.Kind, Other] = {
    Kind.ORGANISATION: Other(Organisation, save_organisation, Class.ORGANISATION),
    Kind.SERIES: Other(Series, save_series, Class.SERIES),
    Kind.SERVICE: Other(DataService, save_service, Class.SERVICE),
}


class Others:
    """Takes what is no dataset, and knows by which slug a thing of the feed goes here.

    Of datasets only those are remembered that are called otherwise here than there.
    """

    def __init__(self, feed: str, failures: Failures, *, is_dry: bool) -> None:
        self.feed, self.failures, self.is_dry = feed, failures, is_dry
        rows = Harvested.objects.filter(feed=feed).exclude(kind=Kind.DATASET)
        self.known = {
            (kind, key): (slug, digest) for kind, key, slug, digest in rows.values_list("kind", "key", "slug", "digest")
        }
        self.names: dict[tuple[str, str], str] = {}  # (kind, slug there): slug here

    def take(self, kind: Harvested.Kind, slug: str, description: Mapping[str, Any]) -> str:
        """Save an organisation, series or service that this feed brought, and return its slug here.

        One that the hub has from elsewhere is left as it is: an organisation is taken for the same, anything else gets a name
        of its own beside it.
        """
        other = OTHERS[kind]
        document = canonical(description)
        key, digest = digest_of(slug.encode()), digest_of(document)
        known_slug, known_digest = self.known.get((kind, key), ("", ""))
        here = known_slug or slug
        if known_digest == digest:
            self.names[kind, slug] = here
            return here
        if not known_slug and (kind, slug) in self.names:
            return self.names[kind, slug]
        if not known_slug and other.exists(slug):
            if kind is Kind.ORGANISATION:
                self.names[kind, slug] = slug
                return slug
            here = own_name(self.feed, slug, slug)
        self.names[kind, slug] = here
        if self.is_dry:
            return here
        try:
            with transaction.atomic():
                kept, findings = salvaged(f"{kind.value} {slug}", self.renamed(description), other.class_)
                other.save(here, kept, harvested=True)
        except HubError as error:
            self.failures.note(kind, key, slug, error, document, {"slug": slug, "description": description})
            return here
        self.failures.findings(findings)
        self.failures.taken(kind, key)
        row = {"identifier": slug, "slug": here, "digest": digest, "document": document.decode()}
        Harvested.objects.update_or_create(
            feed=self.feed, kind=kind, key=key, defaults={**row, "taken_at": self.failures.now, "gone_at": None}
        )
        self.known[kind, key] = (here, digest)
        return here

    def feed_organisation(self, page: Catalogue) -> str:
        """Return who answers for datasets that name no organisation: the catalogue's publisher, else the feed itself."""
        publisher = page.description.get("organisation", "")
        if (Kind.ORGANISATION, publisher) in self.names:
            return self.names[Kind.ORGANISATION, publisher]
        name = page.description.get("title") or {"ko": self.feed}
        return self.take(Kind.ORGANISATION, self.feed, {"name": name})

    def organisation_of(self, description: Mapping[str, Any]) -> str:
        """Return who answers for a dataset, by the slug here; one that nobody has described is known by its name alone."""
        slug = description.get("organisation", "")
        if slug and (Kind.ORGANISATION, slug) not in self.names:
            self.take(Kind.ORGANISATION, slug, {"name": {"ko": slug}})
        return self.names.get((Kind.ORGANISATION, slug), "") if slug else ""

    def rename(self, there: str, here: str) -> None:
        """Remember what a dataset of the feed is called here."""
        if there != here:
            self.names[Kind.DATASET, there] = here

    def renamed(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """Return a description whose references say the slugs that things have here."""
        told = dict(description)
        for name, kind in (("series", Kind.SERIES), ("serves", Kind.DATASET)):
            if name in told:
                told[name] = [self.names.get((kind, slug), slug) for slug in told[name]]
        if "organisation" in told:
            organisation = told["organisation"]
            told["organisation"] = self.names.get((Kind.ORGANISATION, organisation), organisation)
        return told


def own_name(feed: str, slug: str, identifier: str) -> str:
    """Return a slug from a feed and an identifier: the same whenever it is asked for, and nobody else's."""
    digest = digest_of(f"{feed} {identifier}".encode())[:10]
    start = slug if is_slug(slug) else feed
    return f"{start[: LONGEST_SLUG - 11].rstrip('-')}-{digest}"
