"""Pages of NGSI-LD entities by column: what nearly all of them are, attributes with a type and a plain value.

Part of the connector ``ngsild``, which reads all others entity by entity and makes the same of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

from ingest.connectors.by_column import ByColumn, Row
from ingest.connectors.flatten import SCALARS

PLAIN = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt"})
NOTHING = {"type": "Property", "value": None}  # of an entity that does not have the attribute
PROPERTIES = frozenset({dict, type(None)})
TYPE, VALUE = itemgetter("type"), itemgetter("value")


def read_plain_page(page: Sequence[Row]) -> ByColumn | None:
    """Return what ``read_entity`` makes of each entity of a page where every attribute is a property with a plain value."""
    if not isinstance(page, ByColumn):
        return None
    columns: dict[str, Sequence[object]] = {}
    for name, values in page.without(["@context"]).columns.items():
        if name in PLAIN or page.kinds[name] <= SCALARS:
            columns[name] = values
            continue
        plain = plain_values(values) if page.kinds[name] <= PROPERTIES else None
        if plain is None:
            return None
        columns[name] = plain
    return replace(page.without(["@context"]), columns=columns)


def plain_values(attributes: Sequence[object]) -> list[object] | None:
    """Return the values of a column of attributes; None where one is no property, or says more than its plain value."""
    told = [attribute or NOTHING for attribute in attributes]
    try:
        types, values = list(map(TYPE, told)), list(map(VALUE, told))
    except KeyError:
        return None
    is_plain = set(map(len, told)) == {2} and set(map(type, types)) == {str} and set(types) == {"Property"}
    return values if is_plain and SCALARS.issuperset(map(type, values)) else None
