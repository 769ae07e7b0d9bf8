"""Pages of NGSI-LD entities by column, read as what nearly all of them are: attributes with a value, its time and its unit.

Part of the connector ``ngsild``, which reads all others entity by entity and makes the same of them. What a page may
consist of is declared as types, and held against it while it is read (ETSI GS CIM 009, 4.5.1 to 4.5.3).
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ingest.connectors.by_column import WIDEST, ByColumn
from ingest.connectors.documents import read_json_as
from ingest.connectors.flatten import SCALARS, flatten, is_geometry
from ingest.http import Answer

PLAIN = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt"})
PLAIN_TYPES = SCALARS | {list}
SCALARS_AND_GAPS = SCALARS | {UnsetType}
Scalar = str | int | float | bool | None
Value = Scalar | list[Any] | dict[str, Any]
HOLDERS: Mapping[str, tuple[str, Any]] = {  # which member holds the value, and what it is here
    "Property": ("value", Value),
    "GeoProperty": ("value", dict[str, Any]),
    "Relationship": ("object", str | list[Any]),
    "LanguageProperty": ("languageMap", dict[str, Any]),
}
SAID = ("observedAt", "unitCode", "createdAt", "modifiedAt")  # of a value; each is a column of its own


def page_decoder(said: Sequence[str]) -> msgspec.json.Decoder[list[dict[str, Any]]]:
    """Return what reads pages whose attributes have no other members than these; it refuses all others."""
    kinds = [
        msgspec.defstruct(
            name,
            [(holder, kind), *((member, str | UnsetType, UNSET) for member in said)],
            tag_field="type",
            forbid_unknown_fields=True,
            gc=False,  # nothing of JSON holds what holds it
        )
        for name, (holder, kind) in HOLDERS.items()
    ]
    told: Any = Scalar | list[Any]
    for kind in kinds:
        told |= kind
    return msgspec.json.Decoder(list[dict[str, told]])


DECODERS = [page_decoder(()), page_decoder(SAID)]


def read_plain_page(answer: Answer) -> ByColumn | None:
    """Return what ``read_entity`` makes of each entity of a page; None where one is not as nearly all are."""
    entities = read_json_as(DECODERS, answer)
    if not entities:
        return None
    names = [name for name in dict.fromkeys(chain.from_iterable(entities)) if name != "@context"]
    if len(names) * len(entities) > WIDEST * sum(map(len, entities)):
        return None
    columns: dict[str, Sequence[object]] = {}
    for name in names:
        found = columns_of(name, [entity.get(name, UNSET) for entity in entities])
        if found is None or not found.keys().isdisjoint(columns):
            return None
        columns |= found
    is_entity = {str}.issuperset(map(type, columns.get("id", [None]))) and UNSET not in columns.get("type", [UNSET])
    return with_gaps(columns, len(entities)) if is_entity else None


def columns_of(name: str, told: Sequence[Any]) -> dict[str, Sequence[object]] | None:
    """Return the columns of an attribute, UNSET where an entity has none; None where entities tell it in different ways."""
    kinds = frozenset(map(type, told))
    has_gaps = UnsetType in kinds
    kinds -= {UnsetType}
    if kinds <= (PLAIN_TYPES if name in PLAIN else SCALARS):
        return {name: told}
    if len(kinds) > 1 or name in PLAIN or kinds == {list}:
        return None
    (kind,) = kinds
    holder, *said = kind.__struct_fields__
    values = members_of(told, holder, has_gaps)
    is_value = SCALARS_AND_GAPS.issuperset(map(type, values)) or all(map(is_geometry, values))
    columns: dict[str, Sequence[object]] | None = {name: values} if is_value else spread(name, values)
    if columns is None:
        return None
    for member in said:
        told_of = members_of(told, member, has_gaps)
        if frozenset(map(type, told_of)) != {UnsetType}:
            if f"{name}.{member}" in columns:
                return None
            columns[f"{name}.{member}"] = told_of
    return columns


def spread(name: str, values: Sequence[object]) -> dict[str, Sequence[object]] | None:
    """Return the columns that objects become; None where one has two values for a column."""
    told = [[] if value is UNSET else list(flatten(name, value)) for value in values]
    rows = list(map(dict, told))
    if list(map(len, rows)) != list(map(len, told)):
        return None
    return {column: [row.get(column, UNSET) for row in rows] for column in dict.fromkeys(chain.from_iterable(rows))}


def members_of(told: Sequence[object], member: str, has_gaps: bool) -> list[object]:
    member_of = attrgetter(member)
    if has_gaps:
        return [UNSET if attribute is UNSET else member_of(attribute) for attribute in told]
    return list(map(member_of, told))


def with_gaps(columns: Mapping[str, Sequence[object]], rows: int) -> ByColumn:
    """Return columns as rows that do not have those where UNSET is."""
    gappy = [name for name, values in columns.items() if UnsetType in frozenset(map(type, values))]
    if not gappy:
        return ByColumn([tuple(columns)], [0] * rows, columns)
    lacking = [[value is UNSET for value in columns[name]] for name in gappy]
    numbers: dict[tuple[bool, ...], int] = {}
    shape_of = [numbers.setdefault(lacks, len(numbers)) for lacks in zip(*lacking, strict=True)]
    shapes = []
    for lacks in numbers:
        left_out = {name for name, is_lacking in zip(gappy, lacks, strict=True) if is_lacking}
        shapes.append(tuple(name for name in columns if name not in left_out))
    filled = {name: [None if value is UNSET else value for value in columns[name]] for name in gappy}
    return ByColumn(shapes, shape_of, {**columns, **filled})
