"""Croissant 1.1: a dataset as machine learning tools load it; written, and 1.0 and 1.1 read.

A dataset as a whole is told as in schema.org (``catalog/exchange/schema_org.py``), so the same fields survive a round trip;
the description comes back at any length. A file's page (``access_url``) survives where it is not the file itself. Columns
become the fields of one record set, taken from the CSV or Parquet file: their name, type,
title, description, unit and whether they are the key survive; without such a file there is no record set. Checksums are SHA-256
or MD5. A test keeps this true.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    load_json,
    one_line,
    plain,
    read_address,
    read_string,
)
from catalog.exchange.schema_org import (
    NO_DATASET,
    base_of,
    is_hexadecimal,
    make_entry,
    read_catalogue,
    read_dataset,
    read_download,
    walk,
    write_download,
)
from catalog.exchange.schema_org_terms import (
    Node,
    dataset_terms,
    in_both_languages,
    is_a,
    read_both_languages,
    read_title,
)
from catalog.standard import Class, fields_of, vocabulary
from catalog.text import Text

FORM = "Croissant"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
MEDIA_TYPE = f'application/ld+json; profile="{CONFORMS_TO}"'
# The context that the specification recommends; schema.org's own addresses begin with https nowadays.
CONTEXT: Mapping[str, Any] = {
    "@language": "ko",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {
    name: f"cr:{name}"
    for name in (
        "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
        "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
        "parentField", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "sdVersion",
        "separator", "source", "subField", "transform", "unArchive", "value",
    )
}  # fmt: skip
RECORDS = "records"
TABLES = ("CSV", "PARQUET", "TSV")
SETTLED = frozenset(["one-off", "not-planned", "unknown", ""])

# our type: (Croissant's, what else it is called)
TYPES: Mapping[str, tuple[str, ...]] = {
    "string": ("sc:Text",),
    "integer": ("sc:Integer", "cr:Int8", "cr:Int16", "cr:Int32", "cr:Int64", "cr:UInt8"),
    "number": ("sc:Float", "sc:Number", "cr:Float16", "cr:Float32", "cr:Float64"),
    "boolean": ("sc:Boolean",),
    "date": ("sc:Date",),
    "datetime": ("sc:DateTime",),
    "time": ("sc:Time",),
    "geometry": ("sc:GeoShape", "sc:GeoCoordinates"),
}
OUR_TYPES = {name.partition(":")[2].casefold(): ours for ours, names in TYPES.items() for name in names}


def to_croissant(catalogue: Catalogue) -> Node:
    """Write the one dataset of a catalogue."""
    entry = next(iter(catalogue.datasets))
    description = entry.description
    uri = entry.uri or catalogue.dataset_uri(entry.slug)
    terms = dataset_terms(entry, catalogue)
    node: Node = {"@context": dict(CONTEXT), "@type": "sc:Dataset", "@id": uri, "conformsTo": CONFORMS_TO} | terms
    node["description"] = terms["description"] or terms["name"]
    node["license"] = terms["license"] or vocabulary("licence")["unknown"].uri
    node["creator"] = terms["creator"] or {"@type": "Organization", "name": terms["name"]}
    node["isLiveDataset"] = description.get("frequency", "") not in SETTLED
    if licence := vocabulary("licence").get(catalogue.description.get("licence", "")):
        node["sdLicense"] = licence.uri
    files = write_files(description.get("distributions", ()))
    node["distribution"] = files
    columns = description.get("columns", ())
    table = table_of(description.get("distributions", ()), files)
    if columns and table:
        node["recordSet"] = [write_record_set(columns, table)]
    return {
        name: value
        for name, value in node.items()
        if value not in (None, "", {}) and (value != [] or name == "distribution")
    }


def from_croissant(document: object, *, where: str = FORM, base: str = "") -> Catalogue:
    """Read a Croissant document (bytes, or values read already); one that holds no dataset raises BadDocument."""
    content = load_json(document, FORM, where)
    node = next((each for each in walk(content) if is_a(each, "Dataset")), None)
    if node is None:
        raise BadDocument(form=FORM, where=where, reason=NO_DATASET)
    notes = Notes()
    home = base or base_of(node)
    organisations: dict[str, Node] = {}
    series: dict[str, Node] = {}
    whole = dict(node) | {"distribution": None, "variableMeasured": None}
    description = read_dataset(whole, "", home, notes, organisations, series)
    values = {
        **description,
        "distributions": [
            read_file(part, f"distribution[{number}]", notes)
            for number, part in enumerate(as_list(node.get("distribution")))
            if is_told(part, f"distribution[{number}]", notes)
        ],
        "columns": read_record_sets(as_list(node.get("recordSet")), notes),
    }
    description = {name: values[name] for name in fields_of(Class.DATASET) if values.get(name)}
    entry: Entry = make_entry(node, description, home)
    return Catalogue(
        base=home,
        description=read_catalogue(node, notes),
        datasets=(entry,),
        organisations=organisations,
        series=series,
        findings=tuple(notes.findings),
        total=1,
    )


def write_files(parts: Sequence[Mapping[str, Any]]) -> list[Node]:
    files: list[Node] = []
    for number, part in enumerate(parts):
        name = f"{(part.get('format') or 'file').casefold().replace('_', '-')}-{number + 1}"
        node = {"@type": "cr:FileObject", "@id": name} | {
            key: value for key, value in write_download(part).items() if key != "@type"
        }
        node.setdefault("name", name)
        node.setdefault("encodingFormat", "application/octet-stream")
        if "contentSize" in node:
            node["contentSize"] = f"{node['contentSize']} B"
        checksum = part.get("checksum", {})
        if checksum.get("algorithm") == "md5":
            node["md5"] = checksum["value"]
        files.append(node)
    return files


def table_of(parts: Sequence[Mapping[str, Any]], files: Sequence[Node]) -> str:
    """Return the name of the file that the columns are in: a CSV if there is one, else Parquet."""
    for wanted in TABLES:
        for part, file in zip(parts, files, strict=True):
            if part.get("format") == wanted:
                return file["@id"]
    return ""


def write_record_set(columns: Sequence[Mapping[str, Any]], table: str) -> Node:
    node: Node = {"@type": "cr:RecordSet", "@id": RECORDS, "name": RECORDS}
    if keys := [{"@id": f"{RECORDS}/{column['name']}"} for column in columns if column.get("is_key")]:
        node["key"] = keys
    return node | {"field": [write_field(column, table) for column in columns]}


def write_field(column: Mapping[str, Any], table: str) -> Node:
    name, title = column["name"], column.get("title", {})
    values = {
        "alternateName": [title[language] for language in ("ko", "en") if title.get(language)],
        "description": in_both_languages(column.get("description", {})),
        "dataType": TYPES[column.get("type", "string")][0],
        "unitText": column.get("unit"),
        "source": {"fileObject": {"@id": table}, "extract": {"column": name}},
    }
    node: Node = {"@type": "cr:Field", "@id": f"{RECORDS}/{name}", "name": name}
    return node | {key: value for key, value in values.items() if value}


def is_told(part: object, where: str, notes: Notes) -> bool:
    if isinstance(part, Mapping):
        return True
    notes.refuse(where, part, NO_OBJECT)
    return False


def read_file(node: Mapping[str, Any], where: str, notes: Notes) -> Node:
    """Read a file or a set of files; one inside another file has no address of its own."""
    inside = node.get("containedIn")
    told = dict(node)
    address = node.get("contentUrl")
    if inside or (isinstance(address, str) and "://" not in address):
        told.pop("contentUrl", None)
    if address and "contentUrl" not in told and not inside:
        text = Text(
            ko="상대 경로라 어디에 있는지 알 수 없습니다", en="is a relative path, so that nobody can tell where it is"
        )
        notes.refuse(f"{where}.contentUrl", address, text)
    if str(told.get("sha256", "")).startswith("http"):
        told.pop("sha256")  # the address of an issue stands where there is no checksum
    part = read_download(told, where, notes)
    if (name := plain(node.get("name") or node.get("@id"), f"{where}.name", notes)) and "title" not in part:
        part["title"] = read_both_languages(name, where, notes)
    md5 = read_string(node.get("md5"), f"{where}.md5", notes)
    if md5 and is_hexadecimal(md5) and "checksum" not in part:
        part["checksum"] = {"algorithm": "md5", "value": md5}
    if "access_url" not in part and (page := read_address(told.get("url"), f"{where}.url", Notes())):
        part["access_url"] = page
    return {name: part[name] for name in fields_of(Class.DISTRIBUTION) if part.get(name)}


def read_record_sets(sets: Sequence[Any], notes: Notes) -> list[Node]:
    """Read the columns of all record sets; of two with one name the first is kept."""
    columns: dict[str, Node] = {}
    for number, records in enumerate(sets):
        where = f"recordSet[{number}]"
        if not is_told(records, where, notes):
            continue
        keys = {key.get("@id") for key in as_list(records.get("key")) if isinstance(key, Mapping)}
        for position, field in enumerate(as_list(records.get("field"))):
            place = f"{where}.field[{position}]"
            if is_told(field, place, notes):
                column = read_field(field, keys, place, notes)
                if column["name"]:
                    columns.setdefault(column["name"], column)
    return list(columns.values())


def read_field(node: Mapping[str, Any], keys: set[Any], where: str, notes: Notes) -> Node:
    identifier = plain(node.get("@id"), f"{where}.@id", notes)
    name = one_line(node.get("name") or identifier, f"{where}.name", notes)
    titles = [text for text in as_list(node.get("alternateName")) if isinstance(text, str)]
    title = read_title({"name": titles[0] if titles else None, "alternateName": titles[1:]}, f"{where}.", notes)
    values = {
        "name": name.rpartition("/")[2],
        "type": read_type(node.get("dataType"), f"{where}.dataType", notes),
        "title": title,
        "description": read_both_languages(node.get("description"), f"{where}.description", notes),
        "unit": read_string(node.get("unitText"), f"{where}.unitText", notes),
        "is_key": bool({identifier, name, name.rpartition("/")[2]} & keys) or None,
    }
    return {key: values[key] for key in fields_of(Class.COLUMN) if values.get(key) is not None}


def read_type(value: object, where: str, notes: Notes) -> str:
    """Return the first type that is one of ours; a meaning beside it (an image, a split) is text here."""
    for part in as_list(value):
        name = plain(part, where, notes)
        if ours := OUR_TYPES.get(name.rpartition(":")[2].rpartition("/")[2].casefold()):
            return ours
    return "string"
