"""How the columns of an answer differ from what they were: new ones, missing ones, and those that read as another type.

Nothing is decided here: ``checks.py`` says what holds an answer back, ``ingest/drift.py`` what a steward makes of it.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from catalog.records.engine import Limits, connect
from catalog.records.inferred import InferredColumn, judge
from catalog.records.schema import Column
from catalog.records.staged import Staged
from catalog.records.tallies import Tallies, readable_texts

RETYPED_SHARE, RETYPED_VALUES = 0.2, 5
EXAMPLES = 3
TOLD = 200  # columns of each kind
ALIKE = 0.5


@dataclass(frozen=True)
class NewColumn:
    """A column that was never seen before, by its name at the platform."""

    name: str
    type: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class MissingColumn:
    """A declared column that no row had; ``column`` is its name at the platform."""

    name: str
    column: str


@dataclass(frozen=True)
class RetypedColumn:
    """A declared column of which a ``share`` of the filled values does not read as ``declared`` but as ``now``."""

    name: str
    column: str
    declared: str
    now: str
    examples: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Drift:
    """``renamed`` guesses which missing column is which of the undescribed ones: (its name here, the name at the platform)."""

    new: tuple[NewColumn, ...] = ()
    missing: tuple[MissingColumn, ...] = ()
    retyped: tuple[RetypedColumn, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    def as_document(self) -> dict[str, list[dict[str, Any]]]:
        """Return plain JSON, empty when nothing has changed; of thousands of columns the first of each kind."""
        if not (self.new or self.missing or self.retyped):
            return {}
        parts = {"new": self.new, "missing": self.missing, "retyped": self.retyped}
        document = {name: [as_entry(column) for column in columns[:TOLD]] for name, columns in parts.items()}
        return document | {"renamed": [{"from": name, "to": source} for name, source in self.renamed]}


def as_entry(column: NewColumn | MissingColumn | RetypedColumn) -> dict[str, Any]:
    entry = dataclasses.asdict(column)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in entry.items()}


def find_drift(staged: Staged, known_columns: Collection[str], limits: Limits) -> Drift:
    """Compare an answer with its schema and with the columns that were known before; without any, none is new."""
    undescribed, texts, known = staged.unknown_columns, staged.texts.others, frozenset(known_columns)
    new = [name for name in undescribed if name not in known] if known else []
    lost = set(staged.missing_columns)
    missing = [column for column in staged.schema.columns if column.source_name in lost]
    inferred = infer_types({name: texts[name] for name in (undescribed if missing else new) if name in texts}, limits)
    types = {name: found.type for name, found in inferred.items()}
    return Drift(
        new=tuple(NewColumn(name, types.get(name, "string"), examples_of(texts.get(name, ()))) for name in new),
        missing=tuple(MissingColumn(column.name, column.source_name) for column in missing),
        retyped=tuple(find_retyped(staged, limits)),
        renamed=tuple(guess_renamed(missing, list(inferred.values()))),
    )


def infer_types(texts: Mapping[str, Sequence[str]], limits: Limits) -> dict[str, InferredColumn]:
    """Infer columns from some of their texts, all at once: one alone takes as long as two hundred."""
    if not texts:
        return {}
    with connect((), limits) as cursor:
        tallies = Tallies(cursor)
        tallies.add_texts({name: readable_texts(some) for name, some in texts.items()})
    return {name: judge(name, tallies.columns[name], tallies.rows) for name in texts}


def find_retyped(staged: Staged, limits: Limits) -> Iterator[RetypedColumn]:
    readings = {
        name: reading
        for name, reading in staged.texts.readings.items()
        if reading.unread >= max(RETYPED_VALUES, RETYPED_SHARE * reading.filled)
    }
    texts = {name: [*reading.unread_texts, *reading.first_texts] for name, reading in readings.items()}
    inferred = infer_types(texts, limits)
    for name, reading in readings.items():
        column, now = staged.schema[name], inferred[name].type
        share = reading.unread / reading.filled
        if now == column.type:  # but for some words among the values, which only text can hold
            now = "string"
        examples = examples_of(reading.unread_texts)
        yield RetypedColumn(column.name, column.source_name, column.type, now, examples, round(share, 4))


def examples_of(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:EXAMPLES]


def guess_renamed(missing: Sequence[Column], candidates: Sequence[InferredColumn]) -> Iterator[tuple[str, str]]:
    """Pair missing columns with undescribed ones that read as they did and are called alike, the most alike first."""
    fitting = [(likeness(column, found), column, found) for column in missing for found in candidates]
    is_only = len(missing) == len(candidates) == 1
    taken: set[str] = set()
    for alike, column, found in sorted(fitting, key=lambda pair: -pair[0]):
        if alike < (0.01 if is_only else ALIKE) or column.name in taken or found.source in taken:
            continue
        taken |= {column.name, found.source}
        yield column.name, found.source


def likeness(column: Column, found: InferredColumn) -> float:
    """Return how alike two columns are: 0 when the values of one do not fit the other, 1 for an equal name or code list."""
    if not found.filled or column.type not in found.reads or (column.type == "string") != (found.type == "string"):
        return 0.0
    if column.enum:
        return 1.0 if set(found.examples) <= set(column.enum) else 0.0
    names = (column.source_name, column.name, column.title.ko, column.title.en)
    likeness_of_names = (SequenceMatcher(None, name.lower(), found.source.lower()).ratio() for name in names if name)
    return max(0.01, *likeness_of_names)
