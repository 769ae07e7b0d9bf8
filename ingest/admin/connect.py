"""Connecting a source in three steps on one page: what it is, what it would bring, what becomes of it here.

Nothing is saved before the last step. The page shows a preview (``ingest/preview.py``): the platform is asked for as little as
shows what its records look like, and a schema is proposed that the steward changes as needed.
"""

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog.admin.fields import DocumentField
from catalog.errors import BadDescription, Conflict, HubError
from catalog.feed import lock_feed
from catalog.models import Dataset, Distribution, Organisation
from catalog.models.labels import in_current_language
from catalog.publish import describe_dataset
from catalog.records import TYPES, Schema, from_table_schema, to_table_schema
from catalog.standard import vocabulary
from catalog.standard.vocabularies import find_code
from catalog.text import Text
from ingest.admin.config_form import config_fields, config_of, initial_of
from ingest.connectors import CONNECTORS
from ingest.connectors.presets import preset_names, preset_title, read_preset
from ingest.errors import BadSetup
from ingest.models import Secret, Source
from ingest.preview import Preview, preview_source
from ingest.preview_text import examples, proposals, shown
from ingest.runs import offer_run
from ingest.schedule import presets
from ingest.secret_values import without_secrets
from ingest.sources import parse_config, save_source

PREVIEWS_AN_HOUR = 60  # of one person: each asks somebody else's platform
TOO_MANY = gettext_lazy("You have looked at many sources within an hour; try again a little later.")
NEW = ""


class ConfigForm(forms.Form):
    """The configuration of one connector."""

    def __init__(
        self, connector: str, data: Mapping[str, Any] | None = None, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial_of(initial or {}))
        self.connector = connector
        given = read_preset(initial["preset"]) if (initial or {}).get("preset") else {}
        self.fields |= config_fields(CONNECTORS[connector].config, given)
        self.fields["allow_private"] = forms.BooleanField(
            label=_("private addresses allowed"),
            required=False,
            help_text=_("For platforms in the administrative network."),
        )
        self.fields["ca_certificates"] = forms.CharField(
            label=_("certificate authorities"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"}),
            help_text=_("PEM certificates, where the platform has its own authority."),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                parse_config(self.connector, without_secrets(config_of(cleaned)))
            except BadSetup as error:
                field = str(error.values["where"])
                self.add_error(field if field in self.fields else None, in_current_language(error.text))
        return cleaned

    @property
    def config(self) -> dict[str, Any]:
        return config_of(self.cleaned_data)

    @property
    def required_fields(self) -> list[forms.BoundField]:
        return [self[name] for name, field in self.fields.items() if field.required]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return [self[name] for name, field in self.fields.items() if not field.required]


def choices_of(name: str) -> list[tuple[str, str]]:
    return [(concept.code, in_current_language(concept.label)) for concept in vocabulary(name).values()]


class SaveForm(forms.Form):
    """What becomes of the records here: a dataset, old or new, its columns, and when the source is pulled."""

    slug = forms.SlugField(label=gettext_lazy("identifier of the source"), max_length=100)
    dataset = forms.ModelChoiceField(
        Distribution.objects.none(),
        label=gettext_lazy("dataset"),
        required=False,
        empty_label=gettext_lazy("a new dataset, as described below"),
    )
    dataset_slug = forms.SlugField(label=gettext_lazy("identifier of the new dataset"), max_length=100, required=False)
    title = forms.CharField(label=gettext_lazy("title"), required=False)
    description = forms.CharField(
        label=gettext_lazy("description"), required=False, widget=forms.Textarea(attrs={"rows": 2, "cols": 80})
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=gettext_lazy("organisation"), required=False, to_field_name="slug"
    )
    theme = forms.ChoiceField(label=gettext_lazy("theme"), required=False)
    licence = forms.ChoiceField(label=gettext_lazy("licence"), required=False)
    access_level = forms.ChoiceField(label=gettext_lazy("access level"), required=False)
    mode = forms.ChoiceField(label=gettext_lazy("load mode"), choices=Source.Mode.choices)
    schedule = forms.CharField(
        label=gettext_lazy("schedule"),
        required=False,
        widget=forms.TextInput(attrs={"list": "schedules"}),
        help_text=gettext_lazy("Choose one, or write it in words or as five cron fields; empty: only by hand."),
    )
    table_schema = DocumentField(widget=forms.HiddenInput)
    start = forms.BooleanField(label=gettext_lazy("pull at once"), required=False, initial=True)

    def __init__(self, schema: Schema | None = None, data: Mapping[str, Any] | None = None, **options: Any) -> None:  # noqa: ANN401 (those of a form)
        super().__init__(data, **options)
        self.fields["dataset"].queryset = Distribution.objects.filter(schema__isnull=False).select_related("dataset")
        self.fields["organisation"].queryset = Organisation.objects.all()
        for name in ("theme", "licence", "access_level"):
            self.fields[name].choices = [("", "–"), *choices_of(name)]
        self.proposed = schema or from_table_schema(json.loads((data or {})["table_schema"]))
        for at, column in enumerate(self.proposed.columns):
            self.fields[f"use-{at}"] = forms.BooleanField(required=False, initial=True, label=_("take"))
            self.fields[f"name-{at}"] = forms.CharField(initial=column.name, label=_("name"))
            self.fields[f"title-{at}"] = forms.CharField(
                initial=in_current_language(column.title), required=False, label=_("title")
            )
            self.fields[f"type-{at}"] = forms.ChoiceField(
                choices=[(kind, kind) for kind in TYPES], initial=column.type, label=_("type")
            )
            self.fields[f"key-{at}"] = forms.BooleanField(
                required=False, initial=column.name in self.proposed.key, label=_("key")
            )
        if schema is not None:
            self.initial["table_schema"] = to_table_schema(schema)

    @property
    def columns(self) -> list[dict[str, Any]]:
        parts = ("use", "name", "title", "type", "key")
        return [
            {"source": column.source_name, **{part: self[f"{part}-{at}"] for part in parts}}
            for at, column in enumerate(self.proposed.columns)
        ]

    @property
    def visible_main(self) -> list[forms.BoundField]:
        """The fields that are not of one column."""
        return [self[name] for name in self.base_fields if name != "table_schema"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        if Source.objects.filter(slug=cleaned["slug"]).exists():
            self.add_error("slug", _("There is a source of this name already."))
        if cleaned["dataset"] is None:
            for name in ("dataset_slug", "title", "organisation", "theme", "licence", "access_level"):
                if not cleaned[name]:
                    self.add_error(name, _("A new dataset needs this."))
            if Dataset.objects.filter(slug=cleaned["dataset_slug"]).exists():
                self.add_error(
                    "dataset_slug", _("There is a dataset of this name already; choose it above, or another name.")
                )
        return cleaned

    def schema(self) -> Schema:
        """Return the proposed schema as the steward has changed it."""
        cleaned, columns, key, renamed, left_out = self.cleaned_data, [], [], {}, set()
        for at, column in enumerate(self.proposed.columns):
            name = cleaned[f"name-{at}"].strip()
            if not cleaned[f"use-{at}"]:
                left_out.add(column.name)
                continue
            renamed[column.name] = name
            title = Text(ko=cleaned[f"title-{at}"] or column.title.ko, en=column.title.en)
            source = "" if name == column.source_name else column.source_name
            columns.append(
                dataclasses.replace(column, name=name, source=source, title=title, type=cleaned[f"type-{at}"])
            )
            if cleaned[f"key-{at}"]:
                key.append(name)
        geometry, proposed = self.proposed.geometry, self.proposed
        if geometry and {geometry.longitude, geometry.latitude, geometry.column} & left_out:
            geometry = None
        if geometry:
            places = {part: renamed.get(getattr(geometry, part), "") for part in ("longitude", "latitude", "column")}
            geometry = dataclasses.replace(geometry, **places)
        return dataclasses.replace(
            proposed,
            columns=tuple(columns),
            key=tuple(key),
            geometry=geometry,
            time=renamed.get(proposed.time, ""),
            sorted_by=tuple(renamed[name] for name in proposed.sorted_by if name in renamed),
        )

    @property
    def left_out(self) -> list[str]:
        columns = enumerate(self.proposed.columns)
        return [column.source_name for at, column in columns if not self.cleaned_data[f"use-{at}"]]


def connect_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show the step that a steward is at, or save what was decided and show the first run."""
    connector = request.GET.get("connector", "")
    context = {**site.each_context(request), "title": _("Connect a source"), "opts": Source._meta}
    if connector not in CONNECTORS:
        return TemplateResponse(request, "admin/ingest/source/connect.html", context | {"kinds": kinds()})
    preset = request.GET.get("preset", "")
    initial = {"preset": preset} if preset else {}
    form = ConfigForm(connector, request.POST if request.method == "POST" else None, initial)
    if not request.user.is_superuser:  # who may let the hub into a private network is not who may add a source
        form.fields["allow_private"].disabled = True
    context |= {
        "connector": connector,
        "connector_title": in_current_language(CONNECTORS[connector].title),
        "form": form,
        "secrets": Secret.objects.values_list("name", flat=True) if request.user.has_perm("ingest.view_secret") else [],
        "schedules": [(text, in_current_language(words)) for text, words in presets()],
    }
    if request.method == "POST" and form.is_valid():
        if "save" in request.POST:
            return save_step(site, request, form, context)
        context |= preview_step(request, form)
    return TemplateResponse(request, "admin/ingest/source/connect.html", context)


def kinds() -> list[dict[str, Any]]:
    """Return what can be connected: known platforms, then every connector."""
    known = [
        {"connector": connector, "preset": name, "title": in_current_language(preset_title(name))}
        for connector in CONNECTORS
        for name in preset_names(connector)
    ]
    plain = [
        {"connector": name, "preset": "", "title": in_current_language(connector.title)}
        for name, connector in CONNECTORS.items()
    ]
    return [{"title": _("Known platforms"), "kinds": known}, {"title": _("Kinds of platform"), "kinds": plain}]


def preview_step(request: HttpRequest, form: ConfigForm) -> dict[str, Any]:
    """Look at the source and return what the page shows of it, with the form that saves."""
    if is_too_much(request):
        form.add_error(None, str(TOO_MANY))
        return {}
    options = {name: form.cleaned_data[name] for name in ("allow_private", "ca_certificates")}
    try:
        preview = preview_source(form.connector, form.config, **options)
    except HubError as error:
        form.add_error(None, in_current_language(error.text))
        return {}
    found: dict[str, Any] = {"preview": preview, "checked": in_current_language(preview.checked.sentence)}
    if preview.schema is None:
        return found
    language = get_language() or "ko"
    described = preview.described
    slug = free_slug(f"{form.connector}-{dt.date.today():%y%m%d}")
    code = find_code("licence", described.licence) if described.licence else None
    save = SaveForm(
        preview.schema,
        initial={
            "slug": slug,
            "dataset_slug": slug,
            "title": in_current_language(described.title),
            "description": in_current_language(described.description),
            "licence": code,
            "access_level": "non-public",
            "mode": "replace",
            "organisation": Organisation.objects.values_list("slug", flat=True).first(),
        },
    )
    seen = {column.source: column for column in preview.inferred.columns}
    rows = [
        {**column, "seen": seen.get(column["source"]), "examples": examples(seen[column["source"]])}
        for column in save.columns
        if column["source"] in seen
    ]
    return found | {
        "save": save,
        "rows": rows,
        "proposals": [text.in_language(language) for text in proposals(preview)],
        "findings": [finding.text.in_language(language) for finding in preview.findings],
        "names": [column.source for column in preview.inferred.columns],
        "cells": cells_of(preview),
    }


def free_slug(wanted: str) -> str:
    """Return a name that neither a source nor a dataset has."""
    names = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
    return next(
        name
        for name in names
        if not Source.objects.filter(slug=name).exists() and not Dataset.objects.filter(slug=name).exists()
    )


def cells_of(preview: Preview) -> list[list[str]]:
    names = [column.source for column in preview.inferred.columns]
    return [[shown(row.get(name)) for name in names] for row in preview.rows]


def is_too_much(request: HttpRequest) -> bool:
    """Count a look at a source; tell whether somebody has had enough of them within the hour."""
    name = f"previews-{request.user.pk}"
    cache.add(name, 0, timeout=3600)
    return cache.incr(name) > PREVIEWS_AN_HOUR


def save_step(site: AdminSite, request: HttpRequest, form: ConfigForm, context: dict[str, Any]) -> HttpResponse:
    save = SaveForm(None, request.POST)
    context |= {"save": save, "rows": save.columns}
    if save.is_valid() and save.cleaned_data["dataset"] is None and not request.user.has_perm("catalog.add_dataset"):
        save.add_error("dataset", _("You may not add datasets; choose one that is there."))
    if save.is_valid():
        try:
            with transaction.atomic():
                source = save_all(form, save)
                site.get_model_admin(Source).log_addition(request, source, [{"added": {}}])
        except BadDescription as error:
            for field, text in error.problems:
                save.add_error(field if field in save.fields else None, f"{field}: {in_current_language(text)}")
        except HubError as error:
            save.add_error(None, in_current_language(error.text))
        else:
            messages.success(request, _("The source is connected."))
            if save.cleaned_data["start"]:
                return redirect("admin:ingest_run_change", offer_run(source).pk)
            return redirect("admin:ingest_source_change", source.pk)
    return TemplateResponse(request, "admin/ingest/source/connect.html", context)


@transaction.atomic
def save_all(form: ConfigForm, save: SaveForm) -> Source:
    """Describe the dataset, unless there is one, and declare the source: both or neither."""
    lock_feed()
    cleaned = save.cleaned_data
    distribution = cleaned["dataset"]
    if Source.objects.filter(slug=cleaned["slug"]).exists():  # somebody was faster
        raise Conflict(what=cleaned["slug"])
    if distribution is None and Dataset.objects.filter(slug=cleaned["dataset_slug"]).exists():
        raise Conflict(what=cleaned["dataset_slug"])
    if distribution is None:
        title = {"ko": cleaned["title"]}
        description = {
            "title": title,
            "description": {"ko": cleaned["description"]} if cleaned["description"] else title,
            "organisation": cleaned["organisation"].slug,
            "theme": cleaned["theme"],
            "licence": cleaned["licence"],
            "access_level": cleaned["access_level"],
        }
        describe_dataset(cleaned["dataset_slug"], description, save.schema())
        distribution = Dataset.objects.select_related("distribution").get(slug=cleaned["dataset_slug"]).distribution
    save_source(
        cleaned["slug"],
        distribution,
        connector=form.connector,
        config=form.config,
        mode=cleaned["mode"],
        schedule=cleaned["schedule"],
        ignored_columns=save.left_out,
        allow_private=form.cleaned_data["allow_private"],
        ca_certificates=form.cleaned_data["ca_certificates"],
    )
    return Source.objects.get(slug=cleaned["slug"])
