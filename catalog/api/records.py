"""Records over HTTP: a question by address and query, answered as a page or streamed whole, in any format.

The format is told by the extension, by ``format`` or by ``Accept``, in this order. JSON always answers a page; the
other formats answer whole unless ``limit`` or ``cursor`` asks for a page.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request

from catalog.api.addresses import next_address, query_pairs
from catalog.api.compression import coding_of, compressed, tagged
from catalog.api.documentation import (
    CURSOR,
    JSON,
    SLUG,
    explained,
    operation,
    operator_table,
    parameter,
    path_parameter,
)
from catalog.api.file_names import Named, attachment, inline
from catalog.api.view import ApiView, cache_control, one_value
from catalog.asked import find_asked
from catalog.errors import BadValue, Unanswerable
from catalog.models import Snapshot
from catalog.models.labels import speak
from catalog.read import CHOICES, Answer, Asked, answer, ask, stream
from catalog.records import ENCODINGS, FORMATS, FORMULAS, MAXIMUM_LIMIT, PARAMETERS, to_table_schema
from catalog.records.query import WGS84
from catalog.records.schema import COORDINATE_SYSTEMS
from catalog.text import Text

MEDIA_TYPES: Mapping[str, str] = {row.media_type.partition(";")[0]: name for name, row in FORMATS.items()}


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
    columns = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text=speak(Text(ko="columns=dictionary일 때만", en="Only with columns=dictionary.")),
    )


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
TYPED: Mapping[str, Mapping[str, Any]] = {
    "limit": {"kind": {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT}},
    "sample": {"kind": {"type": "integer", "minimum": 1}},
    "distinct": {"enum": ["true", "false"]},
    "count": {"enum": ["exact", "none"]},
    "filter-lang": {"enum": ["cql2-text", "cql2-json"]},
    "crs": {"enum": list(COORDINATE_SYSTEMS)},
}
QUESTION_PARAMETERS = [
    SLUG,
    FILTERS,
    *(
        parameter(name, explained(name, text), **TYPED.get(name, {}))
        for name, text in PARAMETERS.items()
        if name != "cursor"
    ),
    CURSOR,
    parameter(
        "encoding",
        Text(
            ko="CSV의 문자 인코딩. 엑셀에는 `utf-8-sig`(바이트 순서 표시가 붙음)가 좋고, `cp949`에 없는 글자는 `&#128512;`처럼 씁니다",
            en="The encoding of CSV. `utf-8-sig` has the byte order mark that Excel wants; what `cp949` lacks is written as "
            "`&#128512;`.",
        ),
        enum=list(ENCODINGS),
    ),
    parameter(
        "formulas",
        Text(
            ko="CSV에서 표 계산 프로그램이 수식으로 읽을 글자 앞에 작은따옴표를 붙임(`quoted`), 또는 그대로 둠(`raw`)",
            en="Whether CSV puts an apostrophe before texts that a spreadsheet would calculate (`quoted`) or leaves them (`raw`).",
        ),
        enum=list(FORMULAS),
    ),
    parameter(
        "columns",
        Text(
            ko="'dictionary'이면 JSON에 열 사전을 함께", en="'dictionary' adds the dictionary of the columns to JSON."
        ),
        enum=list(CHOICES["columns"]),
    ),
]
FORMAT = parameter(
    "format",
    Text(ko="형식. 'Accept' 머리글보다 먼저입니다", en="The format; it wins over the 'Accept' header."),
    enum=list(FORMATS),
)
EXTENSION = path_parameter("extension", Text(ko="형식", en="The format."), enum=list(FORMATS))
TEXT_FORMATS = ("json", "ndjson", "csv", "geojson")
OTHER_ANSWERS = {
    media_type: OpenApiTypes.STR if name in TEXT_FORMATS else OpenApiTypes.BINARY
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
        problems=(400, 403, 404, 406, 410, 422, 503),
        examples=[EXAMPLE],
    )
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponseBase:
        return answer_records(request, slug, extension)

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
        problems=(400, 403, 404, 410, 422, 503),
    )
    def get(self, request: Request, slug: str, extension: str = "") -> HttpResponseBase:
        return super().get(request, slug, extension)


def answer_records(request: HttpRequest | Request, slug: str, extension: str = "") -> HttpResponseBase:
    """Answer a question to a dataset's records; a request needs a ``user`` and a ``LANGUAGE_CODE``, and nothing else."""
    dataset = find_asked(slug, request.user)
    accepted = chosen_format(request, extension)
    question = ask(dataset, query_pairs(request), request.user, accepted_format=accepted)
    # The same records may be published twice, at different times, and JSON shows the time.
    tag = f"{question.etag}-{question.snapshot.pk:x}"
    return respond(request, question, extension, dataset, tag=tag, identity=identity_of(question.snapshot))


def respond(
    request: HttpRequest | Request,
    question: Asked,
    extension: str,
    named: Named,
    *,
    tag: str,
    identity: Mapping[str, Any],
) -> HttpResponseBase:
    """Answer a question; ``identity`` tells in JSON what was asked, and a file has the name of ``named``."""
    refuse_counting(question)
    coding = coding_of(request, question.format)
    headers = {
        "ETag": tagged(f'"{tag}"', coding),
        "Vary": "Accept, Accept-Encoding, Accept-Language, Cookie",
        "Cache-Control": cache_control(request),
        "Content-Disposition": disposition(named, question.format.name, request.LANGUAGE_CODE),
    }
    if question.query.crs != WGS84:
        headers["Content-Crs"] = f"<http://www.opengis.net/def/crs/EPSG/0/{question.query.crs.partition(':')[2]}>"
    if is_known(request, headers["ETag"]):
        return HttpResponseNotModified(headers=headers)
    if request.method == "HEAD":
        response = StreamingHttpResponse((), content_type=question.media_type, headers=headers)
    elif not question.paged:
        response = StreamingHttpResponse(started(question), content_type=question.media_type, headers=headers)
    else:
        response = page_response(answer(question), request, headers, extension, identity)
    return compressed(response, request, coding)


def chosen_format(request: HttpRequest | Request, extension: str) -> str:
    """Return the format: what the address, ``format`` and ``Accept`` say about it must agree."""
    given = one_value(request, "format")
    for name in CHOICES:
        one_value(request, name)
    if extension and given and given != extension:
        raise BadValue(parameter="format", value=given, expected=extension)
    return extension or given or accepted_format(request)


def refuse_counting(question: Asked) -> None:
    if question.query.exact_count and not question.paged:
        raise Unanswerable(
            parameter="count",
            reason=Text(
                ko="전체를 내려받을 때는 세지 않습니다. JSON이나 'limit'과 함께 쓰십시오",
                en="a whole answer is not counted; use it with JSON or with 'limit'",
            ),
        )


def accepted_format(request: HttpRequest | Request) -> str:
    """Return the format that ``Accept`` likes best; JSON where it does not care."""
    preferred = preferred_type(request.META.get("HTTP_ACCEPT", "*/*"))
    if preferred is None:
        raise NotAcceptable
    return MEDIA_TYPES[preferred]


@lru_cache(maxsize=256)
def preferred_type(accept: str) -> str | None:
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    return request.get_preferred_type(list(MEDIA_TYPES))


def disposition(named: Named, extension: str, language: str) -> str:
    """Show JSON, let everything else be saved as a file."""
    return (inline if extension == "json" else attachment)(named, extension, language)


def is_known(request: HttpRequest | Request, etag: str) -> bool:
    known = [tag.removeprefix("W/") for tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))]
    return etag in known or "*" in known


def started(question: Asked) -> Iterator[bytes]:
    """Return the whole answer with its first records drawn already, so that what fails first fails with a status."""
    chunks = stream(question)
    return and_then(next(chunks, b""), chunks)


def and_then(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the first chunk and the rest; who stops reading closes the rest, which ends the question."""
    with closing(rest):
        yield first
        yield from rest


def page_response(
    found: Answer,
    request: HttpRequest | Request,
    headers: Mapping[str, str],
    extension: str,
    identity: Mapping[str, Any],
) -> HttpResponse:
    format_ = found.question.format
    pinned = {} if extension or format_.name == "json" else {"format": format_.name}
    following = next_address(request, found.page.next_cursor, pinned)
    content = json_page(found, following, identity) if format_.name == "json" else b"".join(found.chunks())
    response = HttpResponse(content, content_type=found.question.media_type, headers=headers)
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    if found.page.count is not None:
        response.headers["X-Total-Count"] = str(found.page.count)
    return response


def json_page(found: Answer, following: str | None, identity: Mapping[str, Any]) -> bytes:
    page = {"records": orjson.Fragment(found.json()), "count": found.page.count, "next": following, **identity}
    if found.question.columns == "dictionary":
        page["columns"] = to_table_schema(found.question.schema)["fields"]
    return orjson.dumps(page)


def identity_of(snapshot: Snapshot) -> dict[str, Any]:
    published = timezone.localtime(snapshot.published_at)
    return {"snapshot": {"id": snapshot.digest, "published_at": published, "records": snapshot.records}}
