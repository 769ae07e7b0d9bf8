"""Finding datasets, one dataset's description, and the schema of its records."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import visible_datasets
from catalog.api.addresses import next_address
from catalog.api.descriptions import DatasetEntrySerializer, DatasetSerializer
from catalog.api.documentation import CURSOR, SLUG, limit_parameter, operation, parameter
from catalog.api.filters import DatasetFilter
from catalog.api.paging import Key, take_page
from catalog.api.view import ApiView, one_value, pairs_except, read_limit
from catalog.describe import find_dataset
from catalog.errors import NoRecords
from catalog.models.labels import speak
from catalog.search import FACETS, count_facets
from catalog.text import Text

ORDER = (Key("rank", int, descending=True), Key("title_ko", str), Key("slug", str))


class DatasetListSerializer(serializers.Serializer):
    """A page of the datasets that were found."""

    datasets = DatasetEntrySerializer(many=True)
    count = serializers.IntegerField(
        help_text=speak(Text(ko="찾은 데이터셋 전체 수", en="How many datasets were found in all."))
    )
    facets = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text=speak(
            Text(
                ko=f"찾은 것을 나눈 수: {', '.join(FACETS)}",
                en=f"The found datasets counted by {', '.join(FACETS)}.",
            )
        ),
    )
    next = serializers.URLField(allow_null=True)


class DatasetsView(ApiView):
    parameters = (*DatasetFilter.base_filters, "limit", "cursor")

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
            *(parameter(name, filter_.label) for name, filter_ in DatasetFilter.base_filters.items()),
            limit_parameter(20, 100),
            CURSOR,
        ],
    )
    def get(self, request: Request) -> Response:
        one_value(request, "q")
        limit = read_limit(request, default=20, maximum=100)
        found = DatasetFilter(request.GET, queryset=visible_datasets(request.user)).qs
        page = take_page(
            found.select_related("organisation", "distribution__current_snapshot"),
            ORDER,
            question=pairs_except(request, "limit", "cursor"),
            cursor=one_value(request, "cursor"),
            limit=limit,
        )
        shown = DatasetEntrySerializer(page.rows, many=True, context={"request": request})
        return Response(
            {
                "datasets": shown.data,
                "count": found.count(),
                "facets": count_facets(found),
                "next": next_address(request, page.cursor),
            }
        )


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
