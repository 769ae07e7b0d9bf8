"""The page that says how good a dataset is: point by point, what was seen, where to check it and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Dataset
from catalog.portal.dataset_page import GOOD_BANDS
from catalog.portal.spoken import Spoken, say
from catalog.quality import Assessment
from catalog.standard import VERSION, Level
from catalog.standard.conformance import Problem
from catalog.standard.evidence import Reference, Source
from catalog.standard.links import LINK_STATES, Link
from catalog.standard.measures import Measured
from catalog.standard.place_names import name_place
from catalog.standard.quality import Dimension, Score
from catalog.text import Text


@dataclass(frozen=True)
class Proof:
    """Where something can be checked: words and an address."""

    words: str
    address: str
    is_elsewhere: bool = False


@dataclass(frozen=True)
class MetricRow:
    identifier: str
    label: Spoken
    measures: Spoken
    earned: int
    points: int
    text: Spoken
    place: str
    mend: Spoken
    proofs: Sequence[Proof]


@dataclass(frozen=True)
class DimensionRows:
    name: str
    label: Spoken
    points: int
    maximum: int
    metrics: Sequence[MetricRow]


@dataclass(frozen=True)
class MeasureRow:
    word: str
    label: Spoken
    measures: Spoken
    share: float | None
    percent: str
    text: Spoken
    mend: Spoken
    proofs: Sequence[Proof]


@dataclass(frozen=True)
class RuleRow:
    rule: str
    place: str
    text: Spoken


@dataclass(frozen=True)
class LinkRow:
    link: Link
    state: Spoken
    is_good: bool


@dataclass(frozen=True)
class QualityPage:
    dataset: Dataset
    title: Spoken
    points: int
    maximum: int
    band: Spoken
    is_good: bool
    lost: Sequence[MetricRow]
    counted: Spoken
    dimensions: Sequence[DimensionRows]
    measures: Sequence[MeasureRow]
    conforms: bool
    problems: Sequence[RuleRow]
    hints: Sequence[RuleRow]
    rule_count: int
    links: Sequence[LinkRow]


def quality_page(assessment: Assessment) -> QualityPage:
    dataset, quality, answer = assessment.dataset, assessment.quality, assessment.conformance
    return QualityPage(
        dataset=dataset,
        title=say(dataset.title),
        points=quality.points,
        maximum=quality.maximum,
        band=say(quality.band.label),
        is_good=quality.band.code in GOOD_BANDS,
        lost=[metric_row(score, dataset.slug) for score in quality.lost],
        counted=counted_distribution(assessment),
        dimensions=[dimension_rows(dimension, dataset.slug) for dimension in quality.dimensions],
        measures=[measure_row(measured, dataset.slug) for measured in quality.measures],
        conforms=answer.passes,
        problems=[rule_row(problem) for problem in answer.problems],
        hints=[rule_row(problem) for problem in answer.hints],
        rule_count=sum(rule.level is not Level.HINT for rule in answer.rules_checked),
        links=[link_row(link) for link in assessment.evidence.links.values()],
    )


def counted_distribution(assessment: Assessment) -> Spoken:
    """Return the name of the distribution that counts, where there are several."""
    number, parts = assessment.quality.distribution, assessment.entry.description.get("distributions", ())
    if number is None or len(parts) < 2:
        return say(Text())
    return say(Text.from_value(parts[number].get("title")) or name_place(f"distributions.{number}"))


def dimension_rows(dimension: Dimension, slug: str) -> DimensionRows:
    return DimensionRows(
        name=dimension.name,
        label=say(dimension.label),
        points=dimension.points,
        maximum=dimension.maximum,
        metrics=[metric_row(score, slug) for score in dimension.scores],
    )


def metric_row(score: Score, slug: str) -> MetricRow:
    return MetricRow(
        identifier=score.metric.identifier,
        label=say(score.metric.label),
        measures=say(score.metric.measures),
        earned=score.earned,
        points=score.metric.points,
        text=say(score.text),
        place=say(name_place(score.field)).text,
        mend=say(score.mend),
        proofs=proofs(score.references, slug),
    )


def measure_row(measured: Measured, slug: str) -> MeasureRow:
    return MeasureRow(
        word=say(measured.measure.word).text,
        label=say(measured.measure.label),
        measures=say(measured.measure.measures),
        share=measured.share,
        percent="–" if measured.share is None else f"{int(measured.share * 1000) / 10:g}%",
        text=say(measured.text),
        mend=say(measured.mend),
        proofs=proofs(measured.references, slug),
    )


def rule_row(problem: Problem) -> RuleRow:
    return RuleRow(problem.rule, say(name_place(problem.field)).text, say(problem.text))


def link_row(link: Link) -> LinkRow:
    return LinkRow(link, say(LINK_STATES[link.state]), link.counts)


def proofs(references: Sequence[Reference], slug: str) -> list[Proof]:
    """Return where to check a judgement, each address once."""
    found = {proof.address: proof for proof in (proof_of(reference, slug) for reference in references)}
    return list(found.values())


def proof_of(reference: Reference, slug: str) -> Proof:
    page = reverse("portal:dataset", args=[slug])
    if reference.source is Source.LINK:
        return Proof(reference.target, reference.target, is_elsewhere=True)
    if reference.source is Source.SHAPES:
        return Proof(_("The shapes"), f"/standard/{VERSION}/shapes.ttl")
    if reference.source is Source.SCHEMA:
        return Proof(_("The columns"), f"{page}#columns")
    if reference.source is Source.SNAPSHOT:
        return Proof(_("Snapshot %(digest)s") % {"digest": reference.target[:12]}, f"{page}#versions")
    if reference.source is Source.FINDING:
        return Proof(_("What the checks found"), f"{page}#versions")
    return Proof(_("The description"), f"{page}#facts")
