"""Names and help texts of model columns, taken from the metadata profile in the language of whoever reads them."""

from django.utils.functional import lazy
from django.utils.translation import get_language

from catalog.standard import Class, fields_of, vocabulary
from catalog.text import Text


def in_current_language(text: Text) -> str:
    return text.in_language(get_language() or "en")


speak = lazy(in_current_language, str)


def label(field: str, language: str = "", class_: Class = Class.DATASET) -> str:
    """Return the label of a profile field, for a column of one language with that language behind it."""
    name = fields_of(class_)[field].label
    if language:
        spoken = {"ko": Text(ko="한국어", en="Korean"), "en": Text(ko="영어", en="English")}[language]
        name = Text(ko=f"{name.ko} ({spoken.ko})", en=f"{name.en} ({spoken.en})")
    return speak(name)


def definition(field: str, class_: Class = Class.DATASET) -> str:
    return speak(fields_of(class_)[field].definition)


def themes() -> list[tuple[str, str]]:
    return concept_choices("theme")


def frequencies() -> list[tuple[str, str]]:
    return concept_choices("frequency")


def licences() -> list[tuple[str, str]]:
    return concept_choices("licence")


def access_levels() -> list[tuple[str, str]]:
    return concept_choices("access_level")


def quality_bands() -> list[tuple[str, str]]:
    return concept_choices("quality_band")


def concept_choices(name: str) -> list[tuple[str, str]]:
    return [(concept.code, speak(concept.label)) for concept in vocabulary(name).values()]
