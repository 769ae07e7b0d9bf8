"""Dataset series: datasets that come out one by one and are read together."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import coded, day, listed, string, text
from catalog.models.contact import ContactColumns
from catalog.models.labels import label
from catalog.models.organisation import Organisation
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.standard import Class
from catalog.text import Text

ON = Class.SERIES


class Series(ContactColumns):
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="series",
        verbose_name=label("organisation", "", ON),
    )
    title_ko = text("title", "ko", ON)
    title_en = text("title", "en", ON)
    description_ko = text("description", "ko", ON)
    description_en = text("description", "en", ON)
    region = string("region", ON)
    frequency = coded("frequency", ON)
    temporal_start = day("temporal", ON)
    temporal_end = day("temporal", ON)
    issued = string("issued", ON)
    modified = string("modified", ON)
    applicable_legislation = listed("applicable_legislation", ON)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title_ko or self.title_en

    @property
    def title(self) -> Text:
        return Text(ko=self.title_ko, en=self.title_en)
