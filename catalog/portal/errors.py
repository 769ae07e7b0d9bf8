"""Error pages. Under ``/api/`` an error is a problem document (RFC 9457), elsewhere a page that helps to go on."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.errors import HubError


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = exception.text.in_language(get_language() or "en") if isinstance(exception, HubError) else ""
    if is_for_programs(request):
        code = exception.code if isinstance(exception, HubError) else "not-found"
        return problem(
            request, HTTPStatus.NOT_FOUND, code, detail or _("There is nothing at this address. See /api/v1/docs.")
        )
    return HttpResponse(loader.render_to_string("portal/not_found.html", {"detail": detail}, request), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when everything else has failed; nothing here asks the database or the session."""
    if is_for_programs(request):
        return problem(
            request,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "server-error",
            _("Something went wrong on our side. Please try again in a moment."),
        )
    return HttpResponse(loader.render_to_string("portal/server_error.html"), status=500)


def is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem(request: HttpRequest, status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "instance": request.path,
    }
    return JsonResponse(
        document,
        status=status.value,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )
