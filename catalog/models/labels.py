"""Names and help texts of model columns, taken from the metadata profile in the language of whoever reads them."""

from collections.abc import Callable

from django.utils.functional import lazy
from django.utils.translation import get_language

from catalog.standard import FIELD, vocabulary
from catalog.text import Text


def in_current_language(text: Text) -> str:
    return text.in_language(get_language() or "en")


speak = lazy(in_current_language, str)


def label(field: str, language: str = "") -> str:
    """Return the label of a profile field, for a column of one language with that language behind it."""
    name = FIELD[field].label
    if language:
        spoken = {"ko": Text(ko="한국어", en="Korean"), "en": Text(ko="영어", en="English")}[language]
        name = Text(ko=f"{name.ko} ({spoken.ko})", en=f"{name.en} ({spoken.en})")
    return speak(name)


def definition(field: str) -> str:
    return speak(FIELD[field].definition)


def choices(name: str) -> Callable[[], list[tuple[str, str]]]:
    """Return the choices of a vocabulary as Django wants them, computed when asked."""
    return {"theme": themes, "frequency": frequencies, "licence": licences, "access_level": access_levels}[name]


def themes() -> list[tuple[str, str]]:
    return concept_choices("theme")


def frequencies() -> list[tuple[str, str]]:
    return concept_choices("frequency")


def licences() -> list[tuple[str, str]]:
    return concept_choices("licence")


def access_levels() -> list[tuple[str, str]]:
    return concept_choices("access_level")


def concept_choices(name: str) -> list[tuple[str, str]]:
    return [(concept.code, speak(concept.label)) for concept in vocabulary(name).values()]
