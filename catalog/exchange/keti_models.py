"""KETI's City Data Hub: the JSON of its data models, to a Frictionless Table Schema and back.

A nested attribute becomes a column of its own: its name is made of the whole way (``address_street_address``) and its
``source`` is the way itself, members of an object after a dot, attributes of an attribute after a slash
(``address.streetAddress``, ``speed/accuracy``). What a Table Schema has no word for (observation times, access modes, their
own types, the containers) is kept under the key ``keti``, so that nothing is lost on the way back. Who made or changed a
model there is never read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.standard.data_models import data_model
from catalog.text import Text

FORM = "City Data Hub"
KEPT = "keti"
MEMBER, CHILD = ".", "/"
TYPES: Mapping[str, str] = {
    "String": "string",
    "Integer": "integer",
    "Long": "integer",
    "Double": "number",
    "Date": "datetime",
    "Boolean": "boolean",
    "GeoJson": "geojson",
    "Object": "string",
    "ArrayString": "string",
    "ArrayInteger": "string",
    "ArrayLong": "string",
    "ArrayDouble": "string",
    "ArrayBoolean": "string",
    "ArrayObject": "string",
}
WRITTEN_TYPES: Mapping[str, str] = {
    "string": "String",
    "integer": "Integer",
    "number": "Double",
    "boolean": "Boolean",
    "date": "Date",
    "datetime": "Date",
    "time": "String",
    "geojson": "GeoJson",
}
CONSTRAINTS: Mapping[str, str] = {
    "isRequired": "required",
    "greaterThan": "exclusiveMinimum",
    "greaterThanOrEqualTo": "minimum",
    "lessThanOrEqualTo": "maximum",
    "lessThan": "exclusiveMaximum",
    "minLength": "minLength",
    "maxLength": "maxLength",
    "valueEnum": "enum",
}
TOLD_OTHERWISE = frozenset({"name", "description", "valueType", "objectMembers", "childAttributes", *CONSTRAINTS})
MODEL_FIELDS = ("@context", "type", "typeUri", "indexAttributeNames")
PROPERTY, GEO_PROPERTY = "Property", "GeoProperty"
PLACE: Mapping[str, Any] = {"type": "geojson", "titles": {"ko": "위치"}, "descriptions": {}, "constraints": {}}
Document = dict[str, Any]


# Read


def from_keti_model(document: Mapping[str, Any]) -> Document:
    """Return a data model of theirs as a Table Schema."""
    attributes = document.get("attributes", [])
    if not isinstance(attributes, list) or not document.get("id"):
        reason = Text(
            ko="데이터 모델에는 'id'와 'attributes' 배열이 있어야 합니다",
            en="a data model has an 'id' and an array 'attributes'",
        )
        raise BadDocument(form=FORM, where="$", reason=reason)
    containers: Document = {}
    fields: list[Document] = []
    for attribute in attributes:
        fields += read_attribute(attribute, attribute["name"], containers, {field["name"] for field in fields})
    schema: Document = {"name": document["id"]}
    if document.get("name"):
        schema |= {"title": document["name"], "titles": {"ko": document["name"]}}
    if document.get("description"):
        schema |= {"description": document["description"], "descriptions": {"ko": document["description"]}}
    kept = {name: document[name] for name in MODEL_FIELDS if name in document}
    return schema | {"fields": fields, KEPT: kept | {"containers": containers} if containers else kept}


def read_attribute(
    attribute: Mapping[str, Any], way: str, containers: Document, taken: Iterable[str]
) -> Iterator[Document]:
    """Yield the columns of an attribute: of its members when it is an object, else its own; then of its children."""
    taken = set(taken)
    members = attribute.get("objectMembers") or []
    if members and attribute.get("valueType") == "Object":
        containers[way] = own_part(attribute)
        found = [(member, f"{way}{MEMBER}{member['name']}") for member in members]
    else:
        field = read_field(attribute, way, taken)
        taken.add(field["name"])
        yield field
        found = []
    found += [(child, f"{way}{CHILD}{child['name']}") for child in attribute.get("childAttributes") or []]
    for inner, inner_way in found:
        for field in read_attribute(inner, inner_way, containers, taken):
            taken.add(field["name"])
            yield field


def own_part(attribute: Mapping[str, Any]) -> Document:
    return {name: value for name, value in attribute.items() if name not in ("objectMembers", "childAttributes")}


def read_field(attribute: Mapping[str, Any], way: str, taken: Iterable[str]) -> Document:
    value_type = attribute.get("valueType", "String")
    if value_type not in TYPES:
        reason = Text(
            ko=f"valueType '{value_type}'은(는) 없습니다. 쓸 수 있는 것: {', '.join(TYPES)}",
            en=f"unknown valueType '{value_type}'; allowed: {', '.join(TYPES)}",
        )
        raise BadDocument(form=FORM, where=way, reason=reason)
    field: Document = {"name": free_name(column_name(way), taken), "type": TYPES[value_type], "source": way}
    if attribute.get("description"):
        field |= {"description": attribute["description"], "descriptions": {"ko": attribute["description"]}}
    constraints = {ours: attribute[theirs] for theirs, ours in CONSTRAINTS.items() if theirs in attribute}
    if constraints:
        field["constraints"] = constraints
    kept = {name: value for name, value in attribute.items() if name not in TOLD_OTHERWISE}
    if WRITTEN_TYPES[field["type"]] != value_type:
        kept["valueType"] = value_type
    if attribute.get("objectMembers"):  # of an array of objects, which no column can be
        kept["objectMembers"] = attribute["objectMembers"]
    return field | {KEPT: kept}


def column_name(way: str) -> str:
    """Return a name that records may have: lower-case words joined by one underscore."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", way)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:60].rstrip("_")
    return name if name[:1].isalpha() else f"column_{name}".rstrip("_")


def free_name(name: str, taken: Iterable[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


# Written


def to_keti_model(schema: Mapping[str, Any], *, sources: Mapping[str, str] | None = None) -> Document:
    """Return a Table Schema as a data model of theirs; ``sources`` are the ways of columns that name none themselves."""
    kept = schema.get(KEPT, {})
    document: Document = {
        "@context": kept.get("@context", []),
        "id": schema["name"],
        "type": kept.get("type", pascal(schema["name"])),
        **{name: kept[name] for name in ("typeUri",) if name in kept},
    }
    if title := spoken(schema, "title"):
        document["name"] = title
    if description := spoken(schema, "description"):
        document["description"] = description
    indexed = kept.get("indexAttributeNames", [])
    attributes: list[Document] = []
    for field in schema["fields"]:
        way = field.get("source") or (sources or {}).get(field["name"]) or camel(field["name"])
        place_attribute(attributes, way, write_attribute(field), kept.get("containers", {}))
    return document | {"indexAttributeNames": indexed, "attributes": attributes}


def registered_model(name: str) -> Document:
    """Return a data model of the registry as one of theirs, under the names that it has there where it has any.

    Longitude and latitude are two columns with us, and one attribute of places with them.
    """
    model = data_model(name)
    schema = model.to_table_schema() | {"titles": model.title.as_dict(), "descriptions": model.description.as_dict()}
    kept = {"type": model.also_known[0]} if model.also_known else {}
    kept |= {"typeUri": model.smart_data_model} if model.smart_data_model else {}
    kept["indexAttributeNames"] = [model.column(key).keti or camel(key) for key in model.key]
    sources = {column.name: column.keti for column in model.columns if column.keti}
    fields = [
        field | PLACE if field["name"] in schema.get("geometry", {}).values() else field for field in schema["fields"]
    ]
    return to_keti_model(
        schema | {"fields": fields, KEPT: kept}, sources=sources | dict.fromkeys(model.geometry, "location")
    )


def write_attribute(field: Mapping[str, Any]) -> Document:
    kept = field.get(KEPT, {})
    value_type = kept.get("valueType") or WRITTEN_TYPES.get(field["type"], "String")
    attribute: Document = {"valueType": value_type}
    if description := spoken(field, "description") or spoken(field, "title"):
        attribute["description"] = description
    constraints = field.get("constraints", {})
    attribute |= {theirs: constraints[ours] for theirs, ours in CONSTRAINTS.items() if ours in constraints}
    if KEPT not in field:
        attribute["attributeType"] = GEO_PROPERTY if value_type == "GeoJson" else PROPERTY
    return attribute | kept


def place_attribute(attributes: list[Document], way: str, attribute: Document, containers: Mapping[str, Any]) -> None:
    """Put an attribute where its way leads, making the objects on the way."""
    parts = re.split(rf"([{MEMBER}{CHILD}])", way)
    names, dividers = parts[::2], parts[1::2]
    inside, before = attributes, ""
    for name, divider in zip(names, dividers, strict=False):
        before += name
        holder = next((each for each in inside if each["name"] == name), None)
        if holder is None:
            holder = dict(containers.get(before) or {"name": name, "valueType": "Object", "attributeType": PROPERTY})
            inside.append(holder)
        inside = holder.setdefault("objectMembers" if divider == MEMBER else "childAttributes", [])
        before += divider
    if (present := next((each for each in inside if each["name"] == names[-1]), None)) is not None:
        present |= attribute
    else:
        inside.append({"name": names[-1], **attribute})


def spoken(holder: Mapping[str, Any], name: str) -> str:
    """Return a title or description in Korean where there is one."""
    return Text.from_value(holder.get(f"{name}s")).in_language("ko") or holder.get(name, "")


def pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def camel(name: str) -> str:
    words = pascal(name)
    return words[:1].lower() + words[1:]
