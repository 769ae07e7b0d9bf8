"""What somebody who is still typing may mean."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.documentation import limit_parameter, operation, parameter
from catalog.api.filters import read_question
from catalog.api.view import ApiView, one_value, read_limit
from catalog.models.labels import speak
from catalog.search import suggest
from catalog.text import Text


class SuggestionSerializer(serializers.Serializer):
    """A text to search for; ``slug`` is that of the dataset or the organisation, empty for a keyword."""

    kind = serializers.ChoiceField(choices=["organisation", "keyword", "dataset"])
    text = serializers.CharField()
    slug = serializers.CharField(allow_blank=True)


class SuggestionsSerializer(serializers.Serializer):
    """Suggestions, those that lead to many datasets first."""

    suggestions = SuggestionSerializer(
        many=True,
        help_text=speak(
            Text(ko="기관, 키워드, 데이터셋 제목의 차례", en="Organisations, then keywords, then titles of datasets.")
        ),
    )


class SuggestView(ApiView):
    parameters = ("q", "limit")

    @operation(
        "suggest",
        tag="datasets",
        summary=Text(ko="찾을 말 제안", en="Suggest what to search for"),
        description=Text(
            ko="다 쓰지 않은 낱말(주찾, 주차ㅈ)과 초성(ㅈㅊㅈ)으로도 제안합니다.",
            en="A Korean word that is not finished yet and initial consonants are understood.",
        ),
        answer=SuggestionsSerializer,
        parameters=[parameter("q", Text(ko="지금까지 쓴 글", en="What is typed so far.")), limit_parameter(10, 20)],
    )
    def get(self, request: Request) -> Response:
        limit = read_limit(request, default=10, maximum=20)
        found = suggest(read_question(one_value(request, "q")), request.user, limit=limit)
        return Response({"suggestions": SuggestionSerializer(found, many=True).data})
