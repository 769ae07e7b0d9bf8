"""The schema of records: columns with types, titles, units and where they come from.

A schema is a frozen value. It is written and read as a Frictionless Table Schema (datapackage.org/standard/table-schema)
with additions of ours: ``titles`` and ``descriptions`` (ko/en), ``unit`` (UCUM), ``source`` (the column's name at the
platform), ``codeList``, ``personalData``, ``standardName``, ``timeColumn``, ``geometry``, ``sortedBy``. How values of a type are read is in ``tabulate.py``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.errors import BadSchema
from catalog.text import Text

# type: (name in Table Schema, label)
TYPES: Mapping[str, Text] = {
    "string": Text(ko="문자", en="text"),
    "integer": Text(ko="정수", en="whole number"),
    "number": Text(ko="수", en="number"),
    "boolean": Text(ko="예/아니오", en="yes or no"),
    "date": Text(ko="날짜", en="date"),
    "datetime": Text(ko="일시(오프셋 포함)", en="date and time with offset"),
    "time": Text(ko="시각", en="time of day"),
    "geometry": Text(ko="도형", en="geometry"),
}
NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
RESERVED_NAMES = frozenset(
    [
        "select",
        "order_by",
        "limit",
        "cursor",
        "count",
        "format",
        "bbox",
        "datetime",
        "filter",
        "group_by",
        "having",
        "distinct",
        "near",
        "crs",
        "as_of",
        "snapshot",
        "sample",
        "latest_by",
        "lang",
        "q",
        "encoding",
        "formulas",
        "columns",
        "download",
    ]
)
COORDINATE_SYSTEMS = ("EPSG:4326", "EPSG:5179", "EPSG:5181", "EPSG:5186", "EPSG:5174")
ADDITIONS = {"codeList": "code_list", "personalData": "personal_data", "standardName": "standard_name"}
DEFAULT_MISSING = ("", "-", "null", "NULL", "N/A")


@dataclass(frozen=True)
class Column:
    """One column: ``name`` in our API, ``source`` at the platform (the same when empty)."""

    name: str
    type: str = "string"
    title: Text = Text()
    description: Text = Text()
    source: str = ""
    unit: str = ""
    required: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    missing: tuple[str, ...] | None = None  # None: the schema's own list
    code_list: str = ""  # the URI of the list that its codes come from
    personal_data: str = ""  # what kind of personal data it is, "" for none
    standard_name: str = ""  # its name in a data model or in the national standard data

    @property
    def source_name(self) -> str:
        return self.source or self.name


@dataclass(frozen=True)
class Geometry:
    """Where a record lies: two coordinate columns, or one column of geometries.

    ``crs`` is the system *as delivered*; the coordinate columns are published in WGS 84 (EPSG:4326, degrees) whatever
    it was.
    """

    longitude: str = ""
    latitude: str = ""
    column: str = ""
    crs: str = "EPSG:4326"

    @property
    def is_point(self) -> bool:
        return not self.column


@dataclass(frozen=True)
class Schema:
    """The columns of a distribution, in order; names are unique.

    The columns of an answer (``is_answer``) may have names that are parameters of questions, such as ``count``.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    geometry: Geometry | None = None
    time: str = ""
    missing: tuple[str, ...] = DEFAULT_MISSING
    sorted_by: tuple[str, ...] = ()
    is_answer: bool = field(default=False, compare=False)
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})
        check_schema(self)

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def missing_of(self, column: Column) -> tuple[str, ...]:
        return self.missing if column.missing is None else column.missing


def check_schema(schema: Schema) -> None:
    """Refuse a schema that contradicts itself; the error names the column and what would be right."""
    if not schema.columns:
        raise_bad("columns", ko="열이 하나도 없습니다", en="there are no columns")
    seen: set[str] = set()
    for column in schema.columns:
        where = f"columns.{column.name}"
        if not NAME_PATTERN.match(column.name):
            raise_bad(
                where,
                ko="열 이름은 영문 소문자로 시작하고 소문자·숫자·밑줄만 씁니다",
                en="a column name starts with a lower-case letter and holds only lower-case letters, digits and _",
            )
        if not schema.is_answer and (column.name in RESERVED_NAMES or "__" in column.name):
            raise_bad(
                where,
                ko=f"'{column.name}'은(는) 질문 매개변수와 겹치거나 '__'가 들어 있어 쓸 수 없습니다",
                en=f"'{column.name}' is a query parameter or contains '__'",
            )
        if column.name in seen:
            raise_bad(where, ko="같은 이름의 열이 두 개입니다", en="two columns have this name")
        if column.type not in TYPES:
            raise_bad(
                where,
                ko=f"'{column.type}' 유형은 없습니다. 쓸 수 있는 것: {', '.join(TYPES)}",
                en=f"unknown type '{column.type}'; allowed: {', '.join(TYPES)}",
            )
        check_bounds(column, where)
        seen.add(column.name)
    check_references(schema)


def check_bounds(column: Column, where: str) -> None:
    bounds = [bound for bound in (column.minimum, column.maximum) if bound is not None]
    if bounds and column.type not in ("integer", "number"):
        raise_bad(
            where,
            ko="minimum과 maximum은 integer와 number 열에만 쓸 수 있습니다",
            en="minimum and maximum are for integer and number columns only",
        )
    if bounds != sorted(bounds):
        raise_bad(where, ko="minimum이 maximum보다 큽니다", en="the minimum is greater than the maximum")


def check_references(schema: Schema) -> None:
    named = {"key": schema.key, "sorted_by": schema.sorted_by, "time": (schema.time,) if schema.time else ()}
    for part, names in named.items():
        for name in names:
            if name not in schema:
                raise_bad(part, ko=f"'{name}' 열이 없습니다", en=f"there is no column '{name}'")
        if any(schema[name].type == "geometry" for name in names):
            raise_bad(part, ko="도형 열은 쓸 수 없습니다", en="a geometry column cannot be used here")
    if schema.time and schema[schema.time].type not in ("date", "datetime"):
        raise_bad(
            "time", ko="시간 열은 date 또는 datetime이어야 합니다", en="the time column must be a date or datetime"
        )
    if schema.geometry:
        check_geometry(schema, schema.geometry)


def check_geometry(schema: Schema, geometry: Geometry) -> None:
    wanted = (
        {geometry.column: "geometry"}
        if geometry.column
        else {geometry.longitude: "number", geometry.latitude: "number"}
    )
    for name, kind in wanted.items():
        if name not in schema or schema[name].type != kind:
            raise_bad("geometry", ko=f"'{name}'은(는) {kind} 열이어야 합니다", en=f"'{name}' must be a {kind} column")
    if geometry.crs not in COORDINATE_SYSTEMS:
        raise_bad(
            "geometry.crs",
            ko=f"'{geometry.crs}' 좌표계는 없습니다. 쓸 수 있는 것: {', '.join(COORDINATE_SYSTEMS)}",
            en=f"unknown coordinate system '{geometry.crs}'; allowed: {', '.join(COORDINATE_SYSTEMS)}",
        )


def raise_bad(where: str, *, ko: str, en: str) -> None:
    raise BadSchema(where=where, reason=Text(ko=ko, en=en))


def to_table_schema(schema: Schema) -> dict[str, Any]:
    """Write a schema as a Table Schema document; ``from_table_schema`` gives the same schema back."""
    document: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [field_of(column) for column in schema.columns],
        "missingValues": list(schema.missing),
    }
    if schema.key:
        document["primaryKey"] = list(schema.key)
    if schema.time:
        document["timeColumn"] = schema.time
    if schema.sorted_by:
        document["sortedBy"] = list(schema.sorted_by)
    if schema.geometry:
        parts = ("longitude", "latitude", "column", "crs")
        document["geometry"] = {
            part: getattr(schema.geometry, part) for part in parts if getattr(schema.geometry, part)
        }
    return document


def from_table_schema(document: Mapping[str, Any]) -> Schema:
    """Read what ``to_table_schema`` wrote."""
    geometry = document.get("geometry")
    return Schema(
        columns=tuple(column_of(entry) for entry in document["fields"]),
        key=tuple(document.get("primaryKey", ())),
        geometry=Geometry(**geometry) if geometry else None,
        time=document.get("timeColumn", ""),
        missing=tuple(document.get("missingValues", DEFAULT_MISSING)),
        sorted_by=tuple(document.get("sortedBy", ())),
    )


def field_of(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "type": "geojson" if column.type == "geometry" else column.type}
    if column.title:
        entry |= {"title": column.title.in_language("ko"), "titles": column.title.as_dict()}
    if column.description:
        entry |= {"description": column.description.in_language("ko"), "descriptions": column.description.as_dict()}
    if column.source:
        entry["source"] = column.source
    if column.unit:
        entry["unit"] = column.unit
    if column.missing is not None:
        entry["missingValues"] = list(column.missing)
    for key, attribute in ADDITIONS.items():
        if value := getattr(column, attribute):
            entry[key] = value
    constraints = {
        "required": column.required or None,
        "enum": list(column.enum) or None,
        "minimum": column.minimum,
        "maximum": column.maximum,
    }
    if present := {name: value for name, value in constraints.items() if value is not None}:
        entry["constraints"] = present
    return entry


def column_of(entry: Mapping[str, Any]) -> Column:
    constraints = entry.get("constraints", {})
    missing = entry.get("missingValues")
    return Column(
        name=entry["name"],
        type="geometry" if entry["type"] == "geojson" else entry["type"],
        title=Text.from_value(entry.get("titles")),
        description=Text.from_value(entry.get("descriptions")),
        source=entry.get("source", ""),
        unit=entry.get("unit", ""),
        required=constraints.get("required", False),
        enum=tuple(constraints.get("enum", ())),
        minimum=constraints.get("minimum"),
        maximum=constraints.get("maximum"),
        missing=None if missing is None else tuple(missing),
        **{attribute: entry.get(key, "") for key, attribute in ADDITIONS.items()},
    )
