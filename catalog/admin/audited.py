"""How the admin fills the audit log, and the log in the admin: to read.

What Django's forms save is recorded with it, in the same transaction. Whatever else is asked for, an action of a list or
a button of ours, is recorded before it is done: a process that dies in between leaves one entry too many, never one too few.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin, SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.admin.read_only import ReadOnlyAdmin
from catalog.audit import Actor, Done, record_acts
from catalog.caller import seen_address
from catalog.models import AuditEntry

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("add", "change", "delete")  # these record themselves
MOST_CHOSEN = 500
# What opens more than others may: told whenever a row with it is saved.
GIVEN = ("allow_private", "is_staff", "is_superuser")


class Audited(ModelAdmin):
    """What every table of the site is given: Django's log of its forms goes into the audit log as well."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:  # noqa: ANN401
        record_acts(actor_of(request), [done_to(AuditEntry.Act.ADDED, obj, message)])
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:  # noqa: ANN401
        record_acts(actor_of(request), [done_to(AuditEntry.Act.CHANGED, obj, message)])
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Iterable[LogEntry]:
        record_acts(actor_of(request), [done_to(AuditEntry.Act.DELETED, obj) for obj in queryset])
        return super().log_deletions(request, queryset)


def audited(options: type[ModelAdmin]) -> type[ModelAdmin]:
    """Return a table's class as one that records."""
    return options if issubclass(options, Audited) else type(options.__name__, (Audited, options), {})


def record_asked(request: HttpRequest, models: Iterable[type[Model]]) -> None:
    """Record that somebody asks the admin for something, unless it is a form that records itself."""
    if request.method in SAFE or request.resolver_match is None:
        return
    view, values = request.resolver_match.url_name or "", request.resolver_match.kwargs
    model = next((model for model in models if view.startswith(f"{name_of(model)}_")), None)
    verb = view.removeprefix(f"{name_of(model)}_") if model else view
    if verb == "logout" or (model and (verb in FORMS or (verb == "changelist" and "_save" in request.POST))):
        return
    number = str(next(iter(values.values()), ""))
    row = model._base_manager.filter(pk=number).first() if model and number.isdecimal() else None
    done = Done(
        AuditEntry.Act.ASKED,
        model=label_of(model) if model else "",
        object_id=number,
        object_name=str(row) if row else "",
        told=asked_for(request, verb),
    )
    record_acts(actor_of(request), [done])


def asked_for(request: HttpRequest, verb: str) -> Mapping[str, object]:
    """Return the name of the action and what it was asked for: no value of a form, for it may be a secret."""
    if verb != "changelist":
        return {"asked": verb}
    asked, chosen = request.POST.getlist("action"), request.POST.getlist(ACTION_CHECKBOX_NAME)
    if request.POST.get("select_across") == "1":
        filters = request.GET.copy()
        filters.pop(SEARCH_VAR, None)  # what was searched for may be somebody's name
        return {"asked": "".join(asked[:1]), "chosen": "all", "of": filters.urlencode()[:500]}
    return {"asked": "".join(asked[:1]), "chosen": chosen[:MOST_CHOSEN], "number": len(chosen)}


def record_session(request: HttpRequest, act: AuditEntry.Act) -> None:
    """Record that somebody came or went."""
    record_acts(actor_of(request), [Done(act)])


def name_of(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user.get_username(), request.user.pk, seen_address(request.META))


def done_to(act: AuditEntry.Act, row: Model, message: object = None) -> Done:
    """Return what a form did: Django's message is a list, a word of ours what was asked for."""
    told = [*message] if isinstance(message, list) else [{"asked": message}] if message else []
    given = [name for name in GIVEN if getattr(row, name, False) is True]
    told += [{"given": given}] if given and act is not AuditEntry.Act.DELETED else []
    return Done(act, label_of(type(row)), str(row.pk), str(row), told or None)


class KindFilter(SimpleListFilter):
    """Chooses by kind of object, by the names that the tables have today."""

    title = _("kind of object")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, table: ModelAdmin) -> list[tuple[str, str]]:
        return sorted(names_of(table.admin_site).items(), key=lambda known: known[1])

    def queryset(self, request: HttpRequest, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return entries.filter(model=self.value()) if self.value() else entries


class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("number", "at", "user_name", "address", "act", "kind", "object_name", "said")
    list_filter = ("act", "at", KindFilter)
    search_fields = ("user_name", "address", "object_name", "=object_id")
    date_hierarchy = "at"
    show_full_result_count = False
    fields = readonly_fields = (
        "number", "at", "user_name", "user_id", "address", "act", "kind", "object_id", "object_name", "said", "digest",
    )  # fmt: skip

    @admin.display(description=_("kind of object"), ordering="model")
    def kind(self, entry: AuditEntry) -> str:
        return names_of(self.admin_site).get(entry.model, entry.model)

    @admin.display(description=_("details"))
    def said(self, entry: AuditEntry) -> str:
        """Return the details in the reader's language, as far as there are words."""
        told = json.loads(entry.told) if entry.told else []
        parts = told if isinstance(told, list) else [told]
        return " · ".join(filter(None, (self.words_for(part, entry.model) for part in parts)))

    def words_for(self, part: object, label: str) -> str:
        """Return one detail: fields and rows of a form, the button that was pressed with what was chosen, options."""
        if not isinstance(part, dict):
            return str(part)
        model = next((model for model in self.admin_site._registry if label_of(model) == label), None)
        if form := part.get("changed") or part.get("added") or part.get("deleted"):
            fields = ", ".join(word_for(name) for name in form.get("fields", ()))
            return ": ".join(filter(None, (" ".join(filter(None, (form.get("name"), form.get("object")))), fields)))
        if "asked" in part:
            table = self.admin_site._registry.get(model) if model else None
            button = str(getattr(getattr(table, part["asked"], None), "short_description", part["asked"]))
            chosen = part.get("chosen", "")
            return " · ".join(filter(None, (button, chosen if chosen == "all" else ", ".join(chosen), part.get("of"))))
        if "given" in part and model:
            return ", ".join(str(model._meta.get_field(name).verbose_name) for name in part["given"])
        return " · ".join(f"{name}: {value}" for name, value in part.items() if value)


def names_of(site: AdminSite) -> Mapping[str, str]:
    return {label_of(model): str(model._meta.verbose_name) for model in site._registry}


def label_of(model: type[Model]) -> str:
    return model._meta.label_lower


def word_for(name: str) -> str:
    """Return the name of a field in the reader's language; forms write it with a capital."""
    plain = name[:1].lower() + name[1:]
    return gettext(plain) if gettext(plain) != plain else gettext(name)
