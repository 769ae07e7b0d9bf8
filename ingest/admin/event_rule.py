"""Mapping rules in the stewards' admin, with what a rule would do to the messages that are stored."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.fields import DocumentField
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from ingest.admin.marks import NOTHING
from ingest.errors import BadSetup
from ingest.models import EventRule
from ingest.platform.rule_preview import preview_rule
from ingest.platform.rules import check_rule

SHOWN = 20


class EventRuleForm(forms.ModelForm):
    attributes = DocumentField(
        label=gettext_lazy("items"),
        required=False,
        help_text=gettext_lazy(
            'Items of the message and their columns: {"IMAGE_URL": {"column": "image_url", "type": "string"}}.'
        ),
    )

    class Meta:
        model = EventRule
        fields = (
            "platform",
            "event_id",
            "detail_code",
            "name",
            "service",
            "dataset",
            "attributes",
            "is_enabled",
            "note",
        )

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        if "dataset" in self.fields:
            self.fields["dataset"].queryset = Dataset.objects.current().filter(is_guarded=True)

    def clean_attributes(self) -> dict[str, Any]:
        return self.cleaned_data["attributes"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            for name, value in cleaned.items():
                setattr(self.instance, name, value)
            try:
                check_rule(self.instance)
            except BadSetup as error:
                field = str(error.values["where"]).split(".")[0]
                self.add_error(field if field in self.fields else None, in_current_language(error.text))
        return cleaned


@admin.register(EventRule)
class EventRuleAdmin(ModelAdmin):
    form = EventRuleForm
    list_display = ("event_id", "detail_code", "name", "service", "platform", "dataset", "is_enabled")
    list_filter = ("is_enabled", "service", "platform")
    search_fields = ("event_id", "name", "note")
    readonly_fields = ("preview",)
    save_on_top = True

    def get_fields(self, request: HttpRequest, obj: EventRule | None = None) -> tuple[str, ...]:
        return (*EventRuleForm.Meta.fields, *(("preview",) if obj else ()))

    @admin.display(description=gettext_lazy("what it does to stored messages"))
    def preview(self, rule: EventRule) -> SafeString | str:
        """Show how many of the latest messages fall under the rule, which items they have, and what would be written."""
        seen = preview_rule(rule)
        if not seen.looked:
            return NOTHING
        said = _("%(taken)s of the latest %(looked)s messages fall under it; %(lost)s go to a more specific rule.") % {
            "taken": f"{seen.taken:,}",
            "looked": f"{seen.looked:,}",
            "lost": f"{seen.lost:,}",
        }
        return format_html("<p>{}</p>{}", said, items_table(rule, seen.items))


def items_table(rule: EventRule, items: Counter[str]) -> SafeString | str:
    if not items:
        return ""
    rows = format_html_join(
        "",
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
        ((key, f"{count:,}", column_of(rule, key)) for key, count in items.most_common(SHOWN)),
    )
    head = format_html("<tr><th>{}</th><th>{}</th><th>{}</th></tr>", _("item"), _("messages"), _("column"))
    return format_html("<table>{}{}</table>", head, rows)


def column_of(rule: EventRule, key: str) -> str:
    told = rule.attributes.get(key)
    return told["column"] if told else _("not taken")
