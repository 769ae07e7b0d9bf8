"""Questions that were just answered: the same bytes again, as long as the dataset is the one that they were made from.

An answer depends on nothing but who asks, the address, the headers that it varies by, and the state of the dataset. A
snapshot never changes, so there is nothing to invalidate: a newer one is another state. Only an older one may come to its
end meanwhile, so that none is kept for long.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags

from catalog.access import Viewer
from catalog.asked import snapshot_key, state_of
from catalog.districts import boundaries
from catalog.errors import HubError

DEPENDS = ("QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "wsgi.url_scheme")  # fmt: skip
NOT_MODIFIED = ("ETag", "Vary", "Cache-Control", "Content-Location", "Expires")
LONGEST_KEPT = 600.0  # seconds
SMALLEST_SHARE = 16  # an answer that takes more than this part of the room is not kept


@dataclass(frozen=True)
class Kept:
    """An answer, and the state of the dataset that it was made from."""

    state: Hashable
    content: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        return len(self.content) + 1024


class Answers:
    """The answers that were given last, up to so many bytes."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()

    def get(self, name: Hashable, state: Hashable) -> Kept | None:
        with self.lock:
            found = self.kept.get(name)
            if found is None or found.state != state:
                return None
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


def answer_kept(
    request: HttpRequest, viewer: Viewer, slug: str, find: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Answer a question that was answered before without asking it again, any other as ``find`` does."""
    state = state_for(viewer, slug)
    if state is None:
        return find()
    name = (viewer.pk, request.path, *(request.META.get(header, "") for header in DEPENDS))
    if kept := ANSWERS.get(name, state):
        return again(kept, request)
    response = find()
    if may_be_kept(response) and state_for(viewer, slug) == state:  # nothing was published meanwhile
        ANSWERS.put(name, Kept(state, response.content, tuple(response.headers.items())))
    return response


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


def again(kept: Kept, request: HttpRequest) -> HttpResponse:
    """Return a kept answer, or that the caller has it already."""
    headers = dict(kept.headers)
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    if asked and (headers.get("ETag") in [tag.removeprefix("W/") for tag in asked] or "*" in asked):
        response: HttpResponse = HttpResponseNotModified()
        headers = {name: headers[name] for name in NOT_MODIFIED if name in headers}
    else:
        response = HttpResponse(kept.content)
    for name, value in headers.items():
        response.headers[name] = value
    return response
