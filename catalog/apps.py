"""The catalogue as a Django application, and the stewards' admin site."""

from collections.abc import Sequence
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core.checks import CheckMessage, Tags, register
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


class AdminSite(SimpleAdminConfig):
    """Django's admin with the hub's own site. A worker needs no forms: they are loaded with the addresses, and to be checked."""

    default_site = "catalog.admin.site.HubAdminSite"

    def ready(self) -> None:
        register(check_dependencies, Tags.admin)
        register(check_forms, Tags.admin)


def check_forms(app_configs: Sequence[AppConfig] | None, **options: object) -> list[CheckMessage]:
    """Check the forms as Django does, once ``catalog.admin`` and ``ingest.admin`` have registered them."""
    autodiscover()
    return check_admin_app(app_configs, **options)
