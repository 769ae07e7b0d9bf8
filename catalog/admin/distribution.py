"""The distributions of a dataset that lie elsewhere, as rows of its form; the dataset's own form writes them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.admin import StackedInline
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet, TextField
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.admin.profile_fields import put_profile_fields
from catalog.describe import describe_row, row_columns, stored
from catalog.models import Distribution
from catalog.models.labels import in_current_language
from catalog.standard import PROFILE, Class, check_description

COLUMNS = tuple(row_columns({}, Class.DISTRIBUTION))
FIRST = ("title_ko", "title_en", "access_url", "download_url", "format", "licence", "byte_size")


class DistributionForm(forms.ModelForm):
    """A form of the dataset somewhere else; what the standard refuses is an error at the field concerned."""

    class Meta:
        model = Distribution
        fields = COLUMNS

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        put_profile_fields(self, Class.DISTRIBUTION)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and self.has_changed():
            draft = Distribution(**{name: cleaned[name] for name in COLUMNS})
            places = {field.name: next(iter(stored(field).write(None, field))) for field in PROFILE[Class.DISTRIBUTION]}
            for problem in check_description(describe_row(draft, Class.DISTRIBUTION), Class.DISTRIBUTION):
                self.add_error(places.get(problem.field.split(".")[0]), in_current_language(problem.text))
        return cleaned


class DistributionFormSet(BaseInlineFormSet):
    """Rows that are written with their dataset; what became of them is told for the admin's history."""

    def descriptions(self) -> Iterator[dict[str, Any]]:
        """Yield what the rows say, in their order, without those that are taken out."""
        added = [form for form in self.extra_forms if form.has_changed()]
        kept = [form for form in (*self.initial_forms, *added) if form not in self.deleted_forms]
        self.new_objects = [form.instance for form in added if form in kept]
        self.changed_objects = [
            (form.instance, form.changed_data) for form in self.initial_forms if form in kept and form.has_changed()
        ]
        self.deleted_objects = [form.instance for form in self.deleted_forms]
        return (describe_row(form.instance, Class.DISTRIBUTION) for form in kept)


class DistributionInline(StackedInline):
    model = Distribution
    form = DistributionForm
    formset = DistributionFormSet
    extra = 0
    verbose_name = _("distribution elsewhere")
    verbose_name_plural = _("distributions elsewhere")
    classes = ("collapse",)
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 2})}}
    fieldsets = (
        (None, {"fields": FIRST}),
        (_("More"), {"fields": [name for name in COLUMNS if name not in FIRST], "classes": ["collapse"]}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Distribution]:
        return super().get_queryset(request).filter(schema__isnull=True)
