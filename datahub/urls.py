"""Every address of the hub; the API, the portal and the admin keep their own tables."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("catalog.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("catalog.portal.urls")),
]
handler404 = "catalog.portal.errors.page_not_found"
handler500 = "catalog.portal.errors.server_error"
