"""Every address of the hub; the API, the portal and the admin keep their own tables."""

from django.contrib import admin
from django.urls import include, path, re_path

from catalog.api.catalogue_tables import TABLES, PortalTableView, TableView
from catalog.api.data_json import DataJsonView
from catalog.api.dcat import (
    DatasetByIdView,
    DatasetTongueView,
    OrganisationTongueView,
    SeriesTongueView,
    ServiceTongueView,
)
from catalog.api.dcat_catalogue import CatalogueTongueView
from catalog.api.errors import unknown_address
from catalog.api.health import healthz, readyz
from catalog.api.quality import QualityTurtleView
from catalog.api.standard import newest
from datahub import negotiation
from ingest.entity_door import receive_hub_notification, receive_upsert
from ingest.federation.door import ADDRESSES, send_file
from ingest.lineage_view import LineageView
from ingest.notifications import receive_notification
from ingest.platform.door import receive_event

admin.autodiscover()

urlpatterns = [
    path("api/v1/datasets/<slug:slug>/snapshots/<slug:digest>/lineage", LineageView.as_view(), name="lineage"),
    path("api/v1/", include("catalog.api.urls")),
    path("api/", include("catalog.api.ckan.urls")),
    re_path(r"^api(?:/.*)?$", unknown_address),  # programs get a problem document, never a page
    path("dataset/<uuid:id>", DatasetByIdView.as_view()),
    path("dataset/<slug:slug>", negotiation.dataset),
    path("dataset/<slug:slug>/croissant.json", DatasetTongueView.as_view(), {"extension": "croissant.json"}),
    path("dataset/<slug:slug>/datapackage.json", DatasetTongueView.as_view(), {"extension": "datapackage.json"}),
    path("data.json", DataJsonView.as_view(), name="data-json"),
    path("dataset/<slug:slug>.<str:extension>", DatasetTongueView.as_view(), name="dataset-tongue"),
    path("organisation/<slug:slug>", negotiation.organisation),
    path("organisation/<slug:slug>.<str:extension>", OrganisationTongueView.as_view()),
    path("series/<slug:slug>", SeriesTongueView.as_view()),
    path("series/<slug:slug>.<str:extension>", SeriesTongueView.as_view()),
    path("service/<slug:slug>", ServiceTongueView.as_view()),
    path("service/<slug:slug>.<str:extension>", ServiceTongueView.as_view()),
    path("catalog", negotiation.catalogue),
    path("catalog.datagokr.csv", PortalTableView.as_view()),
    *(path(table.name, TableView.as_view(table=table)) for table in TABLES),
    path("catalog.<str:extension>", CatalogueTongueView.as_view(), name="catalogue-tongue"),
    path("feeds/", include("catalog.api.feed_urls")),
    path("delta-sharing/", include("catalog.api.delta_sharing.urls")),
    path("dataset/<slug:slug>/quality.ttl", QualityTurtleView.as_view(), name="quality-turtle"),
    path("standard", newest),
    path("standard/", include("datahub.standard_urls")),
    path("ngsild/notifications/<slug:slug>", receive_notification),
    path("datahubNotification", receive_hub_notification),
    path("entityOperations/upsert", receive_upsert),
    path("ngsi-ld/v1/entityOperations/upsert", receive_upsert),
    *(path(f"sync/v1/{name}", view) for name, view in ADDRESSES.items()),
    path("sync/v1/files/<slug:digest>", send_file),
    path("platform/events", receive_event, name="platform-events"),
    path("integrationPlatformEvent", receive_event),
    path("healthz", healthz),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
    path("", include("catalog.portal.urls")),
]
handler400 = "catalog.portal.errors.bad_request"
handler404 = "catalog.portal.errors.page_not_found"
handler500 = "catalog.portal.errors.server_error"
