"""The quality of a dataset in the W3C's Data Quality Vocabulary, by the metrics of the EU's assessment and those of ours.

Each point is a measurement of the dataset or of the distribution that counted: true or false, and the status of an address as
a number. What we measure beyond the EU's metrics is told with the definition of the metric, since nobody else has it.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple
from rdflib import RDF, Graph, URIRef
from rdflib.namespace import Namespace

from catalog.exchange.dcat.kinds import part_uris
from catalog.exchange.dcat.names import NAMES
from catalog.exchange.entry import Entry
from catalog.exchange.rdf import Form, iri, write_rdf
from catalog.standard import FIELD, NAMESPACE
from catalog.standard.evidence import Evidence
from catalog.standard.measures import Measured
from catalog.standard.metrics import PIVEAU
from catalog.standard.quality import Quality, Score
from catalog.text import Text

DQV = Namespace("http://www.w3.org/ns/dqv#")
PREFIXES: Mapping[str, str] = {**NAMES, "dqv": str(DQV), "pv": PIVEAU}
SCORE = f"{PIVEAU}score"
STATUS_METRICS: Mapping[str, str] = {"accessUrlStatusCode": "access_url", "downloadUrlStatusCode": "download_url"}
OK = 200


@dataclass(frozen=True)
class Measurement:
    """A value that a metric has of something."""

    of: str
    metric: str
    value: bool | int | float


def write_dqv(entry: Entry, quality: Quality, evidence: Evidence, form: Form) -> bytes:
    """Write the quality of a dataset as a document."""
    return write_rdf(to_dqv(entry, quality, evidence), form, PREFIXES)


def to_dqv(entry: Entry, quality: Quality, evidence: Evidence) -> Iterator[Triple]:
    """Tell the quality of a dataset: what was measured, of what, when, and by which metric."""
    document = node(f"{entry.uri}/quality")
    yield Triple(document, node(RDF.type), node(DQV.QualityMetadata))
    yield Triple(document, named("prov:generatedAtTime"), moment(evidence.now))
    for number, measurement in enumerate(measurements(entry, quality, evidence), 1):
        about, one = node(measurement.of), node(f"{entry.uri}/quality#measurement-{number}")
        yield Triple(about, node(DQV.hasQualityMeasurement), one)
        yield Triple(one, node(RDF.type), node(DQV.QualityMeasurement))
        yield Triple(one, node(DQV.computedOn), about)
        yield Triple(one, node(DQV.isMeasurementOf), node(measurement.metric))
        yield Triple(one, node(DQV.value), literal(measurement.value))
    for measured in quality.measures:
        yield from tell_metric(measured)


def from_dqv(graph: Graph) -> list[Measurement]:
    """Read the measurements of a graph, whoever made them; ``computeOn`` is how piveau writes it."""
    found = []
    for one in graph.subjects(RDF.type, DQV.QualityMeasurement):
        about = next(
            (graph.value(one, term) for term in (DQV.computedOn, DQV.computeOn) if (one, term, None) in graph), None
        )
        about = about or graph.value(None, DQV.hasQualityMeasurement, one)
        metric, value = graph.value(one, DQV.isMeasurementOf), graph.value(one, DQV.value)
        if isinstance(about, URIRef) and isinstance(metric, URIRef) and value is not None:
            python = value.toPython()
            found.append(
                Measurement(str(about), str(metric), python if isinstance(python, (bool, int)) else float(python))
            )
    return sorted(found, key=lambda one: (one.of, one.metric))


def measurements(entry: Entry, quality: Quality, evidence: Evidence) -> Iterator[Measurement]:
    """Yield what there is to tell: one measurement for each metric of the EU's (two of our rows may share one)."""
    parts = list(entry.description.get("distributions", ()))
    part = part_uris(entry.uri, FIELD["distributions"], parts)[quality.distribution] if parts else ""
    by_metric: dict[str, list[Score]] = {}
    for score in quality.scores:
        by_metric.setdefault(score.metric.uri, []).append(score)
    for metric, scores in by_metric.items():
        of = entry.uri if scores[0].metric.scope == "dataset" else part
        value = measured_value(scores, quality, entry, evidence)
        if of and value is not None:
            yield Measurement(of, metric, value)
    yield Measurement(entry.uri, SCORE, quality.points)
    for measured in quality.measures:
        if measured.share is not None:
            yield Measurement(entry.uri, own_metric(measured), round(measured.share, 6))


def measured_value(scores: list[Score], quality: Quality, entry: Entry, evidence: Evidence) -> bool | int | None:
    """Return a metric's value; of an address its status, None where it was never tried or never answered."""
    field = STATUS_METRICS.get(scores[0].metric.identifier)
    if field is None:
        return all(score.earned for score in scores)
    if quality.distribution is None:
        return None
    url = entry.description["distributions"][quality.distribution].get(field)
    if url in evidence.own:
        return OK
    return evidence.links[url].status if url in evidence.links else None


def tell_metric(measured: Measured) -> Iterator[Triple]:
    """Tell a metric of ours: its name, and what it measures."""
    metric = node(own_metric(measured))
    yield Triple(metric, node(RDF.type), node(DQV.Metric))
    yield Triple(metric, node(DQV.expectedDataType), named("xsd:decimal"))
    yield from speak(metric, "skos:prefLabel", measured.measure.label)
    yield from speak(metric, "skos:definition", measured.measure.measures)


def own_metric(measured: Measured) -> str:
    return f"{NAMESPACE}quality-{measured.measure.identifier}"


def speak(about: NamedNode, term: str, text: Text) -> Iterator[Triple]:
    for language, words in text.as_dict().items():
        yield Triple(about, named(term), Literal(words, language=language))


def node(address: str) -> NamedNode:
    return iri(str(address)) or NamedNode(f"urn:x-dataset:{str(address).encode().hex()}")


def named(short: str) -> NamedNode:
    prefix, _, name = short.partition(":")
    return NamedNode(NAMES[prefix] + name)


def moment(at: dt.datetime) -> Literal:
    return Literal(at.isoformat(), datatype=named("xsd:dateTime"))


def literal(value: bool | int | float) -> Literal:
    if isinstance(value, bool):
        return Literal(str(value).lower(), datatype=named("xsd:boolean"))
    if isinstance(value, int):
        return Literal(str(value), datatype=named("xsd:integer"))
    return Literal(f"{value:f}", datatype=named("xsd:decimal"))
