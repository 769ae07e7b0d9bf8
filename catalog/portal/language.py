"""The language of a page, and the page's addresses in each.

It is chosen by ``?lang=ko`` or ``?lang=en``, an address that search engines can follow and that changes nothing but a cookie
of the reader's own; without it the cookie decides, then ``Accept-Language``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

LANGUAGE_NAMES: Mapping[str, str] = {"ko": "한국어", "en": "English"}
COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Language:
    """A language the page can be read in, with the page's address in it."""

    code: str
    name: str
    address: str
    is_current: bool


def speak_chosen_language(request: HttpRequest) -> None:
    """Go on in the language that the address asks for, if it asks for one."""
    if (chosen := request.GET.get("lang", "")) in LANGUAGE_NAMES:
        translation.activate(chosen)
        request.LANGUAGE_CODE = chosen


def remember_chosen_language(request: HttpRequest, response: HttpResponse) -> None:
    if (chosen := request.GET.get("lang", "")) in LANGUAGE_NAMES:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
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
