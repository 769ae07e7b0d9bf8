"""The pages: parse the address, ask the verbs, render. What a page shows is put together in the module of its name."""

from django.http import HttpRequest, HttpResponse

from catalog.access import visible_datasets
from catalog.describe import find_dataset
from catalog.portal.about_page import about_page
from catalog.portal.dataset_page import dataset_page
from catalog.portal.language import public_address
from catalog.portal.organisation_page import organisation_page
from catalog.portal.page import page, render_page
from catalog.portal.search_page import search_page


@page
def search(request: HttpRequest) -> HttpResponse:
    return render_page(
        request, "portal/search.html", {"found": search_page(request.GET, visible_datasets(request.user))}
    )


@page
def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    shown = dataset_page(find_dataset(slug, request.user), request.user, public_address(request))
    return render_page(request, "portal/dataset.html", {"shown": shown})


@page
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    shown = organisation_page(slug, visible_datasets(request.user))
    return render_page(request, "portal/organisation.html", {"shown": shown})


@page
def about(request: HttpRequest) -> HttpResponse:
    shown = about_page(visible_datasets(request.user), public_address(request))
    return render_page(request, "portal/about.html", {"shown": shown})


@page
def robots(request: HttpRequest) -> HttpResponse:
    """Crawlers may read every page; the admin and the records themselves are not for them."""
    return HttpResponse("User-agent: *\nDisallow: /admin/\nDisallow: /api/\n", content_type="text/plain; charset=utf-8")
