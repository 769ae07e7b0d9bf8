"""Datasets in the admin: a form grouped as the profile. Saving goes through ``publish``, so that every change is in the feed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Model, QuerySet, TextField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.distribution import DistributionFormSet, DistributionInline
from catalog.admin.fields import DocumentField
from catalog.admin.profile_fields import put_profile_fields
from catalog.admin.quality import quality_panel
from catalog.describe import describe_row, row_columns, stored
from catalog.errors import BadSchema
from catalog.models import Dataset, Distribution, Snapshot
from catalog.models.labels import in_current_language, speak
from catalog.publish import Outcome, describe_dataset, objection_to_level, restore_dataset, withdraw_dataset
from catalog.records import TYPES, Schema, from_table_schema
from catalog.standard import FIELDS, GROUPS, Class, Field, check_description
from catalog.text import Text

Guard = Callable[[str, str], Text | None]  # slug and level of a dataset to why it may not have that level
Panel = Callable[[Dataset], SafeString]
SHOWN_SNAPSHOTS = 20
COLUMNS = tuple(name for name in row_columns({}, Class.DATASET) if name != "columns")
MANDATORY = {"title_ko", "description_ko"}


def form_fields(field: Field) -> list[str]:
    """Return the form fields that a field of the profile is written in."""
    return [name for name in stored(field).write(None, field) if name in COLUMNS] or [field.name]


def fieldsets() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the profile's fields in its groups; all but the first are folded until they are needed."""
    for number, (title, fields) in enumerate(GROUPS):
        rows = [tuple(form_fields(field)) for field in fields if set(form_fields(field)) <= {"organisation", *COLUMNS}]
        yield speak(title), {"fields": rows, "classes": ["collapse"] if number else []}


class DatasetForm(forms.ModelForm):
    """A description with its columns; what the standard refuses is an error at the field concerned."""

    schema = DocumentField(
        label=capfirst(Distribution._meta.get_field("schema").verbose_name),
        help_text=Distribution._meta.get_field("schema").help_text,
        initial={"fields": [{"name": "id", "type": "string", "titles": {"ko": "번호", "en": "Number"}}]},
        required=False,
    )

    guards: Sequence[Guard] = ()

    class Meta:
        model = Dataset
        fields = ("slug", "organisation", *COLUMNS)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        put_profile_fields(self, Class.DATASET)
        for name in MANDATORY & self.fields.keys():
            self.fields[name].required = True
        if not self.instance._state.adding:
            distribution = self.instance.distribution
            self.initial["schema"] = distribution.schema if distribution else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            self.check_standard()
            if level := cleaned.get("access_level"):  # not there where the standard refused it
                told = [guard(self.instance.slug, level) for guard in self.guards]
                for why in filter(None, [objection_to_level(self.instance, level), *told]):
                    self.add_error("access_level", in_current_language(why))
        return cleaned

    def clean_schema(self) -> dict[str, Any] | None:
        try:
            return self.cleaned_data["schema"] if self.table_schema() else None
        except BadSchema as error:
            raise forms.ValidationError(in_current_language(error.text)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise forms.ValidationError(
                _("This is no Table Schema: it needs “fields”, a list of columns with “name” and “type”.")
            ) from error

    def check_standard(self) -> None:
        places = {field.name: form_fields(field)[0] for field in FIELDS}
        for problem in check_description(self.description()):
            place = places.get(problem.field.split(".")[0])
            self.add_error(place if place in self.fields else None, in_current_language(problem.text))

    def description(self) -> dict[str, Any]:
        """Return what the form says as the profile's document, without the distributions."""
        draft = Dataset(**{name: self.cleaned_data[name] for name in ("organisation", *COLUMNS)})
        document = describe_row(draft, Class.DATASET)
        if "contact_point" in document:
            document["contact_point"].setdefault("name", {})  # so that the standard says that a name is missing
        return document

    def table_schema(self) -> Schema | None:
        document = self.cleaned_data["schema"]
        return from_table_schema(document) if document else None


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
    inlines = (DistributionInline,)
    list_display = (
        "title_ko", "organisation", "theme", "access_level", "records", "published_at", "quality_score", "is_listed",
    )  # fmt: skip
    list_filter = (WithdrawnFilter, "theme", "access_level", "organisation", "frequency", "licence", "quality_band")
    list_select_related = ("organisation", "distribution__current_snapshot")
    search_fields = ("slug", "title_ko", "title_en", "keywords_ko")
    readonly_fields = (
        "quality", "home_shown", "column_table", "is_guarded", "readings", "snapshots", "created_at", "modified_at",
        "withdrawn_at",
    )  # fmt: skip
    actions = ("withdraw", "restore")
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})}}

    def get_form(self, request: HttpRequest, obj: Dataset | None = None, **options: object) -> type[DatasetForm]:
        form = super().get_form(request, obj, **options)
        form.guards = self.admin_site.guards
        return form

    def get_fieldsets(
        self, request: HttpRequest, obj: Dataset | None = None
    ) -> list[tuple[str | None, dict[str, Any]]]:
        schema = {"fields": ["column_table", "schema"] if obj else ["schema"]}
        guarded = ["is_guarded", "readings"] if obj and obj.is_guarded else []
        made = {"fields": [*guarded, "snapshots", "created_at", "modified_at", "withdrawn_at"]}
        home = ["home_shown"] if obj and obj.home else []
        return [
            (None, {"fields": ["slug", "quality", *home] if obj else ["slug"]}),
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
        """Leave the writing to ``save_related``, where the distributions are known as well."""

    def save_related(
        self, request: HttpRequest, form: DatasetForm, formsets: Iterable[DistributionFormSet], change: bool
    ) -> None:
        """Write the whole description at once; the rows of a formset are written with it."""
        links = [link for formset in formsets for link in formset.descriptions()]
        description = form.description() | ({"distributions": links} if links else {})
        dataset = form.instance
        describe_dataset(dataset.slug, description, form.table_schema())
        dataset.pk = Dataset.objects.values_list("pk", flat=True).get(slug=dataset.slug)

    @admin.display(description=gettext_lazy("records"))
    def records(self, dataset: Dataset) -> str:
        snapshot = current_snapshot(dataset)
        return f"{snapshot.records:,}" if snapshot else "–"

    @admin.display(description=gettext_lazy("Published at"))
    def published_at(self, dataset: Dataset) -> Any:  # noqa: ANN401
        snapshot = current_snapshot(dataset)
        return snapshot.published_at if snapshot else None

    @admin.display(description=gettext_lazy("in the catalogue"), boolean=True)
    def is_listed(self, dataset: Dataset) -> bool:
        return dataset.withdrawn_at is None

    @admin.display(description=gettext_lazy("Quality"))
    def quality(self, dataset: Dataset) -> SafeString:
        return quality_panel(dataset)

    @admin.display(description=gettext_lazy("From another hub"))
    def home_shown(self, dataset: Dataset) -> SafeString:
        """Lead to the dataset at its home hub, and tell what the floors above know of its coming."""
        address = format_html('<p><a href="{}" rel="noopener external">{}</a></p>', dataset.home, dataset.home)
        return format_html_join("", "{}", [(address,), *((show(dataset),) for show in self.admin_site.home_panels)])

    @admin.display(description=gettext_lazy("What the columns mean"))
    def column_table(self, dataset: Dataset) -> SafeString:
        if dataset.distribution is None:
            return SafeString("–")
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

    @admin.display(description=gettext_lazy("readings by grant"))
    def readings(self, dataset: Dataset) -> SafeString:
        """Lead to the log of who read the records, and to the grants."""
        return format_html_join(
            " · ",
            '<a href="{}?dataset__id__exact={}">{}: {}</a>',
            [
                (reverse("admin:catalog_reading_changelist"), dataset.pk, _("readings"), dataset.readings.count()),
                (reverse("admin:catalog_grant_changelist"), dataset.pk, _("grants"), dataset.grants.count()),
            ],
        )

    @admin.display(description=gettext_lazy("Snapshots"))
    def snapshots(self, dataset: Dataset) -> SafeString:
        distribution = dataset.distribution
        if distribution is None:
            return SafeString("–")
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


def current_snapshot(dataset: Dataset) -> Snapshot | None:
    return dataset.distribution.current_snapshot if dataset.distribution else None


def count_changed(datasets: QuerySet[Dataset], act: Callable[[str], Outcome]) -> int:
    return sum(act(slug) is Outcome.CHANGED for slug in datasets.values_list("slug", flat=True))
