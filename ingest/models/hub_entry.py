"""What hubs tell each other of datasets: one entry each, signed by its home hub, with the documents that it names."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import LONGEST_CODE
from catalog.models.slug import SLUG_LENGTH
from ingest.models.hub import Hub


class HubEntry(models.Model):
    """The newest entry of a dataset, of this hub or another one; ``id`` is the dataset's in all hubs.

    ``epoch`` and ``version`` are counted by the home hub alone, ``position`` by this one: whoever reads entries asks for those
    behind the last position it has seen. ``description`` and ``manifest`` are the documents, word for word as the home hub
    signed their digests; ``applied`` is the description as it was stored here, so that what a steward has changed since is
    known. ``problem`` says what kept the entry from being applied as a whole.
    """

    class Gone(models.TextChoices):
        HERE = "", _("in force")
        WITHDRAWN = "withdrawn", _("withdrawn")  # by its home, for everybody
        CLOSED = "closed", _("closed to this hub")  # nobody who offered it does so any more

    id = models.UUIDField(primary_key=True, editable=False)
    origin = models.UUIDField(db_index=True)
    epoch = models.BigIntegerField()
    version = models.BigIntegerField()
    home = models.CharField(max_length=2000)
    description_digest = models.CharField(max_length=64, blank=True, db_index=True)
    manifest_digest = models.CharField(max_length=64, blank=True, db_index=True)
    gone = models.CharField(max_length=12, choices=Gone, default=Gone.HERE, blank=True)
    key = models.CharField(max_length=16, blank=True)
    signature = models.CharField(max_length=128, blank=True)
    description = models.TextField(blank=True)
    manifest = models.TextField(blank=True)
    via = models.JSONField(default=list)
    applied = models.JSONField(default=dict)
    leaf = models.CharField(max_length=64)
    position = models.BigIntegerField(db_index=True)
    snapshot_digest = models.CharField(max_length=64, blank=True)
    access_level = models.CharField(max_length=LONGEST_CODE, blank=True)
    organisation = models.CharField(max_length=SLUG_LENGTH, blank=True)
    theme = models.CharField(max_length=LONGEST_CODE, blank=True)
    region = models.CharField(max_length=10, blank=True)
    data_model = models.CharField(max_length=LONGEST_CODE, blank=True)

    class Meta:
        verbose_name = _("entry of a hub")
        verbose_name_plural = _("entries of hubs")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.home} {self.version}"


class HubOffer(models.Model):
    """What a hub has told of a dataset and was taken: a dataset that two hubs tell of has two of these and one entry."""

    hub = models.ForeignKey(Hub, models.CASCADE, related_name="offers")
    entry = models.UUIDField()
    epoch = models.BigIntegerField()
    version = models.BigIntegerField()
    leaf = models.CharField(max_length=64)
    via = models.JSONField(default=list)

    class Meta:
        verbose_name = _("offer of a hub")
        verbose_name_plural = _("offers of hubs")
        constraints = [models.UniqueConstraint(fields=["hub", "entry"], name="one_offer_a_hub_and_dataset")]
        indexes = [models.Index(fields=["entry"])]

    def __str__(self) -> str:
        return f"{self.hub}: {self.entry}"


class HubPart(models.Model):
    """What an organisation, series or service of another hub is called here; ``is_ours``: it was made for that hub's."""

    class Kind(models.TextChoices):
        ORGANISATION = "organisation", _("organisation")
        SERIES = "series", _("series")
        SERVICE = "service", _("service")

    origin = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind)
    there = models.CharField(max_length=SLUG_LENGTH)
    here = models.CharField(max_length=SLUG_LENGTH)
    digest = models.CharField(max_length=64)
    is_ours = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("part of another hub")
        verbose_name_plural = _("parts of other hubs")
        constraints = [models.UniqueConstraint(fields=["origin", "kind", "there"], name="one_name_a_part_of_a_hub")]

    def __str__(self) -> str:
        return f"{self.there}: {self.here}"
