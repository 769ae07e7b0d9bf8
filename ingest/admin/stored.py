"""Providers, hosts, alerts and their channels in the stewards' admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, link
from ingest.models import Alert, AlertChannel, Host, Provider
from ingest.schedule import KOREAN_TIME
from ingest.sources import save_provider


@admin.register(Provider)
class ProviderAdmin(ModelAdmin):
    list_display = ("slug", "title_ko", "daily_calls", "used_today", "sources_shown")
    search_fields = ("slug", "title_ko", "title_en")
    fields = ("slug", "title_ko", "title_en", "daily_calls", "used_today", "sources_shown")
    readonly_fields = ("used_today", "sources_shown")

    def get_readonly_fields(self, request: HttpRequest, obj: Provider | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Provider, form: forms.ModelForm, change: bool) -> None:
        save_provider(obj.slug, title_ko=obj.title_ko, title_en=obj.title_en, daily_calls=obj.daily_calls)
        obj.pk = Provider.objects.values_list("pk", flat=True).get(slug=obj.slug)

    def has_delete_permission(self, request: HttpRequest, obj: Provider | None = None) -> bool:
        return obj is not None and not obj.sources.exists() and super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("calls made today"))
    def used_today(self, provider: Provider) -> str:
        is_today = provider.used_on == timezone.now().astimezone(KOREAN_TIME).date()
        return f"{provider.used if is_today else 0:,}"

    @admin.display(description=gettext_lazy("sources"))
    def sources_shown(self, provider: Provider) -> str:
        return ", ".join(provider.sources.values_list("slug", flat=True)) or NOTHING


@admin.register(Host)
class HostAdmin(ReadOnlyAdmin):
    list_display = fields = ("name", "failures", "closed_until")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "source_link", "text")
    list_filter = ("kind", "source")
    list_select_related = ("source",)
    fields = ("at", "kind", "source_link", "run_link", "text")

    def get_readonly_fields(self, request: HttpRequest, obj: Alert | None = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description=gettext_lazy("source"))
    def source_link(self, alert: Alert) -> SafeString:
        return link("admin:ingest_source_change", alert.source_id, alert.source.slug)

    @admin.display(description=gettext_lazy("run"))
    def run_link(self, alert: Alert) -> SafeString | str:
        return link("admin:ingest_run_change", alert.run_id, alert.run) if alert.run_id else NOTHING

    @admin.display(description=gettext_lazy("what happened"))
    def text(self, alert: Alert) -> str:
        return in_current_language(alert.text)


@admin.register(AlertChannel)
class AlertChannelAdmin(ModelAdmin):
    list_display = ("address", "kind", "organisation", "is_enabled", "failures", "next_try_at", "last_error")
    list_filter = ("kind", "is_enabled")
    fieldsets = (
        (None, {"fields": ("kind", "address", "organisation", "language", "is_enabled")}),
        (gettext_lazy("Quiet hours"), {"fields": ("quiet_from", "quiet_until")}),
        (gettext_lazy("Webhook"), {"fields": ("secret", "allow_private")}),
        (gettext_lazy("Delivery"), {"fields": ("failures", "next_try_at", "last_error")}),
    )
    readonly_fields = ("failures", "next_try_at", "last_error")

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: forms.ModelForm, change: bool) -> None:
        """A new channel is told what happens from now on, not what happened before it."""
        if not change:
            obj.delivered = Alert.objects.order_by("-id").values_list("id", flat=True).first() or 0
        super().save_model(request, obj, form, change)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"address": getattr(request.user, "email", "")}
