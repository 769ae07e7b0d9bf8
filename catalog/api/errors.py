"""Errors as answers: problem documents (RFC 9457) in Korean or English, never HTML.

``PROBLEMS`` is the one table from error to status. An error of the catalogue brings its code and sentence along; an error
of HTTP itself gets both from its row. A new error class is a new row.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.request import Request

from catalog import errors
from catalog.api.addresses import absolute
from catalog.records import FORMATS
from catalog.text import Text

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="api"'  # RFC 6750, section 3; with the reason where a key was sent


@dataclass(frozen=True)
class Problem:
    """A kind of problem. ``code`` and ``sentence`` are only given for errors that are not the catalogue's own."""

    status: int
    title: Text
    code: str = ""
    sentence: Text = Text()


NOTHING_HERE = Text(ko="찾는 것이 없음", en="Nothing here")
NOT_UNDERSTOOD = Text(ko="읽을 수 없는 요청", en="The request cannot be read")
NOT_ALLOWED = Text(ko="권한 없음", en="Not allowed")

PROBLEMS: Mapping[type[Exception], Problem] = {
    errors.DatasetNotFound: Problem(404, Text(ko="없는 데이터셋", en="Unknown dataset")),
    errors.OrganisationNotFound: Problem(404, Text(ko="없는 기관", en="Unknown organisation")),
    errors.VocabularyNotFound: Problem(404, Text(ko="없는 코드표", en="Unknown vocabulary")),
    errors.DataModelNotFound: Problem(404, Text(ko="없는 데이터 모델", en="Unknown data model")),
    errors.NoRecords: Problem(404, Text(ko="공개된 레코드 없음", en="No published records")),
    errors.SnapshotNotFound: Problem(410, Text(ko="보관이 끝난 스냅숏", en="The snapshot is no longer kept")),
    errors.VersionNotFound: Problem(404, Text(ko="없는 버전", en="Unknown version")),
    errors.ExportNotFound: Problem(404, Text(ko="없는 내보내기", en="Unknown export")),
    errors.ExportNotReady: Problem(409, Text(ko="아직 만들고 있는 파일", en="The file is not ready yet")),
    errors.ExportGone: Problem(410, Text(ko="보관이 끝난 내보내기", en="The export is no longer kept")),
    errors.StartOver: Problem(
        410, Text(ko="처음부터 다시 읽어야 하는 피드", en="The feed has to be read from its start")
    ),
    errors.TooManyExports: Problem(429, Text(ko="내보내기가 너무 많음", en="Too many exports")),
    errors.NotFound: Problem(404, NOTHING_HERE),
    errors.BadKey: Problem(401, Text(ko="쓸 수 없는 API 키", en="Unusable API key")),
    errors.KeyNeeded: Problem(401, Text(ko="API 키가 필요함", en="An API key is needed")),
    errors.QuotaExceeded: Problem(429, Text(ko="너무 많은 요청", en="Too many requests")),
    errors.TooBusy: Problem(503, Text(ko="지금은 바쁨", en="Too busy")),
    errors.AccessDenied: Problem(403, Text(ko="접근 등급에 따라 제한됨", en="Closed by its access level")),
    errors.Guarded: Problem(403, Text(ko="승인을 받아야 읽는 레코드", en="Guarded records")),
    errors.GrantNeeded: Problem(403, Text(ko="열람 승인이 필요함", en="A grant is needed")),
    errors.NotGuarded: Problem(400, Text(ko="보호 대상이 아닌 데이터셋", en="Not a guarded dataset")),
    errors.PurposeNeeded: Problem(400, Text(ko="목적을 밝혀야 함", en="A purpose is needed")),
    errors.GrantToChoose: Problem(400, Text(ko="열람 승인을 골라야 함", en="A grant has to be chosen")),
    errors.UnknownParameter: Problem(400, Text(ko="알 수 없는 매개변수", en="Unknown parameter")),
    errors.UnknownColumn: Problem(400, Text(ko="없는 열", en="Unknown column")),
    errors.UnknownOperator: Problem(400, Text(ko="쓸 수 없는 연산자", en="Unknown operator")),
    errors.BadValue: Problem(400, Text(ko="읽을 수 없는 값", en="Unreadable value")),
    errors.BadExpression: Problem(400, Text(ko="계산할 수 없는 식", en="Unusable expression")),
    errors.BadSql: Problem(400, Text(ko="답할 수 없는 SQL", en="Unanswerable SQL")),
    errors.BadCursor: Problem(400, Text(ko="맞지 않는 커서", en="Unusable cursor")),
    errors.UnknownFormat: Problem(400, Text(ko="없는 형식", en="Unknown format")),
    errors.NoFormAccepted: Problem(406, Text(ko="줄 수 없는 형식", en="Not acceptable")),
    errors.Unanswerable: Problem(400, Text(ko="답할 수 없는 질문", en="Unanswerable question")),
    # 422, not 400: the question is well said; not 503: asking it again unchanged does not help, so no Retry-After either.
    errors.TooExpensive: Problem(422, Text(ko="너무 큰 질문", en="Too expensive a question")),
    errors.BadQuestion: Problem(400, Text(ko="답할 수 없는 질문", en="Unanswerable question")),
    errors.BadDescription: Problem(
        422, Text(ko="표준에 맞지 않는 메타데이터", en="The description breaks the standard")
    ),
    errors.BadDocument: Problem(422, Text(ko="읽을 수 없는 문서", en="Unreadable document")),
    errors.BadTable: Problem(422, Text(ko="고칠 곳이 있는 표", en="A table to be mended")),
    errors.BadSchema: Problem(422, Text(ko="잘못된 열 정의", en="Wrong column definitions")),
    errors.Conflict: Problem(409, Text(ko="동시에 일어난 변경", en="Conflicting change")),
    Http404: Problem(
        404,
        NOTHING_HERE,
        "not-found",
        Text(
            ko="'{path}' 주소에는 아무것도 없습니다. /api/v1/ 에서 시작하십시오.",
            en="There is nothing at '{path}'; start at /api/v1/.",
        ),
    ),
    exceptions.MethodNotAllowed: Problem(
        405,
        Text(ko="쓸 수 없는 메서드", en="Method not allowed"),
        "method-not-allowed",
        Text(
            ko="이 주소에는 '{method}'을(를) 쓸 수 없습니다. 쓸 수 있는 것은 'Allow' 머리글에 있습니다.",
            en="'{method}' is not possible at this address; the 'Allow' header lists what is.",
        ),
    ),
    exceptions.NotAcceptable: Problem(
        406,
        Text(ko="줄 수 없는 형식", en="Not acceptable"),
        "not-acceptable",
        Text(
            ko=f"'Accept'에 맞는 형식이 없습니다. 쓸 수 있는 것: {', '.join(row.media_type for row in FORMATS.values())}",
            en=f"No format fits 'Accept'; available: {', '.join(row.media_type for row in FORMATS.values())}",
        ),
    ),
    exceptions.ParseError: Problem(
        400,
        NOT_UNDERSTOOD,
        "unreadable-request",
        Text(
            ko="요청 본문을 읽을 수 없습니다. JSON 객체 하나를 보내십시오.",
            en="The body of the request cannot be read; send one JSON object.",
        ),
    ),
    exceptions.UnsupportedMediaType: Problem(
        415,
        Text(ko="받지 않는 형식", en="Unsupported media type"),
        "unsupported-media-type",
        Text(ko="요청 본문의 형식을 받을 수 없습니다.", en="The body of the request has a form that is not taken."),
    ),
    exceptions.NotAuthenticated: Problem(
        403, NOT_ALLOWED, "not-signed-in", Text(ko="로그인이 필요합니다.", en="Sign in first.")
    ),
    exceptions.AuthenticationFailed: Problem(
        403, NOT_ALLOWED, "not-signed-in", Text(ko="로그인 정보가 맞지 않습니다.", en="The sign-in did not succeed.")
    ),
    exceptions.PermissionDenied: Problem(
        403,
        NOT_ALLOWED,
        "permission-denied",
        Text(ko="이 요청은 허용되지 않습니다.", en="This request is not allowed."),
    ),
    PermissionDenied: Problem(
        403,
        NOT_ALLOWED,
        "permission-denied",
        Text(ko="이 요청은 허용되지 않습니다.", en="This request is not allowed."),
    ),
    SuspiciousOperation: Problem(
        400, NOT_UNDERSTOOD, "unreadable-request", Text(ko="요청을 읽을 수 없습니다.", en="The request cannot be read.")
    ),
    Exception: Problem(
        500,
        Text(ko="서버 오류", en="Server error"),
        "server-error",
        Text(
            ko="허브에서 오류가 났습니다. 잠시 뒤에 다시 요청하십시오.",
            en="Something went wrong in the hub; please try again in a moment.",
        ),
    ),
}


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Answer an error with its problem document; this is DRF's exception handler."""
    return answer_problem(error, context["request"])


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """Answer every address under ``/api/`` that nothing else answers."""
    return answer_problem(Http404(), request)


def answer_problem(error: Exception, request: HttpRequest | Request) -> HttpResponse:
    problem = find_problem(error)
    if problem.status == 500:
        logger.error("No answer for %s", request.get_full_path(), exc_info=error)
    language = request.LANGUAGE_CODE
    code, sentence, values = problem.code, problem.sentence, {}
    if isinstance(error, errors.HubError):
        code, sentence, values = error.code, error.text, error.values
    else:
        sentence = sentence.format(path=request.path, method=request.method)
    document = {name: in_language(value, language) for name, value in values.items()} | {
        "type": absolute(request, reverse("api:problem", args=[code])),
        "title": problem.title.in_language(language),
        "status": problem.status,
        "detail": sentence.in_language(language).strip(),
        "code": code,
        "instance": request.get_full_path(),
    }
    return HttpResponse(
        orjson.dumps(document, default=str),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Cache-Control": "no-store", **advice(problem, code, values)},
    )


def advice(problem: Problem, code: str, values: Mapping[str, object]) -> dict[str, str]:
    """Return what the headers say about asking again: when, or with which credentials."""
    found = {"Retry-After": str(values["retry_after"])} if "retry_after" in values else {}
    if problem.status == 401:
        found["WWW-Authenticate"] = CHALLENGE + (', error="invalid_token"' if code == errors.BadKey.code else "")
    return found


def find_problem(error: Exception) -> Problem:
    """Return the row of the error's class, or of the nearest class above it."""
    return next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)


def in_language(value: object, language: str) -> object:
    """Return a value of an error as the document shows it: texts in one language, lists as lists."""
    if isinstance(value, Text):
        return value.in_language(language)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [in_language(item, language) for item in value]
    return value
