"""How good a dataset is: every point with what it rests on and how to earn it, the rules it keeps, and the same as RDF."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.addresses import absolute, public_base
from catalog.api.descriptions import TextSerializer
from catalog.api.documentation import SLUG, operation
from catalog.api.view import ApiView
from catalog.describe import find_dataset
from catalog.exchange.dqv import write_dqv
from catalog.exchange.rdf import TURTLE
from catalog.models.labels import speak
from catalog.quality import Assessment, assess
from catalog.standard import VERSION
from catalog.standard.conformance import Conformance, Problem
from catalog.standard.evidence import Reference, Source
from catalog.standard.links import LINK_STATES, Link
from catalog.standard.measures import Measured
from catalog.standard.quality import Dimension, Score
from catalog.text import Text


class EvidenceSerializer(serializers.Serializer):
    """Where a judgement can be checked."""

    source = serializers.ChoiceField(choices=[source.value for source in Source])
    target = serializers.CharField(allow_blank=True)
    address = serializers.URLField()


class LabelledSerializer(serializers.Serializer):
    """A code and what it is called."""

    code = serializers.CharField()
    label = TextSerializer()


class DimensionSerializer(LabelledSerializer):
    """One dimension of the EU's assessment."""

    points = serializers.IntegerField()
    maximum = serializers.IntegerField()


class MetricSerializer(serializers.Serializer):
    """One metric of the EU's assessment; ``mend`` is null when its points were earned."""

    id = serializers.CharField()
    uri = serializers.URLField(help_text=speak(Text(ko="DQV 지표의 URI", en="The URI of the DQV metric.")))
    dimension = serializers.CharField()
    label = TextSerializer()
    measures = TextSerializer()
    points = serializers.IntegerField()
    maximum = serializers.IntegerField()
    text = TextSerializer(help_text=speak(Text(ko="본 것", en="What was seen.")))
    field = serializers.CharField(help_text=speak(Text(ko="채울 항목", en="The field to fill.")))
    mend = TextSerializer(allow_null=True)
    evidence = EvidenceSerializer(many=True)


class MeasureSerializer(serializers.Serializer):
    """What is measured beside the points: a share from 0 to 1, null when there is nothing to measure."""

    id = serializers.CharField()
    word = TextSerializer(
        allow_null=True,
        help_text=speak(
            Text(ko="공공데이터 품질 진단의 낱말", en="The word of the Korean quality assessment, where it has one.")
        ),
    )
    label = TextSerializer()
    measures = TextSerializer()
    share = serializers.FloatField(allow_null=True)
    text = TextSerializer()
    mend = TextSerializer(allow_null=True)
    evidence = EvidenceSerializer(many=True)


class RuleSerializer(serializers.Serializer):
    """A rule of conformance, and whether the description keeps it."""

    id = serializers.CharField()
    level = serializers.ChoiceField(choices=["form", "obligation", "hint"])
    demand = TextSerializer()
    passes = serializers.BooleanField()


class ProblemSerializer(serializers.Serializer):
    """A rule that is broken: where, and how to mend it."""

    rule = serializers.CharField()
    level = serializers.ChoiceField(choices=["form", "obligation", "hint"])
    field = serializers.CharField()
    text = TextSerializer()

    class Meta:
        ref_name = "BrokenRule"


class ConformanceSerializer(serializers.Serializer):
    """Whether the description meets the standard. Hints never fail it."""

    conforms = serializers.BooleanField()
    rules = RuleSerializer(many=True)
    problems = ProblemSerializer(many=True)
    hints = ProblemSerializer(many=True)


class LinkSerializer(serializers.Serializer):
    """What is known of an address elsewhere."""

    url = serializers.CharField()
    state = LabelledSerializer()
    status = serializers.IntegerField(allow_null=True)
    checked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField()


class QualitySerializer(serializers.Serializer):
    """The assessment of a dataset: is it right (conformance) and is it good (points), each with its evidence."""

    dataset = serializers.SlugField()
    assessed_at = serializers.DateTimeField()
    points = serializers.IntegerField()
    maximum = serializers.IntegerField()
    band = LabelledSerializer()
    distribution = serializers.IntegerField(
        allow_null=True,
        help_text=speak(
            Text(
                ko="점수를 가장 많이 받아 셈에 든 배포의 번호 (0부터)",
                en="The number of the distribution that scored best and counts, from 0.",
            )
        ),
    )
    dimensions = DimensionSerializer(many=True)
    metrics = MetricSerializer(many=True)
    measures = MeasureSerializer(many=True)
    conformance = ConformanceSerializer()
    links = LinkSerializer(many=True)


class QualityView(ApiView):
    @operation(
        "getQuality",
        tag="datasets",
        summary=Text(
            ko="데이터셋의 품질: 점수, 근거, 고치는 법", en="How good a dataset is: points, evidence, how to mend"
        ),
        description=Text(
            ko="유럽연합 메타데이터 품질 평가(MQA) 405점을 지표마다 근거와 함께 보이고, 그 곁에 갱신 약속, 거절된 레코드, 열 설명, "
            "좌표를 잰 값을 보입니다. 표준의 규칙을 지키는지는 따로 답합니다.",
            en="The EU's metadata quality assessment (405 points), metric by metric with its evidence, and beside it what was "
            "measured of freshness, refused records, dictionary and coordinates. Whether the description keeps the rules of "
            "the standard is a second answer.",
        ),
        answer=QualitySerializer,
        parameters=[SLUG],
        problems=(400, 404),
    )
    def get(self, request: Request, slug: str) -> Response:
        assessment = assess(find_dataset(slug, request.user), public_base(request))
        return Response(QualitySerializer(quality_document(assessment, request)).data)


class QualityTurtleView(ApiView):
    """The same in the W3C's Data Quality Vocabulary."""

    schema = None

    def get(self, request: Request, slug: str) -> HttpResponse:
        found = assess(find_dataset(slug, request.user), public_base(request))
        document = write_dqv(found.entry, found.quality, found.evidence, TURTLE)
        return HttpResponse(document, content_type=TURTLE.content_type)


def quality_document(assessment: Assessment, request: Request) -> dict[str, Any]:
    quality, slug = assessment.quality, assessment.dataset.slug
    return {
        "dataset": slug,
        "assessed_at": assessment.evidence.now,
        "points": quality.points,
        "maximum": quality.maximum,
        "band": labelled(quality.band.code, quality.band.label),
        "distribution": quality.distribution,
        "dimensions": [dimension_document(dimension) for dimension in quality.dimensions],
        "metrics": [metric_document(score, slug, request) for score in quality.scores],
        "measures": [measure_document(measured, slug, request) for measured in quality.measures],
        "conformance": conformance_document(assessment.conformance),
        "links": [link_document(link) for link in assessment.evidence.links.values()],
    }


def labelled(code: str, label: Text) -> dict[str, Any]:
    return {"code": code, "label": label.as_dict()}


def dimension_document(dimension: Dimension) -> dict[str, Any]:
    return labelled(dimension.name, dimension.label) | {"points": dimension.points, "maximum": dimension.maximum}


def metric_document(score: Score, slug: str, request: Request) -> dict[str, Any]:
    metric = score.metric
    return {
        "id": metric.identifier,
        "uri": metric.uri,
        "dimension": metric.dimension,
        "label": metric.label.as_dict(),
        "measures": metric.measures.as_dict(),
        "points": score.earned,
        "maximum": metric.points,
        "text": score.text.as_dict(),
        "field": score.field,
        "mend": score.mend.as_dict() or None,
        "evidence": [evidence_document(reference, slug, request) for reference in score.references],
    }


def measure_document(measured: Measured, slug: str, request: Request) -> dict[str, Any]:
    measure = measured.measure
    return {
        "id": measure.identifier,
        "word": measure.word.as_dict() or None,
        "label": measure.label.as_dict(),
        "measures": measure.measures.as_dict(),
        "share": measured.share,
        "text": measured.text.as_dict(),
        "mend": measured.mend.as_dict() or None,
        "evidence": [evidence_document(reference, slug, request) for reference in measured.references],
    }


def evidence_document(reference: Reference, slug: str, request: Request) -> dict[str, Any]:
    return {
        "source": reference.source.value,
        "target": reference.target,
        "address": evidence_address(reference, slug, request),
    }


def evidence_address(reference: Reference, slug: str, request: Request) -> str:
    """Return where a reference leads to in the API: a field by JSON pointer, an address itself, the list of versions."""
    if reference.source is Source.LINK:
        return reference.target
    if reference.source is Source.SHAPES:
        return absolute(request, f"/standard/{VERSION}/shapes.ttl")
    page, fragment = {
        Source.FIELD: ("dataset", "/" + reference.target.replace(".", "/")),
        Source.SNAPSHOT: ("snapshots", reference.target),
        Source.FINDING: ("snapshots", reference.target),
        Source.SCHEMA: ("schema", ""),
    }[reference.source]
    address = absolute(request, reverse(f"api:{page}", args=[slug]))
    return f"{address}#{fragment}" if fragment else address


def conformance_document(conformance: Conformance) -> dict[str, Any]:
    broken = {problem.rule for problem in (*conformance.problems, *conformance.hints)}
    return {
        "conforms": conformance.passes,
        "rules": [
            {
                "id": rule.identifier,
                "level": rule.level.value,
                "demand": rule.demand.as_dict(),
                "passes": rule.identifier not in broken,
            }
            for rule in conformance.rules_checked
        ],
        "problems": [problem_document(problem) for problem in conformance.problems],
        "hints": [problem_document(problem) for problem in conformance.hints],
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "level": problem.level.value,
        "field": problem.field,
        "text": problem.text.as_dict(),
    }


def link_document(link: Link) -> dict[str, Any]:
    return {
        "url": link.url,
        "state": labelled(link.state.value, LINK_STATES[link.state]),
        "status": link.status,
        "checked_at": link.checked_at,
        "answered_at": link.answered_at,
        "failures": link.failures,
    }
