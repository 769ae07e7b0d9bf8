"""Sources in the stewards' admin. A door only: saving is ``sources.save_source``, pulling is ``runs.offer_run``."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.fields import DocumentField, WordsField
from catalog.models import Distribution
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, badge, link
from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup
from ingest.models import Source
from ingest.runs import offer_run
from ingest.sources import check_source, save_source
from ingest.todays_work import with_latest_run


def connector_choices() -> list[tuple[str, str]]:
    return [(name, in_current_language(connector.title)) for name, connector in CONNECTORS.items()]


def key_names(connector: str) -> list[tuple[str, str]]:
    """Return (key, mark) of a connector's configuration; required keys come first and have a mark."""
    fields = CONNECTORS[connector].config.model_fields
    return sorted(
        ((name, "*" if field.is_required() else "") for name, field in fields.items()), key=lambda key: not key[1]
    )


def name_of(field: str) -> str:
    return capfirst(Source._meta.get_field(field).verbose_name)


def help_on(field: str) -> str:
    return Source._meta.get_field(field).help_text


class SourceForm(forms.ModelForm):
    """A source; what does not fit the connector or the dataset is an error at the field concerned."""

    connector = forms.ChoiceField(label=name_of("connector"), choices=connector_choices)
    config = DocumentField(label=name_of("config"), help_text=help_on("config"))
    expectations = DocumentField(
        label=name_of("expectations"),
        required=False,
        help_text=gettext_lazy(
            "min_rows, min_share, max_rejected_share, within, keep; a run that breaks them is held back."
        ),
    )
    ignored_columns = WordsField(
        label=name_of("ignored_columns"),
        required=False,
        help_text=gettext_lazy("Columns of the source that are knowingly left out, with commas between them."),
    )
    release = forms.DateTimeField(
        label=name_of("release"),
        required=False,
        help_text=help_on("release"),
        widget=forms.DateTimeInput(attrs={"placeholder": "2026-01-31 00:00"}, format="%Y-%m-%d %H:%M"),
    )

    class Meta:
        model = Source
        fields = (
            "slug", "distribution", "connector", "config", "mode", "schedule", "expectations", "ignored_columns",
            "release", "allow_private", "raw_days", "is_enabled",
        )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        if "distribution" in self.fields:  # absent for whoever may only look
            served = Distribution.objects.filter(schema__isnull=False)
            self.fields["distribution"].queryset = served.select_related("dataset")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            self.check_setup(cleaned)
        return cleaned

    def clean_expectations(self) -> dict[str, Any]:
        return self.cleaned_data["expectations"] or {}

    def check_setup(self, cleaned: dict[str, Any]) -> None:
        parts = {name: cleaned[name] for name in ("connector", "config", "mode", "schedule", "expectations")}
        try:
            check_source(cleaned["distribution"], **parts)
        except BadSetup as error:
            field = str(error.values["where"]).split(".")[0]
            self.add_error(field if field in parts else None, in_current_language(error.text))


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    form = SourceForm
    list_display = ("slug", "dataset", "connector_title", "schedule", "next_at", "latest", "good_at", "is_enabled")
    list_filter = ("is_enabled", "connector", "distribution__dataset__organisation")
    list_select_related = ("distribution__dataset",)
    search_fields = ("slug", "distribution__dataset__slug", "distribution__dataset__title_ko")
    readonly_fields = ("config_keys", "latest", "next_at", "created_at", "modified_at")
    actions = ("run_now",)
    fieldsets = (
        (None, {"fields": ("slug", "distribution", "is_enabled")}),
        (gettext_lazy("Where from"), {"fields": ("connector", "config", "config_keys", "allow_private")}),
        (gettext_lazy("When"), {"fields": ("schedule", "next_at", "latest")}),
        (
            gettext_lazy("What becomes of it"),
            {"fields": ("mode", "expectations", "ignored_columns", "release", "raw_days")},
        ),
        (None, {"fields": ("created_at", "modified_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return with_latest_run(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        """A source that was never pulled may go; one with runs is switched off, its runs are evidence."""
        return obj is not None and not obj.runs.exists() and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        pull = path("<int:source_id>/run/", self.admin_site.admin_view(self.run_one_now), name="ingest_source_run")
        return [pull, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Source, form: SourceForm, change: bool) -> None:
        names = (
            "connector", "config", "mode", "schedule", "expectations", "ignored_columns", "release", "allow_private",
            "raw_days", "is_enabled",
        )  # fmt: skip
        save_source(obj.slug, obj.distribution, **{name: getattr(obj, name) for name in names})
        obj.pk = Source.objects.values_list("pk", flat=True).get(slug=obj.slug)

    @admin.display(description=gettext_lazy("dataset"), ordering="distribution__dataset__title_ko")
    def dataset(self, source: Source) -> SafeString:
        dataset = source.distribution.dataset
        return link("admin:catalog_dataset_change", dataset.pk, dataset.title_ko)

    @admin.display(description=gettext_lazy("connector"), ordering="connector")
    def connector_title(self, source: Source) -> str:
        known = CONNECTORS.get(source.connector)
        return in_current_language(known.title) if known else source.connector

    @admin.display(description=gettext_lazy("what can be configured"))
    def config_keys(self, source: Source) -> SafeString:
        """Name the keys of every connector, required ones first, as their typed configurations know them."""
        rows = (
            (title, format_html_join(", ", "<code>{}</code>{}", key_names(name))) for name, title in connector_choices()
        )
        return format_html('<ul class="keys">{}</ul>', format_html_join("", "<li>{}: {}</li>", rows))

    @admin.display(description=gettext_lazy("latest run"), ordering="latest_state")
    def latest(self, source: Source) -> SafeString | str:
        if not source.latest_run:
            return NOTHING
        return link("admin:ingest_run_change", source.latest_run, badge(source.latest_state))

    @admin.display(description=gettext_lazy("last good run"), ordering="good_at")
    def good_at(self, source: Source) -> Any:  # noqa: ANN401
        return source.good_at

    @admin.action(description=gettext_lazy("Run now"), permissions=["change"])
    def run_now(self, request: HttpRequest, sources: QuerySet[Source]) -> None:
        runs = [offer_run(source) for source in sources]
        sentence = ngettext(
            "%(number)s run is waiting for a worker:", "%(number)s runs are waiting for a worker:", len(runs)
        )
        links = format_html_join(
            ", ", "{}", ((link("admin:ingest_run_change", run.pk, run.source.slug),) for run in runs)
        )
        self.message_user(request, format_html("{} {}", sentence % {"number": len(runs)}, links), messages.SUCCESS)

    def run_one_now(self, request: HttpRequest, source_id: int) -> HttpResponse:
        """Answer the button of the source's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        source = get_object_or_404(Source, pk=source_id)
        if not self.has_change_permission(request, source):
            raise Http404
        run = offer_run(source)
        self.message_user(
            request, _("The run is waiting for a worker. Reload this page to see how it goes."), messages.SUCCESS
        )
        return redirect("admin:ingest_run_change", run.pk)
