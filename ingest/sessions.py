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
from catalog.records import from_table_schema
from catalog.text import Text
from ingest.budget import permit_of
from ingest.errors import NotRepeatable
from ingest.http import INBOX, Answer, Limits, Session, Span
from ingest.listening import messages_for
from ingest.models import Run, Source
from ingest.raw import raw_store
from ingest.row_pieces import read_pages

GOOD = (Run.State.PUBLISHED, Run.State.UNCHANGED)
WHOLE = (*GOOD, Run.State.HELD)  # a run that came to such an end had read everything
DECISIONS = ("expectations", "ignored_columns", "personal_data")
GONE = Text(
    ko="남아 있는 원본 응답이 없습니다. 보관 기간이 지났습니다",
    en="its raw answers are no longer kept",
)
OTHER = Text(
    ko="설정이 바뀌어 그때와 다른 것을 묻습니다 ({asked}). 그때의 응답은 {kept}건입니다",
    en="the source now asks for something else than it did then ({asked}); {kept} answers of then are kept",
)
TWICE = Text(
    ko="이 실행 뒤의 것을 이미 받아, 다시 덧붙이면 같은 레코드가 두 번 들어갑니다",
    en="what came after this run has been taken already; adding it again would give records twice",
)
OVERTAKEN = Text(
    ko="그 뒤의 실행이 더 새로운 값을 이미 공개하여, 다시 읽으면 옛값이 덮어씁니다. 새로 받으십시오",
    en="a later run has published newer values, which old ones would be put over; pull anew",
)
BROKEN_OFF = Text(
    ko="그때 {asked}을(를) 읽다가 끊겨, 남아 있는 것은 일부입니다. 새로 받으십시오",
    en="reading {asked} broke off then, so that only a part is kept; pull anew",
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
        refuse_replay(original)  # since it was asked for, others may have been faster
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
    latest = source.runs.filter(state__in=GOOD).order_by("-ended_at").first()
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


def refuse_replay(original: Run) -> None:
    """Refuse to read again what would be added twice, or would put old values over newer ones."""
    mode = original.source.mode
    if mode == Source.Mode.APPEND and was_taken(original):
        raise NotRepeatable(reason=TWICE)
    if mode == Source.Mode.UPSERT and was_overtaken(original):
        raise NotRepeatable(reason=OVERTAKEN)


def was_taken(original: Run) -> bool:
    """Say whether the answers of a run have been published, by itself, a replay or whatever went on from its position."""
    moved_on = bool(original.position) and original.source.position != original.position.get("from", {})
    replays = original.repetitions.filter(kind=Run.Kind.REPLAY, state__in=GOOD)
    return moved_on or original.state in GOOD or replays.exists()


def was_overtaken(original: Run) -> bool:
    """Say whether later answers may have put newer values under the same keys; a key with its time comes but once."""
    schema = from_table_schema(original.source.distribution.schema)
    if schema.time in schema.key:
        return False
    later = original.source.runs.filter(state__in=GOOD, started_at__gt=original.started_at).select_related("of")
    return later.filter(of=None).exists() or any(
        first_of(run).started_at > original.started_at for run in later.exclude(of=None)
    )


def first_of(run: Run) -> Run:
    """Return the run that asked the platform for what this one holds."""
    while run.of is not None:
        run = run.of
    return run


class ReplaySession(Session):
    """Gives the kept answers of a run in the order in which they came, whatever is asked for; nothing goes over the wire."""

    def __init__(self, run: Run, **options: Any) -> None:  # noqa: ANN401 (those of ``Session``)
        super().__init__(position=run.position.get("from", {}), moment=run.started_at, **options)
        self._kept = deque(run.raw_answers)
        self._count = len(run.raw_answers)
        self._was_whole = run.state in WHOLE
        self.inbox = tuple(self._kept_messages())

    def _kept_messages(self) -> Iterator[Path]:
        """Yield the kept files of messages under the names that they had in the inbox; they were read before all else."""
        while self._kept and self._kept[0]["location"].startswith(INBOX):
            answer = self._unpacked(self._kept.popleft())
            yield answer.path.rename(answer.path.with_name(answer.location.removeprefix(INBOX)))

    def keep_rows(
        self, location: str, read: Callable[[], Iterator[Sequence[Mapping[str, object]]]]
    ) -> Iterator[Sequence[Mapping[str, object]]]:
        """Yield pages of the rows that were kept under this location, in all their pieces; NotRepeatable when the last one is missing.

        Which piece is the last has not always been written down; a run that had read everything has it all the same.
        """
        shown = self.mask(location)
        if not self._kept or self._kept[0]["location"] != shown:
            raise NotRepeatable(reason=OTHER.format(asked=shown, kept=self._count))
        is_last = False
        while not is_last and self._kept and self._kept[0]["location"] == shown:
            entry = self._kept.popleft()
            is_last = entry.get("last", False)
            piece = self._unpacked(entry)
            yield from read_pages(piece.path)
            piece.path.unlink()
        if not (is_last or self._was_whole):
            raise NotRepeatable(reason=BROKEN_OFF.format(asked=shown))

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
