"""What a dataset of another catalogue is known by, when its identifier is another one, missing, or made up anew each time."""

import random
from typing import Any
from uuid import uuid4

import pytest
from foreign_feeds import counts, document, item, read, shown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import BNode, Graph

from catalog.exchange.data_json import from_data_json
from catalog.exchange.dcat import read_rdf
from catalog.exchange.entry import Catalogue, Entry
from catalog.models import Change, Dataset
from ingest.harvest import harvest
from ingest.harvest.feeds import settle_match
from ingest.harvest.identity import is_generated, is_global, marks_of
from ingest.models import Harvested, HarvestFailure

pytestmark = pytest.mark.django_db

FILE = "https://files.example/air.csv"
TURTLE = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
[] a dcat:Dataset ; dct:title "Air" ; dct:publisher [ a foaf:Agent ; foaf:name "City" ] ;
   dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://a.example/1.csv> ] .
[] a dcat:Dataset ; dct:title "Air" ; dct:publisher [ a foaf:Agent ; foaf:name "City" ] ;
   dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://a.example/2.csv> ] .
[] a dcat:Dataset ; dct:title "Water" ; dct:description "Wells" .
"""


# the same answer again


values = st.recursive(
    st.one_of(st.text("가나 abc", max_size=8), st.integers(0, 9), st.booleans()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "나", "c"]), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.dictionaries(st.sampled_from(["keyword", "extra", "theme", "note"]), values, max_size=3), max_size=5
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_same_answer_in_any_order_of_keys_and_datasets_changes_nothing(told, order):
    items = [item(str(number), f"{FILE}?{number}") | extra for number, extra in enumerate(told)]
    feed = f"feed-{uuid4().hex}"  # the examples share one database
    first = read(*items, feed=feed)
    before = Change.objects.count()
    turned = [turn(each, order) for each in items]
    order.shuffle(turned)
    again = read(*turned, feed=feed)
    assert counts(again) == ({"unchanged": first.created} if first.created else {})
    assert Change.objects.count() == before


def turn(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        pairs = list(value.items())
        order.shuffle(pairs)
        return {key: turn(part, order) for key, part in pairs}
    return [turn(part, order) for part in value] if isinstance(value, list) else value


def test_nameless_nodes_are_the_same_under_any_label_and_in_any_order():
    feed = [harvest("nodes", [read_rdf(relabelled(seed), "nt")]) for seed in range(4)]
    assert counts(feed[0]) == {"created": 3}
    assert [counts(again) for again in feed[1:]] == [{"unchanged": 3}] * 3


def relabelled(seed: int) -> bytes:
    """Return the graph of nameless datasets with other labels and another order of lines each time."""
    graph, labels, order = Graph().parse(data=TURTLE, format="turtle"), {}, random.Random(seed)
    told = Graph()
    for triple in graph:
        told.add(
            tuple(
                labels.setdefault(node, BNode(f"b{order.randrange(10**9)}")) if isinstance(node, BNode) else node
                for node in triple
            )
        )
    lines = told.serialize(format="nt").splitlines()
    order.shuffle(lines)
    return "\n".join(lines).encode()


def test_two_datasets_of_one_title_without_identifiers_are_two():
    nameless = [item("", f"{FILE}?{number}", title="Air") for number in (1, 2)]
    assert counts(read(*nameless)) == {"created": 2}
    assert counts(read(*reversed(nameless))) == {"unchanged": 2}


def test_of_an_identifier_told_twice_the_same_one_stays_whichever_comes_first():
    one, other = item("1"), item("1", title="Another")
    read(one, other)
    assert counts(read(other, one)) == {"unchanged": 1, "duplicates": 1}


# another identifier


CHANGED = [
    ("the whole document but for its identifier", {}),
    ("its files, under another title", {"title": "New title"}),
    ("its files, from another publisher", {"publisher": {"name": "Another office"}}),
]


@pytest.mark.parametrize("values", [values for _, values in CHANGED], ids=[name for name, _ in CHANGED])
def test_a_dataset_whose_identifier_changed_is_known_again_by(values):
    read(item("1", FILE, title="Air"), item("2"))
    result = read(item("new", FILE, **({"title": "Air"} | values)), item("2"))
    assert counts(result) == {"unchanged": 1, "changed": 1, "matched": 1}
    assert len(shown()) == 2
    assert Harvested.objects.get(kind="dataset", identifier="new").slug == "air"
    assert counts(read(item("new", FILE, **({"title": "Air"} | values)), item("2"))) == {"unchanged": 2}


def test_a_dataset_without_files_is_known_again_by_title_and_publisher():
    read(item("1", title="Air"), item("2"))
    assert counts(read(item("new", title="Air"), item("2")))["matched"] == 1


def test_a_dataset_whose_identifier_was_made_up_is_the_same_to_the_letter():
    pages = [
        Catalogue("", datasets=[Entry("air", "", {"title": {"en": "Air"}, "access_level": "public"}, identifier=label)])
        for label in ("_:b0", "_:n17")
    ]
    harvest("nodes", pages[:1])
    assert counts(harvest("nodes", pages[1:])) == {"unchanged": 1}


def test_a_portal_that_tells_every_identifier_anew_keeps_its_datasets(monkeypatch):
    monkeypatch.setattr("ingest.harvest.reading.BATCH", 10)
    read(*(item(str(number), f"{FILE}?{number}", title=f"T {number}") for number in range(25)))
    again = read(*(item(f"x{number}", f"{FILE}?{number}", title=f"T {number}") for number in range(25)))
    assert counts(again) == {"changed": 25, "matched": 25}
    assert len(shown()) == 25


def test_a_new_dataset_beside_a_like_one_that_is_still_told_is_new():
    read(item("1", FILE, title="Air"))
    assert counts(read(item("2", FILE, title="Air"), item("1", FILE, title="Air"))) == {"created": 1, "unchanged": 1}


def test_what_was_withdrawn_comes_back_under_another_identifier():
    many = [item(str(number)) for number in range(2, 10)]
    read(item("1", FILE, title="Air"), *many)
    assert counts(read(*many))["deleted"] == 1
    assert counts(read(item("new", FILE, title="Air"), *many)) == {"unchanged": 8, "restored": 1, "matched": 1}
    assert "air" in shown()


# what cannot be told by itself


def alike() -> list[dict[str, Any]]:
    return [item(name, FILE, title="Air", description=f"Part {name}") for name in ("1", "2")]


@pytest.mark.parametrize("chosen", ["1", None])
def test_what_may_be_one_of_two_is_left_to_a_person_and_nothing_is_withdrawn(chosen):
    read(*alike(), item("3"))
    result = read(item("new", FILE, title="Air", description="New"), item("3"))
    assert counts(result) == {"unchanged": 1, "refused": 1}
    assert len(shown()) == 3
    failure = HarvestFailure.objects.get()
    rows = Harvested.objects.filter(pk__in=failure.candidates)
    assert (failure.code, {row.identifier for row in rows}) == ("ambiguous-match", {"1", "2"})
    row = rows.get(identifier=chosen) if chosen else None
    assert counts(settle_match(failure, row)) == ({"changed": 1} if chosen else {"created": 1})
    assert not HarvestFailure.objects.exists()
    assert Harvested.objects.filter(kind="dataset").count() == (3 if chosen else 4)
    assert (
        Dataset.objects.get(slug=row.slug if row else Harvested.objects.get(identifier="new").slug).description_en
        == "New"
    )


def test_two_newcomers_that_may_be_one_that_is_here_are_left_to_a_person():
    read(item("1", FILE, title="Air"), item("3"))
    result = read(*(item(name, FILE, title="Air", description=name) for name in ("x", "y")), item("3"))
    assert counts(result) == {"unchanged": 1, "refused": 2}
    assert len(shown()) == 2


def test_while_the_answer_is_not_whole_nobody_is_known_again():
    read(item("1", FILE, title="Air"), item("3"))
    page = from_data_json(document(item("new", FILE, title="Air"), item("3")))
    result = harvest("city-a", [Catalogue(**{**vars(page), "total": 7})])
    assert counts(result) == {"unchanged": 1, "refused": 1}
    assert HarvestFailure.objects.get().code == "waits-for-whole"
    assert counts(read(item("new", FILE, title="Air"), item("3"))) == {"unchanged": 1, "changed": 1, "matched": 1}
    assert not HarvestFailure.objects.exists()


# marks


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("https://a.example/dataset/1", True),
        ("b0218134-7f1d-4ca8-8b94-b008b528af69", True),
        ("doi:10.1234/abc", True),
        ("10.1234/abc", True),
        ("17", False),
        ("air-quality", False),
        ("_:b0", False),
        ("https://a.example/.well-known/genid/b0", False),
    ],
)
def test_only_what_means_one_thing_in_the_whole_world_is_the_same_in_two_portals(identifier, expected):
    assert is_global(identifier) is expected


def test_an_identifier_that_is_the_title_or_a_node_label_is_made_up():
    described = {"title": {"en": "Air"}}
    told = [Entry("air", uri, described, identifier=name) for uri, name in [("", "Air"), ("_:b1", "_:b1"), ("", "17")]]
    assert [is_generated(entry) for entry in told] == [True, True, False]
    assert marks_of(told[0], "f").key == marks_of(Entry("other", "", described, identifier="Air"), "f").key
