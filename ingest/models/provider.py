"""Providers: whose keys allow so many calls a day; the sources of one provider share them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.slug import SLUG_LENGTH, check_slug


class Provider(models.Model):
    """``used`` counts the calls of ``used_on``, a day in Korea; on another day it is nothing."""

    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    title_ko = models.CharField(_("title (Korean)"), max_length=200)
    title_en = models.CharField(_("title (English)"), max_length=200, blank=True)
    daily_calls = models.PositiveIntegerField(
        _("calls a day"),
        null=True,
        blank=True,
        help_text=_("Empty: without a limit. Counted anew at midnight, Korean time."),
    )
    used = models.PositiveIntegerField(_("calls made"), default=0, editable=False)
    used_on = models.DateField(_("on the day"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title_ko
