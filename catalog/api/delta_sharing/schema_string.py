"""Columns as Delta's schema, and what Delta calls the statistics of a file."""

import datetime as dt
from collections.abc import Mapping

import orjson

from catalog.records import Column, RowFile, Schema

# A geometry is WKB in WGS 84, as it lies in the files: shapely.from_wkb and geopandas read it. Other types are as named.
TYPES: Mapping[str, str] = {
    "string": "string",
    "time": "string",
    "integer": "long",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "geometry": "binary",
}
GEOMETRY: Mapping[str, str] = {"encoding": "WKB", "crs": "EPSG:4326"}
MILLISECOND = dt.timedelta(milliseconds=1)


def schema_string(schema: Schema) -> str:
    fields = [
        {"name": column.name, "type": TYPES[column.type], "nullable": True, "metadata": column_metadata(column)}
        for column in schema.columns
    ]
    return orjson.dumps({"type": "struct", "fields": fields}).decode()


def column_metadata(column: Column) -> dict[str, str]:
    """Return what is told of a column; ``comment`` is what clients show."""
    titles = " / ".join(filter(None, (column.title.ko, column.title.en)))
    told = {
        "comment": f"{titles} [{column.unit}]" if column.unit else titles,
        "title_ko": column.title.ko,
        "title_en": column.title.en,
        "description_ko": column.description.ko,
        "description_en": column.description.en,
        "unit": column.unit,
        "standardName": column.standard_name,
        "codeList": column.code_list,
        **(GEOMETRY if column.type == "geometry" else {}),
    }
    return {name: value for name, value in told.items() if value}


def statistics(file: RowFile, schema: Schema) -> str:
    """Return how many rows a file has, and between what their values lie."""
    least, greatest = {}, {}
    for name, (low, high) in file.ranges.items():
        is_moment = name in schema and schema[name].type == "datetime"
        least[name] = moment(low, upwards=False) if is_moment else low
        greatest[name] = moment(high, upwards=True) if is_moment else high
    return orjson.dumps({"numRecords": file.rows, "minValues": least, "maxValues": greatest}).decode()


def moment(text: str, *, upwards: bool) -> str:
    """Return a moment as Delta writes it, in whole milliseconds of UTC, rounded so that the bound still holds."""
    value = dt.datetime.fromisoformat(text)
    over = dt.timedelta(microseconds=value.microsecond % 1000)
    value += MILLISECOND - over if upwards and over else -over
    return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
