"""Opens the session that a run reads through: with the source's secrets, position and certificates, or with kept answers."""

import gzip
import hashlib
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from catalog.models import Snapshot
from catalog.text import Text
from ingest.budget import permit_of
from ingest.errors import NotRepeatable
from ingest.http import INBOX, Answer, Limits, Session, Span
from ingest.listening import messages_for
from ingest.models import Run, Source
from ingest.raw import raw_store
from ingest.row_pieces import read_lines

DECISIONS = ("expectations", "ignored_columns", "personal_data")
GONE = Text(
    ko="남아 있는 원본 응답이 없습니다. 보관 기간이 지났습니다",
    en="its raw answers are no longer kept",
)
OTHER = Text(
    ko="설정이 바뀌어 그때와 다른 것을 묻습니다 ({asked}). 그때의 응답은 {kept}건입니다",
    en="the source now asks for something else than it did then ({asked}); {kept} answers of then are kept",
)


def open_session(
    run: Run, secrets: Sequence[str], spool: Path, archive: Callable[[Answer], None], alive: Callable[[], None]
) -> Session:
    """Return the session of a run; a replay reads the answers that were kept and asks nobody."""
    source = run.source
    original = replayed(run) if run.kind == Run.Kind.REPLAY else run
    shared = {
        "file_roots": settings.FILE_ROOTS,
        "secrets": secrets,
        "spool": spool,
        "alive": alive,
        "span": Span(original.since, original.until) if original.since and original.until else None,
        "setup": setup_of(source),
    }
    if run.kind == Run.Kind.REPLAY:
        return ReplaySession(original, **shared)
    return Session(
        allow_private=source.allow_private,
        archive=archive,
        before_request=permit_of(source, alive),
        position=source.position,
        moment=run.started_at,
        may_skip=is_served(source, source.distribution.current_snapshot),
        inbox=messages_for(run),
        authorities=source.ca_certificates,
        limits=fetch_limits(),
        **shared,
    )


def setup_of(source: Source) -> str:
    """Return a digest of all that makes records of a source's answers: where it differs, they are read again."""
    made_by = [getattr(source, name) for name in ("connector", "config", "mode", *DECISIONS)]
    document = [made_by, source.distribution.schema]
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def is_served(source: Source, current: Snapshot | None) -> bool:
    """Say whether what is published is what this source left there last; others may share its dataset."""
    latest = source.runs.filter(state__in=(Run.State.PUBLISHED, Run.State.UNCHANGED)).order_by("-ended_at").first()
    return latest is not None and current is not None and latest.snapshot_digest == current.digest


def fetch_limits() -> Limits:
    """Return how long and how much a source is listened to."""
    return Limits(total=settings.FETCH_SECONDS, size=settings.FETCH_MIB * 2**20)


def replayed(run: Run) -> Run:
    """Return the run whose answers are read again; the first one, when that was a replay itself."""
    found = run.of
    while found is not None and found.kind == Run.Kind.REPLAY:
        found = found.of
    if found is None or not found.raw_answers:
        raise NotRepeatable(reason=GONE)
    return found


class ReplaySession(Session):
    """Gives the kept answers of a run in the order in which they came, whatever is asked for; nothing goes over the wire."""

    def __init__(self, run: Run, **options: Any) -> None:  # noqa: ANN401 (those of ``Session``)
        super().__init__(position=run.position.get("from", {}), moment=run.started_at, **options)
        self._kept = deque(run.raw_answers)
        self._count = len(run.raw_answers)
        self.inbox = tuple(self._kept_messages())

    def _kept_messages(self) -> Iterator[Path]:
        """Yield the kept files of messages under the names that they had in the inbox; they were read before all else."""
        while self._kept and self._kept[0]["location"].startswith(INBOX):
            answer = self._unpacked(self._kept.popleft())
            yield answer.path.rename(answer.path.with_name(answer.location.removeprefix(INBOX)))

    def keep_rows(
        self, location: str, read: Callable[[], Iterator[Mapping[str, object]]]
    ) -> Iterator[Mapping[str, object]]:
        """Yield the rows that were kept under this location, in all their pieces."""
        shown = self.mask(location)
        if not self._kept or self._kept[0]["location"] != shown:
            raise NotRepeatable(reason=OTHER.format(asked=shown, kept=self._count))
        while self._kept and self._kept[0]["location"] == shown:
            piece = self._unpacked(self._kept.popleft())
            yield from read_lines(piece.path)
            piece.path.unlink()

    def _ask(
        self,
        location: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None = None,
    ) -> tuple[Answer, float | None]:
        if not self._kept:
            raise NotRepeatable(reason=OTHER.format(asked=self.mask(location), kept=self._count))
        return self._unpacked(self._kept.popleft()), 0.0

    def _unpacked(self, entry: Mapping[str, Any]) -> Answer:
        packed = raw_store().path(entry["file"])
        path = Path(self._folder.name) / entry["file"]
        digest = hashlib.sha256()
        try:
            with gzip.open(packed, "rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except OSError as error:
            raise NotRepeatable(reason=GONE) from error
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        return Answer(
            location=entry["location"],
            path=path,
            size=path.stat().st_size,
            content_type=entry["content_type"],
            status=entry.get("status", 200),
            sha256=digest.hexdigest(),
            headers=entry.get("headers", {}),
        )
