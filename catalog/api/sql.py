"""SQL over HTTP: one SELECT over datasets by name, for callers who say who they are; answered in any format, or explained."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.compression import coding_of, compressed
from catalog.api.documentation import JSON, operation, parameter
from catalog.api.exports import read_document
from catalog.api.records import FORMAT, OTHER_ANSWERS, accepted_format, is_known
from catalog.api.view import ApiView, cache_control, one_value
from catalog.errors import BadValue, UnknownParameter
from catalog.models.labels import speak
from catalog.records import FORMATS, TYPES
from catalog.records.sql import DEFAULT_ROWS, FUNCTIONS, KINDS, MAXIMUM_ROWS, Plan
from catalog.sql import SqlAnswer, SqlQuestion, answer_sql, ask_sql, explain_question
from catalog.text import Text

FIELDS = ("sql", "format", "limit", "explain")
FLAGS: Mapping[object, bool] = {"true": True, "false": False, True: True, False: False}
SQL = Text(
    ko='SELECT 하나. 표 이름은 데이터셋의 식별자입니다: `"air-stations"` 또는 `air_stations`',
    en='One SELECT. Tables are the identifiers of datasets: `"air-stations"` or `air_stations`.',
)
EXPLAIN = Text(
    ko="참이면 답하지 않고 어떤 스냅숏과 조각을 읽고 어떤 순서로 계산할지 알림",
    en="If true, nothing is answered but told which snapshots and parts would be read, and in which steps.",
)
LIMIT = Text(
    ko=f"답의 행 수 (1~{MAXIMUM_ROWS:,}, 기본 {DEFAULT_ROWS:,})",
    en=f"Rows of the answer (1 to {MAXIMUM_ROWS:,}, {DEFAULT_ROWS:,} by default).",
)
LIMIT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": MAXIMUM_ROWS, "default": DEFAULT_ROWS}


def function_list(language: str) -> str:
    """Return the functions that SQL may call, by kind."""
    return "\n".join(
        f"- {label.in_language(language)}: {', '.join(f'`{row.name}`' for row in FUNCTIONS.values() if row.kind == kind)}"
        for kind, label in KINDS.items()
    )


DESCRIPTION = Text(
    ko="데이터셋을 이름으로 읽는 SELECT 하나에 답합니다. 조인, WITH, 창 함수, 하위 질의, UNION을 쓸 수 있습니다. 읽을 수 있는 데이터셋의 "
    "공개된 스냅숏만 읽으며, 한 답은 한 순간의 스냅숏에서 나옵니다. 시간은 한국 시간입니다. 시간, 메모리, 행 수에 한계가 있고, "
    "`truncated`가 참이면 행이 더 있습니다.\n\n" + function_list("ko"),
    en="Answers one SELECT that reads datasets by name, with joins, WITH, windows, subqueries and UNION. It reads published "
    "snapshots of datasets that the caller may read, all of one moment. Times are Korean. Time, memory and rows are limited; "
    "`truncated` tells that there are more rows.\n\n" + function_list("en"),
)


class AnswerColumnSerializer(serializers.Serializer):
    """A column of an answer, with the hub's type."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=list(TYPES))


class ReadSnapshotSerializer(serializers.Serializer):
    """A version that the answer comes from."""

    dataset = serializers.CharField()
    id = serializers.CharField()
    published_at = serializers.DateTimeField()


class SqlAnswerSerializer(serializers.Serializer):
    """The answer to a SELECT; its records have the members that ``columns`` names. It only documents."""

    records = serializers.ListField(child=serializers.DictField())
    columns = AnswerColumnSerializer(many=True)
    snapshots = ReadSnapshotSerializer(many=True)
    truncated = serializers.BooleanField(
        help_text=speak(Text(ko="'limit'보다 행이 더 있음", en="There are more rows than 'limit'."))
    )


class SqlQuestionSerializer(serializers.Serializer):
    """A SELECT and how it is to be answered. It only documents."""

    sql = serializers.CharField(help_text=speak(SQL))
    format = serializers.ChoiceField(choices=list(FORMATS), required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAXIMUM_ROWS, default=DEFAULT_ROWS, help_text=speak(LIMIT))
    explain = serializers.BooleanField(default=False, help_text=speak(EXPLAIN))


REQUEST_EXAMPLE = OpenApiExample(
    "Bad air by district, with its population",
    media_type=JSON,
    request_only=True,
    value={
        "sql": "SELECT p.district, avg(a.pm10) AS pm10, any_value(p.people) AS people "
        "FROM seoul_air_daily a JOIN seoul_population p ON p.district = a.station GROUP BY 1 ORDER BY 2 DESC",
        "limit": 25,
    },
)
ANSWER_EXAMPLE = OpenApiExample(
    "Bad air by district",
    media_type=JSON,
    response_only=True,
    value={
        "records": [{"district": "중구", "pm10": 48.2, "people": 121312}],
        "columns": [
            {"name": "district", "type": "string"},
            {"name": "pm10", "type": "number"},
            {"name": "people", "type": "integer"},
        ],
        "snapshots": [
            {"dataset": "seoul-air-daily", "id": "4f8f44b0e1b7…", "published_at": "2026-11-22T05:30:00+09:00"}
        ],
        "truncated": False,
    },
)


class QueryView(ApiView):
    """The same question by address or as a document. A session counts only with its CSRF token when it posts."""

    http_method_names = ["get", "head", "post", "options"]
    parameters = FIELDS

    @operation(
        "getQuery",
        tag="records",
        summary=Text(ko="SQL로 여러 데이터셋에 물어보기", en="Ask several datasets in SQL"),
        description=DESCRIPTION,
        answer=SqlAnswerSerializer,
        answers=OTHER_ANSWERS,
        parameters=[
            parameter("sql", SQL, required=True),
            FORMAT,
            parameter("limit", LIMIT, LIMIT_SCHEMA),
            parameter("explain", EXPLAIN, OpenApiTypes.BOOL),
        ],
        problems=(400, 401, 403, 404, 406, 422, 503),
        examples=[ANSWER_EXAMPLE],
    )
    def get(self, request: Request) -> HttpResponseBase:
        given = {name: one_value(request, name) for name in FIELDS if name in request.GET}
        return answer_request(request, given)

    @operation(
        "postQuery",
        tag="records",
        summary=Text(ko="SQL로 여러 데이터셋에 물어보기 (긴 SQL)", en="Ask several datasets in SQL, at length"),
        description=Text(
            ko="GET과 같습니다. 주소에 쓰기에는 긴 SQL을 JSON 문서로 보냅니다.",
            en="The same as GET, for SQL that is long for an address.",
        ),
        answer=SqlAnswerSerializer,
        answers=OTHER_ANSWERS,
        request=SqlQuestionSerializer,
        problems=(400, 401, 403, 404, 406, 422, 503),
        examples=[REQUEST_EXAMPLE, ANSWER_EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        return answer_request(request, read_document(request))

    def check_parameters(self, request: Request) -> None:
        """Refuse unknown parameters; a question that is posted has none in its address."""
        for name in request.GET:
            if request.method == "POST" or name not in FIELDS:
                raise UnknownParameter(parameter=name, allowed=() if request.method == "POST" else FIELDS)


def answer_request(request: Request, given: Mapping[str, Any]) -> HttpResponseBase:
    for name in given:
        if name not in FIELDS:
            raise UnknownParameter(parameter=name, allowed=FIELDS)
    question = ask_sql(
        read_text("sql", given.get("sql", "")),
        request.user,
        format_name=read_text("format", given.get("format") or accepted_format(request)),
        rows=read_rows(given.get("limit", DEFAULT_ROWS)),
    )
    if read_flag(given.get("explain", False)):
        return Response(plan_document(explain_question(question), question))
    coding = coding_of(request, question.format)
    headers = headers_of(question, request)
    if request.method != "POST" and is_known(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    if request.method == "HEAD":
        return compressed(HttpResponse(content_type=question.format.media_type, headers=headers), request, coding)
    return compressed(answer_response(answer_sql(question), headers), request, coding)


def answer_response(found: SqlAnswer, headers: Mapping[str, str]) -> HttpResponse:
    format_ = found.question.format
    content = json_answer(found) if format_.name == "json" else b"".join(found.chunks())
    response = HttpResponse(content, content_type=format_.media_type, headers=headers)
    response.headers["X-Truncated"] = str(found.truncated).lower()
    return response


def json_answer(found: SqlAnswer) -> bytes:
    return orjson.dumps(
        {
            "records": found.records(),
            "columns": found.columns,
            "snapshots": snapshot_documents(found.question),
            "truncated": found.truncated,
        }
    )


def snapshot_documents(question: SqlQuestion) -> list[dict[str, object]]:
    return [
        {"dataset": slug, "id": snapshot.digest, "published_at": timezone.localtime(snapshot.published_at)}
        for slug, snapshot in question.snapshots.items()
    ]


def plan_document(plan: Plan, question: SqlQuestion) -> dict[str, object]:
    return {
        "snapshots": snapshot_documents(question),
        "reads": [
            {"dataset": read.dataset, "parts": read.parts, "parts_read": read.parts_read, "rows_read": read.rows_read}
            for read in plan.reads
        ],
        "cost": question.cost,
        "statement": plan.statement,
        "steps": list(plan.steps),
    }


def headers_of(question: SqlQuestion, request: Request) -> dict[str, str]:
    """Return what is known of an answer before anything is computed.

    The ETag is weak: without ORDER BY the engine may give the same rows in another order.
    """
    name = question.format.name
    return {
        "ETag": f'W/"{question.etag}"',
        "Vary": "Accept, Accept-Encoding, Accept-Language",
        "Cache-Control": cache_control(request),
        "Content-Disposition": f'{"inline" if name == "json" else "attachment"}; filename="query.{name}"',
    }


def read_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadValue(parameter=name, value=value, expected=Text(ko="글자", en="a text"))
    return value


def read_rows(value: object) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_number or isinstance(value, str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAXIMUM_ROWS:
        raise BadValue(parameter="limit", value=value, expected=f"1..{MAXIMUM_ROWS}")
    return int(text)


def read_flag(value: object) -> bool:
    if not isinstance(value, (str, bool)) or value not in FLAGS:
        raise BadValue(parameter="explain", value=value, expected="true, false")
    return FLAGS[value]
