"""What all pages share: the language that the reader chose, absolute addresses, and "not found" as a page.

The language is chosen by ``?lang=ko`` or ``?lang=en``, an address that search engines can follow and that changes nothing
but a cookie of the reader's own; without it the cookie decides, then ``Accept-Language``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from catalog.errors import NotFound
from catalog.portal.errors import page_not_found

LANGUAGE_NAMES: Mapping[str, str] = {"ko": "한국어", "en": "English"}
COOKIE_SECONDS = 365 * 24 * 3600

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Language:
    """A language the page can be read in, with the page's address in it."""

    code: str
    name: str
    address: str
    is_current: bool


def page(view: View) -> View:
    """Make a view a page: it answers in the chosen language, and what is not found is a page too."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **parts: str) -> HttpResponse:
        chosen = request.GET.get("lang", "")
        if chosen in LANGUAGE_NAMES:
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        try:
            response = view(request, **parts)
        except NotFound as error:
            response = page_not_found(request, error)
        if chosen in LANGUAGE_NAMES:
            remember_language(response, chosen)
        patch_vary_headers(response, ["Cookie"])
        return response

    return answer


def remember_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def render_page(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Render a template with the addresses that every page names."""
    return render(
        request, template, {**context, "canonical": canonical_address(request), "languages": languages(request)}
    )


def languages(request: HttpRequest) -> list[Language]:
    """Return this page in each language."""
    return [
        Language(code, name, canonical_address(request, lang=code), code == translation.get_language())
        for code, name in LANGUAGE_NAMES.items()
    ]


def canonical_address(request: HttpRequest, **changes: str) -> str:
    """Return the page's absolute address with its state, in no particular language unless ``lang`` is given."""
    state = [(name, value) for name, values in request.GET.lists() if name != "lang" for value in values]
    query = urlencode([*state, *changes.items()])
    return public_address(request) + request.path + (f"?{query}" if query else "")


def public_address(request: HttpRequest) -> str:
    """Return the hub's own address without a slash at its end, as the settings or the request say."""
    return settings.BASE_URL or f"{request.scheme}://{request.get_host()}"
