"""The JSON Schema takes what the standard takes, and says where it does not."""

from typing import Any

import pytest
from descriptions import COMPLETE, complete
from jsonschema import Draft202012Validator

from catalog.standard import PROFILE, Class, Obligation
from catalog.standard.json_schema import json_schema

SCHEMA = json_schema()


def errors(document: Any, class_: Class = Class.DATASET) -> dict[str, str]:
    """Return the messages by the way to what is wrong."""
    validator = Draft202012Validator({"$ref": f"#/$defs/{class_}", "$defs": SCHEMA["$defs"]})
    return {".".join(map(str, error.absolute_path)): error.message for error in validator.iter_errors(document)}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert Draft202012Validator(SCHEMA).is_valid(complete())


@pytest.mark.parametrize("class_", list(Class))
def test_a_complete_description_is_taken(class_: Class) -> None:
    assert errors(complete(class_), class_) == {}


def test_a_description_as_stewards_write_it_is_taken() -> None:
    assert errors(COMPLETE) == {}


@pytest.mark.parametrize("class_", list(Class))
def test_a_description_without_what_is_mandatory_is_not(class_: Class) -> None:
    mandatory = [field.name for field in PROFILE[class_] if field.obligation is Obligation.MANDATORY]
    assert SCHEMA["$defs"][class_]["required"] == mandatory
    for name in mandatory:
        description = {other: value for other, value in complete(class_).items() if other != name}
        assert errors(description, class_) == {"": f"'{name}' is a required property"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": {"en": "Parking"}}, "title"),
        ({"title": {"ko": " "}}, "title.ko"),
        ({"title": {"ko": "가" * 201}}, "title.ko"),
        ({"theme": "traffic"}, "theme"),
        ({"region": "4"}, "region"),
        ({"keywords": ["주차"]}, "keywords"),
        ({"temporal": {"start": "2018"}}, "temporal.start"),
        ({"modified": "2026-03-04T05:06:07"}, "modified"),
        ({"temporal_resolution": "5 minutes"}, "temporal_resolution"),
        ({"record_count": -1}, "record_count"),
        ({"bbox": [126.5, 36.25, 127.0]}, "bbox"),
        ({"bbox": [926.5, 36.25, 127.0, 36.75]}, "bbox.0"),
        ({"landing_page": "javascript:alert(1)"}, "landing_page"),
        ({"contact_point": {"name": {"ko": "과"}, "email": "nobody"}}, "contact_point.email"),
        ({"distributions": [{"access_url": "https://a.example", "format": "CSVX"}]}, "distributions.0.format"),
        ({"distributions": [{}]}, "distributions.0"),
        ({"columns": [{"name": "a", "type": "text"}]}, "columns.0.type"),
        ({"attributions": [{"name": {"ko": "원"}, "role": "boss"}]}, "attributions.0.role"),
        ({"languages": []}, "languages"),
        ({"color": "red"}, ""),
    ],
)
def test_what_is_wrong_is_found_at_its_place(change: dict[str, Any], place: str) -> None:
    assert list(errors(complete() | change)) == [place]


def test_closed_data_needs_a_reason() -> None:
    closed = {name: value for name, value in complete().items() if name != "access_reason"}
    assert errors(closed | {"access_level": "public"}) == {}
    assert errors(closed | {"access_level": "restricted"}) == {"": "'access_reason' is a required property"}
