"""Peers: the hubs that this one reads from, or that may read more than the public from this one."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.slug import SLUG_LENGTH, check_slug
from ingest.models.hub_identity import HubIdentity


def public_only() -> list[str]:
    return ["public"]


class Hub(models.Model):
    """A peer. ``cursor`` says up to where its entries have been taken; ``fence`` and ``lease_until`` who may take them now."""

    class Takes(models.TextChoices):
        RECORDS = "records", _("descriptions and records")
        DESCRIPTIONS = "descriptions", _("descriptions only")

    class Closed(models.TextChoices):
        WITHDRAW = "withdraw", _("withdraw them here too")
        KEEP = "keep", _("keep them as they were last")

    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    title = models.CharField(_("name"), max_length=200, blank=True)
    address = models.CharField(
        _("address"), max_length=2000, help_text=_("Where its pages begin, such as https://data.hanbit.example.")
    )
    identity = models.ForeignKey(
        HubIdentity, models.PROTECT, null=True, blank=True, editable=False, related_name="peers", verbose_name=_("hub")
    )
    fingerprint = models.CharField(
        _("fingerprint of its key"),
        max_length=64,
        blank=True,
        help_text=_("As its operator tells it; empty: the key that it shows at the first contact is believed."),
    )
    reads = models.BooleanField(_("read from it"), default=True)
    takes = models.CharField(_("what is taken"), max_length=12, choices=Takes, default=Takes.RECORDS)
    organisations = models.JSONField(_("only of these organisations"), default=list, blank=True)
    themes = models.JSONField(_("only on these themes"), default=list, blank=True)
    regions = models.JSONField(_("only of these regions"), default=list, blank=True)
    data_models = models.JSONField(_("only of these data models"), default=list, blank=True)
    closed = models.CharField(
        _("datasets that it closes to this hub"), max_length=10, choices=Closed, default=Closed.WITHDRAW
    )
    levels = models.JSONField(
        _("access levels that it may read here"),
        default=public_only,
        blank=True,
        help_text=_("It is known by its key. Guarded datasets never leave this hub."),
    )
    schedule = models.CharField(
        _("schedule"),
        max_length=100,
        blank=True,
        default="every 10 minutes",
        help_text=_(
            "In words (every 10 minutes, hourly, daily) or five cron fields, Korean time; empty: only by hand."
        ),
    )
    allow_private = models.BooleanField(_("private addresses allowed"), default=False)
    ca_certificates = models.TextField(_("certificate authorities"), blank=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    paused_because = models.CharField(_("why it is paused"), max_length=500, blank=True, editable=False)
    cursor = models.CharField(max_length=200, blank=True, editable=False)
    verified_root = models.CharField(max_length=64, blank=True, editable=False)
    next_at = models.DateTimeField(_("next time"), null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.BigIntegerField(default=0, editable=False)
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    verified_at = models.DateTimeField(_("last compared"), null=True, blank=True, editable=False)
    differences = models.PositiveIntegerField(_("differences"), null=True, blank=True, editable=False)
    behind = models.BigIntegerField(_("entries behind"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("peer hub")
        verbose_name_plural = _("peer hubs")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title or self.slug


class HubSync(models.Model):
    """One reading of a peer: what it took, moved and refused, and how it ended."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("finished")
        FAILED = "failed", _("failed")

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="syncs", verbose_name=_("peer hub"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    problems = models.JSONField(_("problems"), default=list)

    class Meta:
        verbose_name = _("reading of a peer")
        verbose_name_plural = _("readings of peers")
        ordering = ["-started_at", "-id"]

    def __str__(self) -> str:
        return f"{self.hub} {self.started_at:%Y-%m-%d %H:%M}"
