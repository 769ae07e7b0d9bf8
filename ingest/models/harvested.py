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

    By ``name_key`` (its permanent address, else what it goes by), ``links_key`` (download addresses) and ``content_key``
    (title, publisher, distributions) it is known again when its identifier changed, and found alike in other feeds.
    ``written`` has a short digest of each value that the feed wrote: what is no longer so is a steward's, and stays;
    ``kept_values`` are what the feed says instead. ``missing_since`` is when a reading did not find it; ``is_kept`` is a
    person's word that it stays all the same.
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
    name_key = models.CharField(max_length=32, blank=True, editable=False)
    links_key = models.CharField(max_length=32, blank=True, editable=False)
    content_key = models.CharField(max_length=32, blank=True, editable=False)
    written = models.JSONField(default=dict, blank=True, editable=False)
    kept_values = models.JSONField(_("what the feed says instead"), default=dict, blank=True, editable=False)
    taken_at = models.DateTimeField(_("last taken"))
    missing_since = models.DateTimeField(_("not told since"), null=True, blank=True)
    is_kept = models.BooleanField(_("kept although it is gone"), default=False)
    gone_at = models.DateTimeField(_("gone"), null=True, blank=True)

    class Meta:
        verbose_name = _("harvested description")
        verbose_name_plural = _("harvested descriptions")
        ordering = ["feed", "kind", "id"]
        constraints = [models.UniqueConstraint(fields=["feed", "kind", "key"], name="one_row_a_harvested_thing")]
        indexes = [  # the kind stands first in each, or SQLite would look through all rows of a kind
            models.Index(fields=["kind", "slug"]),
            models.Index(fields=["kind", "key"], name="harvested_by_key"),
            models.Index(fields=["kind", "name_key", "feed"], name="harvested_by_name"),
            models.Index(fields=["kind", "links_key", "feed"], name="harvested_by_links"),
            models.Index(fields=["kind", "content_key", "feed"], name="harvested_by_content"),
            models.Index(fields=["kind", "digest", "feed"], name="harvested_by_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.feed}: {self.identifier}"

    @property
    def content(self) -> Any:  # noqa: ANN401
        """Return the document as plain values."""
        return json.loads(self.document)
