"""The controlled vocabularies, loaded from the data files beside this module: a code, its labels and its URI.

Regions are effective-dated: a code stays valid for data of its time. Only provinces are listed so far; longer codes
(시군구, 읍면동) are checked by their form and by the province that they begin with.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catalog.text import Text

FOLDER = Path(__file__).parent / "vocabularies"


@dataclass(frozen=True)
class Concept:
    """One entry of a vocabulary. ``days`` (frequency): the promised interval; ``since``/``until`` (region): ISO dates."""

    code: str
    label: Text
    uri: str
    days: float | None = None
    since: str = ""
    until: str = ""


@cache
def vocabulary(name: str) -> Mapping[str, Concept]:
    """Return a vocabulary by name (``theme``, ``frequency``, ``licence``, ``access_level``, ``region``), by code."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: read_concept(row) for row in csv.DictReader(file)}


def read_concept(row: Mapping[str, str]) -> Concept:
    return Concept(
        code=row["code"],
        label=Text(ko=row["ko"], en=row["en"]),
        uri=row["uri"],
        days=float(row["days"]) if row.get("days") else None,
        since=row.get("from", ""),
        until=row.get("until", ""),
    )


def label_of(name: str, code: str) -> Text:
    """Return the label of a code; a longer region code is labelled by its province; an unknown one shows itself."""
    concepts = vocabulary(name)
    concept = concepts.get(code) or (concepts.get(code[:2]) if name == "region" else None)
    return concept.label if concept else Text(ko=code, en=code)


def is_region(code: str) -> bool:
    """Tell whether a code has the form of a region code (2, 5, 8 or 10 digits) within a known province."""
    return code.isascii() and code.isdigit() and len(code) in (2, 5, 8, 10) and code[:2] in vocabulary("region")
