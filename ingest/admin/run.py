"""Runs in the stewards' admin: how they go, what happened, the evidence, and what can be done about it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.contrib import admin, messages
from django.contrib.admin import TabularInline
from django.db.models import Model, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.caller import seen_address
from catalog.errors import HubError
from catalog.models.labels import in_current_language
from catalog.records import mask_text
from catalog.text import Text
from ingest.admin.decisions import decide_page, needs_decision
from ingest.admin.marks import NOTHING, badge, link
from ingest.models import Issue, Run
from ingest.platform.showing import admit_to_refused
from ingest.raw import rejected_path
from ingest.refused_records import FORMATS
from ingest.repetitions import cancel_run, replay_run, retry_refused
from ingest.todays_work import moment

STEPS = {
    "collect": gettext_lazy("collecting"),
    "check": gettext_lazy("checking"),
    "publish": gettext_lazy("publishing"),
}
DOWNLOADS = (("xlsx", gettext_lazy("Excel")), ("csv", gettext_lazy("CSV for Excel")), ("ndjson", "NDJSON"))


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
    list_display = ("source", "state_badge", "kind", "due_at", "took", "received", "taken", "turned_away", "happened")
    list_filter = ("state", "kind", "due_at", "source")
    list_select_related = ("source",)
    search_fields = ("source__slug", "error_ko", "error_en")
    inlines = (IssueInline,)
    actions = ("cancel_selected",)
    fieldsets = (
        (None, {"fields": ("source_link", "state_badge", "happened", "progress", "refused")}),
        (gettext_lazy("Counts"), {"fields": ("received", "taken", "turned_away", "pages_received", "bytes_received")}),
        (
            gettext_lazy("Times"),
            {"fields": ("kind_shown", "slot", "span", "due_at", "started_at", "ended_at", "took", "attempt")},
        ),
        (
            gettext_lazy("Evidence"),
            {
                "fields": ("error_code", "snapshot_digest", "answers", "read_up_to", "lease_owner", "fence"),
                "classes": ("collapse",),
            },
        ),
    )

    class Media:
        js = ("ingest/progress.js",)

    def get_urls(self) -> list[URLPattern]:
        doors: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("refused.<str:format_name>", self.download_refused, "refused"),
            ("progress.json", self.tell_progress, "progress"),
            ("cancel/", self.cancel, "cancel"),
            ("replay/", self.replay, "replay"),
            ("retry/", self.retry, "retry"),
            ("decide/", self.decide, "decide"),
        ]
        own = [
            path(f"<int:run_id>/{end}", self.admin_site.admin_view(view), name=f"ingest_run_{name}")
            for end, view, name in doors
        ]
        return [*own, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Run | None = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = Run.objects.select_related("source").filter(pk=object_id).first()
        tools = self.tools_of(run) if run and may_act(request) else []
        asks = bool(run) and may_act(request) and needs_decision(run)
        context = {**(extra_context or {}), "tools": tools, "decide": asks and run.pk}
        return super().change_view(request, object_id, form_url, context)

    def tools_of(self, run: Run) -> list[tuple[str, str]]:
        """Return (address, words) of what can be done with a run as it is now."""
        offers = [
            (not run.is_over and run.cancel_asked_at is None, "cancel", _("Stop")),
            (run.is_over and bool(run.raw_answers), "replay", _("Read the kept answers again")),
            (run.is_over and rejected_path(run) is not None, "retry", _("Try the refused records again")),
        ]
        return [(reverse(f"admin:ingest_run_{name}", args=[run.pk]), words) for is_on, name, words in offers if is_on]

    # What is shown.

    @admin.display(description=gettext_lazy("source"))
    def source_link(self, run: Run) -> SafeString:
        return link("admin:ingest_source_change", run.source_id, run.source.slug)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, run: Run) -> SafeString:
        return badge(run.state)

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, run: Run) -> str:
        return what_happened(run)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, run: Run) -> SafeString | str:
        """Show how far a run is; a script of the page brings it up to date."""
        if run.is_over:
            return NOTHING
        address = reverse("admin:ingest_run_progress", args=[run.pk])
        return format_html('<span data-progress="{}">{}</span>', address, how_far(run))

    @admin.display(description=gettext_lazy("kind"))
    def kind_shown(self, run: Run) -> SafeString | str:
        if run.of_id is None:
            return run.get_kind_display()
        return format_html("{} ({})", run.get_kind_display(), link("admin:ingest_run_change", run.of_id, run.of))

    @admin.display(description=gettext_lazy("span of time"))
    def span(self, run: Run) -> str:
        return f"{moment(run.since)} – {moment(run.until)}" if run.since else NOTHING

    @admin.display(description=gettext_lazy("rows received"), ordering="rows")
    def received(self, run: Run) -> str:
        return f"{run.rows:,}"

    @admin.display(description=gettext_lazy("accepted records"), ordering="accepted")
    def taken(self, run: Run) -> str:
        return f"{run.accepted:,}"

    @admin.display(description=gettext_lazy("refused records"), ordering="rejected")
    def turned_away(self, run: Run) -> str:
        return f"{run.rejected:,}"

    @admin.display(description=gettext_lazy("answers received"))
    def pages_received(self, run: Run) -> str:
        return f"{run.pages:,}"

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
            ((reverse("admin:ingest_run_refused", args=[run.pk, name]), words) for name, words in DOWNLOADS),
        )
        return format_html("{} ({})", f"{run.rejected:,}", links)

    @admin.display(description=gettext_lazy("raw answers"))
    def answers(self, run: Run) -> SafeString | str:
        rows = (
            (
                mask_text(unquote(entry["location"])),
                entry["content_type"],
                f"{entry['bytes']:,}",
                _(" · a secret in it was blackened") if entry.get("masked") else "",
            )
            for entry in run.raw_answers
        )
        return format_html_join("", "<div>{} <small>{} · {} B{}</small></div>", rows) or NOTHING

    @admin.display(description=gettext_lazy("read up to"))
    def read_up_to(self, run: Run) -> SafeString | str:
        left = run.position.get("left") or {}
        return format_html_join(", ", "{}: <code>{}</code>", left.items()) or NOTHING

    # What can be done.

    @admin.action(description=gettext_lazy("Stop"), permissions=["view"])
    def cancel_selected(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        if not may_act(request):
            raise Http404
        stopped = sum(cancel_run(run) for run in runs)
        sentence = ngettext("%(number)s run was asked to stop.", "%(number)s runs were asked to stop.", stopped)
        self.message_user(request, sentence % {"number": stopped}, messages.SUCCESS if stopped else messages.WARNING)

    def cancel(self, request: HttpRequest, run_id: int) -> HttpResponse:
        def stop(run: Run) -> Run:
            is_stopped = cancel_run(run)
            sentence = _("The run was asked to stop.") if is_stopped else _("The run was over already.")
            self.message_user(request, sentence, messages.SUCCESS if is_stopped else messages.WARNING)
            return run

        return self.act(request, run_id, stop)

    def replay(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return self.act(request, run_id, lambda run: self.waiting(request, replay_run(run)))

    def retry(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return self.act(request, run_id, lambda run: self.waiting(request, retry_refused(run)))

    def decide(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return decide_page(self.admin_site, request, run_id)

    def waiting(self, request: HttpRequest, run: Run) -> Run:
        self.message_user(request, _("The run is waiting for a worker."), messages.SUCCESS)
        return run

    def act(self, request: HttpRequest, run_id: int, action: Callable[[Run], Run]) -> HttpResponse:
        """Do what a button of a run's page asks for and show the run that comes of it; what forbids it is told there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run = get_object_or_404(Run.objects.select_related("source__distribution"), pk=run_id)
        if not may_act(request):
            raise Http404
        try:
            run = action(run)
        except HubError as error:
            self.message_user(request, in_current_language(error.text), messages.ERROR)
        return redirect("admin:ingest_run_change", run.pk)

    def tell_progress(self, request: HttpRequest, run_id: int) -> JsonResponse:
        """Answer the page's script: how far the run is, in words, and whether it is over."""
        run = get_object_or_404(Run, pk=run_id)
        if not self.has_view_permission(request, run):
            raise Http404
        return JsonResponse({"words": how_far(run), "state": run.state, "over": run.is_over})

    def download_refused(self, request: HttpRequest, run_id: int, format_name: str) -> HttpResponseBase:
        run = get_object_or_404(Run.objects.select_related("source__distribution__dataset"), pk=run_id)
        kept = rejected_path(run)
        if format_name not in FORMATS or kept is None or not self.has_view_permission(request, run):
            raise Http404
        try:
            purpose = request.POST.get("purpose", "")
            admit_to_refused(run, request.user, purpose=purpose, address=seen_address(request.META))
        except HubError as error:
            return self.ask_purpose(request, run, in_current_language(error.text) if request.POST else "")
        file_name = f"{run.source.slug}-{run.pk}-refused.{format_name}"
        return StreamingHttpResponse(
            FORMATS[format_name].write(kept),
            content_type=FORMATS[format_name].media_type,
            headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
        )

    def ask_purpose(self, request: HttpRequest, run: Run, problem: str) -> HttpResponse:
        """Ask why somebody wants to see the refused records of a guarded dataset."""
        context = {"title": _("Refused records"), "opts": self.opts, "run": run, "problem": problem}
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/ingest/run/purpose.html", context, status=403 if problem else 200)


def may_act(request: HttpRequest) -> bool:
    """Tell whether somebody may have sources pulled and runs stopped: who may change sources."""
    return request.user.has_perm("ingest.change_source")


def how_far(run: Run) -> str:
    """Tell in words how far a run is."""
    if run.state != Run.State.RUNNING or run.started_at is None:
        return what_happened(run)
    return _("%(step)s: %(rows)s rows, %(pages)s answers, %(size)s MB, %(seconds)s s so far") % {
        "step": STEPS.get(run.step, run.step),
        "rows": f"{run.rows:,}",
        "pages": f"{run.pages:,}",
        "size": f"{run.received_bytes / 1e6:,.1f}",
        "seconds": f"{(timezone.now() - run.started_at).total_seconds():.0f}",
    }


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
    Run.State.CANCELLED: gettext_lazy(
        "Stopped because somebody asked for it; what was published before stays as it was."
    ),
}
