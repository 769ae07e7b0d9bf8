"""One address for a thing, whoever asks: people get its page, programs its description, as ``Accept`` says.

The portal and the API do not know each other; they meet here.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from catalog.api.accept import prefer
from catalog.api.addresses import absolute
from catalog.api.dcat import DatasetTongueView, OrganisationTongueView, TongueView
from catalog.api.dcat_catalogue import CatalogueTongueView
from catalog.api.tongues import Tongue, offered, tongue_links
from catalog.portal import views

View = Callable[..., HttpResponseBase]
PAGE = ("text/html", "application/xhtml+xml")


def page_or_description(page: View, description: type[TongueView]) -> View:
    """Return a view that answers with the page, or with the description in the tongue that is wanted more."""
    describe = description.as_view()

    def answer(request: HttpRequest, **parts: str) -> HttpResponseBase:
        if not wants_page(request, description.tongues):
            return describe(request, **parts)
        response = page(request, **parts)
        if response.status_code == 200:
            response["Link"] = ", ".join(page_links(absolute(request, request.path), description.tongues))
        patch_vary_headers(response, ["Accept"])
        return response

    return answer


def wants_page(request: HttpRequest, tongues: tuple[Tongue, ...]) -> bool:
    return prefer(request.headers.get("Accept", ""), [*PAGE, *offered(tongues)]) in PAGE


def page_links(uri: str, tongues: tuple[Tongue, ...]) -> list[str]:
    """Return the links from a page to its description: the first tongue describes it, all are alternates."""
    first = tongues[0]
    return [f'<{uri}.{first.extension}>; rel="describedby"; type="{first.plain_type}"', *tongue_links(uri, tongues)]


def search(request: HttpRequest) -> HttpResponseBase:
    """Lead people who open the catalogue's own address to the page that lists it."""
    kept = [(name, value) for name, values in request.GET.lists() for value in values]
    return HttpResponseRedirect(reverse("portal:search") + (f"?{urlencode(kept)}" if kept else ""))


dataset = page_or_description(views.dataset, DatasetTongueView)
organisation = page_or_description(views.organisation, OrganisationTongueView)
catalogue = page_or_description(search, CatalogueTongueView)
