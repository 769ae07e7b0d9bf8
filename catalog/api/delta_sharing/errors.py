"""Errors as Delta Sharing tells them: ``errorCode`` and ``message``, this in both languages, as clients show it to people."""

import logging
from collections.abc import Mapping

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from catalog import errors
from catalog.api.errors import advice, find_problem
from catalog.text import Text

logger = logging.getLogger(__name__)

JSON = "application/json; charset=utf-8"
# The protocol knows no others: what is no longer kept is not there, and what costs too much is a bad question.
STATUSES: Mapping[int, int] = {406: 400, 409: 400, 410: 404, 415: 400, 422: 400}
CODES: Mapping[int, str] = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "METHOD_NOT_ALLOWED",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


class ShareNotFound(errors.NotFound):
    """A share that this hub does not have."""

    code = "share-not-found"
    sentence = Text(
        ko="'{share}' 공유가 없습니다. 이 허브의 공유는 '{known}' 하나입니다.",
        en="There is no share '{share}'; the one share of this hub is '{known}'.",
    )


class SharedFileNotFound(errors.NotFound):
    """A file whose address was given out once and that is no longer there."""

    code = "shared-file-not-found"
    sentence = Text(
        ko="이 파일은 더 이상 없습니다. 표를 다시 조회해 새 주소를 받으십시오.",
        en="This file is no longer there; query the table again for new addresses.",
    )


class BadAddress(errors.AccessDenied):
    """The address of a file that this hub did not give out, or too long ago."""

    code = "bad-file-address"
    sentence = Text(
        ko="파일 주소가 맞지 않거나 사용 기한이 지났습니다. 표를 다시 조회해 새 주소를 받으십시오.",
        en="The address of the file is wrong or no longer valid; query the table again for a new one.",
    )


def answer_error(error: Exception, request: Request) -> HttpResponse:
    problem = find_problem(error)
    status = STATUSES.get(problem.status, problem.status)
    if status == 500:
        logger.error("No answer for %s", request.get_full_path(), exc_info=error)
    values: Mapping[str, object] = {}
    if isinstance(error, errors.HubError):
        code, sentence, values = error.code, error.text, error.values
    else:
        code, sentence = problem.code, problem.sentence.format(path=request.path, method=request.method)
    document = {"errorCode": CODES[status], "message": f"{sentence.ko.strip()} / {sentence.en.strip()}"}
    return HttpResponse(
        orjson.dumps(document),
        status=status,
        content_type=JSON,
        headers={"Cache-Control": "no-store", **advice(problem, code, values)},
    )
