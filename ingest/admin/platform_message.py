"""Messages of platforms in the stewards' admin: what became of each, and what can be done about those that went wrong.

The list and the page show nothing of what a message tells but kind, number and status. Its content is shown to the holder
of a grant, for a purpose, and that is logged (``ingest/platform/showing.py``).
"""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
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
from catalog.text import Text
from ingest.admin.marks import NOTHING
from ingest.models import PlatformMessage
from ingest.platform.showing import show_message
from ingest.platform.taking import MENDABLE, correct_message, process_again, set_aside
from ingest.platform.work import TROUBLE

MARKS = {"processed": "published", "duplicate": "unchanged", "waiting": "waiting", "set-aside": "cancelled"}
LARGEST = 2**20


class TroubleFilter(SimpleListFilter):
    title = gettext_lazy("trouble")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("1", _("could not be processed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PlatformMessage]) -> QuerySet[PlatformMessage]:
        return queryset.filter(state__in=TROUBLE) if self.value() else queryset


class PurposeForm(forms.Form):
    purpose = forms.CharField(
        label=gettext_lazy("Why do you read it?"),
        min_length=5,
        max_length=1000,
        widget=forms.Textarea({"rows": 2, "class": "vLargeTextField"}),
    )


class CorrectionForm(PurposeForm):
    content = forms.CharField(
        label=gettext_lazy("corrected content"),
        max_length=LARGEST,
        strip=False,
        widget=forms.Textarea({"rows": 24, "class": "vLargeTextField", "spellcheck": "false"}),
    )


@admin.register(PlatformMessage)
class PlatformMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "received_at", "platform", "state_badge", "event_id", "number", "status", "happened")
    list_filter = (TroubleFilter, "state", "platform", "received_at")
    list_select_related = ("platform",)
    show_full_result_count = False
    search_fields = ("=number", "=event_id", "=id")
    actions = ("process_selected", "set_selected_aside")
    fields = (
        "platform", "received_at", "state_badge", "happened", "odd", "sender", "event_id", "number", "status", "digest",
        "tries", "processed_at", "corrected_by",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: PlatformMessage | None = None) -> tuple[str, ...]:
        return self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlatformMessage]:
        return super().get_queryset(request).defer("raw", "correction")

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingest.change_platformmessage")

    def get_urls(self) -> list[URLPattern]:
        doors: list[tuple[str, Callable[..., HttpResponse]]] = [("content", self.content), ("again", self.again)]
        own = [
            path(f"<int:message_id>/{name}/", self.admin_site.admin_view(view), name=f"ingest_platformmessage_{name}")
            for name, view in doors
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        message = PlatformMessage.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        context = {**(extra_context or {}), "message": message}
        if message and self.has_act_permission(request) and message.state in MENDABLE:
            address = reverse("admin:ingest_platformmessage_again", args=[message.pk])
            context["tools"] = [(address, _("Process again"))]
        return super().change_view(request, object_id, form_url, context)

    def content(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Show the content of a message to whoever may see it and says why, and take a correction of it."""
        message = get_object_or_404(PlatformMessage.objects.select_related("platform__dataset"), pk=message_id)
        if not self.has_view_permission(request, message):
            return HttpResponse(status=403)
        may_correct = self.has_act_permission(request) and message.state in MENDABLE
        form: forms.Form = PurposeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                text = show_message(
                    message, request.user, purpose=form.cleaned_data["purpose"], address=seen_address(request.META)
                )
                if may_correct and "content" in request.POST:
                    return self.correct(request, message, CorrectionForm(request.POST))
                initial = {"purpose": form.cleaned_data["purpose"], "content": text}
                form = CorrectionForm(initial=initial)
                if not may_correct:
                    form.fields["content"].widget.attrs["readonly"] = True
            except HubError as error:
                form.add_error(None, in_current_language(error.text))
        context = {
            "title": _("Content"),
            "opts": self.opts,
            "message": message,
            "form": form,
            "may_correct": may_correct,
        }
        return TemplateResponse(
            request,
            "admin/ingest/platformmessage/content.html",
            self.admin_site.each_context(request) | context,
        )

    def correct(self, request: HttpRequest, message: PlatformMessage, form: CorrectionForm) -> HttpResponse:
        if not form.is_valid():
            said = "; ".join(error for errors in form.errors.values() for error in errors)
            self.message_user(request, said, messages.ERROR)
            return redirect("admin:ingest_platformmessage_content", message.pk)
        content = form.cleaned_data["content"].replace("\r\n", "\n").encode()
        if correct_message(message, content, request.user, timezone.now()):
            self.message_user(request, _("The message was corrected and processed."), messages.SUCCESS)
        else:
            words = _("The correction is kept, but the message cannot be processed yet.")
            self.message_user(request, words, messages.WARNING)
        return redirect("admin:ingest_platformmessage_change", message.pk)

    def again(self, request: HttpRequest, message_id: int) -> HttpResponse:
        message = get_object_or_404(PlatformMessage, pk=message_id)
        if request.method == "POST" and self.has_act_permission(request):
            self.tell_processed(request, process_again(message.platform, [message.pk], timezone.now()), 1)
        return redirect("admin:ingest_platformmessage_change", message.pk)

    @admin.action(description=gettext_lazy("Process again"), permissions=["act"])
    def process_selected(self, request: HttpRequest, chosen: QuerySet[PlatformMessage]) -> None:
        rows = chosen.select_related("platform").order_by("platform_id", "pk")
        done = 0
        for platform, own in groupby(rows, key=lambda row: row.platform):
            done += process_again(platform, [row.pk for row in own], timezone.now())
        self.tell_processed(request, done, len(rows))

    def tell_processed(self, request: HttpRequest, done: int, asked: int) -> None:
        words = ngettext(
            "%(done)s of %(asked)s message was processed.", "%(done)s of %(asked)s messages were processed.", asked
        )
        level = messages.SUCCESS if done == asked else messages.WARNING
        self.message_user(request, words % {"done": f"{done:,}", "asked": f"{asked:,}"}, level)

    @admin.action(description=gettext_lazy("Set aside, as of no use"), permissions=["act"])
    def set_selected_aside(self, request: HttpRequest, chosen: QuerySet[PlatformMessage]) -> None:
        number = set_aside(chosen.values_list("pk", flat=True))
        words = ngettext("%(number)s message was set aside.", "%(number)s messages were set aside.", number)
        self.message_user(request, words % {"number": f"{number:,}"}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, message: PlatformMessage) -> SafeString:
        return format_html(
            '<span class="state {}">{}</span>', MARKS.get(message.state, "failed"), message.get_state_display()
        )

    @admin.display(description=gettext_lazy("what happened"))
    def happened(self, message: PlatformMessage) -> str:
        return in_current_language(message.reason) or NOTHING

    @admin.display(description=gettext_lazy("what was odd"))
    def odd(self, message: PlatformMessage) -> SafeString | str:
        rows = ((in_current_language(Text(one["ko"], one["en"])),) for one in message.warnings)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", rows)) if message.warnings else NOTHING
