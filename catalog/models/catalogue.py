"""The catalogue itself: one row that says whose hub this is."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import address, coded, day, listed, string, text
from catalog.models.labels import label
from catalog.models.organisation import Organisation
from catalog.standard import Class

ON = Class.CATALOGUE


class Catalogue(models.Model):
    """The description of this hub; there is at most one row, with the key 1."""

    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=label("organisation", "", ON),
    )
    title_ko = text("title", "ko", ON)
    title_en = text("title", "en", ON)
    description_ko = text("description", "ko", ON)
    description_en = text("description", "en", ON)
    homepage = address("homepage", ON)
    languages = listed("languages", ON)
    licence = coded("licence", ON)
    region = string("region", ON)
    issued = string("issued", ON)
    modified = string("modified", ON)
    theme_taxonomies = listed("theme_taxonomies", ON)
    rights_ko = text("rights", "ko", ON)
    rights_en = text("rights", "en", ON)
    temporal_start = day("temporal", ON)
    temporal_end = day("temporal", ON)
    creators = listed("creators", ON)
    catalogues = listed("catalogues", ON)
    parts = listed("parts", ON)
    applicable_legislation = listed("applicable_legislation", ON)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("catalogue")
        verbose_name_plural = _("catalogues")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_catalogue")]

    def __str__(self) -> str:
        return self.title_ko or self.title_en
