"""Form fields for the values that Django has no widget for: word lists and JSON that people read."""

import json
from typing import Any

from django import forms


class WordsField(forms.CharField):
    """A list of words, written with commas between them."""

    def prepare_value(self, value: list[str] | str | None) -> str:
        return ", ".join(value) if isinstance(value, list) else value or ""

    def to_python(self, value: str | list[str] | None) -> list[str]:
        words = value if isinstance(value, list) else str(value or "").replace("\n", ",").split(",")
        return list(dict.fromkeys(filter(None, (word.strip() for word in words))))

    def has_changed(self, initial: list[str] | None, data: str | None) -> bool:
        return (initial or []) != self.to_python(data)


class DocumentField(forms.JSONField):
    """A JSON document, shown with indents and with Korean as it is read."""

    widget = forms.Textarea(attrs={"rows": 6, "cols": 80, "class": "document", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> str:  # noqa: ANN401
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
