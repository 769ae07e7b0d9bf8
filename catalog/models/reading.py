"""Readings: the log of who read records of guarded datasets, when, on which grant, and why."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.dataset import Dataset
from catalog.models.grant import Grant
from catalog.models.organisation import Organisation


class Reading(models.Model):
    """One reading, or one try that was refused. It is written before the first byte leaves and finished afterwards.

    ``user_name`` stays when the account is gone. One that is still ``begun`` has not told its end: it is being given, or
    the process was killed while it was. ``records`` is how many were given, None where nothing was.
    """

    class Status(models.TextChoices):
        BEGUN = "begun", _("begun")
        GIVEN = "given", _("given")
        REFUSED = "refused", _("refused")
        BROKEN_OFF = "broken-off", _("broken off")

    at = models.DateTimeField(_("moment"), db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="readings",
        verbose_name=_("user"),
    )
    user_name = models.CharField(_("user name"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="readings",
        verbose_name=_("organisation that read"),
    )
    grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, blank=True, related_name="readings", verbose_name=_("grant")
    )
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="readings", verbose_name=_("dataset"))
    purpose = models.TextField(_("stated purpose"), blank=True)
    question = models.TextField(_("question"), blank=True)
    snapshot_digest = models.CharField(_("digest"), max_length=64, blank=True)
    format = models.CharField(_("format"), max_length=30, blank=True)
    address = models.CharField(_("caller's address"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.BEGUN)
    reason = models.CharField(_("reason of the refusal"), max_length=60, blank=True)
    records = models.BigIntegerField(_("records given"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering = ["-id"]
        indexes = [models.Index(fields=["dataset", "at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_name} {self.status}"
