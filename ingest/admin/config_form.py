"""A form for the configuration of a connector, made from its typed ``Config``: a field a setting, required ones first."""

import types
from collections.abc import Collection, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.utils.translation import gettext as _
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from catalog.admin.fields import DocumentField, LinesField
from ingest.models import Secret

PREFIX = "config"


class SecretField(forms.CharField):
    """The name of a stored secret, or of an environment variable with a dollar sign before it; never the secret itself."""

    widget = forms.TextInput(attrs={"list": "secrets", "autocomplete": "off", "spellcheck": "false"})

    def prepare_value(self, value: Mapping[str, str] | str | None) -> str:
        if isinstance(value, Mapping):
            return f"${value['env']}" if "env" in value else value.get("secret", "")
        return value or ""

    def to_python(self, value: str | None) -> dict[str, str] | None:
        name = (value or "").strip()
        if not name:
            return None
        return {"env": name.removeprefix("$")} if name.startswith("$") else {"secret": name}

    def clean(self, value: str | None) -> dict[str, str] | None:
        named = super().clean(value)
        if named and "secret" in named and not Secret.objects.filter(name=named["secret"]).exists():
            raise forms.ValidationError(
                _("There is no stored secret “%(name)s”. Store it first; its value is not written here.")
                % {"name": named["secret"]}
            )
        return named


class OneOrMoreField(LinesField):
    """A text, or several of them, one on a line."""

    widget = forms.Textarea(attrs={"rows": 1, "cols": 80, "spellcheck": "false"})

    def clean(self, value: str | None) -> str | list[str]:
        lines = super().clean(value)
        return lines[0] if len(lines) == 1 else lines


def config_fields(config: type[Any], given: Collection[str] = ()) -> dict[str, forms.Field]:
    """Return the form fields of a connector's configuration, those that must be filled in first.

    What is ``given`` otherwise, by a preset, may be left empty.
    """
    fields = sorted(config.model_fields.items(), key=lambda item: not item[1].is_required())
    return {
        f"{PREFIX}.{name}": form_field(name, field, required=field.is_required() and name not in given)
        for name, field in fields
    }


def form_field(name: str, field: FieldInfo, *, required: bool) -> forms.Field:
    kind = plain_kind(field.annotation)
    options: dict[str, Any] = {
        "label": name,
        "required": required,
        "help_text": _(field.description) if field.description else "",
    }
    if field.default not in (None, PydanticUndefined) and isinstance(field.default, str | int | float):
        options["help_text"] += " " + _("Otherwise: %(default)s") % {"default": field.default}
    if get_origin(kind) is Literal:
        choices = [(value, value) for value in get_args(kind)]
        return forms.ChoiceField(choices=choices if required else [("", "–"), *choices], **options)
    if kind in MADE:
        return MADE[kind](**options)
    return DocumentField(**options)


def plain_kind(annotation: Any) -> Any:  # noqa: ANN401 (a type, or what stands for one)
    """Return a setting's type without the possibility to leave it out."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else frozenset(kinds)
    return annotation


def boolean(*, label: str, help_text: str, required: bool) -> forms.Field:
    """A setting that is yes, no, or left to what it is otherwise; it is never required."""
    return forms.TypedChoiceField(
        choices=[("", "–"), ("true", _("yes")), ("false", _("no"))],
        coerce=lambda text: text == "true",
        empty_value=None,
        required=False,
        label=label,
        help_text=help_text,
    )


MADE = {
    str: forms.CharField,
    int: forms.IntegerField,
    float: forms.FloatField,
    bool: boolean,
    SecretStr: SecretField,
    list[str]: LinesField,
    frozenset({str, list[str]}): OneOrMoreField,
}


def config_of(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that a form was filled in with; what was left empty is left out."""
    named = {name.removeprefix(f"{PREFIX}."): value for name, value in cleaned.items() if name.startswith(f"{PREFIX}.")}
    return {name: value for name, value in named.items() if value not in (None, "", [], {})}


def initial_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form shows of a configuration."""
    return {
        f"{PREFIX}.{name}": value if not isinstance(value, bool) else str(value).lower()
        for name, value in config.items()
        if not (isinstance(value, Mapping) and not value)
    }
