"""Datasets as packages for this door, with what only the hub knows; a constant number of queries for any number of them."""

import uuid
from collections.abc import Iterable, Sequence

from catalog.access import Viewer, visible_datasets
from catalog.api.ckan.errors import NothingFound
from catalog.api.ckan.resource_ids import MAIN, candidates, resource_id
from catalog.describe import describe_row, linked_distributions, with_parts
from catalog.errors import DatasetNotFound
from catalog.exchange.ckan import PackageFacts, ResourceFacts, from_name, is_uuid, to_package
from catalog.exchange.entry import Catalogue, Entry
from catalog.models import Dataset, Distribution
from catalog.models.dataset import DatasetQuerySet
from catalog.share import make_entry, with_records
from catalog.standard import Class

SERVED_NAME = "records."  # what the identifiers of served distributions begin with (share.py)


def show_packages(datasets: DatasetQuerySet, base: str) -> list[dict[str, object]]:
    """Return a page of datasets as packages."""
    return write_packages(with_records(with_parts(datasets)), base)


def show_package(dataset: Dataset, base: str) -> dict[str, object]:
    """Return one dataset as a package."""
    return show_packages(Dataset.objects.filter(pk=dataset.pk), base)[0]


def show_entries(entries: Sequence[int], base: str) -> list[dict[str, object]]:
    """Return entries of the search index as packages, in their order."""
    if not entries:
        return []
    datasets = with_records(with_parts(Dataset.objects.filter(search_entry__in=list(entries))))
    by_entry = {dataset.search_entry.id: dataset for dataset in datasets.select_related("search_entry")}
    return write_packages((by_entry[entry] for entry in entries if entry in by_entry), base)


def write_packages(datasets: Iterable[Dataset], base: str) -> list[dict[str, object]]:
    described: dict[int, dict[str, object]] = {}
    packages = []
    for dataset in datasets:
        organisation = dataset.organisation
        if organisation.pk not in described:
            described[organisation.pk] = describe_row(organisation, Class.ORGANISATION)
        catalogue = Catalogue(base, organisations={organisation.slug: described[organisation.pk]})
        entry = make_entry(dataset, base)
        packages.append(to_package(entry, catalogue, facts_of(dataset, entry)))
    return packages


def facts_of(dataset: Dataset, entry: Entry) -> PackageFacts:
    """Return what the hub knows: served distributions come first in a description, then the links (share.py)."""
    links = linked_distributions(dataset)
    distributions = entry.description.get("distributions", [])
    served = distributions[: len(distributions) - len(links)]
    formats = [str(one["identifier"]).removeprefix(SERVED_NAME) for one in served]
    return PackageFacts(
        created=dataset.created_at,
        modified=dataset.modified_at,
        organisation_created=dataset.organisation.created_at,
        resources=[
            *(
                ResourceFacts(id=resource_id(dataset.distribution.uid, name), has_records=name == MAIN)
                for name in formats
            ),
            *(ResourceFacts(id=str(link.uid)) for link in links),
        ],
    )


def find_dataset_of(name: str, viewer: Viewer) -> Dataset:
    """Return a dataset by its identifier or its name."""
    datasets = visible_datasets(viewer)
    found = datasets.filter(pk=name).first() if is_uuid(name) else None
    found = found or datasets.filter(slug=from_name(name)).first()
    if found is None:
        raise DatasetNotFound(dataset=name)
    return found


def find_resource(identifier: str, viewer: Viewer) -> tuple[Distribution, str]:
    """Return the distribution that a resource is, and its format; links only exist as themselves."""
    meant = candidates(uuid.UUID(identifier)) if is_uuid(identifier) else {}
    for row in Distribution.objects.filter(uid__in=meant).select_related("dataset__organisation"):
        is_there = meant[row.uid] == MAIN or row.schema is not None
        if is_there and visible_datasets(viewer).filter(pk=row.dataset_id).exists():
            return row, meant[row.uid]
    raise NothingFound(name=identifier)
