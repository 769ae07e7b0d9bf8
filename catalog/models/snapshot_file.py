"""Whole-snapshot files: all records of a snapshot in one format, written once and served as they lie."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.snapshot import Snapshot
from catalog.models.written_file import WrittenFile


class SnapshotFile(WrittenFile):
    """A snapshot in a format. It can be written again at any time, so losing one costs nothing but that."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="files", verbose_name=_("snapshot"))

    class Meta:
        verbose_name = _("whole file")
        verbose_name_plural = _("whole files")
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "format"], name="one_file_a_snapshot_and_format")]

    def __str__(self) -> str:
        return f"{self.snapshot}.{self.format}"
