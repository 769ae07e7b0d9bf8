"""One rule for identifiers."""

import pytest
from django.core.exceptions import ValidationError

from catalog.models import Dataset, Organisation
from catalog.models.slug import is_slug
from ingest.models import Source

SLUGS = {
    "hanbit-city": True,
    "2024": True,
    "a" * 100: True,
    "a" * 101: False,
    "": False,
    "Hanbit": False,
    "hanbit_city": False,
    "hanbit--city": False,
    "-hanbit": False,
    "hanbit-": False,
    "한빛시": False,
    "hanbit city": False,
    "hanbit-city\n": False,
}


@pytest.mark.parametrize(("slug", "fits"), SLUGS.items())
def test_an_identifier_is_lower_case_letters_and_digits_joined_by_hyphens(slug, fits):
    assert is_slug(slug) is fits


@pytest.mark.parametrize("model", [Organisation, Dataset, Source])
def test_forms_refuse_an_identifier_that_the_writers_would_refuse(model):
    with pytest.raises(ValidationError) as refused:
        model(slug="Hanbit_City").clean_fields(
            exclude=[field.name for field in model._meta.fields if field.name != "slug"]
        )
    assert list(refused.value.error_dict) == ["slug"]
