"""A database with a table of records, and what a bare loop makes of its rows.

Used by ``bench_connectors.py``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.connector_pages import COLUMNS, PAGE, rows_of
from tests.benchmarks.peers.cluster import postgresql

KINDS = {"at": "timestamptz", "pm10": "integer", "pm25": "integer"} | dict.fromkeys(
    ("o3", "longitude", "latitude"), "double precision"
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM air"


@contextmanager
def filled_database(total: int, folder: Path) -> Iterator[str]:
    """Run a PostgreSQL with the records in its table ``air``; yield its address, with the password in it."""
    with postgresql(folder) as cluster:
        with psycopg.connect(cluster.address) as connection:
            columns = ", ".join(f"{name} {KINDS.get(name, 'text')}" for name in COLUMNS)
            connection.execute(f"CREATE TABLE air ({columns})")
            with connection.cursor().copy(f"COPY air ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for row in rows_of(0, total):
                    copy.write_row(tuple(row.values()))
        yield cluster.address


def bare_rows(address: str, folder: Path) -> int:
    """Read through a cursor on the server, page by page, and write Parquet."""
    done, writer = 0, None
    with psycopg.connect(address) as connection, connection.cursor(name="bare") as cursor:
        cursor.execute(SELECT)
        while rows := cursor.fetchmany(PAGE):
            page = pa.table(dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)), schema=writer and writer.schema)
            writer = writer or pq.ParquetWriter(folder / "bare.parquet", page.schema, compression="zstd")
            writer.write_table(page)
            done += len(rows)
    if writer:
        writer.close()
    return done
