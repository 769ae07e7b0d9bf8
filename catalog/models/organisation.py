"""Organisations: who publishes data and answers for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import address, coded, string, text
from catalog.models.contact import ContactColumns
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.standard import Class
from catalog.text import Text

ON = Class.ORGANISATION


class Organisation(ContactColumns):
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    name_ko = models.CharField(_("name (Korean)"), max_length=500, blank=True)
    name_en = models.CharField(_("name (English)"), max_length=500, blank=True)
    type = coded("type", ON)
    description_ko = text("description", "ko", ON)
    description_en = text("description", "en", ON)
    code = string("code", ON)
    region = models.CharField(
        _("region code"), max_length=10, blank=True, help_text=_("Legal region code: 2, 5, 8 or 10 digits.")
    )
    homepage = address("homepage", ON)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name_ko"]

    def __str__(self) -> str:
        return self.name_ko or self.name_en

    @property
    def name(self) -> Text:
        return Text(ko=self.name_ko, en=self.name_en)
