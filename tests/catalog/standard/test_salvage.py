"""What is kept of descriptions with malformed values."""

import pytest
from descriptions import COMPLETE, complete

from catalog.standard.conformance import Level, check_description
from catalog.standard.salvage import salvage

LINK = {"access_url": "https://hanbit.example/a", "format": "CSV"}


@pytest.mark.parametrize(
    ("wrong", "right", "places"),
    [
        ({"landing_page": "not an address"}, {}, ["landing_page"]),
        ({"frequency": "now and then"}, {}, ["frequency"]),
        ({"colour": "blue"}, {}, ["colour"]),
        ({"documentation": ["https://hanbit.example/1", "two words"]}, {"documentation": ["https://hanbit.example/1"]}, ["documentation.1"]),
        (
            {"distributions": [LINK | {"byte_size": "many"}, LINK | {"licence_url": "a b"}]},
            {"distributions": [LINK, LINK]},
            ["distributions.0.byte_size", "distributions.1.licence_url"],
        ),
        ({"contact_point": {"name": {"ko": "과"}, "url": "here"}}, {"contact_point": {"name": {"ko": "과"}}}, ["contact_point.url"]),
    ],
)  # fmt: skip
def test_only_what_is_malformed_is_left_out_and_told(wrong, right, places):
    whole = COMPLETE | wrong
    kept, problems = salvage(whole)
    assert kept == {name: value for name, value in whole.items() if name not in wrong} | right
    assert sorted(problem.field for problem in problems) == places
    assert whole == COMPLETE | wrong


def test_a_sound_description_is_kept_whole():
    whole = complete() | {"personal_data": "none", "access_level": "restricted"}
    assert salvage(whole) == (whole, ())


@pytest.mark.parametrize("value", [None, 5, "text", [], [None], {}, {"ko": 5}, [{"name": 7}], True, [[1]]])
@pytest.mark.parametrize("name", list(complete()))
def test_whatever_stands_in_a_field_what_is_kept_has_a_sound_form(name, value):
    kept, _ = salvage(COMPLETE | {name: value})
    assert not [p for p in check_description(kept) if p.level is Level.FORM and not p.rule.startswith("personal")]


def test_personal_data_is_no_matter_of_form():
    kept, problems = salvage(COMPLETE | {"access_level": "public", "personal_data": "contains"})
    assert kept["personal_data"] == "contains"
    assert problems == ()
