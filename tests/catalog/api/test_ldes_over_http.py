"""The change feed as linked data: whoever follows it from its root has the catalogue of now, and nothing of what is not public."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pyshacl
import pytest
import rdflib
from builders import make_dataset, make_organisation, publish_rows
from django.contrib.auth.models import User
from django.test import Client
from rdflib import DCAT, RDF, SH, Graph, URIRef
from rdflib.namespace import Namespace
from rdflib.term import Node

from catalog.api import ldes
from catalog.exchange.rdf import parse_rdf
from catalog.feed import begin_epoch
from catalog.models import Change, Dataset
from catalog.publish import guard_dataset, restore_dataset, save_organisation, withdraw_dataset

pytestmark = pytest.mark.django_db
BASE = "http://testserver"
ROOT = f"{BASE}/feeds/ldes"
AS = Namespace("https://www.w3.org/ns/activitystreams#")
LDES = Namespace("https://w3id.org/ldes#")
TREE = Namespace("https://w3id.org/tree#")
SHAPES = Path(__file__).parents[4] / "shared" / "conformance" / "shacl"
FEED_SHAPE, DATASET_SHAPE = SHAPES / "dcat-ap-feeds" / "shape.ttl", SHAPES / "dcat-ap-3.0.1" / "shapes.ttl"
OWN_SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix as: <https://www.w3.org/ns/activitystreams#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] a sh:NodeShape ; sh:targetClass as:Create, as:Update, as:Delete ; sh:closed true ; sh:ignoredProperties (rdf:type) ;
  sh:property [ sh:path as:object ; sh:nodeKind sh:IRI ; sh:minCount 1 ; sh:maxCount 1 ] ,
              [ sh:path as:published ; sh:datatype xsd:dateTime ; sh:minCount 1 ; sh:maxCount 1 ] .
"""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldes, "PAGE", 3)
    monkeypatch.setattr(ldes, "BOOK", 2)


def read(client: Client, address: str, accept: str = "application/trig") -> rdflib.Dataset:
    answer = client.get(address.removeprefix(BASE), headers={"Accept": accept})
    assert answer.status_code == 200, answer.content
    found = rdflib.Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib 7 warns of its own graphs when it fills them
        found.parse(data=answer.content, format=answer["Content-Type"].partition(";")[0])
    return found


def crawl(
    client: Client, address: str = ROOT, accept: str = "application/trig"
) -> Iterator[tuple[str, rdflib.Dataset]]:
    """Follow the relations from a page to all those below it."""
    page = read(client, address, accept)
    assert (URIRef(address), RDF.type, TREE.Node) in default_of(page)
    yield address, page
    below = {
        str(default_of(page).value(relation, TREE.node))
        for relation in default_of(page)[URIRef(address) : TREE.relation]
    }
    for child in sorted(below):
        for uri, found in crawl(client, child, accept):
            check_bounds(default_of(page), child, default_of(found))
            yield uri, found


def default_of(page: rdflib.Dataset) -> Graph:
    return page.default_graph


def check_bounds(above: Graph, child: str, found: Graph) -> None:
    """Hold the times of all members below against what the relations promise."""
    bounds = {
        above.value(relation, RDF.type): above.value(relation, TREE.value).value
        for relation in above.subjects(TREE.node, URIRef(child))
    }
    assert set(bounds) == {TREE.GreaterThanOrEqualToRelation, TREE.LessThanRelation}
    for published in found.objects(None, AS.published):
        assert bounds[TREE.GreaterThanOrEqualToRelation] <= published.value < bounds[TREE.LessThanRelation]


def replayed(client: Client, accept: str = "application/trig") -> dict[str, Graph]:
    """Return what a follower has in the end: each dataset with what is told of it."""
    members = []
    for _, page in crawl(client, accept=accept):
        told = default_of(page)
        for activity in told.objects(URIRef(f"{ROOT}#stream"), TREE.member):
            [act] = told.objects(activity, RDF.type)
            entity = str(told.value(activity, AS.object))
            members.append((told.value(activity, AS.published).value, act, entity, page.graph(activity)))
    state: dict[str, Graph] = {}
    for _, act, entity, graph in sorted(members, key=lambda member: member[0]):
        if act == AS.Delete:
            assert len(graph) == 0
            state.pop(entity, None)
        else:
            assert (URIRef(entity), RDF.type, DCAT.Dataset) in graph
            state[entity] = graph
    return state


def check_against_the_catalogue(client: Client, state: dict[str, Graph]) -> None:
    """Hold a follower's state against what the hub says of each dataset at its own address."""
    visible = {f"{BASE}/dataset/{row.slug}" for row in Dataset.objects.current().exclude(access_level="non-public")}
    assert set(state) == visible
    for uri, graph in state.items():
        own = Graph().parse(data=client.get(f"{uri.removeprefix(BASE)}.ttl").content, format="turtle")
        subjects = {subject for subject in own.subjects() if str(subject).partition("#")[0] == uri}
        for subject in subjects:
            assert set(graph[subject]) == set(own[subject])


def test_an_empty_feed_is_a_root_without_pages(client: Client) -> None:
    [(address, page)] = crawl(client)
    assert (address, list(page.default_graph[URIRef(ROOT) : TREE.relation])) == (ROOT, [])


def test_the_root_says_what_the_stream_is(client: Client) -> None:
    told, stream = default_of(read(client, ROOT)), URIRef(f"{ROOT}#stream")
    assert told.value(stream, RDF.type) == LDES.EventStream
    assert told.value(stream, LDES.timestampPath) == AS.published
    assert told.value(stream, LDES.versionOfPath) == AS.object
    assert told.value(stream, TREE.view) == URIRef(ROOT)
    assert str(told.value(stream, TREE.shape)).endswith("shape.ttl#ActivityShape")
    policy = told.value(told.value(URIRef(ROOT), TREE.viewDescription), LDES.retentionPolicy)
    assert (told.value(policy, RDF.type), told.value(policy, LDES.amount).value) == (LDES.LatestVersionSubset, 1)


def busy() -> None:
    """Let everything happen that can happen to datasets."""
    make_organisation()
    air = make_dataset("air")
    publish_rows(air)
    for number in range(8):
        make_dataset(f"dataset-{number}", schema=None)
    make_dataset("air", theme="health")
    withdraw_dataset("dataset-0")
    withdraw_dataset("dataset-1")
    restore_dataset("dataset-1")
    closed = {"access_level": "non-public", "access_reason": {"ko": "보안"}}
    make_dataset("dataset-2", schema=None, **closed)
    make_dataset("dataset-3", schema=None, **closed)
    make_dataset("dataset-3", schema=None)
    make_dataset("secret", schema=None, **closed)
    make_dataset("dataset-4", access_level="restricted", access_reason={"ko": "보안"})
    guard_dataset("dataset-4")
    save_organisation("hanbit-city", {"name": {"ko": "한빛특례시"}, "region": "44"})


@pytest.mark.parametrize("accept", ["application/trig", "application/ld+json"])
def test_whoever_replays_the_feed_has_the_catalogue_of_now(client: Client, accept: str) -> None:
    busy()
    check_against_the_catalogue(client, replayed(client, accept))


def test_who_comes_back_needs_only_what_is_open_and_what_is_new(client: Client) -> None:
    """Nothing ever comes to a page that a follower may keep; it only loses what was overtaken."""
    busy()
    closed = {"access_level": "non-public", "access_reason": {"ko": "보안"}}
    kept = dict(kept_members(client))
    assert len(kept) > 3
    make_dataset("late", schema=None)
    publish_rows(make_dataset("dataset-5", theme="transport"))
    withdraw_dataset("dataset-6")
    restore_dataset("dataset-0")
    make_dataset("dataset-7", schema=None, **closed)
    make_dataset("dataset-2", schema=None)
    now = dict(kept_members(client))
    assert all(now[address] <= members for address, members in kept.items())
    check_against_the_catalogue(client, replayed(client))


def kept_members(client: Client) -> Iterator[tuple[str, set[Node]]]:
    """Yield the members of each page that says that it may be kept."""
    for address, page in crawl(client):
        if "immutable" in client.get(address.removeprefix(BASE))["Cache-Control"]:
            yield address, set(page.default_graph.objects(None, TREE.member))


def everything_told(client: Client) -> str:
    return "".join(client.get(address.removeprefix(BASE)).content.decode() for address, _ in crawl(client))


def test_nothing_is_told_of_what_not_everybody_may_see(client: Client) -> None:
    busy()
    client.force_login(User.objects.create_user("steward", is_staff=True))
    told = everything_told(client)
    assert "secret" not in told
    assert "dataset-2" in told  # that it is gone


def test_of_a_guarded_dataset_no_records_are_named(client: Client) -> None:
    snapshot = publish_rows(make_dataset("patients"))
    guard_dataset("patients")
    told = everything_told(client)
    assert "patients" in told
    assert snapshot.digest not in told


def test_a_dataset_that_comes_from_another_hub_is_the_one_that_it_is_there(client: Client) -> None:
    dataset = make_dataset("air", schema=None)
    home = "https://city.example/dataset/air"
    Dataset.objects.filter(pk=dataset.pk).update(home=home)
    [(entity, graph)] = replayed(client).items()
    assert entity == home
    assert (URIRef(home), RDF.type, DCAT.Dataset) in graph


FORMS = [
    ("", "application/trig", "application/trig"),
    ("", "", "application/trig"),
    ("", "text/html,*/*;q=0.8", "application/trig"),
    ("", "application/ld+json", "application/ld+json"),
    ("", "text/turtle", "text/turtle; charset=utf-8"),
    (".trig", "", "application/trig"),
    (".jsonld", "", "application/ld+json"),
    (".ttl", "", "text/turtle; charset=utf-8"),
]


@pytest.mark.parametrize(("extension", "accept", "content_type"), FORMS)
def test_the_form_is_asked_for_by_extension_or_by_accept(
    client: Client, extension: str, accept: str, content_type: str
) -> None:
    answer = client.get(f"/feeds/ldes{extension}", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"], answer["Access-Control-Allow-Origin"]) == (
        200,
        content_type,
        "*",
    )


@pytest.mark.parametrize("extension", ["trig", "jsonld", "ttl"])
def test_who_asks_by_extension_is_led_on_by_extension(client: Client, extension: str) -> None:
    make_dataset("air", schema=None)
    addresses = [address for address, _ in crawl(client, f"{ROOT}.{extension}", "")]
    assert len(addresses) == 3
    assert all(address.endswith(f".{extension}") for address in addresses)


def test_turtle_tells_the_descriptions_beside_the_members(client: Client) -> None:
    make_dataset("air")
    [*_, (_, page)] = crawl(client, f"{ROOT}.ttl", "")
    assert (URIRef(f"{BASE}/dataset/air"), RDF.type, DCAT.Dataset) in page.default_graph


def test_a_full_page_is_kept_for_a_week_and_the_open_ones_are_asked_again(client: Client) -> None:
    for number in range(7):
        make_dataset(f"dataset-{number}", schema=None)
    kept, again = "public, max-age=604800, immutable", "public, no-cache"
    lived = {}
    for address, _ in crawl(client):
        answer = client.get(address.removeprefix(BASE))
        lived[address.removeprefix(ROOT).partition("/")[2].partition("/")[2]] = answer["Cache-Control"]
        known = client.get(address.removeprefix(BASE), headers={"If-None-Match": answer["ETag"]})
        assert (known.status_code, known.content) == (304, b"")
    assert lived == {"": again, "0": kept, "0/0": kept, "0/1": kept, "1": again, "1/0": again}


def test_what_is_overtaken_changes_the_tag_of_its_page(client: Client) -> None:
    make_dataset("air", schema=None)
    *_, (page, _) = crawl(client)
    before = client.get(page.removeprefix(BASE))["ETag"]
    make_dataset("air", schema=None, licence="cc0-1.0")
    assert client.get(page.removeprefix(BASE))["ETag"] != before


def test_addresses_of_another_epoch_say_start_over_and_those_of_no_page_are_404(client: Client) -> None:
    make_dataset("air")
    addresses = [address.removeprefix(BASE) for address, _ in crawl(client)][1:]
    for address in (
        f"{addresses[0]}/7",
        addresses[0][:-1] + "7",
        f"{addresses[0]}/99999999999999999999",
        "/feeds/ldes.csv",
    ):
        assert client.get(address).status_code == 404
    begin_epoch()
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (410, "start-over")


def test_the_members_pass_the_shape_of_the_profile(client: Client) -> None:
    """Ours says the same of activities as the profile's, which stands beside it where it is at hand."""
    busy()
    shape = Graph().parse(data=OWN_SHAPE, format="turtle")
    if FEED_SHAPE.exists():
        shape.parse(FEED_SHAPE).parse(DATASET_SHAPE)
    for address, _ in crawl(client):
        data = parse_rdf(client.get(address.removeprefix(BASE)).content, ldes.TRIG)
        _, report, _ = pyshacl.validate(data, shacl_graph=shape)
        violations = [
            (
                str(report.value(result, SH.focusNode)),
                str(report.value(result, SH.resultPath)),
                str(report.value(result, SH.resultMessage)),
            )
            for result in report.subjects(SH.resultSeverity, SH.Violation)
        ]
        assert violations == []


def test_a_page_costs_the_same_statements_however_many_members_it_has(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., object]
) -> None:
    monkeypatch.setattr(ldes, "PAGE", 50)
    for number in range(40):
        make_dataset(f"dataset-{number}", schema=None)
    epoch = [address for address, _ in crawl(client)][1].rpartition("/")[0].rpartition("/")[2]
    with django_assert_max_num_queries(16):
        client.get(f"/feeds/ldes/{epoch}/0/0")
    assert Change.objects.count() == 40
