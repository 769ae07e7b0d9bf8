"""Where things stand in an answer, and what becomes of a record: paths, the list of records, and their columns.

A path is names with dots between them (``response.body.items``); a number steps into a list, ``*`` into the only value
of an object, and ``\\.`` is a dot that belongs to a name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal

import orjson

ListRule = Literal["keep", "join", "explode", "first"]
Shape = Literal["list", "values", "object"]

CONTAINERS = frozenset({dict, list})


@dataclass(frozen=True)
class Missing:
    """What a path that leads nowhere ends at: how far it led, and what stands there instead."""

    path: str
    names: tuple[str, ...]


def find(document: object, path: str) -> object:
    """Return what stands at the path, or a ``Missing``; beneath a text without words or a null is nothing: None."""
    here = document
    steps = split_path(path)
    for number, step in enumerate(steps, start=1):
        match here:
            case dict() if step in here:
                here = here[step]
            case dict() if step == "*" and len(here) == 1:
                (here,) = here.values()
            case list() if step.isdecimal() and int(step) < len(here):
                here = here[int(step)]
            case dict():
                return Missing(".".join(steps[:number]), tuple(str(name) for name in here)[:20])
            case list():
                return Missing(".".join(steps[:number]), (f"0 … {len(here) - 1}",) if here else ())
            case _ if is_nothing(here):
                return None
            case _:
                return Missing(".".join(steps[:number]), ())
    return here


@lru_cache(maxsize=1024)
def split_path(path: str) -> tuple[str, ...]:
    return tuple(step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", path)) if path else ()


def find_first(document: object, paths: Sequence[str]) -> object:
    """Return what stands at the first path that leads somewhere; else the ``Missing`` that led farthest."""
    farthest = Missing("", ())
    for path in paths:
        found = find(document, path)
        if not isinstance(found, Missing):
            return found
        farthest = max(farthest, found, key=lambda missing: missing.path.count(".") + bool(missing.path))
    return farthest


def is_nothing(value: object) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def list_records(found: object, shape: Shape, name_as: str) -> list[dict[str, object]]:
    """Return the records at a place: a list, one object where a list is expected, or an object of objects.

    TypeError says what stands there instead.
    """
    if is_nothing(found):
        return []
    if shape == "values":
        if not isinstance(found, dict):
            raise TypeError(type(found).__name__)
        records = [
            {name_as: name, **record} if name_as and isinstance(record, dict) else record
            for name, record in found.items()
        ]
    else:
        records = found if isinstance(found, list) and shape == "list" else [found]
    if kinds := set(map(type, records)) - {dict}:
        raise TypeError(kinds.pop().__name__)
    return records


@dataclass(frozen=True)
class Selector:
    """One column: where it stands in a record, and what becomes of a list there."""

    name: str
    path: str
    lists: ListRule


def is_flat(records: Iterable[dict[str, object]]) -> bool:
    """Say whether no record holds an object or a list; a page is asked at once, in a third of the time."""
    return CONTAINERS.isdisjoint(map(type, chain.from_iterable(map(dict.values, records))))


def select(record: Mapping[str, object], selectors: Iterable[Selector], separator: str) -> dict[str, object]:
    """Return exactly the wanted columns; a path that is missing gives None. Lists to be exploded stay."""
    row: dict[str, object] = {}
    for selector in selectors:
        value = record[selector.path] if selector.path in record else find(record, selector.path)
        if isinstance(value, list):
            value = LIST_RULES[selector.lists](value, separator)
        row[selector.name] = None if isinstance(value, Missing) else value
    return row


def flatten(record: Mapping[str, object], between: str | None, lists: ListRule, separator: str) -> dict[str, object]:
    """Return the record without nested objects: ``a.b`` with what is put between; None leaves them as they are.

    GeoJSON geometries stay whole. Lists to be exploded stay.
    """
    return {
        name: LIST_RULES[lists](value, separator) if isinstance(value, list) else value
        for name, value in walk(record, between, "")
    }


def walk(record: Mapping[str, object], between: str | None, before: str) -> Iterator[tuple[str, object]]:
    for name, value in record.items():
        if isinstance(value, dict) and between is not None and not is_geometry(value):
            yield from walk(value, between, f"{before}{name}{between}")
        else:
            yield before + name, value


def is_geometry(value: Mapping[str, object]) -> bool:
    return "type" in value and ("coordinates" in value or "geometries" in value)


def explode(row: Mapping[str, object], names: Iterable[str], between: str | None) -> Iterator[dict[str, object]]:
    """Yield a row for each item of the named lists, side by side; a shorter list ends in None, an empty one is None."""
    lists = {name: value for name in names if isinstance(value := row.get(name), list)}
    count = max(1, *(len(items) for items in lists.values())) if lists else 1
    for number in range(count):
        items = {name: values[number] if number < len(values) else None for name, values in lists.items()}
        yield dict(walk({**row, **items}, between, ""))


def join(items: Sequence[object], separator: str) -> str:
    return separator.join(
        item if isinstance(item, str) else orjson.dumps(item).decode() for item in items if item is not None
    )


LIST_RULES: Mapping[str, Callable[[Sequence[object], str], object]] = {
    "keep": lambda items, separator: items,
    "explode": lambda items, separator: items,
    "join": join,
    "first": lambda items, separator: items[0] if items else None,
}
