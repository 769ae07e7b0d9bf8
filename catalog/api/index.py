"""The first address of the API: where everything is."""

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.addresses import absolute
from catalog.api.descriptions import TextSerializer
from catalog.api.documentation import TITLE, operation
from catalog.api.view import ApiView
from catalog.api.vocabularies import NAMES
from catalog.standard import VERSION
from catalog.text import Text

PLACES = ("datasets", "organisations", "changes", "query", "exports", "openapi", "docs")


class IndexSerializer(serializers.Serializer):
    """The name of the API, the version of the metadata standard, and addresses."""

    title = TextSerializer()
    standard = serializers.CharField()
    links = serializers.DictField(child=serializers.URLField())
    vocabularies = serializers.DictField(child=serializers.URLField())


class IndexView(ApiView):
    @operation(
        "getIndex", tag="catalogue", summary=Text(ko="API의 첫 주소", en="Where everything is"), answer=IndexSerializer
    )
    def get(self, request: Request) -> Response:
        links = {name: absolute(request, reverse(f"api:{name}")) for name in PLACES}
        vocabularies = {name: absolute(request, reverse("api:vocabulary", args=[name])) for name in NAMES}
        return Response({"title": TITLE.as_dict(), "standard": VERSION, "links": links, "vocabularies": vocabularies})
