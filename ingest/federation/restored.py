"""Notices that the database was restored from a backup, so that what has been numbered twice is never mistaken.

A mark beside the records says how far the change feed had come. A feed that is behind its mark, or tells another entry there,
begins a new epoch: everybody who follows it starts over. Where the records were restored together with the database the
mark went back too; then a known peer that has read further tells it (``door.py``), or the operator (``manage.py start_over``).
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from catalog.feed import begin_epoch
from catalog.models import Change, FeedHead

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mark:
    """How far the feed had come: its epoch, and the number and digest of its last entry."""

    epoch: int
    sequence: int
    digest: str


def watch_for_restore() -> bool:
    """Compare the feed with the mark and move the mark on; tell whether a new epoch has begun."""
    head = FeedHead.objects.first()
    if head is None:
        return False
    path = mark_path()
    known = read_mark(path)
    is_restored = known is not None and known.epoch == head.epoch and not has_passed(head, known)
    if is_restored:
        logger.warning("the change feed is behind its mark, a backup was restored: a new epoch begins")
        begin_epoch()
        head.refresh_from_db()
    mark = Mark(head.epoch, head.sequence, head.digest)
    if mark != known:
        write_mark(path, mark)
    return is_restored


def has_passed(head: FeedHead, mark: Mark) -> bool:
    """Tell whether the feed has an entry of the mark's number and digest."""
    if head.sequence < mark.sequence:
        return False
    if not mark.sequence:
        return True
    digest = Change.objects.filter(sequence=mark.sequence).values_list("digest", flat=True).first()
    return digest == mark.digest


def mark_path() -> Path:
    return settings.STORE_DIR / "feed-mark.json"


def read_mark(path: Path) -> Mark | None:
    try:
        return Mark(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # never written, or cut by a full disk: it is written anew
        return None


def write_mark(path: Path, mark: Mark) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(mark)), encoding="utf-8")
    unfinished.replace(path)
