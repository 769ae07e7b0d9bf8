"""Harvesting: brings the datasets of another catalogue into the hub, and keeps them in step from one reading to the next.

A feed is a name under which one other catalogue is read again and again. Each of its datasets has a row (``Harvested``) with
the document that it came as: what comes again unchanged, whatever the order of keys or datasets, is left alone; what is told
no more is withdrawn, never deleted, and restored when it is told again. An answer from which much is missing withdraws
nothing until a person says so. How the formats are read is in ``harvest_formats.py``; only ``catalog/publish.py`` writes.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import orjson
from django.db import transaction
from django.utils import timezone

from catalog.errors import BadDescription, HubError
from catalog.exchange.entry import LONGEST_SLUG, Catalogue, Entry, Finding
from catalog.models import DataService, Dataset, Organisation, Series
from catalog.models.slug import is_slug
from catalog.publish import (
    describe_dataset,
    restore_dataset,
    save_organisation,
    save_series,
    save_service,
    withdraw_dataset,
)
from catalog.standard import Class
from catalog.standard.salvage import salvage
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.models import Harvested

T = TypeVar("T")

BATCH = 100  # datasets in one transaction
MOST_GONE = 0.2  # of the datasets of a feed; more need a person's word

DUPLICATE = Text(
    ko="식별자 '{identifier}'이(가) 두 번 나옵니다. 첫째만 옮겼습니다",
    en="the identifier '{identifier}' comes twice; only the first was taken",
)
HELD = Text(
    ko="'{feed}' 피드의 데이터셋 {known}개 가운데 {gone}개가 없어졌습니다. 한꺼번에 {limit} 넘게 없어지면 아무것도 내리지 않습니다. 맞다면 "
    "--accept-deletions를 붙여 다시 실행하십시오.",
    en="{gone} of the {known} datasets of the feed '{feed}' are gone. More than {limit} at once withdraw nothing; if this is right, "
    "run again with --accept-deletions.",
)
LEFT_OUT = Text(ko="값을 뺐습니다: {reason}", en="the value was left out: {reason}")
REFUSED = Text(ko="옮기지 못했습니다: {reason}", en="could not be taken: {reason}")
NO_FEED_NAME = Text(
    ko="피드의 이름은 영문 소문자와 숫자를 '-'로 이은 것이어야 합니다",
    en="the name of a feed is made of lower-case letters and digits, joined by '-'",
)


@dataclass
class Harvest:
    """What a reading of a feed did. ``held`` counts what is gone and was left alone, waiting for a person's word."""

    feed: str
    total: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    restored: int = 0
    refused: int = 0
    duplicates: int = 0
    held: int = 0
    known: int = 0
    findings: list[Finding] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}

    @property
    def warning(self) -> Text:
        """What waits for a person's word; empty when nothing does."""
        limit = f"{MOST_GONE:.0%}"
        return HELD.format(feed=self.feed, known=self.known, gone=self.held, limit=limit) if self.held else Text()


class DryRun(Exception):
    """Rolls a dry run back."""


def harvest(feed: str, pages: Iterable[Catalogue], *, accept_deletions: bool = False, dry_run: bool = False) -> Harvest:
    """Bring the pages of a catalogue into the hub; with ``dry_run`` tell what would be done.

    A page that cannot be read raises; what the pages before it said is kept, and nothing is withdrawn.
    """
    if not is_slug(feed):
        raise BadSetup(where=feed, problem=NO_FEED_NAME)
    reading = Reading(Harvest(feed), timezone.now())
    if not dry_run:
        read_feed(reading, pages, accept_deletions=accept_deletions)
        return reading.result
    try:
        with transaction.atomic():
            read_feed(reading, pages, accept_deletions=accept_deletions)
            raise DryRun
    except DryRun:
        return reading.result


def read_feed(reading: "Reading", pages: Iterable[Catalogue], *, accept_deletions: bool) -> None:
    """Take every page, then withdraw what no page has told."""
    for page in pages:
        reading.take_page(page)
    reading.withdraw_gone(accept_deletions=accept_deletions)
    reading.remember_seen()


@dataclass(frozen=True)
class Known:
    """What the hub remembers of a thing of the feed, without its document."""

    pk: int
    slug: str
    digest: str
    is_gone: bool


class Reading:
    """One reading of a feed: what was known before, and what has been seen so far."""

    def __init__(self, result: Harvest, now: dt.datetime) -> None:
        self.result = result
        self.feed = result.feed
        self.now = now
        rows = Harvested.objects.filter(feed=self.feed).values_list("kind", "key", "pk", "slug", "digest", "gone_at")
        self.known = {
            (kind, key): Known(pk, slug, digest, gone is not None)
            for kind, key, pk, slug, digest, gone in rows.iterator()
        }
        self.seen: set[str] = set()
        self.names: dict[tuple[str, str], str] = {}  # (kind, slug there): slug here
        self.taken: set[str] = set()  # of the slugs of this batch those that datasets have
        self.rows: list[Harvested] = []  # to be written at the end of the batch

    def take_page(self, page: Catalogue) -> None:
        self.result.findings += page.findings
        with transaction.atomic():
            for kind, descriptions in (
                (Harvested.Kind.ORGANISATION, page.organisations),
                (Harvested.Kind.SERIES, page.series),
            ):
                for slug, description in descriptions.items():
                    self.take_other(kind, slug, description)
        first = self.feed_organisation(page)
        for entries in batched(page.datasets, BATCH):
            with transaction.atomic():
                slugs = Dataset.objects.filter(slug__in=[entry.slug for entry in entries])
                self.taken = set(slugs.values_list("slug", flat=True))
                for entry in entries:
                    self.take_dataset(entry, first)
                self.remember_taken()
        with transaction.atomic():
            for slug, description in page.services.items():
                self.take_other(Harvested.Kind.SERVICE, slug, description)

    def feed_organisation(self, page: Catalogue) -> Callable[[], str]:
        """Return who answers for datasets that name no organisation: the catalogue's publisher, else the feed itself."""

        def find() -> str:
            publisher = page.description.get("organisation", "")
            if (Harvested.Kind.ORGANISATION, publisher) in self.names:
                return self.names[Harvested.Kind.ORGANISATION, publisher]
            name = page.description.get("title") or {"ko": self.feed}
            return self.take_other(Harvested.Kind.ORGANISATION, self.feed, {"name": name})

        return find

    def take_other(self, kind: Harvested.Kind, slug: str, description: Mapping[str, Any]) -> str:
        """Save an organisation, series or service that this feed brought, and return its slug here.

        One that the hub has from elsewhere is left as it is: an organisation is taken for the same, anything else gets a name
        of its own beside it.
        """
        other = OTHERS[kind]
        document = canonical(description)
        key, digest = digest_of(slug.encode()), digest_of(document)
        known = self.known.get((kind, key))
        if known and known.digest == digest:
            self.names[kind, slug] = known.slug
            return known.slug
        here = known.slug if known else slug
        if known is None and other.exists(slug):
            if kind is Harvested.Kind.ORGANISATION:
                self.names[kind, slug] = slug
                return slug
            here = self.own_name(slug, slug)
        self.names[kind, slug] = here
        try:
            with transaction.atomic():
                kept = self.salvaged(f"{kind.value} {slug}", self.renamed(description), other.class_)
                other.save(here, kept, harvested=True)
        except HubError as error:
            self.note(f"{kind.value} {slug}", error)
            return here
        self.remember(kind, key, slug, here, digest, document)
        self.remember_taken()
        return here

    def take_dataset(self, entry: Entry, first_organisation: Callable[[], str]) -> None:
        self.result.total += 1
        identifier = entry.identifier or entry.uri or f"slug:{entry.slug}"
        key = digest_of(identifier.encode())
        if key in self.seen:
            self.result.duplicates += 1
            self.result.findings.append(Finding(entry.slug, DUPLICATE.format(identifier=identifier)))
            return
        self.seen.add(key)
        document = canonical(entry.description if entry.document is None else entry.document)
        digest = digest_of(document)
        known = self.known.get((Harvested.Kind.DATASET, key))
        if known and known.digest == digest and not known.is_gone:
            self.names[Harvested.Kind.DATASET, entry.slug] = known.slug
            self.result.unchanged += 1
            return
        slug = known.slug if known else self.free_slug(entry.slug, identifier)
        self.names[Harvested.Kind.DATASET, entry.slug] = slug
        description = self.salvaged(identifier, self.renamed(entry.description), Class.DATASET)
        description.setdefault("access_level", "restricted")  # what does not say that it is open is not
        description["organisation"] = self.organisation_of(entry.description) or first_organisation()
        try:
            with transaction.atomic():
                if known is None or known.digest != digest:
                    describe_dataset(slug, description, harvested=True)
                if known and known.is_gone:
                    restore_dataset(slug)
        except HubError as error:
            self.result.refused += 1
            self.note(identifier, error)
            return
        self.remember(Harvested.Kind.DATASET, key, identifier, slug, digest, document)
        self.count(known)

    def count(self, known: Known | None) -> None:
        if known is None:
            self.result.created += 1
        elif known.is_gone:
            self.result.restored += 1
        else:
            self.result.changed += 1

    def organisation_of(self, description: Mapping[str, Any]) -> str:
        """Return who answers for a dataset, by the slug here; one that nobody has described is known by its name alone."""
        slug = description.get("organisation", "")
        if slug and (Harvested.Kind.ORGANISATION, slug) not in self.names:
            self.take_other(Harvested.Kind.ORGANISATION, slug, {"name": {"ko": slug}})
        return self.names.get((Harvested.Kind.ORGANISATION, slug), "") if slug else ""

    def renamed(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """Return a description whose references say the slugs that things have here."""
        told = dict(description)
        for name, kind in (("series", Harvested.Kind.SERIES), ("serves", Harvested.Kind.DATASET)):
            if name in told:
                told[name] = [self.names.get((kind, slug), slug) for slug in told[name]]
        if "organisation" in told:
            organisation = told["organisation"]
            told["organisation"] = self.names.get((Harvested.Kind.ORGANISATION, organisation), organisation)
        return told

    def free_slug(self, slug: str, identifier: str) -> str:
        """Return the slug for a dataset that is new here; one that another dataset has is made this feed's own."""
        free = slug if is_slug(slug) and slug not in self.taken else self.own_name(slug, identifier)
        self.taken.add(free)
        return free

    def own_name(self, slug: str, identifier: str) -> str:
        """Return a slug from this feed and identifier: the same whenever it is asked for, and nobody else's."""
        digest = digest_of(f"{self.feed} {identifier}".encode())[:10]
        start = slug if is_slug(slug) else self.feed
        return f"{start[: LONGEST_SLUG - 11].rstrip('-')}-{digest}"

    def remember(
        self, kind: Harvested.Kind, key: str, identifier: str, slug: str, digest: str, document: bytes
    ) -> None:
        self.rows.append(
            Harvested(
                feed=self.feed,
                kind=kind,
                key=key,
                identifier=identifier,
                slug=slug,
                digest=digest,
                document=document.decode(),
                seen_at=self.now,
            )
        )

    def remember_taken(self) -> None:
        """Write the rows of what was taken since the last time, in one statement."""
        slugs = [row.slug for row in self.rows if row.kind == Harvested.Kind.DATASET]
        datasets = dict(Dataset.objects.filter(slug__in=slugs).values_list("slug", "pk"))
        for row in self.rows:
            row.dataset_id = datasets.get(row.slug) if row.kind == Harvested.Kind.DATASET else None
        told = ["identifier", "slug", "dataset", "digest", "document", "seen_at", "gone_at"]
        Harvested.objects.bulk_create(
            self.rows, update_conflicts=True, unique_fields=["feed", "kind", "key"], update_fields=told
        )
        for row in self.rows:
            self.known[row.kind, row.key] = Known(row.pk, row.slug, row.digest, is_gone=False)
        self.rows = []

    def withdraw_gone(self, *, accept_deletions: bool) -> None:
        """Withdraw what the feed told before and tells no more, unless that is too much at once."""
        here = {
            key: known
            for (kind, key), known in self.known.items()
            if kind == Harvested.Kind.DATASET and not known.is_gone
        }
        before = {key: known for key, known in here.items() if key not in self.seen}
        self.result.known = len(here) - self.result.created - self.result.restored
        if not before:
            return
        if len(before) > MOST_GONE * self.result.known and not accept_deletions:
            self.result.held = len(before)
            return
        for keys in batched(before, BATCH):
            with transaction.atomic():
                for key in keys:
                    withdraw_dataset(before[key].slug)
                Harvested.objects.filter(pk__in=[before[key].pk for key in keys]).update(gone_at=self.now)
        self.result.deleted = len(before)

    def remember_seen(self) -> None:
        seen = (known.pk for (kind, key), known in self.known.items() if key in self.seen)
        for keys in batched(seen, 5 * BATCH):
            Harvested.objects.filter(pk__in=keys).update(seen_at=self.now)

    def salvaged(self, where: str, description: Mapping[str, Any], class_: Class) -> dict[str, Any]:
        """Return what can be stored of a description; what cannot is told."""
        kept, problems = salvage(description, class_)
        self.result.findings.extend(
            Finding(f"{where} {problem.field}", LEFT_OUT.format(reason=problem.text)) for problem in problems
        )
        return kept

    def note(self, where: str, error: HubError) -> None:
        reason = problems_of(error) if isinstance(error, BadDescription) else error.text
        self.result.findings.append(Finding(where, REFUSED.format(reason=reason)))


def problems_of(error: BadDescription) -> Text:
    return Text(
        ko=" · ".join(f"{name}: {text.in_language('ko')}" for name, text in error.problems),
        en=" · ".join(f"{name}: {text.in_language('en')}" for name, text in error.problems),
    )


@dataclass(frozen=True)
class Other:
    """How a thing that is no dataset is found and saved."""

    model: type[Organisation | Series | DataService]
    save: Callable[..., Any]
    class_: Class

    def exists(self, slug: str) -> bool:
        return self.model.objects.filter(slug=slug).exists()


OTHERS: Mapping[Harvested.Kind, Other] = {
    Harvested.Kind.ORGANISATION: Other(Organisation, save_organisation, Class.ORGANISATION),
    Harvested.Kind.SERIES: Other(Series, save_series, Class.SERIES),
    Harvested.Kind.SERVICE: Other(DataService, save_service, Class.SERVICE),
}


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield things in lists of ``size``; can go when Python 3.12 is the floor, whose ``itertools`` has it."""
    waiting = iter(things)
    while batch := list(islice(waiting, size)):
        yield batch


def canonical(document: object) -> bytes:
    """Return JSON in which neither the order of keys nor blanks tell two documents apart."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=list)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
