"""Form fields for the values that Django has no widget for: word lists and JSON that people read."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _


class WordsField(forms.CharField):
    """A list of words, written with commas between them."""

    def prepare_value(self, value: list[str] | str | None) -> str:
        return ", ".join(value) if isinstance(value, list) else value or ""

    def to_python(self, value: str | list[str] | None) -> list[str]:
        words = value if isinstance(value, list) else str(value or "").replace("\n", ",").split(",")
        return list(dict.fromkeys(filter(None, (word.strip() for word in words))))

    def has_changed(self, initial: list[str] | None, data: str | None) -> bool:
        return (initial or []) != self.to_python(data)


class LinesField(forms.CharField):
    """A list of texts, one on a line: addresses and identifiers, which may hold commas."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 80, "spellcheck": "false"})

    def prepare_value(self, value: list[str] | str | None) -> str:
        return "\n".join(value) if isinstance(value, list) else value or ""

    def to_python(self, value: str | list[str] | None) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(filter(None, (line.strip() for line in lines))))

    def has_changed(self, initial: list[str] | None, data: str | None) -> bool:
        return (initial or []) != self.to_python(data)


class NumbersField(forms.CharField):
    """A fixed number of numbers with commas between them, as a box: west, south, east, north."""

    def __init__(self, *, count: int, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.count = count

    def prepare_value(self, value: list[float] | str | None) -> str:
        return ", ".join(f"{number:g}" for number in value) if isinstance(value, list) else value or ""

    def to_python(self, value: str | list[float] | None) -> list[float] | None:
        if isinstance(value, list) or not value:
            return value or None
        try:
            numbers = [float(part) for part in value.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != self.count:
            raise forms.ValidationError(_("Write %(count)s numbers with commas between them.") % {"count": self.count})
        return numbers

    def has_changed(self, initial: list[float] | None, data: str | None) -> bool:
        return self.prepare_value(initial) != (data or "").strip()


class DocumentField(forms.JSONField):
    """A JSON document, shown with indents and with Korean as it is read; nothing where there is none."""

    widget = forms.Textarea(attrs={"rows": 6, "cols": 80, "class": "document", "spellcheck": "false"})

    def prepare_value(self, value: object) -> str:
        if isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2) if value else ""

    def to_python(self, value: Any) -> Any:  # noqa: ANN401
        return super().to_python(value.strip() if isinstance(value, str) else value)
