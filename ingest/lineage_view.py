"""The door of lineage: ``GET /api/v1/datasets/{slug}/snapshots/{digest}/lineage``."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.addresses import public_base
from catalog.api.bulk_files import DIGEST
from catalog.api.documentation import SLUG, operation
from catalog.api.view import ApiView
from catalog.describe import find_dataset
from catalog.files import find_snapshot
from catalog.models.labels import speak
from catalog.text import Text
from ingest.lineage import lineage_document


class LineageSerializer(serializers.Serializer):
    """How a version came about, in the terms of PROV (JSON-LD)."""

    dataset = serializers.CharField()
    snapshot = serializers.CharField()
    specializationOf = serializers.CharField()
    wasAttributedTo = serializers.CharField()
    records = serializers.IntegerField()
    generatedAtTime = serializers.DateTimeField()
    wasDerivedFrom = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text=speak(Text(ko="가공에 쓴 입력 판", en="The versions of inputs that it was made from.")),
    )
    undisclosed = serializers.IntegerField(
        required=False,
        help_text=speak(
            Text(ko="공개 등급 때문에 이름을 밝히지 않은 입력의 수", en="Inputs whose names you may not know.")
        ),
    )
    wasGeneratedBy = serializers.DictField(
        required=False,
        help_text=speak(
            Text(
                ko="만든 활동: 시작과 끝, 쓴 입력, SELECT",
                en="The activity that made it: its start and end, its inputs, its SELECT.",
            )
        ),
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """Name the members of JSON-LD too, which no attribute can be called by."""
        own = {"@context": serializers.DictField(), "@id": serializers.CharField(), "@type": serializers.CharField()}
        return own | super().get_fields()


class LineageView(ApiView):
    @operation(
        "readLineage",
        tag="records",
        summary=Text(ko="한 판이 어떻게 만들어졌는지 (PROV)", en="How a version came about (PROV)"),
        answer=LineageSerializer,
        parameters=[SLUG, DIGEST],
        problems=(400, 404, 410),
    )
    def get(self, request: Request, slug: str, digest: str) -> Response:
        dataset = find_dataset(slug, request.user)
        snapshot = find_snapshot(dataset, digest)
        return Response(lineage_document(dataset, snapshot, request.user, public_base(request)))
