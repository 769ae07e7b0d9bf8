"""Pulling as a Django application."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from ingest.checks import check_encryption_keys


class IngestConfig(AppConfig):
    name = "ingest"
    verbose_name = _("Collection")

    def ready(self) -> None:
        """Register the checks of pulling."""
        register(check_encryption_keys, Tags.security, deploy=True)
