"""Record erasures: what somebody had deleted, as a note that does not tell it."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset


def make_salt() -> str:
    return secrets.token_hex(16)


class RecordErasure(models.Model):
    """One demand that the records of somebody be erased from a dataset.

    Of the values that tell whom they are about, ``digest`` is all that is kept, salted (``catalog/records/erase.py``): by it
    the rows are found, and left out of every later answer. ``ended_at``: when all was done; the counts are of that moment.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="record_erasures", verbose_name=_("dataset"))
    columns = models.JSONField(_("columns"))
    salt = models.CharField(max_length=32, default=make_salt, editable=False)
    digest = models.CharField("SHA-256", max_length=64, editable=False)
    reason = models.TextField(_("reason"))
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    asked_by = models.CharField(_("asked by"), max_length=200, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)  # whose worker is at it
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    records = models.BigIntegerField(_("erased records"), default=0)
    versions = models.BigIntegerField(_("forgotten versions"), default=0)
    runs = models.BigIntegerField(_("runs whose answers were forgotten"), default=0)
    derived = models.JSONField(_("datasets made of it"), default=list, blank=True)

    class Meta:
        verbose_name = _("record erasure")
        verbose_name_plural = _("record erasures")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.dataset.slug} {self.asked_at:%Y-%m-%d %H:%M}"
