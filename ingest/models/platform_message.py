"""Messages of integrated platforms, as they came, and what became of each."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.text import Text
from ingest.models.platform import Platform


class PlatformMessage(models.Model):
    """A message: ``raw`` is the body as it was received, ``correction`` what a steward put in its place.

    ``sender``, ``event_id`` and ``number`` identify the occurrence that it tells of, once it could be read.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("not processed")
        PROCESSED = "processed", _("processed")
        DUPLICATE = "duplicate", _("received before")
        PARTS_MISSING = "parts-missing", _("parts missing")
        UNREADABLE = "unreadable", _("cannot be read")
        UNDECIPHERABLE = "undecipherable", _("cannot be decrypted")
        NO_RULE = "no-rule", _("no mapping rule")
        HUB_ERROR = "hub-error", _("fault of the hub")
        SET_ASIDE = "set-aside", _("set aside")

    platform = models.ForeignKey(Platform, models.CASCADE, related_name="messages", verbose_name=_("platform"))
    received_at = models.DateTimeField(_("received"))
    digest = models.CharField("SHA-256", max_length=64)
    content_type = models.CharField(_("content type"), max_length=200, blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    raw = models.BinaryField(_("content"))
    correction = models.BinaryField(_("correction"), null=True, blank=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("corrected by"),
    )
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.WAITING)
    code = models.CharField(_("code"), max_length=10, blank=True)
    reason_ko = models.TextField(_("what happened (Korean)"), blank=True)
    reason_en = models.TextField(_("what happened (English)"), blank=True)
    warnings = models.JSONField(_("what was odd"), default=list, blank=True)
    sender = models.CharField(_("sender code"), max_length=100, blank=True)
    event_id = models.CharField(_("kind of event"), max_length=100, blank=True)
    number = models.CharField(_("occurrence number"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=10, blank=True)
    bundle = models.CharField(_("message of several parts"), max_length=64, blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("platform message")
        verbose_name_plural = _("platform messages")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["platform", "state", "id"]),
            models.Index(fields=["platform", "digest"]),
            models.Index(fields=["platform", "received_at"]),
            models.Index(fields=["platform", "sender", "event_id", "number"]),
            models.Index(fields=["platform", "bundle"], condition=~models.Q(bundle=""), name="parts_of_a_message"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.event_id or '-'} {self.number or '-'}"

    @property
    def reason(self) -> Text:
        return Text(ko=self.reason_ko, en=self.reason_en)

    @property
    def content(self) -> bytes:
        """Return what is read: the correction where there is one."""
        return bytes(self.raw if self.correction is None else self.correction)
