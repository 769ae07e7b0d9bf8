"""Datasets put straight into the tables and indexed at once, for tests that want many."""

from typing import Any

from catalog.models import Dataset, Organisation
from catalog.search import index_datasets


def write_datasets(rows: list[dict[str, Any]]) -> list[Dataset]:
    """Write datasets by their columns; what a row does not speak of has a plain value."""
    organisation, _ = Organisation.objects.get_or_create(slug="hanbit-city", defaults={"name_ko": "한빛시"})
    plain = {"organisation": organisation, "theme": "transport", "licence": "kogl-1", "access_level": "public"}
    datasets = Dataset.objects.bulk_create(
        Dataset(**plain | {"slug": f"dataset-{number:04}", "title_ko": f"자료 {number:04}"} | row)
        for number, row in enumerate(rows)
    )
    index_datasets(datasets)
    return datasets
