"""How large a download will be: exact for a small snapshot, estimated from its first records for a large one."""

from collections.abc import Iterator

import pyarrow as pa

from catalog.records.encode import encode
from catalog.records.engine import Limits
from catalog.records.manifest import Manifest
from catalog.records.parse import parse_query
from catalog.records.run import stream_query
from catalog.records.store import Store

SAMPLE = 10_000  # records; what is encoded of a snapshot, however large it is


def estimate_size(manifest: Manifest, format_name: str, store: Store, limits: Limits) -> int:
    """Return the size of a snapshot in a format, in bytes; beyond ``SAMPLE`` records in proportion to these."""
    query = parse_query([("limit", str(SAMPLE))], manifest.schema)
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in stream_query(manifest, query, store, limits):
            rows += batch.num_rows
            yield batch

    size = sum(map(len, encode(counted(), manifest.schema, format_name, spool=limits.spool)))
    return size if rows == manifest.records else round(size * manifest.records / rows)
