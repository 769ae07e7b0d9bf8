"""A dataset as the API shows it: the fields of the metadata profile, then what the hub itself knows.

The profile's fields come from its rows, so a new row shows here and in the OpenAPI document by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.addresses import absolute, public_base
from catalog.describe import describe_briefly
from catalog.models import Dataset
from catalog.models.labels import speak
from catalog.records import FORMATS
from catalog.share import complete_description
from catalog.standard import FIELDS, Class, Field, Kind, fields_of
from catalog.text import Text

HEAVY = frozenset(["links", "distributions", "columns"])


class BriefSerializer(serializers.Serializer):
    """Leaves out what has no value."""

    def to_representation(self, instance: object) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {name: value for name, value in shown.items() if value not in ("", None, {})}


class TextSerializer(serializers.Serializer):
    """A text in Korean and English; a language without text is left out."""

    ko = serializers.CharField(required=False)
    en = serializers.CharField(required=False)


class KeywordsSerializer(serializers.Serializer):
    """Words in Korean and English."""

    ko = serializers.ListField(child=serializers.CharField(), required=False)
    en = serializers.ListField(child=serializers.CharField(), required=False)


class PeriodSerializer(serializers.Serializer):
    """The first and the last day; an open side is left out."""

    start = serializers.DateField(required=False)
    end = serializers.DateField(required=False)


class ChecksumSerializer(serializers.Serializer):
    """What shows whether a file is whole."""

    algorithm = serializers.CharField()
    value = serializers.CharField()


class IdentifierSerializer(serializers.Serializer):
    """An identifier with its scheme."""

    notation = serializers.CharField()
    scheme = serializers.CharField(required=False)


class AgentSerializer(serializers.Serializer):
    """An organisation outside the catalogue."""

    name = TextSerializer()
    uri = serializers.CharField(required=False)


class AttributionSerializer(AgentSerializer):
    """An organisation that has a part in the data, and which."""

    role = serializers.CharField(required=False)


class RelationSerializer(serializers.Serializer):
    """What the data is related to, and how."""

    target = serializers.CharField()
    role = serializers.CharField(required=False)


class ProfileSerializer(BriefSerializer):
    """A description of a class of the standard. Fields without a value are left out."""

    class_: Class

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: profile_field(field) for name, field in fields_of(self.class_).items()}


class ContactSerializer(ProfileSerializer):
    """An office that answers questions."""

    class_ = Class.CONTACT


class DistributionSerializer(ProfileSerializer):
    """A form in which the data can be had."""

    class_ = Class.DISTRIBUTION


class ColumnSerializer(ProfileSerializer):
    """A column of the records."""

    class_ = Class.COLUMN


class SnapshotSummarySerializer(serializers.Serializer):
    """The published version of the records; ``rejected`` counts the records that were refused, not published."""

    id = serializers.CharField(source="digest")
    published_at = serializers.DateTimeField()
    records = serializers.IntegerField()
    rejected = serializers.IntegerField()


class LinksSerializer(serializers.Serializer):
    """Where to go on; ``downloads`` has one address per format."""

    records = serializers.URLField()
    schema = serializers.URLField()
    snapshots = serializers.URLField()
    organisation = serializers.URLField()
    page = serializers.URLField()
    downloads = serializers.DictField(child=serializers.URLField())


SERIALIZERS: Mapping[Kind, Callable[..., serializers.Field]] = {
    Kind.TEXT: TextSerializer,
    Kind.KEYWORDS: KeywordsSerializer,
    Kind.STRING: serializers.CharField,
    Kind.CODE: serializers.CharField,
    Kind.REGION: serializers.CharField,
    Kind.DAY: serializers.DateField,
    Kind.MOMENT: serializers.CharField,
    Kind.PERIOD: PeriodSerializer,
    Kind.DURATION: serializers.CharField,
    Kind.INTEGER: serializers.IntegerField,
    Kind.DECIMAL: serializers.FloatField,
    Kind.BOOLEAN: serializers.BooleanField,
    Kind.CONTACT: ContactSerializer,
    Kind.ORGANISATION: serializers.SlugField,
    Kind.ADDRESS: serializers.URLField,
    Kind.REFERENCE: serializers.SlugField,
    Kind.CHECKSUM: ChecksumSerializer,
    Kind.IDENTIFIER: IdentifierSerializer,
    Kind.AGENT: AgentSerializer,
    Kind.ATTRIBUTION: AttributionSerializer,
    Kind.RELATION: RelationSerializer,
}
PARTS: Mapping[Class, type[ProfileSerializer]] = {
    Class.DISTRIBUTION: DistributionSerializer,
    Class.COLUMN: ColumnSerializer,
}


class DatasetSerializer(serializers.Serializer):
    """A dataset's description. Fields of the profile without a value are left out."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            "id": serializers.UUIDField(),
            "slug": serializers.SlugField(),
            "uri": serializers.URLField(help_text=speak(URI)),
            "home": serializers.URLField(allow_null=True, help_text=speak(HOME)),
            **{field.name: profile_field(field) for field in FIELDS},
            "created_at": serializers.DateTimeField(),
            "modified_at": serializers.DateTimeField(help_text=speak(MODIFIED)),
            "snapshot": SnapshotSummarySerializer(allow_null=True),
            "links": LinksSerializer(),
        }

    def to_representation(self, dataset: Dataset) -> dict[str, Any]:
        request = self.context["request"]
        description = complete_description(dataset, dataset.told_snapshot, public_base(request))
        return super().to_representation(document(description, dataset, request) | {"links": links(dataset, request)})


class DatasetEntrySerializer(DatasetSerializer):
    """A dataset in a list: its description without what only its own page needs."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: field for name, field in super().get_fields().items() if name not in HEAVY}

    def to_representation(self, dataset: Dataset) -> dict[str, Any]:
        shown = document(describe_briefly(dataset), dataset, self.context["request"])
        return serializers.Serializer.to_representation(self, shown)


URI = Text(
    ko="바뀌지 않는 주소. 다른 허브에서 온 데이터셋이면 원 데이터허브의 주소",
    en="The permanent address of the dataset; of one from another hub its address there.",
)
HOME = Text(
    ko="다른 허브에서 온 데이터셋의 원 데이터허브 주소. 이 허브의 데이터셋이면 null",
    en="The address at its home hub of a dataset that came from there; null for a dataset of this hub.",
)
MODIFIED = Text(ko="설명이나 레코드가 마지막으로 바뀐 때", en="When the description or the records were last changed.")


def profile_field(field: Field) -> serializers.Field:
    """Return how a field of the profile is shown; its label and definition speak the reader's language."""
    words = {"required": False, "label": speak(field.label), "help_text": speak(explanation(field))}
    if field.kind is Kind.PART:
        return PARTS[field.of](many=True, **words)
    if field.kind is Kind.BOX:
        return serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4, **words)
    if field.many:
        return serializers.ListField(child=SERIALIZERS[field.kind](), **words)
    return SERIALIZERS[field.kind](**words)


def explanation(field: Field) -> Text:
    korean = f"{field.label.ko}: {field.definition.ko} ({field.term})"
    english = f"{field.label.en}: {field.definition.en} ({field.term})"
    if not field.vocabulary:
        return Text(ko=korean, en=english)
    address = f"/api/v1/vocabularies/{field.vocabulary}"
    return Text(ko=f"{korean} 코드표: {address}", en=f"{english} Codes: {address}")


def document(description: Mapping[str, Any], dataset: Dataset, request: HttpRequest | Request) -> dict[str, Any]:
    return {
        **description,
        "id": dataset.pk,
        "slug": dataset.slug,
        "uri": dataset.home or absolute(request, page_path(dataset)),
        "home": dataset.home or None,
        "created_at": dataset.created_at,
        "modified_at": dataset.modified_at,
        "snapshot": dataset.told_snapshot,
    }


def page_path(dataset: Dataset) -> str:
    """Return the path of a dataset in this hub: its page for people, its description for machines."""
    return f"/dataset/{dataset.slug}"


def links(dataset: Dataset, request: HttpRequest | Request) -> dict[str, Any]:
    def address(name: str, *arguments: str) -> str:
        return absolute(request, reverse(f"api:{name}", args=arguments))

    return {
        "records": address("records", dataset.slug),
        "schema": address("schema", dataset.slug),
        "snapshots": address("snapshots", dataset.slug),
        "organisation": address("organisation", dataset.organisation.slug),
        "page": absolute(request, page_path(dataset)),
        "downloads": {name: address("download", dataset.slug, name) for name in formats_of(dataset)},
    }


def formats_of(dataset: Dataset) -> list[str]:
    """Return the formats that the records can be had in: those of places only when the records have one."""
    if dataset.table_schema is None:
        return []
    has_place = bool(dataset.table_schema.get("geometry"))
    return [format_.name for format_ in FORMATS.values() if has_place or not format_.needs_place]
