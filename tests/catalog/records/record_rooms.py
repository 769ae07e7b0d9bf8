"""A room to keep records in: the whole way from rows to answers, with plain values going in and coming out."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.records import (
    Column,
    Expectations,
    Limits,
    LoadMode,
    Manifest,
    Page,
    Schema,
    Staged,
    Store,
    as_dictionaries,
    discard,
    encode,
    parse_query,
    run_query,
    stream_query,
    tabulate,
    validate,
    write_snapshot,
)
from catalog.records.index import Index, Indexes, build_index


def make_schema(*, key: tuple[str, ...] = (), sorted_by: tuple[str, ...] = (), **types: str) -> Schema:
    """Return a schema with a column for each ``name=type``."""
    return Schema(columns=tuple(Column(name, kind) for name, kind in types.items()), key=key, sorted_by=sorted_by)


class Room:
    def __init__(self, folder: Path, *, memory_mib: int = 512, seconds: float = 60.0) -> None:
        self.limits = Limits(spool=folder / "spool", memory_mib=memory_mib, seconds=seconds)
        self.store = Store(folder / "store")

    def stage(self, rows: Iterable[Any], schema: Schema, *, keep: str = "first", **options: Any) -> Staged:
        """Type rows and refuse repeated keys."""
        staged = tabulate(rows, schema, limits=self.limits, **options)
        validate(staged, Expectations(min_rows=0, keep=keep), previous_rows=None, limits=self.limits)
        return staged

    def write(
        self,
        rows: Iterable[Any],
        schema: Schema,
        mode: LoadMode = LoadMode.REPLACE,
        previous: Manifest | None = None,
        *,
        is_part: bool = False,
        **options: Any,
    ) -> Manifest:
        staged = self.stage(rows, schema, **options)
        try:
            return write_snapshot(staged, self.store, mode=mode, previous=previous, limits=self.limits, is_part=is_part)
        finally:
            discard(staged)

    def page(self, manifest: Manifest, *parameters: tuple[str, str]) -> Page:
        query = parse_query(parameters, manifest.schema)
        return run_query(manifest, query, self.store, self.limits, self.index_of(manifest))

    def ask(self, manifest: Manifest, *parameters: tuple[str, str]) -> list[dict[str, Any]]:
        """Return one page of records as Python values."""
        return self.page(manifest, *parameters).rows.to_pylist()

    def stream(self, manifest: Manifest, *parameters: tuple[str, str]) -> list[dict[str, Any]]:
        """Return the whole answer as Python values."""
        query = parse_query(parameters, manifest.schema)
        batches = stream_query(manifest, query, self.store, self.limits, self.index_of(manifest))
        return [row for batch in batches for row in batch.to_pylist()]

    def index_of(self, manifest: Manifest) -> Index | None:
        """Return the index that questions are answered by; this room has none."""
        return None

    def walk(self, manifest: Manifest, *parameters: tuple[str, str]) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of an answer, following the cursor to the end."""
        page = self.page(manifest, *parameters)
        yield page.rows.to_pylist()
        while page.next_cursor:
            page = self.page(manifest, *parameters, ("cursor", page.next_cursor))
            yield page.rows.to_pylist()

    def shown(self, manifest: Manifest) -> list[dict[str, object]]:
        """Return all records as the JSON encoder shows them."""
        query = parse_query([], manifest.schema)
        return [
            record
            for batch in stream_query(manifest, query, self.store, self.limits)
            for record in as_dictionaries(batch, manifest.schema)
        ]

    def encoded(self, manifest: Manifest, format_name: str, *parameters: tuple[str, str], **writing: str) -> bytes:
        query = parse_query(parameters, manifest.schema)
        batches = stream_query(manifest, query, self.store, self.limits)
        return b"".join(encode(batches, manifest.schema, format_name, spool=self.limits.spool, **writing))


class IndexedRoom(Room):
    """A room that builds the index of every snapshot before it is asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.indexes = Indexes(folder / "index", self.limits)

    def index_of(self, manifest: Manifest) -> Index | None:
        build_index(manifest, self.store, self.indexes.root, self.limits)
        found = self.indexes.find(manifest.digest)
        assert found is not None
        return found


def refused_lines(staged: Staged) -> list[dict[str, Any]]:
    """Return what stands in the file of refused records."""
    with gzip.open(staged.refused_path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def texts(rows: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Write typed values as a platform would: text, or None."""
    return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
