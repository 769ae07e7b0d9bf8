"""The tongues that a dataset's description is had in: one row each, a new tongue is a new row.

``/dataset/{slug}.{extension}`` answers in a tongue, ``/dataset/{slug}`` by ``Accept`` in the first that fits; API and portal
show the links of this table. The translations themselves are in ``catalog/exchange/``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import orjson

from catalog.api.accept import prefer
from catalog.exchange.croissant import CONFORMS_TO as CROISSANT
from catalog.exchange.croissant import MEDIA_TYPE as CROISSANT_TYPE
from catalog.exchange.croissant import to_croissant
from catalog.exchange.data_package import PROFILE as DATA_PACKAGE
from catalog.exchange.data_package import to_data_package
from catalog.exchange.dcat import PROFILES, write_dcat
from catalog.exchange.entry import Catalogue
from catalog.exchange.keti import to_keti
from catalog.exchange.rdf import JSON_LD, N_TRIPLES, RDF_XML, TURTLE, Form
from catalog.exchange.schema_org import to_schema_org
from catalog.text import Text


@dataclass(frozen=True)
class Tongue:
    """A tongue and how it is written; ``write`` gets a catalogue with one dataset.

    ``media_type`` is that of the answer; with ``is_negotiated`` an ``Accept`` of it (or of ``also``) is answered so, without,
    it is had by its extension only. ``conforms_to`` is the URI of the profile that the answer follows, ``form`` the form of
    RDF that it is.
    """

    extension: str
    media_type: str
    label: Text
    write: Callable[[Catalogue], bytes]
    also: tuple[str, ...] = ()
    is_negotiated: bool = True
    conforms_to: str = ""
    form: Form | None = None

    @property
    def accepted(self) -> tuple[str, ...]:
        """The media types that ask for this tongue, without parameters."""
        return (self.plain_type, *self.also) if self.is_negotiated else ()

    @property
    def plain_type(self) -> str:
        """The media type without parameters."""
        return self.media_type.partition(";")[0]


DCAT_AP = "http://data.europa.eu/r5r/"


def write_dataset(catalogue: Catalogue, *, form: Form, profile: str = PROFILES[0]) -> bytes:
    """Write one dataset as DCAT-AP; the catalogue that it stands in has an address of its own."""
    return write_dcat(replace(catalogue, description={}), form, profile=profile)


def dcat(extension: str, form: Form, *, also: tuple[str, ...] = (), is_negotiated: bool = True) -> Tongue:
    return Tongue(
        extension,
        form.content_type,
        Text(ko=f"DCAT-AP ({form.label})", en=f"DCAT-AP ({form.label})"),
        partial(write_dataset, form=form),
        also,
        is_negotiated,
        DCAT_AP,
        form,
    )


TONGUES: tuple[Tongue, ...] = (
    dcat("ttl", TURTLE, also=("application/x-turtle",)),
    dcat("rdf", RDF_XML, also=("application/xml", "text/xml")),
    dcat("xml", RDF_XML, is_negotiated=False),
    dcat("jsonld", JSON_LD, also=("application/json",)),
    dcat("nt", N_TRIPLES),
    Tongue(
        "schema.jsonld",
        "application/ld+json",
        Text(ko="schema.org (JSON-LD)", en="schema.org (JSON-LD)"),
        lambda catalogue: orjson.dumps(to_schema_org(catalogue), option=orjson.OPT_INDENT_2),
        is_negotiated=False,
        conforms_to="https://schema.org/Dataset",
    ),
    Tongue(
        "croissant.json",
        CROISSANT_TYPE,
        Text(ko="Croissant 1.1 (기계 학습)", en="Croissant 1.1 (machine learning)"),
        lambda catalogue: orjson.dumps(to_croissant(catalogue), option=orjson.OPT_INDENT_2),
        is_negotiated=False,
        conforms_to=CROISSANT,
    ),
    Tongue(
        "datapackage.json",
        "application/vnd.datapackage+json",
        Text(ko="데이터 패키지 (Frictionless)", en="Data Package (Frictionless)"),
        lambda catalogue: orjson.dumps(to_data_package(catalogue), option=orjson.OPT_INDENT_2),
        conforms_to=DATA_PACKAGE,
    ),
    Tongue(
        "keti.json",
        "application/json",
        Text(ko="시티 데이터 허브 (KETI)", en="City Data Hub (KETI)"),
        lambda catalogue: orjson.dumps(next(iter(to_keti(catalogue))), option=orjson.OPT_INDENT_2),
        is_negotiated=False,
    ),
)
RDF_TONGUES = tuple(tongue for tongue in TONGUES if tongue.form is not None)


def find_tongue(extension: str, tongues: Iterable[Tongue] = TONGUES) -> Tongue | None:
    return next((tongue for tongue in tongues if tongue.extension == extension), None)


def choose_tongue(accept: str, tongues: Iterable[Tongue] = TONGUES) -> Tongue | None:
    """Return the tongue that an ``Accept`` header likes best, None when it takes none of them."""
    asked = {media_type: tongue for tongue in reversed(tuple(tongues)) for media_type in tongue.accepted}
    best = prefer(accept, offered(tongues))
    return asked[best] if best else None


def offered(tongues: Iterable[Tongue] = TONGUES) -> list[str]:
    """Return every media type that can be asked for, in the order of the table."""
    return list(dict.fromkeys(media_type for tongue in tongues for media_type in tongue.accepted))


def tongue_links(uri: str, tongues: Iterable[Tongue] = TONGUES) -> Iterator[str]:
    """Yield what a ``Link`` header says of the same thing in other tongues (RFC 8288)."""
    for tongue in tongues:
        if tongue.is_negotiated:
            yield f'<{uri}.{tongue.extension}>; rel="alternate"; type="{tongue.plain_type}"'
