"""How a Statement would be answered: the snapshots, the parts that are read, and the engine's plan without its paths."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.records.engine import Limits
from catalog.records.manifest import Manifest
from catalog.records.sql.ask_engine import ask_engine
from catalog.records.sql.parse import Statement
from catalog.records.sql.prune import parts_to_read
from catalog.records.store import Store

# What is shown of a step; everything else that the engine tells of it stays here.
SHOWN = (
    "Join Type",
    "Conditions",
    "Filters",
    "Projections",
    "Groups",
    "Aggregates",
    "Order By",
    "Top",
    "Expression",
    "Condition",
)
LONGEST_DETAIL = 300
HIDDEN = re.compile(r"get_bit\('[01]*'::BIT[^=]*= 0")  # how read_parts leaves out replaced rows


@dataclass(frozen=True)
class Read:
    """A dataset as the statement reads it once."""

    dataset: str
    snapshot: str
    parts_read: int
    parts: int
    rows_read: int


@dataclass(frozen=True)
class Plan:
    """What would be read, the statement as it was understood, and the engine's steps, the last one first, indented."""

    reads: tuple[Read, ...]
    statement: str
    steps: tuple[str, ...]


def explain_sql(
    statement: Statement, manifests: Mapping[str, Manifest], store: Store, limits: Limits, *, rows: int
) -> Plan:
    """Plan a statement without running it."""
    with ask_engine(statement, manifests, store, limits, rows=rows, plan=True) as answer:
        [(_, plan)] = answer.fetchall()
    return Plan(
        reads=tuple(read_of(reading.dataset, reading.bounds, manifests) for reading in statement.readings),
        statement=statement.in_callers_names(statement.text),
        steps=tuple(step for root in orjson.loads(plan) for step in steps(root, statement, 0)),
    )


def read_of(dataset: str, bounds: tuple[Any, ...], manifests: Mapping[str, Manifest]) -> Read:
    manifest = manifests[dataset]
    positions = parts_to_read(manifest, bounds)
    rows = sum(manifest.parts[position].rows for position in positions)
    return Read(dataset, manifest.digest, len(positions), len(manifest.parts), rows)


def steps(node: Mapping[str, Any], statement: Statement, depth: int) -> Iterator[str]:
    told = node.get("extra_info") or {}
    details = [f"{name}: {statement.in_callers_names(detail(told[name]))}" for name in SHOWN if told.get(name)]
    expected = told.get("Estimated Cardinality")
    if expected:
        details.append(f"~{int(expected):,} rows" if str(expected).isdigit() else f"~{expected} rows")
    yield "  " * depth + " · ".join([str(node.get("name", "")).strip(), *details])
    for child in node.get("children") or []:
        yield from steps(child, statement, depth + 1)


def detail(value: object) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(HIDDEN.sub("not replaced since", shown).split())[:LONGEST_DETAIL]
