"""Grants in the admin: given here, looked at, and revoked for a reason; never changed otherwise and never deleted."""

import datetime as dt

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.granted import revoke_grant
from catalog.models import Dataset, Grant
from catalog.models.labels import speak
from catalog.standard import vocabulary

GIVEN = (
    "dataset", "organisation", "holders", "purpose", "legal_basis", "valid_from", "valid_until", "records_from",
    "records_until", "classes",
)  # fmt: skip
MADE = ("state", "granted_by", "created_at", "readings")


def personal_classes() -> list[tuple[str, str]]:
    """Return the classes of personal data that have to be granted, as choices."""
    rows = vocabulary("personal_data_class").values()
    return [(row.code, speak(row.label)) for row in rows if row.mappings.get("publishable") != "true"]


class GrantForm(forms.ModelForm):
    """A new grant; of the datasets only guarded ones are offered."""

    classes = forms.MultipleChoiceField(
        label=capfirst(Grant._meta.get_field("classes").verbose_name),
        help_text=Grant._meta.get_field("classes").help_text,
        choices=personal_classes,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Grant
        fields = GIVEN

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        if "dataset" in self.fields:
            self.fields["dataset"].queryset = Dataset.objects.current().filter(is_guarded=True)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        dataset = cleaned.get("dataset")
        bounds = [name for name in ("records_from", "records_until") if cleaned.get(name)]
        if dataset is not None and bounds and not (dataset.table_schema or {}).get("timeColumn"):
            self.add_error(bounds[0], _("This dataset has no time column to bound its records by."))
        return cleaned


class RevocationForm(forms.ModelForm):
    """What can be done with a grant that was given: revoking it, for a reason."""

    because = forms.CharField(
        label=gettext_lazy("Revoke because"),
        help_text=gettext_lazy("With a reason the grant ends at once, for good. Empty: it stays as it is."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )

    class Meta:
        model = Grant
        fields = ()


class RevokingActionForm(ActionForm):
    because = forms.CharField(label=gettext_lazy("Reason of the revocation"), required=False)


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("valid", _("valid")), ("over", _("not valid now"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> QuerySet[Grant]:
        valid = Grant.objects.valid(timezone.now()).values("pk")
        if self.value() == "valid":
            return queryset.filter(pk__in=valid)
        return queryset.exclude(pk__in=valid) if self.value() == "over" else queryset


class GrantAdmin(ModelAdmin):
    list_display = ("pk", "dataset", "organisation", "state", "valid_from", "valid_until", "granted_by", "created_at")
    list_display_links = ("pk", "dataset")
    list_filter = (StateFilter, "dataset", "organisation")
    list_select_related = ("dataset", "organisation", "granted_by")
    search_fields = ("dataset__slug", "organisation__name_ko", "organisation__name_en", "purpose", "holders__username")
    autocomplete_fields = ("organisation", "holders")
    actions = ("revoke",)
    action_form = RevokingActionForm

    def get_form(self, request: HttpRequest, obj: Grant | None = None, **options: object) -> type[forms.ModelForm]:
        options["form"] = GrantForm if obj is None else RevocationForm
        return super().get_form(request, obj, **options)

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        if obj is None:
            return GIVEN
        end = ("revoked_at", "revoked_because") if obj.revoked_at else ("because",)
        return (*GIVEN[:-1], "granted_classes", *MADE, *end)

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        return () if obj is None else tuple(name for name in self.get_fields(request, obj) if name != "because")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Grant, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.granted_by = request.user
            obj.save()
        elif because := form.cleaned_data.get("because", "").strip():
            revoke_grant(obj, because)

    @admin.action(description=gettext_lazy("Revoke the selected grants"), permissions=["change"])
    def revoke(self, request: HttpRequest, grants: QuerySet[Grant]) -> None:
        because = request.POST.get("because", "").strip()
        if not because:
            self.message_user(request, _("Tell why the grants are revoked, beside the action."), messages.ERROR)
            return
        number = sum(revoke_grant(grant, because) for grant in grants)
        text = ngettext("%(number)s grant was revoked.", "%(number)s grants were revoked.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("state"))
    def state(self, grant: Grant) -> SafeString:
        kind, text = state_of(grant, timezone.now())
        return format_html('<span class="state {}">{}</span>', kind, text)

    @admin.display(description=Grant._meta.get_field("classes").verbose_name)
    def granted_classes(self, grant: Grant) -> str:
        names = dict(personal_classes())
        return ", ".join(str(names.get(code, code)) for code in grant.classes) or "–"

    @admin.display(description=gettext_lazy("readings"))
    def readings(self, grant: Grant) -> SafeString:
        number = grant.readings.count()
        address = f"{reverse('admin:catalog_reading_changelist')}?grant__id__exact={grant.pk}"
        return format_html('<a href="{}">{}</a>', address, f"{number:,}")


def state_of(grant: Grant, now: dt.datetime) -> tuple[str, str]:
    """Return the kind of a grant's state, as the style sheet knows it, and its name."""
    if grant.revoked_at:
        return "failed", _("revoked")
    if grant.valid_until <= now:
        return "held", _("expired")
    return ("held", _("not yet valid")) if grant.valid_from > now else ("published", _("valid"))
