"""Data services: APIs that give access to datasets; the hub's own is not stored, it is known."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import address, coded, listed, text
from catalog.models.contact import ContactColumns
from catalog.models.labels import label
from catalog.models.organisation import Organisation
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.standard import Class
from catalog.text import Text

ON = Class.SERVICE


class DataService(ContactColumns):
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="services",
        verbose_name=label("organisation", "", ON),
    )
    title_ko = text("title", "ko", ON)
    title_en = text("title", "en", ON)
    endpoint_urls = listed("endpoint_urls", ON)
    endpoint_descriptions = listed("endpoint_descriptions", ON)
    description_ko = text("description", "ko", ON)
    description_en = text("description", "en", ON)
    keywords_ko = listed("keywords", ON, language="ko")
    keywords_en = listed("keywords", ON, language="en")
    theme = coded("theme", ON)
    serves = listed("serves", ON)
    conforms_to = listed("conforms_to", ON)
    access_level = coded("access_level", ON)
    licence = coded("licence", ON)
    formats = listed("formats", ON)
    landing_page = address("landing_page", ON)
    documentation = listed("documentation", ON)
    applicable_legislation = listed("applicable_legislation", ON)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("data service")
        verbose_name_plural = _("data services")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title_ko or self.title_en

    @property
    def title(self) -> Text:
        return Text(ko=self.title_ko, en=self.title_en)
