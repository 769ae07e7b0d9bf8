"""The published versions of a dataset's records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import may_read
from catalog.api.addresses import absolute, next_address
from catalog.api.descriptions import TextSerializer
from catalog.api.documentation import CURSOR, SLUG, limit_parameter, operation
from catalog.api.paging import Key, take_page
from catalog.api.view import ApiView, one_value, read_limit
from catalog.describe import find_dataset
from catalog.files import ready_files_by_snapshot, whole_formats
from catalog.models import Dataset, Snapshot
from catalog.models.labels import speak
from catalog.records import FORMATS
from catalog.text import Text

ORDER = (Key("pk", int, descending=True),)


class FindingSerializer(serializers.Serializer):
    """What a check found when the version was made."""

    code = serializers.CharField()
    severity = serializers.CharField()
    column = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    text = TextSerializer()


class WholeFileSerializer(serializers.Serializer):
    """The whole of a version in one format. Without a size it is not written yet, and streamed to whoever asks."""

    format = serializers.CharField()
    media_type = serializers.CharField()
    download_url = serializers.URLField()
    byte_size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)


class SnapshotSerializer(serializers.Serializer):
    """A published version of the records."""

    id = serializers.CharField(source="digest")
    valid_at = serializers.DateTimeField(
        help_text=speak(Text(ko="이 판이 담은 자료의 시점", en="The release that the version holds."))
    )
    published_at = serializers.DateTimeField()
    records = serializers.SerializerMethodField(
        help_text=speak(Text(ko="보호 데이터셋에서는 null입니다", en="Null for a guarded dataset."))
    )
    rejected = serializers.SerializerMethodField(
        help_text=speak(
            Text(
                ko="거절되어 공개되지 않은 레코드 수. 보호 데이터셋에서는 null입니다",
                en="Records that were refused, not published; null for a guarded dataset.",
            )
        )
    )
    is_current = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField(
        help_text=speak(
            Text(
                ko="검사 결과. 레코드의 값을 담을 수 있어, 레코드를 볼 수 없으면 null입니다",
                en="What the checks found. They may quote records: null for whoever may not read these.",
            )
        )
    )

    files = serializers.SerializerMethodField(
        help_text=speak(
            Text(
                ko="전체를 담은 파일. 레코드를 볼 수 없으면 null입니다",
                en="Files of all its records; null for whoever may not read these.",
            )
        )
    )

    def get_records(self, snapshot: Snapshot) -> int | None:
        return None if self.context["is_guarded"] else snapshot.records

    def get_rejected(self, snapshot: Snapshot) -> int | None:
        return None if self.context["is_guarded"] else snapshot.rejected

    def get_is_current(self, snapshot: Snapshot) -> bool:
        return snapshot.pk == self.context["current"]

    @extend_schema_field(FindingSerializer(many=True, allow_null=True))
    def get_findings(self, snapshot: Snapshot) -> list[dict[str, Any]] | None:
        return snapshot.findings if self.context["may_read"] else None

    @extend_schema_field(WholeFileSerializer(many=True, allow_null=True))
    def get_files(self, snapshot: Snapshot) -> list[dict[str, Any]] | None:
        return list(describe_files(snapshot, self.context)) if self.context["may_read"] else None


class SnapshotListSerializer(serializers.Serializer):
    """A page of versions, the newest first."""

    snapshots = SnapshotSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class SnapshotsView(ApiView):
    parameters = ("limit", "cursor")

    @operation(
        "listSnapshots",
        tag="records",
        summary=Text(ko="공개된 판의 목록", en="The published versions of the records"),
        answer=SnapshotListSerializer,
        parameters=[SLUG, limit_parameter(100, 1000), CURSOR],
        problems=(400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        limit = read_limit(request, default=100, maximum=1000)
        dataset = find_dataset(slug, request.user)
        page = take_page(
            Snapshot.objects.filter(distribution=dataset.distribution),
            ORDER,
            question=["snapshots", slug],
            cursor=one_value(request, "cursor"),
            limit=limit,
        )
        shown = SnapshotSerializer(page.rows, many=True, context=snapshot_context(request, dataset, page.rows))
        return Response({"snapshots": shown.data, "next": next_address(request, page.cursor)})


def snapshot_context(request: Request, dataset: Dataset, snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """Return what is told of snapshots beyond their rows."""
    return {
        "request": request,
        "slug": dataset.slug,
        "current": snapshot.pk if (snapshot := dataset.current_snapshot) else None,
        "may_read": may_read(request.user, dataset),
        "is_guarded": dataset.is_guarded,
        "files": ready_files_by_snapshot(snapshots),
    }


def describe_files(snapshot: Snapshot, context: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in whole_formats(snapshot):
        file = context["files"].get((snapshot.digest, name))
        path = reverse("api:whole-file", args=[context["slug"], snapshot.digest, name])
        yield {
            "format": name,
            "media_type": FORMATS[name].media_type,
            "download_url": absolute(context["request"], path),
            "byte_size": file.size if file else None,
            "sha256": file.digest if file else None,
        }
