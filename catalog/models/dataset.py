"""Datasets: a description by the metadata profile. Columns follow the fields of ``catalog/standard/profile.py``."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.address import AddressField
from catalog.models.labels import access_levels, definition, frequencies, label, themes
from catalog.models.organisation import Organisation
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.text import Text


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def current(self) -> "DatasetQuerySet":
        """Datasets that have not been withdrawn."""
        return self.filter(withdrawn_at=None)


class Dataset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="datasets", verbose_name=label("organisation")
    )
    title_ko = models.CharField(label("title", "ko"), max_length=200, help_text=definition("title"))
    title_en = models.CharField(label("title", "en"), max_length=200, blank=True)
    description_ko = models.TextField(label("description", "ko"), help_text=definition("description"))
    description_en = models.TextField(label("description", "en"), blank=True)
    theme = models.CharField(label("theme"), max_length=40, choices=themes, help_text=definition("theme"))
    keywords_ko = models.JSONField(label("keywords", "ko"), default=list, blank=True, help_text=definition("keywords"))
    keywords_en = models.JSONField(label("keywords", "en"), default=list, blank=True)
    frequency = models.CharField(
        label("frequency"), max_length=40, choices=frequencies, blank=True, help_text=definition("frequency")
    )
    region = models.CharField(label("region"), max_length=10, blank=True, help_text=definition("region"))
    temporal_start = models.DateField(_("temporal coverage from"), null=True, blank=True)
    temporal_end = models.DateField(_("temporal coverage to"), null=True, blank=True)
    contact_name_ko = models.CharField(_("contact office (Korean)"), max_length=200, blank=True)
    contact_name_en = models.CharField(_("contact office (English)"), max_length=200, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=50, blank=True)
    access_level = models.CharField(
        label("access_level"),
        max_length=20,
        choices=access_levels,
        default="public",
        help_text=definition("access_level"),
    )
    access_reason_ko = models.TextField(label("access_reason", "ko"), blank=True, help_text=definition("access_reason"))
    access_reason_en = models.TextField(label("access_reason", "en"), blank=True)
    landing_page = AddressField(label("landing_page"), blank=True, help_text=definition("landing_page"))
    search_title = models.TextField(editable=False, default="")
    search_text = models.TextField(editable=False, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")
        ordering = ["title_ko", "slug"]

    def __str__(self) -> str:
        return self.title_ko

    @property
    def title(self) -> Text:
        return Text(ko=self.title_ko, en=self.title_en)

    @property
    def description(self) -> Text:
        return Text(ko=self.description_ko, en=self.description_en)
