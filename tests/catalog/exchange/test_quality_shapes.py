"""What the score takes for DCAT-AP is what the shapes of DCAT-AP say, on descriptions that lack one thing or another."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from descriptions import complete
from rdflib import Graph

from catalog.exchange.dcat import write_dcat
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import TURTLE
from catalog.standard import Class
from catalog.standard.evidence import Evidence
from catalog.standard.metrics import missing_for_dcat_ap
from catalog.standard.quality import score

SHAPES = Path(__file__).parents[4] / "shared" / "conformance" / "shacl" / "dcat-ap-3.0.1" / "shapes.ttl"
pytestmark = pytest.mark.skipif(not SHAPES.exists(), reason="the shapes of DCAT-AP are not here (../shared)")

HUB = "https://hub.example"
PLAIN: dict[str, Any] = {
    "title": {"ko": "대기질"},
    "description": {"ko": "측정소별 농도"},
    "organisation": "hanbit-city",
    "theme": "environment",
    "licence": "kogl-1",
    "access_level": "public",
}
FILE = {"access_url": "https://files.hanbit.example/air"}


@cache
def shapes() -> Graph:
    return Graph().parse(SHAPES)


def without(description: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in description.items() if name not in names}


@pytest.mark.parametrize(
    "description",
    [
        PLAIN,
        complete(),
        PLAIN | {"distributions": [FILE]},
        without(PLAIN, "title"),
        without(PLAIN, "description"),
        without(PLAIN, "organisation"),
        without(PLAIN, "theme", "licence", "access_level"),
        PLAIN | {"distributions": [{"title": {"ko": "파일"}, "format": "CSV"}]},
        PLAIN | {"distributions": [FILE, {"download_url": "https://files.hanbit.example/air.csv"}]},
        without(complete(), "title", "description"),
    ],
    ids=lambda description: ", ".join(missing_for_dcat_ap(description)) or "nothing missing",
)
def test_the_score_agrees_with_the_shapes(description: dict[str, Any]) -> None:
    catalogue = Catalogue(
        HUB,
        datasets=[Entry("air", f"{HUB}/dataset/air", without(description, "series"))],
        organisations={"hanbit-city": complete(Class.ORGANISATION)},
        services={"access-service-1": complete(Class.SERVICE) | {"serves": ["air"]}},
    )
    graph = Graph().parse(data=write_dcat(catalogue, TURTLE), format="turtle")
    conforms, _, _ = pyshacl.validate(graph, shacl_graph=shapes(), allow_warnings=True)
    assert (missing_for_dcat_ap(description) == ()) is conforms
    quality = score(description, Evidence(now=dt.datetime(2026, 11, 22, tzinfo=dt.UTC)))
    [compliance] = [one for one in quality.scores if one.metric.identifier == "dcatApCompliance"]
    assert bool(compliance.earned) is conforms
