"""Finding datasets, one dataset's description, and the schema of its records."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import Viewer, visible_datasets
from catalog.api.addresses import next_address
from catalog.api.descriptions import DatasetEntrySerializer, DatasetSerializer
from catalog.api.documentation import CURSOR, SLUG, limit_parameter, operation, parameter
from catalog.api.filters import PARAMETERS, read_query
from catalog.api.paging import digest, read_cursor, write_cursor
from catalog.api.view import ApiView, one_value, pairs_except, read_limit
from catalog.describe import find_dataset
from catalog.errors import NoRecords
from catalog.models import Dataset
from catalog.models.labels import speak
from catalog.search import COUNTED, Found, Hit, explain, find, make_finder, place_kinds
from catalog.text import Text


class MatchSerializer(serializers.Serializer):
    """A field in which words of the question, or words that mean the same, were found."""

    field = serializers.CharField()
    words = serializers.ListField(child=serializers.CharField())


class FoundDatasetSerializer(DatasetEntrySerializer):
    """A found dataset; with a question, also why it was found."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return super().get_fields() | {
            "matches": MatchSerializer(
                many=True,
                required=False,
                help_text=speak(
                    Text(
                        ko="찾은 까닭: 낱말이 든 항목과 그 낱말 (q가 있을 때)",
                        en="Why it was found: the fields that hold the words, and these words (with q).",
                    )
                ),
            )
        }


class DatasetListSerializer(serializers.Serializer):
    """A page of the datasets that were found."""

    datasets = FoundDatasetSerializer(many=True)
    count = serializers.IntegerField(
        help_text=speak(Text(ko="찾은 데이터셋 전체 수", en="How many datasets were found in all."))
    )
    facets = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text=speak(
            Text(
                ko=f"찾은 것을 나눈 수: {', '.join(COUNTED)}. 한 항목에서 고른 것은 그 항목의 수를 줄이지 않음",
                en=f"The found datasets counted by {', '.join(COUNTED)}; what is chosen in one of them does not narrow "
                "its own counts.",
            )
        ),
    )
    is_guess = serializers.BooleanField(
        help_text=speak(
            Text(
                ko="참이면 그대로 맞는 것이 없어 낱말이 비슷한 것을 찾은 것",
                en="True when nothing had the words and these have words that are almost the same.",
            )
        )
    )
    next = serializers.URLField(allow_null=True)


class DatasetsView(ApiView):
    parameters = (*PARAMETERS, "limit", "cursor")

    @operation(
        "listDatasets",
        tag="datasets",
        summary=Text(ko="데이터셋 찾기", en="Find datasets"),
        description=Text(
            ko="제목에 든 것이 먼저 옵니다. 한 매개변수의 여러 값은 '또는', 여러 매개변수는 '그리고'입니다.",
            en="Datasets with the words in their title come first. Several values of one parameter are alternatives; "
            "several parameters must all hold.",
        ),
        answer=DatasetListSerializer,
        parameters=[
            *(parameter(name, row.label) for name, row in PARAMETERS.items()),
            limit_parameter(20, 100),
            CURSOR,
        ],
    )
    def get(self, request: Request) -> Response:
        limit = read_limit(request, default=20, maximum=100)
        found = find(read_query(request), request.user)
        asked = digest(pairs_except(request, "limit", "cursor"))
        cursor = one_value(request, "cursor")
        after = tuple(read_cursor(cursor, place_kinds(found.query.order), asked)) if cursor else None
        hits = found.page(shown_datasets(request.user), limit=limit + 1, after=after)
        more = len(hits) > limit
        return Response(
            {
                "datasets": show(hits[:limit], found, request),
                "count": found.count,
                "facets": found.count_facets(),
                "is_guess": found.is_guess,
                "next": next_address(request, write_cursor(asked, hits[limit - 1].place) if more else None),
            }
        )


def shown_datasets(viewer: Viewer) -> QuerySet[Dataset]:
    """Return what a list shows of datasets, whatever their number with the same statements."""
    return visible_datasets(viewer).select_related("organisation", "distribution__current_snapshot")


def show(hits: list[Hit], found: Found, request: Request) -> list[dict[str, Any]]:
    shown = FoundDatasetSerializer([hit.dataset for hit in hits], many=True, context={"request": request}).data
    if found.question.words:
        finder = make_finder(found.question, is_guess=found.is_guess)
        for hit, entry in zip(hits, shown, strict=True):
            entry["matches"] = [{"field": match.field, "words": match.words} for match in explain(hit.dataset, finder)]
    return shown


class DatasetView(ApiView):
    @operation(
        "getDataset",
        tag="datasets",
        summary=Text(ko="데이터셋 하나의 설명", en="The description of one dataset"),
        answer=DatasetSerializer,
        parameters=[SLUG],
        problems=(400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        dataset = find_dataset(slug, request.user)
        return Response(DatasetSerializer(dataset, context={"request": request}).data)


TABLE_SCHEMA = {
    "type": "object",
    "required": ["fields"],
    "externalDocs": {"url": "https://datapackage.org/standard/table-schema/"},
    "properties": {
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                    "name": {"type": "string"},
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "titles": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": {"type": "string"},
                    "descriptions": {"type": "object", "additionalProperties": {"type": "string"}},
                    "unit": {"type": "string"},
                    "source": {"type": "string"},
                    "codeList": {"type": "string"},
                    "personalData": {"type": "string"},
                    "standardName": {"type": "string"},
                    "constraints": {"type": "object"},
                },
            },
        },
        "missingValues": {"type": "array", "items": {"type": "string"}},
        "primaryKey": {"type": "array", "items": {"type": "string"}},
        "timeColumn": {"type": "string"},
        "sortedBy": {"type": "array", "items": {"type": "string"}},
        "geometry": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


class SchemaView(ApiView):
    @operation(
        "getSchema",
        tag="records",
        summary=Text(ko="레코드의 열", en="The columns of the records"),
        description=Text(
            ko="Frictionless Table Schema에 `titles`, `descriptions`(ko/en), `unit`(UCUM), `source`(원천의 열 이름), "
            "`timeColumn`, `geometry`, `sortedBy`를 더한 것입니다.",
            en="A Frictionless Table Schema with additions: `titles` and `descriptions` (ko/en), `unit` (UCUM), `source` "
            "(the column's name at the platform), `timeColumn`, `geometry`, `sortedBy`.",
        ),
        answer=TABLE_SCHEMA,
        parameters=[SLUG],
        problems=(400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        dataset = find_dataset(slug, request.user)
        if dataset.table_schema is None:
            raise NoRecords(dataset=slug)
        return Response(dataset.table_schema)
