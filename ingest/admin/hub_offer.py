"""What peers offer, dataset by dataset, in the stewards' admin; and what is told of a dataset that came from one."""

import contextlib
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from catalog.standard import FIELDS
from ingest.admin.hub_page import hub_names, ways_of
from ingest.admin.marks import NOTHING, link
from ingest.federation.applying import DECIDED_AT_HOME, steward_edits
from ingest.models import HubEntry, HubIdentity, HubOffer

COUNTED = 5_000  # offers; who looks for one among more searches
GONE = {
    HubEntry.Gone.HERE: gettext_lazy("in the catalogue"),
    HubEntry.Gone.WITHDRAWN: gettext_lazy("withdrawn by its home hub"),
    HubEntry.Gone.CLOSED: gettext_lazy("closed to this hub"),
}
LABELS = {field.name: field.label for field in FIELDS}


class FirstPages(Paginator):
    """Pages through the first thousands, so that no page counts 300,000 rows."""

    @cached_property
    def count(self) -> int:
        return self.object_list[:COUNTED].count()


class PeerFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.title = gettext_lazy("peer hub")


@admin.register(HubOffer)
class HubOfferAdmin(ReadOnlyAdmin):
    list_display = ("dataset", "peer", "home", "told_version", "gone", "ways")
    list_display_links = None
    list_filter = (("hub", PeerFilter),)
    list_select_related = ("hub",)
    list_per_page = 50
    paginator = FirstPages
    show_full_result_count = False
    ordering = ("-pk",)
    search_fields = ("entry",)  # so that there is a search box; what it finds is said below
    search_help_text = gettext_lazy("The dataset's identifier here, its number (UUID), or its address at its home hub.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HubOffer]:
        """Add what is known of the dataset; the database looks only at the rows of a page."""
        entry = HubEntry.objects.filter(pk=OuterRef("entry"))
        dataset = Dataset.objects.filter(pk=OuterRef("entry"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                home_address=Subquery(entry.values("home")),
                gone_how=Subquery(entry.values("gone")),
                slug=Subquery(dataset.values("slug")),
                title=Subquery(dataset.values("title_ko")),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[HubOffer], search_term: str
    ) -> tuple[QuerySet[HubOffer], bool]:
        """Find a dataset by what names it alone, which indexes answer."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = set(Dataset.objects.filter(slug=term.rpartition("/")[2]).values_list("pk", flat=True))
        with contextlib.suppress(ValueError):  # most terms are no number
            named.add(uuid.UUID(term))
        return queryset.filter(entry__in=named), False

    def has_view_permission(self, request: HttpRequest, obj: HubOffer | None = None) -> bool:
        return request.user.has_perm("ingest.view_hub")

    @admin.display(description=gettext_lazy("dataset"))
    def dataset(self, offer: HubOffer) -> SafeString | str:
        return link("admin:catalog_dataset_change", offer.entry, offer.title or offer.slug) if offer.slug else NOTHING

    @admin.display(description=gettext_lazy("peer hub"))
    def peer(self, offer: HubOffer) -> str:
        return str(offer.hub)

    @admin.display(description=gettext_lazy("version"))
    def told_version(self, offer: HubOffer) -> int:
        return offer.version

    @admin.display(description=gettext_lazy("home"))
    def home(self, offer: HubOffer) -> str:
        return offer.home_address or NOTHING

    @admin.display(description=gettext_lazy("state"))
    def gone(self, offer: HubOffer) -> str:
        return GONE[offer.gone_how] if offer.gone_how is not None else NOTHING

    @admin.display(description=gettext_lazy("way"))
    def ways(self, offer: HubOffer) -> str:
        return offer.way

    def get_changelist_instance(self, request: HttpRequest) -> Any:  # noqa: ANN401 (Django's ChangeList has no type of its own)
        """Name the ways of all rows of the page with a few questions instead of one each."""
        shown = super().get_changelist_instance(request)
        rows = list(shown.result_list)
        names = hub_names(hub for offer in rows for hub in offer.via)
        for offer in rows:
            through = [names.get(hub, hub) for hub in offer.via]
            peer = str(offer.hub)
            offer.way = " → ".join(through if through[-1:] == [peer] else [*through, peer])
        shown.result_list = rows
        return shown


def home_panel(dataset: Dataset) -> SafeString:
    """Tell how a dataset from another hub came here, and what stewards of this one have changed in it since."""
    row = HubEntry.objects.filter(pk=dataset.pk).first()
    if row is None:
        return SafeString("")
    edits = steward_edits(row, dataset)
    return render_to_string(
        "admin/ingest/hub/home_panel.html",
        {
            "hub": HubIdentity.objects.filter(pk=row.origin).first(),
            "gone": GONE[row.gone] if row.gone else "",
            "ways": ways_of([row.pk])[row.pk],
            "edits": [
                (label_of_field(name), shown(row.applied.get(name)), shown(value)) for name, value in edits.items()
            ],
            "decided": ", ".join(map(label_of_field, DECIDED_AT_HOME)),
        },
    )


def label_of_field(name: str) -> str:
    return in_current_language(LABELS[name]) if name in LABELS else name


def shown(value: object) -> str:
    """Return a value of a description as people read it, as far as that needs no table of codes."""
    if isinstance(value, Mapping):
        return " / ".join(shown(part) for part in value.values())
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    return NOTHING if value is None else str(value)
