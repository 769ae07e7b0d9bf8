"""Who asks the API: the holder of a key that stands in a header, and how the OpenAPI document tells of keys.

A key never stands in an address: addresses are kept in logs, histories and caches of everybody on the way. So there is no
``serviceKey``, as Korean portals have it; asked with one, the hub says that it does not know the parameter.
"""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from catalog.access import Viewer
from catalog.api.errors import CHALLENGE
from catalog.errors import BadKey
from catalog.keys import KnownKey, find_key
from catalog.models.labels import speak
from catalog.text import Text


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer KEY`` or ``X-API-Key: KEY``; a key that opens nothing is refused, never ignored."""

    def authenticate(self, request: Request) -> tuple[Viewer, KnownKey] | None:
        text = given_key(request.META)
        if text is None:
            return None
        known = find_key(text)
        if known is None:
            raise BadKey
        return known.holder, known

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def given_key(environ: Mapping[str, Any]) -> str | None:
    """Return the key in a request's headers; other schemes of ``Authorization`` are not ours (a proxy may ask for one)."""
    scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    key = environ.get("HTTP_X_API_KEY")
    return None if key is None else key.strip()


class KeyScheme(OpenApiAuthenticationExtension):
    """Both headers in the OpenAPI document; drf-spectacular finds this class by itself once it is imported."""

    target_class = KeyAuthentication
    name = ["bearerKey", "headerKey"]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, Any]]:
        text = Text(
            ko="운영자가 발급한 API 키. 공개 데이터에는 필요하지 않습니다.",
            en="An API key, as the hub's stewards issue it. Public data needs none.",
        )
        return [
            {"type": "http", "scheme": "bearer", "description": speak(text)},
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": speak(text)},
        ]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        """Return the headers as alternatives; as one requirement they would both be needed."""
        return [{name: []} for name in self.name]
