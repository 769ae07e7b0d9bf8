"""The registry of data models: standard sets of columns that many cities share, one TOML file each beside this module.

A model is never changed in a way that breaks its readers: columns are added, and a breaking change is another version.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalog.errors import DataModelNotFound
from catalog.standard.profile import VERSION
from catalog.text import Text

FOLDER = Path(__file__).parent / "data_models"
TABLE_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
SAME_TYPES = {"geojson": "geometry", "geopoint": "geometry", "any": "string", "year": "integer"}
MEANINGLESS = re.compile(r"[\s_\-·.()\[\]{}/]+")


@dataclass(frozen=True)
class ModelColumn:
    """One column of a model, and what the same is called in files and APIs met so far.

    ``unit`` is a UCUM code. ``values`` are the codes allowed, with their labels. ``personal_data`` is a code of
    ``personal_data_class``; ``code_list`` names the vocabulary that codes come from. ``standard_names`` are column names of
    the national standard data and of portals, ``smart_data_models`` and ``keti`` the attributes of these models (nested
    ones with dots).
    """

    name: str
    type: str
    title: Text
    description: Text = Text()
    unit: str = ""
    required: bool = False
    values: Mapping[str, Text] = field(default_factory=dict, hash=False)
    code_list: str = ""
    minimum: float | None = None
    maximum: float | None = None
    personal_data: str = "none"
    standard_names: tuple[str, ...] = ()
    smart_data_models: str = ""
    keti: str = ""


@dataclass(frozen=True)
class DataModel:
    """A standard set of columns: ``key`` tells records apart, ``geometry`` and ``time`` name the columns for maps and history.

    ``standard_data`` is the name of the national standard dataset (전국표준데이터) that it takes in, ``standard_data_url`` where
    it is; ``smart_data_model`` the URI of the type of Smart Data Models, ``also_known`` the entity types of City Data Hub.
    """

    name: str
    version: str
    title: Text
    description: Text
    theme: str
    columns: tuple[ModelColumn, ...]
    key: tuple[str, ...]
    geometry: tuple[str, ...] = ()
    time: str = ""
    standard_data: str = ""
    standard_data_url: str = ""
    smart_data_model: str = ""
    also_known: tuple[str, ...] = ()

    def column(self, name: str) -> ModelColumn | None:
        return next((column for column in self.columns if column.name == name), None)

    def to_table_schema(self) -> dict[str, Any]:
        """Write the model as a Frictionless Table Schema, with the additions of ours that records understand."""
        schema: dict[str, Any] = {
            "$schema": TABLE_SCHEMA,
            "name": self.name,
            "version": self.version,
            "fields": [write_field(column) for column in self.columns],
            "primaryKey": list(self.key),
        }
        if self.time:
            schema["timeColumn"] = self.time
        if self.geometry:
            parts = ("longitude", "latitude") if len(self.geometry) == 2 else ("column",)
            schema["geometry"] = dict(zip(parts, self.geometry, strict=True))
        return schema


@dataclass(frozen=True)
class Finding:
    """Where a schema departs from a model: the rule, the column, and what would be right."""

    rule: str
    column: str
    text: Text


@cache
def data_models() -> Mapping[str, DataModel]:
    """Return every registered model by its name."""
    models = (read_model(path) for path in sorted(FOLDER.glob("*.toml")))
    return MappingProxyType({model.name: model for model in models})


def data_model(name: str) -> DataModel:
    if name not in data_models():
        raise DataModelNotFound(model=name, allowed=tuple(data_models()))
    return data_models()[name]


def model_uri(name: str) -> str:
    """Return the permanent path of a model; a hub puts its own address in front."""
    return f"/standard/{VERSION}/data-models/{data_model(name).name}"


def check_schema_against_model(schema: Mapping[str, Any], model: DataModel) -> tuple[Finding, ...]:
    """Return where a Frictionless Table Schema departs from a model; further columns are welcome.

    Rules: ``missing-column`` (only required ones), ``other-type``, ``other-unit``, ``missing-unit``, ``other-key``.
    """
    return tuple(find_departures(schema, model))


def suggest_model(column_names: Iterable[str]) -> list[tuple[str, float]]:
    """Return the models that a source's column names fit, best first, each with a share between 0 and 1.

    A name fits by our own name, a title, or any name known from the national standard data, portals, KETI or Smart Data
    Models. The share is that of the names known; models that know as many stand in the order of their own size.
    """
    asked = frozenset(plain_name(name) for name in column_names if name.strip())
    shares = [(model, len(asked & known_names(model).keys()) / len(asked)) for model in data_models().values() if asked]
    best = sorted(shares, key=lambda pair: (-pair[1], len(pair[0].columns), pair[0].name))
    return [(model.name, round(share, 3)) for model, share in best if share > 0]


def suggest_columns(column_names: Iterable[str], model: DataModel) -> dict[str, str]:
    """Return the model's column for each of a source's column names that it knows; no column is given twice."""
    found: dict[str, str] = {}
    for name in column_names:
        column = known_names(model).get(plain_name(name))
        if column and column not in found.values():
            found[name] = column
    return found


def read_model(path: Path) -> DataModel:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    texts = {name: Text.from_value(document.pop(name)) for name in ("title", "description")}
    lists = {name: tuple(document.pop(name, ())) for name in ("key", "geometry", "also_known")}
    columns = tuple(read_column(entry) for entry in document.pop("columns"))
    return DataModel(**document, **texts, **lists, columns=columns)


def read_column(entry: Mapping[str, Any]) -> ModelColumn:
    read = {
        "title": Text.from_value,
        "description": Text.from_value,
        "standard_names": tuple,
        "values": lambda values: {code: Text(ko=code, en=label) for code, label in values.items()},
    }
    return ModelColumn(**{name: read[name](value) if name in read else value for name, value in entry.items()})


def write_field(column: ModelColumn) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": column.name,
        "type": "geojson" if column.type == "geometry" else column.type,
        "title": column.title.ko,
        "titles": column.title.as_dict(),
    }
    if column.description:
        entry |= {"description": column.description.ko, "descriptions": column.description.as_dict()}
    told = {
        "unit": column.unit,
        "codeList": column.code_list,
        "personalData": "" if column.personal_data == "none" else column.personal_data,
        "standardName": column.standard_names[0] if column.standard_names else "",
    }
    constraints = {
        "required": column.required or None,
        "enum": list(column.values) or None,
        "minimum": column.minimum,
        "maximum": column.maximum,
    }
    entry |= {name: value for name, value in told.items() if value}
    if present := {name: value for name, value in constraints.items() if value is not None}:
        entry["constraints"] = present
    return entry


def find_departures(schema: Mapping[str, Any], model: DataModel) -> Iterator[Finding]:
    fields = {entry["name"]: entry for entry in schema.get("fields", ())}
    for column in model.columns:
        if entry := fields.get(column.name):
            yield from compare_column(entry, column)
        elif column.required:
            yield Finding(
                "missing-column",
                column.name,
                Text(
                    ko=f"'{column.name}' ({column.title.ko}) 열이 있어야 합니다",
                    en=f"the column '{column.name}' ({column.title.en}) is required",
                ),
            )
    key = schema.get("primaryKey", ())
    key = (key,) if isinstance(key, str) else tuple(key)
    if set(key) != set(model.key):
        wanted = ", ".join(model.key)
        yield Finding("other-key", wanted, Text(ko=f"키는 {wanted}이어야 합니다", en=f"the key must be {wanted}"))


def compare_column(entry: Mapping[str, Any], column: ModelColumn) -> Iterator[Finding]:
    given = entry.get("type", "string")
    given = SAME_TYPES.get(given, given)
    if given != column.type and (given, column.type) != ("integer", "number"):
        yield Finding(
            "other-type",
            column.name,
            Text(
                ko=f"'{column.name}' 열의 유형은 {given}이 아니라 {column.type}이어야 합니다",
                en=f"the column '{column.name}' must be of type {column.type}, not {given}",
            ),
        )
    unit = entry.get("unit", "")
    if column.unit and unit != column.unit:
        rule = "other-unit" if unit else "missing-unit"
        yield Finding(
            rule,
            column.name,
            Text(
                ko=f"'{column.name}' 열의 단위는 '{column.unit}'이어야 합니다",
                en=f"the unit of the column '{column.name}' must be '{column.unit}'",
            ),
        )


@cache
def known_names(model: DataModel) -> Mapping[str, str]:
    """Return the model's column by every name it is known by, in plain form; our own names come first."""
    found: dict[str, str] = {}
    for names in (own_names, source_names, foreign_names):
        for column in model.columns:
            for name in names(column):
                found.setdefault(plain_name(name), column.name)
    return found


def own_names(column: ModelColumn) -> Sequence[str]:
    return (column.name, column.title.ko, column.title.en)


def source_names(column: ModelColumn) -> Sequence[str]:
    return column.standard_names


def foreign_names(column: ModelColumn) -> Sequence[str]:
    return [name.rpartition(".")[2] for name in (column.smart_data_models, column.keti) if name]


def plain_name(name: str) -> str:
    """Return a column name without spaces, signs and case, to compare by: ``정류장 위치_경도`` is ``정류장위치경도``."""
    return MEANINGLESS.sub("", name.lstrip("\ufeff")).casefold()
