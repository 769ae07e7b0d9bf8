"""Peer hubs in the stewards' admin: set up, read, compared and paused here; what their pages tell is in ``hub_page``."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from catalog.admin.fields import WordsField
from catalog.errors import HubError
from catalog.models.labels import access_levels, concept_choices, in_current_language, themes
from ingest.admin.hub_page import own_context, peer_context
from ingest.admin.marks import NOTHING
from ingest.errors import BadSetup
from ingest.federation.hubs import check_hub, pause_hub, resume_hub, save_hub
from ingest.federation.sync import offer_comparison, offer_sync
from ingest.models import Hub, HubSync
from ingest.schedule import in_words, presets
from ingest.todays_work import moment

OWN = (
    "title", "address", "fingerprint", "allow_private", "ca_certificates", "reads", "takes", "organisations", "themes",
    "regions", "data_models", "closed", "levels", "schedule",
)  # fmt: skip
CHOICES: Mapping[str, Callable[[], list[tuple[str, str]]]] = {
    "themes": themes,
    "data_models": lambda: concept_choices("data_model"),
    "levels": access_levels,
}


def words_of(field: str) -> dict[str, str]:
    described = Hub._meta.get_field(field)
    return {"label": capfirst(described.verbose_name), "help_text": described.help_text}


class CodesField(forms.MultipleChoiceField):
    """Codes of a vocabulary; those that a peer has already stay to be chosen, whatever they are."""

    def __init__(self, field: str) -> None:
        words = words_of(field)
        super().__init__(
            **{**words, "help_text": words["help_text"] or gettext_lazy("Nothing chosen: all of them.")},
            required=False,
            choices=CHOICES[field],
            widget=forms.CheckboxSelectMultiple,
        )


class HubForm(forms.ModelForm):
    """A peer; what makes no sense is an error at the field concerned."""

    address = forms.CharField(**words_of("address"), max_length=2000, widget=forms.TextInput(attrs={"size": 80}))
    fingerprint = forms.CharField(
        **words_of("fingerprint"), required=False, widget=forms.TextInput(attrs={"size": 80, "spellcheck": "false"})
    )
    organisations = WordsField(
        label=words_of("organisations")["label"],
        required=False,
        help_text=gettext_lazy("Their identifiers at that hub, with commas between them; empty: all of them."),
    )
    themes = CodesField("themes")
    regions = WordsField(
        label=words_of("regions")["label"],
        required=False,
        help_text=gettext_lazy(
            "Codes of administrative areas with commas between them, such as 44; what lies within counts too. Empty: everywhere."
        ),
    )
    data_models = CodesField("data_models")
    levels = CodesField("levels")
    schedule = forms.CharField(
        **words_of("schedule"), required=False, widget=forms.TextInput(attrs={"list": "schedules", "size": 40})
    )

    class Meta:
        model = Hub
        fields = ("slug", *OWN)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        for name in CHOICES.keys() & self.fields.keys():
            codes = self.fields[name]
            known = {code for code, _label in codes.choices}
            codes.choices = [
                *codes.choices,
                *((code, code) for code in getattr(self.instance, name) if code not in known),
            ]

    def clean_address(self) -> str:
        return self.cleaned_data["address"].rstrip("/")

    def clean_fingerprint(self) -> str:
        """Take a fingerprint as people write it down: in groups, with colons, in capitals."""
        return "".join(self.cleaned_data["fingerprint"].replace(":", " ").split()).lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            values = {name: cleaned[name] for name in OWN if name in cleaned}
            try:
                check_hub(cleaned.get("slug", self.instance.slug), values)
            except BadSetup as error:
                field = str(error.values["where"])
                self.add_error(field if field in self.fields else None, in_current_language(error.values["problem"]))
            except HubError as error:
                self.add_error("schedule", in_current_language(error.text))
        return cleaned


@admin.register(Hub)
class HubAdmin(ModelAdmin):
    form = HubForm
    list_display = (
        "slug", "title", "address", "state", "lag", "differences_shown", "bytes_read", "bytes_of_a_day", "next_shown",
    )  # fmt: skip
    search_fields = ("slug", "title", "address")
    show_full_result_count = False
    readonly_fields = (
        "state", "lag", "differences_shown", "bytes_read", "bytes_of_a_day", "schedule_said", "next_shown",
    )  # fmt: skip
    how_it_goes = (gettext_lazy("How it goes"), {"fields": (
        "state", "lag", "differences_shown", "bytes_read", "bytes_of_a_day", "schedule_said", "next_shown",
    )})  # fmt: skip
    fieldsets = (
        (None, {"fields": ("slug", "title")}),
        (
            gettext_lazy("Where it is and how it is known"),
            {"fields": ("address", "fingerprint", "allow_private", "ca_certificates")},
        ),
        (gettext_lazy("What is read from it"), {
            "fields": ("reads", "takes", "organisations", "themes", "regions", "data_models", "closed", "schedule"),
            "description": gettext_lazy("When the address or the choice changes, everything is compared from the beginning; "
                "what is here already does not travel again."),
        }),
        (gettext_lazy("What it may read here"), {"fields": ("levels",)}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hub]:
        """Add what its readings have cost: by their index, of the last one and of one day."""
        last = HubSync.objects.filter(hub=OuterRef("pk")).exclude(state=HubSync.State.RUNNING).order_by("-started_at")
        day = HubSync.objects.filter(
            hub=OuterRef("pk"), started_at__gte=timezone.now() - dt.timedelta(days=1)
        ).order_by()
        read = Cast(KT("counts__bytes"), BigIntegerField())
        return (
            super()
            .get_queryset(request)
            .select_related("identity")
            .annotate(
                last_bytes=Subquery(last.annotate(read=read).values("read")[:1]),
                day_bytes=Subquery(day.values("hub").annotate(read=Sum(read)).values("read")),
                began_at=Subquery(
                    HubSync.objects.filter(hub=OuterRef("pk"), state=HubSync.State.RUNNING).values("started_at")[:1]
                ),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Hub | None = None) -> list[Any]:
        if obj is None:
            return [*self.fieldsets]
        folded = [(title, {**told, "classes": ["collapse"]} if title else told) for title, told in self.fieldsets]
        return [self.how_it_goes, *folded]

    def get_readonly_fields(self, request: HttpRequest, obj: Hub | None = None) -> tuple[str, ...]:
        """Only a superuser lets a peer have private addresses, or asks for others where one may."""
        fixed = self.readonly_fields if obj is None else ("slug", *self.readonly_fields)
        if request.user.is_superuser:
            return fixed
        return (*fixed, "allow_private", *(("address",) if obj is not None and obj.allow_private else ()))

    def has_delete_permission(self, request: HttpRequest, obj: Hub | None = None) -> bool:
        """A peer that was never read may go; the datasets of another one would be nobody's."""
        is_unread = obj is not None and not obj.offers.exists() and not obj.syncs.exists()
        return is_unread and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        doors: Mapping[str, Callable[[HttpRequest, Hub], None]] = {
            "read": self.read_now,
            "compare": lambda request, hub: self.compare(request, hub, repair=False),
            "mend": lambda request, hub: self.compare(request, hub, repair=True),
            "pause": lambda request, hub: pause_hub(hub, request.POST.get("because", "")),
            "resume": lambda request, hub: resume_hub(hub),
        }
        own = [
            path(f"<int:hub_id>/{name}/", self.admin_site.admin_view(self.door(action)), name=f"ingest_hub_{name}")
            for name, action in doors.items()
        ]
        this = path("this/", self.admin_site.admin_view(self.this_hub), name="ingest_hub_this")
        return [this, *own, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        schedules = [(text, in_current_language(words)) for text, words in presets()]
        hub = (
            Hub.objects.select_related("identity").filter(pk=object_id).first() if str(object_id).isdecimal() else None
        )
        context = {**(extra_context or {}), "schedules": schedules, **(peer_context(hub) if hub else {})}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Hub, form: HubForm, change: bool) -> None:
        save_hub(obj.slug, {name: form.cleaned_data[name] for name in OWN if name in form.cleaned_data})
        obj.pk = Hub.objects.values_list("pk", flat=True).get(slug=obj.slug)

    def this_hub(self, request: HttpRequest) -> HttpResponse:
        """Show who this hub is to others, and which of them may read what here."""
        if not self.has_view_permission(request):
            raise Http404
        context = {"title": _("This hub"), "opts": self.opts, **own_context()}
        return TemplateResponse(request, "admin/ingest/hub/this.html", self.admin_site.each_context(request) | context)

    def door(self, action: Callable[[HttpRequest, Hub], None]) -> Callable[..., HttpResponse]:
        """Return the view of a button of a peer's page; what forbids it is told there."""

        def view(request: HttpRequest, hub_id: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            hub = get_object_or_404(Hub, pk=hub_id)
            if not self.has_change_permission(request, hub):
                raise Http404
            try:
                action(request, hub)
            except BadSetup as error:
                self.message_user(request, in_current_language(error.values["problem"]), messages.ERROR)
            else:
                self.log_change(request, hub, request.path.rstrip("/").rpartition("/")[2])
            return redirect("admin:ingest_hub_change", hub.pk)

        return view

    def read_now(self, request: HttpRequest, hub: Hub) -> None:
        if self.is_free(request, hub):
            Hub.objects.filter(pk=hub.pk).update(next_at=None)  # where nobody takes the hint, the next tick reads
            self.tell_offered(request, is_taken=offer_sync(hub.slug) or bool(hub.schedule))

    def compare(self, request: HttpRequest, hub: Hub, *, repair: bool) -> None:
        if self.is_free(request, hub):
            self.tell_offered(request, is_taken=offer_comparison(hub.slug, repair=repair))

    def is_free(self, request: HttpRequest, hub: Hub) -> bool:
        """Tell whether a peer can be asked now, and why not."""
        why = ""
        if is_being_read(hub):
            why = _("It is being read at this moment. Try again when that has ended.")
        elif hub.paused_at:
            why = _("It is paused. Resume it first.")
        elif not hub.reads:
            why = _("Nothing is read from this peer; its settings say so.")
        if why:
            self.message_user(request, why, messages.ERROR)
        return not why

    def tell_offered(self, request: HttpRequest, *, is_taken: bool) -> None:
        if is_taken:
            said = _("A worker begins soon. Reload this page to see how it goes.")
            self.message_user(request, said, messages.SUCCESS)
        else:
            self.message_user(
                request, _("The queue of the workers cannot be reached. Try again later."), messages.ERROR
            )

    @admin.display(description=gettext_lazy("schedule"))
    def schedule_said(self, hub: Hub) -> str:
        return in_words(hub.schedule, get_language() or "ko") if hub.schedule else _("only by hand")

    @admin.display(description=gettext_lazy("state"))
    def state(self, hub: Hub) -> SafeString | str:
        return state_in_words(hub)

    @admin.display(description=gettext_lazy("lag"), ordering="succeeded_at")
    def lag(self, hub: Hub) -> str:
        return ", ".join(lag_in_words(hub)) or NOTHING

    @admin.display(description=gettext_lazy("differences"), ordering="differences")
    def differences_shown(self, hub: Hub) -> SafeString | str:
        if hub.differences is None:
            return _("not compared yet")
        if not hub.differences:
            return _("none (%(moment)s)") % {"moment": moment(hub.verified_at)}
        return said("failed", f"{hub.differences:,} ({moment(hub.verified_at)})")

    @admin.display(description=gettext_lazy("bytes of the last reading"))
    def bytes_read(self, hub: Hub) -> str:
        return filesizeformat(hub.last_bytes) if hub.last_bytes is not None else NOTHING

    @admin.display(description=gettext_lazy("bytes of the last 24 hours"))
    def bytes_of_a_day(self, hub: Hub) -> str:
        return filesizeformat(hub.day_bytes) if hub.day_bytes is not None else NOTHING

    @admin.display(description=gettext_lazy("next time"), ordering="next_at")
    def next_shown(self, hub: Hub) -> str:
        if hub.paused_at or not hub.reads:
            return NOTHING
        if not hub.schedule:
            return _("only by hand")
        return moment(hub.next_at) if hub.next_at else _("at once")


def state_in_words(hub: Hub) -> SafeString:
    """Say how a peer goes: who reads it at this moment, what went wrong, when it is tried again."""
    if is_being_read(hub):
        return said("running", _("being read since %(moment)s") % {"moment": moment(hub.began_at)})
    if hub.paused_at:
        told = {"since": moment(hub.paused_at), "because": hub.paused_because}
        return said("held", _("paused since %(since)s: %(because)s") % told)
    if not hub.reads:
        return said("cancelled", _("it only reads here"))
    if hub.failures:
        told = {"number": hub.failures, "moment": moment(hub.next_at)}
        if not hub.schedule or not hub.next_at:
            return said("failed", ngettext("failed %(number)s time", "failed %(number)s times", hub.failures) % told)
        sentence = ngettext(
            "failed %(number)s time, next try %(moment)s", "failed %(number)s times, next try %(moment)s", hub.failures
        )
        return said("failed", sentence % told)
    if hub.succeeded_at is None:
        return said("waiting", _("not read yet"))
    return said("held", _("well, but something differs")) if hub.differences else said("published", _("well"))


def is_being_read(hub: Hub) -> bool:
    return hub.lease_until is not None and hub.lease_until >= timezone.now()


def said(kind: str, words: str) -> SafeString:
    return format_html('<span class="state {}">{}</span>', kind, words)


def lag_in_words(hub: Hub) -> list[str]:
    """Say how many entries are still to come, and how long ago the peer was read to its end."""
    told = []
    if hub.behind:
        number = f"{hub.behind:,}"
        told.append(ngettext("%(number)s entry behind", "%(number)s entries behind", hub.behind) % {"number": number})
    if hub.succeeded_at:
        told.append(_("read %(age)s ago") % {"age": timesince(hub.succeeded_at, depth=1)})
    return told
