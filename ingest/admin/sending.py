"""Events to platforms in the stewards' admin: where to, by which rules, what was raised, and what became of each message."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.fields import DocumentField, WordsField
from catalog.admin.read_only import ReadOnlyAdmin
from catalog.errors import HubError
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from catalog.text import Text
from ingest.admin.marks import NOTHING, link
from ingest.errors import BadSetup
from ingest.models import OutgoingMessage, RaisedOccurrence, Receiver, SendingRule
from ingest.platform.raising import ask_again
from ingest.platform.receiver import check_receiver, rouse_receiver, try_receiver
from ingest.platform.sending import give_up, send_again
from ingest.platform.sending_rules import SHOWN, check_sending_rule, preview_sending

State = OutgoingMessage.State
MARKS = {State.WAITING: "waiting", State.SENT: "published", State.REFUSED: "failed", State.GIVEN_UP: "cancelled"}


class ReceiverForm(forms.ModelForm):
    class Meta:
        model = Receiver
        fields = (
            "platform", "address", "auth_path", "event_path", "api_key", "send_code", "receive_code", "is_encrypted",
            "is_form", "allow_private", "ca_certificates", "is_enabled",
        )  # fmt: skip
        field_classes = {"address": partial(forms.URLField, assume_scheme="https")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            told_at_field(self, cleaned, check_receiver)
        return cleaned


def told_at_field(form: forms.ModelForm, cleaned: dict[str, Any], check: Callable[..., None]) -> None:
    """Check the row that a form would save and put what is wrong with it beside its field."""
    for name, value in cleaned.items():
        setattr(form.instance, name, value)
    try:
        check(form.instance)
    except BadSetup as error:
        field = str(error.values["where"]).split(".")[0]
        form.add_error(field if field in form.fields else None, in_current_language(error.text))


@admin.register(Receiver)
class ReceiverAdmin(ModelAdmin):
    form = ReceiverForm
    list_display = ("platform", "address", "is_enabled", "waiting", "refused", "failures", "next_try_at", "trouble")
    list_select_related = ("platform",)
    fieldsets = (
        (None, {"fields": ("platform", "is_enabled")}),
        (
            gettext_lazy("Where to"),
            {"fields": ("address", "auth_path", "event_path", "ca_certificates", "allow_private")},
        ),
        (gettext_lazy("Who sends"), {"fields": ("api_key", "send_code", "receive_code")}),
        (gettext_lazy("How it is written"), {"fields": ("is_form", "is_encrypted")}),
        (gettext_lazy("Delivery"), {"fields": ("has_session", "failures", "next_try_at", "trouble")}),
    )
    readonly_fields = ("has_session", "failures", "next_try_at", "trouble")
    actions = ("try_keys",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receiver]:
        waiting = Count("messages", filter=Q(messages__state=State.WAITING))
        refused = Count("messages", filter=Q(messages__state=State.REFUSED))
        return super().get_queryset(request).annotate(waiting_now=waiting, refused_now=refused)

    def get_readonly_fields(self, request: HttpRequest, obj: Receiver | None = None) -> tuple[str, ...]:
        """Only a superuser lets events go to private addresses, or sends those that may go there elsewhere."""
        fixed = self.readonly_fields if obj is None else ("platform", *self.readonly_fields)
        if request.user.is_superuser:
            return fixed
        granted = ("address",) if obj is not None and obj.allow_private else ()
        return (*fixed, "allow_private", *granted)

    def has_delete_permission(self, request: HttpRequest, obj: Receiver | None = None) -> bool:
        is_used = obj is not None and (obj.rules.exists() or obj.messages.exists())
        return obj is not None and not is_used and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Receiver, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        rouse_receiver(obj)

    @admin.action(description=gettext_lazy("Ask for a session key now"), permissions=["change"])
    def try_keys(self, request: HttpRequest, receivers: QuerySet[Receiver]) -> None:
        for receiver in receivers:
            if reason := try_receiver(receiver):
                self.message_user(request, f"{receiver}: {in_current_language(reason)}", messages.ERROR)
            else:
                self.message_user(
                    request, _("%(receiver)s lets the hub in.") % {"receiver": receiver}, messages.SUCCESS
                )

    @admin.display(description=gettext_lazy("waiting"), ordering="waiting_now")
    def waiting(self, receiver: Receiver) -> str:
        return f"{receiver.waiting_now:,}"

    @admin.display(description=gettext_lazy("refused"), ordering="refused_now")
    def refused(self, receiver: Receiver) -> str:
        return f"{receiver.refused_now:,}"

    @admin.display(description=gettext_lazy("has a session key"), boolean=True)
    def has_session(self, receiver: Receiver) -> bool:
        return bool(receiver.session)

    @admin.display(description=gettext_lazy("last error"))
    def trouble(self, receiver: Receiver) -> str:
        return in_current_language(Text(receiver.last_error_ko, receiver.last_error_en)) or NOTHING


class SendingRuleForm(forms.ModelForm):
    subject = WordsField(
        label=gettext_lazy("columns of the subject"),
        help_text=gettext_lazy(
            "What an occurrence is about, such as the station's identifier; of each the latest record counts."
        ),
    )
    items = DocumentField(
        label=gettext_lazy("items"),
        required=False,
        help_text=gettext_lazy('Item key → column: {"LEVEL": "water_level"}.'),
    )

    class Meta:
        model = SendingRule
        fields = (
            "slug", "receiver", "dataset", "condition", "subject", "event_id", "event_name", "grade", "content",
            "place", "items", "is_enabled",
        )  # fmt: skip
        widgets = {
            "condition": forms.Textarea({"rows": 3, "spellcheck": "false"}),
            "content": forms.Textarea({"rows": 2}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        if "dataset" in self.fields:
            readable = Dataset.objects.current().filter(is_guarded=False, distribution__isnull=False)
            self.fields["dataset"].queryset = readable

    def clean_items(self) -> dict[str, Any]:
        return self.cleaned_data["items"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            told_at_field(self, cleaned, check_sending_rule)
        return cleaned


@admin.register(SendingRule)
class SendingRuleAdmin(ModelAdmin):
    form = SendingRuleForm
    list_display = ("slug", "dataset", "receiver", "event_id", "event_name", "open_now", "is_enabled", "trouble")
    list_filter = ("is_enabled", "receiver")
    list_select_related = ("dataset", "receiver__platform")
    search_fields = ("slug", "event_id", "event_name")
    readonly_fields = ("trouble", "preview")
    save_on_top = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SendingRule]:
        is_open = Count("occurrences", filter=Q(occurrences__ended_at=None))
        return super().get_queryset(request).annotate(open_number=is_open)

    def get_fields(self, request: HttpRequest, obj: SendingRule | None = None) -> tuple[str, ...]:
        return (*SendingRuleForm.Meta.fields, *(self.readonly_fields if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: SendingRule | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: SendingRule | None = None) -> bool:
        """What a rule raised is the log of what was sent: it is switched off, not deleted."""
        return obj is not None and not obj.occurrences.exists() and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: SendingRule, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        ask_again(obj)

    @admin.display(description=gettext_lazy("going on"), ordering="open_number")
    def open_now(self, rule: SendingRule) -> str:
        return f"{rule.open_number:,}"

    @admin.display(description=gettext_lazy("last error"))
    def trouble(self, rule: SendingRule) -> str:
        return in_current_language(Text(rule.last_error_ko, rule.last_error_en)) or NOTHING

    @admin.display(description=gettext_lazy("what it would raise now"))
    def preview(self, rule: SendingRule) -> SafeString | str:
        """Show which subjects fulfil the rule now, and what would be told of them."""
        try:
            seen = preview_sending(rule)
        except HubError as error:
            return in_current_language(error.text)
        number = f"{seen.number:,}{'+' if seen.is_more else ''}"
        said = _("%(number)s fulfil it now; %(known)s of them have an occurrence already.") % {
            "number": number,
            "known": f"{seen.known:,}",
        }
        if not seen.first:
            return format_html("<p>{}</p>", said)
        head = format_html("<tr><th>{}</th><th>{}</th><th>{}</th></tr>", _("subject"), _("place"), _("text"))
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((one.subject, one.told.place or NOTHING, one.told.content or NOTHING) for one in seen.first[:SHOWN]),
        )
        return format_html("<p>{}</p><table>{}{}</table>", said, head, rows)


@admin.register(RaisedOccurrence)
class RaisedOccurrenceAdmin(ReadOnlyAdmin):
    list_display = ("number", "rule", "subject", "started_at", "ended_at")
    list_filter = ("rule", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("rule",)
    search_fields = ("=number", "subject")
    fields = ("rule", "subject", "number", "started_at", "ended_at", "last_told", "sent")

    def get_readonly_fields(self, request: HttpRequest, obj: RaisedOccurrence | None = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description=gettext_lazy("last told"))
    def last_told(self, occurrence: RaisedOccurrence) -> SafeString:
        return table_of(occurrence.told)

    @admin.display(description=gettext_lazy("outgoing messages"))
    def sent(self, occurrence: RaisedOccurrence) -> SafeString:
        told = occurrence.messages.order_by("pk")
        rows = (
            (link("admin:ingest_outgoingmessage_change", one.pk, one.status), one.get_state_display()) for one in told
        )
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{} {}</li>", rows))


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "receiver", "number", "status", "state_badge", "tries", "sent_at", "answer")
    list_filter = ("state", "receiver", "status", "created_at")
    list_select_related = ("receiver__platform", "occurrence__rule")
    search_fields = ("=occurrence__number", "occurrence__subject", "=id")
    actions = ("send_selected_again", "give_selected_up")
    fields = (
        "receiver", "occurrence_link", "status", "state_badge", "tries", "created_at", "next_try_at", "sent_at", "code",
        "answer", "told",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: OutgoingMessage | None = None) -> tuple[str, ...]:
        return self.fields

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingest.change_outgoingmessage")

    @admin.action(description=gettext_lazy("Send again"), permissions=["act"])
    def send_selected_again(self, request: HttpRequest, chosen: QuerySet[OutgoingMessage]) -> None:
        number = send_again(list(chosen.values_list("pk", flat=True)))
        words = ngettext("%(number)s message will be sent again.", "%(number)s messages will be sent again.", number)
        self.message_user(request, words % {"number": f"{number:,}"}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Give up sending"), permissions=["act"])
    def give_selected_up(self, request: HttpRequest, chosen: QuerySet[OutgoingMessage]) -> None:
        number = give_up(list(chosen.values_list("pk", flat=True)))
        words = ngettext("%(number)s message was given up.", "%(number)s messages were given up.", number)
        self.message_user(request, words % {"number": f"{number:,}"}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("occurrence number"), ordering="occurrence__number")
    def number(self, message: OutgoingMessage) -> str:
        return message.occurrence.number

    @admin.display(description=gettext_lazy("occurrence"))
    def occurrence_link(self, message: OutgoingMessage) -> SafeString:
        return link("admin:ingest_raisedoccurrence_change", message.occurrence_id, message.occurrence)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, message: OutgoingMessage) -> SafeString:
        mark = MARKS[State(message.state)]
        return format_html('<span class="state {}">{}</span>', mark, message.get_state_display())

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, message: OutgoingMessage) -> str:
        return in_current_language(Text(message.answer_ko, message.answer_en)) or message.code or NOTHING

    @admin.display(description=gettext_lazy("what it tells"))
    def told(self, message: OutgoingMessage) -> SafeString:
        return table_of(message.event)


def table_of(document: dict[str, Any]) -> SafeString:
    """Show what a message tells, by its fields; empty ones are left out."""
    rows = format_html_join(
        "",
        "<tr><th>{}</th><td>{}</td></tr>",
        ((name, as_words(value)) for name, value in document.items() if value not in ("", None, {})),
    )
    return format_html("<table>{}</table>", rows)


def as_words(value: object) -> str:
    return ", ".join(f"{key} = {told}" for key, told in value.items()) if isinstance(value, dict) else str(value)
