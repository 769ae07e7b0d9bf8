"""What we write passes the shapes of others: DCAT-AP 3.0.1, 2.1.1 (the one that MQA asks) and HVD 3.0.0.

A shape's own severity counts: a warning is no violation, and neither is what it rests on. Shapes that no catalogue can pass,
or only by telling falsehoods, are named with their reason.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pyshacl
import pytest
import rdflib
from descriptions import COMPLETE, complete
from rdflib import RDF, SH, Graph

from catalog.exchange.dcat import Paging, write_dcat
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import TURTLE
from catalog.standard import Class

SHAPES = Path(__file__).parents[4] / "shared" / "conformance" / "shacl"
pytestmark = pytest.mark.skipif(not SHAPES.exists(), reason="the shapes of DCAT-AP are not here (../shared)")
BASE = "https://hub.example"
AIR = f"{BASE}/dataset/air"
HVD_LAW = "http://data.europa.eu/eli/reg_impl/2023/138/oj"

MINIMAL = {
    "title": {"ko": "대기질"},
    "description": {"ko": "측정소별 농도"},
    "organisation": "hanbit-city",
    "theme": "environment",
    "licence": "kogl-1",
    "access_level": "public",
}
ORGANISATIONS = {"hanbit-city": complete(Class.ORGANISATION)}
FULL = complete() | {"series": ["series-1"]}
CATALOGUES: Mapping[str, Catalogue] = {
    "minimal": Catalogue(BASE, datasets=[Entry("air", AIR, MINIMAL)]),
    "complete": Catalogue(
        BASE,
        datasets=[Entry("air", AIR, FULL)],
        organisations=ORGANISATIONS,
        series={"series-1": complete(Class.SERIES)},
        services={"access-service-1": complete(Class.SERVICE) | {"serves": ["air"]}},
    ),
    "page": Catalogue(
        BASE,
        description=complete(Class.CATALOGUE) | {"theme_taxonomies": ["http://publications.europa.eu/resource/authority/data-theme"]},
        datasets=[
            Entry("air", AIR, FULL),
            Entry("parking", f"{BASE}/dataset/parking", COMPLETE),
            *(Entry(f"d{number}", f"{BASE}/dataset/d{number}", MINIMAL) for number in range(20)),
        ],
        organisations=ORGANISATIONS,
        series={"series-1": complete(Class.SERIES)},
        services={"access-service-1": complete(Class.SERVICE) | {"serves": ["air"]}},
    ),
}  # fmt: skip
PAGING = Paging(f"{BASE}/catalog.ttl?page=1", f"{BASE}/catalog.ttl?page=1", "", "", f"{BASE}/catalog.ttl?page=1", 22)

OURS = "it would make a dataset, catalogue or distribution of somebody else's one of ours"
# Constraints of the modules for ranges and vocabularies that stay unmet, by the path that they are about.
UNMET: Mapping[str, str] = {
    "dct:source": OURS,
    "dcat:catalog": OURS,
    "dct:hasPart": OURS,
    "dct:relation": OURS,
    "adms:sample": OURS,
    "spdx:algorithm": "the module wants https://spdx.org; the namespace of SPDX is http://spdx.org",
}
UNMET_IN_THE_OLDER = UNMET | {"adms:status": "2.1.1 wants ADMS' own list, which 3.0.1 refuses"}
MODULES = (
    ("3.0.1", "dcat-ap-3.0.1/shapes.ttl", {}),
    ("3.0.1", "dcat-ap-3.0.1/range.ttl", UNMET),
    ("3.0.1", "dcat-ap-3.0.1/mdr-vocabularies.shape.ttl", UNMET),
    ("3.0.1", "dcat-ap-3.0.1/shapes_recommended.ttl", {}),
    ("2.1.1", "dcat-ap-2.1.1/dcat-ap_2.1.1_shacl_shapes.ttl", {}),
    ("2.1.1", "dcat-ap-2.1.1/dcat-ap_2.1.1_shacl_range.ttl", UNMET_IN_THE_OLDER),
    ("2.1.1", "dcat-ap-2.1.1/dcat-ap_2.1.1_shacl_mdr-vocabularies.shape.ttl", UNMET_IN_THE_OLDER),
    ("2.1.1", "dcat-ap-2.1.1/dcat-ap_2.1.1_shacl_shapes_recommended.ttl", {}),
    ("2.1.1", "dcat-ap-2.1.1/dcat-ap_2.1.1_shacl_deprecateduris.ttl", {}),
)


@cache
def shapes(name: str) -> Graph:
    return Graph().parse(SHAPES / name)


def violations(
    catalogue: Catalogue, module: str, *, profile: str, paging: Paging | None = None, infer: bool = False
) -> list[str]:
    document = write_dcat(catalogue, TURTLE, paging=paging, profile=profile)
    graph = Graph().parse(data=document, format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes(module), inference="rdfs" if infer else "none")
    names = rdflib.Graph().namespace_manager
    for prefix, uri in (
        ("dct", "http://purl.org/dc/terms/"),
        ("adms", "http://www.w3.org/ns/adms#"),
        ("spdx", "http://spdx.org/rdf/terms#"),
    ):
        names.bind(prefix, uri, replace=True)
    [whole] = report.subjects(RDF.type, SH.ValidationReport)
    return [
        f"{names.normalizeUri(report.value(result, SH.resultPath))} of {report.value(result, SH.focusNode)}"
        for result in report.objects(whole, SH.result)
        if report.value(result, SH.resultSeverity) == SH.Violation and report.value(result, SH.resultPath) is not None
    ]


@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize(
    ("profile", "module", "unmet"), MODULES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_we_write_has_no_violation(name: str, profile: str, module: str, unmet: Mapping[str, str]) -> None:
    found = violations(CATALOGUES[name], module, profile=profile, paging=PAGING if name == "page" else None)
    assert [violation for violation in found if violation.split(" ")[0] not in unmet] == []


def test_a_high_value_dataset_passes_the_shapes_for_them() -> None:
    part = {"access_url": "https://hanbit.example/air.csv", "licence": "cc-by-4.0", "applicable_legislation": [HVD_LAW]}
    described = MINIMAL | {
        "hvd_categories": ["mobility"],
        "applicable_legislation": [HVD_LAW],
        "contact_point": complete(Class.CONTACT),
        "distributions": [part],
    }
    catalogue = Catalogue(BASE, datasets=[Entry("air", AIR, described)], organisations=ORGANISATIONS)
    assert violations(catalogue, "dcat-ap-hvd-3.0.0/hvd-SHACL.ttl", profile="3.0.1", infer=True) == []


def test_the_shapes_do_see_what_is_wrong() -> None:
    nameless = Catalogue(BASE, datasets=[Entry("air", AIR, {"theme": "environment"})])
    assert violations(nameless, "dcat-ap-3.0.1/shapes.ttl", profile="3.0.1")
