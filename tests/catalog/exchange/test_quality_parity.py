"""The points we give are those that anybody counts over the same graphs: on every dataset of the RDF files by others.

The counting here knows neither the profile nor the table of metrics: it looks for triples, as the EU's assessment does, and
for values in the lists that lie with the conformance material. Only whether addresses answer is left out.
"""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from rdflib import Graph, Namespace, URIRef
from rdflib.term import Node
from test_dcat_of_others import READABLE, graph_of

from catalog.exchange.dcat import from_dcat, to_dcat
from catalog.exchange.dcat.names import NAMES
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.rdf import N_TRIPLES, iri, write_rdf
from catalog.standard.evidence import Evidence
from catalog.standard.quality import Quality, score

CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
pytestmark = pytest.mark.skipif(not CONFORMANCE.exists(), reason="the RDF files of others are not here (../shared)")

DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCT = Namespace("http://purl.org/dc/terms/")
FILE_TYPE = "http://publications.europa.eu/resource/authority/file-type/"
MEDIA_TYPE = "www.iana.org/assignments/media-types/"
UNKNOWN = "http://purl.org/adms/licencetype/UnknownIPR"
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
HUB = "https://hub.example"

# Licences that the EU's list knows by another address than the one that their authors give them.
OTHER_ADDRESSES: Mapping[str, str] = {
    "opendatacommons.org/licenses/odbl/1-0": "opendatacommons.org/licenses/odbl/1.0",
    "opendatacommons.org/licenses/by/1-0": "opendatacommons.org/licenses/by/1.0",
    "opendatacommons.org/licenses/pddl/1-0": "opendatacommons.org/licenses/pddl/1.0",
    "apache.org/licenses/LICENSE-2.0": "opensource.org/licenses/Apache-2.0",
    "gnu.org/licenses/gpl-3.0.html": "opensource.org/licenses/GPL-3.0",
}
# The file types behind media types, by IANA's register; the EU's definition asks of either, its lists name file types only.
TYPE_OF: Mapping[str, str] = {
    "text/csv": "CSV",
    "text/html": "HTML",
    "text/plain": "TXT",
    "text/turtle": "RDF_TURTLE",
    "text/calendar": "ICS",
    "text/tab-separated-values": "TSV",
    "text/xml": "XML",
    "application/xml": "XML",
    "application/json": "JSON",
    "application/geo+json": "GEOJSON",
    "application/ld+json": "JSON_LD",
    "application/rdf+xml": "RDF_XML",
    "application/n-triples": "RDF_N_TRIPLES",
    "application/n-quads": "RDF_N_QUADS",
    "application/trig": "RDF_TRIG",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/gzip": "GZIP",
    "application/vnd.google-earth.kml+xml": "KML",
    "application/vnd.google-earth.kmz": "KMZ",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.ms-excel": "XLS",
    "application/netcdf": "NETCDF",
    "image/tiff": "TIFF",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/bmp": "BMP",
    "application/rtf": "RTF",
    "text/rtf": "RTF",
}
# Licences that the EU lists and our vocabulary does not have; the reader keeps their address.
NOT_OURS = frozenset({"creativecommons.org/licenses/by-nc/2.0"})


def test_every_dataset_scores_what_is_counted_in_the_graph_that_we_write() -> None:
    compared = 0
    for row in READABLE:
        catalogue = replace(from_dcat(graph_of(row["file"])), base=HUB)
        entries = list(catalogue.datasets)
        graph = graph_as_written(replace(catalogue, datasets=entries))
        for entry in entries:
            quality = score(entry.description, Evidence(now=NOW))
            if entry.uri and iri(entry.uri) is None:
                continue  # two whose address is none: what is written of them stands under made-up names
            counted = count_points(graph, subject_of(catalogue, entry))
            assert quality.points == counted, (row["file"], entry.uri)
            compared += 1
    assert compared == 1_134


def test_what_the_publishers_wrote_scores_what_is_counted_in_their_own_graph() -> None:
    """What a reader had to assume earns nothing; the rest is what the graph says, but for a few odd ones, each known."""
    differences: Counter[str] = Counter()
    compared = 0
    for row in READABLE:
        graph = graph_of(row["file"])
        for entry in from_dcat(graph).datasets:
            subject = URIRef(entry.uri)
            if (subject, None, None) not in graph:
                continue  # a blank node: its triples cannot be asked for by name
            stated = {name: any(graph.objects(subject, term)) for name, term in STATED.items()}
            assumed = frozenset(name for name in ASSUMED if not stated[name])
            quality = score(entry.description, Evidence(now=NOW, assumed=assumed))
            for name, term_stated in stated.items():
                compared += 1
                if bool(earned(quality, METRIC[name])) != term_stated:
                    differences[name] += 1
    assert compared > 6_000
    assert differences == ODD


STATED: Mapping[str, Node] = {
    "keywords": DCAT.keyword,
    "theme": DCAT.theme,
    "temporal": DCT.temporal,
    "access_level": DCT.accessRights,
    "contact_point": DCAT.contactPoint,
    "organisation": DCT.publisher,
}
METRIC: Mapping[str, str] = {
    "keywords": "keywordAvailability",
    "theme": "categoryAvailability",
    "temporal": "temporalAvailability",
    "access_level": "accessRightsAvailability",
    "contact_point": "contactPointAvailability",
    "organisation": "publisherAvailability",
}
ASSUMED = ("theme", "access_level")
# Where a graph names something and says nothing that a reader could keep; the reader tells each as a finding.
ODD: Mapping[str, int] = {
    "contact_point": 10,  # persons' pages and nodes without a name (W3C's examples, konv01)
    "organisation": 8,  # an empty node as publisher (SEMIC's HVD examples)
    "temporal": 7,  # geological eras, a period in one string (W3C), an empty node (udata)
}


def earned(quality: Quality, identifier: str) -> int:
    return next(one.earned for one in quality.scores if one.metric.identifier == identifier)


def graph_as_written(catalogue: Catalogue) -> Graph:
    return Graph().parse(data=write_rdf(to_dcat(catalogue), N_TRIPLES, NAMES), format="nt")


def subject_of(catalogue: Catalogue, entry: Entry) -> URIRef:
    uri = entry.uri or catalogue.dataset_uri(entry.slug)
    node = iri(uri)
    return URIRef(node.value if node else f"urn:x-dataset:{uri.encode().hex()}")


def count_points(graph: Graph, dataset: URIRef) -> int:
    """Count as the EU does: the dataset's own points and those of its best distribution; no address is tried."""
    distributions = list(graph.objects(dataset, DCAT.distribution))
    points = sum(worth for worth, term in WHOLE if any(graph.objects(dataset, term)))
    points += 5 * any(str(right) in access_rights() for right in graph.objects(dataset, DCT.accessRights))
    is_whole = all(any(graph.objects(dataset, term)) for term in (DCT["title"], DCT.description))
    points += 30 * (is_whole and all(any(graph.objects(part, DCAT.accessURL)) for part in distributions))
    return points + max((count_part(graph, part) for part in distributions), default=0)


WHOLE: tuple[tuple[int, Node], ...] = (
    (30, DCAT.keyword),
    (30, DCAT.theme),
    (20, DCT.spatial),
    (20, DCT.temporal),
    (10, DCT.accessRights),
    (20, DCAT.contactPoint),
    (10, DCT.publisher),
)
PART: tuple[tuple[int, Node], ...] = (
    (20, DCAT.downloadURL),
    (20, DCT["format"]),
    (10, DCAT.mediaType),
    (5, DCT.rights),
    (5, DCAT.byteSize),
    (5, DCT.issued),
    (5, DCT.modified),
)


def count_part(graph: Graph, part: Node) -> int:
    points = sum(worth for worth, term in PART if any(graph.objects(part, term)))
    types = {
        str(value).removeprefix(FILE_TYPE) for value in graph.objects(part, DCT["format"]) if FILE_TYPE in str(value)
    }
    media = {str(value).partition(MEDIA_TYPE)[2] for value in graph.objects(part, DCAT.mediaType)} & media_types()
    points += 5 * bool(types & file_types()) + 5 * bool(media)
    told = types | {TYPE_OF[one] for one in media if one in TYPE_OF}
    points += 20 * bool(told & listed("edp-non-proprietary-format.rdf"))
    points += 20 * bool(told & listed("edp-machine-readable-format.rdf"))
    licences = [str(value) for value in graph.objects(part, DCT.license) if str(value) != UNKNOWN]
    return points + 20 * bool(licences) + 10 * any(is_known(licence) for licence in licences)


def is_known(licence: str) -> bool:
    plain = bare(licence)
    return OTHER_ADDRESSES.get(plain, plain) in licences_of_the_eu() and plain not in NOT_OURS


def bare(address: str) -> str:
    return address.removeprefix("http://").removeprefix("https://").removeprefix("www.").rstrip("/")


def rows_of(name: str) -> Iterator[list[str]]:
    with (CONFORMANCE / "vocab" / "csv" / name).open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


@cache
def access_rights() -> frozenset[str]:
    return frozenset(row[0] for row in rows_of("access-right.csv"))


@cache
def licences_of_the_eu() -> frozenset[str]:
    skos = Graph().parse(CONFORMANCE / "mqa" / "edp-licences-skos.rdf")
    named = (str(node) for triple in skos for node in triple if isinstance(node, URIRef))
    return frozenset(bare(cell) for cell in (*named, *(cell for row in rows_of("licenses.csv") for cell in row)))


@cache
def listed(name: str) -> frozenset[str]:
    graph = Graph().parse(CONFORMANCE / "mqa" / name)
    return frozenset(str(subject).removeprefix(FILE_TYPE) for subject in graph.subjects())


@cache
def file_types() -> frozenset[str]:
    graph = Graph().parse(CONFORMANCE / "vocab" / "eu" / "file-type.rdf")
    return frozenset(str(subject).removeprefix(FILE_TYPE) for subject in graph.subjects() if FILE_TYPE in str(subject))


@cache
def media_types() -> frozenset[str]:
    return frozenset(row[1] for row in rows_of("media-types.csv") if row[1:] and row[1])
