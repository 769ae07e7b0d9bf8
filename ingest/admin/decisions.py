"""The page on which a steward decides about a run that was held back: changed columns, and columns with personal data."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.errors import HubError
from catalog.models.labels import in_current_language
from catalog.records import TYPES, from_table_schema
from catalog.text import Text
from ingest import personal_data
from ingest.column_names import name_columns
from ingest.drift import Accepted, Decision, decide_drift, undescribed
from ingest.models import Run, Source

LATER = ""
CHOICES_FOR_PERSONAL_DATA = (
    (LATER, gettext_lazy("decide later")),
    ("mask", gettext_lazy("mask what was found")),
    ("drop", gettext_lazy("empty the column")),
    ("restrict", gettext_lazy("keep it, in a dataset that is not public")),
    ("publish", gettext_lazy("it is no personal data: publish")),
)


def needs_decision(run: Run) -> bool:
    """Tell whether there is something to decide about a run."""
    return run.is_over and (any(run.drift.values()) or run.issues.filter(code=personal_data.CODE).exists())


def decide_page(site: AdminSite, request: HttpRequest, run_id: int) -> HttpResponse:
    """Show what is to be decided, or carry it out and show the run that comes of it."""
    run = get_object_or_404(Run.objects.select_related("source__distribution__dataset"), pk=run_id)
    if not request.user.has_perm("ingest.change_source") or not needs_decision(run):
        raise Http404
    form = DecisionForm(run, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            following = form.decide(request.user.get_username())
        except HubError as error:
            form.add_error(None, in_current_language(error.text))
        else:
            site.get_model_admin(Source).log_change(request, run.source, form.told())
            messages.success(request, _("Decided. The run is waiting for a worker."))
            return redirect("admin:ingest_run_change", following.pk)
    context = {
        **site.each_context(request),
        "title": _("Decide"),
        "opts": Run._meta,
        "run": run,
        "form": form,
        "drift": run.drift,
    }
    return TemplateResponse(request, "admin/ingest/run/decide.html", context)


class DecisionForm(forms.Form):
    """One choice for each column that something is to be decided about; ``sections`` groups them for the page."""

    def __init__(self, run: Run, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.run = run
        self.schema = from_table_schema(run.source.distribution.schema)
        drift = run.drift
        self.renamed = {entry["from"]: entry["to"] for entry in drift.get("renamed", ())}
        self.new = {
            entry["name"]: entry for entry in drift.get("new", ()) if entry["name"] in undescribed(run, self.schema)
        }
        self.missing = [entry for entry in drift.get("missing", ()) if entry["name"] in self.schema]
        self.retyped = [entry for entry in drift.get("retyped", ()) if entry["name"] in self.schema]
        self.personal = list(dict.fromkeys(run.issues.filter(code=personal_data.CODE).values_list("column", flat=True)))
        self.sections: list[dict[str, Any]] = []
        self.add_new()
        self.add_missing()
        self.add_retyped()
        self.add_personal()

    def add_new(self) -> None:
        rows, names = [], name_columns(list(self.new))
        for at, (name, entry) in enumerate(self.new.items()):
            self.fields[f"new-{at}"] = forms.ChoiceField(
                label=name,
                choices=[
                    (LATER, _("decide later")),
                    ("accept", _("describe it as a column of the dataset")),
                    ("refuse", _("leave it out for good")),
                ],
                required=False,
            )
            proposed = "_".join(names.get(name, name).split())
            self.fields[f"name-{at}"] = forms.CharField(label=_("name"), required=False, initial=proposed)
            self.fields[f"title-{at}"] = forms.CharField(label=_("title"), required=False, initial=name)
            self.fields[f"type-{at}"] = forms.ChoiceField(
                label=_("type"), choices=[(kind, kind) for kind in TYPES], required=False, initial=entry["type"]
            )
            parts = [self[f"{part}-{at}"] for part in ("new", "name", "title", "type")]
            rows.append({"name": name, "examples": entry.get("examples", ()), "fields": parts, "note": ""})
        self.add_section(_("New columns"), rows)

    def add_missing(self) -> None:
        rows = []
        for entry in self.missing:
            name = entry["name"]
            guess = self.renamed.get(name)
            candidates = list(dict.fromkeys([*([guess] if guess else []), *self.new]))
            self.fields[f"missing-{name}"] = forms.ChoiceField(
                label=name,
                choices=[
                    (LATER, _("decide later")),
                    *((f"map:{to}", _("it is now called “%(name)s”") % {"name": to}) for to in candidates),
                    ("accept", _("take it out of the dataset")),
                ],
                required=False,
                initial=f"map:{guess}" if guess else LATER,
            )
            note = _("Perhaps it was renamed to “%(name)s”.") % {"name": guess} if guess else ""
            rows.append({"name": name, "examples": (), "fields": [self[f"missing-{name}"]], "note": note})
        self.add_section(_("Missing columns"), rows)

    def add_retyped(self) -> None:
        rows = []
        for entry in self.retyped:
            name = entry["name"]
            self.fields[f"retyped-{name}"] = forms.ChoiceField(
                label=name,
                choices=[
                    (LATER, _("decide later")),
                    *(
                        (kind, _("make it %(type)s") % {"type": kind})
                        for kind in dict.fromkeys([entry["now"], "string"])
                    ),
                ],
                required=False,
            )
            note = _("It is %(declared)s, but looks like %(now)s.") % entry
            rows.append(
                {"name": name, "examples": entry.get("examples", ()), "fields": [self[f"retyped-{name}"]], "note": note}
            )
        self.add_section(_("Columns with another type"), rows)

    def add_personal(self) -> None:
        issues = {issue.column: issue for issue in self.run.issues.filter(code=personal_data.CODE)}
        rows = []
        for name in self.personal:
            decided = self.run.source.personal_data.get(name, LATER)
            self.fields[f"personal-{name}"] = forms.ChoiceField(
                label=name, choices=CHOICES_FOR_PERSONAL_DATA, required=False, initial=decided
            )
            sentence = in_current_language(Text(issues[name].text_ko, issues[name].text_en))
            rows.append({"name": name, "examples": (), "fields": [self[f"personal-{name}"]], "note": sentence})
        self.add_section(_("Columns with personal data"), rows)

    def add_section(self, title: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.sections.append({"title": title, "rows": rows})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and self.drift_decision(cleaned) == Decision() and not self.decided_personal(cleaned):
            raise forms.ValidationError(_("Nothing is decided yet."))
        return cleaned

    def drift_decision(self, cleaned: Mapping[str, Any]) -> Decision:
        new, refused, missing, mapped, retyped = {}, [], [], {}, {}
        for at, name in enumerate(self.new):
            if cleaned[f"new-{at}"] == "accept":
                title = Text(ko=cleaned[f"title-{at}"] or name)
                new[name] = Accepted(cleaned[f"name-{at}"].strip(), cleaned[f"type-{at}"], title)
            elif cleaned[f"new-{at}"] == "refuse":
                refused.append(name)
        for entry in self.missing:
            choice = cleaned[f"missing-{entry['name']}"]
            if choice.startswith("map:"):
                mapped[entry["name"]] = choice.removeprefix("map:")
            elif choice == "accept":
                missing.append(entry["name"])
        for entry in self.retyped:
            if kind := cleaned[f"retyped-{entry['name']}"]:
                retyped[entry["name"]] = kind
        return Decision(new=new, missing=tuple(missing), retyped=retyped, mapped=mapped, refused=tuple(refused))

    def decided_personal(self, cleaned: Mapping[str, Any]) -> dict[str, str]:
        return {name: choice for name in self.personal if (choice := cleaned[f"personal-{name}"])}

    def told(self) -> str:
        """Say what was decided, for the history of the source."""
        chosen = [(name, value) for name, value in self.cleaned_data.items() if value and name in self.changed_data]
        return ", ".join(f"{self[name].label}: {value}" for name, value in chosen)

    def decide(self, by: str) -> Run:
        """Carry out what was chosen and return the run that reads the answers again."""
        following: Run | None = None
        if decisions := self.decided_personal(self.cleaned_data):
            following = personal_data.decide(self.run, decisions, by=by)
        decision = self.drift_decision(self.cleaned_data)
        if decision != Decision():
            following = decide_drift(self.run, decision)
        return following or self.run
