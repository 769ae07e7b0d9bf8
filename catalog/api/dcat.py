"""A dataset as DCAT, at its permanent address with ``.jsonld`` behind it: ``/dataset/{slug}.jsonld``."""

import orjson
from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request

from catalog.api.addresses import absolute
from catalog.api.view import ApiView
from catalog.describe import describe, find_dataset
from catalog.exchange import to_dcat


class DcatView(ApiView):
    """One dataset as a ``dcat:Dataset`` in JSON-LD."""

    schema = None

    def get(self, request: Request, slug: str) -> HttpResponse:
        dataset = find_dataset(slug, request.user)
        uri = absolute(request, f"/dataset/{dataset.slug}")
        records = absolute(request, reverse("api:records", args=[dataset.slug]))
        document = to_dcat(describe(dataset), uri=uri, access_url=records)
        return HttpResponse(orjson.dumps(document), content_type="application/ld+json")
