"""Alerts: what somebody has to be told of sources, feeds and peers, and the channels that it goes out by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Organisation
from catalog.text import Text
from ingest.models.feed import Feed
from ingest.models.hub import Hub
from ingest.models.run import Run
from ingest.models.source import Source


class Alert(models.Model):
    """What has happened to a source, a feed or a peer hub: to exactly one of them."""

    class Kind(models.TextChoices):
        FAILED = "failed", _("failed")
        HELD = "held", _("held back")
        RECOVERED = "recovered", _("well again")
        PAUSED = "paused", _("paused")

    source = models.ForeignKey(
        Source, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("source")
    )
    feed = models.ForeignKey(Feed, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("feed"))
    hub = models.ForeignKey(
        Hub, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("peer hub")
    )
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="alerts", verbose_name=_("run"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    text_ko = models.TextField(_("what happened (Korean)"))
    text_en = models.TextField(_("what happened (English)"))
    at = models.DateTimeField(_("moment"))

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__isnull=False, feed=None, hub=None)
                | models.Q(source=None, feed__isnull=False, hub=None)
                | models.Q(source=None, feed=None, hub__isnull=False),
                name="alert_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.about.slug}: {self.get_kind_display()}"

    @property
    def about(self) -> Source | Feed | Hub:
        """What it happened to."""
        about = self.source or self.feed or self.hub
        assert about is not None
        return about

    @property
    def text(self) -> Text:
        return Text(ko=self.text_ko, en=self.text_en)


class AlertChannel(models.Model):
    """Where alerts go: everything after ``delivered``, the last alert that went out, in one message at a time."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WEBHOOK = "webhook", _("webhook")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    address = models.CharField(_("address"), max_length=500, help_text=_("An e-mail address, or the URL of a webhook."))
    organisation = models.ForeignKey(
        Organisation,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="alert_channels",
        verbose_name=_("organisation"),
        help_text=_("Only of this organisation's sources; empty: of all."),
    )
    language = models.CharField(
        _("language"), max_length=2, choices=[("ko", _("Korean")), ("en", _("English"))], default="ko"
    )
    secret = models.CharField(
        _("secret"),
        max_length=200,
        blank=True,
        help_text=_("The name of a stored secret that webhooks are signed with."),
    )
    allow_private = models.BooleanField(_("private addresses allowed"), default=False)
    quiet_from = models.TimeField(
        _("quiet from"), null=True, blank=True, help_text=_("Korean time; what happens meanwhile is told afterwards.")
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    delivered = models.BigIntegerField(_("last alert delivered"), default=0, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("alert channel")
        verbose_name_plural = _("alert channels")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.address
