"""Feeds: other catalogues that are read again and again, how and when, and who is reading one at this moment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.slug import SLUG_LENGTH, check_slug


class Feed(models.Model):
    """Another catalogue under a name of ours; ``ingest/harvest/`` reads it.

    A feed is read by whoever raised ``fence`` and holds the lease: each batch of a reading asks for the fence in its own
    transaction, so that one who was taken over writes nothing more. ``validators`` are the headers by which a server says
    that its answer is still the same. ``local_fields`` are never taken from the feed once a dataset is there.
    """

    class Level(models.TextChoices):
        PUBLIC = "public", _("public")
        REGISTERED = "registered", _("registered")
        RESTRICTED = "restricted", _("restricted")
        NON_PUBLIC = "non-public", _("non-public")

    class Wish(models.TextChoices):
        READ = "read", _("read now")
        PREVIEW = "preview", _("preview")

    slug = models.SlugField(_("name"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    title = models.CharField(_("title"), max_length=300, blank=True)
    format = models.CharField(_("format"), max_length=20, default="data-json")
    location = models.CharField(_("address"), max_length=2000, blank=True)
    selection = models.JSONField(
        _("selection"),
        default=dict,
        blank=True,
        help_text=_(
            'Which datasets are taken, by field: {"organisation": ["city-a"], "not": {"theme": ["transport"]}}; empty: all.'
        ),
    )
    access_level = models.CharField(
        _("access level without one"),
        max_length=12,
        choices=Level.choices,
        default=Level.RESTRICTED,
        help_text=_("Of datasets that do not say whether they are open."),
    )
    local_fields = models.JSONField(
        _("fields of ours"),
        default=list,
        blank=True,
        help_text=_("Names of fields that the feed never overwrites once the dataset is here."),
    )
    schedule = models.CharField(
        _("schedule"),
        max_length=100,
        blank=True,
        help_text=_(
            "In words (every 10 minutes, hourly, daily) or five cron fields, Korean time; empty: only by hand."
        ),
    )
    allow_private = models.BooleanField(_("private addresses allowed"), default=False)
    ca_certificates = models.TextField(_("certificate authorities"), blank=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    paused_because = models.CharField(_("why it is paused"), max_length=500, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    backs_off_until = models.DateTimeField(_("not read until"), null=True, blank=True, editable=False)
    next_at = models.DateTimeField(_("next reading"), null=True, blank=True, editable=False)
    wish = models.CharField(_("asked for"), max_length=10, choices=Wish.choices, blank=True, editable=False)
    validators = models.JSONField(_("what the server knows its answer by"), default=dict, blank=True, editable=False)
    fence = models.PositiveIntegerField(_("fence"), default=0, editable=False)
    lease_owner = models.CharField(_("worker"), max_length=100, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title or self.slug
