"""The lists: the share, its schemas (organisations) and its tables (datasets whose records the caller may read)."""

from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from catalog.access import Viewer, readable_datasets, require_reading, visible_datasets
from catalog.api.delta_sharing.errors import ShareNotFound
from catalog.api.delta_sharing.view import ListView, SharingView, read_page_size
from catalog.errors import DatasetNotFound, OrganisationNotFound
from catalog.models import Dataset, Organisation
from catalog.models.dataset import DatasetQuerySet
from catalog.versions import current_version

SHARE = "hub"


class SharesView(ListView):
    def get(self, request: Request) -> HttpResponseBase:
        return self.document({"items": [{"name": SHARE}] if read_page_size(request) else []})


class ShareView(SharingView):
    def get(self, request: Request, share: str) -> HttpResponseBase:
        require_share(share)
        return self.document({"share": {"name": SHARE}})


class SchemasView(ListView):
    def get(self, request: Request, share: str) -> HttpResponseBase:
        require_share(share)
        organisations = Organisation.objects.filter(pk__in=shared_datasets(request.user).values("organisation"))
        rows, after = self.page(organisations, ["delta-sharing", "schemas"])
        return self.document({"items": [{"name": row.slug, "share": SHARE} for row in rows]} | after)


class TablesView(ListView):
    """The tables of a schema."""

    def get(self, request: Request, share: str, schema: str) -> HttpResponseBase:
        require_share(share)
        slug = schema.lower()
        if not Organisation.objects.filter(slug=slug).exists():
            raise OrganisationNotFound(organisation=schema)
        datasets = shared_datasets(request.user).filter(organisation__slug=slug)
        rows, after = self.page(datasets, ["delta-sharing", "tables", slug])
        return self.document({"items": [describe_table(row) for row in rows]} | after)


class AllTablesView(ListView):
    def get(self, request: Request, share: str) -> HttpResponseBase:
        require_share(share)
        rows, after = self.page(shared_datasets(request.user), ["delta-sharing", "tables"])
        return self.document({"items": [describe_table(row) for row in rows]} | after)


def require_share(name: str) -> None:
    if name.lower() != SHARE:
        raise ShareNotFound(share=name, known=SHARE)


def shared_datasets(viewer: Viewer) -> DatasetQuerySet:
    """Return the datasets with records that the viewer may read."""
    return readable_datasets(viewer).filter(distribution__current_snapshot__isnull=False)


def describe_table(dataset: Dataset) -> dict[str, Any]:
    return {"name": dataset.slug, "schema": dataset.organisation.slug, "share": SHARE, "id": str(dataset.pk)}


def find_table(share: str, schema: str, table: str, viewer: Viewer) -> Dataset:
    """Return the dataset of a table whose records the viewer may read; names may be written in capitals."""
    require_share(share)
    datasets = visible_datasets(viewer).select_related("organisation", "distribution__current_snapshot")
    dataset = datasets.filter(organisation__slug=schema.lower(), slug=table.lower()).first()
    if dataset is None:
        raise DatasetNotFound(dataset=f"{schema}.{table}")
    require_reading(viewer, dataset)
    current_version(dataset)
    return dataset
