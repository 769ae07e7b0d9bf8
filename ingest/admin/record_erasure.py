"""Demands to erase records in the stewards' admin: asked for here, done by a worker, and kept as a note that tells no value."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.errors import HubError
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING, link
from ingest.models import RecordErasure
from ingest.record_erasure import ask_erasure, count_asked


class RecordErasureForm(forms.ModelForm):
    """Asks whose records go, and has the number of them confirmed: the values are used once and kept nowhere."""

    values = forms.CharField(
        label=gettext_lazy("values"),
        widget=forms.Textarea({"rows": 3, "class": "vLargeTextField", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One 'column = value' a line; records that have all of them are erased. The values are not kept: only a digest is."
        ),
    )
    confirmed = forms.IntegerField(
        label=gettext_lazy("records that go"),
        required=False,
        min_value=0,
        help_text=gettext_lazy("Leave it empty first: how many there are is told, and you confirm it."),
    )

    class Meta:
        model = RecordErasure
        fields = ("dataset", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        if "dataset" in self.fields:
            own = Dataset.objects.filter(home="", distribution__isnull=False).order_by("title_ko")
            self.fields["dataset"].queryset = own.select_related("distribution__current_snapshot")

    def clean_values(self) -> dict[str, str]:
        told: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["values"].splitlines())):
            column, sign, value = line.partition("=")
            if not sign:
                raise forms.ValidationError(_("Write 'column = value' in each line."))
            told[column.strip()] = value.strip()
        return told

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        try:
            found = count_asked(cleaned["dataset"], cleaned["values"])
        except HubError as error:
            self.add_error("values", in_current_language(error.text))
            return cleaned
        if cleaned.get("confirmed") != found:
            words = _("%(count)s published records have these values. Enter this number to erase them.")
            self.add_error("confirmed", words % {"count": f"{found:,}"})
        return cleaned


@admin.register(RecordErasure)
class RecordErasureAdmin(ModelAdmin):
    form = RecordErasureForm
    actions = None
    list_display = ("asked_at", "dataset_link", "columns_shown", "asked_by", "state", "records", "versions", "runs")
    list_filter = ("asked_at",)
    list_select_related = ("dataset",)
    search_fields = ("dataset__slug", "reason", "asked_by")

    def get_fields(self, request: HttpRequest, obj: RecordErasure | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("dataset", "values", "reason", "confirmed")
        return (
            "dataset_link", "columns_shown", "reason", "asked_at", "asked_by", "state", "ended_at", "records", "versions",
            "runs", "derived_shown", "digest",
        )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: RecordErasure | None = None) -> tuple[str, ...]:
        return () if obj is None else self.get_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: RecordErasure | None = None, **options: Any) -> type[forms.ModelForm]:  # noqa: ANN401
        return super().get_form(request, obj, **({"form": forms.ModelForm} | options if obj else options))

    def has_change_permission(self, request: HttpRequest, obj: RecordErasure | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RecordErasure | None = None) -> bool:
        """Nobody lets a record come back that somebody has had erased."""
        return False

    def save_model(self, request: HttpRequest, obj: RecordErasure, form: forms.ModelForm, change: bool) -> None:
        told = form.cleaned_data["values"]
        asked = ask_erasure(obj.dataset, told, reason=obj.reason, by=request.user.get_username())
        obj.pk, obj.asked_at = asked.pk, asked.asked_at

    @admin.display(description=gettext_lazy("dataset"))
    def dataset_link(self, erasure: RecordErasure) -> SafeString:
        return link("admin:catalog_dataset_change", erasure.dataset_id, erasure.dataset)

    @admin.display(description=gettext_lazy("columns"))
    def columns_shown(self, erasure: RecordErasure) -> str:
        return ", ".join(erasure.columns)

    @admin.display(description=gettext_lazy("datasets made of it"))
    def derived_shown(self, erasure: RecordErasure) -> str:
        return ", ".join(erasure.derived) or NOTHING

    @admin.display(description=gettext_lazy("state"))
    def state(self, erasure: RecordErasure) -> str:
        return _("carried out") if erasure.ended_at else _("waiting for a worker")
