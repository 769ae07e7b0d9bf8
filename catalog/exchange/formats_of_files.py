"""Which file format a foreign document means: by its name, its file extension, or the media type where that is enough."""

from collections.abc import Mapping
from functools import cache

from catalog.standard.vocabularies import find_code, vocabulary


def find_format(name: str) -> str:
    """Return the code of a format by what a document calls it ("csv", ".XLSX", "text/csv"), else nothing ("")."""
    word = name.strip().lstrip(".")
    if "/" in word and "://" not in word:
        return format_of_media_type(word)
    return (find_code("file_type", word) or extensions().get(word.casefold(), "")) if word else ""


def format_of_media_type(media_type: str) -> str:
    """Return the format that a media type tells: the one of its name, else the only one that has it."""
    codes = codes_of_media_types().get(media_type.casefold(), [])
    subtype = media_type.casefold().partition("/")[2].removeprefix("x-").removeprefix("vnd.").split("+")[0]
    named = [code for code in codes if code.casefold() == subtype]
    return named[0] if named else codes[0] if len(codes) == 1 else ""


def media_type_of_format(code: str) -> str:
    concept = vocabulary("file_type").get(code)
    return next(iter(concept.names_in("media_type")), "") if concept else ""


@cache
def codes_of_media_types() -> Mapping[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for concept in vocabulary("file_type").values():
        for name in concept.names_in("media_type"):
            codes.setdefault(name.casefold(), []).append(concept.code)
    return codes


@cache
def extensions() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for concept in vocabulary("file_type").values():
        for extension in concept.names_in("extensions"):
            found.setdefault(extension.casefold(), concept.code)
    return found
