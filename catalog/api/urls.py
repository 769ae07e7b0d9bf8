"""The API's addresses."""

from django.urls import path

from catalog.api.bulk_files import SnapshotView, WholeFileView
from catalog.api.changes import ChangesView
from catalog.api.datasets import DatasetsView, DatasetView, SchemaView
from catalog.api.documentation import DocsView, OpenApiView
from catalog.api.exports import ExportFileView, ExportsView, ExportView
from catalog.api.granted_records import GrantedRecordsView
from catalog.api.index import IndexView
from catalog.api.model_records import ModelDownloadView, ModelRecordsView
from catalog.api.organisations import OrganisationsView, OrganisationView
from catalog.api.problems import ProblemView
from catalog.api.quality import QualityView
from catalog.api.records import DownloadView, RecordsView
from catalog.api.snapshots import SnapshotsView
from catalog.api.sql import QueryView
from catalog.api.suggest import SuggestView
from catalog.api.vocabularies import VocabularyView

app_name = "api"
urlpatterns = [
    path("", IndexView.as_view(), name="index"),
    path("datasets", DatasetsView.as_view(), name="datasets"),
    path("suggest", SuggestView.as_view(), name="suggest"),
    path("datasets/<slug:slug>", DatasetView.as_view(), name="dataset"),
    path("datasets/<slug:slug>/schema", SchemaView.as_view(), name="schema"),
    path("datasets/<slug:slug>/snapshots", SnapshotsView.as_view(), name="snapshots"),
    path("datasets/<slug:slug>/snapshots/<slug:digest>", SnapshotView.as_view(), name="snapshot"),
    path(
        "datasets/<slug:slug>/snapshots/<slug:digest>/records.<slug:extension>",
        WholeFileView.as_view(),
        name="whole-file",
    ),
    path("datasets/<slug:slug>/quality", QualityView.as_view(), name="quality"),
    path("datasets/<slug:slug>/records", RecordsView.as_view(), name="records"),
    path("datasets/<slug:slug>/records.<slug:extension>", DownloadView.as_view(), name="download"),
    path("datasets/<slug:slug>/granted-records", GrantedRecordsView.as_view(), name="granted-records"),
    path("query", QueryView.as_view(), name="query"),
    path("exports", ExportsView.as_view(), name="exports"),
    path("exports/<uuid:uid>", ExportView.as_view(), name="export"),
    path("exports/<uuid:uid>/file", ExportFileView.as_view(), name="export-file"),
    path("data-models/<slug:model>/records", ModelRecordsView.as_view(), name="model-records"),
    path("data-models/<slug:model>/records.<slug:extension>", ModelDownloadView.as_view(), name="model-download"),
    path("changes", ChangesView.as_view(), name="changes"),
    path("organisations", OrganisationsView.as_view(), name="organisations"),
    path("organisations/<slug:slug>", OrganisationView.as_view(), name="organisation"),
    path("vocabularies/<slug:name>", VocabularyView.as_view(), name="vocabulary"),
    path("problems/<slug:code>", ProblemView.as_view(), name="problem"),
    path("openapi.json", OpenApiView.as_view(), name="openapi"),
    path("docs", DocsView.as_view(), name="docs"),
]
