"""The SHACL shapes take what the hub writes as DCAT, and say in two languages what is wrong with anything else."""

import os
import subprocess
import sys
from functools import cache

import pytest
from descriptions import complete
from pyshacl import validate
from rdflib import SH, Graph, URIRef

from catalog.exchange.dcat import write_dcat
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import TURTLE
from catalog.standard import CLASSES, PREFIXES, PROFILE, Class
from catalog.standard.shacl_shapes import LONG, UNTARGETED, iri, shacl_shapes, shape_of
from catalog.standard.vocabularies import vocabulary

BASE = "https://hub.example"
DATASET = URIRef(f"{BASE}/dataset/parking")


@cache
def shapes() -> Graph:
    return Graph().parse(data=shacl_shapes(), format="turtle")


def written() -> Graph:
    """Return a catalogue with everything in it, as the hub writes it."""
    catalogue = Catalogue(
        BASE,
        complete(Class.CATALOGUE),
        [Entry("parking", str(DATASET), complete())],
        {"hanbit-city": complete(Class.ORGANISATION)},
        {f"series-{number}": complete(Class.SERIES) for number in (1, 2)},
        {"access-service-1": complete(Class.SERVICE)},
    )
    return Graph().parse(data=write_dcat(catalogue, form=TURTLE), format="turtle")


def violations(graph: Graph) -> list[tuple[URIRef, str]]:
    """Return the path and the Korean message of each violation."""
    _conforms, report, _text = validate(graph, shacl_graph=shapes(), inference="none")
    return [
        (report.value(result, SH.resultPath), next(str(text) for text in texts if text.language == "ko"))
        for result in report.subjects(SH.resultSeverity, SH.Violation)
        for texts in [list(report.objects(result, SH.resultMessage))]
    ]


def test_what_the_hub_writes_has_no_violation() -> None:
    assert violations(written()) == []


@pytest.mark.parametrize(
    ("term", "value", "message"),
    [
        ("dct:title", None, "'제목'은(는) 꼭 있어야 합니다. 글은 한국어와 영어로 적습니다."),
        ("dct:publisher", None, "'제공기관'은(는) 꼭 있어야 합니다. 기관은 식별자로 가리킵니다."),
        ("dct:accrualPeriodicity", "monthly", "'갱신 주기': 코드는 코드표에 있는 것입니다."),
        ("dcat:landingPage", "nowhere", "'원문 페이지': 주소(URI)는 절대 주소입니다."),
        ("hub:nextUpdate", "tomorrow", "'차기 갱신 예정일': 날짜는 YYYY-MM-DD로 적습니다."),
    ],
)
def test_what_is_wrong_is_said_at_its_property(term: str, value: str | None, message: str) -> None:
    graph = written()
    graph.remove((DATASET, iri(term), None))
    if value:
        graph.parse(data=f'<{DATASET}> <{iri(term)}> "{value}" .', format="turtle")
    assert set(violations(graph)) == {(iri(term), message)}


def test_an_english_title_alone_is_not_enough() -> None:
    graph = written()
    for title in [title for title in graph.objects(DATASET, iri("dct:title")) if title.language == "ko"]:
        graph.remove((DATASET, iri("dct:title"), title))
    assert [path for path, _message in violations(graph)] == [iri("dct:title")]


@pytest.mark.parametrize("class_", list(Class))
def test_every_field_of_a_class_is_in_its_shape(class_: Class) -> None:
    shape = shape_of(class_)
    targets = set(shapes().objects(shape, SH.targetClass))
    assert targets == (set() if class_ in UNTARGETED else {iri(CLASSES[class_].term)})
    told = {
        str(name) for own in shapes().objects(shape, SH.property) for name in shapes().objects(own, iri("hub:field"))
    }
    assert told == {field.name for field in PROFILE[class_]}
    for own in shapes().objects(shape, SH.property):
        for predicate in (SH.name, SH.description, SH.message):
            assert {text.language for text in shapes().objects(own, predicate)} == {"ko", "en"}


def test_every_prefix_of_a_term_is_declared() -> None:
    terms = [row.term for row in CLASSES.values()] + [field.term for fields in PROFILE.values() for field in fields]
    assert {term.partition(":")[0] for term in terms} <= set(PREFIXES)


def test_long_lists_are_lists_that_there_are() -> None:
    assert all(len(vocabulary(name)) > 50 for name in LONG)


def test_every_process_writes_the_same_document() -> None:
    """Another process orders its sets otherwise; an ETag must not."""
    code = "from catalog.standard.shacl_shapes import shacl_shapes; print(shacl_shapes(), end='')"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {shacl_shapes().encode()}
