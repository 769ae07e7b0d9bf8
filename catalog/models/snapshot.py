"""Snapshots: immutable versions of a distribution's records, and the parts they are made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.distribution import Distribution
from catalog.records import Manifest, Part, from_table_schema


class Snapshot(models.Model):
    """One published version. ``valid_at``: the release that it holds; the latest release is the current snapshot.

    ``version`` counts the snapshots that became the current one, from 0, and is never given twice; a release that came
    late was never the current one and has none.
    """

    distribution = models.ForeignKey(
        Distribution, models.CASCADE, related_name="snapshots", verbose_name=_("distribution")
    )
    version = models.PositiveIntegerField(_("version"), null=True, editable=False)
    digest = models.CharField(_("digest"), max_length=64, db_index=True)
    records = models.BigIntegerField(_("records"))
    rejected = models.BigIntegerField(_("refused records"), default=0)
    schema = models.JSONField(_("schema"))
    valid_at = models.DateTimeField(_("release"))
    csv_size = models.BigIntegerField(_("bytes as CSV"), null=True, blank=True)  # estimated beyond 10,000 records
    published_at = models.DateTimeField(_("published"))
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True)
    findings = models.JSONField(_("findings"), default=list, blank=True)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-published_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["distribution", "version"], name="one_snapshot_a_version")]

    def __str__(self) -> str:
        return self.digest[:12]

    @property
    def manifest(self) -> Manifest:
        """Return the snapshot as the value that questions are put to."""
        return Manifest(
            schema=from_table_schema(self.schema),
            parts=tuple(part.as_value for part in self.parts.all()),
            records=self.records,
        )


class SnapshotPart(models.Model):
    """One file of a snapshot, in order; files are shared by all snapshots that name their digest."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="parts", verbose_name=_("snapshot"))
    position = models.PositiveIntegerField(_("position"))
    digest = models.CharField(_("digest"), max_length=64, db_index=True)
    rows = models.BigIntegerField(_("rows"))
    size = models.BigIntegerField(_("bytes"))
    hides = models.BooleanField(_("replaces earlier keys"), default=False)
    ranges = models.JSONField(_("ranges"), default=dict)
    box = models.JSONField(_("bounding box"), null=True)
    hidden = models.CharField(_("file of replaced rows"), max_length=64, blank=True, default="", db_index=True)

    class Meta:
        verbose_name = _("part")
        verbose_name_plural = _("parts")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["snapshot", "position"], name="one_part_a_position")]

    def __str__(self) -> str:
        return f"{self.position}: {self.digest[:12]}"

    @property
    def as_value(self) -> Part:
        return Part.from_dict(
            {name: getattr(self, name) for name in ("digest", "rows", "size", "hides", "ranges", "box", "hidden")}
        )
