"""``/data.json``: the whole public catalogue as DCAT-US 1.1, as harvesters of open-data portals read it.

It is written while it is read, so that its size does not matter. Its ETag comes from the change feed and from all that
decides how a catalogue is told: who has it already learns with a few look-ups that nothing has changed.
"""

import hashlib
from itertools import chain

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max
from django.http import HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from catalog.access import visible_datasets
from catalog.api.addresses import public_base
from catalog.api.dcat_catalogue import writer_digest
from catalog.api.view import ApiView
from catalog.exchange.data_json import to_data_json
from catalog.models import Catalogue, DataService, FeedHead, Organisation, Series
from catalog.share import share

TOLD = (Catalogue, Organisation, Series, DataService)


class DataJsonView(ApiView):
    """What everybody may see, whoever asks; the first piece is drawn before the status is sent."""

    schema = None

    def get(self, request: Request) -> HttpResponseBase:
        etag = state(request)
        response = get_conditional_response(request, etag=etag)
        if not isinstance(response, HttpResponseNotModified):
            pieces = to_data_json(share(visible_datasets(AnonymousUser()).order_by("slug"), public_base(request)))
            response = StreamingHttpResponse(chain([next(pieces)], pieces), content_type="application/json")
        response["ETag"] = etag
        response["Access-Control-Allow-Origin"] = "*"
        return response


def state(request: Request) -> str:
    """Return a strong ETag: the last change, the last change of what the feed does not tell, and how it is written."""
    sequence = FeedHead.objects.values_list("sequence", flat=True).first() or 0
    moments = [model.objects.aggregate(at=Max("modified_at"))["at"] for model in TOLD]
    told = (public_base(request), sequence, moments, writer_digest())
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'
