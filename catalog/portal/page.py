"""What all pages share: they are read, they speak the chosen language, and what is not found is a page too."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from catalog.errors import NotFound
from catalog.portal.errors import page_not_found
from catalog.portal.language import canonical_address, languages, remember_chosen_language, speak_chosen_language

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """Make a view a page."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **parts: str) -> HttpResponse:
        speak_chosen_language(request)
        try:
            response = view(request, **parts)
        except NotFound as error:
            return page_not_found(request, error)
        remember_chosen_language(request, response)
        patch_vary_headers(response, ["Cookie"])
        return response

    return answer


def render_page(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Render a template with the addresses that every page names."""
    return render(
        request, template, {**context, "canonical": canonical_address(request), "languages": languages(request)}
    )
