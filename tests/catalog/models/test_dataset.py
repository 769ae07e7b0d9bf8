"""The profile and the model say the same."""

from descriptions import COMPLETE

from catalog.describe import STORED, description_columns
from catalog.models import Dataset, Distribution
from catalog.standard import FIELDS, Kind

BOOKKEEPING = {"id", "slug", "organisation", "search_title", "search_text", "created_at", "modified_at", "withdrawn_at"}


def test_every_field_of_the_profile_has_its_columns_and_every_column_its_field() -> None:
    columns = {field.name for field in Dataset._meta.get_fields() if field.concrete}
    assert columns - BOOKKEEPING == set(description_columns(COMPLETE))


def test_every_kind_of_field_can_be_stored() -> None:
    assert set(STORED) == set(Kind)


def test_labels_of_columns_come_from_the_profile() -> None:
    labels = {
        field.name: (field.label.ko, field.label.en)
        for field in FIELDS
        if hasattr(Dataset, field.name) and field.kind is Kind.CODE
    }
    assert labels
    for name, label in labels.items():
        assert str(Dataset._meta.get_field(name).verbose_name) in label


def test_the_licence_stands_on_the_distribution() -> None:
    assert "licence" in {field.name for field in Distribution._meta.get_fields()}
