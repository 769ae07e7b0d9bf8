"""The whole catalogue as DCAT-AP: in pages of a hundred (Hydra), or as one stream of N-Triples (``/catalog.nt?page=all``).

``hydra:next`` goes on after the last dataset of its page, whatever came or went in the meantime: who follows it misses no
dataset that was there all the time. A page is written whole before it is answered. Its ETag is made from the change feed,
so that an unchanged page costs a few look-ups.
"""

import datetime as dt
import hashlib
import re
from functools import cache
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode

from django.db.models import Count, Max
from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from catalog.access import RULES, visible_datasets
from catalog.api.addresses import public_base, query_pairs
from catalog.api.dcat import TongueView, read_profile, readable_everywhere
from catalog.api.filters import PARAMETERS, read_query
from catalog.api.tongues import Tongue
from catalog.api.view import one_value
from catalog.errors import BadValue, UnknownFormat
from catalog.exchange.dcat import Paging, part_met, stream_dcat, write_dcat
from catalog.exchange.rdf import N_TRIPLES
from catalog.models import Catalogue as CatalogueRow
from catalog.models import Change, DataService, FeedHead, Organisation, Series
from catalog.models.dataset import DatasetQuerySet
from catalog.search import find
from catalog.share import share
from catalog.text import Text

PAGE_SIZE = 100
MOST_PAGES = 1_000_000
ALL = "all"
SLUG = re.compile(r"[-a-z0-9_]+")
SOURCES = Path(__file__).resolve().parents[1]
WRITERS = ("exchange", "standard")


class CatalogueTongueView(TongueView):
    parameters = (*PARAMETERS, "modified_since", "page", "after", "profile")

    def get(self, request: Request, extension: str = "") -> HttpResponseBase:
        tongue = self.tongue(request, extension)
        etag = state(request, tongue)
        unchanged = get_conditional_response(request, etag=etag)
        if isinstance(unchanged, HttpResponseNotModified):
            unchanged["ETag"] = etag
            return readable_everywhere(unchanged)
        found = asked_datasets(request)
        answer = self.stream if one_value(request, "page") == ALL else self.page
        response = answer(request, tongue, found)
        response["ETag"] = etag
        return response

    def page(self, request: Request, tongue: Tongue, found: DatasetQuerySet) -> HttpResponse:
        profile = read_profile(request)
        total = found.count()
        after = read_after(request)
        number = read_page(request, last=MOST_PAGES if after else last_page(total))
        ordered = found.order_by("slug")
        rows = ordered.filter(slug__gt=after)[:PAGE_SIZE] if after else ordered[(number - 1) * PAGE_SIZE :][:PAGE_SIZE]
        shared = part_met(share(rows, public_base(request), total=total))
        end = max((entry.slug for entry in shared.datasets), default="")
        going_on = end if end and found.filter(slug__gt=end).exists() else ""
        body = write_dcat(shared, tongue.form, paging=page_addresses(request, number, going_on, total), profile=profile)
        return self.answer(body, tongue, shared.uri, Change.objects.aggregate(at=Max("at"))["at"])

    def stream(self, request: Request, tongue: Tongue, found: DatasetQuerySet) -> HttpResponseBase:
        """Answer with everything at once; the first piece is drawn before the status is sent."""
        if tongue.form is not N_TRIPLES:
            raise UnknownFormat(format=tongue.extension, allowed=["nt"])
        if one_value(request, "after") or "profile" in request.GET:
            raise BadValue(parameter="page", value=ALL, expected=Text(ko="다른 쪽 매개변수 없이", en="it alone"))
        chunks = stream_dcat(share(found.order_by("slug"), public_base(request)))
        response = StreamingHttpResponse(chain([next(chunks, b"")], chunks), content_type=tongue.media_type)
        return readable_everywhere(response)


def asked_datasets(request: Request) -> DatasetQuerySet:
    """Return the datasets that are asked for; without a question all of them, whatever the search index holds."""
    found = visible_datasets(request.user)
    if any(name in request.GET for name in PARAMETERS):
        found = find(read_query(request), request.user).restrict(found)
    since = one_value(request, "modified_since")
    return found.filter(modified_at__gte=read_since(since)) if since else found


def read_since(text: str) -> dt.datetime:
    """Read a day or a moment; without an offset it is the hub's own time."""
    try:
        moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        expected = Text(ko="ISO 8601 날짜나 일시 (예: 2026-01-31)", en="an ISO 8601 day or time, as 2026-01-31")
        raise BadValue(parameter="modified_since", value=text, expected=expected) from error
    return moment if moment.tzinfo else timezone.make_aware(moment)


def read_page(request: Request, *, last: int) -> int:
    text = one_value(request, "page", "1")
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= last:
        raise BadValue(parameter="page", value=text, expected=f"1..{last}, {ALL} (nt)")
    return int(text)


def read_after(request: Request) -> str:
    slug = one_value(request, "after")
    if slug and not SLUG.fullmatch(slug):
        expected = Text(ko="'hydra:next' 주소 그대로", en="the address in hydra:next, unchanged")
        raise BadValue(parameter="after", value=slug, expected=expected)
    return slug


def page_addresses(request: Request, number: int, end: str, total: int) -> Paging:
    """Return the addresses of the pages; the next one, if there is one, says where this one ended."""
    return Paging(
        here=page_address(request, number, one_value(request, "after")),
        first=page_address(request, 1),
        previous=page_address(request, number - 1) if number > 1 else "",
        next=page_address(request, number + 1, end) if end else "",
        last=page_address(request, last_page(total)),
        total=total,
    )


def last_page(total: int) -> int:
    return max(1, -(-total // PAGE_SIZE))


def page_address(request: Request, number: int, after: str = "") -> str:
    kept = [(name, value) for name, value in query_pairs(request) if name not in ("page", "after")]
    place = [("page", str(number)), *([("after", after)] if after else [])]
    return f"{public_base(request)}{request.path}?{urlencode([*kept, *place])}"


def state(request: Request, tongue: Tongue) -> str:
    """Return the strong ETag of an answer: what was asked, who may see what, and the last change of all that it tells."""
    visible = [level for level, rule in RULES.items() if rule.sees(request.user)]
    sequence = FeedHead.objects.values_list("sequence", flat=True).first() or 0
    others = [
        model.objects.aggregate(Max("modified_at"), Count("pk"))
        for model in (CatalogueRow, Organisation, Series, DataService)
    ]
    told = (public_base(request), request.get_full_path(), tongue.extension, visible, sequence, others, writer_digest())
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'


@cache
def writer_digest() -> str:
    """Return a digest of everything that decides how a catalogue is told: a new release of the hub tells it anew."""
    files = [
        path
        for folder in WRITERS
        for path in sorted((SOURCES / folder).rglob("*"))
        if path.suffix in (".py", ".csv", ".json")
    ]
    digest = hashlib.sha256()
    for path in [SOURCES / "share.py", SOURCES / "describe.py", *files]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
