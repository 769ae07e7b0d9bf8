"""What a GIS server says of a collection: its schema or queryables, its licence; of a WFS its capabilities and XSD."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import quote

from lxml import etree

from ingest.connectors.credential import credential_headers
from ingest.connectors.described import Described, DescribedColumn, describe_by_reading, told_text
from ingest.connectors.documents import local_name, read_document
from ingest.connectors.oapif import Config, read, refuse_error
from ingest.connectors.wfs import Wfs, ask_wfs, parse_root, refuse_report
from ingest.errors import RequestRefused, UnreadableAnswer
from ingest.http import Answer, Session

JSON = "application/schema+json, application/json;q=0.9"
TYPES: Mapping[str, str] = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}
FORMATS: Mapping[str, str] = {"date": "date", "date-time": "datetime", "time": "time"}
XSD_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("int", "integer", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"), "integer"),
    **dict.fromkeys(("double", "float", "decimal"), "number"),
    "boolean": "boolean",
    "date": "date",
    "dateTime": "datetime",
    "time": "time",
    "string": "string",
}


def describe(config: Config, http: Session) -> Described:
    """Describe the collection; what the server says of its properties is asked for where it says anything."""
    key = {}
    if config.key and config.key_param:
        http.keep_secret(config.key.get_secret_value())
        key = {config.key_param: config.key.get_secret_value()}
    headers = {} if key else credential_headers(config.key, http, name=config.key_header)
    found = describe_by_reading(read, config, http)
    told = describe_wfs if config.service == "wfs" else describe_collection
    more = told(config, http, headers, key)
    named = {column.name: column for column in more.columns}
    columns = tuple(
        DescribedColumn("geometry", "geometry") if column.name == "geometry" else named.get(column.name, column)
        for column in found.columns
    )
    return dataclasses.replace(more, columns=columns or more.columns, rows=found.rows, crs="EPSG:4326")


def describe_collection(config: Config, http: Session, headers: Mapping[str, str], key: Mapping[str, str]) -> Described:
    address = f"{config.url.rstrip('/')}/collections/{quote(config.collection, safe='')}"
    parse = partial(parse_object, http=http)
    about = http.read(address, parse, params=key, headers={"Accept": "application/json", **headers})
    schema: Mapping[str, object] = {}
    for path in ("/schema", "/queryables"):
        try:
            schema = http.read(address + path, parse, params=key, headers={"Accept": JSON, **headers})
        except (RequestRefused, UnreadableAnswer):
            continue  # both parts of the standard are optional
        break
    properties = schema.get("properties")
    return Described(
        title=told_text(about.get("title")),
        description=told_text(about.get("description")),
        columns=tuple(columns_of(properties)) if isinstance(properties, dict) else (),
        licence=licence_of(about),
    )


def parse_object(answer: Answer, http: Session) -> Mapping[str, object]:
    document = read_document(answer, http)
    refuse_error({} if isinstance(document, dict) and is_told(document) else document, answer, http)
    if not isinstance(document, dict):
        raise UnreadableAnswer(address=answer.location, format="JSON", reason=type(document).__name__)
    return document


def is_told(document: Mapping[str, object]) -> bool:
    """Say whether a document describes something; titles and descriptions are otherwise those of errors."""
    return "links" in document or "properties" in document or "id" in document


def licence_of(about: Mapping[str, object]) -> str:
    links = about.get("links")
    found = [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []
    licences = [str(one.get("title") or one.get("href") or "") for one in found if one.get("rel") == "license"]
    return (licences or [str(about.get("license") or "")])[0][:500]


def columns_of(properties: Mapping[str, object]) -> Iterator[DescribedColumn]:
    for name, told in properties.items():
        if not isinstance(told, dict):
            continue
        form = str(told.get("format", ""))
        kind = "geometry" if form.startswith("geometry") or "$ref" in told else FORMATS.get(form, "")
        allowed = told.get("enum")
        yield DescribedColumn(
            name,
            kind or TYPES.get(str(told.get("type")), ""),
            told_text(told.get("title")) if told.get("title") != name else told_text(None),
            told_text(told.get("description")),
            str(told.get("x-ogc-unit") or ""),
            {str(code): str(code) for code in allowed} if isinstance(allowed, list) else {},
        )


def describe_wfs(config: Config, http: Session, headers: Mapping[str, str], key: Mapping[str, str]) -> Described:
    settings = config.model_dump(
        include={"url", "page_size", "max_pages", "bbox", "output", "srs", "axis_order", "sort_by"}
    )
    wfs = Wfs(type_name=config.collection, params=config.params | key, headers=headers, **settings)
    root = ask_wfs(wfs, http, {"request": "GetCapabilities"}, partial(parse_report, http=http))
    names = (config.collection, config.collection.rpartition(":")[2])
    about = next(
        (
            one
            for one in root.iter("{*}FeatureType")
            if (name := (one.findtext("{*}Name") or "").strip()) in names or name.rpartition(":")[2] in names
        ),
        root,
    )
    question = {"request": "DescribeFeatureType", "typeNames": config.collection}
    schema = ask_wfs(wfs, http, question, partial(parse_report, http=http))
    return Described(
        title=told_text(about.findtext("{*}Title")),
        description=told_text(about.findtext("{*}Abstract")),
        columns=tuple(xsd_columns(schema)),
        licence=" ".join((root.findtext(".//{*}AccessConstraints") or "").split())[:500],
    )


def parse_report(answer: Answer, http: Session) -> etree._Element:
    root = parse_root(answer, http)
    refuse_report(root, answer, http)
    return root


def xsd_columns(schema: etree._Element) -> Iterator[DescribedColumn]:
    """Yield the elements inside the type; what is no simple type is its geometry."""
    for element in schema.iterfind(".//{*}complexType//{*}sequence/{*}element"):
        name, kind = element.get("name", ""), (element.get("type") or restriction_of(element)).rpartition(":")[2]
        is_shape = kind.endswith("PropertyType") and "gml" in (element.get("type") or "")
        if name and not is_shape and local_name(element) == "element":
            words = element.findtext(".//{*}documentation")
            yield DescribedColumn(name, XSD_TYPES.get(kind, ""), description=told_text(words))


def restriction_of(element: etree._Element) -> str:
    found = element.find(".//{*}restriction")
    return found.get("base", "") if found is not None else ""
