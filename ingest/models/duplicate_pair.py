"""Pairs of datasets that may be one and the same, told by two catalogues; a person says whether they are."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset


class DuplicatePair(models.Model):
    """Two datasets, in the order of their ids, and what makes them alike.

    ``same`` withdraws the one that is not ``canonical``, and it stays withdrawn whatever its
    feed tells; ``different`` is never asked again.
    """

    class Reason(models.TextChoices):
        IDENTIFIER = "identifier", _("the same identifier")
        URI = "uri", _("the same permanent address")
        CONTENT = "content", _("the same title, publisher and files")

    class State(models.TextChoices):
        OPEN = "open", _("not decided")
        SAME = "same", _("the same")
        DIFFERENT = "different", _("different")

    first = models.ForeignKey(Dataset, models.CASCADE, related_name="+", verbose_name=_("first dataset"))
    second = models.ForeignKey(Dataset, models.CASCADE, related_name="+", verbose_name=_("second dataset"))
    reason = models.CharField(_("what is alike"), max_length=12, choices=Reason.choices)
    state = models.CharField(_("decision"), max_length=10, choices=State.choices, default=State.OPEN)
    canonical = models.ForeignKey(
        Dataset, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("the one that stays")
    )
    found_at = models.DateTimeField(_("found"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("pair of like datasets")
        verbose_name_plural = _("pairs of like datasets")
        ordering = ["-found_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_row_a_pair"),
            models.CheckConstraint(condition=~Q(first=F("second")), name="a_pair_is_of_two"),
        ]
        indexes = [models.Index(fields=["state", "-found_at"])]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"
