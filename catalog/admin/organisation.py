"""Organisations in the admin; saving goes through ``publish.save_organisation``."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.describe import read_contact
from catalog.models import Organisation
from catalog.publish import save_organisation
from catalog.standard import is_region
from catalog.text import Text


class OrganisationForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields = (
            "slug", "name_ko", "name_en", "region", "homepage",
            "contact_name_ko", "contact_name_en", "contact_email", "contact_phone",
        )  # fmt: skip

    def clean_region(self) -> str:
        region = self.cleaned_data["region"]
        if region and not is_region(region):
            raise forms.ValidationError(
                _("This is no region code: 2, 5, 8 or 10 digits that begin with a known province.")
            )
        return region


class OrganisationAdmin(ModelAdmin):
    form = OrganisationForm
    list_display = ("name_ko", "slug", "region", "dataset_count", "modified_at")
    search_fields = ("name_ko", "name_en", "slug")
    readonly_fields = ("created_at", "modified_at")
    fieldsets = (
        (None, {"fields": ("slug", "name_ko", "name_en", "region", "homepage")}),
        (
            gettext_lazy("Contact point"),
            {"fields": ("contact_name_ko", "contact_name_en", "contact_email", "contact_phone")},
        ),
        (None, {"fields": ("created_at", "modified_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        return super().get_queryset(request).annotate(number=Count("datasets", Q(datasets__withdrawn_at=None)))

    @admin.display(description=gettext_lazy("datasets"), ordering="number")
    def dataset_count(self, organisation: Organisation) -> int:
        return organisation.number

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        """An identifier is given once: addresses and other hubs hold on to it."""
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        return False

    def view_on_site(self, obj: Organisation) -> str:
        return reverse("portal:organisation", args=[obj.slug])

    def save_model(self, request: HttpRequest, obj: Organisation, form: forms.ModelForm, change: bool) -> None:
        contact: dict[str, Any] = read_contact(obj)
        save_organisation(
            obj.slug,
            name=Text(ko=obj.name_ko, en=obj.name_en),
            region=obj.region,
            homepage=obj.homepage,
            contact=contact,
        )
        obj.pk = Organisation.objects.values_list("pk", flat=True).get(slug=obj.slug)
