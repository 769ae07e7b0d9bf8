"""Who publishes data."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import Viewer, visible_datasets
from catalog.api.addresses import next_address
from catalog.api.descriptions import ProfileSerializer
from catalog.api.documentation import CURSOR, SLUG, limit_parameter, operation
from catalog.api.paging import Key, take_page
from catalog.api.view import ApiView, one_value, read_limit
from catalog.describe import describe_row
from catalog.errors import OrganisationNotFound
from catalog.models import Organisation
from catalog.models.labels import speak
from catalog.standard import Class
from catalog.text import Text

ORDER = (Key("name_ko", str), Key("slug", str))


class OrganisationSerializer(ProfileSerializer):
    """An organisation that publishes data and answers for it; fields without a value are left out."""

    class_ = Class.ORGANISATION

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            "slug": serializers.SlugField(),
            **super().get_fields(),
            "datasets": serializers.IntegerField(help_text=speak(NUMBER)),
        }

    def to_representation(self, organisation: Organisation) -> dict[str, Any]:
        description = describe_row(organisation, Class.ORGANISATION)
        return super().to_representation(description | {"slug": organisation.slug, "datasets": organisation.visible})


NUMBER = Text(ko="데이터셋 수", en="How many datasets it has.")


class OrganisationListSerializer(serializers.Serializer):
    """A page of organisations, by Korean name."""

    organisations = OrganisationSerializer(many=True)
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)


class OrganisationsView(ApiView):
    parameters = ("limit", "cursor")

    @operation(
        "listOrganisations",
        tag="catalogue",
        summary=Text(ko="기관 목록", en="The organisations"),
        answer=OrganisationListSerializer,
        parameters=[limit_parameter(100, 1000), CURSOR],
    )
    def get(self, request: Request) -> Response:
        organisations = counted_organisations(request.user)
        page = take_page(
            organisations,
            ORDER,
            question=["organisations"],
            cursor=one_value(request, "cursor"),
            limit=read_limit(request, default=100, maximum=1000),
        )
        return Response(
            {
                "organisations": OrganisationSerializer(page.rows, many=True).data,
                "count": Organisation.objects.count(),
                "next": next_address(request, page.cursor),
            }
        )


class OrganisationView(ApiView):
    @operation(
        "getOrganisation",
        tag="catalogue",
        summary=Text(ko="기관 하나", en="One organisation"),
        answer=OrganisationSerializer,
        parameters=[SLUG],
        problems=(400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        organisation = counted_organisations(request.user).filter(slug=slug).first()
        if organisation is None:
            raise OrganisationNotFound(organisation=slug)
        return Response(OrganisationSerializer(organisation).data)


def counted_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """Return the organisations with the number of datasets that the viewer may see."""
    visible = visible_datasets(viewer).values("pk")
    return Organisation.objects.annotate(visible=Count("datasets", filter=Q(datasets__in=visible)))
