"""The pages: parse the address, ask the verbs, render. What a page shows is put together in the module of its name."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.access import visible_datasets
from catalog.describe import find_dataset
from catalog.portal.about_page import about_page
from catalog.portal.dataset_page import dataset_page
from catalog.portal.language import public_address
from catalog.portal.organisation_page import organisation_page
from catalog.portal.page import page, render_page
from catalog.portal.quality_page import quality_page
from catalog.portal.search_page import search_page
from catalog.portal.standard_page import model_page, standard_page, vocabulary_page
from catalog.quality import assess


@page
def search(request: HttpRequest) -> HttpResponse:
    return render_page(request, "portal/search.html", {"found": search_page(request.GET, request.user)})


@page
def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    shown = dataset_page(find_dataset(slug, request.user), request.user, public_address(request))
    return render_page(request, "portal/dataset.html", {"shown": shown})


@page
def quality(request: HttpRequest, slug: str) -> HttpResponse:
    shown = quality_page(assess(find_dataset(slug, request.user), public_address(request)))
    return render_page(request, "portal/quality.html", {"shown": shown})


@page
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    shown = organisation_page(slug, visible_datasets(request.user))
    return render_page(request, "portal/organisation.html", {"shown": shown})


@page
def standard(request: HttpRequest) -> HttpResponse:
    return render_page(request, "portal/standard.html", {"shown": standard_page()})


@page
def standard_vocabularies(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('portal:standard')}#vocabularies")


@page
def standard_models(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('portal:standard')}#data-models")


@page
def vocabulary(request: HttpRequest, name: str) -> HttpResponse:
    return render_page(request, "portal/vocabulary.html", {"shown": vocabulary_page(name)})


@page
def concept(request: HttpRequest, name: str, code: str) -> HttpResponse:
    shown = vocabulary_page(name, code)
    if shown is None:
        raise Http404
    return render_page(request, "portal/vocabulary.html", {"shown": shown})


@page
def data_model(request: HttpRequest, name: str) -> HttpResponse:
    return render_page(request, "portal/data_model.html", {"shown": model_page(name)})


@page
def about(request: HttpRequest) -> HttpResponse:
    shown = about_page(visible_datasets(request.user), public_address(request))
    return render_page(request, "portal/about.html", {"shown": shown})


@page
def robots(request: HttpRequest) -> HttpResponse:
    """Crawlers may read every page; the admin and the records themselves are not for them."""
    rules = "User-agent: *\nDisallow: /admin/\nDisallow: /api/\n"
    place = f"{public_address(request)}{reverse('portal:sitemap')}"
    return HttpResponse(f"{rules}Sitemap: {place}\n", content_type="text/plain; charset=utf-8")
