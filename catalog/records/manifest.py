"""Manifests: what a snapshot is made of, and the statement that reads its visible rows.

A manifest is a frozen value that names its parts by digest and carries their counts, ranges and boxes, so that a question
opens only the parts it needs.
"""

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from catalog.records.engine import identifier, names_of
from catalog.records.hidden import hidden_bits
from catalog.records.layout import ROW, content_names, staging_schema
from catalog.records.schema import Schema, from_table_schema, to_table_schema
from catalog.records.store import Store


@dataclass(frozen=True)
class Part:
    """One file of a snapshot. ``hidden`` names the file of its rows that later upserts replaced (``hidden.py``).

    ``hides``: its keys replace those of the parts before it; upserts were written so once, and such snapshots are read
    still. ``ranges`` holds the least and greatest value of columns as text or number; ``box`` is west, south, east, north.
    """

    digest: str
    rows: int
    size: int
    hides: bool = False
    ranges: Mapping[str, tuple[Any, Any]] | None = None
    box: tuple[float, float, float, float] | None = None
    hidden: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "digest": self.digest,
            "rows": self.rows,
            "size": self.size,
            "hides": self.hides,
            "ranges": {name: list(bounds) for name, bounds in (self.ranges or {}).items()},
            "box": list(self.box) if self.box else None,
            "hidden": self.hidden,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Part":
        return cls(
            digest=entry["digest"],
            rows=entry["rows"],
            size=entry["size"],
            hides=entry["hides"],
            ranges={name: (low, high) for name, (low, high) in entry["ranges"].items()},
            box=tuple(entry["box"]) if entry["box"] else None,
            hidden=entry.get("hidden", ""),
        )


@dataclass(frozen=True)
class Manifest:
    """A snapshot: its schema, its parts in order, and how many records a reader sees."""

    schema: Schema
    parts: tuple[Part, ...]
    records: int

    @cached_property
    def digest(self) -> str:
        """The snapshot's name: SHA-256 over the schema and the parts' digests."""
        parts = [[part.digest, part.hides, *([part.hidden] if part.hidden else [])] for part in self.parts]
        content = {"schema": to_table_schema(self.schema), "parts": parts}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema": to_table_schema(self.schema),
            "parts": [part.as_dict() for part in self.parts],
            "records": self.records,
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Manifest":
        return cls(
            schema=from_table_schema(entry["schema"]),
            parts=tuple(Part.from_dict(part) for part in entry["parts"]),
            records=entry["records"],
        )


def current_rows(manifest: Manifest, store: Store) -> tuple[str, dict[str, Any]]:
    """Return the statement that reads every visible row of a snapshot, and its parameters."""
    return read_parts(manifest, store, range(len(manifest.parts)), content_names(manifest.schema))


def read_parts(
    manifest: Manifest, store: Store, positions: Sequence[int], columns: Iterable[str]
) -> tuple[str, dict[str, Any]]:
    """Return the statement that reads the visible rows of some parts; ``_row`` counts over the whole snapshot.

    Rows that later upserts replaced are left out. Rows come in their order when every part ``keeps_order``.
    """
    if not positions:
        return empty_rows(manifest.schema), {}
    parameters: dict[str, Any] = {}
    starts = [0, *itertools.accumulate(part.rows for part in manifest.parts)]
    hiding = [at for at, part in enumerate(manifest.parts) if part.hides and at > min(positions)]
    shown, key = list(columns), manifest.schema.key
    needed = dict.fromkeys([*shown, *key] if hiding else shown)
    reads = []
    for at in positions:
        row = f"{ROW} + {starts[at]} AS {ROW}" if starts[at] else ROW
        read = f"SELECT {', '.join([*map(identifier, needed), row])}{f', {at} AS _part' if hiding else ''} FROM "
        if digest := manifest.parts[at].hidden:
            # The row's number in the file, which the engine knows without reading the column ROW.
            read += (
                f"read_parquet($part_{at}, file_row_number = true) "
                f"WHERE get_bit($hidden_{at}::BIT, file_row_number::INTEGER) = 0"
            )
            parameters[f"hidden_{at}"] = hidden_bits(digest, manifest.parts[at].rows, store)
        else:
            read += f"read_parquet($part_{at})"
        reads.append(read)
    statement = " UNION ALL ".join(reads)
    if hiding:
        same = " AND ".join(f"later.{identifier(name)} = part.{identifier(name)}" for name in key)
        later = " UNION ALL ".join(
            f"SELECT {names_of(key)}, {at} AS _part FROM read_parquet($part_{at})" for at in hiding
        )
        statement = (
            f"SELECT {names_of([*shown, ROW])} FROM ({statement}) AS part "
            f"ANTI JOIN ({later}) AS later ON {same} AND later._part > part._part"
        )
    paths = {f"part_{at}": str(store.path(manifest.parts[at].digest)) for at in {*positions, *hiding}}
    return statement, parameters | paths


def has_hidden_rows(manifest: Manifest, position: int) -> bool:
    """Tell whether a part may have rows that a reader does not see."""
    return bool(manifest.parts[position].hidden) or not keeps_order(manifest, position)


def keeps_order(manifest: Manifest, position: int) -> bool:
    """Tell whether a part is read in the order of its rows: not through the join that ``Part.hides`` needs."""
    return not any(part.hides for part in manifest.parts[position + 1 :])


def empty_rows(schema: Schema) -> str:
    """Return a statement with the columns of a snapshot and no rows."""
    kinds = {
        "int64": "BIGINT",
        "double": "DOUBLE",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
        "string": "VARCHAR",
        "binary": "BLOB",
    }
    columns = [
        f"NULL::{kinds.get(str(field.type), 'TIMESTAMPTZ')} AS {identifier(field.name)}"
        for field in staging_schema(schema)
    ]
    return f"SELECT {', '.join(columns)} LIMIT 0"
