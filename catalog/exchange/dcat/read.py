"""DCAT in any form to a catalogue: ours, the EU's and what is called so. No dataset is lost; what is not understood is noted.

A dataset is known by its URI, else by ``dct:identifier``, else by its title. What a description must have and does not stays
away, but for the licence (``unknown``), the access level (``public``) and the theme (``administration``).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rdflib import BNode, Graph, URIRef
from rdflib import Literal as Words
from rdflib.term import Node

from catalog.errors import UnknownFormat
from catalog.exchange.dcat.hydra import read_next, read_total
from catalog.exchange.dcat.kinds import read_description
from catalog.exchange.dcat.names import NAMES, full, own_term, short
from catalog.exchange.dcat.page import ALIASES, OWN_MARK, Page, Spot
from catalog.exchange.dcat.parties import agent_name, organisation_slug
from catalog.exchange.dcat.places import read_area
from catalog.exchange.entry import Catalogue, Entry, make_slug, slug_of_uri
from catalog.exchange.json_values import Notes
from catalog.exchange.rdf import FORMS, find_form, parse_rdf
from catalog.standard import CLASSES, PROFILE, Class, fields_of
from catalog.text import Text

TYPE = URIRef(full("rdf:type"))
UNKNOWN_LICENCE, OPEN, NO_THEME = "unknown", "public", "administration"
# What is read beside the fields of the profile, or says nothing that a description would keep.
UNDERSTOOD = frozenset(
    {"rdf:type", "dct:identifier", "dc:identifier", "hub:id", "hub:snapshot", "hub:slug", "hub:position", OWN_MARK}
)
DEEPEST = 4  # nodes inside nodes that are kept of a foreign document


def read_rdf(
    content: bytes | Path,
    form: str,
    *,
    base: str = "",
    name: str = "",
    contexts: Mapping[str, Any] | None = None,
) -> Catalogue:
    """Read a document; ``form`` is a name, media type or extension, ``base`` where relative addresses start.

    ``contexts`` are JSON-LD contexts by their address, for documents that only name them: nothing is fetched.
    """
    found = find_form(form)
    if found is None:
        raise UnknownFormat(format=form, allowed=[known.media_type for known in FORMS])
    if isinstance(content, Path):
        name, content = name or content.name, content.read_bytes()
    return from_dcat(parse_rdf(content, found, base=base, name=name, contexts=contexts))


def from_dcat(graph: Graph) -> Catalogue:
    """Read a graph; what has an address of a hub of this kind comes back as it was written."""
    page = Page(graph, Notes(), own_base(graph))
    datasets = name_slugs(page, subjects(graph, Class.DATASET), "dataset")
    series = name_slugs(page, subjects(graph, Class.SERIES), "series")
    services = name_slugs(page, subjects(graph, Class.SERVICE), "service")
    page.slugs.update({node: slug for named in (services, series, datasets) for node, slug in named.items()})
    main = main_catalogue(page)
    publishing = [*datasets, *series, *services, *([main] if main is not None else [])]
    entries = [read_dataset(page, node, slug) for node, slug in datasets.items()]
    note_orphans(page, datasets)
    note_unknown(page, datasets)
    return Catalogue(
        base=page.base,
        description=read_entity(page, main, Class.CATALOGUE) if main is not None else {},
        datasets=entries,
        organisations=read_organisations(page, publishing),
        series={slug: read_entity(page, node, Class.SERIES) for node, slug in series.items()},
        services={slug: read_entity(page, node, Class.SERVICE) for node, slug in services.items()},
        total=read_total(graph),
        next=read_next(graph),
        findings=tuple(page.notes.findings),
    )


def own_base(graph: Graph) -> str:
    """Return the address of the hub of our kind that has written a graph, "" for everybody else's."""
    for node in graph.subjects(URIRef(full(OWN_MARK))):
        for kind in ("dataset", "organisation", "series", "service"):
            base, found, slug = str(node).rpartition(f"/{kind}/")
            if found and "/" not in slug:
                return base
        if str(node).endswith("/catalog"):
            return str(node).removesuffix("/catalog")
    return ""


def subjects(graph: Graph, class_: Class) -> list[Node]:
    """Return everything that is said to be of a class, in the document's order."""
    return list(dict.fromkeys(graph.subjects(TYPE, URIRef(full(CLASSES[class_].term)))))


def name_slugs(page: Page, nodes: list[Node], kind: str) -> dict[Node, str]:
    """Return a slug for each node: the one that it has with us, else one from its title; no two are the same."""
    wanted = {node: own_slug(page, node, kind) or foreign_slug(page, node) for node in nodes}
    counted = Counter(wanted.values())
    named: dict[Node, str] = {}
    for node, slug in wanted.items():
        taken = slug if counted[slug] == 1 else make_slug(f"{slug}-다시", f"{slug} {identifier_of(page, node)}")
        named[node] = taken if taken not in named.values() else f"{taken}-{len(named)}"
    return named


def own_slug(page: Page, node: Node, kind: str) -> str:
    told = page.words(node, ("hub:slug",))
    return told[0] if told else slug_of_uri(str(node), page.base, kind)


def foreign_slug(page: Page, node: Node) -> str:
    title = read_title(page, node)
    return make_slug(title.get("en") or title.get("ko") or "", identifier_of(page, node))


def read_title(page: Page, node: Node) -> Mapping[str, str]:
    return page.title(node)


def identifier_of(page: Page, node: Node) -> str:
    """Return what the other side knows a dataset by: its URI, else an identifier, else its title."""
    if isinstance(node, URIRef):
        return str(node)
    told = sorted(page.words(node, ("dct:identifier", "dc:identifier")))
    title = read_title(page, node)
    return next(iter(told), "") or title.get("en") or title.get("ko") or f"nameless-{content_digest(page, node)}"


def content_digest(page: Page, node: Node) -> str:
    """Return a digest of what is said of a node; it stays as long as that does."""
    return hashlib.sha256(repr(page.order(node)).encode()).hexdigest()[:16]


def read_entity(page: Page, node: Node, class_: Class) -> dict[str, Any]:
    return read_description(Spot(page, node, class_, is_ours(page, node)))


def is_ours(page: Page, node: Node) -> bool:
    return bool(page.values(node, OWN_MARK))


def read_dataset(page: Page, node: Node, slug: str) -> Entry:
    """Read one dataset, with what a description must not be without."""
    ours = is_ours(page, node)
    spot = Spot(page, node, Class.DATASET, ours)
    description = read_description(spot)
    told = dict.fromkeys([*description.get("identifiers", []), *page.words(node, ("dc:identifier",))])
    others = [identifier for identifier in told if identifier != str(node)]
    description = without(description, "identifiers") | ({"identifiers": others} if others else {})
    if not ours:
        description = with_area(description, read_area(spot))
        description = with_licences(spot, description)
    description.setdefault("theme", NO_THEME)
    description.setdefault("access_level", OPEN)
    description.setdefault("licence", UNKNOWN_LICENCE)
    return Entry(
        slug=slug,
        uri=str(node) if isinstance(node, URIRef) else "",
        description=in_order(description),
        id=next(iter(page.words(node, ("hub:id",))), ""),
        identifier=identifier_of(page, node),
        snapshot=next(iter(page.words(node, ("hub:snapshot",))), ""),
        document=document_of(page, node),
    )


def with_area(description: dict[str, Any], area: dict[str, str]) -> dict[str, Any]:
    return description if "spatial_text" in description or not area else description | {"spatial_text": area}


def with_licences(spot: Spot, description: dict[str, Any]) -> dict[str, Any]:
    """Return a description with its licence: the dataset's, else the one that all distributions agree on.

    A licence of which only the address is known stays on the distributions, as an address.
    """
    urls = [str(value) for value in spot.values("dct:license") if isinstance(value, URIRef)]
    parts = [with_unknown_licence(part) for part in description.get("distributions", [])]
    if "licence" not in description and urls:
        parts = [
            part if "licence" in part else part | {"licence": UNKNOWN_LICENCE, "licence_url": urls[0]} for part in parts
        ]
    elif (
        "licence" not in description
        and len(codes := {part.get("licence") for part in parts}) == 1
        and None not in codes
    ):
        description = description | {"licence": codes.pop()}
    return description | ({"distributions": parts} if parts else {})


def with_unknown_licence(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"licence": UNKNOWN_LICENCE} if "licence_url" in part and "licence" not in part else part


def in_order(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description with its fields in the standard's order."""
    return {name: description[name] for name in fields_of(Class.DATASET) if name in description}


def without(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in description.items() if key != name}


def read_organisations(page: Page, publishing: Iterable[Node]) -> dict[str, dict[str, Any]]:
    """Read everybody who publishes, by slug; of one who is told twice, the fuller telling."""
    agents = dict.fromkeys(agent for node in publishing for agent in page.values(node, "dct:publisher"))
    if page.base:
        agents |= dict.fromkeys(subjects(page.graph, Class.ORGANISATION))
    found: dict[str, dict[str, Any]] = {}
    for agent in agents:
        slug = organisation_slug(page, agent)
        if slug is None or (page.base and not is_ours(page, agent)):
            continue
        organisation = (
            {"name": agent_name(page, agent)}
            if isinstance(agent, Words)
            else read_entity(page, agent, Class.ORGANISATION)
        )
        if richness(organisation) > richness(found.get(slug, {})):
            found[slug] = organisation
    return found


def richness(description: Mapping[str, Any]) -> tuple[int, str]:
    return (len(description), repr(sorted(description.items())))


def main_catalogue(page: Page) -> Node | None:
    """Return the catalogue that a document is about: one that lists datasets and is no part of another, if it can be told."""
    found = subjects(page.graph, Class.CATALOGUE)
    parts = {part for node in found for term in ("dcat:catalog", "dct:hasPart") for part in page.values(node, term)}
    whole = [node for node in found if node not in parts] or found
    listing = [node for node in whole if page.values(node, "dcat:dataset")] or whole
    return page.first(listing)


def note_orphans(page: Page, datasets: Iterable[Node]) -> None:
    """Note distributions that no dataset of the document has."""
    owned = {part for node in datasets for part in page.values(node, "dcat:distribution")}
    for node in subjects(page.graph, Class.DISTRIBUTION):
        if node not in owned:
            where = f"{node if isinstance(node, URIRef) else '[]'} dcat:Distribution"
            page.notes.add(where, Text(ko="어느 데이터셋의 배포도 아닙니다", en="is a distribution of no dataset"))


def note_unknown(page: Page, datasets: Iterable[Node]) -> None:
    """Note each property of datasets that the standard has no place for, with the number of datasets that have it."""
    counted: Counter[str] = Counter()
    for node in datasets:
        counted.update({str(predicate) for predicate in page.graph.predicates(node)} - understood())
    for uri, count in sorted(counted.items()):
        page.notes.add(
            f"dcat:Dataset {short(uri)}",
            Text(
                ko=f"표준에 없는 속성이어서 원래 문서에만 남습니다 (데이터셋 {count}개)",
                en=f"is a property that the standard does not have; it stays in the document only ({count} datasets)",
            ),
        )


@cache
def understood() -> frozenset[str]:
    terms = {field.term for field in PROFILE[Class.DATASET]}
    aliases = {alias for term in terms for alias in ALIASES.get(term, ())}
    own = {own_term(field.name) for field in PROFILE[Class.DATASET]}
    return frozenset(map(full, terms | aliases | own | UNDERSTOOD))


def document_of(page: Page, node: Node) -> dict[str, Any]:
    """Return what a graph says of a dataset as JSON-LD, nameless nodes and distributions with it."""
    document = node_document(page, node, {node})
    return {"@context": {prefix: NAMES[prefix] for prefix in sorted(set(prefixes_of(document)))}} | document


def prefixes_of(document: object) -> Iterator[str]:
    """Yield the prefixes that a document uses: in its properties, its classes and its datatypes."""
    if isinstance(document, list):
        for part in document:
            yield from prefixes_of(part)
    elif isinstance(document, dict):
        names = [*document, *(document["@type"] if isinstance(document.get("@type"), list) else ())]
        yield from (prefix for name in names if (prefix := name.partition(":")[0]) in NAMES)
        for part in document.values():
            yield from prefixes_of(part)


def node_document(page: Page, node: Node, above: set[Node]) -> dict[str, Any]:
    document: dict[str, Any] = {} if isinstance(node, BNode) else {"@id": str(node)}
    for predicate, value in sorted(
        page.graph.predicate_objects(node), key=lambda pair: (str(pair[0]), page.order(pair[1]))
    ):
        is_type = predicate == TYPE
        told = short(str(value)) if is_type else value_document(page, value, above)
        document.setdefault("@type" if is_type else short(str(predicate)), []).append(told)
    return document


def value_document(page: Page, value: Node, above: set[Node]) -> Any:  # noqa: ANN401
    if isinstance(value, Words):
        if value.language:
            return {"@value": str(value), "@language": value.language}
        return {"@value": str(value), "@type": str(value.datatype)} if value.datatype else str(value)
    is_inside = isinstance(value, BNode) or page.is_a(value, "dcat:Distribution")
    if is_inside and value not in above and len(above) < DEEPEST:
        return node_document(page, value, above | {value})
    return {} if isinstance(value, BNode) else {"@id": str(value)}
