"""The change feed: one entry per thing that happened to a dataset, in one order without gaps."""

import time

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import LONGEST_CODE


def now_in_milliseconds() -> int:
    return time.time_ns() // 1_000_000


class Change(models.Model):
    """One entry. It names the dataset by its slug and id, so that it outlives it, and keeps what followers choose by.

    ``access_level``, ``theme``, ``region`` and ``data_model`` are those of the dataset at that moment: where one of them
    changes, an entry with the old ones comes before, so that who follows those is told that it has left. ``digest`` is
    SHA-256 over the digest of the entry before and this one: an altered or lost entry breaks the chain.
    """

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        DESCRIBED = "described", _("described")
        SNAPSHOT_PUBLISHED = "snapshot-published", _("snapshot published")
        WITHDRAWN = "withdrawn", _("withdrawn")
        RESTORED = "restored", _("restored")
        ERASED = "records-erased", _("records erased")

    sequence = models.BigIntegerField(_("sequence"), primary_key=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    dataset_id = models.UUIDField(_("dataset id"))
    dataset_slug = models.CharField(_("dataset"), max_length=100)
    organisation_slug = models.CharField(_("organisation"), max_length=100)
    access_level = models.CharField(
        _("access level"), max_length=LONGEST_CODE, db_default="", default="", editable=False
    )
    theme = models.CharField(_("theme"), max_length=LONGEST_CODE, db_default="", default="", editable=False)
    region = models.CharField(_("region"), max_length=10, db_default="", default="", editable=False)
    data_model = models.CharField(_("data model"), max_length=LONGEST_CODE, db_default="", default="", editable=False)
    snapshot_digest = models.CharField(_("snapshot"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"))
    digest = models.CharField(_("digest"), max_length=64, db_default="", default="", editable=False)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["sequence"]
        indexes = [models.Index(fields=["dataset_id", "sequence"], name="change_of_a_dataset")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.get_kind_display()} {self.dataset_slug}"


class FeedHead(models.Model):
    """The one row whose lock gives every change its number inside the writing transaction, so that readers miss none."""

    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, db_default="", default="")  # of the last entry
    epoch = models.BigIntegerField(default=now_in_milliseconds)  # begins anew when a backup has been restored

    class Meta:
        verbose_name = _("feed head")
        verbose_name_plural = _("feed heads")

    def __str__(self) -> str:
        return str(self.sequence)
