"""Distributions: the form in which a dataset's records are had, with their schema and the current snapshot."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.dataset import Dataset
from catalog.models.labels import definition, label, licences


class Distribution(models.Model):
    dataset = models.OneToOneField(Dataset, models.CASCADE, related_name="distribution", verbose_name=_("dataset"))
    licence = models.CharField(label("licence"), max_length=40, choices=licences, help_text=definition("licence"))
    schema = models.JSONField(_("schema"), help_text=_("The columns, as a Frictionless Table Schema."))
    current_snapshot = models.ForeignKey(
        "catalog.Snapshot", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("current snapshot")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("distribution")
        verbose_name_plural = _("distributions")

    def __str__(self) -> str:
        return str(self.dataset)
