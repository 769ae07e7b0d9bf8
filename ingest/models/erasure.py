"""Erasures: what was deleted because its time was over, and the proof of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingest.models.platform import Platform


class Erasure(models.Model):
    """One erasure. ``digest`` is the SHA-256 over the digests of the deleted messages, in their order, by which it can be
    shown later that a message which somebody still has was among them. Nothing of their content is kept."""

    platform = models.ForeignKey(Platform, models.PROTECT, related_name="erasures", verbose_name=_("platform"))
    at = models.DateTimeField(_("moment"))
    until = models.DateTimeField(_("messages received until"))
    messages = models.BigIntegerField(_("deleted messages"), default=0)
    occurrences = models.BigIntegerField(_("occurrences made impersonal"), default=0)
    deleted_occurrences = models.BigIntegerField(_("deleted occurrences"), default=0)
    digest = models.CharField("SHA-256", max_length=64, blank=True)
    previous = models.CharField(_("SHA-256 of the erasure before"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.platform.slug} {self.at:%Y-%m-%d %H:%M}"
