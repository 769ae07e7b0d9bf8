"""What a feed has brought: one row for each thing of another catalogue, with the document that it came as."""

import json
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset
from catalog.models.slug import SLUG_LENGTH


class Harvested(models.Model):
    """One thing that a feed told: the dataset (or organisation, series, service) that it became here, and its document.

    ``identifier`` is what the other side knows it by, ``key`` the digest of that, which any database can index. ``digest`` is
    that of the document in canonical JSON. Nothing is ever deleted: what the feed tells no more has ``gone_at``.
    """

    class Kind(models.TextChoices):
        DATASET = "dataset", _("dataset")
        ORGANISATION = "organisation", _("organisation")
        SERIES = "series", _("series")
        SERVICE = "service", _("service")

    feed = models.CharField(_("feed"), max_length=SLUG_LENGTH)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.DATASET)
    key = models.CharField(_("key"), max_length=64)
    identifier = models.TextField(_("identifier elsewhere"))
    slug = models.CharField(_("identifier"), max_length=SLUG_LENGTH)
    dataset = models.ForeignKey(
        Dataset, models.PROTECT, null=True, blank=True, related_name="harvested", verbose_name=_("dataset")
    )
    digest = models.CharField(_("digest"), max_length=64)
    document = models.TextField(_("document"), help_text=_("As the feed told it, in canonical JSON."))
    seen_at = models.DateTimeField(_("last seen"))
    gone_at = models.DateTimeField(_("gone"), null=True, blank=True)

    class Meta:
        verbose_name = _("harvested description")
        verbose_name_plural = _("harvested descriptions")
        ordering = ["feed", "kind", "id"]
        constraints = [models.UniqueConstraint(fields=["feed", "kind", "key"], name="one_row_a_harvested_thing")]
        indexes = [models.Index(fields=["kind", "slug"])]

    def __str__(self) -> str:
        return f"{self.feed}: {self.identifier}"

    @property
    def content(self) -> Any:  # noqa: ANN401
        """Return the document as plain values."""
        return json.loads(self.document)
