"""``/api/util/``: the small answers that CKAN's own pages fill their forms with; without an envelope."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import conditional_page

from catalog.api.addresses import public_base
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import error_document, kind_of
from catalog.api.ckan.groups import group_autocomplete
from catalog.api.ckan.organisations import organization_autocomplete
from catalog.api.ckan.packages import package_autocomplete
from catalog.api.ckan.resources import format_autocomplete
from catalog.api.ckan.status import status_show
from catalog.api.ckan.tags import tag_autocomplete
from catalog.api.ckan.view import not_allowed, pairs, respond
from catalog.errors import HubError

Answer = Callable[[Call], Any]


@csrf_exempt
@conditional_page
def answer_util(request: HttpRequest, name: str) -> HttpResponse:
    """Answer one of the addresses of the table."""
    if request.method not in ("GET", "HEAD"):
        return not_allowed(request)
    if name not in UTIL:
        return respond(request, f"Bad request - not known: {name[:100]}", status=404)
    parameters = pairs(request.GET)
    words = parameters.get("incomplete", parameters.get("q", ""))
    call = Call(name, public_base(request), request.LANGUAGE_CODE, parameters | {"q": words})
    try:
        return respond(request, UTIL[name](call))
    except HubError as error:
        return respond(request, error_document(error, request.LANGUAGE_CODE), status=kind_of(error).status)


def in_set(action: Answer, shape: Callable[[Any], Any]) -> Answer:
    """Return the answer of an action as the result set that old forms read."""
    return lambda call: {"ResultSet": {"Result": [shape(item) for item in action(call)]}}


UTIL: Mapping[str, Answer] = {
    "status": status_show,
    "dataset/autocomplete": in_set(package_autocomplete, lambda item: item),
    "tag/autocomplete": in_set(tag_autocomplete, lambda item: {"Name": item}),
    "organization/autocomplete": organization_autocomplete,
    "group/autocomplete": group_autocomplete,
    "resource/format_autocomplete": in_set(format_autocomplete, lambda item: {"Format": item}),
}
