"""Organisations in the admin; saving goes through ``publish.save_organisation``."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from catalog.admin.profile_fields import put_profile_fields
from catalog.describe import describe_row
from catalog.models import Organisation
from catalog.models.labels import in_current_language
from catalog.publish import save_organisation
from catalog.standard import Class, check_description

CONTACT = ("contact_name_ko", "contact_name_en", "contact_email", "contact_phone", "contact_url")
COLUMNS = ("name_ko", "name_en", "type", "description_ko", "description_en", "code", "region", "homepage")


class OrganisationForm(forms.ModelForm):
    """An organisation; what the standard refuses is an error at the field concerned."""

    class Meta:
        model = Organisation
        fields = ("slug", *COLUMNS, *CONTACT)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        put_profile_fields(self, Class.ORGANISATION)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            for problem in check_description(self.description(), Class.ORGANISATION):
                place = PLACES.get(problem.field.split(".")[0], problem.field)
                self.add_error(place if place in self.fields else None, in_current_language(problem.text))
        return cleaned

    def description(self) -> dict[str, Any]:
        """Return what the form says as the profile's document."""
        draft = Organisation(**{name: self.cleaned_data[name] for name in (*COLUMNS, *CONTACT)})
        return describe_row(draft, Class.ORGANISATION)


PLACES = {"name": "name_ko", "description": "description_ko", "contact_point": "contact_name_ko"}


class OrganisationAdmin(ModelAdmin):
    form = OrganisationForm
    list_display = ("name_ko", "slug", "region", "dataset_count", "modified_at")
    search_fields = ("name_ko", "name_en", "slug")
    readonly_fields = ("created_at", "modified_at")
    fieldsets = (
        (None, {"fields": ("slug", *COLUMNS)}),
        (gettext_lazy("Contact point"), {"fields": CONTACT}),
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

    def save_model(self, request: HttpRequest, obj: Organisation, form: OrganisationForm, change: bool) -> None:
        save_organisation(obj.slug, form.description())
        obj.pk = Organisation.objects.values_list("pk", flat=True).get(slug=obj.slug)
