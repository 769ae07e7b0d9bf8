"""Sources: where a distribution's records come from, how and when they are pulled, and what is expected of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Distribution
from catalog.models.slug import SLUG_LENGTH, check_slug
from ingest.models.provider import Provider


class Source(models.Model):
    class Mode(models.TextChoices):
        REPLACE = "replace", _("replace everything")
        APPEND = "append", _("append")
        UPSERT = "upsert", _("update by key")

    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    distribution = models.ForeignKey(Distribution, models.CASCADE, related_name="sources", verbose_name=_("dataset"))
    connector = models.CharField(_("connector"), max_length=40)
    config = models.JSONField(
        _("configuration"), default=dict, help_text=_('Secrets are named, not written: {"env": "NAME_OF_VARIABLE"}.')
    )
    provider = models.ForeignKey(
        Provider,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
        verbose_name=_("provider"),
        help_text=_("Whose daily number of calls this source shares with others."),
    )
    host = models.CharField(_("host"), max_length=255, blank=True, editable=False)
    mode = models.CharField(_("load mode"), max_length=10, choices=Mode.choices, default=Mode.REPLACE)
    schedule = models.CharField(
        _("schedule"),
        max_length=100,
        blank=True,
        help_text=_(
            "In words (every 10 minutes, hourly, daily) or five cron fields, Korean time; empty: only by hand."
        ),
    )
    expectations = models.JSONField(_("expectations"), default=dict, blank=True)
    ignored_columns = models.JSONField(_("ignored columns"), default=list, blank=True)
    known_columns = models.JSONField(_("columns seen before"), default=list, blank=True, editable=False)
    personal_data = models.JSONField(
        _("decisions on personal data"),
        default=dict,
        blank=True,
        help_text=_("What becomes of a column in which personal data was found: mask, drop, restrict or publish."),
    )
    release = models.DateTimeField(
        _("release"),
        null=True,
        blank=True,
        help_text=_("A fixed release that this source holds; the latest release is current."),
    )
    allow_private = models.BooleanField(_("private addresses allowed"), default=False)
    ca_certificates = models.TextField(
        _("certificate authorities"),
        blank=True,
        help_text=_(
            "PEM certificates that are trusted for this source beside the system's, as the administrative network has."
        ),
    )
    raw_days = models.PositiveIntegerField(_("days to keep raw answers"), default=7)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    paused_because = models.CharField(_("why it is paused"), max_length=500, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    backs_off_until = models.DateTimeField(_("not pulled until"), null=True, blank=True, editable=False)
    position = models.JSONField(_("read up to"), default=dict, blank=True, editable=False)
    next_at = models.DateTimeField(_("next pull"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug
