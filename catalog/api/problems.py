"""What the kinds of problems mean: where the ``type`` of a problem document leads."""

from collections.abc import Iterator

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.descriptions import TextSerializer
from catalog.api.documentation import operation, path_parameter
from catalog.api.errors import PROBLEMS
from catalog.api.view import ApiView
from catalog.text import Text


class KindSerializer(serializers.Serializer):
    """A kind of problem; ``sentence`` is the detail of its documents before names and values are filled in."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = TextSerializer()
    sentence = TextSerializer()


class ProblemView(ApiView):
    @operation(
        "getProblem",
        tag="catalogue",
        summary=Text(ko="문제의 종류 하나", en="One kind of problem"),
        answer=KindSerializer,
        parameters=[path_parameter("code", Text(ko="문제의 'code'", en="The 'code' of a problem."))],
        problems=(400, 404),
    )
    def get(self, request: Request, code: str) -> Response:
        for kind in kinds():
            if kind["code"] == code:
                return Response(kind)
        raise Http404


def kinds() -> Iterator[dict[str, object]]:
    for error, problem in PROBLEMS.items():
        sentence = problem.sentence or error.sentence
        yield {
            "code": problem.code or error.code,
            "status": problem.status,
            "title": problem.title.as_dict(),
            "sentence": sentence.as_dict(),
        }
