"""Grants: which organisation may read the records of a guarded dataset, for what, how long, and which columns of them."""

import datetime as dt

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from catalog.models.dataset import Dataset
from catalog.models.organisation import Organisation

SHORTEST_PURPOSE = 10


class GrantQuerySet(models.QuerySet["Grant"]):
    def valid(self, now: dt.datetime) -> "GrantQuerySet":
        """Narrow to the grants that open something at this moment."""
        return self.filter(revoked_at=None, valid_from__lte=now, valid_until__gt=now)


class Grant(models.Model):
    """What one organisation may read of one guarded dataset. It is never deleted and never changed, only revoked.

    ``holders`` are the persons of the organisation who may act on it. ``classes`` are codes of the vocabulary
    ``personal_data_class``: columns of a class that is not among them do not exist for the reader. ``records_from`` and
    ``records_until`` (exclusive) bound the records by their time column.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="grants", verbose_name=_("dataset"))
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="grants", verbose_name=_("organisation that may read")
    )
    holders = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="grants",
        verbose_name=_("persons who may act"),
        help_text=_("The persons of this organisation who may read; each with an account of their own."),
    )
    purpose = models.TextField(
        _("purpose of the grant"),
        validators=[MinLengthValidator(SHORTEST_PURPOSE)],
        help_text=_("What the records are read for; at least 10 characters."),
    )
    legal_basis = models.TextField(_("legal basis of the grant"), help_text=_("The law and article that allow it."))
    valid_from = models.DateTimeField(_("grant valid from"))
    valid_until = models.DateTimeField(_("grant valid until"))
    records_from = models.DateTimeField(
        _("records from"), null=True, blank=True, help_text=_("Empty: from the first record on.")
    )
    records_until = models.DateTimeField(
        _("records before"), null=True, blank=True, help_text=_("Empty: up to the latest record.")
    )
    classes = models.JSONField(
        _("granted classes of personal data"),
        default=list,
        blank=True,
        help_text=_("Columns of a class that is not chosen do not exist for the reader."),
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="granted_grants",
        verbose_name=_("granted by"),
        editable=False,
    )
    created_at = models.DateTimeField(_("granted on"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("grant revoked"), null=True, blank=True, editable=False)
    revoked_because = models.TextField(_("reason of the revocation"), blank=True, editable=False)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("valid_from")),
                name="grant_ends_after_it_begins",
                violation_error_message=_("A grant must end after it begins."),
            ),
            models.CheckConstraint(
                condition=models.Q(records_from=None)
                | models.Q(records_until=None)
                | models.Q(records_until__gt=models.F("records_from")),
                name="granted_records_end_after_they_begin",
                violation_error_message=_("The period of the records must end after it begins."),
            ),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length("purpose"), SHORTEST_PURPOSE),
                name="grant_tells_its_purpose",
                violation_error_message=_("Tell the purpose in at least 10 characters."),
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None) | ~models.Q(revoked_because=""),
                name="revoked_for_a_reason",
                violation_error_message=_("Tell why the grant is revoked."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.organisation} → {self.dataset}"
