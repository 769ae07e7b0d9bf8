"""How good is a description? The EU's metadata quality assessment, metric by metric, each with its evidence and its mend.

The metrics are rows of ``catalog/standard/metrics.py``; what is measured beyond them, beside the points and never mixed into
them, is in ``catalog/standard/measures.py``. Whether a description is *right* is ``catalog/standard/conformance.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.standard.evidence import Evidence, Reference
from catalog.standard.measures import Measured, measure_all
from catalog.standard.metrics import DIMENSIONS, METRICS, NO_DISTRIBUTION, OWN_PART, Metric, Outcome, Scope, Subject
from catalog.standard.vocabularies import Concept, vocabulary
from catalog.text import Text

Description = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """The points of one metric. ``field`` is the place to fill (``distributions.0.format``), ``mend`` empty when earned."""

    metric: Metric
    earned: int
    text: Text
    references: tuple[Reference, ...]
    field: str
    mend: Text

    @property
    def lost(self) -> int:
        return self.metric.points - self.earned


@dataclass(frozen=True)
class Quality:
    """The assessment of a description; ``distribution`` is the number of the one that scored best, None without any."""

    scores: tuple[Score, ...]
    measures: tuple[Measured, ...]
    distribution: int | None

    @property
    def points(self) -> int:
        return sum(score.earned for score in self.scores)

    @property
    def maximum(self) -> int:
        return sum(score.metric.points for score in self.scores)

    @property
    def band(self) -> Concept:
        return band_of(self.points)

    @property
    def lost(self) -> tuple[Score, ...]:
        """What points were lost on, the greatest loss first."""
        return tuple(sorted((score for score in self.scores if score.lost), key=lambda score: -score.lost))

    def of_dimension(self, dimension: str) -> tuple[Score, ...]:
        return tuple(score for score in self.scores if score.metric.dimension == dimension)

    @property
    def dimensions(self) -> tuple["Dimension", ...]:
        return tuple(Dimension(name, label, self.of_dimension(name)) for name, label in DIMENSIONS.items())


@dataclass(frozen=True)
class Dimension:
    """The scores of one dimension together."""

    name: str
    label: Text
    scores: tuple[Score, ...]

    @property
    def points(self) -> int:
        return sum(score.earned for score in self.scores)

    @property
    def maximum(self) -> int:
        return sum(score.metric.points for score in self.scores)


def score(description: Description, evidence: Evidence) -> Quality:
    """Assess a description. Of several distributions the one with the most points counts, the first among equals."""
    distributions: Sequence[Description] = description.get("distributions", ())
    whole = score_subject(Subject(description, evidence), "dataset")
    parts = [
        score_subject(Subject(description, evidence, distribution, number), "distribution")
        for number, distribution in enumerate(distributions)
    ]
    best = max(range(len(parts)), key=lambda number: sum(one.earned for one in parts[number].values()), default=None)
    part = score_subject(Subject(description, evidence), "distribution") if best is None else parts[best]
    found = whole | part
    return Quality(
        scores=tuple(found[metric.identifier] for metric in METRICS),
        measures=measure_all(description, evidence),
        distribution=best,
    )


def score_subject(subject: Subject, scope: Scope) -> dict[str, Score]:
    """Return the scores of all metrics of a scope, by identifier."""
    has_subject = scope == "dataset" or subject.distribution is not None
    return {
        metric.identifier: score_metric(metric, subject, metric.check(subject) if has_subject else NO_DISTRIBUTION)
        for metric in METRICS
        if metric.scope == scope
    }


def score_metric(metric: Metric, subject: Subject, outcome: Outcome) -> Score:
    own_licence = subject.part("licence") or ""
    is_shared = metric.scope == "dataset" or (
        metric.field == "licence" and own_licence in ("", subject.value("licence"))
    )
    mend = OWN_PART if subject.is_own and not is_shared else outcome.mend or metric.mend
    return Score(
        metric=metric,
        earned=metric.points if outcome.is_met else 0,
        text=outcome.text,
        references=outcome.references,
        field=metric.field if is_shared else subject.place(metric.field),
        mend=Text() if outcome.is_met else mend,
    )


def band_of(points: int) -> Concept:
    """Return the band that a number of points lies in."""
    bands = vocabulary("quality_band").values()
    return next(band for band in bands if points >= int(band.mappings["min"]))
