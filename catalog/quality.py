"""How good is a dataset? Gathers what the score rests on (records, findings, links) and asks ``catalog/standard/quality.py``.

Whoever looks gets a fresh answer; what is stored with the dataset is for searching and lists and is renewed every day.
Links are tried elsewhere (``ingest/links.py``); here lies what is known of them and what is due.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from catalog.access import RULES, may_read
from catalog.describe import with_parts
from catalog.exchange.entry import Entry
from catalog.models import Dataset, Distribution, LinkCheck, Snapshot
from catalog.models.dataset import DatasetQuerySet
from catalog.publish import save_quality
from catalog.share import CHUNK, make_entry, served_distributions, with_records
from catalog.standard.conformance import Conformance, conformance
from catalog.standard.evidence import Evidence, Finding, Publication
from catalog.standard.links import Answer, Link, LinkState, judge
from catalog.standard.measures import WATCHED
from catalog.standard.quality import Quality, score

RECHECK = dt.timedelta(days=7)  # of an address that answers
RECHECK_FAILED = dt.timedelta(days=1)  # of one that does not: three strikes take three days
ROUND = 1000  # datasets assessed at a time
SAVED = 25  # scores stored in one transaction; other writers wait for it
LONGEST_URL = 2000  # bytes
REASSESS = dt.timedelta(days=1)
FORGOTTEN = dt.timedelta(days=180)
ADDRESSES = ("access_url", "download_url")


@dataclass(frozen=True)
class Assessment:
    """A dataset's answer to both questions, is it right and is it good, with what that rests on."""

    dataset: Dataset
    entry: Entry
    evidence: Evidence
    conformance: Conformance
    quality: Quality


def assess(dataset: Dataset, base: str, now: dt.datetime | None = None) -> Assessment:
    """Assess one dataset as it is now; nothing is stored."""
    return next(assess_all(Dataset.objects.filter(pk=dataset.pk), base, now))


def assess_all(datasets: DatasetQuerySet, base: str, now: dt.datetime | None = None) -> Iterator[Assessment]:
    """Assess datasets, a chunk at a time, each with the same few queries however many datasets are in it."""
    moment = now or timezone.now()
    rows = with_records(with_parts(datasets)).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        entries = [make_entry(dataset, base) for dataset in chunk]
        publications = find_publications(chunk)
        links = find_links(address for entry in entries for address in addresses_of(entry.description))
        for dataset, entry in zip(chunk, entries, strict=True):
            evidence = gather(dataset, entry, base, links, publications.get(dataset.distribution_id, ()), moment)
            yield Assessment(
                dataset, entry, evidence, conformance(entry.description), score(entry.description, evidence)
            )


def hub_base() -> str:
    """Return the hub's own address where nobody asks by one; any will do for a score."""
    return settings.BASE_URL.rstrip("/") or "http://localhost"


def assess_due(now: dt.datetime) -> int:
    """Assess a round of the datasets whose score is due; return how many."""
    return sum(1 for _ in save_assessments(due_datasets(now)[:ROUND], hub_base(), now))


def due_datasets(now: dt.datetime) -> DatasetQuerySet:
    """Return the datasets whose stored score is missing, older than a day, or older than the dataset, oldest first."""
    return (
        Dataset.objects.current()
        .filter(Q(assessed_at=None) | Q(assessed_at__lte=now - REASSESS) | Q(assessed_at__lt=F("modified_at")))
        .order_by(F("assessed_at").asc(nulls_first=True), "pk")
    )


def save_assessments(datasets: DatasetQuerySet, base: str, now: dt.datetime | None = None) -> Iterator[Assessment]:
    """Assess datasets, store what each scored, and yield the assessments."""
    moment = now or timezone.now()
    found = assess_all(datasets, base, moment)
    while chunk := list(islice(found, SAVED)):
        with transaction.atomic():
            for assessment in chunk:
                quality = assessment.quality
                save_quality(assessment.dataset, score=quality.points, band=quality.band.code, at=moment)
        yield from chunk


def gather(
    dataset: Dataset,
    entry: Entry,
    base: str,
    links: Mapping[str, Link],
    publications: Sequence[Publication],
    now: dt.datetime,
) -> Evidence:
    """Return the evidence on one dataset."""
    snapshot = dataset.told_snapshot
    return Evidence(
        now=now,
        links={url: links[url] for url in addresses_of(entry.description) if url in links},
        own=own_addresses(dataset, snapshot, base),
        table_schema=entry.table_schema,
        publications=tuple(publications),
        records=snapshot.records if snapshot else 0,
        refused=snapshot.rejected if snapshot else 0,
        findings=tuple(read_finding(finding) for finding in (snapshot.findings if snapshot else ())),
    )


def read_finding(document: Mapping[str, Any]) -> Finding:
    return Finding(document["code"], document["column"], document["count"])


def own_addresses(dataset: Dataset, snapshot: Snapshot | None, base: str) -> frozenset[str]:
    """Return the addresses of the records that the hub serves to everybody, which need no trying."""
    anybody = AnonymousUser()
    page = {f"{base}/dataset/{dataset.slug}"} if RULES[dataset.access_level].sees(anybody) else set()
    if snapshot is None or not may_read(anybody, dataset):
        return frozenset(page)
    return frozenset(
        page | {url for served in served_distributions(dataset, snapshot, base) for url in addresses(served)}
    )


def addresses_of(description: Mapping[str, Any]) -> list[str]:
    """Return every address that a description's distributions can be had at."""
    return [url for part in description.get("distributions", ()) for url in addresses(part)]


def addresses(distribution: Mapping[str, Any]) -> list[str]:
    return [distribution[name] for name in ADDRESSES if distribution.get(name)]


def find_publications(datasets: Iterable[Dataset]) -> dict[int, list[Publication]]:
    """Return the last publications of each dataset's records by distribution, newest first, with one query.

    Older releases that came in late were never the newest and tell nothing about freshness.
    """
    latest = Window(RowNumber(), partition_by=[F("distribution")], order_by=[F("published_at").desc(), F("id").desc()])
    snapshots = (
        Snapshot.objects.filter(distribution__in=[row.distribution_id for row in datasets if row.distribution_id])
        .filter(Q(replaced_at=None) | Q(replaced_at__gt=F("published_at")))
        .annotate(rank=latest)
        .filter(rank__lte=WATCHED)
        .order_by("distribution", "rank")
    )
    found: dict[int, list[Publication]] = {}
    for distribution, digest, published_at, valid_at in snapshots.values_list(
        "distribution", "digest", "published_at", "valid_at"
    ):
        found.setdefault(distribution, []).append(Publication(digest, published_at, valid_at))
    return found


def find_links(urls: Iterable[str]) -> dict[str, Link]:
    """Return what is known of addresses, with one query."""
    return {row.url: row.as_value for row in LinkCheck.objects.filter(url__in=set(urls))}


def due_links(base: str, now: dt.datetime) -> list[str]:
    """Return the addresses of distributions elsewhere that it is time to try: never tried ones first, then the oldest."""
    links = Distribution.objects.filter(dataset__withdrawn_at=None, schema__isnull=True)
    named = {url for pair in links.values_list(*ADDRESSES).iterator() for url in pair if is_foreign(url, base)}
    known = LinkCheck.objects.values_list("url", "state", "checked_at").iterator()
    tried = {url: (LinkState(state), checked_at) for url, state, checked_at in known if url in named}
    due = [url for url in named if url not in tried or is_due(*tried[url], now)]
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(due, key=lambda url: (tried[url][1] if url in tried else never, url))


def is_foreign(url: str, base: str) -> bool:
    """Tell whether an address lies elsewhere and can be tried and kept (no index of PostgreSQL takes longer ones)."""
    return (
        len(url.encode()) <= LONGEST_URL and url.startswith(("http://", "https://")) and not url.startswith(f"{base}/")
    )


def is_due(state: LinkState, checked_at: dt.datetime, now: dt.datetime) -> bool:
    is_well = state in (LinkState.ANSWERS, LinkState.MOVED)
    return checked_at <= now - (RECHECK if is_well else RECHECK_FAILED)


def record_answer(url: str, answer: Answer, now: dt.datetime) -> Link:
    """Keep what a try of an address found."""
    row = LinkCheck.objects.filter(url=url).first()
    link = judge(url, row.as_value if row else None, answer, now)
    values = {each.name: getattr(link, each.name) for each in fields(link) if each.name != "url"}
    LinkCheck.objects.update_or_create(url=url, defaults=values)
    return link


def forget_links(now: dt.datetime) -> int:
    """Forget addresses that no dataset names any more: those that had long been due."""
    gone, _ = LinkCheck.objects.filter(checked_at__lt=now - FORGOTTEN).delete()
    return gone
