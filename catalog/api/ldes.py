"""The change feed as linked data (LDES, the profile for DCAT-AP feeds) at ``/feeds/ldes``: what everybody may see, nobody more.

The log is cut into pages of fixed numbers of entries, and these into books; the root names the books. So a page costs the same
wherever it is. Of each dataset only the newest entry is a member, with its description of now: nothing ever comes to a full page,
it only loses what was overtaken. How it is written is in ``catalog/exchange/dcat/ldes.py``.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, OuterRef, Subquery
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from catalog.access import visible_datasets
from catalog.api.addresses import absolute, public_base
from catalog.api.dcat import TongueView, readable_everywhere
from catalog.api.dcat_catalogue import writer_digest
from catalog.api.feed_pages import seen_by
from catalog.api.tongues import Tongue, dcat
from catalog.describe import describe_row
from catalog.errors import StartOver
from catalog.exchange.dcat import part_met
from catalog.exchange.dcat.ldes import CREATE, DELETE, UPDATE, Branch, Member, Node, write_node
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import JSON_LD, TRIG, TURTLE
from catalog.models import Change, DataService, Dataset, FeedHead, Organisation, Series
from catalog.share import describe_services, entries
from catalog.standard import Class

PAGE = 200  # entries of the log
BOOK = 200  # pages
EVERYBODY = AnonymousUser()
KEPT = "public, max-age=604800, immutable"
OPEN = "public, no-cache"
NEW = (Change.Kind.CREATED, Change.Kind.RESTORED)
FEED_TONGUES: tuple[Tongue, ...] = (
    dcat("trig", TRIG, also=TRIG.also[:1]),
    dcat("jsonld", JSON_LD, also=("application/json",)),
    dcat("ttl", TURTLE, also=("application/x-turtle",)),
)


@dataclass(frozen=True)
class Stretch:
    """Some entries of the log, by the numbers of the first and the last."""

    first: int
    last: int

    def parts(self, size: int, head: int) -> list["Stretch"]:
        """Return the stretches of some size that it is made of and that have begun; the last may be unfinished."""
        starts = range(self.first, min(self.last, head) + 1, size)
        return [Stretch(start, start + size - 1) for start in starts]


class LdesView(TongueView):
    """What root, books and pages share: where they stand, and how they are answered."""

    tongues = FEED_TONGUES

    def node(self, request: Request, tongue: Tongue, uri: str, extension: str) -> Node:
        """Return an empty page; who asks by extension is led on by extension."""
        root, end = absolute(request, reverse("ldes")), f".{tongue.extension}" if extension else ""
        return Node(f"{root}#stream", f"{root}{end}", f"{uri}{end}")

    def respond(self, node: Node, tongue: Tongue, uri: str, *, is_closed: bool) -> HttpResponse:
        response = self.answer(write_node(node, tongue.form), tongue, uri)
        response["Cache-Control"] = KEPT if is_closed else OPEN
        return response


class LdesRootView(LdesView):
    """The root: the stream, what is kept of it, and its books."""

    def get(self, request: Request, extension: str = "") -> HttpResponse:
        tongue, head = self.tongue(request, extension), read_head()
        uri = absolute(request, reverse("ldes"))
        node = self.node(request, tongue, uri, extension)
        books = Stretch(1, head.sequence).parts(PAGE * BOOK, head.sequence)
        addresses = [address_of(request, "ldes-book", extension, head.epoch, number) for number in range(len(books))]
        return self.respond(replace(node, branches=branches(addresses, books, head)), tongue, uri, is_closed=False)


class LdesBookView(LdesView):
    """A book: its pages."""

    def get(self, request: Request, epoch: int, book: int, extension: str = "") -> HttpResponse:
        tongue, head = self.tongue(request, extension), read_head(epoch)
        stretch = stretch_of(PAGE * BOOK, book, head)
        uri = absolute(request, reverse("ldes-book", args=[epoch, book]))
        node = self.node(request, tongue, uri, extension)
        pages = stretch.parts(PAGE, head.sequence)
        addresses = [address_of(request, "ldes-page", extension, epoch, book, number) for number in range(len(pages))]
        is_closed = stretch.last <= head.sequence
        return self.respond(replace(node, branches=branches(addresses, pages, head)), tongue, uri, is_closed=is_closed)


class LdesPageView(LdesView):
    """A page: its members. Its ETag is made before they are described."""

    def get(self, request: Request, epoch: int, book: int, page: int, extension: str = "") -> HttpResponse:
        tongue, head = self.tongue(request, extension), read_head(epoch)
        if page >= BOOK:
            raise Http404
        stretch = stretch_of(PAGE, book * BOOK + page, head)
        uri = absolute(request, reverse("ldes-page", args=[epoch, book, page]))
        newest = newest_entries(stretch)
        etag = state(request, tongue, newest)
        unchanged = get_conditional_response(request, etag=etag)
        if isinstance(unchanged, HttpResponseNotModified):
            response: HttpResponse = readable_everywhere(unchanged)
        else:
            node = self.node(request, tongue, uri, extension)
            members = tuple(members_of(newest, node.stream, epoch, public_base(request)))
            response = self.respond(replace(node, members=members), tongue, uri, is_closed=False)
        response["ETag"] = etag
        response["Cache-Control"] = KEPT if stretch.last <= head.sequence else OPEN
        return response


def read_head(epoch: int | None = None) -> FeedHead:
    """Return the head of the feed; addresses of another epoch lead nowhere any more."""
    head = FeedHead.objects.filter(pk=1).first() or FeedHead(sequence=0, epoch=0)
    if epoch not in (None, head.epoch):
        raise StartOver
    return head


def stretch_of(size: int, number: int, head: FeedHead) -> Stretch:
    if number * size >= head.sequence:
        raise Http404
    return Stretch(number * size + 1, (number + 1) * size)


def address_of(request: Request, name: str, extension: str, *numbers: int) -> str:
    return absolute(request, reverse(name, args=numbers)) + (f".{extension}" if extension else "")


def branches(addresses: Sequence[str], stretches: Sequence[Stretch], head: FeedHead) -> tuple[Branch, ...]:
    """Return pages below with the times of their first and last entries."""
    ends = [(stretch.first, min(stretch.last, head.sequence)) for stretch in stretches]
    times = dict(Change.objects.filter(pk__in={number for end in ends for number in end}).values_list("sequence", "at"))
    return tuple(
        Branch(address, times[first], times[last]) for address, (first, last) in zip(addresses, ends, strict=True)
    )


def newest_entries(stretch: Stretch) -> list[dict[str, Any]]:
    """Return the entries of a stretch that nothing newer of the same dataset has overtaken.

    The newest of each is looked up by itself: however many entries a dataset has, that is one step in the index.
    """
    seen = Change.objects.filter(seen_by(EVERYBODY))
    newest = seen.filter(dataset_id=OuterRef("dataset_id")).order_by("-sequence").values("sequence")[:1]
    home = Dataset.objects.filter(pk=OuterRef("dataset_id")).values("home")
    found = seen.filter(sequence__gte=stretch.first, sequence__lte=stretch.last).order_by("sequence")
    rows = found.values(
        "sequence", "kind", "dataset_id", "dataset_slug", "at", newest=Subquery(newest), home=Subquery(home)
    )
    return [row for row in rows if row["newest"] == row["sequence"]]


def state(request: Request, tongue: Tongue, newest: Sequence[dict[str, Any]]) -> str:
    """Return the strong ETag of a page: its members, and what else their descriptions speak of."""
    others = [model.objects.aggregate(Max("modified_at"), Count("pk")) for model in (Organisation, Series, DataService)]
    numbers = [row["sequence"] for row in newest]
    told = (public_base(request), request.get_full_path(), tongue.extension, numbers, others, writer_digest())
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


def members_of(newest: Sequence[dict[str, Any]], stream: str, epoch: int, base: str) -> Iterator[Member]:
    """Yield the members: what can be seen now is there with its description, everything else is gone."""
    shown = visible_datasets(EVERYBODY).filter(pk__in=[row["dataset_id"] for row in newest])
    found = {uuid.UUID(entry.id): entry for entry in entries(shown, base)}
    around = surroundings(list(found.values()), base)
    for row in newest:
        uri = row["home"] or f"{base}/dataset/{row['dataset_slug']}"
        entry = found.get(row["dataset_id"])
        at: dt.datetime = row["at"]
        activity = f"{stream.partition('#')[0]}#change-{epoch}-{row['sequence']}"
        if entry is None:
            yield Member(activity, DELETE, uri, at)
        else:
            act = CREATE if row["kind"] in NEW else UPDATE
            yield Member(activity, act, uri, at, alone(replace(entry, uri=uri), around))


def surroundings(found: Sequence[Entry], base: str) -> Catalogue:
    """Return what the datasets of a page speak of: organisations, series and services."""
    organisations = {entry.description["organisation"] for entry in found}
    series = {slug for entry in found for slug in entry.description.get("series", ())}
    told_series = Series.objects.select_related("organisation").filter(slug__in=series)
    organisations |= {row.organisation.slug for row in told_series if row.organisation}
    return Catalogue(
        base=base,
        organisations={
            row.slug: describe_row(row, Class.ORGANISATION)
            for row in Organisation.objects.filter(slug__in=organisations)
        },
        series={row.slug: describe_row(row, Class.SERIES) for row in told_series},
        services=describe_services(base, {slug for entry in found for slug in services_of(entry)}),
    )


def alone(entry: Entry, around: Catalogue) -> Catalogue:
    """Return a dataset with what it speaks of, and nothing else: its graph has to stand for itself."""
    wanted = services_of(entry)
    services = {slug: told for slug, told in around.services.items() if slug in wanted}
    return part_met(replace(around, datasets=(entry,), services=services))


def services_of(entry: Entry) -> set[str]:
    return {link["access_service"] for link in entry.description["distributions"] if "access_service" in link}
