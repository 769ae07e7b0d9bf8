"""From a Statement and the manifests of its datasets to what the engine runs: each reading becomes the visible rows of a
snapshot. The rows of an answer are the same whatever ``snapshot_rows`` reads them from.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from catalog.records.engine import identifier, names_of
from catalog.records.manifest import Manifest, read_parts
from catalog.records.sql.parse import Reading, Statement
from catalog.records.sql.prune import parts_to_read
from catalog.records.sql.suppress import Suppression, write_suppression
from catalog.records.store import Store

PARAMETER = re.compile(r"\$(\w+)")
EVERY_COLUMN: Mapping[str, Collection[str]] = MappingProxyType({})


def write_statement(
    statement: Statement,
    manifests: Mapping[str, Manifest],
    store: Store,
    *,
    limit: int | None,
    suppression: Suppression | None = None,
    columns: Mapping[str, Collection[str]] = EVERY_COLUMN,
) -> tuple[str, dict[str, Any]]:
    """Return the engine's statement and its parameters; the paths of parts are parameters."""
    parameters: dict[str, Any] = {}
    tables = []
    for reading in statement.readings:
        relation, paths = snapshot_rows(reading, manifests[reading.dataset], store, columns.get(reading.dataset))
        # Not materialised: conditions and the choice of columns reach the parts.
        tables.append(f"{identifier(reading.name)} AS NOT MATERIALIZED ({relation})")
        parameters |= paths
    tables_first = f"WITH {', '.join(tables)} " if tables else ""
    told = (
        write_suppression(statement.text, suppression) if suppression else f"SELECT * FROM ({statement.text}) AS answer"
    )
    return f"{tables_first}{told}{'' if limit is None else f' LIMIT {limit:d}'}", parameters


def snapshot_rows(
    reading: Reading, manifest: Manifest, store: Store, columns: Collection[str] | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the statement that gives the visible rows of a snapshot, without what is ours, and its parameters.

    ``columns``: only these of them; None for all.
    """
    names = tuple(name for name in manifest.schema.names if columns is None or name in columns)
    relation, parameters = read_parts(manifest, store, parts_to_read(manifest, reading.bounds), names)
    own = {name: f"{name}{reading.name}" for name in parameters}
    # Columns are never called so (a name has no "$"), so that this finds parameters only.
    relation = PARAMETER.sub(lambda found: f"${own[found[1]]}", relation)
    return f"SELECT {names_of(names)} FROM ({relation}) AS records", {
        own[name]: value for name, value in parameters.items()
    }
