"""What the OpenAPI document says beyond the code, in the reader's language, and the page that shows it.

Every operation is documented beside its view by ``operation``; problem answers, shared parameters and the text at the
top are here. ``docs/openapi.json`` is this document in English; a test keeps it fresh.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.errors import MEDIA_TYPE
from catalog.api.view import ApiView, one_value
from catalog.errors import BadValue
from catalog.models.labels import speak
from catalog.records import AGGREGATES, BUCKETS, FUNCTIONS, OPERATORS, TYPES
from catalog.records.operators import Operator
from catalog.text import Text

View = TypeVar("View", bound=Callable[..., Any])
Endpoint = tuple[str, str, str, Callable[..., Any]]
JSON = "application/json"


class ProblemSerializer(serializers.Serializer):
    """What went wrong (RFC 9457). Values of the error, such as ``allowed`` or ``column``, stand beside these members."""

    type = serializers.URLField(
        help_text=speak(Text(ko="이 종류의 문제를 설명하는 주소", en="An address that explains this kind of problem."))
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(
        help_text=speak(Text(ko="무엇이 잘못되었고 무엇이 옳은지", en="What is wrong and what would be right."))
    )
    code = serializers.CharField(help_text=speak(Text(ko="바뀌지 않는 이름", en="A name that never changes.")))
    instance = serializers.CharField()


PROBLEMS: Mapping[int, tuple[Text, Mapping[str, Any]]] = {
    400: (
        Text(ko="요청을 그대로는 답할 수 없음", en="The request cannot be answered as asked."),
        {"title": "Unknown operator", "code": "unknown-operator", "column": "pm10", "operator": "gtt",
         "allowed": list(OPERATORS), "detail": f"Unknown operator 'gtt' on 'pm10'; allowed: {', '.join(OPERATORS)}"},
    ),
    401: (
        Text(ko="API 키가 틀림. 키는 없어도 되지만 틀리면 거절함", en="The API key is wrong. None is needed, a wrong one is refused."),
        {"title": "Unusable API key", "code": "bad-key", "detail": "The API key is unknown, revoked or expired."},
    ),
    403: (
        Text(ko="접근 등급에 따라 레코드를 볼 수 없음", en="The access level closes the records to you."),
        {"title": "Closed by its access level", "code": "access-denied", "dataset": "fire-hydrants", "level": "Restricted",
         "detail": "The records of 'fire-hydrants' are not open to you: its access level is 'Restricted'."},
    ),
    404: (
        Text(ko="없음", en="There is no such thing."),
        {"title": "Unknown dataset", "code": "dataset-not-found", "dataset": "no-such-dataset",
         "detail": "There is no dataset 'no-such-dataset'."},
    ),
    406: (
        Text(ko="'Accept'에 맞는 형식이 없음", en="No format fits 'Accept'."),
        {"title": "Not acceptable", "code": "not-acceptable", "detail": "No format fits 'Accept'."},
    ),
    409: (
        Text(ko="파일이 아직 완성되지 않음", en="The file is not ready yet."),
        {"title": "The file is not ready yet", "code": "export-not-ready", "retry_after": 2,
         "detail": "The file of the export is not ready yet; fetch it when 'state' is 'ready'."},
    ),
    410: (
        Text(ko="더는 보관되지 않음", en="It is no longer kept."),
        {"title": "The snapshot is no longer kept", "code": "snapshot-not-found",
         "detail": "The snapshot does not exist or is no longer kept; ask again from the start, without a cursor."},
    ),
    422: (
        Text(ko="질문은 옳지만 시간이나 메모리 한도를 넘음. 범위를 줄여야 함",
             en="The question is well said, but takes more time or memory than one may; narrow it."),
        {"title": "Too expensive a question", "code": "too-expensive",
         "detail": "The question could not be answered to the end: it took longer than 60 seconds."},
    ),
    429: (
        Text(ko="허용된 수를 넘음. `Retry-After`초 뒤에 다시", en="More than is allowed; ask again after `Retry-After` seconds."),
        {"title": "Too many requests", "code": "quota-exceeded", "policy": "minute", "retry_after": 3,
         "detail": "Too many requests (600 a minute are allowed); ask again in 3 seconds."},
    ),
    503: (
        Text(ko="무거운 질문이 많음. `Retry-After`초 뒤에 다시", en="Other heavy questions are first; ask again after `Retry-After` seconds."),
        {"title": "Too busy", "code": "too-busy", "retry_after": 7,
         "detail": "Other heavy questions are being answered; ask again in 7 seconds, or narrow the question."},
    ),
}  # fmt: skip
EVERYWHERE = (401, 429)  # what any request may meet (authentication.py, quota.py)


def operation(
    name: str,
    *,
    tag: str,
    summary: Text,
    answer: Any,  # noqa: ANN401
    description: Text | None = None,
    answers: Mapping[str, Any] | None = None,
    parameters: Sequence[OpenApiParameter] = (),
    problems: Sequence[int] = (400,),
    examples: Sequence[OpenApiExample] = (),
    request: type[serializers.Serializer] | None = None,
    status: int = 200,
) -> Callable[[View], View]:
    """Document a method of a view; ``answer`` is its JSON, None for none, ``answers`` what it has in other media types."""
    contents = {**({JSON: answer} if answer else {}), **(answers or {})}
    good = {(status, media_type): content for media_type, content in contents.items()} or {status: None}
    return extend_schema(
        operation_id=name,
        tags=[tag],
        summary=speak(summary),
        description=speak(description) if description else "",
        parameters=list(parameters),
        request=request,
        responses=good | {(status, MEDIA_TYPE): problem_answer(status) for status in sorted({*problems, *EVERYWHERE})},
        examples=list(examples),
    )


def problem_answer(status: int) -> OpenApiResponse:
    description, example = PROBLEMS[status]
    address = f"https://hub.example/api/v1/problems/{example['code']}"
    value = {"type": address, "status": status, "instance": "/api/v1/…", **example}
    return OpenApiResponse(
        ProblemSerializer,
        description=speak(description),
        examples=[OpenApiExample(HTTPStatus(status).phrase, value=value, media_type=MEDIA_TYPE)],
    )


def parameter(
    name: str,
    text: Text | str,
    kind: Any = OpenApiTypes.STR,  # noqa: ANN401
    **options: Any,  # noqa: ANN401
) -> OpenApiParameter:
    """Document a query parameter; further options are those of ``OpenApiParameter``."""
    return OpenApiParameter(name, kind, description=speak(text) if isinstance(text, Text) else text, **options)


def path_parameter(name: str, text: Text, enum: Sequence[str] | None = None) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.PATH, description=speak(text), enum=enum)


def limit_parameter(default: int, maximum: int) -> OpenApiParameter:
    text = Text(ko=f"한 쪽의 수 (1~{maximum:,})", en=f"Entries on a page (1 to {maximum:,}).")
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return parameter("limit", text, schema)


CURSOR = parameter(
    "cursor",
    Text(
        ko="다음 쪽의 위치. 'next' 주소에 들어 있는 값을 그대로 쓰십시오",
        en="Where the next page begins; follow 'next' unchanged.",
    ),
)
SLUG = path_parameter("slug", Text(ko="식별자", en="The identifier."))


WRITTEN_WITH: Mapping[str, Mapping[str, Operator]] = {"filter": FUNCTIONS, "select": AGGREGATES, "group_by": BUCKETS}


def explained(name: str, text: Text) -> Text:
    """Return what a parameter of a question means, with the operators that it is written with."""
    rows = WRITTEN_WITH.get(name)
    if not rows:
        return text
    return Text(ko=f"{text.ko}\n\n{expression_table('ko', rows)}", en=f"{text.en}\n\n{expression_table('en', rows)}")


def expression_table(language: str, rows: Mapping[str, Operator]) -> str:
    """Return operators that are written in expressions as a Markdown table."""
    heading = Text(ko="| 이름 | 뜻 | 예 |", en="| name | meaning | example |")
    lines = [
        f"| `{row.cql2 or name}` | {row.label.in_language(language)} | `{row.example}` |" for name, row in rows.items()
    ]
    return "\n".join([heading.in_language(language), "|---|---|---|", *lines])


def operator_table(language: str) -> str:
    """Return the operators of record filters as a Markdown table."""
    heading = Text(ko="| 연산자 | 뜻 | 유형 | 예 |", en="| operator | meaning | types | example |")
    rows = [
        f"| `{name}` | {row.label.in_language(language)} | "
        f"{', '.join(TYPES[kind].in_language(language) for kind in row.types)} | `{row.example}` |"
        for name, row in OPERATORS.items()
    ]
    return "\n".join([heading.in_language(language), "|---|---|---|---|", *rows])


TITLE = Text(ko="도시 데이터허브 API", en="Urban data hub API")
DESCRIPTION = Text(
    ko="도시 데이터의 설명과 레코드를 주는 API입니다. 공개 데이터는 키 없이 바로 쓸 수 있습니다.\n\n"
    "- 알 수 없는 매개변수, 열, 연산자는 오류이며, 쓸 수 있는 것을 알려 줍니다.\n"
    "- 오류는 `application/problem+json`이며 `Accept-Language`에 따라 한국어나 영어입니다.\n"
    "- 목록은 `next` 주소를 따라 끝까지 읽습니다.\n"
    "- 답에는 `ETag`가 있습니다. `If-None-Match`로 물으면 바뀌지 않았을 때 304를 받습니다.\n"
    "- v1 안에서는 새 항목이 더해질 뿐, 있는 것의 뜻은 바뀌지 않습니다.",
    en="The API to the descriptions and records of city data; public data needs no key.\n\n"
    "- An unknown parameter, column or operator is an error that lists what is allowed.\n"
    "- Errors are `application/problem+json`, in Korean or English by `Accept-Language`.\n"
    "- Lists are read to their end by following `next`.\n"
    "- Answers carry an `ETag`; asked with `If-None-Match`, an unchanged answer is a 304.\n"
    "- Within v1 new members may be added; nothing documented changes its meaning.",
)
TAGS: Mapping[str, Text] = {
    "datasets": Text(ko="데이터셋을 찾고 설명을 읽기", en="Find datasets and read their descriptions"),
    "records": Text(ko="레코드를 물어보고 내려받기", en="Ask for records and download them"),
    "exports": Text(ko="긴 답을 파일로 받기", en="Have long answers as files"),
    "changes": Text(ko="무엇이 바뀌었는지 따라가기", en="Follow what changes"),
    "catalogue": Text(ko="기관, 코드표, 문제 목록", en="Organisations, vocabularies and kinds of problems"),
}


def only_version_one(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Keep what this document is about; drf-spectacular calls it before it looks at views."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def introduce(result: dict[str, Any], **options: object) -> dict[str, Any]:
    """Put title, introduction and tags on top, in the reader's language; drf-spectacular calls it at the end."""
    result["info"] |= {"title": speak(TITLE), "description": speak(DESCRIPTION)}
    result["tags"] = [{"name": name, "description": speak(text)} for name, text in TAGS.items()]
    return result


class OpenApiView(ApiView, SpectacularJSONAPIView):
    """The document itself, in the language of ``lang`` or of the request."""

    parameters = ("lang",)

    def check_parameters(self, request: Request) -> None:
        super().check_parameters(request)
        language, languages = one_value(request, "lang"), dict(settings.LANGUAGES)
        if language and language not in languages:
            raise BadValue(parameter="lang", value=language, expected=", ".join(languages))


class DocsView(ApiView, SpectacularSwaggerSplitView):
    """Swagger UI from our own files, without inline scripts or styles."""

    parameters = ("script",)
    template_name = "api/docs.html"
    template_name_js = "api/docs.js"
    url_name = "api:openapi"
