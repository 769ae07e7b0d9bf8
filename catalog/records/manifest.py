"""Manifests: what a snapshot is made of, and the statement that reads its visible rows.

A manifest is a frozen value that names its parts by digest and carries their counts, ranges and boxes, so that a question
opens only the parts it needs.
"""

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.records.engine import identifier, names_of
from catalog.records.layout import ROW, content_names, staging_schema
from catalog.records.schema import Schema, from_table_schema, to_table_schema
from catalog.records.store import Store


@dataclass(frozen=True)
class Part:
    """One file of a snapshot. ``hides``: its keys replace those of the parts before it (an upsert).

    ``ranges`` holds the least and greatest value of columns as text or number; ``box`` is west, south, east, north.
    """

    digest: str
    rows: int
    size: int
    hides: bool = False
    ranges: Mapping[str, tuple[Any, Any]] | None = None
    box: tuple[float, float, float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "digest": self.digest,
            "rows": self.rows,
            "size": self.size,
            "hides": self.hides,
            "ranges": {name: list(bounds) for name, bounds in (self.ranges or {}).items()},
            "box": list(self.box) if self.box else None,
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
        )


@dataclass(frozen=True)
class Manifest:
    """A snapshot: its schema, its parts in order, and how many records a reader sees."""

    schema: Schema
    parts: tuple[Part, ...]
    records: int

    @property
    def digest(self) -> str:
        """The snapshot's name: SHA-256 over the schema and the parts' digests."""
        content = {"schema": to_table_schema(self.schema), "parts": [[part.digest, part.hides] for part in self.parts]}
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

    A row of a part is hidden when a later upsert part has its key. Rows come in their order unless one of the parts has
    later upserts (``has_hidden_rows``).
    """
    if not positions:
        return empty_rows(manifest.schema), {}
    starts = [0, *itertools.accumulate(part.rows for part in manifest.parts)]
    hiding = [at for at, part in enumerate(manifest.parts) if part.hides and at > min(positions)]
    shown, key = list(columns), manifest.schema.key
    needed = names_of(dict.fromkeys([*shown, *key]) if hiding else shown)
    reads = []
    for at in positions:
        row = f"{ROW} + {starts[at]} AS {ROW}" if starts[at] else ROW
        reads.append(f"SELECT {needed}, {row}{f', {at} AS _part' if hiding else ''} FROM read_parquet($part_{at})")
    statement = " UNION ALL ".join(reads)
    if hiding:
        same = " AND ".join(f"later.{identifier(name)} = part.{identifier(name)}" for name in key)
        later = " UNION ALL ".join(
            f"SELECT {names_of(key)}, {at} AS _part FROM read_parquet($part_{at})" for at in hiding
        )
        statement = (
            f"SELECT {names_of(shown)}, {ROW} FROM ({statement}) AS part "
            f"ANTI JOIN ({later}) AS later ON {same} AND later._part > part._part"
        )
    return statement, {f"part_{at}": str(store.path(manifest.parts[at].digest)) for at in {*positions, *hiding}}


def has_hidden_rows(manifest: Manifest, position: int) -> bool:
    """Tell whether a later part may hide rows of this one; they are then read through a join, which keeps no order."""
    return any(part.hides for part in manifest.parts[position + 1 :])


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
