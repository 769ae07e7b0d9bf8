"""Raw answers and refused records on disk: compressed, named by digest, kept for the source's days."""

import datetime as dt
import gzip
import shutil
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from catalog.records import Store
from ingest.echoes import Echoes
from ingest.http import Answer
from ingest.masking import Mask
from ingest.models import Run, Source

LEFTOVER_AGE = dt.timedelta(days=1)
SPILL = "spill"  # where the kept connections of every process spill to, as long as they live
GZIP_LEVEL = 1  # a fifth larger than the usual 6, which takes longer than all the rest of a run


KEPT_HEADERS = frozenset({"link", "content-disposition", "etag", "last-modified", "retry-after", "content-crs"})


def raw_store() -> Store:
    return Store(settings.RAW_DIR / "answers", suffix=".gz")


def rejected_store() -> Store:
    return Store(settings.RAW_DIR / "rejected", suffix=".ndjson.gz")


def keep_answer(answer: Answer, spool: Path, mask: Mask, echoes: Echoes) -> dict[str, Any]:
    """Keep what the platform said, byte for byte but for secrets of ours that it repeats; return the run's entry of it.

    ``sha256`` and ``bytes`` are those of the answer as it came; ``masked`` tells that the kept one differs, ``last`` that
    no further piece of the same rows follows.
    """
    packed = spool / f"raw-{uuid.uuid4().hex}.gz"
    with packed.open("wb") as target, gzip.GzipFile("", "wb", GZIP_LEVEL, target, mtime=0) as file:
        is_masked = echoes.copy(answer, file, mask)
    return {
        "file": raw_store().keep(packed),
        "sha256": answer.sha256,
        "location": answer.location,
        "content_type": mask(answer.content_type),
        "bytes": answer.size,
        "status": answer.status,
        "headers": {name: mask(value) for name, value in answer.headers.items() if name in KEPT_HEADERS},
        **({"masked": True} if is_masked else {}),
        **({"last": True} if answer.is_last else {}),
    }


def keep_rejected(path: Path) -> str:
    """Keep the file of refused records and return its digest."""
    return rejected_store().keep(path)


def rejected_path(run: Run) -> Path | None:
    """Return the refused records of a run (compressed JSON lines); None when there are none or they are no longer kept."""
    path = rejected_store().path(run.rejected_digest) if run.rejected_digest else None
    return path if path and path.is_file() else None


def forget_raw(now: dt.datetime) -> int:
    """Remove raw answers and refused records past their source's days; files that a younger run names too stay."""
    keeping = Run.objects.exclude(raw_answers=[], rejected_digest="")
    for days in Source.objects.order_by().values_list("raw_days", flat=True).distinct():
        past = keeping.filter(source__raw_days=days, ended_at__lt=now - dt.timedelta(days=days))
        past.update(raw_answers=[], rejected_digest="")
    named = Run.objects.exclude(raw_answers=[]).values_list("raw_answers", flat=True)
    answers = {entry["file"] for entries in named.iterator() for entry in entries}
    rejected = set(Run.objects.exclude(rejected_digest="").values_list("rejected_digest", flat=True))
    return raw_store().collect_orphans(answers) + rejected_store().collect_orphans(rejected)


def forget_answers_of(runs: QuerySet[Run]) -> int:
    """Keep no raw answers and no refused records of some runs; return how many had any. The files are collected as all are."""
    return runs.exclude(raw_answers=[], rejected_digest="").update(raw_answers=[], rejected_digest="")


def forget_leftovers(now: dt.datetime) -> int:
    """Remove what killed workers left in the spool: whatever is older than any running work.

    The folder of spills stays: an engine whose folder is gone makes no other, and fails from then on.
    """
    removed = 0
    for path in settings.SPOOL_DIR.glob("*"):
        if path.name != SPILL and path.stat().st_mtime < (now - LEFTOVER_AGE).timestamp():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed += 1
    return removed
