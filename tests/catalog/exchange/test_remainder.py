"""What a tongue has no names for: the difference to the whole, and the whole from it."""

import pytest

from catalog.exchange.entry import Catalogue
from catalog.exchange.json_values import Notes
from catalog.exchange.remainder import add_remainder, find_remainder, merge, read_rest, tell_rest
from catalog.standard import Class

CASES = [
    ({}, {}, {}),
    ({"title": {"ko": "ㄱ"}}, {"title": {"ko": "ㄱ"}}, {}),
    ({"title": {"ko": "ㄱ"}}, {"title": {"ko": "ㄱ", "en": "a"}}, {"title": {"en": "a"}}),
    ({"title": {"en": "a"}}, {"title": {"ko": "ㄱ"}}, {"title": {"en": None, "ko": "ㄱ"}}),
    ({"licence": "unknown"}, {}, {"licence": None}),
    ({"types": ["a"]}, {"types": ["a", "b"]}, {"types": ["a", "b"]}),
    ({"bbox": [1.0, 2, 3, 4]}, {"bbox": [1, 2.0, 3, 4]}, {}),
    ({"record_count": 1}, {"record_count": True}, {"record_count": True}),
    ({"columns": [{"a": 1}]}, {"columns": [{"a": 1, "b": 2}]}, {"columns": [{"a": 1, "b": 2}]}),
]


@pytest.mark.parametrize(("said", "whole", "patch"), CASES)
def test_the_difference_is_a_merge_patch(said, whole, patch):
    assert find_remainder(said, whole) == patch
    assert merge(said, patch) == whole


@pytest.mark.parametrize("patch", [None, "x", ["a"], 5])
def test_what_is_no_patch_changes_nothing(patch):
    assert add_remainder({"version": "1"}, patch, Class.DATASET, "", Notes()) == {"version": "1"}


def test_what_would_be_malformed_is_noted_and_left_out():
    notes = Notes()
    patch = {"version": 5, "frequency": "sometimes", "status": "COMPLETED", "title": {"ko": "ㄱ"}}
    whole = add_remainder({"version": "1", "title": {"en": "a"}}, patch, Class.DATASET, "dataset[0]", notes)
    assert whole == {"version": "1", "status": "COMPLETED", "title": {"en": "a", "ko": "ㄱ"}}
    assert sorted(finding.where.rpartition(".")[2] for finding in notes.findings) == ["frequency", "version"]


def test_what_stands_beside_the_datasets_is_told_and_read():
    told = Catalogue("https://hub.example", {"title": {"ko": "ㄱ"}}, organisations={"a": {"name": {"ko": "가"}}})
    rest = read_rest(tell_rest(told))
    assert (rest.catalogue, rest.organisations, rest.series) == (told.description, told.organisations, {})
    assert read_rest("x") == read_rest({"organisations": {"Not a slug": {}, "b": 5}})
