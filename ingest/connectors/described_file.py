"""The file that a description of a catalogue names: which of its distributions is meant, and how it is read.

``dcat.py`` and ``datajson.py`` differ in the documents alone. Only http(s) addresses of a description are believed (never a
path of this machine), through the guarded session; the file is read by the ``file`` connector's own reader.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from ingest.connectors import file
from ingest.connectors.delimited import Row
from ingest.connectors.file_format import CONTENT_TYPES, named_format
from ingest.connectors.rows import DelimitedFile
from ingest.errors import BadSetup, Text, UnreadableAnswer
from ingest.foreign_catalogues import NAMES, NamedFile, find_files
from ingest.http import Session, is_web

Form = Literal["dcat", "data-json"]
ReadFile = Callable[[file.Config, Session], Iterator[Row | DelimitedFile]]

TEXT_FORMATS = frozenset({"csv", "tsv", "json", "ndjson", "geojson", "xml"})  # others are told by their content
NONE_FITS = Text(
    ko="데이터셋 '{dataset}'에 그런 배포(distribution)가 없습니다. 있는 것: {known}",
    en="dataset '{dataset}' has no such distribution; it has: {known}",
)
SEVERAL = Text(
    ko="데이터셋 '{dataset}'의 배포가 하나로 정해지지 않습니다. distribution이나 format을 적으십시오: {known}",
    en="more than one distribution of dataset '{dataset}' is meant; give distribution or format: {known}",
)
NO_ADDRESS = Text(
    ko="배포에 http(s) 파일 주소({kind})가 없습니다: {url}",
    en="the distribution names no http(s) address of a file ({kind}): {url}",
)


class Config(BaseModel, frozen=True, extra="forbid"):
    url: str = Field(min_length=1, description="Address of the catalogue's document, or its path under the file roots.")
    dataset: str = Field(min_length=1, description="Identifier, address (URI) or title of the dataset.")
    distribution: str | None = Field(
        None, min_length=1, description="Title or address of the distribution, if there are several."
    )
    format: str | None = Field(
        None, min_length=1, description="Format or media type of the distribution (CSV, text/csv)."
    )
    address: Literal["download", "access"] = Field(
        "download", description="access: the file is at the access address, where catalogues give no download address."
    )
    file: dict[str, object] = Field(
        default_factory=dict, description="Settings of the file connector but path (format, encoding, sheet, …)."
    )

    @field_validator("file")
    @classmethod
    def are_settings_of_files(cls, settings: dict[str, object]) -> dict[str, object]:
        if "path" in settings:
            raise ValueError("the description tells the path; leave it out")
        file.Config.model_validate({**settings, "path": "-"})
        return settings


def read_described(
    config: Config, http: Session, form: Form, read_file: ReadFile, position: int | None = None
) -> Iterator[Row | DelimitedFile]:
    """Yield the records of the file that the description names."""
    chosen = choose(config, find_files(http, form, config.url, config.dataset), position)
    yield from read_file(file_of(config, chosen, http, form), http)


def choose(config: Config, files: Sequence[NamedFile], position: int | None = None) -> NamedFile:
    """Return the one distribution that is meant; without a word on it the only one that has an address."""
    found = list(files) if position is None else list(files[position - 1 : position])
    if config.distribution is not None:
        found = [one for one in found if config.distribution in (*one.titles, one.download, one.access)]
    if config.format is not None:
        wanted = config.format.strip().lower().lstrip(".")
        found = [one for one in found if wanted in (one.format.lower(), one.media_type.lower(), format_of(one))]
    if len(found) > 1:
        found = [one for one in found if address_of(config, one)] or found
    if len(found) == 1:
        return found[0]
    known = "; ".join(map(describe, (found or files)[:20])) or "-"
    problem = SEVERAL if found else NONE_FITS
    raise BadSetup(where="distribution", problem=problem.format(dataset=config.dataset, known=known))


def describe(one: NamedFile) -> str:
    return " · ".join(filter(None, (*one.titles[:1], one.format or one.media_type, one.download or one.access))) or "?"


def address_of(config: Config, one: NamedFile) -> str:
    return one.download if config.address == "download" else one.access


def format_of(one: NamedFile) -> str:
    return CONTENT_TYPES.get(one.media_type.lower(), one.format.lower())


def file_of(config: Config, chosen: NamedFile, http: Session, form: Form) -> file.Config:
    """Return what the ``file`` connector is told; the description's word on the format counts when the address says nothing."""
    url = address_of(config, chosen)
    if not is_web(url):
        reason = NO_ADDRESS.format(kind=config.address, url=url[:200] or "-")
        raise UnreadableAnswer(address=http.mask(config.url), format=NAMES[form], reason=reason)
    settings: Mapping[str, object] = {**config.file, "path": url}
    if "format" not in settings and named_format(url) is None and format_of(chosen) in TEXT_FORMATS:
        settings = {**settings, "format": format_of(chosen)}
    return file.Config.model_validate(settings)
