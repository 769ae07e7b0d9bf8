"""The names of classes and properties: ``dct:title`` for short, as the profile writes them, and in full."""

import re
from collections.abc import Mapping
from functools import cache

from pyoxigraph import NamedNode

from catalog.standard import PREFIXES

NAMES: Mapping[str, str] = {
    **PREFIXES,
    "dc": "http://purl.org/dc/elements/1.1/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "schema": "http://schema.org/",
    "time": "http://www.w3.org/2006/time#",
}
SEPARATORS = re.compile(r"_(\w)")


@cache
def full(short: str) -> str:
    """Return the URI of ``dct:title``."""
    prefix, _, name = short.partition(":")
    return NAMES[prefix] + name


@cache
def named(short: str) -> NamedNode:
    return NamedNode(full(short))


def short(uri: str) -> str:
    """Return a URI as it is written for short, itself when none of the prefixes fits."""
    for prefix, start in NAMES.items():
        if uri.startswith(start):
            return f"{prefix}:{uri.removeprefix(start)}"
    return uri


@cache
def own_term(field_name: str) -> str:
    """Return our own property of a field, for what the common one cannot tell apart: ``access_level`` is hub:accessLevel."""
    return "hub:" + SEPARATORS.sub(lambda found: found[1].upper(), field_name)
