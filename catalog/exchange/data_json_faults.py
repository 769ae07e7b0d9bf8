"""What is wrong with a data.json by the rules of its own dialect, with the place and what would be right.

Values that cannot be read are noted where they are read (``data_json_dataset.py``); here is what is missing, or contradicts
itself. A fault loses nothing: the dataset is read all the same.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from catalog.exchange.entry import Finding
from catalog.exchange.formats_of_files import find_format
from catalog.exchange.json_values import NO_ADDRESS, NO_OBJECT, NO_TEXT
from catalog.standard.forms import PAGE_PATTERN
from catalog.text import Text

LONGEST_COLUMN_TITLE = 60
MISSING = Text(ko="꼭 있어야 하는 값이 없습니다", en="is mandatory and missing")
EMPTY = Text(ko="비어 있습니다. 값을 적거나 항목을 지우십시오", en="is empty; give it a value or leave it out")
NO_VALUE = Text(ko="값이 null입니다. 값을 적거나 항목을 지우십시오", en="is null; give it a value or leave it out")
MEDIA = frozenset(
    ["application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video"]
)
ENDING = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")


class Dialect(StrEnum):
    """Which rules a document says that it follows."""

    POD_1_0 = "Project Open Data 1.0"
    DCAT_US_1_1 = "DCAT-US 1.1"
    DCAT_US_3_0 = "DCAT-US 3.0"
    ARGENTINA = "Perfil Nacional (AR)"


def dialect_of(document: object) -> Dialect:
    if not isinstance(document, Mapping):
        return Dialect.POD_1_0
    if document.keys() & {"superThemeTaxonomy", "themeTaxonomy"}:
        return Dialect.ARGENTINA
    if "3.0" in str(document.get("conformsTo", "")) or document.keys() & {
        "datasetSeries",
        "service",
        "catalog",
        "record",
    }:
        return Dialect.DCAT_US_3_0
    return Dialect.DCAT_US_1_1


# dialect: (of the catalogue, of a dataset, of a distribution)
MANDATORY: Mapping[Dialect, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    Dialect.POD_1_0: ((), ("title", "description", "identifier", "accessLevel"), ()),
    Dialect.DCAT_US_1_1: (
        ("conformsTo",),
        ("title", "description", "publisher", "contactPoint", "identifier", "accessLevel"),
        (),
    ),
    Dialect.DCAT_US_3_0: ((), ("title", "description", "publisher", "contactPoint", "identifier"), ()),
    Dialect.ARGENTINA: (
        ("title", "description", "publisher", "superThemeTaxonomy"),
        (
            "title",
            "description",
            "publisher",
            "superTheme",
            "accrualPeriodicity",
            "issued",
            "identifier",
            "distribution",
        ),
        ("title", "accessURL", "downloadURL", "issued"),
    ),
}


def catalogue_faults(document: Mapping[str, Any], dialect: Dialect) -> Iterator[Finding]:
    yield from missing(document, MANDATORY[dialect][0], "")
    for name in ("dataset", "themeTaxonomy"):
        if document.get(name) is not None and not isinstance(document[name], list):
            yield Finding(name, Text(ko="목록이어야 합니다", en="must be a list"))
    publisher = document.get("publisher")
    if publisher is not None and not isinstance(publisher, Mapping):
        yield Finding("publisher", NO_OBJECT)
    taxonomy = document.get("superThemeTaxonomy")
    if taxonomy and not (isinstance(taxonomy, str) and PAGE_PATTERN.match(taxonomy)):
        yield Finding("superThemeTaxonomy", NO_ADDRESS)
    themes = document.get("themeTaxonomy")
    for number, theme in enumerate(themes if isinstance(themes, list) else []):
        if isinstance(theme, Mapping):
            yield from missing(theme, ("id", "label"), f"themeTaxonomy[{number}].")


def dataset_faults(item: Mapping[str, Any], where: str, dialect: Dialect) -> Iterator[Finding]:
    yield from missing(item, MANDATORY[dialect][1], f"{where}.")
    for key in item:
        if item[key] is None and key not in MANDATORY[dialect][1]:
            yield Finding(f"{where}.{key}", NO_VALUE)
    issued, modified = item.get("issued"), item.get("modified")
    if isinstance(issued, str) and isinstance(modified, str) and modified[:10] < issued[:10] and modified[:4].isdigit():
        yield Finding(
            f"{where}.modified",
            Text(ko=f"등록일({issued})보다 이릅니다", en=f"is earlier than the day of issue ({issued})"),
        )
    addresses: set[str] = set()
    parts = item.get("distribution")
    for number, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(part, Mapping):
            yield from distribution_faults(part, f"{where}.distribution[{number}]", dialect, addresses)


def distribution_faults(
    part: Mapping[str, Any], where: str, dialect: Dialect, addresses: set[str]
) -> Iterator[Finding]:
    yield from missing(part, MANDATORY[dialect][2], f"{where}.")
    address = part.get("downloadURL")
    if isinstance(address, str) and address:
        if address in addresses:
            yield Finding(
                f"{where}.downloadURL",
                Text(ko="다른 배포와 같은 주소입니다", en="is the address of another distribution as well"),
            )
        addresses.add(address)
    kind = part.get("mediaType")
    if isinstance(kind, str) and "/" in kind and kind.partition("/")[0].strip().casefold() not in MEDIA:
        yield Finding(
            f"{where}.mediaType",
            Text(ko=f"'{kind}'은(는) 등록된 미디어 유형이 아닙니다", en=f"'{kind}' is no registered media type"),
        )
    if dialect is Dialect.ARGENTINA:
        yield from name_faults(part, where)


def name_faults(part: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """Compare the file's name and address with the format, and look at the titles of columns."""
    stated = part.get("format")
    for key in ("fileName", "downloadURL"):
        name = part.get(key)
        if name is not None and not isinstance(name, str):
            yield Finding(f"{where}.{key}", NO_TEXT)
        if not isinstance(name, str) or not name:
            continue
        ending = ENDING.search(urlsplit(name).path if key == "downloadURL" else name)
        if key == "fileName" and not ending:
            yield Finding(f"{where}.{key}", Text(ko="파일 이름에 확장자가 없습니다", en="has no file extension"))
        if ending and isinstance(stated, str) and differs(ending[1], stated):
            yield Finding(
                f"{where}.{key}",
                Text(
                    ko=f"확장자 '{ending[1]}'이(가) 형식 '{stated}'과(와) 다릅니다",
                    en=f"ends with '{ending[1]}' while the format is '{stated}'",
                ),
            )
    for position, column in enumerate(part["field"] if isinstance(part.get("field"), list) else []):
        if isinstance(column, Mapping) and "description" in column and column["description"] is None:
            yield Finding(f"{where}.field[{position}].description", NO_VALUE)
        title = column.get("title") if isinstance(column, Mapping) else None
        if isinstance(title, str) and len(title) > LONGEST_COLUMN_TITLE:
            yield Finding(
                f"{where}.field[{position}].title",
                Text(
                    ko=f"{LONGEST_COLUMN_TITLE}자를 넘을 수 없습니다",
                    en=f"is longer than {LONGEST_COLUMN_TITLE} characters",
                ),
            )


def differs(ending: str, stated: str) -> bool:
    """Tell whether an extension and a format are both known and not the same."""
    one, other = find_format(ending), find_format(stated)
    return bool(one and other and one != other)


def missing(holder: Mapping[str, Any], names: tuple[str, ...], prefix: str) -> Iterator[Finding]:
    for name in names:
        value = holder.get(name)
        if value is None:
            yield Finding(f"{prefix}{name}", NO_VALUE if name in holder else MISSING)
        elif value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
            yield Finding(f"{prefix}{name}", EMPTY)
