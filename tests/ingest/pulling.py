"""Sources over small files, and pulls of them, through the real verbs."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from builders import make_dataset

from catalog.models import Dataset
from catalog.records import Column, Manifest, Schema, as_dictionaries, parse_query, run_query
from catalog.storage import question_limits, record_store
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.runs import enter_run
from ingest.sources import save_source

LOTS = Schema(
    columns=(
        Column("lot_id", source="번호", required=True),
        Column("name", source="이름"),
        Column("spaces", "integer", source="면수"),
    )
)
HEADER = ("번호", "이름", "면수")


def write_lots(path: Path, lots: Iterable[tuple[object, ...]], header: tuple[str, ...] = HEADER) -> Path:
    """Write a CSV file as a municipality would."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lots])
    return path


def lots(*numbers: int) -> list[tuple[object, ...]]:
    return [(f"{number:04}", f"제{number}주차장", number * 10) for number in numbers]


def make_source(
    path: Path | str, slug: str = "parking", *, dataset: Dataset | None = None, mode: str = "replace", **options: Any
) -> Source:
    """Declare a source that reads a file; without a dataset it gets one of car parks with its own slug."""
    dataset = dataset or make_dataset(slug, schema=LOTS)
    options = {"connector": "file", "config": {"path": str(path)}, "expectations": {"min_rows": 1}} | options
    save_source(slug, dataset.distribution, mode=mode, **options)
    return Source.objects.select_related("distribution__dataset").get(slug=slug)


def pull(source: Source, **slot: Any) -> Run:
    """Pull a source once, in this process, and return the run as it ended."""
    run = enter_run(source, **slot)
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def published(source: Source) -> Manifest | None:
    """Return what is published by the source's dataset now."""
    source.distribution.refresh_from_db()
    snapshot = source.distribution.current_snapshot
    return snapshot.manifest if snapshot else None


def records(source: Source) -> list[Mapping[str, Any]]:
    """Return every published record, in its order."""
    manifest = published(source)
    query = parse_query([("limit", "10000")], manifest.schema)
    page = run_query(manifest, query, record_store(), question_limits())
    return list(as_dictionaries(page.rows, manifest.schema))
