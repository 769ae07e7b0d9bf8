"""The catalogue as a Django application, and the stewards' admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Catalogue")


class AdminSite(AdminConfig):
    """Django's admin with the hub's own site; models register themselves in ``catalog.admin`` and ``ingest.admin``."""

    default_site = "catalog.admin.site.HubAdminSite"
