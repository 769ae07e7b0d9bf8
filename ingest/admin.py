"""Sources and runs in the stewards' admin. Doors only: saving is ``sources.save_source``, pulling is ``runs.offer_run``."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin, TabularInline
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.fields import DocumentField, WordsField
from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models import Distribution
from catalog.models.labels import in_current_language
from catalog.text import Text
from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup
from ingest.models import Issue, Run, Source
from ingest.raw import rejected_path
from ingest.refused_records import FORMATS
from ingest.runs import offer_run
from ingest.sources import check_source, save_source
from ingest.todays_work import late_sources, moment, troubled_sources, with_latest_run

NOTHING = "–"  # what a read-only field shows when there is nothing to show

admin.site.add_work(troubled_sources)
admin.site.add_work(late_sources)


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


class IssueInline(TabularInline):
    model = Issue
    fields = readonly_fields = ("severity", "column", "count", "text")
    extra = 0
    can_delete = False

    @admin.display(description=gettext_lazy("finding"))
    def text(self, issue: Issue) -> str:
        return in_current_language(issue.text)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("source", "state_badge", "due_at", "took", "received", "taken", "turned_away", "happened")
    list_filter = ("state", "due_at", "source")
    list_select_related = ("source",)
    search_fields = ("source__slug", "error_ko", "error_en")
    inlines = (IssueInline,)
    fieldsets = (
        (None, {"fields": ("source_link", "state_badge", "happened", "refused")}),
        (gettext_lazy("Counts"), {"fields": ("received", "taken", "turned_away", "bytes_received")}),
        (gettext_lazy("Times"), {"fields": ("slot", "due_at", "started_at", "ended_at", "took", "attempt")}),
        (
            gettext_lazy("Evidence"),
            {"fields": ("error_code", "snapshot_digest", "answers", "lease_owner", "fence"), "classes": ("collapse",)},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        refused = path(
            "<int:run_id>/refused.<str:format_name>",
            self.admin_site.admin_view(self.download_refused),
            name="ingest_run_refused",
        )
        return [refused, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Run | None = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    @admin.display(description=gettext_lazy("source"))
    def source_link(self, run: Run) -> SafeString:
        return link("admin:ingest_source_change", run.source_id, run.source.slug)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, run: Run) -> SafeString:
        return badge(run.state)

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, run: Run) -> str:
        return what_happened(run)

    @admin.display(description=gettext_lazy("rows received"), ordering="rows")
    def received(self, run: Run) -> str:
        return f"{run.rows:,}"

    @admin.display(description=gettext_lazy("accepted records"), ordering="accepted")
    def taken(self, run: Run) -> str:
        return f"{run.accepted:,}"

    @admin.display(description=gettext_lazy("refused records"), ordering="rejected")
    def turned_away(self, run: Run) -> str:
        return f"{run.rejected:,}"

    @admin.display(description=gettext_lazy("bytes received"))
    def bytes_received(self, run: Run) -> str:
        return f"{run.received_bytes:,}"

    @admin.display(description=gettext_lazy("duration"))
    def took(self, run: Run) -> str:
        if not (run.started_at and run.ended_at):
            return NOTHING
        return _("%(seconds)s s") % {"seconds": f"{(run.ended_at - run.started_at).total_seconds():.1f}"}

    @admin.display(description=gettext_lazy("file of refused records"))
    def refused(self, run: Run) -> SafeString | str:
        if not run.rejected:
            return _("none")
        if rejected_path(run) is None:
            return _("%(number)s; the file is no longer kept.") % {"number": f"{run.rejected:,}"}
        links = format_html_join(
            " · ",
            '<a href="{}">{}</a>',
            (
                (reverse("admin:ingest_run_refused", args=[run.pk, name]), words)
                for name, words in (("csv", _("CSV for Excel")), ("ndjson", "NDJSON"))
            ),
        )
        return format_html("{} ({})", f"{run.rejected:,}", links)

    @admin.display(description=gettext_lazy("raw answers"))
    def answers(self, run: Run) -> SafeString | str:
        rows = ((entry["location"], entry["content_type"], f"{entry['bytes']:,}") for entry in run.raw_answers)
        return format_html_join("", "<div>{} <small>{} · {} B</small></div>", rows) or NOTHING

    def download_refused(self, request: HttpRequest, run_id: int, format_name: str) -> StreamingHttpResponse:
        run = get_object_or_404(Run.objects.select_related("source"), pk=run_id)
        kept = rejected_path(run)
        if format_name not in FORMATS or kept is None or not self.has_view_permission(request, run):
            raise Http404
        file_name = f"{run.source.slug}-{run.pk}-refused.{format_name}"
        return StreamingHttpResponse(
            FORMATS[format_name].write(kept),
            content_type=FORMATS[format_name].media_type,
            headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
        )


def what_happened(run: Run) -> str:
    """Tell a run in one sentence, in the reader's language."""
    if run.error_ko or run.error_en:
        sentence = in_current_language(Text(ko=run.error_ko, en=run.error_en))
        if run.state == Run.State.WAITING:
            return _("%(sentence)s It is tried again at %(moment)s.") % {
                "sentence": sentence,
                "moment": moment(run.due_at),
            }
        return sentence
    return SENTENCES[run.state] % {
        "accepted": f"{run.accepted:,}",
        "rejected": f"{run.rejected:,}",
        "rows": f"{run.rows:,}",
        "moment": moment(run.due_at),
    }


SENTENCES = {
    Run.State.WAITING: gettext_lazy("Waiting for a worker, due at %(moment)s."),
    Run.State.RUNNING: gettext_lazy("At work: %(rows)s rows received so far."),
    Run.State.PUBLISHED: gettext_lazy("Published: %(accepted)s records accepted, %(rejected)s refused."),
    Run.State.UNCHANGED: gettext_lazy("Nothing new: the source holds what is already published."),
    Run.State.HELD: gettext_lazy("Held back; what was published before stays as it was."),
    Run.State.FAILED: gettext_lazy("Failed; what was published before stays as it was."),
}


def badge(state: str) -> SafeString:
    return format_html('<span class="state {}">{}</span>', state, Run.State(state).label)


def link(name: str, key: object, words: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[key]), words)
