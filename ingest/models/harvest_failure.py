"""Records of a feed that could not be taken: each with its cause, what came, and how to mend it."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingest.models.feed import Feed
from ingest.models.harvested import Harvested


class HarvestFailure(models.Model):
    """A record that a feed told and that could not be taken; the row goes when it is taken, or told no more.

    ``code`` is a row of ``ingest/harvest/causes.py``. ``raw`` is the record as it came, ``entry`` what was read of it, from
    which it is tried again. ``candidates`` are the rows (``Harvested``) that it may be, when a person has to say which.
    """

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="failed_records", verbose_name=_("feed"))
    kind = models.CharField(_("kind"), max_length=12, choices=Harvested.Kind.choices, default=Harvested.Kind.DATASET)
    key = models.CharField(_("key"), max_length=64)
    identifier = models.TextField(_("identifier elsewhere"))
    code = models.CharField(_("cause"), max_length=40)
    field = models.CharField(_("field"), max_length=200, blank=True)
    text_ko = models.TextField(_("what was wrong (Korean)"))
    text_en = models.TextField(_("what was wrong (English)"))
    raw = models.TextField(_("as it came"))
    entry: "models.JSONField[Any]" = models.JSONField(_("what was read"), default=dict)
    candidates = models.JSONField(_("what it may be"), default=list, blank=True)
    first_at = models.DateTimeField(_("first failed"))
    last_at = models.DateTimeField(_("last failed"))
    count = models.PositiveIntegerField(_("times"), default=1)

    class Meta:
        verbose_name = _("record that was not taken")
        verbose_name_plural = _("records that were not taken")
        ordering = ["feed", "code", "id"]
        constraints = [models.UniqueConstraint(fields=["feed", "kind", "key"], name="one_row_a_failed_record")]
        indexes = [models.Index(fields=["feed", "code"])]

    def __str__(self) -> str:
        return f"{self.feed.slug}: {self.identifier}"
