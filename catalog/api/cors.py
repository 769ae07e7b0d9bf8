"""Cross-origin asking: any web page may ask this API, without cookies; a key is the page's own affair.

Nothing that a signed-in person sees can be read this way: browsers send no cookies to an origin that answers ``*``.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

PREFIX = "/api/"
READABLE = (
    "Accept-Ranges, Content-Disposition, Content-Language, Content-Range, ETag, Link, Location, RateLimit, RateLimit-Policy, "
    "Hub-Feed-Head, Hub-Feed-More, Hub-Feed-Next, Repr-Digest, Retry-After, X-Total-Count"
)
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Authorization, Content-Type, If-None-Match, If-Range, Range, X-API-Key",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, OPTIONS",
}
ACTION = re.compile(r"/api/(3/)?action/")
ACTIONS = {  # CKAN's clients post their questions and send their key, which this hub does not need
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": f"{PREFLIGHT['Access-Control-Allow-Headers']}, X-CKAN-API-Key",
    "Allow": "GET, HEAD, POST, OPTIONS",
}
EXPORT = re.compile(r"/api/v1/exports")
EXPORTS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE, OPTIONS",
    "Allow": "GET, HEAD, POST, DELETE, OPTIONS",
}
BEYOND_READING = ((ACTION, ACTIONS), (EXPORT, EXPORTS))


def allow_other_origins(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer preflights of the API and mark its answers as readable from everywhere."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return get_response(request)
        if request.method == "OPTIONS":
            more = next((headers for path, headers in BEYOND_READING if path.match(request.path)), {})
            return HttpResponse(status=204, headers=PREFLIGHT | more)
        response = get_response(request)
        if request.method in ("GET", "HEAD", "POST", "DELETE"):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = READABLE
        return response

    return answer
