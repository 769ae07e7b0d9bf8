"""The change feed: one entry per thing that happened to a dataset, in one order without gaps."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """One entry. It names the dataset by its slug and id, so that it outlives it."""

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        DESCRIBED = "described", _("described")
        SNAPSHOT_PUBLISHED = "snapshot-published", _("snapshot published")
        WITHDRAWN = "withdrawn", _("withdrawn")
        RESTORED = "restored", _("restored")

    sequence = models.BigIntegerField(_("sequence"), primary_key=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    dataset_id = models.UUIDField(_("dataset id"), db_index=True)
    dataset_slug = models.CharField(_("dataset"), max_length=100)
    organisation_slug = models.CharField(_("organisation"), max_length=100)
    snapshot_digest = models.CharField(_("snapshot"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.get_kind_display()} {self.dataset_slug}"


class FeedHead(models.Model):
    """The one row whose lock gives every change its number inside the writing transaction, so that readers miss none."""

    sequence = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("feed head")
        verbose_name_plural = _("feed heads")

    def __str__(self) -> str:
        return str(self.sequence)
