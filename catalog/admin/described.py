"""What is described as a whole in one form: series, data services and the catalogue itself. Saving goes through ``publish``."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ModelAdmin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Model, TextField
from django.http import HttpRequest

from catalog.admin.profile_fields import put_profile_fields
from catalog.describe import describe_row, row_columns, stored
from catalog.models import Catalogue, DataService, Series
from catalog.models.labels import in_current_language
from catalog.publish import Outcome, save_catalogue, save_series, save_service
from catalog.standard import PROFILE, Class, check_description


class DescribedForm(forms.ModelForm):
    """A description; what the standard refuses is an error at the field concerned."""

    class_: ClassVar[Class]

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        put_profile_fields(self, self.class_)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            places = {field.name: form_field(field.name, self.class_) for field in PROFILE[self.class_]}
            for problem in check_description(self.description(), self.class_):
                self.add_error(places.get(problem.field.split(".")[0]), in_current_language(problem.text))
        return cleaned

    def description(self) -> dict[str, Any]:
        """Return what the form says as the profile's document."""
        names = form_columns(self.class_)
        return describe_row(self._meta.model(**{name: self.cleaned_data[name] for name in names}), self.class_)


def form_columns(class_: Class) -> tuple[str, ...]:
    return ("organisation", *row_columns({}, class_))


def form_field(name: str, class_: Class) -> str:
    """Return the first form field that a field of the profile is written in."""
    field = next(field for field in PROFILE[class_] if field.name == name)
    return next(iter(stored(field).write(None, field)), name)


class SeriesForm(DescribedForm):
    class_ = Class.SERIES

    class Meta:
        model = Series
        fields = ("slug", *form_columns(Class.SERIES))


class DataServiceForm(DescribedForm):
    class_ = Class.SERVICE

    class Meta:
        model = DataService
        fields = ("slug", *form_columns(Class.SERVICE))


class CatalogueForm(DescribedForm):
    class_ = Class.CATALOGUE

    class Meta:
        model = Catalogue
        fields = form_columns(Class.CATALOGUE)


class DescribedAdmin(ModelAdmin):
    """A page for what has a name of its own; it is given once, addresses and other hubs hold on to it."""

    save: ClassVar[Callable[[str, Mapping[str, Any]], Outcome]]
    list_display = ("title_ko", "slug", "organisation", "modified_at")
    list_select_related = ("organisation",)
    search_fields = ("slug", "title_ko", "title_en")
    readonly_fields = ("created_at", "modified_at")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 3})}}

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: DescribedForm, change: bool) -> None:
        type(self).save(obj.slug, form.description())
        obj.pk = type(obj).objects.values_list("pk", flat=True).get(slug=obj.slug)


class SeriesAdmin(DescribedAdmin):
    form = SeriesForm
    save = staticmethod(save_series)


class DataServiceAdmin(DescribedAdmin):
    form = DataServiceForm
    save = staticmethod(save_service)


class CatalogueAdmin(ModelAdmin):
    """The page that says whose hub this is; there is one."""

    form = CatalogueForm
    list_display = ("title_ko", "organisation", "modified_at")
    readonly_fields = ("created_at", "modified_at")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 3})}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Catalogue.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Catalogue, form: CatalogueForm, change: bool) -> None:
        save_catalogue(form.description())
        obj.pk = 1
