"""Quality in the W3C's vocabulary: what is told comes back, and what others measured is read."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from descriptions import complete
from rdflib import RDF, Graph, URIRef

from catalog.exchange.dqv import DQV, SCORE, STATUS_METRICS, from_dqv, write_dqv
from catalog.exchange.entry import Entry
from catalog.exchange.rdf import FORMS, JSON_LD, TURTLE, Form, parse_rdf
from catalog.standard.evidence import Evidence, Publication
from catalog.standard.links import Answer, judge
from catalog.standard.metrics import METRICS, PIVEAU
from catalog.standard.profile import NAMESPACE
from catalog.standard.quality import score

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
URI = "https://hub.example/dataset/air"
PIVEAU_EXAMPLE = Path(__file__).parents[4] / "shared" / "conformance" / "rdf" / "misc" / "piveau-example_metric.ttl"


def tell(form: Form = TURTLE, **changes: Any) -> dict[tuple[str, str], object]:
    """Assess the complete description, write it as DQV, and read that."""
    description = complete() | changes
    evidence = Evidence(
        now=NOW,
        links={url: judge(url, None, Answer(404), NOW) for url in addresses(description, "download_url")},
        own=frozenset(addresses(description, "access_url")),
        publications=(Publication("abc", NOW, NOW),),
        records=9,
        refused=1,
    )
    document = write_dqv(Entry("air", URI, description), score(description, evidence), evidence, form)
    return {(one.of, one.metric): one.value for one in from_dqv(parse_rdf(document, form))}


def addresses(description: dict[str, Any], name: str) -> list[str]:
    return [part[name] for part in description["distributions"]]


@pytest.mark.parametrize("form", [form for form in FORMS if form.writer or form is JSON_LD], ids=lambda form: form.name)
def test_every_measurement_comes_back(form: Form) -> None:
    told = tell(form)
    part = next(of for of, metric in told if metric.endswith("byteSizeAvailability"))
    assert part.startswith(f"{URI}#distribution")
    assert {metric for _, metric in told if metric.startswith(PIVEAU)} == {SCORE, *(one.uri for one in METRICS)}
    assert told[URI, f"{PIVEAU}keywordAvailability"] is True
    assert told[part, f"{PIVEAU}accessUrlStatusCode"] == 200
    assert told[part, f"{PIVEAU}downloadUrlStatusCode"] == 404
    assert told[URI, f"{NAMESPACE}quality-accepted"] == 0.9


def test_measurements_of_distributions_need_one() -> None:
    told = tell(distributions=[])
    assert {of for of, _ in told} == {URI}
    assert not {metric for _, metric in told} & {PIVEAU + name for name in STATUS_METRICS}


def test_our_own_metrics_are_defined_where_they_are_used() -> None:
    description = complete()
    evidence = Evidence(now=NOW)
    document = write_dqv(Entry("air", URI, description), score(description, evidence), evidence, TURTLE)
    graph = Graph().parse(data=document, format="turtle")
    used = {node for node in graph.objects(None, DQV.isMeasurementOf) if str(node).startswith(NAMESPACE)}
    assert used <= set(graph.subjects(RDF.type, DQV.Metric))
    assert (URIRef(f"{URI}/quality"), RDF.type, DQV.QualityMetadata) in graph


@pytest.mark.skipif(not PIVEAU_EXAMPLE.exists(), reason="piveau's example is not here (../shared)")
def test_the_measurements_of_others_are_read() -> None:
    """Piveau's own example: eight measurements each of a dataset and of its distribution."""
    graph = Graph()
    dataset = "https://europeandataportal.eu/set/data/sampleDataset"
    text = PIVEAU_EXAMPLE.read_bytes()
    graph = parse_rdf(text, next(form for form in FORMS if form.name == "trig"), name=PIVEAU_EXAMPLE.name)
    found = {(one.of, one.metric.removeprefix(PIVEAU)): one.value for one in from_dqv(graph)}
    assert len(found) == 16
    assert found[dataset, "keywordAvailability"] is True
    assert found[dataset, "temporalAvailability"] is False
    assert found[dataset.replace("data/sampleDataset", "distribution/sampleDistribution"), "rightsAvailability"] is True
