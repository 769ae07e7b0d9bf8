"""A catalogue as DCAT-AP: one dataset after the other, so that a hundred thousand take no more memory than one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pyoxigraph import Literal, Triple

from catalog.exchange.dcat.hydra import Paging, write_paging
from catalog.exchange.dcat.kinds import part_uris, write_description, write_eu_theme, write_licence
from catalog.exchange.dcat.names import NAMES, named
from catalog.exchange.dcat.page import OWN_MARK
from catalog.exchange.dcat.pen import Pen
from catalog.exchange.entry import Catalogue, Description, Entry
from catalog.exchange.rdf import Form, stream_ntriples, write_rdf
from catalog.standard import VERSION, Class, fields_of

OLDER_PROFILE = "2.1.1"
PROFILES = ("3.0.1", OLDER_PROFILE)
OLDER_ALGORITHM = "sha1"  # the only one that DCAT-AP 2.1.1 knows


def write_dcat(catalogue: Catalogue, form: Form, *, paging: Paging | None = None, profile: str = PROFILES[0]) -> bytes:
    """Write a catalogue, or what is told of one, as a document."""
    return write_rdf(to_dcat(catalogue, paging=paging, profile=profile), form, NAMES)


def stream_dcat(catalogue: Catalogue) -> Iterator[bytes]:
    """Write a catalogue of any size as N-Triples."""
    return stream_ntriples(to_dcat(catalogue))


def to_dcat(catalogue: Catalogue, *, paging: Paging | None = None, profile: str = PROFILES[0]) -> Iterator[Triple]:
    """Tell a catalogue by DCAT-AP 3.0.1; ``profile`` 2.1.1 differs in the two places where none can please both."""
    triples = tell(catalogue, is_older=profile == OLDER_PROFILE)
    if paging is not None:
        yield from write_paging(catalogue.uri, paging)
    if profile == OLDER_PROFILE:
        yield from map(as_older, triples)
    else:
        yield from triples


def part_met(catalogue: Catalogue) -> Catalogue:
    """Return a catalogue with only those organisations and series that it speaks of; its datasets are read at once."""
    entries = tuple(catalogue.datasets)
    slugs = {slug for entry in entries for slug in entry.description.get("series", ())}
    series = {slug: told for slug, told in catalogue.series.items() if slug in slugs}
    speaking = [catalogue.description, *series.values(), *catalogue.services.values()]
    publishing = {told.get("organisation") for told in [*speaking, *(entry.description for entry in entries)]}
    organisations = {slug: told for slug, told in catalogue.organisations.items() if slug in publishing}
    return replace(catalogue, datasets=entries, organisations=organisations, series=series)


def tell(catalogue: Catalogue, *, is_older: bool) -> Iterator[Triple]:
    pen = Pen(catalogue)
    has_catalogue = bool(catalogue.description)
    if has_catalogue:
        write_entity(pen, catalogue.uri, Class.CATALOGUE, catalogue.description)
    for slug, organisation in catalogue.organisations.items():
        write_entity(pen, catalogue.organisation_uri(slug), Class.ORGANISATION, organisation)
    for slug, series in catalogue.series.items():
        write_entity(pen, catalogue.series_uri(slug), Class.SERIES, series)
    for slug, service in catalogue.services.items():
        uri = catalogue.service_uri(slug)
        write_entity(pen, uri, Class.SERVICE, service)
        write_eu_theme(pen, uri, service.get("theme", ""))
        if has_catalogue:
            pen.refer(catalogue.uri, "dcat:service", uri)
    yield from pen.lift()
    for entry in catalogue.datasets:
        uri = entry.uri or catalogue.dataset_uri(entry.slug)
        if has_catalogue:
            pen.refer(catalogue.uri, "dcat:dataset", uri)
        write_dataset(pen, uri, entry, without_checksums(entry.description) if is_older else entry.description)
        yield from pen.lift()


def write_entity(pen: Pen, uri: str, class_: Class, description: Description) -> None:
    """Write something that has an address of its own."""
    write_description(pen, uri, class_, description)
    pen.say(uri, OWN_MARK, VERSION)


def write_dataset(pen: Pen, uri: str, entry: Entry, description: Description) -> None:
    """Write a dataset; its address is its identifier, and the licence stands on each of its distributions.

    Harvesters know a dataset by whichever ``dct:identifier`` comes first to them, so that there is one: identifiers that it
    has elsewhere are ``dc:identifier``.
    """
    own = {name: value for name, value in description.items() if name != "identifiers"}
    write_entity(pen, uri, Class.DATASET, own)
    pen.say(uri, "dct:identifier", uri)
    for elsewhere in description.get("identifiers", []):
        pen.say(uri, "dc:identifier", elsewhere)
    for term, value in (("hub:id", entry.id), ("hub:snapshot", entry.snapshot)):
        if value:
            pen.say(uri, term, value)
    if uri != pen.catalogue.dataset_uri(entry.slug):
        pen.say(uri, "hub:slug", entry.slug)
    if not description.get("eu_themes"):
        write_eu_theme(pen, uri, description.get("theme", ""))
    parts = description.get("distributions", [])
    for part_uri, part in zip(part_uris(uri, fields_of(Class.DATASET)["distributions"], parts), parts, strict=True):
        write_licence(
            pen,
            part_uri,
            own=part.get("licence", ""),
            inherited=description.get("licence", ""),
            url=part.get("licence_url", ""),
        )


def without_checksums(description: Description) -> Description:
    """Return a description without the checksums that DCAT-AP 2.1.1 has no word for."""
    return {
        name: [older_part(part) for part in value] if name == "distributions" else value
        for name, value in description.items()
    }


def older_part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if part.get("checksum", {}).get("algorithm", OLDER_ALGORITHM) == OLDER_ALGORITHM:
        return part
    return {name: value for name, value in part.items() if name != "checksum"}


def as_older(triple: Triple) -> Triple:
    """Return a triple as DCAT-AP 2.1.1 has it: the size of a file was a decimal."""
    if triple.predicate != named("dcat:byteSize"):
        return triple
    return Triple(triple.subject, triple.predicate, Literal(triple.object.value, datatype=named("xsd:decimal")))
