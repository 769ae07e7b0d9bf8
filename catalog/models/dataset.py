"""Datasets: a description by the metadata profile. Columns follow the fields of ``catalog/standard/profile.py``."""

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.columns import address, coded, day, decimal, document, listed, string, text, whole, yes_or_no
from catalog.models.contact import ContactColumns
from catalog.models.labels import access_levels, definition, frequencies, label, licences, quality_bands, themes
from catalog.models.organisation import Organisation
from catalog.models.slug import SLUG_LENGTH, check_slug
from catalog.text import Text

if TYPE_CHECKING:
    from catalog.models.snapshot import Snapshot

LONGEST_TITLE = 1000
CLOSED_LEVELS = ("restricted", "non-public")


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def current(self) -> "DatasetQuerySet":
        """Datasets that have not been withdrawn."""
        return self.filter(withdrawn_at=None)


class Dataset(ContactColumns):
    """A dataset. ``distribution`` is the one whose records this hub serves, None when it only tells where to have them.

    ``home`` is its permanent address at the hub that it came from; the ``id`` is the same in all hubs.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="datasets", verbose_name=label("organisation")
    )
    distribution = models.OneToOneField(
        "catalog.Distribution", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    title_ko = models.CharField(
        label("title", "ko"), max_length=LONGEST_TITLE, blank=True, help_text=definition("title")
    )
    title_en = models.CharField(label("title", "en"), max_length=LONGEST_TITLE, blank=True)
    description_ko = text("description", "ko")
    description_en = text("description", "en")
    theme = coded("theme", choices=themes, blank=False)
    keywords_ko = listed("keywords", language="ko")
    keywords_en = listed("keywords", language="en")
    licence = coded("licence", choices=licences, blank=False, default="")
    frequency = coded("frequency", choices=frequencies)
    region = models.CharField(label("region"), max_length=10, blank=True, help_text=definition("region"))
    temporal_start = models.DateField(_("temporal coverage from"), null=True, blank=True)
    temporal_end = models.DateField(_("temporal coverage to"), null=True, blank=True)
    access_level = coded("access_level", choices=access_levels, blank=False, default="public")
    is_guarded = models.BooleanField(_("guarded"), default=False, editable=False)  # read by grant only, and for good
    access_reason_ko = text("access_reason", "ko")
    access_reason_en = text("access_reason", "en")
    landing_page = address("landing_page")
    access_law_ko = text("access_law", "ko")
    access_law_en = text("access_law", "en")
    spatial_text_ko = text("spatial_text", "ko")
    spatial_text_en = text("spatial_text", "en")
    places = listed("places")
    bbox = document("bbox")
    spatial_resolution = decimal("spatial_resolution")
    temporal_text_ko = text("temporal_text", "ko")
    temporal_text_en = text("temporal_text", "en")
    temporal_resolution = string("temporal_resolution")
    source_system_ko = text("source_system", "ko")
    source_system_en = text("source_system", "en")
    source_system_kind = coded("source_system_kind")
    linked_services = listed("linked_services")
    collection_interval = string("collection_interval")
    promised_delay = string("promised_delay")
    next_update = day("next_update")
    collection_method_ko = text("collection_method", "ko")
    collection_method_en = text("collection_method", "en")
    legal_basis_ko = text("legal_basis", "ko")
    legal_basis_en = text("legal_basis", "en")
    provenance_ko = text("provenance", "ko")
    provenance_en = text("provenance", "en")
    processing = coded("processing")
    generated_by = listed("generated_by")
    sources = listed("sources")
    status = coded("status")
    personal_data = coded("personal_data")
    personal_data_statement_ko = text("personal_data_statement", "ko")
    personal_data_statement_en = text("personal_data_statement", "en")
    limitations_ko = text("limitations", "ko")
    limitations_en = text("limitations", "en")
    usage_notes_ko = text("usage_notes", "ko")
    usage_notes_en = text("usage_notes", "en")
    ownership_ko = text("ownership", "ko")
    ownership_en = text("ownership", "en")
    third_party_rights_ko = text("third_party_rights", "ko")
    third_party_rights_en = text("third_party_rights", "en")
    items_ko = text("items", "ko")
    items_en = text("items", "en")
    columns = listed("columns")
    data_model = coded("data_model")
    creators = listed("creators")
    attributions = listed("attributions")
    eu_themes = listed("eu_themes")
    classification = string("classification")
    hvd_categories = listed("hvd_categories")
    types = listed("types")
    languages = listed("languages")
    identifiers = listed("identifiers")
    other_identifiers = listed("other_identifiers")
    identifier_scheme = coded("identifier_scheme")
    issued = string("issued")
    modified = string("modified")
    version = string("version")
    version_notes_ko = text("version_notes", "ko")
    version_notes_en = text("version_notes", "en")
    versions = listed("versions")
    series = listed("series")
    conforms_to = listed("conforms_to")
    applicable_legislation = listed("applicable_legislation")
    documentation = listed("documentation")
    relations = listed("relations")
    qualified_relations = listed("qualified_relations")
    referenced_by = listed("referenced_by")
    samples = listed("samples")
    listing_type = coded("listing_type")
    record_count = whole("record_count")
    is_charged = yes_or_no("is_charged")
    charge_basis_ko = text("charge_basis", "ko")
    charge_basis_en = text("charge_basis", "en")
    is_national_core = yes_or_no("is_national_core")
    is_standard_data = yes_or_no("is_standard_data")
    views = whole("views")
    uses = whole("uses")
    data_stores = listed("data_stores")
    quality_checked = yes_or_no("quality_checked")
    retention_days = whole("retention_days")
    stream_retention_ms = whole("stream_retention_ms")
    quality_score = models.PositiveSmallIntegerField(_("quality score"), null=True, blank=True, editable=False)
    quality_band = models.CharField(_("quality band"), max_length=20, blank=True, editable=False, choices=quality_bands)
    assessed_at = models.DateTimeField(_("assessed"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)
    home = models.CharField(
        _("home"), max_length=2000, blank=True, default="", db_default="", editable=False
    )  # empty: this hub

    objects = DatasetQuerySet.as_manager()

    class Meta:
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")
        ordering = ["title_ko", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_guarded=False) | models.Q(access_level__in=CLOSED_LEVELS),
                name="guarded_is_closed",
                violation_error_message=_("A guarded dataset stays restricted or non-public."),
            )
        ]

    def __str__(self) -> str:
        return self.title_ko or self.title_en

    @property
    def title(self) -> Text:
        return Text(ko=self.title_ko, en=self.title_en)

    @property
    def description(self) -> Text:
        return Text(ko=self.description_ko, en=self.description_en)

    @property
    def current_snapshot(self) -> "Snapshot | None":
        """Return the published version of the records that this hub serves."""
        return self.distribution.current_snapshot if self.distribution else None

    @property
    def told_snapshot(self) -> "Snapshot | None":
        """Return the current snapshot where what is measured of it may be told; of a guarded dataset nothing is."""
        return None if self.is_guarded else self.current_snapshot

    @property
    def table_schema(self) -> dict[str, Any] | None:
        """Return the Table Schema that the records have now; before the first snapshot, the one they will have."""
        if self.distribution is None:
            return None
        snapshot = self.distribution.current_snapshot
        return snapshot.schema if snapshot else self.distribution.schema
