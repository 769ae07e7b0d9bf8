"""Feeds in the stewards' admin: how each goes, what failed, what waits for a decision. A door only: see ``ingest/harvest/``."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog.admin.fields import DocumentField, WordsField
from catalog.errors import HubError
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, link
from ingest.errors import BadSetup
from ingest.harvest.causes import CAUSES
from ingest.harvest.feeds import check_feed, pause_feed, resume_feed, retry_failures, save_feed, wish_for
from ingest.harvest.gone import accept_gone, missing_rows, refuse_gone
from ingest.harvest_formats import FORMATS
from ingest.models import DuplicatePair, Feed, FeedReading, Harvested, HarvestFailure
from ingest.schedule import in_words, presets
from ingest.todays_work import moment

SHOWN_READINGS = 15
SHOWN_MISSING = 50
KINDS_SHOWN = {
    "created": gettext_lazy("new"),
    "changed": gettext_lazy("changed"),
    "restored": gettext_lazy("restored"),
    "deleted": gettext_lazy("withdrawn"),
    "held": gettext_lazy("gone, waiting for a decision"),
    "refused": gettext_lazy("could not be taken"),
}
OWN = (
    "title", "format", "location", "selection", "access_level", "local_fields", "schedule", "allow_private",
    "ca_certificates",
)  # fmt: skip


def name_of(field: str) -> str:
    return capfirst(Feed._meta.get_field(field).verbose_name)


def help_on(field: str) -> str:
    return Feed._meta.get_field(field).help_text


class FeedForm(forms.ModelForm):
    """A feed; what cannot be read is an error at the field concerned."""

    format = forms.ChoiceField(
        label=name_of("format"),
        choices=lambda: [(name, in_current_language(each.label)) for name, each in FORMATS.items()],
    )
    location = forms.CharField(label=name_of("location"), widget=forms.TextInput(attrs={"size": 80}))
    selection = DocumentField(label=name_of("selection"), required=False, help_text=help_on("selection"))
    local_fields = WordsField(label=name_of("local_fields"), required=False, help_text=help_on("local_fields"))
    schedule = forms.CharField(
        label=name_of("schedule"),
        required=False,
        help_text=help_on("schedule"),
        widget=forms.TextInput(attrs={"list": "schedules", "size": 40}),
    )

    class Meta:
        model = Feed
        fields = ("slug", *OWN)

    def clean_selection(self) -> dict[str, Any]:
        return self.cleaned_data["selection"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            self.check_setup(cleaned)
        return cleaned

    def check_setup(self, cleaned: dict[str, Any]) -> None:
        told = {
            name: cleaned.get(name, getattr(self.instance, name))
            for name in ("slug", "format", "schedule", "selection")
        }
        try:
            check_feed(
                slug=told["slug"], format_=told["format"], schedule=told["schedule"], selection=told["selection"]
            )
        except BadSetup as error:
            field = str(error.values["where"])
            self.add_error(field if field in self.fields else None, in_current_language(error.text))


@admin.register(Feed)
class FeedAdmin(ModelAdmin):
    form = FeedForm
    list_display = ("slug", "title", "format", "schedule_said", "state", "last_success_at", "datasets", "failed")
    list_filter = ("format",)
    search_fields = ("slug", "title", "location")
    readonly_fields = ("state", "next_at", "last_success_at")
    fieldsets = (
        (None, {"fields": ("slug", "title", "state")}),
        (
            gettext_lazy("Where from"),
            {"fields": ("format", "location", "selection", "allow_private", "ca_certificates")},
        ),
        (gettext_lazy("When"), {"fields": ("schedule", "next_at", "last_success_at")}),
        (gettext_lazy("What becomes of it"), {"fields": ("access_level", "local_fields")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Feed | None = None) -> tuple[str, ...]:
        """Only a superuser lets a feed have private addresses, or asks for others where one may."""
        fixed = self.readonly_fields if obj is None else ("slug", *self.readonly_fields)
        if request.user.is_superuser:
            return fixed
        granted = ("format", "location") if obj is not None and obj.allow_private else ()
        return (*fixed, "allow_private", *granted)

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        """A feed that was never read may go; the datasets of another one would be nobody's."""
        return obj is not None and not obj.readings.exists() and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        doors: list[tuple[str, Callable[[HttpRequest, Feed], None]]] = [
            ("read", self.read_now),
            ("preview", self.preview),
            ("retry", self.retry),
            ("pause", lambda request, feed: pause_feed(feed, request.POST.get("because", ""))),
            ("resume", lambda request, feed: resume_feed(feed)),
            ("decide", self.decide),
        ]
        own = [
            path(
                f"<int:feed_id>/{name}/",
                self.admin_site.admin_view(self.door(action)),
                name=f"ingest_feed_{name}",
            )
            for name, action in doors
        ]
        return [*own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        schedules = [(text, in_current_language(words)) for text, words in presets()]
        feed = Feed.objects.filter(pk=object_id).first() if object_id and object_id.isdecimal() else None
        context = {**(extra_context or {}), "schedules": schedules, **(feed_context(feed) if feed else {})}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Feed, form: FeedForm, change: bool) -> None:
        obj.pk = save_feed(obj.slug, **{name: getattr(obj, name) for name in OWN}).pk

    def door(self, action: Callable[[HttpRequest, Feed], None]) -> Callable[..., HttpResponse]:
        """Return the view of a button of a feed's page; what forbids it is told there."""

        def view(request: HttpRequest, feed_id: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            feed = get_object_or_404(Feed, pk=feed_id)
            if not self.has_change_permission(request, feed):
                raise Http404
            try:
                action(request, feed)
            except HubError as error:
                self.message_user(request, in_current_language(error.text), messages.ERROR)
            return redirect("admin:ingest_feed_change", feed.pk)

        return view

    def read_now(self, request: HttpRequest, feed: Feed) -> None:
        wish_for(feed, Feed.Wish.READ)
        self.message_user(request, _("A worker reads it soon. Reload this page to see how it goes."), messages.SUCCESS)

    def preview(self, request: HttpRequest, feed: Feed) -> None:
        wish_for(feed, Feed.Wish.PREVIEW)
        self.message_user(
            request,
            _("A worker looks what would be done; nothing is changed. Reload this page to see it."),
            messages.SUCCESS,
        )

    def retry(self, request: HttpRequest, feed: Feed) -> None:
        result = retry_failures(feed)
        told = {"taken": result.created + result.changed + result.restored, "refused": result.refused}
        self.message_user(request, _("%(taken)s taken, %(refused)s still not.") % told, messages.SUCCESS)

    def decide(self, request: HttpRequest, feed: Feed) -> None:
        reading = get_object_or_404(feed.readings, pk=request.POST.get("reading"), state="held", decision="")
        verb = {"accept": accept_gone, "refuse": refuse_gone}.get(request.POST.get("decision", ""))
        if verb is None:
            raise Http404
        count = verb(reading, request.user, timezone.now())
        words = _("%(count)s datasets withdrawn.") if verb is accept_gone else _("%(count)s datasets kept.")
        self.message_user(request, words % {"count": count}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("schedule"), ordering="schedule")
    def schedule_said(self, feed: Feed) -> str:
        return in_words(feed.schedule, get_language() or "ko") if feed.schedule else _("only by hand")

    @admin.display(description=gettext_lazy("state"))
    def state(self, feed: Feed) -> SafeString | str:
        """Say in words how a feed goes: who waits for whom, what went wrong, when it is read next."""
        if feed.pk is None:
            return NOTHING
        return state_in_words(feed)

    @admin.display(description=gettext_lazy("datasets"))
    def datasets(self, feed: Feed) -> int:
        return Harvested.objects.filter(feed=feed.slug, kind=Harvested.Kind.DATASET, gone_at=None).count()

    @admin.display(description=gettext_lazy("could not be taken"))
    def failed(self, feed: Feed) -> SafeString | str:
        count = feed.failed_records.count()
        if not count:
            return NOTHING
        address = f"{reverse('admin:ingest_harvestfailure_changelist')}?feed__id__exact={feed.pk}"
        return format_html('<a href="{}">{}</a>', address, count)


def state_in_words(feed: Feed) -> SafeString:
    last = feed.readings.first()
    now = timezone.now()
    if feed.lease_until and feed.lease_until >= now:
        return said("running", _("being read since %(moment)s") % {"moment": moment(last.started_at) if last else ""})
    if feed.paused_at:
        told = {"since": moment(feed.paused_at), "because": feed.paused_because}
        return said("held", _("paused since %(since)s: %(because)s") % told)
    if waiting := question_of(feed):
        return said("held", _("%(count)s datasets are gone; a decision is wanted") % {"count": waiting.held})
    if feed.failures and last:
        told = {"times": feed.failures, "error": error_of(last)}
        return said("failed", _("failed %(times)s times in a row: %(error)s") % told)
    if feed.wish:
        return said("waiting", _("waiting for a worker"))
    if feed.last_success_at is None:
        return said("", _("not read yet"))
    return said("published", _("next: %(moment)s") % {"moment": moment(feed.next_at)} if feed.next_at else _("well"))


def said(kind: str, words: str) -> SafeString:
    return format_html('<span class="state {}">{}</span>', kind, words)


def error_of(reading: FeedReading) -> str:
    return reading.error_ko if (get_language() or "ko").startswith("ko") else reading.error_en


def question_of(feed: Feed) -> FeedReading | None:
    return feed.readings.filter(state=FeedReading.State.HELD, decision="").first()


def feed_context(feed: Feed) -> dict[str, Any]:
    """Return what a feed's page shows beside its settings."""
    question = question_of(feed)
    missing = missing_rows(feed)
    preview = feed.readings.filter(kind=FeedReading.Kind.PREVIEW).first()
    harvested = Harvested.objects.filter(feed=feed.slug, kind=Harvested.Kind.DATASET)
    return {
        "question": question,
        "share": round(100 * question.held / question.known) if question and question.known else 100,
        "missing": [(row, dataset_link(row)) for row in missing.select_related("dataset")[:SHOWN_MISSING]]
        if question
        else [],
        "missing_more": max(missing.count() - SHOWN_MISSING, 0) if question else 0,
        "readings": [(reading, error_of(reading)) for reading in feed.readings.all()[:SHOWN_READINGS]],
        "causes": causes_of(feed),
        "preview": preview,
        "preview_examples": [
            (words, getattr(preview, kind), preview.examples[kind])
            for kind, words in KINDS_SHOWN.items()
            if preview.examples.get(kind)
        ]
        if preview
        else [],
        "kept_count": harvested.exclude(kept_values={}).count(),
        "pairs": DuplicatePair.objects.filter(state=DuplicatePair.State.OPEN, first__harvested__feed=feed.slug).count()
        + DuplicatePair.objects.filter(state=DuplicatePair.State.OPEN, second__harvested__feed=feed.slug).count(),
    }


def dataset_link(row: Harvested) -> SafeString | str:
    return (
        link("admin:catalog_dataset_change", row.dataset_id, row.dataset.title_ko or row.slug)
        if row.dataset
        else row.slug
    )


def causes_of(feed: Feed) -> list[dict[str, Any]]:
    """Return what failed, grouped by cause: how many, what it is, how to mend it, an example, where the others are."""
    counted: QuerySet[Any] = (
        feed.failed_records.order_by().values("code").annotate(count=Count("pk")).order_by("-count")
    )
    told = []
    for row in counted:
        cause = CAUSES.get(row["code"], CAUSES["refused"])
        example = HarvestFailure.objects.filter(feed=feed, code=row["code"]).first()
        told.append(
            {
                "count": row["count"],
                "what": in_current_language(cause.what),
                "mend": in_current_language(cause.mend),
                "example": example,
                "address": f"{reverse('admin:ingest_harvestfailure_changelist')}"
                f"?feed__id__exact={feed.pk}&code__exact={row['code']}",
            }
        )
    return told
