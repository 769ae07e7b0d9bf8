"""Descriptions at their permanent addresses, in every tongue: ``/dataset/{slug}.ttl``, ``/organisation/{slug}.jsonld`` …

A dataset is had in all tongues of the table, what else has an address of its own as RDF. Without an extension ``Accept``
decides; where there is a page as well, ``datahub/negotiation.py`` asks before. The catalogue is in ``dcat_catalogue.py``.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import replace

from django.db.models import Model
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date
from rest_framework.request import Request

from catalog.access import visible_datasets
from catalog.api.addresses import public_base
from catalog.api.tongues import RDF_TONGUES, TONGUES, Tongue, choose_tongue, find_tongue, offered, tongue_links
from catalog.api.view import ApiView, one_value
from catalog.describe import describe_row
from catalog.errors import BadValue, DatasetNotFound, NoFormAccepted, OrganisationNotFound
from catalog.exchange.dcat import PROFILES, part_met, write_dcat
from catalog.exchange.entry import Catalogue
from catalog.models import DataService, Dataset, Organisation, Series
from catalog.share import describe_services, share, share_dataset
from catalog.standard import Class

MEMBERS = 100  # datasets that the description of a series names


class TongueView(ApiView):
    """A view that answers in one of some tongues: the one of the extension, else the one that ``Accept`` likes best."""

    schema = None
    tongues: tuple[Tongue, ...] = RDF_TONGUES

    def tongue(self, request: Request, extension: str) -> Tongue:
        if extension:
            found = find_tongue(extension, self.tongues)
            if found is None:
                raise Http404
            return found
        accept = request.headers.get("Accept", "")
        chosen = choose_tongue(accept, self.tongues)
        if chosen is None:
            raise NoFormAccepted(accept=accept, allowed=offered(self.tongues))
        return chosen

    def answer(self, body: bytes, tongue: Tongue, uri: str, modified: dt.datetime | None = None) -> HttpResponse:
        response = HttpResponse(body, content_type=tongue.media_type)
        response["Link"] = ", ".join(links(uri, tongue, self.tongues))
        if modified is not None:
            response["Last-Modified"] = http_date(modified.timestamp())
        return readable_everywhere(response)


class DatasetTongueView(TongueView):
    """One dataset in a tongue; in RDF also by the older profile of DCAT-AP (``?profile=2.1.1``)."""

    tongues = TONGUES
    parameters = ("profile",)

    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponse:
        tongue = self.tongue(request, extension)
        profile = read_profile(request)
        dataset = visible_datasets(request.user).filter(slug=slug).first()
        if dataset is None:
            raise DatasetNotFound(dataset=slug)
        shared = share_dataset(dataset, public_base(request))
        body = tongue.write(shared) if tongue.form is None else tongue.write(shared, profile=profile)
        modified = max(dataset.modified_at, dataset.organisation.modified_at)
        return self.answer(body, tongue, f"{shared.base}/dataset/{slug}", modified)


class OrganisationTongueView(TongueView):
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponse:
        row = Organisation.objects.filter(slug=slug).first()
        if row is None:
            raise OrganisationNotFound(organisation=slug)
        shared = Catalogue(public_base(request), organisations={slug: describe_row(row, Class.ORGANISATION)})
        return self.entity(request, shared, shared.organisation_uri(slug), extension, row)

    def entity(self, request: Request, shared: Catalogue, uri: str, extension: str, row: Model | None) -> HttpResponse:
        tongue = self.tongue(request, extension)
        return self.answer(write_dcat(shared, tongue.form), tongue, uri, row.modified_at if row else None)


class SeriesTongueView(OrganisationTongueView):
    """A series with its first datasets, or it would be a series of nothing."""

    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponse:
        row = Series.objects.select_related("organisation").filter(slug=slug).first()
        if row is None:
            raise Http404
        members = visible_datasets(request.user).filter(pk__in=members_of(slug)).order_by("slug")[:MEMBERS]
        told = share(members, public_base(request))
        shared = part_met(replace(told, description={}, series={slug: describe_row(row, Class.SERIES)}))
        return self.entity(request, shared, shared.series_uri(slug), extension, row)


class ServiceTongueView(OrganisationTongueView):
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponse:
        base = public_base(request)
        services = describe_services(base, {slug})
        if slug not in services:
            raise Http404
        row = DataService.objects.select_related("organisation").filter(slug=slug).first()
        organisation = row.organisation if row else None
        told = {organisation.slug: describe_row(organisation, Class.ORGANISATION)} if organisation else {}
        shared = Catalogue(base, organisations=told, services={slug: services[slug]})
        return self.entity(request, shared, shared.service_uri(slug), extension, row)


class DatasetByIdView(ApiView):
    """A dataset by its number (UUID): see its permanent address."""

    schema = None

    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        slug = visible_datasets(request.user).filter(pk=id).values_list("slug", flat=True).first()
        if slug is None:
            raise DatasetNotFound(dataset=id)
        response = HttpResponseRedirect(f"{public_base(request)}/dataset/{slug}")
        response.status_code = 303
        return response


def members_of(slug: str) -> Iterator[uuid.UUID]:
    """Return the datasets that name a series."""
    named = Dataset.objects.current().filter(series__icontains=slug).values_list("pk", "series")
    return (pk for pk, series in named.iterator() if slug in series)


def read_profile(request: Request) -> str:
    profile = one_value(request, "profile", PROFILES[0])
    if profile not in PROFILES:
        raise BadValue(parameter="profile", value=profile, expected=", ".join(PROFILES))
    return profile


def links(uri: str, tongue: Tongue, tongues: tuple[Tongue, ...]) -> Iterator[str]:
    """Yield the links of an answer: what it is, which profile it follows, and where the same is had in other tongues."""
    yield f'<{uri}>; rel="canonical"'
    if tongue.conforms_to:
        yield f'<{tongue.conforms_to}>; rel="profile"'
    yield from tongue_links(uri, tongues)


def readable_everywhere(response: HttpResponse) -> HttpResponse:
    """Let pages of other origins read an answer, and tell caches that it depends on ``Accept``."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag, Link"
    patch_vary_headers(response, ["Accept"])
    return response
