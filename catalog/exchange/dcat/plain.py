"""Texts, words, numbers, days and addresses in RDF, written and read side by side."""

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote, unquote

from rdflib import BNode, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.exchange import json_values
from catalog.exchange.dcat.concepts import describe_word, taxonomy_title
from catalog.exchange.dcat.page import Spot, texts_of
from catalog.exchange.dcat.pen import Pen, child
from catalog.exchange.json_values import NO_ADDRESS, NO_DATE, boundary, in_language
from catalog.standard import Field, Kind, fields_of
from catalog.standard.vocabularies import find_by_uri, scheme_uri, vocabulary
from catalog.text import Text

IANA = "https://www.iana.org/assignments/media-types/"
MEDIA_TERMS = frozenset({"dcat:mediaType", "dcat:compressFormat", "dcat:packageFormat"})
SCHEMES: Mapping[str, str] = {"vcard:hasEmail": "mailto:", "vcard:hasTelephone": "tel:"}
# Texts whose property leads to a node: what the node is, and which of its properties holds the text.
STATEMENTS: Mapping[str, tuple[str, str]] = {
    "dct:provenance": ("dct:ProvenanceStatement", "rdfs:label"),
    "dct:rights": ("dct:RightsStatement", "rdfs:label"),
    "dct:rightsHolder": ("foaf:Agent", "foaf:name"),
}
# What is at an address; foreign datasets are not told to be any, or a harvester would list them as ours.
DOCUMENTS: Mapping[str, str] = {
    "dcat:landingPage": "foaf:Document",
    "dcat:themeTaxonomy": "skos:ConceptScheme",
    "dcatap:applicableLegislation": "eli:LegalResource",
    "dct:conformsTo": "dct:Standard",
    "dct:license": "dct:LicenseDocument",
    "dct:spatial": "dct:Location",
    "dct:type": "skos:Concept",
    "foaf:homepage": "foaf:Document",
    "foaf:page": "foaf:Document",
    "odrl:hasPolicy": "odrl:Policy",
    "prov:wasGeneratedBy": "prov:Activity",
}
LONGEST_NUMBER = 19  # digits
TRUE, FALSE = frozenset({"true", "1", "yes", "y"}), frozenset({"false", "0", "no", "n"})


def write_text(pen: Pen, node: str, field: Field, value: Mapping[str, str]) -> None:
    if field.term in STATEMENTS:
        class_, term = STATEMENTS[field.term]
        statement = child(node, field.name)
        pen.refer(node, field.term, statement)
        pen.be(statement, class_)
        pen.label(statement, term, Text.from_value(value))
    else:
        pen.label(node, field.term, Text.from_value(value))


def read_text(spot: Spot, field: Field) -> dict[str, str] | None:
    values = spot.values(field.term)
    if field.term in STATEMENTS and any(not isinstance(value, Words) for value in values):
        told = [words for value in values for words in statement_words(spot, field, value)]
        return texts_of(told) or None
    return texts_of(values) or None


def statement_words(spot: Spot, field: Field, value: Node) -> list[Node]:
    """Return the words of a statement; an address alone is one of them."""
    if isinstance(value, Words):
        return [value]
    texts = spot.page.label(value)
    if texts:
        return [Words(words, lang=language) for language, words in texts.items()]
    return [] if isinstance(value, BNode) else [Words(str(value))]


def write_keywords(pen: Pen, node: str, field: Field, value: Mapping[str, list[str]]) -> None:
    for language, words in value.items():
        for word in words:
            pen.say_in(node, field.term, word, language)


def read_keywords(spot: Spot, field: Field) -> dict[str, list[str]] | None:
    """Read words; of somebody else's document, a single text with commas counts as several words."""
    found: dict[str, list[str]] = {"ko": [], "en": []}
    values = [value for value in spot.values(field.term) if isinstance(value, Words)]
    for value in values:
        parts = [str(value)]
        if not spot.is_ours and any(mark in value for mark in ",;"):
            alone = sum(1 for other in values if other.language == value.language) == 1
            parts = str(value).replace(";", ",").split(",") if alone else parts
        language = (value.language or "").lower().partition("-")[0]
        for word in filter(None, (part.strip() for part in parts)):
            words = found[language if language in found else in_language(word)]
            if word not in words:
                words.append(word)
    return {language: words for language, words in found.items() if words} or None


def write_string(pen: Pen, node: str, field: Field, value: str) -> None:
    if field.term in SCHEMES:
        pen.refer(node, field.term, SCHEMES[field.term] + quote(value, safe="@+-.()"))
    elif field.term in MEDIA_TERMS and "/" in value:
        uri = IANA + quote(value, safe="/+.-")
        pen.refer(node, field.term, uri)
        if pen.tell_once(uri):
            pen.be(uri, "dct:MediaType")
            pen.say(uri, "rdfs:label", value)
    else:
        pen.say(node, field.term, value)


def read_string(spot: Spot, field: Field) -> str | None:
    found = [text for value in spot.values(field.term) if (text := string_in(spot, field, value))]
    return spot_string(spot, field, found)


def read_strings(spot: Spot, field: Field) -> list[str] | None:
    found = [text for value in spot.values(field.term) if (text := string_in(spot, field, value))]
    return list(dict.fromkeys(found)) or None


def spot_string(spot: Spot, field: Field, found: list[str]) -> str | None:
    chosen = spot.one(field.term, [Words(text) for text in dict.fromkeys(found)])
    return None if chosen is None else str(chosen)


def string_in(spot: Spot, field: Field, value: Node) -> str | None:
    """Return a value as a plain text: of a node, its label or what its vocabulary calls it."""
    if field.term in MEDIA_TERMS:
        return media_type_in(spot, value)
    if isinstance(value, BNode):
        value = spot.page.first(
            target for term in ("vcard:hasValue", "rdf:value") for target in spot.page.values(value, term)
        ) or Words(next(iter(spot.page.label(value).values()), ""))
    text = str(value).strip()
    if field.term == "vcard:hasEmail":
        return json_values.read_email(unquote(text), spot.where(field.term), spot.page.notes)
    if field.term in SCHEMES and text.lower().startswith(SCHEMES[field.term]):
        return unquote(text[len(SCHEMES[field.term]) :]) or None
    if isinstance(value, URIRef) and text == "urn:":
        return None
    return text or None


def media_type_in(spot: Spot, value: Node) -> str | None:
    """Return a media type from its IANA address, its name, or a file type of the EU's list that has one."""
    text = unquote(str(value)).strip()
    if "/media-types/" in text:
        return text.partition("/media-types/")[2] or None
    if isinstance(value, BNode):
        text = next(iter(spot.page.label(value).values()), "")
    code = find_by_uri("file_type", text)
    if code:
        return vocabulary("file_type")[code].mappings.get("media_type") or None
    if isinstance(value, URIRef):
        spot.refuse("dcat:mediaType", value, Text(ko="IANA 미디어 유형이 아닙니다", en="is not a media type of IANA"))
        return None
    return text or None


def write_address(pen: Pen, node: str, field: Field, value: str) -> None:
    pen.refer(node, field.term, value)
    class_ = DOCUMENTS.get(field.term)
    if class_ == "skos:Concept":
        describe_word(pen, value, scheme_uri("dataset_type") if find_by_uri("dataset_type", value) else "", class_)
    elif class_ and pen.begin(value):  # not once a document: there may be as many pages as datasets
        pen.be(value, class_)
        if class_ == "skos:ConceptScheme":
            pen.label(value, "dct:title", taxonomy_title(value))


def read_address(spot: Spot, field: Field) -> str | None:
    found = read_addresses(spot, field) or []
    chosen = spot.one(field.term, [URIRef(address) for address in found])
    return None if chosen is None else str(chosen)


def read_addresses(spot: Spot, field: Field) -> list[str] | None:
    """Read addresses, but those that a field beside this one takes (a coordinate system is also a standard)."""
    rivals = rival_fields(spot, field)
    found = [
        address
        for value in spot.values(field.term)
        if not any(is_of(spot, value, rival) for rival in rivals) and (address := address_of(spot, field, value))
    ]
    return list(dict.fromkeys(found)) or None


def rival_fields(spot: Spot, field: Field) -> list[Field]:
    return [
        other
        for other in fields_of(spot.class_).values()
        if other.term == field.term and other.kind in (Kind.CODE, Kind.REGION)
    ]


def is_of(spot: Spot, value: Node, rival: Field) -> bool:
    """Tell whether another field of the same property takes a value: a code it knows, a region, or any area."""
    if rival.kind is Kind.REGION:
        return not isinstance(value, URIRef) or is_area(spot, value)
    return isinstance(value, Words) or find_by_uri(rival.vocabulary, str(value)) is not None


def is_area(spot: Spot, value: Node) -> bool:
    """Tell whether a node of a place says itself where it is, and so is more than an address."""
    terms = ("dcat:bbox", "dcat:centroid", "locn:geometry", "dct:identifier", "schema:box")
    return find_by_uri("region", str(value)) is not None or any(spot.page.values(value, term) for term in terms)


def address_of(spot: Spot, field: Field, value: Node) -> str | None:
    if isinstance(value, BNode):
        inner = [
            target
            for term in ("foaf:homepage", "dcat:accessURL", "foaf:page", "dct:identifier", "schema:url")
            for target in spot.page.values(value, term)
            if str(target).lower().startswith(("http:", "https:"))
        ]
        if not inner:
            label = next(iter(spot.page.label(value).values()), "")
            spot.refuse(field.term, label, NO_ADDRESS)
            return None
        value = spot.page.first(inner) or value
    return json_values.read_address(str(value), spot.where(field.term), spot.page.notes)


def write_moment(pen: Pen, node: str, field: Field, value: str) -> None:
    pen.say(node, field.term, str(value), "xsd:dateTime" if "T" in str(value) else "xsd:date")


def read_moment(spot: Spot, field: Field) -> str | None:
    chosen = spot.one(field.term, spot.values(field.term))
    if chosen is None:
        return None
    text = str(chosen).strip()
    if text[:4].isdigit() and len(text) in (4, 7):
        return boundary(text, is_end=False)
    return json_values.read_moment(text, spot.where(field.term), spot.page.notes)


def read_day(spot: Spot, field: Field) -> str | None:
    moment = read_moment(spot, field)
    return moment[:10] if moment else None


def write_period(pen: Pen, node: str, field: Field, value: Mapping[str, str]) -> None:
    period = child(node, field.name)
    pen.refer(node, field.term, period)
    pen.be(period, "dct:PeriodOfTime")
    for side, term in (("start", "dcat:startDate"), ("end", "dcat:endDate")):
        if value.get(side):
            pen.say(period, term, str(value[side]), "xsd:date")


SIDES: Mapping[str, tuple[str, ...]] = {
    "start": ("dcat:startDate", "schema:startDate", "time:hasBeginning"),
    "end": ("dcat:endDate", "schema:endDate", "time:hasEnd"),
}
INSTANTS = ("time:inXSDDate", "time:inXSDDateTimeStamp", "time:inXSDDateTime", "time:inXSDgYear", "time:inDateTime")


def read_period(spot: Spot, field: Field) -> dict[str, str] | None:
    """Read a period; of several, the time from the first beginning to the last end."""
    values = spot.values(field.term)
    if len(values) > 1:
        spot.note(
            field.term, Text(ko="기간이 여럿이어서 하나로 합쳤습니다", en="has several periods; they were joined")
        )
    found: dict[str, list[str]] = {"start": [], "end": []}
    for value in values:
        for side, text in period_sides(spot, value):
            day = boundary(text, is_end=side == "end")
            if day:
                found[side].append(day)
            elif day is None:
                spot.refuse(field.term, text, NO_DATE)
    period = {side: (min if side == "start" else max)(days) for side, days in found.items() if days}
    if len(period) == 2 and period["start"] > period["end"]:
        spot.refuse(field.term, period["end"], Text(ko="은 시작보다 앞섭니다", en="is before the beginning"))
        return None
    return period or None


def period_sides(spot: Spot, value: Node) -> list[tuple[str, str]]:
    if isinstance(value, Words):
        return list(zip(("start", "end"), (part.strip() for part in str(value).split("/")), strict=False))
    told = []
    for side, terms in SIDES.items():
        for target in (target for term in terms for target in spot.page.values(value, term)):
            if isinstance(target, Words):
                told.append((side, str(target).strip()))
            else:
                told += [(side, str(words).strip()) for term in INSTANTS for words in spot.page.values(target, term)]
    return told


def write_duration(pen: Pen, node: str, field: Field, value: str) -> None:
    pen.say(node, field.term, value, "xsd:duration")


def read_duration(spot: Spot, field: Field) -> str | None:
    chosen = spot.one(field.term, spot.values(field.term))
    return None if chosen is None else json_values.read_duration(str(chosen), spot.where(field.term), spot.page.notes)


def write_integer(pen: Pen, node: str, field: Field, value: int) -> None:
    pen.say(node, field.term, str(value), "xsd:nonNegativeInteger")


def read_integer(spot: Spot, field: Field) -> int | None:
    number = read_decimal(spot, field)
    if number is None:
        return None
    if number < 0 or number != int(number):
        spot.refuse(field.term, number, Text(ko="0 이상의 정수가 아닙니다", en="is not a whole number of at least 0"))
        return None
    return int(number)


def write_decimal(pen: Pen, node: str, field: Field, value: float) -> None:
    pen.say(node, field.term, format(Decimal(repr(value)), "f"), "xsd:decimal")


def read_decimal(spot: Spot, field: Field) -> float | None:
    chosen = spot.one(field.term, spot.values(field.term))
    if chosen is None:
        return None
    text = str(chosen).strip()
    if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER:
        return int(text)
    return json_values.read_decimal(text, spot.where(field.term), spot.page.notes)


def write_boolean(pen: Pen, node: str, field: Field, value: bool) -> None:
    pen.say(node, field.term, "true" if value else "false", "xsd:boolean")


def read_boolean(spot: Spot, field: Field) -> bool | None:
    chosen = spot.one(field.term, spot.values(field.term))
    text = str(chosen).strip().lower() if chosen is not None else ""
    if text in TRUE | FALSE:
        return text in TRUE
    if text:
        spot.refuse(field.term, text, Text(ko="참·거짓 값이 아닙니다", en="is neither true nor false"))
    return None
