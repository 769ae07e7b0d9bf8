"""Every address of the hub; the API, the portal and the admin keep their own tables."""

from django.contrib import admin
from django.urls import include, path, re_path

from catalog.api.dcat import DcatView
from catalog.api.errors import unknown_address
from catalog.api.health import healthz, readyz

urlpatterns = [
    path("api/v1/", include("catalog.api.urls")),
    re_path(r"^api(?:/.*)?$", unknown_address),  # programs get a problem document, never a page
    path("dataset/<slug:slug>.jsonld", DcatView.as_view(), name="dcat"),
    path("healthz", healthz),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
    path("", include("catalog.portal.urls")),
]
handler400 = "catalog.portal.errors.bad_request"
handler404 = "catalog.portal.errors.page_not_found"
handler500 = "catalog.portal.errors.server_error"
