"""Organisations: who publishes data and answers for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.address import AddressField
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.text import Text


class Organisation(models.Model):
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    name_ko = models.CharField(_("name (Korean)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    region = models.CharField(
        _("region code"), max_length=10, blank=True, help_text=_("Legal region code: 2, 5, 8 or 10 digits.")
    )
    homepage = AddressField(_("homepage"), blank=True)
    contact_name_ko = models.CharField(_("contact office (Korean)"), max_length=200, blank=True)
    contact_name_en = models.CharField(_("contact office (English)"), max_length=200, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=50, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name_ko"]

    def __str__(self) -> str:
        return self.name_ko

    @property
    def name(self) -> Text:
        return Text(ko=self.name_ko, en=self.name_en)
