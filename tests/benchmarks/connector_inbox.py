"""Messages that a broker pushed and that wait in an inbox, and what a bare loop makes of its files.

Used by ``bench_connectors.py``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.connector_pages import rows_of

A_SEGMENT = 20_000  # messages; an inbox begins a new file every 8 MB
CONFIG: Mapping[str, Any] = {"url": "mqtts://broker.example:8883", "topics": ["air/#"], "client_id": "hub"}


def filled_inbox(total: int, folder: Path) -> Sequence[Path]:
    """Write one record a message, as the listener does; return the files."""
    paths = []
    for start in range(0, total, A_SEGMENT):
        lines = [
            orjson.dumps(
                {
                    "at": "2026-11-22T09:00:00+00:00",
                    "key": f"0123abcd:{number % 65_535}:0123456789abcdef",
                    "message": {"topic": f"air/{row['district']}", "payload": orjson.dumps(row).decode()},
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for number, row in enumerate(rows_of(start, min(start + A_SEGMENT, total)))
        ]
        paths.append(folder / f"{start:015}.ndjson")
        paths[-1].write_bytes(b"".join(lines))
    return paths


def bare_messages(paths: Sequence[Path], folder: Path) -> int:
    done, shape = 0, pa.Table.from_pylist(rows_of(0, 4)).schema
    with pq.ParquetWriter(folder / "bare.parquet", shape, compression="zstd") as writer:
        for path in paths:
            lines = path.read_bytes().splitlines()
            rows = [orjson.loads(orjson.loads(line)["message"]["payload"]) for line in lines]
            writer.write_table(pa.Table.from_pylist(rows, schema=shape))
            done += len(rows)
    return done
