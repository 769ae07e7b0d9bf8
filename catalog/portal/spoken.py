"""Texts on a page: in the reader's language, and marked as foreign where only the other language exists."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.text import Text


@dataclass(frozen=True)
class Spoken:
    """A text and the language it is in; in a template it marks itself with ``lang`` when the page speaks another one."""

    text: str
    language: str

    def __str__(self) -> SafeString:
        """Return the marked text: a template asks for this first. The words alone are ``text``."""
        return self.__html__()

    def __html__(self) -> SafeString:
        if not self.text or self.language == page_language():
            return format_html("{}", self.text)
        return format_html('<span lang="{}">{}</span>', self.language, self.text)


def say(text: Text) -> Spoken:
    """Return the text in the page's language, else in the other one."""
    language = page_language()
    own = {"ko": text.ko, "en": text.en}[language]
    return Spoken(own, language) if own else Spoken(text.in_language(language), "en" if language == "ko" else "ko")


def page_language() -> str:
    return "ko" if (get_language() or "en").startswith("ko") else "en"
