"""A hub described in a file (TOML or YAML): its form, and where in the file each part stands, so that errors name a line.

The form only; what the parts mean and whether they fit is checked where they are applied (``apply.py``).
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.text import Text
from ingest.errors import BadSetup
from ingest.wording import explain_problem

Location = tuple[str | int, ...]


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LanguageTexts(Entry):
    ko: str = ""
    en: str = ""

    @property
    def text(self) -> Text:
        return Text(ko=self.ko, en=self.en)


class HubEntry(Entry):
    title: LanguageTexts = LanguageTexts()


class ContactEntry(Entry):
    name: LanguageTexts
    email: str = ""
    phone: str = ""


class OrganisationEntry(Entry):
    slug: str
    name: LanguageTexts
    region: str = ""
    homepage: str = ""
    contact: ContactEntry | None = None


class ColumnEntry(Entry):
    name: str
    type: str = "string"
    title: LanguageTexts = LanguageTexts()
    description: LanguageTexts = LanguageTexts()
    source: str = ""
    unit: str = ""
    required: bool = False
    enum: list[str] = Field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None
    missing: list[str] | None = None


class GeometryEntry(Entry):
    longitude: str = ""
    latitude: str = ""
    column: str = ""
    crs: str = "EPSG:4326"


class DatasetEntry(BaseModel):
    """A dataset; whatever is not named here is a field of its description, checked by the metadata standard."""

    model_config = ConfigDict(frozen=True, extra="allow")

    slug: str
    columns: list[ColumnEntry]
    key: list[str] = Field(default_factory=list)
    time: str = ""
    sorted_by: list[str] = Field(default_factory=list)
    geometry: GeometryEntry | None = None
    missing: list[str] | None = None

    @property
    def description(self) -> Mapping[str, Any]:
        return self.model_extra or {}


class SourceEntry(Entry):
    slug: str
    dataset: str
    connector: str
    config: dict[str, Any] = Field(default_factory=dict)
    mode: str = "replace"
    schedule: str = ""
    slot: dt.datetime | dt.date | str | None = None
    expectations: dict[str, Any] = Field(default_factory=dict)
    ignore: list[str] = Field(default_factory=list)
    allow_private: bool = False
    raw_days: int = Field(default=7, ge=0)
    enabled: bool = True


class HubContent(Entry):
    hub: HubEntry = HubEntry()
    organisations: list[OrganisationEntry] = Field(default_factory=list)
    datasets: list[DatasetEntry] = Field(default_factory=list)
    sources: list[SourceEntry] = Field(default_factory=list)


@dataclass(frozen=True)
class HubFile:
    """A read hub file. ``lines`` maps the place of a part to its line, counted from 1."""

    path: Path
    content: HubContent
    lines: Mapping[Location, int]

    def where(self, location: Location) -> str:
        return describe_place(self.path, self.lines, location)


def read_hub_file(path: Path, values: Mapping[str, str] | None = None) -> HubFile:
    """Read a file; ``{name}`` is replaced by the values given (``--set name=value``). A mistake raises BadSetup."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise bad(
            str(path), ko=f"파일을 읽을 수 없습니다 ({error})", en=f"the file cannot be read ({error})"
        ) from error
    for name, value in (values or {}).items():
        text = text.replace(f"{{{name}}}", value)
    document, lines = READERS[".toml" if path.suffix == ".toml" else ".yaml"](path, text)
    try:
        content = HubContent.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        raise BadSetup(where=describe_place(path, lines, problem["loc"]), problem=explain_problem(problem)) from error
    return HubFile(path=path, content=content, lines=lines)


def describe_place(path: Path, lines: Mapping[Location, int], location: Location) -> str:
    """Return ``file:line (datasets.2.columns.0.type)``; a missing part has the line of what should hold it."""
    name = ".".join(str(part) for part in location)
    known = next((location[:length] for length in range(len(location), 0, -1) if location[:length] in lines), None)
    line = f":{lines[known]}" if known else ""
    return f"{path.name}{line} ({name})"


def read_toml(path: Path, text: str) -> tuple[Any, dict[Location, int]]:
    try:
        return tomllib.loads(text), dict(locate_toml(text))
    except tomllib.TOMLDecodeError as error:
        raise bad(path.name, ko=f"TOML로 읽을 수 없습니다: {error}", en=f"cannot be read as TOML: {error}") from error


def read_yaml(path: Path, text: str) -> tuple[Any, dict[Location, int]]:
    try:
        return yaml.safe_load(text), dict(locate_yaml(yaml.compose(text, Loader=yaml.SafeLoader), ()))
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise bad(
            path.name, ko=f"YAML로 읽을 수 없습니다: {message}", en=f"cannot be read as YAML: {message}"
        ) from error


READERS = {".toml": read_toml, ".yaml": read_yaml}
HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_\-]+(?:\s*\.\s*[A-Za-z0-9_\-]+)*)\s*=(.*)$")


def locate_toml(text: str) -> Iterator[tuple[Location, int]]:
    """Yield the place and line of every table and key; only run on text that parses.

    Keys inside inline tables have the line of the table.
    """
    table: Location = ()
    counts: dict[Location, int] = {}
    open_string, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        starts_fresh = not open_string and depth == 0
        if starts_fresh and (header := HEADER.match(line)):
            table = table_location(header[2].split("."), counts, is_list=header[1] == "[[")
            yield table, number
            continue
        if starts_fresh and (assignment := ASSIGNMENT.match(line)):
            yield (*table, *(part.strip() for part in assignment[1].split("."))), number
            line = assignment[2]
        open_string, depth = scan_value(line, open_string, depth)


def table_location(names: list[str], counts: dict[Location, int], *, is_list: bool) -> Location:
    """Return the place of a table header; every list on the way stands at its latest element."""
    place: Location = ()
    for position, name in enumerate(names):
        place = (*place, name)
        if is_list and position == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
            for inner in [known for known in counts if known[: len(place)] == place and known != place]:
                del counts[inner]
        if place in counts:
            place = (*place, counts[place])
    return place


def scan_value(line: str, open_string: str, depth: int) -> tuple[str, int]:
    """Follow strings and brackets through a line: return the delimiter still open and the depth of brackets."""
    position = 0
    while position < len(line):
        rest = line[position:]
        if open_string:
            if open_string.startswith('"') and rest[0] == "\\":
                position += 2
            elif rest.startswith(open_string):
                position += len(open_string)
                open_string = ""
            else:
                position += 1
        elif rest[0] == "#":
            break
        elif quote := next((quote for quote in ('"""', "'''", '"', "'") if rest.startswith(quote)), ""):
            open_string = quote
            position += len(quote)
        else:
            depth += (rest[0] in "[{") - (rest[0] in "]}")
            position += 1
    return (open_string if len(open_string) == 3 else ""), depth


def locate_yaml(node: yaml.Node | None, place: Location) -> Iterator[tuple[Location, int]]:
    if node is None:
        return
    if place:
        yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from (
                (inner, line) for inner, line in locate_yaml(value, (*place, key.value)) if inner != (*place, key.value)
            )
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from locate_yaml(value, (*place, index))


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
