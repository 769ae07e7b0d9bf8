"""What files written off the request path have in common: who is writing, how far it is, and what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WrittenFile(models.Model):
    """A file that is wanted, being written, or there. ``digest`` is its name in the store, ``records`` and ``size`` so far.

    ``fence`` rises each time that a worker takes it; the one whose number stands here may end it, until ``lease_until``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        WORKING = "working", _("being written")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING, db_index=True)
    format = models.CharField(_("format"), max_length=20)
    records = models.BigIntegerField(_("records written"), default=0)
    size = models.BigIntegerField(_("bytes"), default=0)
    digest = models.CharField(_("SHA-256"), max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField(_("asked for"))
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    error_code = models.CharField(_("error"), max_length=50, blank=True)
    error_ko = models.TextField(_("error in Korean"), blank=True)
    error_en = models.TextField(_("error in English"), blank=True)

    class Meta:
        abstract = True
