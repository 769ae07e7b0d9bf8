"""Exports: the whole answer to a question, written into a file that is kept for a while."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.dataset import Dataset
from catalog.models.written_file import WrittenFile

KEPT_STATES = (WrittenFile.State.WAITING, WrittenFile.State.WORKING, WrittenFile.State.READY)


class Export(WrittenFile):
    """A question to one snapshot of a dataset, put by somebody; whoever knows ``uid`` may ask how far it is.

    ``caller`` tells callers apart and names nobody: a user's number, or a keyed digest of an address. ``question`` is a
    digest of what was asked, so that the same question of the same caller is the same export while this one is kept.
    """

    uid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="exports", verbose_name=_("dataset"))
    snapshot_digest = models.CharField(_("snapshot"), max_length=64)
    media_type = models.CharField(_("media type"), max_length=200)
    parameters = models.JSONField(_("parameters"), default=list, blank=True)  # [name, value] pairs, in order
    records_at_most = models.BigIntegerField(_("records at most"))
    question = models.CharField(_("digest of the question"), max_length=64)
    caller = models.CharField(_("caller"), max_length=64, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="exports",
        verbose_name=_("asked for by"),
    )
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "question"],
                condition=models.Q(state__in=KEPT_STATES),
                name="one_kept_export_a_question",
            )
        ]

    def __str__(self) -> str:
        return str(self.uid)
