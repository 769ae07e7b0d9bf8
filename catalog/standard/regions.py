"""The regions of Korea by legal code (법정동), effective-dated: who belonged where, since when, and what came after.

A code has 2 (시도), 5 (시군구), 8 (읍면동) or 10 digits (리). Codes are never deleted: data of its time keeps the code of its
time. The shipped table holds every province and district; a hub loads the ministry's list for the rest (``kik_file.py``).
Nothing here knows how many provinces there are: it is all in the table.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from catalog.standard.tables import Row, on_change, read_table
from catalog.text import Text

LEVELS = (2, 5, 8, 10)


@dataclass(frozen=True, slots=True)
class Region:
    """One region under one code. ``since`` and ``until`` are its first and last day (ISO dates; empty: open).

    ``name`` is its own name, ``label`` the way down to it; ``successors`` are the codes that its area has afterwards.
    """

    code: str
    name: Text
    label: Text
    parent: str = ""
    since: str = ""
    until: str = ""
    successors: tuple[str, ...] = ()
    uri: str = ""
    note: str = ""

    def is_current(self, on: dt.date) -> bool:
        """Tell whether the code is in force on a day."""
        return (not self.since or self.since <= on.isoformat()) and (not self.until or on.isoformat() <= self.until)


def is_region(code: str) -> bool:
    """Tell whether a code is a region's: listed or, where no table of its level is loaded, inside a listed one."""
    if not (code.isascii() and code.isdigit() and len(code) in LEVELS):
        return False
    short = shorten(code)
    level = max((level for level in loaded_levels() if level <= len(short)), default=0)
    return short[:level] in regions()


def closest_region(code: str) -> Region | None:
    """Return the region of a code or, where it is not listed, the closest one above it."""
    short = shorten(code)
    return next((regions()[short[:level]] for level in reversed(LEVELS) if short[:level] in regions()), None)


def shorten(code: str) -> str:
    """Return a code without the zeros of the levels that it does not name: ``4111100000`` is ``41111``."""
    return next((code[:level] for level in LEVELS if not code[level:].strip("0")), code)


def name_path(code: str) -> tuple[Text, ...]:
    """Return the names on the way down to a region, province first; an unlisted code ends at the closest listed one."""
    region = closest_region(code)
    return tuple(regions()[above].name for above in way_down(region.code, parents())) if region else ()


def successors(code: str, on: dt.date) -> tuple[str, ...]:
    """Return the codes that the area of ``code`` has on a day: itself while in force, else those that came after it.

    An unlisted code is answered by the closest listed one above it. Before its first day a code has none.
    """
    region = closest_region(code)
    if region is None:
        return ()
    if region.is_current(on):
        return (region.code,)
    return tuple(dict.fromkeys(later for after in region.successors for later in successors(after, on)))


def current_code(code: str, on: dt.date) -> str | None:
    """Return the one code that the area of ``code`` has on a day; None where it was divided, ended or is unknown."""
    later = successors(code, on)
    return later[0] if len(later) == 1 else None


@cache
def regions() -> Mapping[str, Region]:
    """Return every listed region by its code, in the order of the table."""
    rows = {row["code"]: row for row in read_table("region")}
    above = {code: parent_of(row, rows) for code, row in rows.items()}
    labels: dict[str, Text] = {}
    for code in rows:
        for place in way_down(code, above):
            if place not in labels:
                labels[place] = label_below(labels.get(above[place]), name_of(rows[place]))
    return MappingProxyType({code: read_region(row, above[code], labels[code]) for code, row in rows.items()})


def read_region(row: Row, parent: str, label: Text) -> Region:
    return Region(
        code=row["code"],
        name=name_of(row),
        label=label,
        parent=parent,
        since=row["from"],
        until=row["until"],
        successors=tuple(row["successor"].split("|")) if row["successor"] else (),
        uri=row["uri"],
        note=row["note"],
    )


def name_of(row: Row) -> Text:
    return Text(ko=row["ko"], en=row["en"])


def label_below(above: Text | None, name: Text) -> Text:
    """Write a name below the label of its parent; a district that is its whole province (세종) is named once."""
    if above is None or name.ko == above.ko:
        return name
    return Text(ko=f"{above.ko} {name.ko}", en=f"{name.en}, {above.en}")


def parent_of(row: Row, rows: Mapping[str, Row]) -> str:
    """Return the parent that the table names (a city above its districts), else the listed code one level up."""
    code = row["code"]
    return row["parent"] or next(
        (code[:level] for level in reversed(LEVELS) if level < len(code) and code[:level] in rows), ""
    )


def way_down(code: str, above: Mapping[str, str]) -> list[str]:
    way = [code]
    while above.get(way[0]):
        way.insert(0, above[way[0]])
    return way


@cache
def parents() -> Mapping[str, str]:
    return {region.code: region.parent for region in regions().values()}


@cache
def loaded_levels() -> frozenset[int]:
    return frozenset(len(code) for code in regions())


def forget() -> None:
    for kept in (regions, parents, loaded_levels):
        kept.cache_clear()


on_change(forget)
