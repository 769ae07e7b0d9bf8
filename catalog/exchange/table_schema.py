"""The column dictionary as a Frictionless Table Schema and back, column by column.

Keys of ours beside the standard's (which it allows): ``titles`` and ``descriptions`` in both languages, ``unit``, ``source``,
``codeList``, ``personalData`` and ``standardName``, as ``catalog/records/schema.py`` writes them too; whatever else a column tells travels as its remainder.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    one_line,
    plain,
    read_decimal,
    read_string,
    read_text,
)
from catalog.exchange.remainder import REMAINDER, add_remainder, find_remainder
from catalog.standard import Class, fields_of, vocabulary
from catalog.text import Text

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
OURS_TO_THEIRS = {"geometry": "geojson"}
THEIRS_TO_OURS = {"geojson": "geometry", "year": "integer"}
OWN_KEYS = {
    "unit": "unit",
    "source": "source",
    "code_list": "codeList",
    "personal_data": "personalData",
    "standard_name": "standardName",
}
NUMBERS = ("integer", "number")
AS_TEXT = ("yearmonth", "duration", "geopoint", "list", "array", "object", "any")


def write_schema(columns: Sequence[Mapping[str, Any]], served: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write a column dictionary; ``served`` is the Table Schema of the records, which then leads."""
    schema: dict[str, Any] = dict(served or {"$schema": PROFILE})
    told = {column.get("name"): column for column in columns}
    if served:
        fields = [dict(entry) for entry in served.get("fields", ())]
    else:
        fields = [write_column(column) for column in columns]
        if keys := [column["name"] for column in columns if column.get("is_key")]:
            schema["primaryKey"] = keys
    keys = as_list(schema.get("primaryKey"))
    for entry in fields:
        column = told.get(entry["name"])
        if column and (remainder := find_remainder(read_column(entry, keys, "", Notes()), column)):
            entry[REMAINDER] = remainder
    return schema | {"fields": fields}


def write_column(column: Mapping[str, Any]) -> dict[str, Any]:
    kind = column.get("type", "string")
    entry: dict[str, Any] = {"name": column["name"], "type": OURS_TO_THEIRS.get(kind, kind)}
    for name, plural in (("title", "titles"), ("description", "descriptions")):
        if text := column.get(name):
            entry |= {name: text.get("ko") or text.get("en") or "", plural: dict(text)}
    for name, key in OWN_KEYS.items():
        if column.get(name):
            entry[key] = column[name]
    constraints: dict[str, Any] = {}
    if column.get("is_required"):
        constraints["required"] = True
    if column.get("values") and kind == "string":
        constraints["enum"] = list(column["values"])
    if kind in NUMBERS:
        constraints |= {name: column[name] for name in ("minimum", "maximum") if name in column}
    return entry | ({"constraints": constraints} if constraints else {})


def read_schema(schema: object, where: str, notes: Notes) -> list[dict[str, Any]]:
    """Read the column dictionary of a Table Schema; a field that is none is noted and left out."""
    if not isinstance(schema, Mapping):
        notes.refuse(where, schema, NO_OBJECT)
        return []
    keys = as_list(schema.get("primaryKey"))
    columns = []
    for number, entry in enumerate(as_list(schema.get("fields"))):
        place = f"{where}.fields[{number}]"
        if not isinstance(entry, Mapping):
            notes.refuse(place, entry, NO_OBJECT)
        elif not one_line(entry.get("name"), f"{place}.name", notes):
            notes.add(f"{place}.name", Text(ko="열의 이름이 없습니다", en="the name of the column is missing"))
        else:
            columns.append(read_column(entry, keys, place, notes))
    return columns


def read_column(entry: Mapping[str, Any], keys: Sequence[Any], where: str, notes: Notes) -> dict[str, Any]:
    constraints = entry.get("constraints") if isinstance(entry.get("constraints"), Mapping) else {}
    name = one_line(entry.get("name"), f"{where}.name", notes)
    values = {
        "name": name,
        "type": read_type(entry.get("type"), f"{where}.type", notes),
        "title": read_text(entry.get("titles") or entry.get("title"), f"{where}.title", notes),
        "description": read_text(entry.get("descriptions") or entry.get("description"), f"{where}.description", notes),
        "is_required": constraints.get("required") is True or None,
        "is_key": name in keys or None,
        "values": [" ".join(str(value).split()) for value in as_list(constraints.get("enum")) if value is not None]
        or None,
    } | {name: read_string(entry.get(key), f"{where}.{key}", notes) for name, key in OWN_KEYS.items()}
    if values["type"] in NUMBERS:
        for bound in ("minimum", "maximum"):
            values[bound] = read_decimal(constraints.get(bound), f"{where}.constraints.{bound}", notes)
    column = {name: values[name] for name in fields_of(Class.COLUMN) if values.get(name) is not None}
    return add_remainder(column, entry.get(REMAINDER), Class.COLUMN, where, notes)


def read_type(value: object, where: str, notes: Notes) -> str:
    """Return the type of ours; what we have no type for is text."""
    told = plain(value, where, notes) or "string"
    code = THEIRS_TO_OURS.get(told, told)
    if code in vocabulary("column_type"):
        return code
    if told not in AS_TEXT:
        allowed = ", ".join([*vocabulary("column_type"), *AS_TEXT])
        notes.refuse(
            where,
            value,
            Text(ko=f"Table Schema의 형식이 아닙니다: {allowed}", en=f"is no type of Table Schema: {allowed}"),
        )
    return "string"
