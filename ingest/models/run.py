"""Runs: one pull of one source for one slot. The row is the queue of record; who works on it and until when stands here."""

from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from ingest.models.source import Source


class Run(models.Model):
    """A run is taken by raising ``fence`` and setting a lease; only the holder of the latest fence may end it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        PUBLISHED = "published", _("published")
        UNCHANGED = "unchanged", _("nothing new")
        HELD = "held", _("held back")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Kind(models.TextChoices):
        PULL = "pull", _("pull")
        REPLAY = "replay", _("kept answers read again")
        BACKFILL = "backfill", _("a span of time made up for")
        REFUSED = "refused", _("refused records tried again")

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs", verbose_name=_("source"))
    slot = models.DateTimeField(_("slot"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PULL)
    of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="repetitions",
        verbose_name=_("run that is repeated"),
    )
    since = models.DateTimeField(_("since"), null=True, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(_("due"))
    hinted_at = models.DateTimeField(_("offered"), null=True, blank=True)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    lease_owner = models.CharField(_("worker"), max_length=100, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(_("asked to stop"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=20, blank=True)
    rows = models.BigIntegerField(_("rows received"), default=0)
    accepted = models.BigIntegerField(_("accepted records"), default=0)
    rejected = models.BigIntegerField(_("refused records"), default=0)
    pages = models.BigIntegerField(_("answers received"), default=0)
    received_bytes = models.BigIntegerField(_("bytes received"), default=0)
    raw_answers = models.JSONField(_("raw answers"), default=list, blank=True)
    rejected_digest = models.CharField(_("file of refused records"), max_length=64, blank=True)
    snapshot_digest = models.CharField(_("snapshot"), max_length=64, blank=True)
    drift = models.JSONField(_("changed columns"), default=dict, blank=True)
    position = models.JSONField(_("read up to"), default=dict, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_ko = models.TextField(_("what happened (Korean)"), blank=True)
    error_en = models.TextField(_("what happened (English)"), blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-due_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "slot"], name="one_run_a_slot")]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.source.slug} {localtime(self.slot):%Y-%m-%d %H:%M:%S}"

    @property
    def is_over(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)
