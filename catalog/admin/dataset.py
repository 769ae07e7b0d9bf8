"""Datasets in the admin: a form grouped as the profile. Saving goes through ``publish``, so that every change is in the feed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Model, QuerySet, TextField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.fields import DocumentField, WordsField
from catalog.describe import STORED, description_columns
from catalog.errors import BadSchema
from catalog.models import Dataset, Distribution
from catalog.models.labels import definition, in_current_language, label, licences
from catalog.publish import Outcome, describe_dataset, restore_dataset, withdraw_dataset
from catalog.records import TYPES, Schema, from_table_schema
from catalog.standard import FIELDS, Field, Obligation, check_description

SHOWN_SNAPSHOTS = 20
GROUPS: Mapping[Obligation, str] = {
    Obligation.MANDATORY: gettext_lazy("Mandatory fields"),
    Obligation.RECOMMENDED: gettext_lazy("Recommended fields"),
    Obligation.OPTIONAL: gettext_lazy("Optional fields"),
}


def form_fields(field: Field) -> list[str]:
    """Return the form fields that a field of the profile is written in."""
    return list(STORED[field.kind].write(None, field)) or [field.name]


def fieldsets() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the profile's fields by obligation, in the profile's order."""
    for obligation, title in GROUPS.items():
        names = [name for field in FIELDS if field.obligation is obligation for name in form_fields(field)]
        yield title, {"fields": names}


def licence_choices() -> list[tuple[str, str]]:
    """Return the licences with nothing chosen: terms of use are never given by accident."""
    return [("", "---------"), *licences()]


class DatasetForm(forms.ModelForm):
    """A description with its licence and columns; what the standard refuses is an error at the field concerned."""

    keywords_ko = WordsField(
        label=label("keywords", "ko"), help_text=gettext_lazy("Words with commas between them."), required=False
    )
    keywords_en = WordsField(
        label=label("keywords", "en"), help_text=gettext_lazy("Words with commas between them."), required=False
    )
    licence = forms.ChoiceField(label=label("licence"), choices=licence_choices, help_text=definition("licence"))
    schema = DocumentField(
        label=capfirst(Distribution._meta.get_field("schema").verbose_name),
        help_text=Distribution._meta.get_field("schema").help_text,
        initial={"fields": [{"name": "id", "type": "string", "titles": {"ko": "번호", "en": "Number"}}]},
    )

    class Meta:
        model = Dataset
        fields = ("slug", "organisation", *description_columns({}))

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        if not self.instance._state.adding:
            self.initial |= {
                "licence": self.instance.distribution.licence,
                "schema": self.instance.distribution.schema,
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            self.check_standard()
        return cleaned

    def clean_schema(self) -> dict[str, Any]:
        try:
            from_table_schema(self.cleaned_data["schema"])
        except BadSchema as error:
            raise forms.ValidationError(in_current_language(error.text)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise forms.ValidationError(
                _("This is no Table Schema: it needs “fields”, a list of columns with “name” and “type”.")
            ) from error
        return self.cleaned_data["schema"]

    def check_standard(self) -> None:
        places = {field.name: form_fields(field)[0] for field in FIELDS}
        for problem in check_description(self.description()):
            self.add_error(places.get(problem.field), in_current_language(problem.text))

    def description(self) -> dict[str, Any]:
        """Return what the form says as the profile's document."""
        columns = {name: self.cleaned_data[name] for name in ("organisation", *description_columns({}))}
        draft = Dataset(**columns)
        draft.distribution = Distribution(dataset=draft, licence=self.cleaned_data["licence"])
        document = {field.name: STORED[field.kind].read(draft, field) for field in FIELDS}
        if document["contact_point"]:
            document["contact_point"].setdefault("name", {})  # so that the standard says that a name is missing
        return {name: value for name, value in document.items() if value}

    def table_schema(self) -> Schema:
        return from_table_schema(self.cleaned_data["schema"])


class WithdrawnFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "withdrawn"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("no", _("in the catalogue")), ("yes", _("withdrawn"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> QuerySet[Dataset]:
        if self.value() is None:
            return queryset
        return queryset.filter(withdrawn_at__isnull=self.value() == "no")


class DatasetAdmin(ModelAdmin):
    form = DatasetForm
    list_display = ("title_ko", "organisation", "theme", "access_level", "records", "published_at", "is_listed")
    list_filter = (WithdrawnFilter, "theme", "access_level", "organisation", "frequency")
    list_select_related = ("organisation", "distribution__current_snapshot")
    search_fields = ("slug", "title_ko", "title_en", "keywords_ko")
    readonly_fields = ("columns", "snapshots", "created_at", "modified_at", "withdrawn_at")
    actions = ("withdraw", "restore")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})}}

    def get_fieldsets(
        self, request: HttpRequest, obj: Dataset | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        schema = {"fields": ["columns", "schema"] if obj else ["schema"]}
        made = {"fields": ["snapshots", "created_at", "modified_at", "withdrawn_at"]}
        return [
            (None, {"fields": ["slug"]}),
            *fieldsets(),
            (_("Columns"), schema),
            *([(_("Publication"), made)] if obj else []),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Dataset | None = None) -> tuple[str, ...]:
        """An identifier is given once: addresses and other hubs hold on to it."""
        return self.readonly_fields if obj is None else ("slug", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Datasets are withdrawn, never deleted."""
        return False

    def view_on_site(self, obj: Dataset) -> str | None:
        return reverse("portal:dataset", args=[obj.slug])

    def save_model(self, request: HttpRequest, obj: Dataset, form: DatasetForm, change: bool) -> None:
        describe_dataset(obj.slug, form.description(), form.table_schema())
        obj.pk = Dataset.objects.values_list("pk", flat=True).get(slug=obj.slug)

    @admin.display(description=gettext_lazy("records"))
    def records(self, dataset: Dataset) -> str:
        snapshot = dataset.distribution.current_snapshot
        return f"{snapshot.records:,}" if snapshot else "–"

    @admin.display(description=gettext_lazy("Published at"))
    def published_at(self, dataset: Dataset) -> Any:  # noqa: ANN401
        snapshot = dataset.distribution.current_snapshot
        return snapshot.published_at if snapshot else None

    @admin.display(description=gettext_lazy("in the catalogue"), boolean=True)
    def is_listed(self, dataset: Dataset) -> bool:
        return dataset.withdrawn_at is None

    @admin.display(description=gettext_lazy("What the columns mean"))
    def columns(self, dataset: Dataset) -> SafeString:
        schema = from_table_schema(dataset.distribution.schema)
        rows = [
            {
                "name": column.name,
                "title": in_current_language(column.title),
                "type": in_current_language(TYPES[column.type]),
                "unit": column.unit,
                "source": column.source_name,
                "is_key": column.name in schema.key,
            }
            for column in schema.columns
        ]
        return render_to_string("admin/catalog/dataset/columns.html", {"columns": rows})

    @admin.display(description=gettext_lazy("Snapshots"))
    def snapshots(self, dataset: Dataset) -> SafeString:
        distribution = dataset.distribution
        return render_to_string(
            "admin/catalog/dataset/snapshots.html",
            {
                "snapshots": distribution.snapshots.all()[:SHOWN_SNAPSHOTS],
                "current": distribution.current_snapshot_id,
            },
        )

    @admin.action(description=gettext_lazy("Withdraw from the catalogue"), permissions=["change"])
    def withdraw(self, request: HttpRequest, datasets: QuerySet[Dataset]) -> None:
        number = count_changed(datasets, withdraw_dataset)
        sentence = ngettext(
            "%(number)s dataset was withdrawn; nothing was deleted.",
            "%(number)s datasets were withdrawn; nothing was deleted.",
            number,
        )
        self.message_user(request, sentence % {"number": number}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Bring back to the catalogue"), permissions=["change"])
    def restore(self, request: HttpRequest, datasets: QuerySet[Dataset]) -> None:
        number = count_changed(datasets, restore_dataset)
        sentence = ngettext(
            "%(number)s dataset is in the catalogue again.", "%(number)s datasets are in the catalogue again.", number
        )
        self.message_user(request, sentence % {"number": number}, messages.SUCCESS)


def count_changed(datasets: QuerySet[Dataset], act: Callable[[str], Outcome]) -> int:
    return sum(act(slug) is Outcome.CHANGED for slug in datasets.values_list("slug", flat=True))
