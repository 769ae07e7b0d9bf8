"""Distributions: the forms in which a dataset is had. At most one of a dataset holds records that this hub serves."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import address, coded, decimal, document, listed, string, text, whole
from catalog.models.dataset import Dataset
from catalog.standard import Class

ON = Class.DISTRIBUTION


class Distribution(models.Model):
    """A form of a dataset: with a ``schema`` the records that this hub serves, without one a link to somewhere else.

    What was published before ``erased_at`` may hold records that somebody had erased, and is kept no longer than it is current.
    """

    uid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="distributions", verbose_name=_("dataset"))
    position = models.PositiveIntegerField(_("position"), default=0)
    schema = models.JSONField(
        _("schema"), null=True, blank=True, help_text=_("The columns, as a Frictionless Table Schema.")
    )
    current_snapshot = models.ForeignKey(
        "catalog.Snapshot", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("current snapshot")
    )
    title_ko = text("title", "ko", ON)
    title_en = text("title", "en", ON)
    description_ko = text("description", "ko", ON)
    description_en = text("description", "en", ON)
    access_url = address("access_url", ON)
    download_url = address("download_url", ON)
    licence = coded("licence", ON)
    licence_url = address("licence_url", ON)
    rights_ko = text("rights", "ko", ON)
    rights_en = text("rights", "en", ON)
    format = coded("format", ON)
    media_type = string("media_type", ON)
    compress_format = string("compress_format", ON)
    package_format = string("package_format", ON)
    byte_size = whole("byte_size", ON)
    checksum = document("checksum", ON)
    availability = coded("availability", ON)
    status = coded("status", ON)
    languages = listed("languages", ON)
    conforms_to = listed("conforms_to", ON)
    crs = coded("crs", ON)
    encoding = string("encoding", ON)
    issued = string("issued", ON)
    modified = string("modified", ON)
    spatial_resolution = decimal("spatial_resolution", ON)
    temporal_resolution = string("temporal_resolution", ON)
    documentation = listed("documentation", ON)
    applicable_legislation = listed("applicable_legislation", ON)
    access_service = string("access_service", ON)
    policy = address("policy", ON)
    identifier = string("identifier", ON)
    media = string("media", ON)
    provision = string("provision", ON)
    api_type = coded("api_type", ON)
    quota = string("quota", ON)
    approval = coded("approval", ON)
    erased_at = models.DateTimeField(_("records erased"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("distribution")
        verbose_name_plural = _("distributions")
        ordering = ["dataset_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset"], condition=models.Q(schema__isnull=False), name="one_distribution_with_records"
            )
        ]

    def __str__(self) -> str:
        return str(self.dataset)
