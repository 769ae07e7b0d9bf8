"""Answers calls of actions: reads the parameters, runs the action, and puts the result or the error into CKAN's envelope.

Read-only and for anybody: a session or a token in the request changes nothing, so answers may be read from any origin and
may be asked for as JSONP. There are no redirects and no closing slashes.
"""

import logging
import re
from typing import Any

import orjson
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import conditional_page

from catalog.api.addresses import public_base
from catalog.api.ckan.actions import ACTIONS
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import ActionNotKnown, UnreadableRequest, error_document, kind_of
from catalog.errors import HubError, TooBusy

logger = logging.getLogger(__name__)

JSON = "application/json;charset=utf-8"
SCRIPT = "application/javascript;charset=utf-8"
METHODS = ("GET", "HEAD", "POST")
VERSION = 3
# A plain or dotted name of a function and nothing else: what stands here is run in somebody's page.
CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}(?:\.[A-Za-z_$][A-Za-z0-9_$]{0,63}){0,4}")


@csrf_exempt
@conditional_page
def answer_action(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a call of an action by GET or POST."""
    if request.method not in METHODS:
        return not_allowed(request)
    base = public_base(request)
    try:
        if name not in ACTIONS:
            raise ActionNotKnown(action=name[:100])
        parameters = read_parameters(request)
        callback = read_callback(request)
        call = Call(name, base, request.LANGUAGE_CODE, parameters)
        document = {"help": help_address(base, name), "success": True, "result": ACTIONS[name].run(call)}
    except (ActionNotKnown, UnreadableRequest) as error:
        return respond(request, str(error), status=400)
    except Exception as error:
        response = respond(request, failure(request, error, base, name), status=kind_of(error).status)
        if isinstance(error, TooBusy):
            response.headers["Retry-After"] = str(error.values["retry_after"])
        return response
    return respond(request, document, callback=callback)


def failure(request: HttpRequest, error: Exception, base: str, name: str) -> dict[str, Any]:
    if not isinstance(error, HubError):
        logger.error("No answer for %s", request.get_full_path(), exc_info=error)
    document = error_document(error, request.LANGUAGE_CODE)
    return {"help": help_address(base, name), "success": False, "error": document}


@csrf_exempt
@conditional_page
def answer_version(request: HttpRequest) -> HttpResponse:
    """Answer which version of CKAN's API this is."""
    return respond(request, {"version": VERSION}) if request.method in ("GET", "HEAD") else not_allowed(request)


def help_address(base: str, name: str) -> str:
    return f"{base}/api/3/action/help_show?name={name}"


def respond(request: HttpRequest, document: object, *, status: int = 200, callback: str = "") -> HttpResponse:
    """Return JSON, or with a callback the call of it; any origin may read it."""
    content = orjson.dumps(document)
    if callback:
        # a line may not end inside of a script's text, though JSON allows it
        safe = content.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
        content = b"/**/" + callback.encode() + b"(" + safe + b");"
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "public, no-cache" if status == 200 else "no-store",
        "Content-Language": request.LANGUAGE_CODE,
    }
    return HttpResponse(content, status=status, content_type=SCRIPT if callback else JSON, headers=headers)


def not_allowed(request: HttpRequest) -> HttpResponse:
    response = respond(request, f"Bad request - Method not allowed: {request.method}", status=405)
    response.headers["Allow"] = "GET, HEAD, POST, OPTIONS"
    return response


def read_parameters(request: HttpRequest) -> dict[str, Any]:
    """Return the parameters of the query string, or those of the body: a form, or a JSON object of any media type."""
    if request.method != "POST":
        return {name: value for name, value in pairs(request.GET).items() if name != "callback"}
    try:
        if request.content_type == "multipart/form-data":
            return pairs(request.POST)
        body = request.body
        if request.content_type == "application/x-www-form-urlencoded" and not body.lstrip().startswith(b"{"):
            return from_form(body, request.encoding or "utf-8")
    except (SuspiciousOperation, MultiPartParserError, UnicodeDecodeError, LookupError) as error:
        raise UnreadableRequest(reason="The body of the request cannot be read") from error
    return read_object(body) if body.strip() else pairs(request.GET)


def from_form(body: bytes, encoding: str) -> dict[str, Any]:
    """Return the fields of a form; one whose only name is a JSON object is that object, as old clients send it."""
    fields = pairs(QueryDict(body, encoding=encoding))
    [only, *others] = fields or [""]
    if not others and only.lstrip().startswith("{") and fields[only] in ("", "1"):
        return read_object(only.encode())
    return fields


def read_object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableRequest(reason=f"JSON Error: Error decoding JSON data. {error}") from error
    if not isinstance(document, dict):
        raise UnreadableRequest(reason="JSON Error: Request data JSON decoded to something else than a dictionary")
    return document


def pairs(query: QueryDict) -> dict[str, Any]:
    """Return parameters by name; one that is repeated is a list."""
    return {name: values[0] if len(values) == 1 else list(values) for name, values in query.lists()}


def read_callback(request: HttpRequest) -> str:
    callback = request.GET.get("callback", "") if request.method != "POST" else ""
    if callback and not CALLBACK.fullmatch(callback):
        raise UnreadableRequest(reason="The callback must be the name of a function")
    return callback
