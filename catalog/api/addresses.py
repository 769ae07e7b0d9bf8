"""Addresses as clients see them: absolute, permanent when the hub knows its own address, paging with all parameters."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from rest_framework.request import Request


def absolute(request: HttpRequest | Request, path: str) -> str:
    """Return the full address of a path of this hub: under ``BASE_URL`` if it is set, else as the request came."""
    return public_base(request) + iri_to_uri(path)


def public_base(request: HttpRequest | Request) -> str:
    """Return the hub's own address, without a slash at its end: what permanent addresses begin with."""
    return settings.BASE_URL or f"{request.scheme}://{request.get_host()}"


def query_pairs(request: HttpRequest | Request) -> list[tuple[str, str]]:
    """Return all query parameters as (name, value), repeated names included."""
    return [(name, value) for name, values in request.GET.lists() for value in values]


def next_address(
    request: HttpRequest | Request, cursor: str | None, pinned: Mapping[str, str] | None = None
) -> str | None:
    """Return the address of the next page: this request with another cursor, and with ``pinned`` made explicit."""
    if cursor is None:
        return None
    changed = {**(pinned or {}), "cursor": cursor}
    kept = [(name, value) for name, value in query_pairs(request) if name not in changed]
    return f"{public_base(request)}{iri_to_uri(request.path)}?{urlencode([*kept, *changed.items()])}"
