"""Keys to the API in the admin: issued here and shown once, revoked, and what they were used for in the last 30 days."""

import datetime as dt

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.keys import issue_key, revoke_key
from catalog.models import ApiKey, ApiUse

SHOWN_DAYS = 30
GRANTED = ("label", "expires_at", "per_minute", "per_day")


class ApiKeyAdmin(ModelAdmin):
    """A key is never changed into another one nor deleted: it is revoked, and its use stays as evidence."""

    list_display = ("prefix", "holder", "label", "state", "created_at", "expires_at", "last_used_on", "recent_requests")
    list_select_related = ("holder",)
    search_fields = ("prefix", "label", "holder__username")
    ordering = ("-created_at",)
    actions = ("revoke",)
    autocomplete_fields = ("holder",)
    readonly_fields = ("prefix", "state", "created_at", "revoked_at", "last_used_on", "recent_use")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        uses = ApiUse.objects.filter(key=OuterRef("pk"), day__gt=first_day()).order_by()
        total = uses.values("key").annotate(total=Sum("requests")).values("total")
        return super().get_queryset(request).annotate(recent=Coalesce(Subquery(total), 0))

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return (
            ("holder", *GRANTED) if obj is None else ("prefix", "holder", "state", *GRANTED, *self.readonly_fields[2:])
        )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return () if obj is None else ("holder", *self.readonly_fields)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Offer only to save: after that comes the page that shows the key, never another form."""
        only = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, (extra_context or {}) | only)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
            return
        granted = {name: form.cleaned_data[name] for name in GRANTED}
        issued, request.issued_key = issue_key(form.cleaned_data["holder"], granted.pop("label"), **granted)
        obj.pk = issued.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key in this answer and nowhere else: no message, no session and no address ever holds it."""
        context = {"title": _("The key has been issued"), "opts": self.opts, "key": obj, "text": request.issued_key}
        return TemplateResponse(
            request, "admin/catalog/apikey/issued.html", self.admin_site.each_context(request) | context
        )

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        number = sum(revoke_key(key) for key in keys)
        text = ngettext("%(number)s key was revoked.", "%(number)s keys were revoked.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> SafeString:
        kind, text = state_of(key, timezone.now())
        return format_html('<span class="state {}">{}</span>', kind, text)

    @admin.display(description=gettext_lazy("requests in 30 days"), ordering="recent")
    def recent_requests(self, key: ApiKey) -> str:
        return f"{key.recent:,}"

    @admin.display(description=gettext_lazy("use in 30 days"))
    def recent_use(self, key: ApiKey) -> SafeString:
        uses = key.uses.filter(day__gt=first_day())
        return SafeString(render_to_string("admin/catalog/apikey/uses.html", {"uses": uses}))


def first_day() -> dt.date:
    """Return the day after which use is shown."""
    return timezone.localdate() - dt.timedelta(days=SHOWN_DAYS)


def state_of(key: ApiKey, now: dt.datetime) -> tuple[str, str]:
    """Return the kind of a key's state, as the style sheet knows it, and its name."""
    if key.revoked_at:
        return "failed", _("revoked")
    if key.expires_at and key.expires_at <= now:
        return "held", _("expired")
    if not key.holder.is_active:
        return "held", _("holder has left")
    return "published", _("valid")
