"""What an NGSI-LD broker says of a type: the attributes that its entities have, and the units that values come with."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import quote

from ingest.connectors.credential import credential_headers
from ingest.connectors.described import Described, DescribedColumn, describe_by_reading
from ingest.connectors.documents import read_document
from ingest.connectors.ngsild import CONTEXT_LINK, Config, read
from ingest.errors import RequestRefused, UnreadableAnswer
from ingest.http import Answer, Session

TYPES: Mapping[str, str] = {"GeoProperty": "geometry"}


def describe(config: Config, http: Session) -> Described:
    """Describe the type: by its first entities, and by the attributes that the broker knows where it tells them."""
    found = describe_by_reading(read, config, http)
    kinds = attributes_of(config, http)
    columns = [dataclasses.replace(column, type=type_of(column.name, kinds)) for column in found.columns]
    columns += [
        DescribedColumn(name, TYPES.get(kind, ""))
        for name, kind in kinds.items()
        if not config.history and not is_among(name, [column.name for column in columns])
    ]
    return dataclasses.replace(found, columns=tuple(columns), crs="EPSG:4326", key=() if config.history else ("id",))


def type_of(name: str, kinds: Mapping[str, str]) -> str:
    if name in ("id", "type"):
        return "string"
    if name.rpartition(".")[2] in ("observedAt", "createdAt", "modifiedAt"):
        return "datetime"
    return TYPES.get(kinds.get(name, ""), "")


def is_among(attribute: str, columns: list[str]) -> bool:
    return any(name == attribute or name.startswith((f"{attribute}.", f"{attribute}@")) for name in columns)


def attributes_of(config: Config, http: Session) -> Mapping[str, str]:
    """Return the attributes of the type with their kind; brokers of before version 1.3 know no types, and tell none."""
    headers = {"Accept": "application/json", **credential_headers(config.authorization, http)}
    if config.context:
        headers["Link"] = CONTEXT_LINK.format(config.context)
    if config.tenant:
        headers["NGSILD-Tenant"] = config.tenant
    address = f"{config.url}/types/{quote(config.type, safe='')}"
    try:
        document = http.read(address, partial(read_object, http=http), headers=headers)
    except (RequestRefused, UnreadableAnswer):
        return {}
    return dict(told_attributes(document))


def read_object(answer: Answer, http: Session) -> Mapping[str, object]:
    document = read_document(answer, http)
    return document if isinstance(document, dict) else {}


def told_attributes(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    details = document.get("attributeDetails")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and isinstance(one.get("attributeName"), str):
            kinds = one.get("attributeTypes")
            yield one["attributeName"], str(kinds[0]) if isinstance(kinds, list) and kinds else ""
