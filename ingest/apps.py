"""Pulling as a Django application."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from ingest.addresses import OWN_SERVICES
from ingest.checks import check_encryption_keys
from ingest.own_services import own_services


class IngestConfig(AppConfig):
    name = "ingest"
    verbose_name = _("Collection")

    def ready(self) -> None:
        """Register the checks of pulling, and keep sources away from the hub's own services."""
        register(check_encryption_keys, Tags.security, deploy=True)
        OWN_SERVICES.update(own_services())
