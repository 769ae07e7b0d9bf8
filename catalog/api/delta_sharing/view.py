"""What the addresses of Delta Sharing share: who asks, in which form, errors and pages."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from catalog.access import Viewer
from catalog.api.authentication import KeyAuthentication, given_key
from catalog.api.delta_sharing.errors import JSON, answer_error
from catalog.api.paging import Key, digest, take_page, write_cursor
from catalog.api.view import ApiView, cache_control, one_value
from catalog.errors import BadValue
from catalog.keys import KnownKey
from catalog.models.dataset import DatasetQuerySet
from catalog.text import Text

NOBODY = "anonymous"  # the token of the public profile: clients must send one
CAPABILITIES = "Delta-Sharing-Capabilities"
VERSION = "Delta-Table-Version"
LINES = "application/x-ndjson; charset=utf-8"
PAGE, LARGEST_PAGE = 500, 1000


class SharingAuthentication(KeyAuthentication):
    """The hub's keys, and the token that stands for nobody."""

    def authenticate(self, request: Request) -> tuple[Viewer, KnownKey] | None:
        return None if given_key(request.META) == NOBODY else super().authenticate(request)


class SharingView(ApiView):
    """A view that answers as Delta Sharing does."""

    authentication_classes = (SharingAuthentication,)

    def handle_exception(self, error: Exception) -> HttpResponse:
        response = answer_error(error, self.request)
        response.exception = True
        return response

    @cached_property
    def capabilities(self) -> Mapping[str, str]:
        """What the client says that it can do: names and values in small letters."""
        pairs = (pair.partition("=") for pair in self.request.headers.get(CAPABILITIES, "").lower().split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def wants_end(self) -> bool:
        return self.capabilities.get("includeendstreamaction") == "true"

    def require_form(self) -> None:
        """Refuse a client that only reads the ``delta`` form."""
        asked = self.capabilities.get("responseformat", "")
        if asked and "parquet" not in [form.strip() for form in asked.split(",")]:
            raise BadValue(parameter=CAPABILITIES, value=f"responseformat={asked}", expected="responseformat=parquet")

    def form(self) -> str:
        return "responseformat=parquet" + (";includeendstreamaction=true" if self.wants_end else "")

    def lines(self, version: int, actions: Iterable[Mapping[str, Any]]) -> HttpResponse:
        """Answer with a line for each action."""
        content = b"".join(orjson.dumps(action, option=orjson.OPT_APPEND_NEWLINE) for action in actions)
        headers = {VERSION: str(version), CAPABILITIES: self.form(), "Cache-Control": "private, no-store"}
        return HttpResponse(content, content_type=LINES, headers=headers)

    def document(self, document: Mapping[str, Any]) -> HttpResponseBase:
        headers = {"Cache-Control": cache_control(self.request)}
        return HttpResponse(orjson.dumps(document), content_type=JSON, headers=headers)

    def page(self, rows: DatasetQuerySet, question: Sequence[str]) -> tuple[list[Any], dict[str, str]]:
        """Return a page of rows in the order of their slugs, and the token of the next one where there is more."""
        limit, token = read_page_size(self.request), one_value(self.request, "pageToken")
        if not limit:
            return [], {"nextPageToken": token or write_cursor(digest(question), [""])} if rows.exists() else {}
        page = take_page(rows, (Key("slug", str),), question=question, cursor=token, limit=limit)
        return page.rows, {"nextPageToken": page.cursor} if page.cursor else {}


class ListView(SharingView):
    parameters: ClassVar[tuple[str, ...]] = ("maxResults", "pageToken")


def read_page_size(request: Request) -> int:
    """Return how many entries a page has at most; 0 asks for none, and whether there are any."""
    text = one_value(request, "maxResults", str(PAGE))
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise BadValue(
            parameter="maxResults", value=text, expected=Text(ko="0 이상의 정수", en="a whole number from 0 on")
        )
    return min(int(text), LARGEST_PAGE)
