"""Error pages. Under ``/api/`` an error is a problem document (RFC 9457), elsewhere a page that helps to go on."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from catalog.errors import HubError
from catalog.models.labels import in_current_language
from catalog.portal.language import languages, remember_chosen_language, speak_chosen_language


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        code = exception.code if isinstance(exception, HubError) else "not-found"
        nothing = _("There is nothing at this address. See /api/v1/docs.")
        return problem(request, HTTPStatus.NOT_FOUND, code, sentence_of(exception) or nothing)
    speak_chosen_language(request)
    response = render(
        request,
        "portal/not_found.html",
        {"detail": sentence_of(exception), "languages": languages(request)},
        status=HTTPStatus.NOT_FOUND,
    )
    remember_chosen_language(request, response)
    patch_vary_headers(response, ["Cookie"])
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be one of ours (an unknown host name, say); it may be anything, so little is read."""
    detail = _("The request cannot be understood. If you run this hub, see HUB_ALLOWED_HOSTS.")
    if is_for_programs(request):
        return problem(request, HTTPStatus.BAD_REQUEST, "bad-request", detail)
    return HttpResponse(detail, status=HTTPStatus.BAD_REQUEST, content_type="text/plain; charset=utf-8")


def sentence_of(exception: Exception) -> str:
    return in_current_language(exception.text) if isinstance(exception, HubError) else ""


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
