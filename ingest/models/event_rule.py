"""Mapping rules: what becomes of a kind of event that a platform tells of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset
from catalog.models.labels import concept_choices
from ingest.models.platform import Platform


def linked_services() -> list[tuple[str, str]]:
    return concept_choices("linked_service")


class EventRule(models.Model):
    """A rule for the events whose kind and detail code fit; ``*`` stands for the rest of a text.

    Of several that fit, one of the platform itself comes before one of all platforms, then the longer kind, then the
    longer detail. ``attributes``: item key of the message → {"column", "type", "observed_at"}.
    """

    platform = models.ForeignKey(
        Platform,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="rules",
        verbose_name=_("platform"),
        help_text=_("Empty: for all platforms."),
    )
    event_id = models.CharField(_("kind of event"), max_length=100, help_text=_("evtId, such as 112UC001 or 112*."))
    detail_code = models.CharField(
        _("detail code"), max_length=100, default="*", help_text=_("ocrEvtDtlCd; * for any.")
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    service = models.CharField(_("linked service"), max_length=50, blank=True, choices=linked_services)
    dataset = models.ForeignKey(
        Dataset,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="event_rules",
        verbose_name=_("dataset"),
        help_text=_("A guarded dataset that takes these events; empty: the platform's own."),
    )
    attributes = models.JSONField(
        _("items"),
        default=dict,
        blank=True,
        help_text=_(
            'Items of the message and their columns: {"IMAGE_URL": {"column": "image_url", "type": "string"}}.'
        ),
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("event rule")
        verbose_name_plural = _("event rules")
        ordering = ["event_id", "detail_code", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "event_id", "detail_code"], name="one_rule_a_kind_and_platform"
            ),
            models.UniqueConstraint(
                fields=["event_id", "detail_code"], condition=models.Q(platform=None), name="one_rule_a_kind_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} / {self.detail_code}"
