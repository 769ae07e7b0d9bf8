"""Codes of our vocabularies as other JSON documents say them: licences, languages, file formats, checksums."""

from collections.abc import Mapping
from typing import Any

from catalog.exchange.formats_of_files import find_format
from catalog.exchange.json_values import NO_OBJECT, Notes, as_list, plain, read_address, read_text
from catalog.standard.vocabularies import find_code, vocabulary
from catalog.text import Text

UNKNOWN_LICENCE = "unknown"
OTHER_THEME = "administration"
ANY_FILE = "application/octet-stream"
NO_FORMAT = Text(ko="알려진 파일 형식이 아닙니다 (예: CSV, JSON)", en="is no known file format, as CSV or JSON")
NO_LANGUAGE = Text(ko="알려진 언어 코드가 아닙니다 (예: ko, en)", en="is no known language code, as ko or en")
NO_LICENCE = Text(
    ko="알려진 이용허락의 주소가 아닙니다. 코드표에 있는 주소여야 합니다",
    en="is not the address of a known licence; write the URI of one",
)


def write_licence(code: str) -> str:
    concept = vocabulary("licence").get(code)
    return concept.uri if concept and code != UNKNOWN_LICENCE else ""


def told_licence(value: object, where: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    """Return the code of a licence, or the fields of a distribution that keep one we do not know."""
    if isinstance(value, Mapping):
        value = (
            value.get("@id") or value.get("url") or value.get("prefLabel") or value.get("name") or value.get("title")
        )
    text = plain(next(iter(as_list(value)), None), where, notes)
    if not text:
        return "", {}
    if code := find_code("licence", text):
        return code, {}
    if " " not in text and "://" in text and (address := read_address(text, where, Notes())):
        notes.refuse(where, text, NO_LICENCE)
        return "", {"licence_url": address}
    notes.refuse(where, text, NO_LICENCE)
    return "", {"rights": read_text(text, where, notes) or {}}


def write_languages(codes: list[str]) -> list[str]:
    concepts = [vocabulary("language")[code] for code in codes if code in vocabulary("language")]
    return [next(iter(concept.names_in("iso639_1") or concept.names_in("iso639_3")), "und") for concept in concepts]


def read_languages(value: object, where: str, notes: Notes) -> list[str] | None:
    codes = []
    for number, part in enumerate(as_list(value)):
        if isinstance(part, Mapping):
            part = part.get("@id") or part.get("notation")
        text = plain(part, f"{where}[{number}]", notes)
        if code := find_code("language", text) or find_code("language", text.split("-")[0]):
            codes.append(code)
        else:
            notes.refuse(f"{where}[{number}]", text, NO_LANGUAGE)
    return list(dict.fromkeys(codes)) or None


def read_format(value: object, where: str, notes: Notes) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("@id") or value.get("label") or value.get("value")
    text = plain(value, where, notes)
    if text and not (code := find_format(text)):
        notes.refuse(where, value, NO_FORMAT)
        return None
    return code if text else None


def read_checksum(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        notes.refuse(where, value, NO_OBJECT)
        return None
    code = find_code("checksum_algorithm", plain(value.get("algorithm"), f"{where}.algorithm", notes))
    digits = plain(value.get("checksumValue"), f"{where}.checksumValue", notes)
    if code and digits:
        return {"algorithm": code, "value": digits}
    notes.refuse(where, value, Text(ko="알고리즘과 값이 있어야 합니다", en="needs a known algorithm and a value"))
    return None
