"""Occurrences: the emergencies that platforms told of, each put together from its messages."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset
from ingest.models.platform import Platform


class Occurrence(models.Model):
    """One occurrence, by (event_id, sender, number).

    ``facts`` holds, for each thing told, its latest value with the moment and status that it was told for, so that the
    order in which messages arrive does not matter (``ingest/platform/occurrences.py``). ``dataset`` is where the rule of
    its kind sends it. Once ``erased_at`` is set, nothing personal is left in the facts, nor taken in any more.
    """

    platform = models.ForeignKey(Platform, models.CASCADE, related_name="occurrences", verbose_name=_("platform"))
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="occurrences", verbose_name=_("dataset"))
    event_id = models.CharField(_("kind of event"), max_length=100)
    sender = models.CharField(_("sender code"), max_length=100)
    number = models.CharField(_("occurrence number"), max_length=100)
    status = models.CharField(_("status"), max_length=10)
    occurred_at = models.DateTimeField(_("occurred"), null=True, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    first_message_at = models.DateTimeField(_("first message"))
    last_message_at = models.DateTimeField(_("last message"))
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "event_id", "sender", "number"], name="one_row_an_occurrence")
        ]
        indexes = [
            models.Index(fields=["dataset", "event_id", "sender", "number"]),
            models.Index(fields=["platform", "last_message_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.sender} {self.number}"
