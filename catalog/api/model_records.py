"""Records across cities: one question to every dataset that follows a data model."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.request import Request

from catalog.across import ModelQuestion, ask_model
from catalog.api.addresses import query_pairs
from catalog.api.documentation import JSON, operation, path_parameter
from catalog.api.file_names import Subject
from catalog.api.records import EXTENSION, FORMAT, OTHER_ANSWERS, QUESTION_PARAMETERS, SLUG, chosen_format, respond
from catalog.api.view import ApiView
from catalog.models.labels import speak
from catalog.text import Text

MODEL = path_parameter(
    "model", Text(ko="데이터 모델의 이름, 예: off-street-parking", en="The data model, for example off-street-parking.")
)
PARAMETERS = [MODEL, *(parameter for parameter in QUESTION_PARAMETERS if parameter not in (SLUG,) and parameter.name != "snapshot")]  # fmt: skip


class AskedDatasetSerializer(serializers.Serializer):
    """A dataset that was asked, and the columns of the model that it lacks."""

    dataset = serializers.CharField()
    city = serializers.CharField()
    snapshot = serializers.CharField()
    records = serializers.IntegerField()
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text=speak(
            Text(
                ko="모델에 있으나 이 데이터셋에 없거나 단위를 맞출 수 없는 열. 값은 비어 있습니다",
                en="Columns of the model that the dataset lacks, or has in a unit that cannot be converted: they are empty.",
            )
        ),
    )


class ModelPageSerializer(serializers.Serializer):
    """A page of records of several datasets. It only documents: pages never pass through it."""

    records = serializers.ListField(child=serializers.DictField())
    count = serializers.IntegerField(allow_null=True)
    next = serializers.URLField(allow_null=True)
    data_model = serializers.CharField()
    as_of = serializers.DateTimeField(
        allow_null=True,
        help_text=speak(
            Text(
                ko="답한 때의 판. 따르는 데이터셋이 없으면 null",
                en="When the versions that answer were current; null without a dataset.",
            )
        ),
    )
    datasets = AskedDatasetSerializer(many=True)


EXAMPLE = OpenApiExample(
    "Free places in every city",
    media_type=JSON,
    response_only=True,
    value={
        "records": [{"city": "한빛시", "total": 1280}],
        "count": None,
        "next": None,
        "data_model": "parking-availability",
        "as_of": "2026-11-22T05:30:00+09:00",
        "datasets": [
            {"dataset": "parking", "city": "한빛시", "snapshot": "4f8f44b0e1b7…", "records": 24, "missing": []}
        ],
    },
)


class ModelRecordsView(ApiView):
    """``ask_model`` knows which parameters there are, so nothing is checked before it."""

    @operation(
        "getModelRecords",
        tag="records",
        summary=Text(ko="여러 도시의 같은 데이터를 한 번에", en="The same kind of data of every city at once"),
        description=Text(
            ko="같은 데이터 모델을 따르는 모든 공개 데이터셋을 하나처럼 묻습니다. 열의 이름·유형·단위는 모델의 것이고, `city`와 `dataset` "
            "열이 출처를 알립니다. 물음의 말은 데이터셋 하나일 때와 같습니다.",
            en="Asks all datasets that follow a data model as if they were one. Names, types and units of the columns are the "
            "model's; `city` and `dataset` tell where a record comes from. The language is that of a single dataset.",
        ),
        answer=ModelPageSerializer,
        answers=OTHER_ANSWERS,
        parameters=[*PARAMETERS, FORMAT],
        problems=(400, 404, 406, 410, 422, 503),
        examples=[EXAMPLE],
    )
    def get(self, request: Request, model: str) -> HttpResponseBase:
        return self.answer(request, model, "")

    def answer(self, request: Request, model: str, extension: str) -> HttpResponseBase:
        accepted = chosen_format(request, extension)
        question = ask_model(model, query_pairs(request), request.user, accepted_format=accepted)
        named = Subject(question.model.name, question.model.title)
        return respond(request, question, extension, named, tag=question.etag, identity=identity_of(question))

    def check_parameters(self, request: Request) -> None:
        pass


class ModelDownloadView(ModelRecordsView):
    """The same answers under an address that ends like a file."""

    @operation(
        "downloadModelRecords",
        tag="records",
        summary=Text(ko="여러 도시의 같은 데이터 내려받기", en="Download the same kind of data of every city"),
        answer=ModelPageSerializer,
        answers=OTHER_ANSWERS,
        parameters=[EXTENSION, *PARAMETERS],
        problems=(400, 404, 410, 422, 503),
    )
    def get(self, request: Request, model: str, extension: str) -> HttpResponseBase:
        return self.answer(request, model, extension)


def identity_of(question: ModelQuestion) -> dict[str, Any]:
    """Return what JSON tells about the datasets that were asked."""
    return {
        "data_model": question.model.name,
        "as_of": timezone.localtime(question.moment) if question.parts else None,
        "datasets": [
            {
                "dataset": part.dataset.slug,
                "city": part.dataset.organisation.name.in_language("ko"),
                "snapshot": part.snapshot.digest,
                "records": part.snapshot.records,
                "missing": list(part.missing),
            }
            for part in question.parts
        ],
    }
