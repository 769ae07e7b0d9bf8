"""The story of a run: collect, tabulate, check, write, publish. A failure before publishing leaves everything as it was."""

import logging
from collections.abc import Iterable, Iterator, Mapping

from django.conf import settings
from django.db import transaction

from catalog.errors import Conflict, HubError
from catalog.models import Distribution
from catalog.publish import publish_snapshot
from catalog.records import (
    KOREA,
    Expectations,
    Limits,
    LoadMode,
    Manifest,
    Report,
    Schema,
    Staged,
    UnreadableRow,
    discard,
    from_table_schema,
    tabulate,
    validate,
    write_snapshot,
)
from catalog.storage import record_store
from ingest.connectors import CONNECTORS
from ingest.connectors.rows import MalformedRow
from ingest.errors import InternalError, LostLease
from ingest.http import Answer, Session
from ingest.models import Run, Source
from ingest.raw import keep_answer, keep_rejected
from ingest.runs import Claim, Heartbeat, Progress, claim_run, end_run, end_with_error
from ingest.secret_values import resolve_secrets
from ingest.sources import read_expectations

WORK_MEMORY_MIB = 512
logger = logging.getLogger(__name__)


def pull_run(run_id: int) -> None:
    """Do a run if it is due and free; every ending is written to its row."""
    claim = claim_run(run_id)
    if claim is None:
        return
    run = Run.objects.select_related("source__distribution__dataset").get(pk=run_id)
    progress = Progress()
    with Heartbeat(claim, progress) as heartbeat:
        try:
            pull_or_end(run, claim, progress, heartbeat)
        except LostLease:
            logger.warning("run %s of %s was taken over by another worker", run_id, run.source.slug)


def pull_or_end(run: Run, claim: Claim, progress: Progress, heartbeat: Heartbeat) -> None:
    """Pull, and write down why when it cannot be done."""
    try:
        pull_source(run.source, run, claim, progress, heartbeat)
    except LostLease:
        raise
    except HubError as error:
        logger.warning("run %s of %s: %s", run.pk, run.source.slug, error)
        end_with_error(claim, error, progress)
    except Exception:
        end_with_error(claim, InternalError(), progress)
        raise


def pull_source(source: Source, run: Run, claim: Claim, progress: Progress, heartbeat: Heartbeat) -> None:
    schema = from_table_schema(source.distribution.schema)
    expectations = read_expectations(source)
    limits = Limits(spool=settings.SPOOL_DIR, memory_mib=WORK_MEMORY_MIB)
    staged = collect(source, schema, expectations, limits, progress, heartbeat)
    try:
        progress.step = "check"
        report = validate(staged, expectations, previous_rows=previous_rows(source, run), limits=limits)
        heartbeat.check()
        if report.blocks:
            hold_back(claim, staged, report, progress)
        else:
            progress.step = "publish"
            write_and_publish(source, run, claim, staged, report, limits, progress)
    finally:
        discard(staged)


def collect(
    source: Source,
    schema: Schema,
    expectations: Expectations,
    limits: Limits,
    progress: Progress,
    heartbeat: Heartbeat,
) -> Staged:
    """Read everything that the platform says and type it; the raw answers are kept on the way."""
    connector = CONNECTORS[source.connector]
    config, secrets = resolve_secrets(source.config)

    def archive(answer: Answer) -> None:
        progress.received_bytes += answer.size
        progress.raw_answers.append(keep_answer(answer))

    with Session(
        allow_private=source.allow_private, file_roots=settings.FILE_ROOTS, secrets=secrets, archive=archive
    ) as http:
        rows = connector.read(connector.config.model_validate(config), http)
        return tabulate(
            watched(rows, progress, heartbeat),
            schema,
            limits=limits,
            area=KOREA if expectations.within == "korea" else None,
            ignore=source.ignored_columns,
        )


def watched(
    rows: Iterable[Mapping[str, object] | MalformedRow], progress: Progress, heartbeat: Heartbeat
) -> Iterator[Mapping[str, object] | UnreadableRow]:
    """Count rows as they pass and stop when the lease is lost."""
    for row in rows:
        progress.rows += 1
        if progress.rows % 1000 == 0:
            heartbeat.check()
        yield UnreadableRow(row.code, row.raw) if isinstance(row, MalformedRow) else row


def previous_rows(source: Source, run: Run) -> int | None:
    """Return the size of the snapshot that this run would replace; answers that are added are not compared."""
    current = source.distribution.current_snapshot
    if source.mode != Source.Mode.REPLACE or current is None or current.valid_at > (source.release or run.slot):
        return None
    return current.records


def hold_back(claim: Claim, staged: Staged, report: Report, progress: Progress) -> None:
    reason = report.reason
    end_run(
        claim,
        Run.State.HELD,
        progress,
        report.findings,
        accepted=staged.accepted,
        rejected=staged.refused,
        rejected_digest=rejected_digest(staged),
        error_code="held-back",
        error_ko=reason.in_language("ko"),
        error_en=reason.in_language("en"),
    )


def write_and_publish(
    source: Source, run: Run, claim: Claim, staged: Staged, report: Report, limits: Limits, progress: Progress
) -> None:
    """Write the snapshot and publish it together with the run's end, in one transaction.

    When another source of the same dataset published meanwhile, the snapshot is written again on top of it.
    """
    rejected = rejected_digest(staged)
    while True:
        distribution = Distribution.objects.select_related("current_snapshot").get(pk=source.distribution_id)
        previous = distribution.current_snapshot.manifest if distribution.current_snapshot else None
        manifest = write_snapshot(staged, record_store(), mode=LoadMode(source.mode), previous=previous, limits=limits)
        try:
            publish(source, run, claim, distribution, manifest, previous, staged, report, rejected, progress)
        except Conflict:
            continue
        return


def publish(
    source: Source,
    run: Run,
    claim: Claim,
    distribution: Distribution,
    manifest: Manifest,
    previous: Manifest | None,
    staged: Staged,
    report: Report,
    rejected: str,
    progress: Progress,
) -> None:
    with transaction.atomic():
        snapshot = publish_snapshot(
            distribution,
            manifest,
            report=report,
            rejected=staged.refused,
            valid_at=source.release or run.slot,
            based_on=None if source.mode == Source.Mode.REPLACE else previous.digest if previous else "",
        )
        end_run(
            claim,
            Run.State.PUBLISHED if snapshot else Run.State.UNCHANGED,
            progress,
            report.findings,
            accepted=staged.accepted,
            rejected=staged.refused,
            rejected_digest=rejected,
            snapshot_digest=manifest.digest,
        )


def rejected_digest(staged: Staged) -> str:
    return keep_rejected(staged.refused_path) if staged.refused else ""
