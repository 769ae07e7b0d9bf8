"""Runs that somebody asks for: kept answers read again, refused records tried again, a span of time made up for, a stop."""

import datetime as dt
import gzip
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from catalog.records import LoadMode, UnreadableRow, from_table_schema
from catalog.text import Text
from ingest.connectors.progress import Progressive
from ingest.errors import BadSetup, NotRepeatable
from ingest.models import Run, Source
from ingest.raw import rejected_path
from ingest.runs import hint
from ingest.secret_values import without_secrets
from ingest.sessions import GOOD, refuse_replay, replayed
from ingest.sources import parse_config

SPANS_AT_ONCE = 1_000
FINAL = frozenset({"duplicate-key"})  # reasons that no mended schema or rule takes away
GONE = Text(ko="거절된 레코드의 파일이 없습니다", en="there is no file of refused records")
TAKEN_OVER = Text(
    ko="그 뒤의 실행이 이미 공개되었습니다. 원본 응답을 다시 읽거나 새로 받으십시오",
    en="a later run has been published since; read the kept answers again, or pull anew",
)
TRIED = Text(ko="이 레코드들은 그사이 이미 다시 넣어 보았습니다", en="these records have been tried again meanwhile")
NOT_REPLACED = Text(
    ko="전체를 바꾸는(replace) 소스에는 기간만 다시 받을 수 없습니다",
    en="a source that replaces everything cannot make up for a span of time",
)
ADDED_TWICE = Text(
    ko="덧붙이는(append) 소스에 기간을 다시 받으면 같은 레코드가 두 번 들어갑니다. key를 두고 upsert로 하십시오",
    en="a source that adds (append) would hold the records of the span twice; use upsert, with a key",
)
NO_CURSOR = Text(
    ko="이 소스는 시각으로 이어 받지 않아(incremental) 기간만 물을 수 없습니다",
    en="this source does not go on by time (incremental), so that it cannot be asked for a span",
)
NO_SPAN = Text(ko="since는 until보다 앞서야 합니다", en="since must lie before until")
TOO_MANY = Text(
    ko=f"한 번에 {SPANS_AT_ONCE:,}번까지만 나눌 수 있습니다. step을 늘리십시오",
    en=f"at most {SPANS_AT_ONCE:,} spans at once; make step longer",
)


def replay_run(run: Run) -> Run:
    """Ask for the kept answers of a run to be read again, with the schema and the rules of now; NotRepeatable says why not."""
    original = replayed(Run(of=run))
    refuse_replay(original)
    return ask_for(original.source, Run.Kind.REPLAY, of=original)


def retry_refused(run: Run) -> Run:
    """Ask for the refused records of a run to be tried again; those that were accepted meanwhile are not tried twice."""
    latest = latest_refused(run)
    if rejected_path(latest) is None:
        raise NotRepeatable(reason=GONE)
    repetition = Run(source=run.source, kind=Run.Kind.REFUSED, of=latest)
    refuse_overtaken(repetition)
    return ask_for(run.source, Run.Kind.REFUSED, of=latest)


def backfill(source: Source, since: dt.datetime, until: dt.datetime, step: dt.timedelta | None = None) -> list[Run]:
    """Ask for a span of time, cut into pieces of ``step``, oldest first; each piece is a run of its own."""
    if source.mode != Source.Mode.UPSERT:
        raise BadSetup(where="mode", problem=NOT_REPLACED if source.mode == Source.Mode.REPLACE else ADDED_TWICE)
    config = parse_config(source.connector, without_secrets(source.config))
    if not isinstance(config, Progressive) or not config.takes_spans:
        raise BadSetup(where="incremental", problem=NO_CURSOR)
    step = until - since if step is None else step
    if since >= until or step <= dt.timedelta():
        raise BadSetup(where="since", problem=NO_SPAN)
    if (until - since) / step > SPANS_AT_ONCE:
        raise BadSetup(where="step", problem=TOO_MANY)
    runs = []
    while since < until:
        end = min(since + step, until)
        runs.append(ask_for(source, Run.Kind.BACKFILL, since=since, until=end))
        since = end
    return runs


def cancel_run(run: Run) -> bool:
    """Ask a run to stop, within seconds when it is at work; tell whether it was there to be stopped."""
    now = timezone.now()
    is_waiting = Run.objects.filter(pk=run.pk, state=Run.State.WAITING)
    if is_waiting.update(state=Run.State.CANCELLED, ended_at=now, cancel_asked_at=now):
        return True
    return bool(Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(cancel_asked_at=now))


def ask_for(source: Source, kind: Run.Kind, **columns: Any) -> Run:  # noqa: ANN401 (columns of ``Run``)
    """Enter a run that is due now, beside what the schedule asks for."""
    with transaction.atomic():
        Source.objects.select_for_update().get(pk=source.pk)
        now = timezone.now()
        run = Run.objects.create(source=source, kind=kind, slot=now, due_at=now, **columns)
        transaction.on_commit(lambda: hint(run.pk))
    return run


def release_of(run: Run) -> dt.datetime:
    """Return the release that a run's snapshot holds: the source's fixed one, else its slot, or that of what it repeats."""
    if run.source.release:
        return run.source.release
    return release_of(run.of) if run.of else run.slot


def position_after(run: Run, position: Mapping[str, Any]) -> dict[str, Any]:
    """Return the column of the source that tells how far it is read, unless a later run went on from another place."""
    if not position or run.source.position != position["from"]:
        return {}
    return {"position": position["left"]}


def latest_refused(run: Run) -> Run:
    """Return the run whose refused records are what is left of this one's."""
    while done := run.repetitions.filter(kind=Run.Kind.REFUSED, state__in=GOOD).order_by("-id").first():
        run = done
    return run


def mode_of_refused(run: Run) -> LoadMode:
    """Return how refused records join the rest: by key where there is one."""
    return LoadMode.UPSERT if run.source.distribution.schema.get("primaryKey") else LoadMode.APPEND


def refuse_overtaken(run: Run) -> None:
    """Refuse what would put old records over newer ones: a replaced snapshot, a key without a time that came again."""
    if run.source.mode == Source.Mode.APPEND:
        return
    schema = from_table_schema(run.source.distribution.schema)
    if run.source.mode == Source.Mode.UPSERT and schema.time in schema.key:
        return
    current = run.source.distribution.current_snapshot
    if current is None or current.digest != run.of.snapshot_digest:
        raise NotRepeatable(reason=TAKEN_OVER)


def refused_rows(run: Run) -> Iterator[Mapping[str, object] | UnreadableRow]:
    """Yield the refused records of the run that this one repeats, as the platform told them."""
    refuse_overtaken(run)
    if latest_refused(run.of) != run.of:  # it was asked for twice, and the other one was faster
        raise NotRepeatable(reason=TRIED)
    path = rejected_path(run.of)
    if path is None:
        raise NotRepeatable(reason=GONE)
    with gzip.open(path, "rb") as file:
        for line in file:
            entry = orjson.loads(line)
            record = entry["record"]
            is_broken = set(record) == {"fields"}
            if is_broken or entry["reason"] in FINAL:
                yield UnreadableRow(entry["reason"], record["fields"] if is_broken else record)
            else:
                yield record
