"""Keys to the API: who holds one, how much it may ask, and how much it asked day by day. The key itself is not kept."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self, now: dt.datetime) -> "ApiKeyQuerySet":
        """Narrow to the keys that open something: not revoked, not expired, and their holder still has an account."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at=None, holder__is_active=True)


class ApiKey(models.Model):
    """A key of one holder. Who has it may do what the holder may; ``prefix`` is how people tell keys apart."""

    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys", verbose_name=_("holder")
    )
    label = models.CharField(
        _("purpose"), max_length=200, help_text=_("What the key is used for, such as the name of a service.")
    )
    prefix = models.CharField(_("beginning of the key"), max_length=16)
    digest = models.CharField("SHA-256", max_length=64, unique=True)
    created_at = models.DateTimeField(_("issued"), auto_now_add=True)
    expires_at = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Empty: until it is revoked.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_on = models.DateField(_("last used"), null=True, blank=True)
    per_minute = models.PositiveIntegerField(
        _("requests a minute"), null=True, blank=True, help_text=_("Empty: as for all keys. 0: without a limit.")
    )
    per_day = models.PositiveIntegerField(
        _("requests a day"), null=True, blank=True, help_text=_("Empty: as for all keys. 0: without a limit.")
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.label})"


class ApiUse(models.Model):
    """What a key asked on a day (Korean time): requests that were answered, and those refused as too many."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="uses", verbose_name=_("API key"))
    day = models.DateField(_("day"))
    requests = models.PositiveBigIntegerField(_("requests answered"), default=0)
    refused = models.PositiveBigIntegerField(_("requests refused"), default=0)

    class Meta:
        verbose_name = _("use of a key")
        verbose_name_plural = _("use of keys")
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="one_use_a_key_and_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.requests}"
