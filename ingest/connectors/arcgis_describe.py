"""What an ArcGIS layer says of itself: its fields with aliases and code lists, its count, its copyright."""

from collections.abc import Iterator, Mapping
from functools import partial

from ingest.connectors.arcgis import Config, ask_server, codes_of, parse_layer, parse_number
from ingest.connectors.described import Described, DescribedColumn, told_text
from ingest.http import Answer, Session

TYPES: Mapping[str, str] = {
    "esriFieldTypeOID": "integer",
    "esriFieldTypeSmallInteger": "integer",
    "esriFieldTypeInteger": "integer",
    "esriFieldTypeBigInteger": "integer",
    "esriFieldTypeSingle": "number",
    "esriFieldTypeDouble": "number",
    "esriFieldTypeString": "string",
    "esriFieldTypeGUID": "string",
    "esriFieldTypeGlobalID": "string",
    "esriFieldTypeDate": "datetime",
    "esriFieldTypeDateOnly": "date",
    "esriFieldTypeTimeOnly": "time",
}


def describe(config: Config, http: Session) -> Described:
    """Describe the layer; two requests."""
    if config.token:
        http.keep_secret(config.token.get_secret_value())

    def whole(document: dict, answer: Answer) -> dict:
        parse_layer(document, answer)
        return document

    layer = ask_server(config, http, "", {}, whole)
    rows = ask_server(config, http, "/query", {"returnCountOnly": "true"}, partial(parse_number, name="count"))
    return Described(
        title=told_text(layer.get("name")),
        description=told_text(layer.get("description")),
        columns=tuple(columns_of(layer, config)),
        rows=rows,
        licence=str(layer.get("copyrightText") or "").strip()[:500],
        crs="EPSG:4326" if layer.get("geometryType") else "",
        key=tuple(name for name in [layer.get("objectIdField")] if isinstance(name, str)),
    )


def columns_of(layer: Mapping[str, object], config: Config) -> Iterator[DescribedColumn]:
    """Yield the fields that are read; a code list makes a number text where its texts are read instead."""
    for field in layer["fields"]:
        name, alias = str(field["name"]), field.get("alias")
        if config.fields is not None and name not in config.fields:
            continue
        codes = {str(code): str(text) for code, text in (codes_of(field.get("domain")) or {}).items()}
        kind = TYPES.get(str(field.get("type")), "")
        if codes and config.domains == "text":
            kind = "string"
        if kind == "datetime" and config.dates == "epoch":
            kind = "integer"
        yield DescribedColumn(name, kind, told_text(alias) if alias != name else told_text(None), codes=codes)
    if config.geometry and layer.get("geometryType"):
        yield DescribedColumn("geometry", "geometry")
