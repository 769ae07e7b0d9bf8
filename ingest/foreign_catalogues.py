"""Finds one dataset in a catalogue of others, with the files that its description names.

The documents are read by ``ingest/harvest_formats.py``, as harvesting does; connectors see plain values only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from catalog.errors import BadDocument
from catalog.exchange.entry import Description, Entry
from ingest.errors import BadSetup, Text, UnreadableAnswer
from ingest.harvest_formats import read_pages
from ingest.http import Session

NAMES = {"dcat": "DCAT", "data-json": "data.json"}
SHOWN = 10
NO_DATASET = Text(
    ko="카탈로그에 '{dataset}' 데이터셋이 없습니다. 있는 것({count}건): {known}",
    en="the catalogue has no dataset '{dataset}'; it has {count}: {known}",
)
SEVERAL = Text(
    ko="'{dataset}'(이)라는 데이터셋이 여럿입니다. 식별자를 적으십시오: {known}",
    en="several datasets are called '{dataset}'; give the identifier of one: {known}",
)


@dataclass(frozen=True)
class NamedFile:
    """A distribution as its description tells it; "" stands for what is not told."""

    titles: tuple[str, ...]
    download: str
    access: str
    format: str
    media_type: str


def find_files(http: Session, form: Literal["dcat", "data-json"], location: str, dataset: str) -> list[NamedFile]:
    """Return the distributions of the one dataset that has this identifier, address or title."""
    known: list[Entry] = []
    try:
        for page in read_pages(http, form, location):
            known.extend(page.datasets)
    except BadDocument as error:
        shown = http.mask(location)
        reason = error.values["reason"]
        raise UnreadableAnswer(address=shown, format=NAMES[form], reason=reason) from error
    named = [entry for entry in known if dataset in identifiers_of(entry)]
    found = named or [entry for entry in known if dataset in titles_of(entry.description)]
    if len(found) == 1:
        return list(files_of(found[0]))
    told = ", ".join(
        f"{'/'.join(titles_of(one.description))} ({one.identifier})" for one in islice(found or known, SHOWN)
    )
    problem = (SEVERAL if found else NO_DATASET).format(dataset=dataset, count=len(known), known=told or "-")
    raise BadSetup(where="dataset", problem=problem)


def identifiers_of(entry: Entry) -> set[str]:
    return {entry.identifier, entry.uri, *entry.description.get("identifiers", [])} - {""}


def titles_of(description: Description) -> tuple[str, ...]:
    return tuple(dict.fromkeys((description.get("title") or {}).values()))


def files_of(entry: Entry) -> Iterator[NamedFile]:
    for part in entry.description.get("distributions", []):
        told = {name: str(part.get(name) or "") for name in ("download_url", "access_url", "format", "media_type")}
        yield NamedFile(titles_of(part), told["download_url"], told["access_url"], told["format"], told["media_type"])
