"""The models and the metadata profile agree: each field of a class has its columns, and each column a field."""

import pytest
from descriptions import complete

from catalog.describe import describe_row, row_columns
from catalog.models import Catalogue, DataService, Dataset, Distribution, Organisation, Series
from catalog.standard import Class

BOOKKEEPING = {
    Dataset: {
        "id", "slug", "organisation", "distribution", "quality_score", "quality_band",
        "assessed_at", "is_guarded", "created_at", "modified_at", "withdrawn_at", "home",
    },
    Distribution: {
        "id", "uid", "dataset", "position", "schema", "current_snapshot", "erased_at", "created_at", "modified_at"
    },
    Organisation: {"id", "slug", "created_at", "modified_at"},
    Series: {"id", "slug", "organisation", "created_at", "modified_at"},
    DataService: {"id", "slug", "organisation", "created_at", "modified_at"},
    Catalogue: {"id", "organisation", "created_at", "modified_at"},
}  # fmt: skip
STORES = {
    Dataset: Class.DATASET,
    Distribution: Class.DISTRIBUTION,
    Organisation: Class.ORGANISATION,
    Series: Class.SERIES,
    DataService: Class.SERVICE,
    Catalogue: Class.CATALOGUE,
}
IN_ROWS_OF_THEIR_OWN = {"distributions"}


@pytest.mark.parametrize(("model", "class_"), STORES.items())
def test_the_columns_of_a_model_are_those_of_its_class(model, class_):
    columns = {field.name for field in model._meta.get_fields() if field.concrete}
    assert columns - BOOKKEEPING[model] == set(row_columns({}, class_))


@pytest.mark.parametrize(("model", "class_"), STORES.items())
def test_a_description_with_every_field_comes_back_from_the_columns(model, class_):
    description = complete(class_)
    organisation = {"organisation": Organisation(pk=1, slug="hanbit-city")} if "organisation" in description else {}
    row = model(**row_columns(description, class_), **organisation)
    stored = {name: value for name, value in description.items() if name not in IN_ROWS_OF_THEIR_OWN}
    assert describe_row(row, class_) == stored
