"""Integrated platforms in the stewards' admin: registered here, given keys that are shown once, their erasures proved."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.fields import WordsField
from catalog.admin.read_only import ReadOnlyAdmin
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, link
from ingest.errors import BadSetup
from ingest.models import Erasure, Platform, PlatformMessage
from ingest.platform.erasing import prove
from ingest.platform.open_counts import PERIODS
from ingest.platform.platforms import check_platform, issue_platform_key, save_platform
from ingest.platform.work import TROUBLE

PERIOD_WORDS = {"hour": gettext_lazy("hour"), "day": gettext_lazy("day"), "month": gettext_lazy("month")}


class PlatformForm(forms.ModelForm):
    """A platform; ``counts_by`` is a wish of the moment: the open datasets that it makes are datasets like others."""

    send_codes = WordsField(
        label=gettext_lazy("sender codes"),
        required=False,
        help_text=gettext_lazy("Which sendCd it uses, such as B4113000000; empty: any."),
    )
    addresses = WordsField(
        label=gettext_lazy("its addresses"),
        required=False,
        help_text=gettext_lazy("Addresses or networks that it sends from, such as 10.1.2.0/24; empty: any."),
    )
    counts_by = forms.ChoiceField(
        label=gettext_lazy("open counts by"),
        required=False,
        choices=[("", gettext_lazy("no open datasets")), *((name, PERIOD_WORDS[name]) for name in PERIODS)],
        help_text=gettext_lazy(
            "Makes two open datasets, counts and response times, without cells below five; those there are stay."
        ),
    )

    class Meta:
        model = Platform
        fields = (
            "slug", "title", "organisation", "is_enabled", "send_codes", "addresses", "cipher_secret", "cipher_text",
            "personal_days", "event_days",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            names = ("title", "addresses", "cipher_secret", "cipher_text", "personal_days", "event_days")
            try:
                check_platform(cleaned.get("slug", self.instance.slug), *(cleaned[name] for name in names))
            except BadSetup as error:
                field = str(error.values["where"])
                self.add_error(field if field in self.fields else None, in_current_language(error.text))
        return cleaned


@admin.register(Platform)
class PlatformAdmin(ModelAdmin):
    form = PlatformForm
    list_display = ("slug", "title", "organisation", "is_enabled", "key_shown", "in_trouble", "latest")
    list_select_related = ("organisation",)
    search_fields = ("slug", "title")
    readonly_fields = ("dataset_link", "key_state", "proof", "created_at", "modified_at")
    fieldsets = (
        (None, {"fields": ("slug", "title", "organisation", "is_enabled")}),
        (gettext_lazy("How it is known"), {"fields": ("key_state", "send_codes", "addresses")}),
        (gettext_lazy("Encryption"), {"fields": ("cipher_secret", "cipher_text")}),
        (gettext_lazy("How long it is kept"), {"fields": ("personal_days", "event_days", "proof")}),
        (gettext_lazy("What is published"), {"fields": ("dataset_link", "counts_by")}),
        (None, {"fields": ("created_at", "modified_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Platform]:
        of_it = PlatformMessage.objects.filter(platform=OuterRef("pk"), state__in=TROUBLE).order_by().values("platform")
        trouble = Subquery(of_it.annotate(number=Count("pk")).values("number"))  # by the index; a join reads them all
        return super().get_queryset(request).annotate(trouble=trouble)

    def get_readonly_fields(self, request: HttpRequest, obj: Platform | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Platform | None = None) -> bool:
        """What a platform sent is evidence: it is switched off, never deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.issue_key)
        return [path("<int:platform_id>/key/", view, name="ingest_platform_key"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Platform, form: forms.ModelForm, change: bool) -> None:
        save_platform(
            obj.slug,
            title=obj.title,
            organisation=obj.organisation.slug,
            send_codes=obj.send_codes,
            addresses=obj.addresses,
            cipher_secret=obj.cipher_secret,
            cipher_text=obj.cipher_text,
            personal_days=obj.personal_days,
            event_days=obj.event_days,
            counts_by=form.cleaned_data.get("counts_by", ""),
            is_enabled=obj.is_enabled,
        )
        obj.pk = Platform.objects.values_list("pk", flat=True).get(slug=obj.slug)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        address = reverse("admin:ingest_platform_key", args=[object_id]) if object_id.isdigit() else ""
        tools = [(address, _("Issue a new key"))] if address and request.user.has_perm("ingest.change_platform") else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "tools": tools})

    def issue_key(self, request: HttpRequest, platform_id: int) -> HttpResponse:
        """Issue a key and show it in this answer and nowhere else."""
        platform = get_object_or_404(Platform, pk=platform_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request, platform):
            self.message_user(request, _("You may not change this platform."), messages.ERROR)
            return HttpResponse(status=403)
        context = {
            "title": _("The key has been issued"),
            "opts": self.opts,
            "platform": platform,
            "text": issue_platform_key(platform),
        }
        self.log_change(request, platform, "key")
        return TemplateResponse(
            request, "admin/ingest/platform/issued.html", self.admin_site.each_context(request) | context
        )

    @admin.display(description=gettext_lazy("key"))
    def key_state(self, platform: Platform) -> str:
        return f"{platform.key_shown}…" if platform.key_shown else _("none yet: known by its addresses alone")

    @admin.display(description=gettext_lazy("messages in trouble"))
    def in_trouble(self, platform: Platform) -> SafeString | str:
        if not platform.trouble:
            return NOTHING
        address = f"{reverse('admin:ingest_platformmessage_changelist')}?platform__id__exact={platform.pk}&trouble=1"
        return format_html('<a class="state failed" href="{}">{}</a>', address, f"{platform.trouble:,}")

    @admin.display(description=gettext_lazy("last message"))
    def latest(self, platform: Platform) -> str:
        at = (
            PlatformMessage.objects.filter(platform=platform)
            .order_by("-id")
            .values_list("received_at", flat=True)
            .first()
        )
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else NOTHING

    @admin.display(description=gettext_lazy("dataset of its events"))
    def dataset_link(self, platform: Platform) -> SafeString | str:
        return link("admin:catalog_dataset_change", platform.dataset_id, platform.dataset) if platform.pk else NOTHING

    @admin.display(description=gettext_lazy("what should be gone and is not"))
    def proof(self, platform: Platform) -> SafeString | str:
        if not platform.pk:
            return NOTHING
        rows = ((in_current_language(proof.what), f"{proof.left:,}") for proof in prove(platform, timezone.now()))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", rows))


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = fields = (
        "at", "platform", "until", "messages", "occurrences", "deleted_occurrences", "digest", "previous"
    )  # fmt: skip
    list_filter = ("platform",)
