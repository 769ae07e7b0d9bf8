"""The story of a run: collect, tabulate, check, write, publish. A failure before publishing leaves everything as it was."""

import dataclasses
import datetime as dt
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError, transaction

from catalog.errors import Conflict, HubError
from catalog.feed import lock_feed
from catalog.models import Distribution
from catalog.publish import publish_snapshot
from catalog.records import (
    DelimitedFile,
    Expectations,
    Finding,
    Limits,
    LoadMode,
    Manifest,
    Report,
    Staged,
    ToldRows,
    TypedRows,
    UnreadableRow,
    estimate_size,
    from_table_schema,
    tabulate,
    validate,
    write_snapshot,
)
from catalog.storage import record_store
from catalog.text import Text
from ingest import connectors
from ingest.areas import area_of
from ingest.connectors import CONNECTORS, PAGES, ByColumn, Handed, MalformedRow, gathered
from ingest.connectors.pages import TOO_DEEP
from ingest.derivation import describe_derived
from ingest.echoes import Echoes, masked_rows, told_without_secrets
from ingest.errors import (
    Cancelled,
    HeldBack,
    HubUnavailable,
    InternalError,
    LostLease,
    TookTooLong,
    Unmodified,
    UnreadableAnswer,
)
from ingest.http import Answer
from ingest.kinds import PLATFORM, RECIPE
from ingest.models import Run, Source
from ingest.outages import end_once_the_database_answers
from ingest.personal_data import hide_decided, with_personal_data
from ingest.platform.publishing import publish_occurrences
from ingest.raw import keep_answer, keep_rejected
from ingest.recipes import cook
from ingest.record_erasure import leave_out_erased_records, newest_erasure, tell_left_out
from ingest.repetitions import mode_of_refused, position_after, refused_rows, release_of
from ingest.runs import Claim, Progress, RunHeartbeat, claim_run, end_run, end_with_error, offer_next, sentence_of
from ingest.sessions import is_served, open_session
from ingest.sources import check_decisions, check_expectations, check_key, is_part, read_config, read_expectations
from ingest.wording import storable, storable_document, storable_report

WORK_MEMORY_MIB = 128
OWN = {RECIPE: cook, PLATFORM: publish_occurrences}  # what the hub makes itself, and asks no platform for
PUBLISHED_MEANWHILE = Text(
    ko="읽는 동안 다른 소스가 같은 데이터셋을 공개했습니다", en="another source published the same dataset meanwhile"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pull:
    """A run at work: its row, the right to end it, and its heartbeat."""

    run: Run
    claim: Claim
    heartbeat: RunHeartbeat

    @property
    def source(self) -> Source:
        return self.run.source

    @property
    def progress(self) -> Progress:
        return self.heartbeat.progress

    @property
    def mode(self) -> LoadMode:
        """How the rows join what is published; refused records are added to it, whatever the source does otherwise."""
        return mode_of_refused(self.run) if self.run.kind == Run.Kind.REFUSED else LoadMode(self.source.mode)

    @property
    def limits(self) -> Limits:
        """Its files lie in a folder of their own, which no other attempt at the run shares."""
        spool = settings.SPOOL_DIR / f"run-{self.claim.run_id}-{self.claim.fence}"
        return Limits(spool=spool, memory_mib=WORK_MEMORY_MIB, shared_spool=settings.SPOOL_DIR)


def pull_run(run_id: int) -> None:
    """Do a run if it is due and free; every ending is written to its row."""
    claim = claim_run(run_id)
    if claim is None:
        return
    run = Run.objects.select_related("source__distribution").get(pk=run_id)
    with RunHeartbeat(claim, Progress()) as heartbeat:
        try:
            pull_or_end(Pull(run, claim, heartbeat))
        except LostLease:
            logger.warning("run %s of %s was taken over by another worker", run_id, run.source.slug)
    offer_next(run.source.host)


def pull_or_end(pull: Pull) -> None:
    """Pull, and write down why when it cannot be done, if need be once the database answers again."""
    try:
        pull_or_tell(pull)
    except OperationalError:
        end_once_the_database_answers(pull.claim, pull.progress)


def pull_or_tell(pull: Pull) -> None:
    try:
        pull_source(pull)
    except (LostLease, OperationalError):
        raise
    except Cancelled as error:
        end_run(pull.claim, Run.State.CANCELLED, pull.progress, **sentence_of(error))
    except HeldBack as error:
        end_run(pull.claim, Run.State.HELD, pull.progress, **sentence_of(error))
    except HubError as error:
        end_pull(pull, error)
    except SoftTimeLimitExceeded:
        end_pull(pull, TookTooLong(seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT))
    except OSError as error:
        logger.warning("run %s met a disk that cannot be used", pull.run.pk, exc_info=True)
        end_pull(pull, HubUnavailable(reason=error.strerror or type(error).__name__))
    except Exception:
        logger.exception("run %s of %s met a fault of the hub itself", pull.run.pk, pull.source.slug)
        end_pull(pull, InternalError())


def end_pull(pull: Pull, error: HubError) -> None:
    logger.warning("run %s of %s: %s", pull.run.pk, pull.source.slug, error)
    end_with_error(pull.claim, error, pull.progress)


def pull_source(pull: Pull) -> None:
    check_key(pull.source.distribution, pull.source.mode)
    check_expectations(pull.source.expectations, pull.source.distribution)
    check_decisions(pull.source.personal_data, from_table_schema(pull.source.distribution.schema))
    pull.limits.spool.mkdir(parents=True, exist_ok=True)
    try:
        collect_and_publish(pull, expectations_of(pull.run))
    finally:
        shutil.rmtree(pull.limits.spool, ignore_errors=True)


def expectations_of(run: Run) -> Expectations:
    """Return what a run is held to: one that brings a part of the data may bring as little as there is."""
    expectations = read_expectations(run.source)
    original = run.of if run.kind == Run.Kind.REPLAY and run.of else run
    if original.kind in (Run.Kind.BACKFILL, Run.Kind.REFUSED):
        return dataclasses.replace(
            expectations, min_rows=0, min_share=None, max_share=None, max_rejected_share=None, max_age=None
        )
    return expectations


def collect_and_publish(pull: Pull, expectations: Expectations) -> None:
    try:
        staged = collect(pull, expectations)
    except Unmodified:
        keep_published(pull)
        return
    pull.progress.step = "check"
    pull.progress.told += tell_left_out(leave_out_erased_records(staged, pull.source.distribution))
    previous = previous_rows(pull)
    hide_decided(staged, pull.source)
    report = validate(
        staged,
        expectations,
        previous_rows=previous,
        limits=pull.limits,
        known_columns=seen_before(pull.source, staged),
        moment=answered_at(pull.run),
    )
    report = with_personal_data(report, staged, pull.source, [kept["location"] for kept in pull.progress.raw_answers])
    pull.progress.drift = storable_document(report.drift)
    report = storable_report(Report([*pull.progress.told, *report.findings]))
    pull.heartbeat.check()
    if report.blocks:
        hold_back(pull, staged, report)
    else:
        pull.progress.step = "publish"
        write_and_publish(pull, staged, report)


def collect(pull: Pull, expectations: Expectations) -> Staged:
    """Read everything that the platform says and type it; the raw answers are kept on the way."""
    if pull.run.kind == Run.Kind.REFUSED:
        return type_rows(pull, refused_rows(pull.run), expectations)
    source, progress = pull.source, pull.progress
    if own := OWN.get(source.connector):
        return type_rows(pull, own(pull.run, progress, pull.limits, pull.heartbeat), expectations)
    config, secrets = read_config(source)
    echoes = Echoes(are_possible=pull.run.kind == Run.Kind.REPLAY)  # kept answers are not looked through again

    def archive(answer: Answer) -> None:
        progress.pages += 1
        progress.received_bytes += answer.size
        progress.raw_answers.append(keep_answer(answer, pull.limits.spool, http.mask, echoes))
        pull.heartbeat.check()

    session = open_session(pull.run, secrets, pull.limits.spool, archive, pull.heartbeat.check)
    with session as http, told_without_secrets(http.mask):
        progress.position = {"from": http.position, "left": http.position}
        connector = CONNECTORS[source.connector]
        rows = (connector.hand_over or connector.read)(config, http)
        staged = type_rows(pull, masked_rows(gathered(rows), http.mask, echoes), expectations)
        progress.position = {"from": http.position, "left": http.left}
        progress.told = [Finding(code, "warning", text) for code, text in http.told]
    return staged


def type_rows(pull: Pull, rows: Iterable[Handed | TypedRows], expectations: Expectations) -> Staged:
    source = pull.source
    try:
        return tabulate(
            watched(rows, pull.heartbeat),
            from_table_schema(source.distribution.schema),
            limits=pull.limits,
            area=area_of(expectations.within),
            swapped=expectations.swapped,
            outside=expectations.outside,
            ignore=source.ignored_columns,
        )
    except RecursionError as error:  # a value that can be read and not be written again
        raise UnreadableAnswer(address=source.slug, format="JSON", reason=TOO_DEEP) from error


def watched(
    rows: Iterable[Handed | UnreadableRow | TypedRows], heartbeat: RunHeartbeat
) -> Iterator[Mapping[str, object] | UnreadableRow | DelimitedFile | ToldRows | TypedRows]:
    """Count rows as they pass and stop when the lease is lost."""

    def passed(count: int) -> None:
        heartbeat.progress.rows += count
        heartbeat.check()

    for row in rows:
        if isinstance(row, connectors.DelimitedFile):
            yield DelimitedFile(**vars(row), passed=passed)
            continue
        if isinstance(row, TypedRows):
            passed(row.rows)
            yield row
            continue
        if isinstance(row, PAGES):
            passed(len(row))
            yield from [ToldRows(row.shapes, row.shape_of, row.columns)] if isinstance(row, ByColumn) else row
            continue
        heartbeat.progress.rows += 1
        if heartbeat.progress.rows % 1000 == 0:
            heartbeat.check()
        yield UnreadableRow(row.code, row.raw) if isinstance(row, MalformedRow) else row


def previous_rows(pull: Pull) -> int | None:
    """Return the size of the snapshot that this run would replace; answers that are added are not compared."""
    current = pull.source.distribution.current_snapshot
    if pull.mode is not LoadMode.REPLACE or current is None or current.valid_at > release_of(pull.run):
        return None
    return current.records


def seen_before(source: Source, staged: Staged) -> set[str]:
    """Return which columns of an answer are known, by the names that a database could keep of them."""
    return {name for name in staged.seen if storable(name) in source.known_columns}


def answered_at(run: Run) -> dt.datetime | None:
    """Return when the platform answered, which for kept answers was then and not now."""
    return run.of.started_at if run.kind == Run.Kind.REPLAY and run.of else run.started_at


@transaction.atomic
def keep_published(pull: Pull) -> None:
    """Let what is published stand for this release too: the platform says that nothing has changed since.

    When another source of the same dataset published meanwhile, the run is tried again and reads everything.
    """
    lock_feed()  # before all other rows, as every writer of the catalogue does
    distribution = Distribution.objects.select_for_update(of=("self",)).get(pk=pull.source.distribution_id)
    current = distribution.current_snapshot
    if current is None or not is_served(pull.source, current):
        raise HubUnavailable(reason=PUBLISHED_MEANWHILE)
    publish_snapshot(
        distribution,
        current.manifest,
        report=Report(),
        rejected=current.rejected,
        valid_at=release_of(pull.run),
        based_on=current.digest,
    )
    end_run(pull.claim, Run.State.UNCHANGED, pull.progress, snapshot_digest=current.digest)


def hold_back(pull: Pull, staged: Staged, report: Report) -> None:
    reason = report.reason
    end_run(
        pull.claim,
        Run.State.HELD,
        pull.progress,
        report.findings,
        accepted=staged.accepted,
        rejected=staged.refused,
        rejected_digest=rejected_digest(staged),
        error_code=HeldBack.code,
        error_ko=reason.in_language("ko"),
        error_en=reason.in_language("en"),
    )


def write_and_publish(pull: Pull, staged: Staged, report: Report) -> None:
    """Write the snapshot and publish it together with the run's end, in one transaction.

    When another source of the same dataset published meanwhile, the snapshot is written again on top of it.
    """
    rejected = rejected_digest(staged)
    mode = pull.mode
    while True:
        pull.heartbeat.check()
        distribution = Distribution.objects.select_related("current_snapshot").get(pk=pull.source.distribution_id)
        newest = newest_erasure(distribution)
        leave_out_erased_records(staged, distribution)  # what was erased while this run was reading
        previous = distribution.current_snapshot.manifest if distribution.current_snapshot else None
        manifest = write_snapshot(
            staged,
            record_store(),
            mode=mode,
            previous=previous,
            limits=pull.limits,
            is_part=is_part(pull.source),
        )
        csv_size = estimate_size(manifest, "csv", record_store(), pull.limits)
        based_on = None if mode is LoadMode.REPLACE else previous.digest if previous else ""
        try:
            publish(pull, distribution, manifest, csv_size, staged, report, rejected, based_on, newest)
        except Conflict:
            continue
        return


@transaction.atomic
def publish(
    pull: Pull,
    distribution: Distribution,
    manifest: Manifest,
    csv_size: int,
    staged: Staged,
    report: Report,
    rejected: str,
    based_on: str | None,
    newest: int,
) -> None:
    lock_feed()
    if newest_erasure(distribution) != newest:
        raise Conflict(what=distribution.dataset.slug)
    snapshot = publish_snapshot(
        distribution,
        manifest,
        report=report,
        rejected=staged.refused,
        csv_size=csv_size,
        valid_at=release_of(pull.run),
        based_on=based_on,
    )
    end_run(
        pull.claim,
        Run.State.PUBLISHED if snapshot else Run.State.UNCHANGED,
        pull.progress,
        report.findings,
        accepted=staged.accepted,
        rejected=staged.refused,
        rejected_digest=rejected,
        snapshot_digest=manifest.digest,
    )
    remember(pull, staged)
    if pull.source.connector == RECIPE:
        describe_derived(distribution)


def remember(pull: Pull, staged: Staged) -> None:
    """Keep how far the source has been read and which columns it had, together with what was published of it."""
    if pull.run.kind not in (Run.Kind.PULL, Run.Kind.REPLAY):
        return
    known = sorted({*pull.source.known_columns, *map(storable, staged.seen)} - {""})
    Source.objects.filter(pk=pull.source.pk).update(
        known_columns=known, **position_after(pull.run, pull.progress.position)
    )


def rejected_digest(staged: Staged) -> str:
    return keep_rejected(staged.refused_path) if staged.refused else ""
