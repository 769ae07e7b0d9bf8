"""What feeds have brought, in the stewards' admin: records that were not taken, values of ours, and pairs of like datasets."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.describe import describe_row
from catalog.errors import HubError
from catalog.models import Dataset
from catalog.models.labels import in_current_language, label
from catalog.standard import Class
from ingest.admin.marks import NOTHING, link
from ingest.harvest.causes import CAUSES
from ingest.harvest.duplicates import say_different, say_same
from ingest.harvest.feeds import retry_failures, settle_match, take_theirs
from ingest.models import DuplicatePair, Harvested, HarvestFailure

NEW = "new"


class Doors(ReadOnlyAdmin):
    """Rows that nobody edits, with buttons that post to a door of their own."""

    doors: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        name = self.opts.model_name
        own = [
            path(
                f"<path:pk>/{door}/",
                self.admin_site.admin_view(self.door(getattr(self, door))),
                name=f"ingest_{name}_{door}",
            )
            for door in self.doors
        ]
        return [*own, *super().get_urls()]

    def door(self, action: Callable[[HttpRequest, Any], None]) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, pk: str) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            row = get_object_or_404(self.model, pk=pk)
            if not may_decide(request):
                raise Http404
            try:
                action(request, row)
            except HubError as error:
                self.message_user(request, in_current_language(error.text), messages.ERROR)
            else:
                self.message_user(request, _("Done."), messages.SUCCESS)
            exists = self.model.objects.filter(pk=pk).exists()
            name = f"admin:ingest_{self.opts.model_name}"
            return redirect(f"{name}_change", pk) if exists else redirect(f"{name}_changelist")

        return view

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.model.objects.filter(pk=object_id).first()
        told = self.context_of(row) if row else {}
        context = {**(extra_context or {}), **told, "may_decide": may_decide(request)}
        return super().change_view(request, object_id, form_url, context)

    def context_of(self, row: Any) -> dict[str, Any]:  # noqa: ANN401 (a row of the model)
        return {}


def may_decide(request: HttpRequest) -> bool:
    return request.user.has_perm("ingest.change_feed")


@admin.register(HarvestFailure)
class HarvestFailureAdmin(Doors):
    list_display = ("identifier", "feed", "cause", "field", "sentence", "count", "last_at")
    list_filter = ("feed", "code")
    list_select_related = ("feed",)
    search_fields = ("identifier", "text_ko", "text_en")
    doors = ("retry", "match")
    fields = readonly_fields = (
        "feed", "kind", "identifier", "cause", "field", "sentence", "mend", "first_at", "last_at", "count", "as_it_came",
    )  # fmt: skip

    def context_of(self, row: HarvestFailure) -> dict[str, Any]:
        return {"candidates": Harvested.objects.filter(pk__in=row.candidates).select_related("dataset")}

    def retry(self, request: HttpRequest, row: HarvestFailure) -> None:
        retry_failures(row.feed, HarvestFailure.objects.filter(pk=row.pk))

    def match(self, request: HttpRequest, row: HarvestFailure) -> None:
        """Say which dataset a record is, or that it is a new one."""
        chosen = request.POST.get("chosen", "")
        candidates = Harvested.objects.filter(pk__in=row.candidates)
        settle_match(row, None if chosen == NEW else get_object_or_404(candidates, pk=chosen))

    @admin.display(description=gettext_lazy("cause"), ordering="code")
    def cause(self, row: HarvestFailure) -> str:
        return in_current_language(CAUSES.get(row.code, CAUSES["refused"]).what)

    @admin.display(description=gettext_lazy("how to mend it"))
    def mend(self, row: HarvestFailure) -> str:
        return in_current_language(CAUSES.get(row.code, CAUSES["refused"]).mend)

    @admin.display(description=gettext_lazy("what was wrong"))
    def sentence(self, row: HarvestFailure) -> str:
        return row.text_ko if (get_language() or "ko").startswith("ko") else row.text_en

    @admin.display(description=gettext_lazy("as it came"))
    def as_it_came(self, row: HarvestFailure) -> SafeString:
        try:
            text = json.dumps(json.loads(row.raw), ensure_ascii=False, indent=2)
        except ValueError:  # cut, because it was too long
            text = row.raw
        return format_html("<pre>{}</pre>", text)


class KeptFilter(SimpleListFilter):
    title = gettext_lazy("values of ours")
    parameter_name = "kept"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, object]]:
        return [("yes", gettext_lazy("stand where the feed says something else"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Harvested]) -> QuerySet[Harvested]:
        return queryset.exclude(kept_values={}) if self.value() == "yes" else queryset


@admin.register(Harvested)
class HarvestedAdmin(Doors):
    list_display = ("identifier", "feed", "kind", "dataset_link", "taken_at", "missing_since", "gone_at")
    list_filter = (KeptFilter, "kind", "feed")
    list_select_related = ("dataset",)
    search_fields = ("identifier", "slug")
    show_full_result_count = False
    doors = ("theirs",)
    fields = readonly_fields = (
        "feed", "kind", "identifier", "dataset_link", "taken_at", "missing_since", "is_kept", "gone_at", "differences",
    )  # fmt: skip

    def theirs(self, request: HttpRequest, row: Harvested) -> None:
        take_theirs(row)

    @admin.display(description=gettext_lazy("dataset"))
    def dataset_link(self, row: Harvested) -> SafeString | str:
        return dataset_link(row.dataset) if row.dataset else row.slug

    @admin.display(description=gettext_lazy("what the feed says instead"))
    def differences(self, row: Harvested) -> SafeString | str:
        if not row.kept_values or row.dataset is None:
            return NOTHING
        here = describe_row(row.dataset, Class.DATASET)
        told = [(label(name), shown(here.get(name)), shown(value)) for name, value in row.kept_values.items()]
        lines = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", told)
        head = (_("field"), _("here"), _("the feed"))
        return format_html("<table><tr><th>{}</th><th>{}</th><th>{}</th></tr>{}</table>", *head, lines)


def shown(value: object) -> str:
    if value in (None, "", [], {}):
        return NOTHING
    if isinstance(value, dict) and value.keys() <= {"ko", "en"}:
        return " / ".join(shown(part) for part in value.values())
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@admin.register(DuplicatePair)
class DuplicatePairAdmin(Doors):
    list_display = ("title", "reason", "state", "first_from", "second_from", "found_at")
    list_filter = ("state", "reason")
    list_select_related = ("first", "second")
    search_fields = ("first__title_ko", "second__title_ko", "first__slug", "second__slug")
    doors = ("same", "different")
    fields = readonly_fields = (
        "reason", "state", "canonical", "found_at", "decided_at", "decided_by", "side_by_side",
    )  # fmt: skip

    def context_of(self, row: DuplicatePair) -> dict[str, Any]:
        return {"pair": [(dataset, origin_of(dataset)) for dataset in (row.first, row.second)]}

    def same(self, request: HttpRequest, row: DuplicatePair) -> None:
        canonical = get_object_or_404(Dataset, pk__in=(row.first_id, row.second_id), slug=request.POST.get("canonical"))
        say_same(row, canonical, request.user, timezone.now())

    def different(self, request: HttpRequest, row: DuplicatePair) -> None:
        say_different(row, request.user, timezone.now())

    @admin.display(description=gettext_lazy("title"))
    def title(self, row: DuplicatePair) -> str:
        return row.first.title_ko or row.first.title_en or row.first.slug

    @admin.display(description=gettext_lazy("first from"))
    def first_from(self, row: DuplicatePair) -> str:
        return origin_of(row.first)

    @admin.display(description=gettext_lazy("second from"))
    def second_from(self, row: DuplicatePair) -> str:
        return origin_of(row.second)

    @admin.display(description=gettext_lazy("side by side"))
    def side_by_side(self, row: DuplicatePair) -> SafeString:
        both = (row.first, row.second)
        documents = [describe_row(dataset, Class.DATASET) for dataset in both]
        names = [name for name in documents[0] if name in documents[1]] + [
            name for name in (*documents[0], *documents[1]) if (name in documents[0]) != (name in documents[1])
        ]
        rows = [
            (_("comes from"), *map(origin_of, both)),
            (_("dataset"), *map(dataset_link, both)),
            *((label(name), *(shown(document.get(name)) for document in documents)) for name in dict.fromkeys(names)),
        ]
        return format_html(
            "<table>{}</table>", format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        )


def origin_of(dataset: Dataset) -> str:
    """Say which feed told a dataset, or that it is of this hub."""
    feeds = dataset.harvested.order_by("pk").values_list("feed", flat=True)
    return ", ".join(feeds) or _("this hub")


def dataset_link(dataset: Dataset) -> SafeString:
    return link("admin:catalog_dataset_change", dataset.pk, dataset.title_ko or dataset.title_en or dataset.slug)
