"""The one door to guarded records: a question as everywhere, on a grant, for a stated purpose, and written down.

Nothing of an answer is kept by anybody: not by the hub, not by a cache on the way, and no tag tells that it is unchanged.
"""

from typing import Any
from urllib.parse import unquote

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.addresses import query_pairs
from catalog.api.documentation import operation, parameter
from catalog.api.records import (
    FORMAT,
    OTHER_ANSWERS,
    QUESTION_PARAMETERS,
    chosen_format,
    disposition,
    page_response,
    refuse_counting,
)
from catalog.api.view import ApiView
from catalog.caller import seen_address
from catalog.errors import BadKey, BadValue
from catalog.granted import GrantedQuestion, ask_granted
from catalog.models import Reading
from catalog.models.labels import speak
from catalog.read import answer, stream
from catalog.reading_log import Attempt, Given, begin_reading, end_reading, log_refusal, reason_of
from catalog.records.query import WGS84
from catalog.text import Text

NOBODY_KEEPS_IT = "private, no-store, no-transform"
VARY = "Accept, Accept-Language, Authorization, Cookie, Hub-Purpose, X-API-Key"
NOT_HERE = ("snapshot", "as_of")


class GrantedSnapshotSerializer(serializers.Serializer):
    """The version that the records come from."""

    id = serializers.CharField()
    published_at = serializers.DateTimeField()


class GrantedPageSerializer(serializers.Serializer):
    """A page of guarded records; their members are the columns that are granted. It only documents."""

    records = serializers.ListField(child=serializers.DictField())
    count = serializers.IntegerField(allow_null=True)
    next = serializers.URLField(allow_null=True)
    snapshot = GrantedSnapshotSerializer()
    grant = serializers.IntegerField(
        help_text=speak(Text(ko="읽은 근거가 된 열람 승인", en="The grant that the records were read by."))
    )


PURPOSE = Text(
    ko="무엇 때문에 읽는지, 5자 이상. 열람 기록에 그대로 남습니다",
    en="Why you read, in at least 5 characters; it is kept in the log of readings.",
)


class GrantedRecordsView(ApiView):
    """``ask_granted`` knows which parameters there are; whatever is refused on the way is logged before it is told."""

    reading: Reading | None = None

    @operation(
        "getGrantedRecords",
        tag="records",
        summary=Text(ko="승인을 받아 보호 대상 레코드 읽기", en="Read guarded records by grant"),
        description=Text(
            ko="보호 데이터셋의 레코드를 읽는 하나뿐인 주소입니다. 열람 승인을 받은 사람이 키나 로그인으로 자신을 밝히고, 목적을 "
            "`Hub-Purpose` 머리글이나 `purpose` 매개변수로 보냅니다. 승인되지 않은 등급의 열과 기간은 없는 것과 같습니다. 질문하는 "
            "방법은 `/records`와 같지만 지난 판은 읽을 수 없고, 답은 아무 데도 저장되지 않으며, 읽을 때마다 기록됩니다.",
            en="The only address of guarded records. A holder of a grant says who they are by a key or by signing in, and why "
            "they read in the header `Hub-Purpose` or the parameter `purpose`. Columns of classes and times that are not "
            "granted do not exist here. Questions are those of `/records`, but old versions are not offered, no cache keeps "
            "an answer, and each reading is logged.",
        ),
        answer=GrantedPageSerializer,
        answers=OTHER_ANSWERS,
        parameters=[
            *(row for row in QUESTION_PARAMETERS if row.name not in NOT_HERE),
            FORMAT,
            parameter(
                "grant",
                Text(
                    ko="열람 승인의 번호. 유효한 승인이 하나뿐이면 없어도 됩니다",
                    en="The number of the grant; not needed where only one is valid.",
                ),
                OpenApiTypes.INT,
            ),
            parameter("purpose", PURPOSE),
            OpenApiParameter(
                "Hub-Purpose",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description=speak(
                    Text(ko=f"{PURPOSE.ko}. 한글은 퍼센트 인코딩한 UTF-8", en=f"{PURPOSE.en} UTF-8, percent-encoded.")
                ),
            ),
        ],
        problems=(400, 403, 404, 406, 410, 422, 503),
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        question = ask_granted(
            slug,
            query_pairs(request),
            request.user,
            purpose=stated_purpose(request),
            accepted_format=chosen_format(request, ""),
        )
        refuse_counting(question)
        self.reading = begin_reading(attempt_of(request, slug), question)
        return give(request, question, self.reading)

    def check_parameters(self, request: Request) -> None:
        pass

    def handle_exception(self, error: Exception) -> HttpResponseBase:
        if self.reading is None:
            log_refusal(attempt_of(self.request, self.kwargs["slug"]), error)
        else:
            end_reading(self.reading, Reading.Status.REFUSED, records=0, reason=reason_of(error))
        return super().handle_exception(error)


def give(request: Request, question: GrantedQuestion, reading: Reading) -> HttpResponseBase:
    """Answer a question whose reading has begun, and write down how it ends."""
    headers = {
        "Cache-Control": NOBODY_KEEPS_IT,
        "Vary": VARY,
        "Content-Disposition": disposition(question.dataset, question.format.name, request.LANGUAGE_CODE),
    }
    if question.query.crs != WGS84:
        headers["Content-Crs"] = f"<http://www.opengis.net/def/crs/EPSG/0/{question.query.crs.partition(':')[2]}>"
    if request.method == "HEAD":
        end_reading(reading, Reading.Status.GIVEN, records=0)
        return HttpResponse(content_type=question.media_type, headers=headers)
    if not question.paged:
        return StreamingHttpResponse(started(question, reading), content_type=question.media_type, headers=headers)
    found = answer(question)
    response = page_response(found, request, headers, "", identity_of(question))
    end_reading(reading, Reading.Status.GIVEN, records=found.page.rows.num_rows)
    return response


def started(question: GrantedQuestion, reading: Reading) -> Given:
    """Return the whole answer with its first records drawn already, so that what fails first fails with a status."""
    counted: list[int] = []
    chunks = stream(question, watch=counted.append)
    first = next(chunks, b"")
    return Given(reading, first, chunks, counted)


def identity_of(question: GrantedQuestion) -> dict[str, Any]:
    """Return what JSON tells of the version; how many records it has beyond the grant is not told."""
    published = timezone.localtime(question.snapshot.published_at)
    return {"snapshot": {"id": question.snapshot.digest, "published_at": published}, "grant": question.grant.pk}


def attempt_of(request: Request, slug: str) -> Attempt:
    """Return who asks what; a key that opens nothing is nobody's, and a purpose that cannot be read is none."""
    try:
        purpose = stated_purpose(request)
    except BadValue:
        purpose = ""
    try:
        viewer = request.user
    except BadKey:
        viewer = AnonymousUser()
    return Attempt(slug, viewer, query_pairs(request), purpose, seen_address(request.META))


def stated_purpose(request: Request) -> str:
    """Return the purpose that the header or the parameter states, "" without any."""
    header = request.META.get("HTTP_HUB_PURPOSE")
    stated = [*([read_header(header)] if header else []), *request.GET.getlist("purpose")]
    if len(set(stated)) > 1:
        raise BadValue(parameter="purpose", value=stated, expected=Text(ko="값 하나", en="one value"))
    return stated[0].strip() if stated else ""


def read_header(text: str) -> str:
    """Return the text of a header: percent-encoded UTF-8, or UTF-8 as it is, which arrives as Latin-1."""
    try:
        return unquote(text.encode("latin-1").decode("utf-8"), errors="strict")
    except UnicodeError as error:
        expected = Text(ko="퍼센트 인코딩한 UTF-8", en="percent-encoded UTF-8")
        raise BadValue(parameter="Hub-Purpose", value=ascii(text)[:100], expected=expected) from error
