"""The catalogue as a Django application, and the stewards' admin site."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from catalog.checks import check_encoding
from catalog.standard.tables import use_folder


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Catalogue")

    def ready(self) -> None:
        """Let tables that this hub has loaded (``load_regions``) take the place of the shipped ones; register checks."""
        use_folder(Path(settings.DATA_DIR) / "vocabularies")
        register(check_encoding, Tags.database)


class AdminSite(AdminConfig):
    """Django's admin with the hub's own site; models register themselves in ``catalog.admin`` and ``ingest.admin``."""

    default_site = "catalog.admin.site.HubAdminSite"
