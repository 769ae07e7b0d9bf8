"""Providers, hosts, secrets, alerts and their channels in the stewards' admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, link
from ingest.alerts import rouse_channel, send_test, skip_to_now
from ingest.models import Alert, AlertChannel, Host, Provider, Secret
from ingest.schedule import KOREAN_TIME
from ingest.secret_store import delete_secret, is_readable, save_secret, users_of
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


class SecretForm(forms.ModelForm):
    """The value of a secret goes in here and never comes out again."""

    value = forms.CharField(
        label=gettext_lazy("value"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Encrypted at once; nobody is shown it again."),
        strip=True,
    )

    class Meta:
        model = Secret
        fields = ("name", "note")


@admin.register(Secret)
class SecretAdmin(ModelAdmin):
    form = SecretForm
    list_display = ("name", "note", "used_by", "is_readable", "modified_at")
    search_fields = ("name", "note")
    fields = ("name", "value", "note", "used_by")
    readonly_fields = ("used_by",)

    def get_readonly_fields(self, request: HttpRequest, obj: Secret | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("name", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Secret, form: forms.ModelForm, change: bool) -> None:
        save_secret(obj.name, form.cleaned_data["value"], obj.note)
        obj.pk = Secret.objects.values_list("pk", flat=True).get(name=obj.name)

    def has_delete_permission(self, request: HttpRequest, obj: Secret | None = None) -> bool:
        return obj is not None and not users_of(obj.name) and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Secret) -> None:
        delete_secret(obj.name)

    @admin.display(description=gettext_lazy("used by"))
    def used_by(self, secret: Secret) -> str:
        return ", ".join(in_current_language(user) for user in users_of(secret.name)) or NOTHING

    @admin.display(description=gettext_lazy("can be read"), boolean=True)
    def is_readable(self, secret: Secret) -> bool:
        return is_readable(secret)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "about_link", "text")
    list_filter = ("kind", "source", "feed", "hub")
    list_select_related = ("source", "feed", "hub")
    fields = ("at", "kind", "about_link", "run_link", "text")

    def get_readonly_fields(self, request: HttpRequest, obj: Alert | None = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description=gettext_lazy("source, feed or peer"))
    def about_link(self, alert: Alert) -> SafeString:
        about = alert.about
        return link(f"admin:ingest_{about._meta.model_name}_change", about.pk, about.slug)

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
    actions = ("send_tests", "skip")

    def get_readonly_fields(self, request: HttpRequest, obj: AlertChannel | None = None) -> tuple[str, ...]:
        """Only a superuser lets messages go to private addresses, or sends those that may go there elsewhere."""
        if request.user.is_superuser:
            return self.readonly_fields
        granted = ("kind", "address") if obj is not None and obj.allow_private else ()
        return (*self.readonly_fields, "allow_private", *granted)

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: forms.ModelForm, change: bool) -> None:
        """A new channel is told what happens from now on; one that was changed is tried at once."""
        super().save_model(request, obj, form, change)
        (rouse_channel if change else skip_to_now)(obj)

    @admin.action(description=gettext_lazy("Send a test message"), permissions=["change"])
    def send_tests(self, request: HttpRequest, channels: QuerySet[AlertChannel]) -> None:
        for channel in channels:
            if reason := send_test(channel):
                self.message_user(request, f"{channel}: {reason}", messages.ERROR)
            else:
                self.message_user(request, _("%(channel)s: sent.") % {"channel": channel}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Leave out what was not delivered"), permissions=["change"])
    def skip(self, request: HttpRequest, channels: QuerySet[AlertChannel]) -> None:
        for channel in channels:
            skip_to_now(channel)
        self.message_user(request, _("From now on only what happens next is told."), messages.SUCCESS)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"address": getattr(request.user, "email", "")}
