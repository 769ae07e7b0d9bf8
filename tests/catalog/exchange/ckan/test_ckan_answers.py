"""Whole answers of other CKANs: envelopes, lists, searches, organisations."""

from typing import Any

import pytest

from catalog.errors import BadDocument
from catalog.exchange.ckan import read_ckan, read_names

PACKAGE = {"id": "p1", "name": "parking", "title": "Parking", "resources": []}
OTHER = {"id": "p2", "name": "air", "title": "Air", "resources": []}
ORGANIZATION = {"id": "o1", "name": "hanbit", "title": "한빛시", "is_organization": True, "type": "organization"}


@pytest.mark.parametrize(
    ("document", "slugs"),
    [
        ({"success": True, "result": PACKAGE}, ["parking"]),
        ({"status": "200 OK", "message": "Sucess", "result": PACKAGE}, ["parking"]),
        ({"success": True, "result": [PACKAGE]}, ["parking"]),
        ({"success": True, "result": [[PACKAGE, OTHER]]}, ["parking", "air"]),
        ({"success": True, "result": {"count": 2, "results": [PACKAGE, OTHER]}}, ["parking", "air"]),
        ({"success": True, "result": {"count": 0, "results": []}}, []),
        ({"success": True, "result": ORGANIZATION | {"packages": [PACKAGE]}}, ["parking"]),
        (PACKAGE, ["parking"]),
        ([PACKAGE, OTHER], ["parking", "air"]),
        ([], []),
    ],
    ids=["show", "another envelope", "list of one", "list in a list", "search", "found nothing", "organization", "bare", "bare list", "empty"],
)  # fmt: skip
def test_an_answer_is_read_whatever_its_envelope(document: Any, slugs: list[str]) -> None:
    assert [entry.slug for entry in read_ckan(document).datasets] == slugs


def test_a_search_tells_how_many_there_are() -> None:
    assert read_ckan({"success": True, "result": {"count": 858, "results": [PACKAGE]}}).total == 858


def test_organisations_are_read() -> None:
    catalogue = read_ckan({"success": True, "result": [ORGANIZATION]})
    assert catalogue.organisations == {"hanbit": {"name": {"ko": "한빛시"}}}


def test_no_dataset_hides_another_of_the_same_slug() -> None:
    twins = [PACKAGE | {"id": "a", "name": "car_parks"}, PACKAGE | {"id": "b", "name": "car-parks"}]
    first, second = (entry.slug for entry in read_ckan(twins).datasets)
    assert first == "car-parks"
    assert second.startswith("car-parks")
    assert first != second


def test_names_are_read_from_lists_of_names_and_of_objects() -> None:
    assert read_names({"success": True, "result": ["a", "b"]}) == ["a", "b"]
    assert read_names({"success": True, "result": [ORGANIZATION]}) == ["hanbit"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"success": True, "result": ["a", "b"]}, "package_show"),
        ({"success": False, "error": {"__type": "Not Found Error", "message": "gone"}}, "Not Found Error: gone"),
        ({"dataset": [{"title": "x", "identifier": "y"}]}, "data.json"),
        ({"success": True, "result": {"package_id": "p", "url": "https://x.example"}}, "no CKAN package"),
        ("words", "no CKAN package"),
        (None, "no CKAN package"),
    ],
)
def test_what_is_no_such_answer_is_refused_with_a_sentence(document: Any, reason: str) -> None:
    with pytest.raises(BadDocument, match="CKAN") as refused:
        read_ckan(document)
    assert reason in str(refused.value)


def test_a_document_that_holds_no_names_is_refused() -> None:
    with pytest.raises(BadDocument):
        read_names({"success": True, "result": {"count": 0}})
    with pytest.raises(BadDocument):
        read_names([1, 2])
