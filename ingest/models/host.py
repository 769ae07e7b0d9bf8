"""Hosts that are asked: how fast, and whether one is left alone for a while because it fails."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Host(models.Model):
    """A bucket of permits that fills with time, shared by all workers; ``closed_until`` is set when a host keeps failing."""

    name = models.CharField(_("host"), max_length=255, unique=True)
    permits = models.FloatField(_("permits"), default=0)
    filled_at = models.FloatField(_("filled at"), default=0)  # seconds since 1970, as the statement computes with it
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    closed_until = models.DateTimeField(_("left alone until"), null=True, blank=True)

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
