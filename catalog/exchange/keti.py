"""KETI's City Data Hub: the JSON of its datasets (Data Manager), in and out.

``FIELDS`` has one row per field of theirs. Lists come as an array, as one object, or as a page with the array in it. Times have
no zone there and mean Korean time. **``creatorId`` and ``modifierId`` are the accounts of persons: they are never read, kept
or written**; ``provisioningRequestId`` and ``provisioningEventTime`` are their own bookkeeping and are passed over.

The Data Manager refuses a dataset that lacks any of ``REQUIRED``: what a description does not tell is written there as "-".
Its licences (code group DC010) know no KOGL; those are written by their Korean names. Data models are in ``keti_models.py``.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from catalog.errors import BadDocument
from catalog.exchange.cells import cells_of
from catalog.exchange.days import read_clock, seoul_time
from catalog.exchange.entry import Catalogue, Description, Entry, Finding, make_slug
from catalog.standard import Class, Kind
from catalog.standard.vocabularies import find_by_mapping, find_code, label_of, vocabulary
from catalog.text import Text

FORM = "City Data Hub"
MAPPING = "keti"
NOTHING = "-"
REQUIRED = (
    "id",
    "updateInterval",
    "providerOrganization",
    "providerSystem",
    "isProcessed",
    "license",
    "datasetItems",
    "targetRegions",
)
PERSONAL = ("creatorId", "modifierId")
BOOKKEEPING = ("provisioningRequestId", "provisioningEventTime")
LISTS = ("datasets", "data", "list", "content", "items", "results")
TOTALS = ("totalCount", "total", "totalElements")
URN = "urn:datahub:"
HANGUL = re.compile(r"[ㄱ-ㆎ가-힣]")
URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)\S+\Z")
INTERVAL = re.compile(r"(?:매\s*|every\s*)?(\d+)\s*([가-힣a-zA-Z]+)(?:\s*(?:마다|간격|주기))?\Z")
UNITS: Mapping[str, dt.timedelta] = {
    **dict.fromkeys(("초", "sec", "second", "seconds", "s"), dt.timedelta(seconds=1)),
    **dict.fromkeys(("분", "min", "minute", "minutes"), dt.timedelta(minutes=1)),
    **dict.fromkeys(("시간", "hour", "hours", "h"), dt.timedelta(hours=1)),
    **dict.fromkeys(("일", "day", "days", "d"), dt.timedelta(days=1)),
    **dict.fromkeys(("주", "주일", "week", "weeks"), dt.timedelta(weeks=1)),
}
EVERY: Mapping[str, str] = {"매분": "1분", "매시": "1시간", "매시간": "1시간", "매일": "1일", "매주": "1주"}
SAME_INTERVAL = 0.05  # of the interval that a frequency of the vocabulary promises


@dataclass(frozen=True)
class Way:
    """How they write a value, and how that is read; reading raises ValueError when it cannot."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class FieldRow:
    """A field of theirs: the field of ours (of the dataset, or of its distribution), and how it is written."""

    name: str
    field: str
    way: Way
    owner: str = "dataset"


def as_text(value: object) -> str:
    """Return a value of theirs as text; what is not text there was never meant as one."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ValueError(value)
    return str(value).strip()


def code(name: str) -> Way:
    return Way(lambda value: word_of(name, value), lambda value: read_code(name, as_text(value)))


def word_of(name: str, value: str) -> str:
    concept = vocabulary(name)[value]
    words = concept.names_in(MAPPING)
    return words[0] if words else concept.label.ko


def read_code(name: str, text: str) -> str:
    found = find_by_mapping(name, MAPPING, text) or find_code(name, text)
    if found is None:
        raise ValueError(text)
    return found


def read_frequency(value: object) -> str:
    """Return the frequency that a free text means: a word of ours or of others, or an interval ("5분", "매 1시간")."""
    text = as_text(value)
    found = INTERVAL.match(EVERY.get(text, text))
    if not found or found[2].casefold() not in UNITS:
        return read_code("frequency", text)
    days = int(found[1]) * UNITS[found[2].casefold()] / dt.timedelta(days=1)
    for concept in vocabulary("frequency").values():
        if concept.days and abs(concept.days - days) <= SAME_INTERVAL * days:
            return concept.code
    raise ValueError(text)


def write_frequency(value: str) -> str:
    return vocabulary("frequency")[value].label.ko


def read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def read_count(value: object) -> int:
    number = int(as_text(value))
    if number < 0:
        raise ValueError(value)
    return number


def read_time(value: object) -> str:
    """Read a time without zone as Korean time; midnight sharp stands for the day."""
    moment = read_clock(as_text(value))
    if moment is None:
        raise ValueError(value)
    if moment.tzinfo is None or (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat()


def write_time(value: str) -> str:
    return seoul_time(value).isoformat(timespec="milliseconds")


def read_words(value: object) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for word in read_list(value):
        words.setdefault("ko" if HANGUL.search(word) else "en", []).append(word)
    return words


def write_words(value: Mapping[str, list[str]]) -> list[str]:
    return [word for language in ("ko", "en") for word in value.get(language, ())]


def read_list(value: object) -> list[str]:
    """Read an array, or a text with commas, as some versions have it."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Sequence):
        raise ValueError(value)
    return [text for part in parts if (text := as_text(part))]


def write_urn(kind: str) -> Callable[[str], str]:
    """Return how a URI is written where they have an identifier: our own URN for one is taken off again."""
    start = f"{URN}{kind}:"
    return lambda value: unquote(value.removeprefix(start)) if value.startswith(start) else value


def read_urn(kind: str, *, always: bool = False) -> Callable[[str], str]:
    """Return how an identifier of theirs becomes a URI: by a URN of ours, where it is not a URI already."""
    return lambda text: (
        text if URI.match(text) and not always and not text.startswith(URN) else f"{URN}{kind}:{quote(text, safe='')}"
    )


write_source, read_source = write_urn("dataset"), read_urn("dataset")
write_model, read_model = write_urn("datamodel"), read_urn("datamodel", always=True)

STRING = Way(str, as_text)
TEXT = Way(lambda value: value.get("ko") or value.get("en", ""), lambda value: {"ko": as_text(value)})
COUNT = Way(int, read_count)
FLAG = Way(bool, read_bool)
TIME = Way(write_time, read_time)
STRINGS = Way(list, read_list)
WORDS = Way(write_words, read_words)
FIRST = Way(lambda values: values[0], lambda value: [as_text(value)])
FREQUENCY = Way(write_frequency, read_frequency)
SOURCES = Way(
    lambda values: [write_source(value) for value in values],
    lambda value: [read_source(text) for text in read_list(value)],
)
# They know datasets that are in use and datasets that are not.
ENABLED = Way(
    lambda value: value not in ("WITHDRAWN", "DISCONT"), lambda value: "COMPLETED" if read_bool(value) else "WITHDRAWN"
)

FIELDS: tuple[FieldRow, ...] = (
    FieldRow("id", "identifiers", FIRST),
    FieldRow("name", "title", TEXT),
    FieldRow("description", "description", TEXT),
    FieldRow("updateInterval", "frequency", FREQUENCY),
    FieldRow("category", "classification", STRING),
    FieldRow("providerOrganization", "organisation", TEXT),
    FieldRow("providerSystem", "source_system", TEXT),
    FieldRow("isProcessed", "processing", code("processing")),
    FieldRow("ownership", "ownership", TEXT),
    FieldRow("keyword", "keywords", WORDS),
    FieldRow("license", "licence", code("licence")),
    FieldRow("providingApiUri", "access_url", STRING, owner="distribution"),
    FieldRow("restrictions", "limitations", TEXT),
    FieldRow("datasetExtension", "format", code("file_type"), owner="distribution"),
    FieldRow("datasetItems", "items", TEXT),
    FieldRow("targetRegions", "spatial_text", TEXT),
    FieldRow("sourceDatasetIds", "sources", SOURCES),
    FieldRow("dataStoreUri", "data_stores", STRINGS),
    FieldRow("qualityCheckEnabled", "quality_checked", FLAG),
    FieldRow("dataIdentifierType", "identifier_scheme", code("identifier_scheme")),
    FieldRow("dataModelId", "data_model", STRING),
    FieldRow("enabled", "status", ENABLED),
    FieldRow("storageRetention", "retention_days", COUNT),
    FieldRow("topicRetention", "stream_retention_ms", COUNT),
    FieldRow("createdAt", "issued", TIME),
    FieldRow("modifiedAt", "modified", TIME),
)
NAMES: Mapping[str, FieldRow] = {row.name: row for row in FIELDS}


# Written


def to_keti(catalogue: Catalogue) -> Iterable[dict[str, Any]]:
    """Yield one object per dataset."""
    for entry in catalogue.datasets:
        yield write_dataset(entry, catalogue.organisations.get(entry.description.get("organisation", ""), {}))


def write_dataset(entry: Entry, organisation: Description) -> dict[str, Any]:
    description = entry.description
    owners: Mapping[str, Description] = {
        "dataset": {
            "identifiers": [entry.identifier or entry.slug],
            "classification": word_of("theme", description["theme"]) if description.get("theme") else "",
            "items": items_of(description),
            "spatial_text": region_of(description),
            "quality_checked": False,
            **description,
            "organisation": organisation.get("name", {}),
            "data_model": model_of(description),
        },
        "distribution": distribution_of(description),
    }
    document = {}
    for row in FIELDS:
        value = owners[row.owner].get(row.field)
        if value not in (None, "", [], {}):
            document[row.name] = row.way.write(value)
        elif row.name in REQUIRED:
            document[row.name] = NOTHING
    formats = dict.fromkeys(each["format"] for each in description.get("distributions", ()) if each.get("format"))
    return document | ({"datasetExtension": ", ".join(formats)} if formats else {})


def items_of(description: Description) -> dict[str, str]:
    """Return the items in words: the titles of the columns, where no words are given."""
    titles = [
        Text.from_value(each.get("title")).in_language("ko") or each["name"] for each in description.get("columns", ())
    ]
    return {"ko": ", ".join(titles)} if titles else {}


def region_of(description: Description) -> dict[str, str]:
    return {"ko": label_of("region", description["region"]).ko} if description.get("region") else {}


def model_of(description: Description) -> str:
    """Return their identifier of the data model, or an unknown model's that was kept among the standards followed."""
    if name := description.get("data_model"):
        return word_of("data_model", name) if vocabulary("data_model")[name].names_in(MAPPING) else name
    kept = (uri for uri in description.get("conforms_to", ()) if uri.startswith(f"{URN}datamodel:"))
    return write_model(next(kept, ""))


def distribution_of(description: Description) -> Description:
    """Return the distribution that is an API, else the first."""
    distributions = description.get("distributions", ())
    return next((each for each in distributions if each.get("api_type")), next(iter(distributions), {}))


def write_keti(catalogue: Catalogue) -> Iterable[bytes]:
    """Yield the datasets as one JSON array, dataset by dataset."""
    before = b"["
    for document in to_keti(catalogue):
        yield before + json.dumps(document, ensure_ascii=False).encode()
        before = b",\n"
    yield b"]" if before == b",\n" else b"[]"


# Read


def from_keti(document: object, *, base: str = "") -> Catalogue:
    """Read an array of datasets, one dataset, or a page of them; what cannot be read of one is a finding."""
    datasets, total = find_datasets(document)
    entries: list[Entry] = []
    organisations: dict[str, Description] = {}
    findings: list[Finding] = []
    for number, dataset in enumerate(datasets, 1):
        entry, name, found = read_dataset(dataset, number)
        if name:
            organisations[entry.description["organisation"]] = {"name": name}
        entries.append(entry)
        findings += found
    return Catalogue(base, {}, entries, organisations, findings=tuple(findings), total=total)


def find_datasets(document: object) -> tuple[list[Mapping[str, Any]], int]:
    if isinstance(document, Mapping):
        total = next((document[name] for name in TOTALS if isinstance(document.get(name), int)), None)
        listed = next((document[name] for name in LISTS if isinstance(document.get(name), list)), None)
        datasets = [document] if listed is None and "id" in document else listed
    else:
        datasets, total = document, None
    if not isinstance(datasets, list) or not all(isinstance(each, Mapping) for each in datasets):
        reason = Text(
            ko=f"데이터셋의 배열이 없습니다. 배열이거나, {', '.join(LISTS)} 가운데 하나에 배열이 든 객체여야 합니다",
            en=f"there is no array of datasets; it must be an array, or an object with one under {', '.join(LISTS)}",
        )
        raise BadDocument(form=FORM, where="$", reason=reason)
    return datasets, len(datasets) if total is None else total


def read_dataset(document: Mapping[str, Any], number: int) -> tuple[Entry, dict[str, str], list[Finding]]:
    where = str(document.get("id") or number)
    owners: dict[str, dict[str, Any]] = {"dataset": {}, "distribution": {}}
    findings = [unknown(where, name) for name in document if not is_known(name)]
    for row in FIELDS:
        value = document.get(row.name)
        if value in (None, "", [], NOTHING) or row.name == "datasetExtension":
            continue
        try:
            owners[row.owner][row.field] = row.way.read(value)
        except (ValueError, TypeError):
            findings.append(unreadable(where, row.name, value))
    dataset = owners["dataset"]
    name = dataset.pop("organisation", {})
    if name:
        dataset["organisation"] = make_slug(name["ko"])
    dataset.setdefault("licence", "unknown")
    dataset["access_level"] = "public"
    dataset["theme"] = theme_of(dataset.get("classification", ""))
    keep_model(dataset)
    formats, unread = read_formats(document.get("datasetExtension"))
    findings += [unreadable(where, "datasetExtension", each) for each in unread]
    if distributions := [owners["distribution"] | each for each in formats] or [owners["distribution"]]:
        dataset |= {"distributions": distributions} if any(distributions) else {}
    identifier = dataset.get(
        "identifiers", [f"{name.get('ko', '')} {dataset.get('title', {}).get('ko', '')} {number}"]
    )[0]
    kept = {name: value for name, value in document.items() if name not in PERSONAL}
    return Entry(make_slug(identifier), "", dataset, identifier=identifier, document=kept), name, findings


def is_known(name: str) -> bool:
    return name in NAMES or name in PERSONAL or name in BOOKKEEPING


def keep_model(dataset: dict[str, Any]) -> None:
    """Put a model that the registry does not have among the standards followed."""
    if identifier := dataset.pop("data_model", ""):
        if found := find_by_mapping("data_model", MAPPING, identifier) or find_code("data_model", identifier):
            dataset["data_model"] = found
        else:
            dataset["conforms_to"] = [read_model(identifier)]


def read_formats(value: object) -> tuple[list[dict[str, str]], list[str]]:
    """Return a format for each extension, and the extensions that none is known for."""
    words = re.split(r"[,/+;\s]+", value.strip()) if isinstance(value, str) else []
    found = {
        word: find_by_mapping("file_type", MAPPING, word) or find_code("file_type", word) for word in words if word
    }
    known = [{"format": each} for each in found.values() if each]
    return known, [word for word, each in found.items() if not each and word != NOTHING]


def theme_of(category: str) -> str:
    first = category.split(" - ")[0].strip()
    found = find_by_mapping("theme", MAPPING, first) or find_by_mapping("theme", "datagokr", first) if first else None
    return found or "administration"


def read_keti(content: bytes, *, base: str = "") -> Catalogue:
    """Read a JSON file; a byte-order mark before it is no error, as KETI's own samples have one."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = Text(ko="UTF-8이 아닙니다", en="it is not UTF-8")
        raise BadDocument(form=FORM, where=f"{error.start}", reason=reason) from error
    except json.JSONDecodeError as error:
        where = Text(
            ko=f"{error.lineno}번째 줄 {error.colno}번째 글자", en=f"line {error.lineno}, column {error.colno}"
        )
        raise BadDocument(form=FORM, where=where, reason=error.msg) from error
    return from_keti(document, base=base)


def unspoken_paths(entry: Entry) -> list[tuple[str, ...]]:
    """Return the ways in a description that an entry's object says nothing about: no such field, or one language alone.

    Distributions, the theme and the access level are told too roughly to take the place of what is known already.
    """
    spoken = {row.field for row in FIELDS if row.owner == "dataset" and row.name in entry.document}
    spoken |= {"conforms_to"} if "dataModelId" in entry.document else set()
    return [
        cell.path
        for cell in cells_of(Class.DATASET)
        if cell.path[0] not in spoken or (cell.path[-1] == "en" and cell.field.kind is Kind.TEXT)
    ]


def unknown(where: str, name: str) -> Finding:
    return Finding(where, Text(ko=f"알 수 없는 항목 '{name}'", en=f"unknown field '{name}'"))


def unreadable(where: str, name: str, value: object) -> Finding:
    return Finding(
        where,
        Text(
            ko=f"'{name}'의 값 '{value}'을(를) 읽을 수 없습니다", en=f"the value '{value}' of '{name}' cannot be read"
        ),
    )
