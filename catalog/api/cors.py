"""Cross-origin reading: any web page may ask this read-only API, without credentials.

Nothing that a signed-in person sees can be read this way: browsers send no cookies to an origin that answers ``*``.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

PREFIX = "/api/"
READABLE = "Content-Disposition, Content-Language, ETag, Link, X-Total-Count"
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, OPTIONS",
}
ACTION = re.compile(r"/api/(3/)?action/")
ACTIONS = {  # CKAN's clients post their questions and send their key, which this hub does not need
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": f"{PREFLIGHT['Access-Control-Allow-Headers']}, Authorization, X-CKAN-API-Key",
    "Allow": "GET, HEAD, POST, OPTIONS",
}


def allow_other_origins(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer preflights of the API and mark its answers as readable from everywhere."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return get_response(request)
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=PREFLIGHT | (ACTIONS if ACTION.match(request.path) else {}))
        response = get_response(request)
        if request.method in ("GET", "HEAD"):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = READABLE
        return response

    return answer
