"""Questions to records from callers without a session, answered before what only sessions and pages need.

Such a request needs no cookie, no forgery check, no message and no renderer: who asks stands in a header, and the answer is
bytes. It is authenticated, counted and answered by the functions that do it for every request, and has the headers that
the middleware gives every answer. Whatever is special about a request sends it the long way.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.translation import activate, get_language_from_request

from catalog.api.authentication import given_key
from catalog.api.cors import allow_other_origins
from catalog.api.errors import answer_problem
from catalog.api.quota import counted
from catalog.api.records import answer_records
from catalog.api.repeats import SPECIAL, remembered
from catalog.keys import find_key
from catalog.records import FORMATS

ADDRESS = re.compile(rf"/api/v1/datasets/([-\w]+)/records(?:\.({'|'.join(FORMATS)}))?", re.ASCII)
Middleware = Callable[[Callable[[HttpRequest], HttpResponseBase]], Callable[[HttpRequest], HttpResponseBase]]
ALWAYS: Sequence[Middleware] = (SecurityMiddleware, CSPMiddleware, allow_other_origins, XFrameOptionsMiddleware)


def answer_directly(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer questions to records from callers without a session; leave everything else to the rest of the middleware."""
    schemes = ("https",) if settings.SECURE_SSL_REDIRECT else ("http", "https")
    headers = {scheme: headers_of_all_answers(scheme) for scheme in schemes}

    def answer(request: HttpRequest) -> HttpResponseBase:
        found = ADDRESS.fullmatch(request.path) if is_plain(request) else None
        text = given_key(request.META)
        key = find_key(text) if text and found else None
        if found is None or (text is not None and key is None):
            return get_response(request)
        slug, extension = found[1], found[2] or ""
        request.user = key.holder if key else AnonymousUser()
        request.LANGUAGE_CODE = get_language_from_request(request)
        activate(request.LANGUAGE_CODE)
        always = headers[request.scheme]
        find = partial(answered, request, slug, extension, always)
        return finished(counted(request, key, partial(remembered, request, request.user, slug, find)), request, always)

    return answer


def is_plain(request: HttpRequest) -> bool:
    """Tell whether a request may be answered without a look at what only the rest of the middleware knows."""
    if request.method != "GET" or any(request.META.get(header) for header in SPECIAL):
        return False
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return not settings.SECURE_SSL_REDIRECT or request.is_secure()


def answered(request: HttpRequest, slug: str, extension: str, always: Mapping[str, str]) -> HttpResponseBase:
    """Answer a question, or tell in the API's words why not."""
    try:
        response = answer_records(request, slug, extension)
    except Exception as error:  # as the views do it: what nobody expected is logged and told as such
        response = answer_problem(error, request)
    return finished(response, request, always)


def finished(response: HttpResponseBase, request: HttpRequest, always: Mapping[str, str]) -> HttpResponseBase:
    """Give an answer the headers that the rest of the middleware would have given it, unless it has them."""
    if "X-Frame-Options" in response.headers:
        return response
    for name, value in always.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
    response.headers.setdefault("Vary", "Accept-Language, Cookie")
    if (
        not response.streaming and response.status_code != 304
    ):  # whose length would be that of the content it leaves out
        response.headers.setdefault("Content-Length", str(len(response.content)))
    return response


def headers_of_all_answers(scheme: str) -> Mapping[str, str]:
    """Return the headers that the middleware gives every answer of the API, whatever it is."""

    def handler(request: HttpRequest) -> HttpResponseBase:
        return HttpResponse()

    for middleware in reversed(ALWAYS):
        handler = middleware(handler)
    request = WSGIRequest(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/", "wsgi.url_scheme": scheme, "wsgi.input": BytesIO()}
    )
    return {name: value for name, value in handler(request).headers.items() if name != "Content-Type"}
