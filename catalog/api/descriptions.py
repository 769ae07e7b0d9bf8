"""A dataset as the API shows it: the fields of the metadata profile, then what the hub itself knows.

The profile's fields come from its rows, so a new row shows here and in the OpenAPI document by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.addresses import absolute
from catalog.describe import describe
from catalog.models import Dataset, Snapshot
from catalog.models.labels import speak
from catalog.records import FORMATS
from catalog.standard import FIELDS, Field, Kind
from catalog.text import Text

HEAVY = frozenset(["links"])


class BriefSerializer(serializers.Serializer):
    """Leaves out what has no value."""

    def to_representation(self, instance: Any) -> dict[str, Any]:  # noqa: ANN401
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


class ContactSerializer(serializers.Serializer):
    """An office that answers questions."""

    name = TextSerializer(required=False)
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False)


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
    Kind.CODE: serializers.CharField,
    Kind.REGION: serializers.CharField,
    Kind.PERIOD: PeriodSerializer,
    Kind.CONTACT: ContactSerializer,
    Kind.ORGANISATION: serializers.SlugField,
    Kind.ADDRESS: serializers.URLField,
}


class DatasetSerializer(serializers.Serializer):
    """A dataset's description. Fields of the profile without a value are left out."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            "id": serializers.UUIDField(),
            "slug": serializers.SlugField(),
            "uri": serializers.URLField(help_text=speak(URI)),
            **{field.name: profile_field(field) for field in FIELDS},
            "created_at": serializers.DateTimeField(),
            "modified_at": serializers.DateTimeField(help_text=speak(MODIFIED)),
            "snapshot": SnapshotSummarySerializer(allow_null=True),
            "links": LinksSerializer(),
        }

    def to_representation(self, dataset: Dataset) -> dict[str, Any]:
        return super().to_representation(document(dataset, self.context["request"]))


class DatasetEntrySerializer(DatasetSerializer):
    """A dataset in a list: its description without what only its own page needs."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: field for name, field in super().get_fields().items() if name not in HEAVY}


URI = Text(ko="바뀌지 않는 주소", en="The permanent address of the dataset.")
MODIFIED = Text(ko="설명이나 레코드가 마지막으로 바뀐 때", en="When the description or the records were last changed.")


def profile_field(field: Field) -> serializers.Field:
    """Return how a field of the profile is shown; its label and definition speak the reader's language."""
    return SERIALIZERS[field.kind](required=False, label=speak(field.label), help_text=speak(explanation(field)))


def explanation(field: Field) -> Text:
    korean = f"{field.label.ko}: {field.definition.ko} ({field.term})"
    english = f"{field.label.en}: {field.definition.en} ({field.term})"
    if not field.vocabulary:
        return Text(ko=korean, en=english)
    address = f"/api/v1/vocabularies/{field.vocabulary}"
    return Text(ko=f"{korean} 코드표: {address}", en=f"{english} Codes: {address}")


def document(dataset: Dataset, request: HttpRequest | Request) -> dict[str, Any]:
    return {
        **describe(dataset),
        "id": dataset.pk,
        "slug": dataset.slug,
        "uri": absolute(request, page_path(dataset)),
        "created_at": dataset.created_at,
        "modified_at": dataset.modified_at,
        "snapshot": dataset.distribution.current_snapshot,
        "links": links(dataset, request),
    }


def page_path(dataset: Dataset) -> str:
    """Return the permanent path of a dataset: its page for people, its description for machines."""
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
    has_place = bool(schema_document(dataset).get("geometry"))
    return [format_.name for format_ in FORMATS.values() if has_place or not format_.needs_place]


def schema_document(dataset: Dataset) -> dict[str, Any]:
    """Return the Table Schema that the records have now; before the first snapshot, the one they will have."""
    snapshot: Snapshot | None = dataset.distribution.current_snapshot
    return snapshot.schema if snapshot else dataset.distribution.schema
