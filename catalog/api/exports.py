"""Exports over HTTP: order a whole answer as a file, ask how far it is, fetch it in pieces, cancel it."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.crypto import salted_hmac
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.addresses import absolute
from catalog.api.descriptions import TextSerializer
from catalog.api.documentation import JSON, operation, path_parameter
from catalog.api.file_names import attachment
from catalog.api.finished_files import answer_file
from catalog.api.quota import address_of
from catalog.api.view import ApiView
from catalog.errors import BadValue, UnknownParameter
from catalog.exports import ASK_AGAIN, State, cancel_export, export_file, find_export, order_export
from catalog.models import Export
from catalog.models.labels import speak
from catalog.records import FORMATS
from catalog.text import Text

FIELDS = ("dataset", "format", "parameters")
LONGEST_ORDER = 100_000  # bytes
STATES: Mapping[State, Text] = {
    State.WAITING: Text(ko="차례를 기다림", en="In the queue."),
    State.WORKING: Text(ko="파일을 쓰는 중", en="Being written."),
    State.READY: Text(ko="받을 수 있음", en="Ready to be fetched."),
    State.FAILED: Text(ko="만들지 못함. 까닭은 'error'에", en="It could not be written; 'error' says why."),
    State.EXPIRED: Text(ko="보관이 끝나 지워짐", en="Its time is over, the file is deleted."),
}
UID = path_parameter("uid", Text(ko="내보내기의 'id'", en="The 'id' of the export."))


class ExportOrderSerializer(serializers.Serializer):
    """What an export is to hold. It only documents: the question is checked as at ``/records``."""

    dataset = serializers.CharField(help_text=speak(Text(ko="데이터셋의 식별자", en="The dataset's identifier.")))
    format = serializers.ChoiceField(choices=list(FORMATS))
    parameters = serializers.DictField(
        required=False,
        help_text=speak(
            Text(
                ko="'/records'의 매개변수. 값은 글자, 수, 참·거짓 또는 그 목록",
                en="The parameters of '/records'; a value is a text, a number, true or false, or a list of these.",
            )
        ),
    )


class ExportErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    text = TextSerializer()


class ExportSerializer(serializers.Serializer):
    """An export and how far it is."""

    id = serializers.UUIDField(source="uid")
    url = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=[(state.value, speak(text)) for state, text in STATES.items()])
    dataset = serializers.CharField(source="dataset.slug")
    format = serializers.CharField()
    parameters = serializers.SerializerMethodField()
    snapshot = serializers.CharField(
        source="snapshot_digest",
        help_text=speak(
            Text(
                ko="요청한 때의 판. 그 사이 새 판이 나와도 바뀌지 않습니다",
                en="The version that was current when it was ordered.",
            )
        ),
    )
    records = serializers.IntegerField(
        help_text=speak(Text(ko="지금까지 쓴 레코드 수", en="How many records have been written."))
    )
    records_at_most = serializers.IntegerField(
        help_text=speak(
            Text(
                ko="판 전체의 레코드 수. 조건이 있으면 이보다 적을 수 있습니다",
                en="All records of the version; conditions leave fewer.",
            )
        )
    )
    byte_size = serializers.IntegerField(source="size")
    sha256 = serializers.SerializerMethodField()
    download_url = serializers.SerializerMethodField(
        help_text=speak(Text(ko="파일의 주소. 완성되기 전에는 null", en="Where the file is; null until it is ready."))
    )
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    error = serializers.SerializerMethodField()

    def get_url(self, export: Export) -> str:
        return absolute(self.context["request"], reverse("api:export", args=[export.uid]))

    @extend_schema_field(serializers.DictField())
    def get_parameters(self, export: Export) -> dict[str, str | list[str]]:
        given: dict[str, list[str]] = {}
        for name, value in export.parameters:
            given.setdefault(name, []).append(value)
        return {name: values[0] if len(values) == 1 else values for name, values in given.items()}

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_sha256(self, export: Export) -> str | None:
        return export.digest or None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_download_url(self, export: Export) -> str | None:
        if export.state != State.READY:
            return None
        return absolute(self.context["request"], reverse("api:export-file", args=[export.uid]))

    @extend_schema_field(ExportErrorSerializer(allow_null=True))
    def get_error(self, export: Export) -> dict[str, Any] | None:
        if not export.error_code:
            return None
        return {"code": export.error_code, "text": Text(ko=export.error_ko, en=export.error_en).as_dict()}


ORDER_EXAMPLE = OpenApiExample(
    "Bad days of one station",
    media_type=JSON,
    request_only=True,
    value={
        "dataset": "seoul-air-daily",
        "format": "csv",
        "parameters": {"pm10__gte": "80", "station": "중구", "order_by": "-pm10"},
    },
)


class ExportsView(ApiView):
    """Whoever may read the records may order them. A session counts only with its CSRF token; programs send a key or none."""

    http_method_names = ["post", "options"]

    @operation(
        "orderExport",
        tag="exports",
        summary=Text(ko="전체 답을 파일로 요청하기", en="Order a whole answer as a file"),
        description=Text(
            ko="질문은 바로 검사하고 파일은 뒤에서 만듭니다. `Location`의 주소에서 진행을 보고, `state`가 `ready`이면 `download_url`에서 "
            "받으십시오. 같은 판에 같은 질문을 다시 보내면 있던 내보내기를 답합니다 (200).",
            en="The question is checked at once, the file is written in the background. Ask at `Location` how far it is, and "
            "fetch `download_url` when `state` is `ready`. The same question to the same version answers the export that "
            "is there already (200).",
        ),
        answer=ExportSerializer,
        request=ExportOrderSerializer,
        status=201,
        problems=(400, 403, 404, 429),
        examples=[ORDER_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        slug, format_name, parameters = read_order(request)
        export, is_new = order_export(slug, parameters, format_name, viewer=request.user, caller=caller_of(request))
        answer = answer_export(request, export)
        answer.status_code = 201 if is_new else 200
        answer.headers["Location"] = answer.data["url"]
        return answer


class ExportView(ApiView):
    http_method_names = ["get", "head", "delete", "options"]

    @operation(
        "getExport",
        tag="exports",
        summary=Text(ko="내보내기의 진행 보기", en="How far an export is"),
        answer=ExportSerializer,
        parameters=[UID],
        problems=(400, 403, 404),
    )
    def get(self, request: Request, uid: object) -> Response:
        return answer_export(request, find_export(uid, request.user))

    @operation(
        "cancelExport",
        tag="exports",
        summary=Text(ko="내보내기 그만두기, 파일 지우기", en="Cancel an export, or delete its file"),
        answer=None,
        status=204,
        parameters=[UID],
        problems=(400, 403, 404),
    )
    def delete(self, request: Request, uid: object) -> HttpResponse:
        cancel_export(find_export(uid, request.user), request.user)
        return HttpResponse(status=204)


class ExportFileView(ApiView):
    @operation(
        "downloadExport",
        tag="exports",
        summary=Text(ko="내보낸 파일 내려받기", en="Download the file of an export"),
        description=Text(
            ko="`Range`로 이어받고 `Repr-Digest`의 SHA-256으로 확인할 수 있습니다. 접근 등급은 받을 때마다 다시 확인합니다.",
            en="Resume with `Range`, verify with the SHA-256 in `Repr-Digest`. The access level is asked again each time.",
        ),
        answer=None,
        answers={row.media_type.partition(";")[0]: OpenApiTypes.BINARY for row in FORMATS.values()},
        parameters=[UID],
        problems=(400, 403, 404, 409, 410),
    )
    def get(self, request: Request, uid: object) -> HttpResponseBase:
        export = find_export(uid, request.user)
        return answer_file(
            request,
            export_file(export),
            media_type=export.media_type,
            disposition=attachment(export.dataset, export.format, request.LANGUAGE_CODE),
            cache_control="private, no-cache, no-transform",
        )


def answer_export(request: Request, export: Export) -> Response:
    headers = {"Retry-After": str(ASK_AGAIN)} if export.state in (State.WAITING, State.WORKING) else {}
    shown = ExportSerializer(export, context={"request": request})
    return Response(shown.data, headers=headers | {"Cache-Control": "no-store"})


def caller_of(request: Request) -> str:
    """Return who counts as one caller: a user with all keys, else an address, of which only a keyed digest is kept."""
    if request.user.is_authenticated:
        return f"user {request.user.pk}"
    return salted_hmac("catalog.exports", address_of(request.META), algorithm="sha256").hexdigest()


def read_order(request: HttpRequest | Request) -> tuple[str, str, list[tuple[str, str]]]:
    """Return dataset, format and parameters of an order; what is not understood is refused."""
    order = read_document(request)
    for name in order:
        if name not in FIELDS:
            raise UnknownParameter(parameter=name, allowed=FIELDS)
    for name in ("dataset", "format"):
        if not isinstance(order.get(name), str):
            raise BadValue(parameter=name, value=order.get(name, ""), expected=Text(ko="글자", en="a text"))
    parameters = order.get("parameters", {})
    if not isinstance(parameters, dict):
        raise BadValue(parameter="parameters", value=parameters, expected=Text(ko="JSON 객체", en="a JSON object"))
    return order["dataset"], order["format"], list(read_pairs(parameters))


def read_document(request: HttpRequest | Request) -> dict[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_ORDER:
        raise BadValue(
            parameter="body",
            value=f"{request.META['CONTENT_LENGTH']} bytes",
            expected=Text(ko=f"{LONGEST_ORDER:,}바이트까지", en=f"at most {LONGEST_ORDER:,} bytes"),
        )
    try:
        order = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ParseError from error
    if not isinstance(order, dict):
        raise ParseError
    return order


def read_pairs(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield parameters as an address would hold them: a list is a parameter that is repeated."""
    for name, value in parameters.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                yield name, str(one).lower()
            elif isinstance(one, (str, int, float)):
                yield name, str(one)
            else:
                raise BadValue(
                    parameter=name,
                    value=one,
                    expected=Text(
                        ko="글자, 수, true·false 또는 그 목록", en="a text, a number, true or false, or a list of these"
                    ),
                )
