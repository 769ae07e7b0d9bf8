"""``/sitemap.xml``: the pages of all public datasets with the day of their last change, for search engines.

One file may hold 50,000 addresses; where there are more, it is the list of such files (``/sitemap-1.xml`` …).
"""

import datetime as dt
from collections.abc import Iterator
from itertools import chain
from xml.sax.saxutils import escape

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.access import visible_datasets
from catalog.models.dataset import DatasetQuerySet
from catalog.portal.language import public_address

IN_ONE_FILE = 49_999  # and the start page
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
MEDIA_TYPE = "application/xml; charset=utf-8"


@require_safe
def sitemap(request: HttpRequest, number: int = 0) -> HttpResponseBase:
    """Answer with the list of pages, of one file of them, or of files."""
    datasets = visible_datasets(AnonymousUser()).order_by("slug")
    base = public_address(request)
    files = -(-datasets.count() // IN_ONE_FILE)
    if number == 0 and files > 1:
        last = datasets.aggregate(at=Max("modified_at"))["at"]
        return HttpResponse("".join(index(base, files, last)), content_type=MEDIA_TYPE)
    if number > files or (number and files <= 1):
        raise Http404
    start = max(number - 1, 0) * IN_ONE_FILE
    pieces = pages(base, datasets[start : start + IN_ONE_FILE], with_start=number <= 1)
    return StreamingHttpResponse(chain([next(pieces)], pieces), content_type=MEDIA_TYPE)


def index(base: str, files: int, last: dt.datetime) -> Iterator[str]:
    yield f"{HEAD}<sitemapindex {XMLNS}>\n"
    for number in range(1, files + 1):
        place = base + reverse("portal:sitemap-page", args=[number])
        yield f"<sitemap><loc>{escape(place)}</loc><lastmod>{last.isoformat(timespec='seconds')}</lastmod></sitemap>\n"
    yield "</sitemapindex>\n"


def pages(base: str, datasets: DatasetQuerySet, *, with_start: bool) -> Iterator[str]:
    yield f"{HEAD}<urlset {XMLNS}>\n"
    if with_start:
        yield f"<url><loc>{escape(base + reverse('portal:search'))}</loc></url>\n"
    for slug, modified in datasets.values_list("slug", "modified_at").iterator():
        place = base + reverse("portal:dataset", args=[slug])
        yield f"<url><loc>{escape(place)}</loc><lastmod>{modified.isoformat(timespec='seconds')}</lastmod></url>\n"
    yield "</urlset>\n"
