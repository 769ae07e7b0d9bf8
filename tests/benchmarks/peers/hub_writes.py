"""The hub's own writing path, called in a process of its own: ``python -m tests.benchmarks.peers.hub_writes VERB …``.

``load DATASET FILE`` publishes a Parquet file as a run would after typing; ``upsert DATASET FILE`` the same with mode
upsert; ``pull SOURCE`` does a whole run of a source. Each prints what it took as JSON.
"""

import datetime as dt
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")

import django

django.setup()

import duckdb  # noqa: E402
from django.conf import settings  # noqa: E402

from catalog.models import Dataset, Distribution  # noqa: E402
from catalog.publish import publish_snapshot  # noqa: E402
from catalog.records import (  # noqa: E402
    Expectations,
    Limits,
    LoadMode,
    Schema,
    Staged,
    discard,
    from_table_schema,
    tabulate,
    validate,
    write_snapshot,
)
from catalog.records.layout import staging_schema  # noqa: E402
from catalog.records.staged import open_staging  # noqa: E402
from catalog.storage import record_store  # noqa: E402
from ingest.models import Run, Source  # noqa: E402
from ingest.pipeline import pull_run  # noqa: E402
from ingest.runs import enter_run  # noqa: E402

WHATEVER_COMES = Expectations(min_rows=0, min_share=None)
WORK_MEMORY_MIB = 2_048  # sorts ten million rows without spilling much
ENGINE_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "datetime": "TIMESTAMPTZ"}


def load(slug: str, file: str) -> Mapping[str, object]:
    return publish(slug, Path(file), LoadMode.REPLACE)


def upsert(slug: str, file: str) -> Mapping[str, object]:
    return publish(slug, Path(file), LoadMode.UPSERT)


def publish(slug: str, file: Path, mode: LoadMode) -> Mapping[str, object]:
    """Check, write and publish the rows of a file; the time for staging it, which typing would take, is told apart."""
    began = time.time()
    distribution = find_distribution(slug)
    staged = stage(file, from_table_schema(distribution.schema))
    typed = time.time()
    written = publish_staged(distribution, staged, mode)
    ended = time.time()
    return {
        "rows": staged.accepted,
        "staging": typed - began,
        "writing": written - typed,
        "publishing": ended - written,
        "began": typed,
        "seconds": ended - typed,
    }


def publish_rows(slug: str, rows: Iterable[Mapping[str, object]], mode: LoadMode) -> None:
    """Type, check, write and publish rows as a run does."""
    distribution = find_distribution(slug)
    limits = Limits(spool=settings.SPOOL_DIR, memory_mib=WORK_MEMORY_MIB)
    publish_staged(distribution, tabulate(rows, from_table_schema(distribution.schema), limits=limits), mode)


def find_distribution(slug: str) -> Distribution:
    return Dataset.objects.select_related("distribution__current_snapshot").get(slug=slug).distribution


def publish_staged(distribution: Distribution, staged: Staged, mode: LoadMode) -> float:
    """Check, write and publish staged rows, remove the staging files and return when they were written."""
    limits = Limits(spool=settings.SPOOL_DIR, memory_mib=WORK_MEMORY_MIB)
    current = distribution.current_snapshot
    try:
        report = validate(staged, WHATEVER_COMES, previous_rows=None, limits=limits)
        manifest = write_snapshot(
            staged, record_store(), mode=mode, previous=current.manifest if current else None, limits=limits
        )
        written = time.time()
        publish_snapshot(distribution, manifest, report=report, rejected=0, valid_at=dt.datetime.now(dt.UTC))
    finally:
        discard(staged)
    return written


def stage(file: Path, schema: Schema) -> Staged:
    """Write the rows as typed rows lie in the spool; local times are those of Korea."""
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    stem = settings.SPOOL_DIR / f"staged-{uuid.uuid4().hex}"
    path = stem.with_suffix(".arrow")
    columns = ", ".join(f"{column.name}::{ENGINE_TYPES[column.type]} AS {column.name}" for column in schema.columns)
    rows = 0
    with duckdb.connect() as connection, open_staging(path, schema) as staged:
        connection.execute("SET TimeZone = 'Etc/GMT-9'")
        found = connection.sql(
            f"SELECT file_row_number + 1 AS _row, {columns} FROM read_parquet('{file}', file_row_number = true)"
        )
        shape = staging_schema(schema)
        for batch in found.to_arrow_reader(100_000):
            staged.write_batch(batch.cast(shape))
            rows += batch.num_rows
    names = {column.source_name for column in schema.columns}
    return Staged(schema, path, stem.with_suffix(".ndjson.gz"), rows=rows, accepted=rows, seen=names)


def pull(slug: str) -> Mapping[str, object]:
    """Do a run of a source here, from its file to the published snapshot."""
    run = enter_run(Source.objects.get(slug=slug))
    began = time.time()
    pull_run(run.pk)
    seconds = time.time() - began
    run.refresh_from_db()
    if run.state != Run.State.PUBLISHED:
        raise SystemExit(f"{slug}: {run.state} {run.error_en}")
    return {"rows": run.accepted, "began": began, "seconds": seconds}


VERBS: Mapping[str, Callable[..., Mapping[str, object]]] = {"load": load, "upsert": upsert, "pull": pull}

if __name__ == "__main__":
    print(json.dumps(VERBS[sys.argv[1]](*sys.argv[2:])))
