"""What a tongue has no names for, so that nothing is lost on the way through it.

A writer reads back what it has written in the tongue's own terms and adds the difference to the whole description, as a JSON
Merge Patch (RFC 7396) under one key of ours. A reader reads the tongue's own terms first, as for anybody's document, and
applies the patch. So whatever the tongue can say is said once, and a round trip is whole by construction. What a catalogue
holds beside its datasets stands under another key (``REST``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.exchange.entry import Catalogue
from catalog.exchange.json_values import Notes
from catalog.standard import NAMESPACE, Class
from catalog.standard.conformance import SLUG_PATTERN, Level, find_problems

REMAINDER = f"{NAMESPACE}remainder"
REST = f"{NAMESPACE}catalogue"
PARTS_OF_CATALOGUE = ("organisations", "series", "services")


@dataclass(frozen=True)
class Rest:
    """What a catalogue holds beside its datasets, by slug."""

    catalogue: dict[str, Any]
    organisations: dict[str, dict[str, Any]]
    series: dict[str, dict[str, Any]]
    services: dict[str, dict[str, Any]]


def find_remainder(said: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that makes ``whole`` of what was said; lists are replaced, not merged."""
    patch: dict[str, Any] = {name: None for name in said if name not in whole}
    for name, value in whole.items():
        if name not in said:
            patch[name] = value
        elif isinstance(value, Mapping) and isinstance(said[name], Mapping):
            if inner := find_remainder(said[name], value):
                patch[name] = inner
        elif not is_same(said[name], value):
            patch[name] = value
    return patch


def is_same(one: object, other: object) -> bool:
    """Tell whether two values are the same in JSON too: 1 and true are not, 1 and 1.0 are."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return one == other


def add_remainder(said: Mapping[str, Any], patch: object, class_: Class, where: str, notes: Notes) -> dict[str, Any]:
    """Return the whole description; a part of the patch that would make it malformed is noted and left out.

    Such parts come from a later version of the standard, or from somebody who changed the document by hand.
    """
    if not isinstance(patch, Mapping):
        return dict(said)
    whole = merge(said, patch)
    for problem in find_problems(whole, class_):
        name = problem.field.partition(".")[0]
        if problem.level is Level.FORM and name in patch and whole.get(name) is not said.get(name):
            notes.add(f"{where}.{REMAINDER}.{problem.field}", problem.text)
            whole |= {name: said.get(name)}
    return {name: value for name, value in whole.items() if value is not None}


def merge(said: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a merge patch."""
    whole = dict(said)
    for name, value in patch.items():
        if value is None:
            whole.pop(name, None)
        elif isinstance(value, Mapping):
            inner = whole.get(name)
            whole[name] = merge(inner if isinstance(inner, Mapping) else {}, value)
        else:
            whole[name] = value
    return whole


def tell_rest(catalogue: Catalogue) -> dict[str, Any]:
    """Return what a catalogue holds beside its datasets, to stand under ``REST``."""
    rest = {"catalogue": catalogue.description} | {name: dict(getattr(catalogue, name)) for name in PARTS_OF_CATALOGUE}
    return {name: part for name, part in rest.items() if part}


def read_rest(rest: object) -> Rest:
    """Read what ``tell_rest`` wrote; anything else is left out."""
    told = rest if isinstance(rest, Mapping) else {}
    parts = {
        name: told[name] if isinstance(told.get(name), Mapping) else {} for name in ("catalogue", *PARTS_OF_CATALOGUE)
    }
    return Rest(
        dict(parts["catalogue"]),
        *(
            {
                slug: dict(description)
                for slug, description in parts[name].items()
                if SLUG_PATTERN.match(slug) and isinstance(description, Mapping)
            }
            for name in PARTS_OF_CATALOGUE
        ),
    )
