"""The code lists that descriptions use."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.descriptions import BriefSerializer, TextSerializer
from catalog.api.documentation import operation, path_parameter
from catalog.api.view import ApiView
from catalog.errors import VocabularyNotFound
from catalog.models.labels import speak
from catalog.standard import vocabulary
from catalog.standard.vocabularies import vocabulary_names
from catalog.text import Text

NAMES = vocabulary_names()


class ConceptSerializer(BriefSerializer):
    """One code; fields without a value are left out."""

    code = serializers.CharField()
    label = TextSerializer(source="label.as_dict")
    uri = serializers.URLField()
    days = serializers.FloatField(
        required=False,
        help_text=speak(Text(ko="약속된 갱신 간격 (일)", en="The promised interval of updates, in days.")),
    )
    since = serializers.CharField(
        required=False, help_text=speak(Text(ko="쓰기 시작한 날", en="The first day of the code."))
    )
    until = serializers.CharField(
        required=False, help_text=speak(Text(ko="쓰기를 마친 날", en="The last day of the code."))
    )


class VocabularySerializer(serializers.Serializer):
    """A vocabulary with its codes, in its own order."""

    name = serializers.CharField()
    concepts = ConceptSerializer(many=True)


class VocabularyView(ApiView):
    @operation(
        "getVocabulary",
        tag="catalogue",
        summary=Text(ko="코드표 하나", en="One vocabulary"),
        answer=VocabularySerializer,
        parameters=[path_parameter("name", Text(ko="코드표의 이름", en="The vocabulary's name."), enum=NAMES)],
        problems=(400, 404),
    )
    def get(self, request: Request, name: str) -> Response:
        if name not in NAMES:
            raise VocabularyNotFound(vocabulary=name, allowed=NAMES)
        concepts = ConceptSerializer(vocabulary(name).values(), many=True)
        return Response({"name": name, "concepts": concepts.data})
