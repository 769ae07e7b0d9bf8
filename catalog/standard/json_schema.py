"""The standard as a JSON Schema (draft 2020-12): the classes and the forms of values are its definitions.

The document itself is that of a dataset's description; ``#/$defs/{class}`` are the others. What a schema cannot ask (that a
region code is in use, that a period starts before it ends) only ``check_description`` asks.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from catalog.standard.forms import (
    DAY_PATTERN,
    DURATION_PATTERN,
    EMAIL_PATTERN,
    EMAIL_TERM,
    HEXADECIMAL_PATTERN,
    MOMENT_PATTERN,
    PAGE_TERMS,
    SLUG_PATTERN,
)
from catalog.standard.profile import CLASSES, PROFILE, VERSION, Class, Field, Kind, Obligation
from catalog.standard.rules import TITLE_LENGTH
from catalog.standard.vocabularies import PERMANENT, scheme_label, vocabulary, vocabulary_names
from catalog.text import Text

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = f"{PERMANENT}/standard/{VERSION}/schema.json"
REGION_PATTERN = r"^([0-9]{2}|[0-9]{5}|[0-9]{8}|[0-9]{10})$"
URI_PATTERN = r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+$"
PAGE_PATTERN = r"^https?://[^\s<>\"{}|\\^`]+$"
CLOSED = ("restricted", "non-public")


def json_schema() -> Schema:
    """Return the schema with a definition for every class, kind and vocabulary."""
    used = {field.vocabulary for fields in PROFILE.values() for field in fields if field.vocabulary}
    vocabularies = {f"codes.{name}": codes_schema(name) for name in vocabulary_names() if name in used}
    return {
        "$schema": DIALECT,
        "$id": ADDRESS,
        "title": f"도시 데이터허브 메타데이터 표준 {VERSION} (Metadata standard of the urban data hub {VERSION})",
        "$ref": f"#/$defs/{Class.DATASET}",
        "$defs": {str(class_): class_schema(class_) for class_ in Class} | VALUES | vocabularies,
    }


def class_schema(class_: Class) -> Schema:
    row, fields = CLASSES[class_], PROFILE[class_]
    schema: Schema = {
        **annotations(row.label, row.definition),
        "type": "object",
        "properties": {field.name: field_schema(field) for field in fields},
        "required": [field.name for field in fields if field.obligation is Obligation.MANDATORY],
        "additionalProperties": False,
    }
    if class_ is Class.DATASET:
        closed = {"properties": {"access_level": {"enum": list(CLOSED)}}, "required": ["access_level"]}
        schema |= {"if": closed, "then": {"required": ["access_reason"]}}
    return schema


def field_schema(field: Field) -> Schema:
    value = FORMS.get(field.kind, lambda field: reference(field.kind))(field)
    if field.name == "title" and field.kind is Kind.TEXT:
        value = {"allOf": [value, {"additionalProperties": {"maxLength": TITLE_LENGTH}}]}
    if field.many:
        value = {"type": "array", "items": value, "minItems": 1}
    return annotations(field.label, field.definition) | value


def annotations(label: Text, definition: Text) -> Schema:
    """Return title and description in both languages: the dialect knows no language tags."""
    return {"title": f"{label.ko} ({label.en})", "description": f"{definition.ko} / {definition.en}"}


def codes_schema(name: str) -> Schema:
    """Return the codes of a vocabulary; regions are told by their form, for more are in use than any list has."""
    label = scheme_label(name)
    codes = {"pattern": REGION_PATTERN} if name == "region" else {"enum": list(vocabulary(name))}
    return {"title": f"{label.ko} ({label.en})", "type": "string"} | codes


def reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def codes(field: Field) -> Schema:
    return reference(f"codes.{field.vocabulary}")


def string(field: Field) -> Schema:
    return reference("email") if field.term == EMAIL_TERM else reference("string")


def address(field: Field) -> Schema:
    return reference("page") if field.term in PAGE_TERMS else reference("address")


def with_role(kind: Kind) -> Callable[[Field], Schema]:
    """Return the form of a value that has a role from the field's vocabulary."""
    return lambda field: {"allOf": [reference(kind), {"properties": {"role": codes(field)}}]}


FORMS: Mapping[Kind, Callable[[Field], Schema]] = {
    Kind.STRING: string,
    Kind.CODE: codes,
    Kind.REGION: codes,
    Kind.CONTACT: lambda field: reference(Class.CONTACT),
    Kind.ORGANISATION: lambda field: reference("slug"),
    Kind.REFERENCE: lambda field: reference("slug"),
    Kind.ADDRESS: address,
    Kind.CHECKSUM: lambda field: {"allOf": [reference(Kind.CHECKSUM), {"properties": {"algorithm": codes(field)}}]},
    Kind.ATTRIBUTION: with_role(Kind.ATTRIBUTION),
    Kind.RELATION: with_role(Kind.RELATION),
    Kind.PART: lambda field: reference(field.of or Class.COLUMN),
}


def ours(pattern: re.Pattern[str]) -> str:
    """Return a pattern of the checks as JSON Schema has it, which looks anywhere in a text and knows no ``\\Z``."""
    return "^" + pattern.pattern.replace(r"\Z", "$")


def object_of(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        "minProperties": 1,
    }


WORDS: Schema = {"type": "array", "items": {"type": "string"}}
NUMBER: Schema = {"type": "number"}
DAY: Schema = {"type": "string", "pattern": ours(DAY_PATTERN)}
VALUES: Mapping[str, Schema] = {
    Kind.TEXT: object_of(("ko",), ko={"type": "string", "pattern": r"\S"}, en={"type": "string"}),
    Kind.KEYWORDS: object_of((), ko=WORDS, en=WORDS),
    Kind.STRING: {"type": "string", "pattern": r"^[^\r\n]*$"},
    "email": {"type": "string", "pattern": ours(EMAIL_PATTERN)},
    "slug": {"type": "string", "pattern": ours(SLUG_PATTERN)},
    Kind.ADDRESS: {"type": "string", "pattern": URI_PATTERN},
    "page": {"type": "string", "pattern": PAGE_PATTERN},
    Kind.DAY: DAY,
    Kind.MOMENT: {"type": "string", "pattern": ours(MOMENT_PATTERN)},
    Kind.PERIOD: object_of((), start=DAY, end=DAY),
    Kind.DURATION: {"type": "string", "pattern": ours(DURATION_PATTERN)},
    Kind.INTEGER: {"type": "integer", "minimum": 0},
    Kind.DECIMAL: NUMBER,
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.BOX: {
        "type": "array",
        "prefixItems": [
            NUMBER | {"minimum": -bound, "maximum": bound} for bound in (180, 90, 180, 90)
        ],
        "minItems": 4,
        "maxItems": 4,
    },
    Kind.CHECKSUM: object_of(
        ("algorithm", "value"), algorithm={"type": "string"}, value={"type": "string", "pattern": ours(HEXADECIMAL_PATTERN)}
    ),
    Kind.IDENTIFIER: object_of(
        ("notation",), notation={"type": "string", "pattern": r"\S"}, scheme={"type": "string"}
    ),
    Kind.AGENT: object_of(("name",), name=reference(Kind.TEXT), uri=reference(Kind.ADDRESS)),
    Kind.ATTRIBUTION: object_of(
        ("name",), name=reference(Kind.TEXT), uri=reference(Kind.ADDRESS), role={"type": "string"}
    ),
    Kind.RELATION: object_of(("target",), target=reference(Kind.ADDRESS), role={"type": "string"}),
}  # fmt: skip
