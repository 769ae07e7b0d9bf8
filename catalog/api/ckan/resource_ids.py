"""Identifiers of resources: permanent UUIDs that lead back to their distribution by one look-up, nothing is searched.

A distribution has a UUID of its own. A link has that one. Records are served in several formats from one distribution: the
main one (CSV, the one with a datastore) has the distribution's UUID, every other format that UUID with a constant of the
format mixed in. Mixing it in again gives the distribution's UUID back, so a resource's identifier stands for a handful of
candidates, one a format, and the database is asked for those.
"""

import uuid
from collections.abc import Mapping

from catalog.exchange.ckan.names import IDENTIFIERS
from catalog.share import SERVED

MAIN = "csv"
FIXED = 0xF000_C000_0000_0000_0000  # the bits of a UUID that tell its version and variant


def constant_of(format_name: str) -> int:
    return 0 if format_name == MAIN else uuid.uuid5(IDENTIFIERS, f"format/{format_name}").int & ~FIXED


CONSTANTS: Mapping[str, int] = {name: constant_of(name) for name in SERVED}


def resource_id(distribution_id: uuid.UUID, format_name: str = MAIN) -> str:
    """Return the identifier of the resource that a distribution is in a format."""
    return str(uuid.UUID(int=distribution_id.int ^ CONSTANTS[format_name]))


def candidates(identifier: uuid.UUID) -> dict[uuid.UUID, str]:
    """Return the distributions that an identifier may belong to, each with the format that it then means."""
    return {uuid.UUID(int=identifier.int ^ constant): name for name, constant in CONSTANTS.items()}
