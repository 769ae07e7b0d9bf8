"""Sources in the stewards' admin. A door only: saving is ``sources.save_source``, pulling is ``runs.offer_run``."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from catalog.admin.fields import DocumentField, WordsField
from catalog.errors import HubError
from catalog.models import Distribution
from catalog.models.labels import in_current_language
from catalog.records import from_table_schema
from catalog.text import Text
from ingest.admin.connect import connect_page
from ingest.admin.marks import NOTHING, badge, link
from ingest.admin.received import is_received, received
from ingest.due import explain_rest, next_try
from ingest.errors import BadSetup, SourcePaused
from ingest.kinds import KINDS
from ingest.models import Source
from ingest.repetitions import backfill
from ingest.runs import offer_run
from ingest.schedule import KOREAN_TIME, in_words, is_after_change, next_times, presets
from ingest.sources import (
    check_certificates,
    check_decisions,
    check_source,
    pause_source,
    resume_source,
    save_source,
)
from ingest.todays_work import moment, with_latest_run


def connector_choices() -> list[tuple[str, str]]:
    return [(name, in_current_language(kind.title)) for name, kind in KINDS.items()]


def key_names(connector: str) -> list[tuple[str, str]]:
    """Return (key, mark) of a connector's configuration; required keys come first and have a mark."""
    fields = KINDS[connector].config.model_fields
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
    config = DocumentField(
        label=name_of("config"),
        help_text=gettext_lazy(
            'Secrets are named, not written: {"secret": "its-name"} for a stored one, {"env": "NAME"} for a variable.'
        ),
    )
    expectations = DocumentField(
        label=name_of("expectations"),
        required=False,
        help_text=gettext_lazy(
            "What is promised of every answer, as in a hub file: min_rows, min_share, ranges, max_age, severity and more; "
            "a run that breaks it is held back."
        ),
    )
    ignored_columns = WordsField(
        label=name_of("ignored_columns"),
        required=False,
        help_text=gettext_lazy("Columns of the source that are knowingly left out, with commas between them."),
    )
    personal_data = DocumentField(label=name_of("personal_data"), required=False, help_text=help_on("personal_data"))
    schedule = forms.CharField(
        label=name_of("schedule"),
        required=False,
        help_text=help_on("schedule"),
        widget=forms.TextInput(attrs={"list": "schedules", "size": 40}),
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
            "slug", "distribution", "connector", "config", "provider", "mode", "schedule", "expectations",
            "ignored_columns", "personal_data", "release", "allow_private", "ca_certificates", "raw_days", "is_enabled",
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

    def clean_personal_data(self) -> dict[str, Any]:
        return self.cleaned_data["personal_data"] or {}

    def clean_expectations(self) -> dict[str, Any]:
        return self.cleaned_data["expectations"] or {}

    def check_setup(self, cleaned: dict[str, Any]) -> None:
        names = ("connector", "config", "mode", "schedule", "expectations")
        parts = {name: cleaned.get(name, getattr(self.instance, name)) for name in names}  # some may only be looked at
        distribution = cleaned["distribution"]
        try:
            check_source(distribution, **parts)
            check_certificates(cleaned["ca_certificates"])
            check_decisions(cleaned["personal_data"], from_table_schema(distribution.schema))
        except BadSetup as error:
            field = str(error.values["where"]).split(".")[0]
            self.add_error(field if field in self.fields else None, in_current_language(error.text))


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    form = SourceForm
    list_display = ("slug", "dataset", "connector_title", "schedule_said", "state", "latest", "good_at")
    list_filter = ("is_enabled", "connector", "distribution__dataset__organisation")
    list_select_related = ("distribution__dataset",)
    search_fields = ("slug", "distribution__dataset__slug", "distribution__dataset__title_ko")
    readonly_fields = (
        "config_keys",
        "latest",
        "state",
        "next_times",
        "inbox",
        "read_up_to",
        "created_at",
        "modified_at",
    )
    actions = ("run_now", "resume")
    fieldsets = (
        (None, {"fields": ("slug", "distribution", "is_enabled")}),
        (
            gettext_lazy("Where from"),
            {"fields": ("connector", "config", "config_keys", "provider", "allow_private", "ca_certificates")},
        ),
        (gettext_lazy("When"), {"fields": ("schedule", "next_times", "state", "latest")}),
        (
            gettext_lazy("What becomes of it"),
            {"fields": ("mode", "expectations", "ignored_columns", "personal_data", "release", "raw_days")},
        ),
        (None, {"fields": ("read_up_to", "created_at", "modified_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return with_latest_run(super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """Only a superuser lets a source have private addresses, or asks for others where one may."""
        fixed = self.readonly_fields if obj is None else ("slug", *self.readonly_fields)
        if request.user.is_superuser:
            return fixed
        granted = ("connector", "config") if obj is not None and obj.allow_private else ()
        return (*fixed, "allow_private", *granted)

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        """A source that was never pulled may go; one with runs is switched off, its runs are evidence."""
        return obj is not None and not obj.runs.exists() and super().has_delete_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> list[tuple[str | None, dict[str, Any]]]:
        """A source that is sent its messages tells what it has received."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj is None or not is_received(obj):
            return fieldsets
        return [*fieldsets[:-1], (gettext_lazy("Received"), {"fields": ("inbox",)}), fieldsets[-1]]

    def get_urls(self) -> list[URLPattern]:
        doors = [("run", self.run_one_now), ("pause", self.pause), ("resume", self.resume_one), ("backfill", self.fill)]
        own = [
            path(f"<int:source_id>/{name}/", self.admin_site.admin_view(view), name=f"ingest_source_{name}")
            for name, view in doors
        ]
        connect = path("connect/", self.admin_site.admin_view(self.connect), name="ingest_source_connect")
        return [connect, *own, *super().get_urls()]

    def connect(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404
        return connect_page(self.admin_site, request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        schedules = [(text, in_current_language(words)) for text, words in presets()]
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "schedules": schedules})

    def save_model(self, request: HttpRequest, obj: Source, form: SourceForm, change: bool) -> None:
        names = (
            "connector", "config", "mode", "schedule", "expectations", "ignored_columns", "personal_data", "release",
            "allow_private", "ca_certificates", "raw_days", "is_enabled",
        )  # fmt: skip
        provider = obj.provider.slug if obj.provider else ""
        save_source(obj.slug, obj.distribution, provider=provider, **{name: getattr(obj, name) for name in names})
        obj.pk = Source.objects.values_list("pk", flat=True).get(slug=obj.slug)

    @admin.display(description=gettext_lazy("dataset"), ordering="distribution__dataset__title_ko")
    def dataset(self, source: Source) -> SafeString:
        dataset = source.distribution.dataset
        return link("admin:catalog_dataset_change", dataset.pk, dataset.title_ko)

    @admin.display(description=gettext_lazy("connector"), ordering="connector")
    def connector_title(self, source: Source) -> str:
        known = KINDS.get(source.connector)
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

    @admin.display(description=gettext_lazy("schedule"), ordering="schedule")
    def schedule_said(self, source: Source) -> str:
        return in_words(source.schedule, get_language() or "ko") if source.schedule else _("only by hand")

    @admin.display(description=gettext_lazy("next five pulls"))
    def next_times(self, source: Source) -> str:
        if not source.schedule or is_after_change(source.schedule):
            return NOTHING
        return " · ".join(moment(when) for when in next_times(source.schedule, timezone.now()))

    @admin.display(description=gettext_lazy("state"))
    def state(self, source: Source) -> SafeString | str:
        """Say what keeps a source from being pulled, or when it is pulled next."""
        if not source.is_enabled:
            return format_html('<span class="state">{}</span>', _("switched off"))
        if rest := explain_rest(source):
            kind = "held" if source.paused_at else "failed"
            return format_html('<span class="state {}">{}</span>', kind, in_current_language(rest))
        return _("next: %(moment)s") % {"moment": moment(next_try(source))} if next_try(source) else NOTHING

    @admin.display(description=gettext_lazy("inbox"))
    def inbox(self, source: Source) -> SafeString:
        return received(source)

    @admin.display(description=gettext_lazy("read up to"))
    def read_up_to(self, source: Source) -> SafeString | str:
        return format_html_join(", ", "{}: <code>{}</code>", source.position.items()) or NOTHING

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, sources: QuerySet[Source]) -> None:
        for source in sources:
            resume_source(source)
        self.message_user(request, _("The sources go on."), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Run now"), permissions=["change"])
    def run_now(self, request: HttpRequest, sources: QuerySet[Source]) -> None:
        runs = []
        for source in sources:
            try:
                runs.append(offer_run(source))
            except SourcePaused as error:
                self.message_user(request, f"{source.slug}: {in_current_language(error.text)}", messages.WARNING)
        if not runs:
            return
        sentence = ngettext(
            "%(number)s run is waiting for a worker:", "%(number)s runs are waiting for a worker:", len(runs)
        )
        links = format_html_join(
            ", ", "{}", ((link("admin:ingest_run_change", run.pk, run.source.slug),) for run in runs)
        )
        self.message_user(request, format_html("{} {}", sentence % {"number": len(runs)}, links), messages.SUCCESS)

    def run_one_now(self, request: HttpRequest, source_id: int) -> HttpResponse:
        """Answer the button of the source's page."""

        def run_now(source: Source) -> HttpResponse:
            run = offer_run(source)
            self.message_user(
                request, _("The run is waiting for a worker. Reload this page to see how it goes."), messages.SUCCESS
            )
            return redirect("admin:ingest_run_change", run.pk)

        return self.act(request, source_id, run_now)

    def pause(self, request: HttpRequest, source_id: int) -> HttpResponse:
        return self.act(request, source_id, lambda source: pause_source(source, request.POST.get("because", "")))

    def resume_one(self, request: HttpRequest, source_id: int) -> HttpResponse:
        return self.act(request, source_id, resume_source)

    def fill(self, request: HttpRequest, source_id: int) -> HttpResponse:
        """Ask for a span of days again, a run for each day."""

        def fill_days(source: Source) -> HttpResponse:
            since, until = (day_of(request.POST.get(name, ""), name) for name in ("since", "until"))
            runs = backfill(source, since, until + dt.timedelta(days=1), dt.timedelta(days=1))
            sentence = ngettext("%(number)s run was asked for.", "%(number)s runs were asked for.", len(runs))
            self.message_user(request, sentence % {"number": len(runs)}, messages.SUCCESS)
            return redirect(f"{reverse('admin:ingest_run_changelist')}?source__id__exact={source.pk}")

        return self.act(request, source_id, fill_days)

    def act(
        self, request: HttpRequest, source_id: int, action: Callable[[Source], HttpResponse | None]
    ) -> HttpResponse:
        """Do what a button of a source's page asks for; what forbids it is told there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        source = get_object_or_404(Source, pk=source_id)
        if not self.has_change_permission(request, source):
            raise Http404
        try:
            answer = action(source)
        except HubError as error:
            answer = None
            self.message_user(request, in_current_language(error.text), messages.ERROR)
        return answer or redirect("admin:ingest_source_change", source.pk)


def day_of(text: str, where: str) -> dt.datetime:
    """Return the midnight in Korea with which a day begins."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        problem = Text(ko="날짜를 2026-01-31처럼 적으십시오", en="write the day as 2026-01-31")
        raise BadSetup(where=where, problem=problem) from None
    return dt.datetime.combine(day, dt.time(), KOREAN_TIME)
