"""Readings of a feed: what each did, and what it asks a person."""

from django.conf import settings
from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from ingest.models.feed import Feed


class FeedReading(models.Model):
    """One reading. ``held`` counts datasets that it did not find and left alone; ``decision`` is what a person said to that.

    ``announced`` is how many datasets the source said there are. ``examples`` show some of each kind of what was, or of
    a preview would be, done.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("completed")
        UNCHANGED = "unchanged", _("nothing new")
        HELD = "held", _("waits for a decision")
        INCOMPLETE = "incomplete", _("broken off")
        FAILED = "failed", _("failed")
        LOST = "lost", _("worker lost")

    class Kind(models.TextChoices):
        READ = "read", _("regular reading")
        PREVIEW = "preview", _("preview")
        RETRY = "retry", _("failed ones tried again")
        DECISION = "decision", _("decision carried out")

    class Doubt(models.TextChoices):
        EMPTY = "empty", _("nothing was told")
        SHRUNKEN = "shrunken", _("many fewer than before")
        MISCOUNTED = "miscounted", _("fewer than announced")

    class Decision(models.TextChoices):
        ACCEPTED = "accepted", _("withdrawn")
        REFUSED = "refused", _("kept")
        SETTLED = "settled", _("settled by a later reading")

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="readings", verbose_name=_("feed"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.READ)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    announced = models.PositiveIntegerField(_("announced"), null=True, blank=True)
    total = models.PositiveIntegerField(_("datasets"), default=0)
    known = models.PositiveIntegerField(_("known before"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    deleted = models.PositiveIntegerField(_("withdrawn"), default=0)
    restored = models.PositiveIntegerField(_("restored"), default=0)
    matched = models.PositiveIntegerField(_("known again by content"), default=0)
    refused = models.PositiveIntegerField(_("could not be taken"), default=0)
    duplicates = models.PositiveIntegerField(_("told twice"), default=0)
    left_out = models.PositiveIntegerField(_("not selected"), default=0)
    kept = models.PositiveIntegerField(_("with values of ours kept"), default=0)
    held = models.PositiveIntegerField(_("gone, waiting for a decision"), default=0)
    doubt = models.CharField(_("why it waits"), max_length=12, choices=Doubt.choices, blank=True)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    examples = models.JSONField(_("examples"), default=dict, blank=True)
    findings = models.JSONField(_("remarks"), default=list, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_ko = models.TextField(_("what happened (Korean)"), blank=True)
    error_en = models.TextField(_("what happened (English)"), blank=True)

    class Meta:
        verbose_name = _("reading of a feed")
        verbose_name_plural = _("readings of feeds")
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["feed", "-started_at"])]

    def __str__(self) -> str:
        return f"{self.feed.slug} {localtime(self.started_at):%Y-%m-%d %H:%M:%S}"

    @property
    def waits(self) -> bool:
        """Say whether a person is still to decide what becomes of the datasets that were not found."""
        return self.state == self.State.HELD and not self.decision
