"""Records over HTTP: a question by address and query, answered as a page or streamed whole, in any format.

The format is told by the extension, by ``format`` or by ``Accept``, in this order. JSON always answers a page; the
other formats answer whole unless ``limit`` or ``cursor`` asks for a page.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from urllib.parse import quote

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request

from catalog.api.addresses import next_address, query_pairs
from catalog.api.documentation import CURSOR, JSON, SLUG, operation, operator_table, parameter, path_parameter
from catalog.api.view import ApiView, cache_control, one_value
from catalog.describe import find_dataset
from catalog.errors import BadValue, Unanswerable
from catalog.models import Dataset
from catalog.models.labels import speak
from catalog.read import Answer, Question, answer, ask, stream
from catalog.records import FORMATS, MAXIMUM_LIMIT, PARAMETERS
from catalog.text import Text

MEDIA_TYPES: Mapping[str, str] = {row.media_type.partition(";")[0]: name for name, row in FORMATS.items()}
FORBIDDEN_IN_FILE_NAMES = dict.fromkeys(map(ord, '<>:"/\\|?*'), " ") | dict.fromkeys([*range(32), 127], " ")


class SnapshotIdentitySerializer(serializers.Serializer):
    """The version that the records come from; all pages that follow one another come from the same."""

    id = serializers.CharField()
    published_at = serializers.DateTimeField()
    records = serializers.IntegerField()


class RecordPageSerializer(serializers.Serializer):
    """A page of records; their members are the columns of the schema. It only documents: pages never pass through it."""

    records = serializers.ListField(child=serializers.DictField())
    count = serializers.IntegerField(
        allow_null=True,
        help_text=speak(
            Text(
                ko="조건에 맞는 전체 수. count=exact일 때만", en="How many records match in all; only with count=exact."
            )
        ),
    )
    next = serializers.URLField(allow_null=True)
    snapshot = SnapshotIdentitySerializer()


EXAMPLE = OpenApiExample(
    "Air quality",
    media_type=JSON,
    response_only=True,
    value={
        "records": [{"station": "중구", "observed_at": "2018-03-25T09:00:00+09:00", "pm10": 109}],
        "count": None,
        "next": "https://hub.example/api/v1/datasets/seoul-air-daily/records?pm10__gte=100&limit=1&cursor=WyI0…",
        "snapshot": {
            "id": "4f8f44b0e1b7…",
            "published_at": "2026-11-22T05:30:00+09:00",
            "records": 35520,
        },
    },
)
FILTERS = OpenApiParameter(
    "filters",
    {"type": "object", "additionalProperties": {"type": "string"}},
    style="form",
    explode=True,
    description=speak(
        Text(
            ko="열 조건: `{column}=값`은 같음, `{column}__{operator}=값`은 비교입니다. 이 매개변수는 이름 그대로 보내지 않고, 안의 "
            "이름과 값이 각각 매개변수가 됩니다 (예: `pm10__gte=80&station=중구`).\n\n" + operator_table("ko"),
            en="Conditions on columns: `{column}=value` for equality, `{column}__{operator}=value` to compare. The parameter "
            "is not sent under its own name: each name and value in it becomes a parameter, for example "
            "`pm10__gte=80&station=중구`.\n\n" + operator_table("en"),
        )
    ),
    examples=[
        OpenApiExample("No condition", value={}),
        OpenApiExample("At least 80 at one station", value={"pm10__gte": "80", "station": "중구"}),
    ],
)
QUESTION_PARAMETERS = [
    SLUG,
    FILTERS,
    parameter("select", PARAMETERS["select"]),
    parameter("order_by", PARAMETERS["order_by"]),
    parameter("bbox", PARAMETERS["bbox"]),
    parameter("datetime", PARAMETERS["datetime"]),
    parameter("limit", PARAMETERS["limit"], {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT}),
    CURSOR,
    parameter("count", PARAMETERS["count"], enum=["exact", "none"]),
    parameter(
        "bom",
        Text(ko="CSV 앞에 바이트 순서 표시를 붙임 (엑셀용)", en="Put a byte order mark before CSV, for Excel."),
        OpenApiTypes.BOOL,
    ),
]
FORMAT = parameter(
    "format",
    Text(ko="형식. 'Accept' 머리글보다 먼저입니다", en="The format; it wins over the 'Accept' header."),
    enum=list(FORMATS),
)
EXTENSION = path_parameter("extension", Text(ko="형식", en="The format."), enum=list(FORMATS))
OTHER_ANSWERS = {
    media_type: OpenApiTypes.BINARY if name == "parquet" else OpenApiTypes.STR
    for media_type, name in MEDIA_TYPES.items()
    if media_type != JSON
}
DESCRIPTION = Text(
    ko="JSON은 한 쪽씩(`limit`, 기본 100) 답하고 `next`로 이어집니다. 쪽은 모두 같은 스냅숏에서 나오므로 그 사이 새 판이 공개되어도 "
    "빠지거나 겹치지 않습니다. 다른 형식은 전체를 흘려보내며, `limit`이나 `cursor`가 있으면 한 쪽과 `Link` 머리글로 답합니다.",
    en="JSON answers a page (`limit`, 100 by default) and goes on at `next`. All pages come from one snapshot, so nothing is "
    "skipped or repeated while a newer version is published. The other formats stream everything; with `limit` or "
    "`cursor` they answer one page and a `Link` header.",
)


class RecordsView(ApiView):
    """``ask`` knows which parameters a dataset has, so nothing is checked before it."""

    @operation(
        "getRecords",
        tag="records",
        summary=Text(ko="레코드 물어보기", en="Ask for records"),
        description=DESCRIPTION,
        answer=RecordPageSerializer,
        answers=OTHER_ANSWERS,
        parameters=[*QUESTION_PARAMETERS, FORMAT],
        problems=(400, 403, 404, 406, 410),
        examples=[EXAMPLE],
    )
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponseBase:
        dataset = find_dataset(slug, request.user)
        question = read_question(request, dataset, extension)
        headers = headers_of(question, request)
        if is_known(request, headers["ETag"]):
            return HttpResponse(status=304, headers=headers)
        if request.method == "HEAD":
            return StreamingHttpResponse((), content_type=question.format.media_type, headers=headers)
        if not question.paged:
            return StreamingHttpResponse(started(question), content_type=question.format.media_type, headers=headers)
        return page_response(answer(question), request, headers, extension)

    def check_parameters(self, request: Request) -> None:
        pass


class DownloadView(RecordsView):
    """The same answers under an address that ends like a file."""

    @operation(
        "downloadRecords",
        tag="records",
        summary=Text(ko="레코드 내려받기", en="Download records"),
        description=DESCRIPTION,
        answer=RecordPageSerializer,
        answers=OTHER_ANSWERS,
        parameters=[EXTENSION, *QUESTION_PARAMETERS],
        problems=(400, 403, 404, 410),
    )
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponseBase:
        return super().get(request, slug, extension)


def read_question(request: Request, dataset: Dataset, extension: str) -> Question:
    """Put the request's question; what the address, ``format`` and ``Accept`` say about the format must agree."""
    given = one_value(request, "format")
    one_value(request, "bom")
    if extension and given and given != extension:
        raise BadValue(parameter="format", value=given, expected=extension)
    accepted = extension or given or accepted_format(request)
    question = ask(dataset, query_pairs(request), request.user, accepted_format=accepted)
    if question.byte_order_mark and not question.format.takes_mark:
        raise Unanswerable(
            parameter="bom", reason=Text(ko="CSV에만 붙일 수 있습니다", en="only CSV takes a byte order mark")
        )
    if question.query.exact_count and not question.paged:
        raise Unanswerable(
            parameter="count",
            reason=Text(
                ko="전체를 내려받을 때는 세지 않습니다. JSON이나 'limit'과 함께 쓰십시오",
                en="a whole answer is not counted; use it with JSON or with 'limit'",
            ),
        )
    return question


def accepted_format(request: Request) -> str:
    """Return the format that ``Accept`` likes best; JSON where it does not care."""
    preferred = request.get_preferred_type(list(MEDIA_TYPES))
    if preferred is None:
        raise NotAcceptable
    return MEDIA_TYPES[preferred]


def headers_of(question: Question, request: Request) -> dict[str, str]:
    """Return what is known of an answer before anything is computed."""
    return {
        # The same records may be published twice, at different times, and JSON shows the time.
        "ETag": f'"{question.etag}-{question.snapshot.pk:x}"',
        "Vary": "Accept, Accept-Language",
        "Cache-Control": cache_control(request),
        "Content-Disposition": disposition(question, request.LANGUAGE_CODE),
    }


def disposition(question: Question, language: str) -> str:
    """Name the file twice: by slug in ASCII, by title in UTF-8 (RFC 6266)."""
    dataset, extension = question.dataset, question.format.name
    title = " ".join(dataset.title.in_language(language).translate(FORBIDDEN_IN_FILE_NAMES).split())
    kind = "inline" if extension == "json" else "attachment"
    names = f"filename=\"{dataset.slug}.{extension}\"; filename*=UTF-8''{quote(f'{title}.{extension}', safe='')}"
    return f"{kind}; {names}"


def is_known(request: Request, etag: str) -> bool:
    known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    return etag in known or "*" in known


def started(question: Question) -> Iterator[bytes]:
    """Return the whole answer with its first records drawn already, so that what fails first fails with a status."""
    chunks = stream(question)
    return chain([next(chunks, b"")], chunks)


def page_response(found: Answer, request: Request, headers: Mapping[str, str], extension: str) -> HttpResponse:
    format_ = found.question.format
    pinned = {} if extension or format_.name == "json" else {"format": format_.name}
    following = next_address(request, found.page.next_cursor, pinned)
    content = json_page(found, following) if format_.name == "json" else b"".join(found.chunks())
    response = HttpResponse(content, content_type=format_.media_type, headers=headers)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    if found.page.count is not None:
        response.headers["X-Total-Count"] = str(found.page.count)
    return response


def json_page(found: Answer, following: str | None) -> bytes:
    snapshot = found.question.snapshot
    return orjson.dumps(
        {
            "records": found.records(),
            "count": found.page.count,
            "next": following,
            "snapshot": {
                "id": snapshot.digest,
                "published_at": timezone.localtime(snapshot.published_at),
                "records": snapshot.records,
            },
        }
    )
