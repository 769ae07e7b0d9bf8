"""Questions that were just answered: the same bytes again, as long as the dataset is the one that they were made from.

An answer depends on nothing but who asks, the address, the headers that it varies by, and the state of the dataset. A
snapshot never changes, so there is nothing to invalidate: a newer one is another state. Only an older one may come to its
end meanwhile, so that none is kept for long. A repeat is answered in front of the application: whoever asks is found
and counted there as everywhere, and nothing else of a request has to be looked at.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags

from catalog.access import Viewer
from catalog.api.authentication import given_key
from catalog.api.quota import counted_headers
from catalog.asked import snapshot_key, state_of
from catalog.districts import boundaries
from catalog.errors import HubError
from catalog.keys import find_key

DEPENDS = (
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "wsgi.url_scheme",
)
SPECIAL = (
    "HTTP_COOKIE",
    "HTTP_RANGE",
    "HTTP_IF_MATCH",
    "HTTP_IF_UNMODIFIED_SINCE",
)  # headers that are for the long way
OF_CONTENT = ("Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Link", "X-Total-Count")
LONGEST_KEPT = 600.0  # seconds
SMALLEST_SHARE = 16  # an answer that takes more than this part of the room is not kept
NOBODY = AnonymousUser()
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[str, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Kept:
    """An answer with all its headers, and the state of the dataset that it was made from."""

    state: Hashable
    slug: str
    content: bytes
    headers: tuple[tuple[str, str], ...]

    @cached_property
    def etag(self) -> str:
        return dict(self.headers).get("ETag", "")

    @cached_property
    def without_content(self) -> tuple[tuple[str, str], ...]:
        """The headers of an answer that says that nothing has changed."""
        return tuple((name, value) for name, value in self.headers if name not in OF_CONTENT)

    @property
    def size(self) -> int:
        return len(self.content) + 1024


class Answers:
    """The answers that were given last, up to so many bytes."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()

    def get(self, name: Hashable) -> Kept | None:
        with self.lock:
            found = self.kept.get(name)
            if found is not None:
                self.kept.move_to_end(name)
            return found

    def put(self, name: Hashable, answer: Kept) -> None:
        room = settings.ANSWERS_MIB * 2**20
        if answer.size * SMALLEST_SHARE > room:
            return
        with self.lock:
            if name in self.kept:
                self.size -= self.kept.pop(name).size
            self.kept[name] = answer
            self.size += answer.size
            while self.size > room:
                self.size -= self.kept.popitem(last=False)[1].size


ANSWERS = Answers()


def remembered(
    request: HttpRequest, viewer: Viewer, slug: str, find: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Answer as ``find`` does and keep the answer, if nothing was published meanwhile."""
    state = state_for(viewer, slug)
    response = find()
    if state is not None and may_be_kept(response) and state_for(viewer, slug) == state:
        kept = Kept(state, slug, response.content, tuple(response.headers.items()))
        ANSWERS.put(name_of(viewer, request.META), kept)
    return response


def answer_repeats(application: Application) -> Application:
    """Answer a question that was answered before without asking the application, which does everything else."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        found = answer_again(environ)
        if found is None:
            return application(environ, start_response)
        status, headers, content = found
        start_response(status, headers)
        return (content,)

    return answer


def answer_again(environ: Mapping[str, Any]) -> Answer | None:
    """Return the answer to a question that was answered before; None where it has to be asked or refused."""
    if environ["REQUEST_METHOD"] != "GET" or any(environ.get(header) for header in SPECIAL) or not ANSWERS.kept:
        return None
    text = given_key(environ)
    try:
        key = None if text is None else find_key(text)
        if text is not None and key is None:
            return None
        viewer = key.holder if key else NOBODY
        kept = ANSWERS.get(name_of(viewer, environ))
        if kept is None or kept.state != state_for(viewer, kept.slug):
            return None
    except Error:  # of the database: the application has its own way with it
        return None
    limits = counted_headers(environ, key)
    return None if limits is None else again(kept, environ, limits)


def name_of(viewer: Viewer, environ: Mapping[str, Any]) -> Hashable:
    """Return what an answer depends on besides the state of the dataset."""
    return (viewer.pk, *(environ.get(name, "") for name in DEPENDS))


def state_for(viewer: Viewer, slug: str) -> Hashable:
    """Return the state of a dataset, which ends in any case after a while; None when the viewer may not read it."""
    try:
        return state_of(slug, viewer), snapshot_key(boundaries()), time.time() // LONGEST_KEPT
    except HubError:
        return None


def may_be_kept(response: HttpResponseBase) -> bool:
    return (
        isinstance(response, HttpResponse)
        and response.status_code == 200
        and not response.cookies
        and "no-store" not in response.headers.get("Cache-Control", "no-store")
    )


def again(kept: Kept, environ: Mapping[str, Any], limits: Iterable[tuple[str, str]]) -> Answer:
    """Return a kept answer, or that the caller has it already."""
    asked = parse_etags(environ.get("HTTP_IF_NONE_MATCH", ""))
    if asked and (kept.etag in [tag.removeprefix("W/") for tag in asked] or "*" in asked):
        return "304 Not Modified", [*kept.without_content, *limits], b""
    return "200 OK", [*kept.headers, *limits], kept.content
