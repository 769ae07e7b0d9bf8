"""The standard as one JSON document: every class, field, label, definition, obligation, term and name elsewhere."""

from typing import Any

from catalog.standard.data_models import data_models, model_uri
from catalog.standard.profile import CLASSES, GROUPS, NAMESPACE, PREFIXES, PROFILE, VERSION, Class, Field
from catalog.standard.vocabularies import PERMANENT, scheme_label, scheme_path, scheme_uri, vocabulary_names
from catalog.standard.wording import KINDS, OBLIGATIONS, cardinality, demand
from catalog.text import Text

ADDRESS = f"{PERMANENT}/standard/{VERSION}/profile.json"
TITLE = Text(ko="도시 데이터허브 메타데이터 표준", en="Metadata standard of the urban data hub")
# What the names of the profile's ``names`` stand for.
ELSEWHERE = {
    "keti": Text(ko="KETI 시티 데이터 허브", en="KETI City Data Hub"),
    "datagokr": Text(ko="공공데이터포털 목록", en="data.go.kr catalogue"),
    "ckan": Text(ko="CKAN", en="CKAN"),
    "datajson": Text(ko="data.json (DCAT-US 1.1)", en="data.json (DCAT-US 1.1)"),
    "schema": Text(ko="schema.org", en="schema.org"),
}
Document = dict[str, Any]


def profile_document() -> Document:
    return {
        "id": ADDRESS,
        "title": TITLE.as_dict(),
        "version": VERSION,
        "namespace": NAMESPACE,
        "prefixes": dict(PREFIXES),
        "obligations": {str(each): label.as_dict() for each, label in OBLIGATIONS.items()},
        "kinds": {str(each): label.as_dict() for each, label in KINDS.items()},
        "elsewhere": {name: label.as_dict() for name, label in ELSEWHERE.items()},
        "classes": [class_document(class_) for class_ in Class],
        "vocabularies": [vocabulary_entry(name) for name in vocabulary_names()],
        "data_models": [model_entry(name) for name in data_models()],
    }


def class_document(class_: Class) -> Document:
    row = CLASSES[class_]
    return {
        "name": str(class_),
        "label": row.label.as_dict(),
        "definition": row.definition.as_dict(),
        "term": row.term,
        "uri": full(row.term),
        "fields": [field_document(class_, field) for field in PROFILE[class_]],
    }


def field_document(class_: Class, field: Field) -> Document:
    document: Document = {
        "name": field.name,
        "label": field.label.as_dict(),
        "definition": field.definition.as_dict(),
        "demand": demand(field).as_dict(),
        "obligation": str(field.obligation),
        "cardinality": cardinality(field),
        "kind": str(field.kind),
        "term": field.term,
        "uri": full(field.term),
    }
    optional = {
        "group": group_of(field).as_dict() if class_ is Class.DATASET else {},
        "vocabulary": scheme_uri(field.vocabulary) if field.vocabulary else "",
        "of": str(field.of) if field.of else "",
        "names": dict(field.names),
    }
    return document | {name: value for name, value in optional.items() if value}


def group_of(field: Field) -> Text:
    return next((label for label, fields in GROUPS if field in fields), Text())


def vocabulary_entry(name: str) -> Document:
    return {
        "name": name,
        "label": scheme_label(name).as_dict(),
        "uri": scheme_uri(name),
        "address": PERMANENT + scheme_path(name),
    }


def model_entry(name: str) -> Document:
    model = data_models()[name]
    return {
        "name": name,
        "version": model.version,
        "label": model.title.as_dict(),
        "theme": model.theme,
        "uri": PERMANENT + model_uri(name),
    }


def full(term: str) -> str:
    """Return the URI of ``dct:title``."""
    prefix, _, name = term.partition(":")
    return PREFIXES[prefix] + name
