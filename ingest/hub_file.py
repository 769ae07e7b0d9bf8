"""A hub described in a file (TOML or YAML): its form, with an error that names the line of everything that is wrong.

The form only; what the parts mean and whether they fit is checked where they are applied (``apply.py``). Where a part
stands in the file is found out by ``file_lines.py``.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from catalog.records import TYPES
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.file_lines import Location, locate_toml, locate_yaml
from ingest.schedule import KOREAN_TIME
from ingest.wording import explain_problem, storable

Problem = tuple[Location, Text]
TypeName = Literal[tuple(TYPES)]  # type: ignore[valid-type]


def read_release(value: object) -> dt.datetime | None:
    """Read a release date; a day means its midnight in Korea."""
    if value is None:
        return None
    try:
        if not isinstance(value, str | dt.date):
            raise ValueError
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise PydanticCustomError("date_form", "must be YYYY-MM-DD") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=KOREAN_TIME)


Release = Annotated[dt.datetime | None, BeforeValidator(read_release)]


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LanguageTexts(Entry):
    ko: str = ""
    en: str = ""

    @property
    def text(self) -> Text:
        return Text(ko=self.ko, en=self.en)


class DescribedEntry(BaseModel):
    """A part; whatever is not named here is a field of its description, checked by the metadata standard."""

    model_config = ConfigDict(frozen=True, extra="allow")

    slug: str

    @property
    def description(self) -> Mapping[str, Any]:
        return self.model_extra or {}


class ColumnEntry(Entry):
    name: str
    type: TypeName = "string"
    title: LanguageTexts = LanguageTexts()
    description: LanguageTexts = LanguageTexts()
    source: str = ""
    unit: str = ""
    required: bool = False
    enum: list[str] = Field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None
    missing: list[str] | None = None
    code_list: str = ""
    personal_data: str = ""
    standard_name: str = ""


class GeometryEntry(Entry):
    longitude: str = ""
    latitude: str = ""
    column: str = ""
    crs: str = "EPSG:4326"


class DatasetEntry(DescribedEntry):
    """A dataset; without columns it has no records here and only tells where they are to be had."""

    columns: list[ColumnEntry] = Field(default_factory=list)
    key: list[str] = Field(default_factory=list)
    time: str = ""
    sorted_by: list[str] = Field(default_factory=list)
    geometry: GeometryEntry | None = None
    missing: list[str] | None = None
    guarded: bool = False


class SourceEntry(Entry):
    slug: str
    dataset: str
    connector: str
    config: dict[str, Any] = Field(default_factory=dict)
    mode: str = "replace"
    schedule: str = ""
    slot: Release = None
    expectations: dict[str, Any] = Field(default_factory=dict)
    ignore: list[str] = Field(default_factory=list)
    personal_data: dict[str, str] | None = None  # None: what stewards have decided stays
    provider: str = ""
    allow_private: bool = False
    ca_certificates: str = ""
    raw_days: int = Field(default=7, ge=0, le=3650)
    enabled: bool = True


class ProviderEntry(Entry):
    slug: str
    title: LanguageTexts
    daily_calls: int | None = Field(default=None, ge=1)


class PlatformEntry(Entry):
    """An integrated platform that sends events; its key is issued in the admin."""

    slug: str
    organisation: str
    title: str
    send_codes: list[str] = Field(default_factory=list)
    addresses: list[str] = Field(default_factory=list)
    cipher_secret: str = ""
    cipher_text: str = "base64"
    personal_days: int = 30
    event_days: int = 1095
    counts_by: str = ""
    enabled: bool = True


class HubContent(Entry):
    catalogue: dict[str, Any] | None = None
    providers: list[ProviderEntry] = Field(default_factory=list)
    organisations: list[DescribedEntry] = Field(default_factory=list)
    series: list[DescribedEntry] = Field(default_factory=list)
    services: list[DescribedEntry] = Field(default_factory=list)
    datasets: list[DatasetEntry] = Field(default_factory=list)
    platforms: list[PlatformEntry] = Field(default_factory=list)
    sources: list[SourceEntry] = Field(default_factory=list)


@dataclass(frozen=True)
class HubFile:
    """A read hub file. ``lines`` maps the place of a part to its line, counted from 1."""

    path: Path
    content: HubContent
    lines: Mapping[Location, int]

    def bad(self, problems: Iterable[Problem]) -> BadSetup:
        """Return the error that tells every problem with its line, one below the other."""
        return bad_parts(self.path, self.lines, problems)


def read_hub_file(path: Path, values: Mapping[str, str] | None = None) -> HubFile:
    """Read a file; ``{name}`` is replaced by the values given (``--set name=value``). Mistakes raise one BadSetup."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise bad(
            str(path), ko=f"파일을 읽을 수 없습니다 ({reason})", en=f"the file cannot be read ({reason})"
        ) from error
    document, lines = READERS.get(path.suffix.lower(), read_yaml)(path, fill(text, values or {}, path))
    if problems := list(unstorable_texts(document, ())):
        raise bad_parts(path, lines, problems)
    try:
        content = HubContent.model_validate({} if document is None else document)
    except ValidationError as error:
        problems = [(problem["loc"], explain_problem(problem)) for problem in error.errors()]
        raise bad_parts(path, lines, problems) from error
    file = HubFile(path=path, content=content, lines=lines)
    if problems := list(repeated_slugs(content)):
        raise file.bad(problems)
    return file


def fill(text: str, values: Mapping[str, str], path: Path) -> str:
    for name, value in values.items():
        if f"{{{name}}}" not in text:
            raise bad(
                path.name,
                ko=f"'{name}' 값을 주었지만 파일에 {{{name}}} 자리가 없습니다",
                en=f"a value is given for '{name}', but {{{name}}} is nowhere in the file",
            )
        text = text.replace(f"{{{name}}}", value)
    return text


def unstorable_texts(value: object, place: Location) -> Iterator[Problem]:
    """Yield the texts that no database takes."""
    if isinstance(value, str) and storable(value) != value:
        yield place, Text(ko="쓸 수 없는 문자(NUL 등)가 있습니다", en="holds a character that cannot be stored, as NUL")
    elif isinstance(value, (dict, list)):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unstorable_texts(part, (*place, name))


def repeated_slugs(content: HubContent) -> Iterator[Problem]:
    for kind in ("providers", "organisations", "series", "services", "datasets", "platforms", "sources"):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(content, kind)):
            if entry.slug in seen:
                ko, en = f"'{entry.slug}'이(가) 두 번 나옵니다", f"'{entry.slug}' is given twice"
                yield (kind, index, "slug"), Text(ko=ko, en=en)
            seen.add(entry.slug)


def read_toml(path: Path, text: str) -> tuple[Any, dict[Location, int]]:
    try:
        return tomllib.loads(text), locate_toml(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = f":{found[1]}" if found else f":{len(text.splitlines())}"  # else at the end of the document
        raise bad(
            f"{path.name}{line}", ko=f"TOML로 읽을 수 없습니다: {error}", en=f"cannot be read as TOML: {error}"
        ) from error


def read_yaml(path: Path, text: str) -> tuple[Any, dict[Location, int]]:
    try:
        return yaml.safe_load(text), locate_yaml(text)
    except (yaml.YAMLError, ValueError) as error:  # the latter: a day that no calendar has
        mark = getattr(error, "problem_mark", None)
        message = " ".join(str(getattr(error, "problem", None) or error).split())
        raise bad(
            f"{path.name}:{mark.line + 1}" if mark else path.name,
            ko=f"YAML로 읽을 수 없습니다: {message}",
            en=f"cannot be read as YAML: {message}",
        ) from error


READERS = {".toml": read_toml, ".yaml": read_yaml, ".yml": read_yaml}


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))


def bad_parts(path: Path, lines: Mapping[Location, int], problems: Iterable[Problem]) -> BadSetup:
    """Return one error for all problems, each with its place; the first in the file comes first."""
    in_order = sorted(problems, key=lambda problem: line_of(lines, problem[0]))
    (first, problem), *others = [(describe_place(path, lines, place), text) for place, text in in_order]
    ko = "\n".join([problem.ko, *(f"{where}: {text.ko}" for where, text in others)])
    en = "\n".join([problem.en, *(f"{where}: {text.en}" for where, text in others)])
    return bad(first, ko=ko, en=en)


def describe_place(path: Path, lines: Mapping[Location, int], place: Location) -> str:
    """Return ``file:line (datasets.2.columns.0.type)``."""
    line = line_of(lines, place)
    name = ".".join(str(part) for part in place)
    return f"{path.name}{f':{line}' if line else ''}{f' ({name})' if name else ''}"


def line_of(lines: Mapping[Location, int], place: Location) -> int:
    """Return the line of a part; a missing part has the line of what should hold it, the whole file has 0."""
    return next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), 0)
