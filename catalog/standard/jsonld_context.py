"""The standard as a JSON-LD context: a description with it is DCAT, field by field.

A field's codes become the URIs of their concepts, texts are told by language, and what is inside a field has a context of its
own, because ``title`` of a column is another property than ``title`` of a dataset. Moments have no datatype here, for a context
cannot tell a day from a time; the RDF that a hub writes itself (``catalog/exchange/dcat``) has it.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from catalog.standard.profile import CLASSES, PREFIXES, PROFILE, VERSION, Class, Field, Kind
from catalog.standard.vocabularies import PERMANENT, scheme_uri, vocabulary

ADDRESS = f"{PERMANENT}/standard/{VERSION}/context.jsonld"
Context = dict[str, Any]
Slugs = Mapping[Class | None, str]
SLUGS: Mapping[Class, str] = {
    Class.ORGANISATION: "organisation",
    Class.DATASET: "dataset",
    Class.SERIES: "series",
    Class.SERVICE: "service",
}
LONG = frozenset({"region"})  # more codes than a context should carry; they are told by their own numbers


def jsonld_context(base: str = PERMANENT) -> Context:
    """Return the context of a dataset's description; ``@type`` names a class of the standard.

    ``base`` is the hub's address without a slash at its end: slugs of organisations, series and services become addresses there.
    """
    classes = {str(class_): row.term for class_, row in CLASSES.items()}
    slugs = {kind: f"{base}/{name}/" for kind, name in SLUGS.items()}
    return {"@context": {"@version": 1.1, **PREFIXES, **classes, **class_context(Class.DATASET, slugs)}}


def class_context(class_: Class, slugs: Slugs) -> Context:
    return {field.name: field_context(field, slugs) for field in PROFILE[class_]}


def field_context(field: Field, slugs: Slugs) -> Context:
    context: Context = {"@id": field.term}
    if start := slugs.get(Class.ORGANISATION if field.kind is Kind.ORGANISATION else field.of):
        context |= names_below(start)
    elif field.kind is Kind.CONTACT:
        context |= {"@context": class_context(Class.CONTACT, slugs)}
    elif field.kind is Kind.PART:
        context |= {"@context": class_context(field.of or Class.COLUMN, slugs)}
    elif field.kind in CONTEXTS:
        context |= CONTEXTS[field.kind](field)
    return context | ({"@container": "@set"} if field.many else {})


def names_below(start: str) -> Context:
    """Return how a name becomes an address below another.

    A slug that is a term itself (``title``) would become that; forgetting all terms before it (``[null, …]``) would mend this,
    but pyoxigraph 0.5 then makes a text of every name.
    """
    return {"@type": "@vocab", "@context": {"@vocab": start}}


def typed(datatype: str) -> Callable[[Field], Context]:
    return lambda field: {"@type": datatype}


def codes(field: Field) -> Context:
    """Return how codes become URIs: each by its own name in a context of the field, regions as numbers."""
    if field.vocabulary in LONG:
        return names_below(f"{scheme_uri(field.vocabulary)}/")
    concepts = vocabulary(field.vocabulary).values()
    uris = {each.code: each.uri for each in concepts if is_term(each.code)}
    prefixes = {
        each.code.partition(":")[0]: prefix_of(each.code, each.uri) for each in concepts if not is_term(each.code)
    }
    return {"@type": "@vocab", "@context": uris | prefixes}


def is_term(code: str) -> bool:
    """Tell whether JSON-LD may take a code for a term: one with a colon is a prefixed name to it."""
    return ":" not in code


def prefix_of(code: str, uri: str) -> Context:
    """Return the prefix that makes a code with a colon (``EPSG:5179``) its URI."""
    return {"@id": uri.removesuffix(quote(code.partition(":")[2])), "@prefix": True}


def inside(**terms: str | Context) -> Callable[[Field], Context]:
    return lambda field: {"@context": dict(terms)}


def role(field: Field) -> Context:
    return {"role": {"@id": "dcat:hadRole"} | codes(field)}


WORDS: Context = {"@container": "@language"}
NAME: Context = {"@id": "foaf:name"} | WORDS
DAY = "xsd:date"
CONTEXTS: Mapping[Kind, Callable[[Field], Context]] = {
    Kind.TEXT: lambda field: WORDS,
    Kind.KEYWORDS: lambda field: {"@container": ["@language", "@set"]},
    Kind.CODE: codes,
    Kind.REGION: codes,
    Kind.DAY: typed(DAY),
    Kind.PERIOD: inside(start={"@id": "dcat:startDate", "@type": DAY}, end={"@id": "dcat:endDate", "@type": DAY}),
    Kind.DURATION: typed("xsd:duration"),
    Kind.INTEGER: typed("xsd:integer"),
    Kind.DECIMAL: typed("xsd:decimal"),
    Kind.BOOLEAN: typed("xsd:boolean"),
    Kind.ADDRESS: typed("@id"),
    Kind.BOX: lambda field: {"@container": "@list", "@type": "xsd:decimal"},
    Kind.CHECKSUM: lambda field: {
        "@context": {
            "algorithm": {"@id": "spdx:algorithm"} | codes(field),
            "value": {"@id": "spdx:checksumValue", "@type": "xsd:hexBinary"},
        }
    },
    Kind.IDENTIFIER: inside(notation="skos:notation", scheme="adms:schemaAgency"),
    Kind.AGENT: inside(name=NAME, uri="@id"),
    Kind.ATTRIBUTION: lambda field: {
        "@context": {"name": NAME, "uri": {"@id": "prov:agent", "@type": "@id"}} | role(field)
    },
    Kind.RELATION: lambda field: {"@context": {"target": {"@id": "dct:relation", "@type": "@id"}} | role(field)},
}
