"""The tongues that a dataset's description is had in: one row each, a new tongue is a new row.

``/dataset/{slug}.{extension}`` answers in a tongue, ``/dataset/{slug}`` by ``Accept`` in the first that fits; API and portal
show the links of this table. The translations themselves are in ``catalog/exchange/``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from catalog.exchange.dcat import write_dcat
from catalog.exchange.entry import Catalogue
from catalog.exchange.rdf import JSON_LD, N_TRIPLES, RDF_XML, TURTLE, Form
from catalog.text import Text


@dataclass(frozen=True)
class Tongue:
    """A tongue and how it is written; ``write`` gets a catalogue with one dataset.

    ``media_type`` is that of the answer; with ``is_negotiated`` an ``Accept`` of it (or of ``also``) is answered so, without,
    it is had by its extension only. ``conforms_to`` is the URI of the profile that the answer follows.
    """

    extension: str
    media_type: str
    label: Text
    write: Callable[[Catalogue], bytes]
    also: tuple[str, ...] = ()
    is_negotiated: bool = True
    conforms_to: str = ""

    @property
    def accepted(self) -> tuple[str, ...]:
        """The media types that ask for this tongue, without parameters."""
        return (self.media_type.partition(";")[0], *self.also) if self.is_negotiated else ()


DCAT_AP = "http://data.europa.eu/r5r/"


def dcat(extension: str, form: Form, label: str, *, also: tuple[str, ...] = (), is_negotiated: bool = True) -> Tongue:
    return Tongue(
        extension,
        form.content_type,
        Text(ko=f"DCAT-AP ({label})", en=f"DCAT-AP ({label})"),
        partial(write_dcat, form=form),
        also,
        is_negotiated,
        DCAT_AP,
    )


TONGUES: tuple[Tongue, ...] = (
    dcat("ttl", TURTLE, "Turtle", also=("application/x-turtle",)),
    dcat("rdf", RDF_XML, "RDF/XML", also=("application/xml", "text/xml")),
    dcat("xml", RDF_XML, "RDF/XML", is_negotiated=False),
    dcat("jsonld", JSON_LD, "JSON-LD", also=("application/json",)),
    dcat("nt", N_TRIPLES, "N-Triples", also=("text/plain",)),
)


def find_tongue(extension: str) -> Tongue | None:
    return next((tongue for tongue in TONGUES if tongue.extension == extension), None)
