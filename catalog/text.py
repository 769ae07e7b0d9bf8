"""A sentence or a name in Korean and English: the value that travels between all floors.

Templates are filled in both languages at once, so that no caller picks a language too early.
Translation catalogues (gettext) belong to pages; see ``datahub/locale``.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A text in Korean and English; one of them may be empty and the other then stands in for it."""

    ko: str = ""
    en: str = ""

    def __str__(self) -> str:
        return self.en or self.ko

    def __bool__(self) -> bool:
        return bool(self.ko or self.en)

    def in_language(self, language: str) -> str:
        """Return the text in ``language`` (``ko`` or ``en``, regional tags allowed), else in the other one."""
        return (self.ko or self.en) if language.lower().startswith("ko") else (self.en or self.ko)

    def format(self, **values: object) -> "Text":
        """Fill ``{name}`` placeholders in both languages; a ``Text`` among the values speaks each language."""
        korean = {name: value.in_language("ko") if isinstance(value, Text) else value for name, value in values.items()}
        english = {
            name: value.in_language("en") if isinstance(value, Text) else value for name, value in values.items()
        }
        return Text(ko=self.ko.format(**korean), en=self.en.format(**english))

    def as_dict(self) -> dict[str, str]:
        """Return ``{"ko": …, "en": …}`` without empty languages, as JSON documents hold it."""
        return {language: text for language, text in (("ko", self.ko), ("en", self.en)) if text}

    @classmethod
    def from_value(cls, value: "Mapping[str, str] | str | Text | None") -> "Text":
        """Read a text from ``{"ko": …, "en": …}`` or from a plain string, which counts as Korean."""
        if isinstance(value, Text):
            return value
        if value is None:
            return cls()
        if isinstance(value, str):
            return cls(ko=value)
        return cls(ko=value.get("ko", ""), en=value.get("en", ""))
