"""The queue of record: who may work on which run, until when, and how it ends. Celery messages are only hints.

A run is claimed by one UPDATE that raises its fence and sets a lease; while work goes on a heartbeat renews the lease; the
run ends by an UPDATE that asks for the same fence. A worker that was frozen or declared dead finds its fence gone and
publishes nothing. The sweeper offers again whatever is due: a message may be lost or come twice without harm.
"""

import datetime as dt
import logging
import os
import socket
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.errors import HubError
from catalog.heartbeat import Heartbeat
from catalog.records import Finding
from ingest.consequences import draw_consequences
from ingest.errors import BadSetup, Cancelled, IngestError, LostLease, QuotaExceeded, WorkerLost
from ingest.models import Issue, Run, Source
from ingest.schedule import latest_time, next_midnight, next_time
from ingest.wording import storable

ATTEMPTS = 4
FIRST_WAIT = dt.timedelta(seconds=20)
HINT_AGAIN = dt.timedelta(minutes=1)  # how long a message may lie in the queue before a run is offered once more
OFFERED_AT_ONCE = 500
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right to work on a run: valid as long as the row still has this fence."""

    run_id: int
    fence: int


@dataclass
class Progress:
    """What a run has done so far; the heartbeat writes it to the row."""

    step: str = "collect"
    rows: int = 0
    pages: int = 0
    received_bytes: int = 0
    raw_answers: list[dict[str, Any]] = field(default_factory=list)
    drift: dict[str, Any] = field(default_factory=dict)
    position: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        return {"rows": self.rows, "pages": self.pages, "received_bytes": self.received_bytes}


def offer_run(source: Source, *, slot: dt.datetime | None = None) -> Run:
    """Ask the workers for a pull of a source; see ``enter_run``."""
    with transaction.atomic():
        run = enter_run(source, slot=slot)
        if run.state == Run.State.WAITING:
            transaction.on_commit(lambda: hint(run.pk))
    return run


@transaction.atomic
def enter_run(source: Source, *, slot: dt.datetime | None = None) -> Run:
    """Return a run of the source that is due now; while one is waiting or running it is that one.

    A source that holds a fixed release has one slot, so it is pulled again for the same run. A run that was put off
    until later is due at once: somebody asks for it.
    """
    now = timezone.now()
    Source.objects.select_for_update().get(pk=source.pk)
    run = source.runs.filter(kind=Run.Kind.PULL, state__in=(Run.State.WAITING, Run.State.RUNNING)).first()
    if run is None:
        run, is_new = Run.objects.get_or_create(
            source=source, slot=slot or source.release or now, defaults={"due_at": now}
        )
        if not is_new:
            make_waiting(run, now)
    elif run.state == Run.State.WAITING and run.due_at > now:
        make_waiting(run, now)
    return run


def make_waiting(run: Run, now: dt.datetime) -> None:
    """Let a run be taken once more, as if for the first time."""
    run.state, run.due_at, run.attempt = Run.State.WAITING, now, 0
    run.save(update_fields=["state", "due_at", "attempt"])


def hint(run_id: int) -> bool:
    """Tell the workers that a run is due. A broker that cannot be reached is no error: the sweeper offers it again."""
    try:
        current_app.send_task("ingest.tasks.pull", args=[run_id], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("run %s waits for the sweeper, the broker did not take the hint: %s", run_id, error)
        return False
    Run.objects.filter(pk=run_id).update(hinted_at=timezone.now())
    return True


def claim_run(run_id: int, *, now: dt.datetime | None = None) -> Claim | None:
    """Take a run that is due and that nobody holds; None when there is nothing to take.

    The source's row is locked first, so that two workers cannot take two runs of one source at the same moment.
    """
    with transaction.atomic():
        Source.objects.select_for_update(of=("self",)).filter(runs=run_id).first()
        now = now or timezone.now()  # only now: waiting for the lock must not eat up the lease
        held = Run.objects.filter(source=OuterRef("source"), state=Run.State.RUNNING, lease_until__gte=now)
        run = (
            Run.objects.select_for_update(of=("self",))
            .filter(pk=run_id, attempt__lt=ATTEMPTS)
            .filter(Q(state=Run.State.WAITING, due_at__lte=now) | Q(state=Run.State.RUNNING, lease_until__lt=now))
            .filter(~Exists(held))
            .first()
        )
        if run is None:
            return None
        run.issues.all().delete()
        for name, value in fresh_columns(run, now).items():
            setattr(run, name, value)
        run.save()
    return Claim(run_id=run.pk, fence=run.fence)


def fresh_columns(run: Run, now: dt.datetime) -> dict[str, Any]:
    return {
        "state": Run.State.RUNNING,
        "attempt": run.attempt + 1,
        "fence": run.fence + 1,
        "lease_owner": f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
        "lease_until": now + lease_length(),
        "started_at": now,
        "ended_at": None,
        "cancel_asked_at": None,
        "rows": 0,
        "pages": 0,
        "accepted": 0,
        "rejected": 0,
        "received_bytes": 0,
        "raw_answers": [],
        "drift": {},
        "position": {},
        "rejected_digest": "",
        "snapshot_digest": "",
        "error_code": "",
        "error_ko": "",
        "error_en": "",
    }


def lease_length() -> dt.timedelta:
    return dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)


class RunHeartbeat(Heartbeat):
    """Renews the lease of a run while work goes on, tells its row what has been done so far, and hears when to stop."""

    def __init__(self, claim: Claim, progress: Progress) -> None:
        self.progress, self.is_cancelled = progress, False

        def renew() -> bool:
            self.is_cancelled = held_row(claim).exclude(cancel_asked_at=None).exists()
            return renew_lease(claim, progress)

        super().__init__(f"run {claim.run_id}", renew, every_seconds=3.0, lost=LostLease)

    def check(self) -> None:
        super().check()
        if self.is_cancelled:
            raise Cancelled


def renew_lease(claim: Claim, progress: Progress) -> bool:
    return bool(
        held_row(claim).update(
            lease_until=timezone.now() + lease_length(),
            step=progress.step,
            **progress.counts,
        )
    )


def held_row(claim: Claim) -> Any:  # noqa: ANN401
    """Return the run's row if the claim still holds it, as a queryset to update."""
    return Run.objects.filter(pk=claim.run_id, fence=claim.fence, state=Run.State.RUNNING)


def end_run(
    claim: Claim, state: Run.State, progress: Progress, findings: Iterable[Finding] = (), **columns: object
) -> None:
    """End a run with its counts and findings; LostLease when another worker has taken it."""
    with transaction.atomic():
        ended = held_row(claim).update(
            state=state,
            ended_at=timezone.now(),
            lease_until=None,
            step="",
            raw_answers=progress.raw_answers,
            drift=progress.drift,
            position=progress.position,
            **progress.counts,
            **columns,
        )
        if not ended:
            raise LostLease
        Issue.objects.bulk_create(
            Issue(
                run_id=claim.run_id,
                code=finding.code,
                severity=finding.severity,
                column=finding.column,
                count=finding.count,
                text_ko=finding.text.in_language("ko"),
                text_en=finding.text.in_language("en"),
            )
            for finding in findings
        )
        draw_consequences(claim.run_id)


def end_with_error(claim: Claim, error: HubError, progress: Progress) -> None:
    """End a run that could not be done: a temporary error is tried again later, up to a number of attempts."""
    run = Run.objects.get(pk=claim.run_id)
    sentence = sentence_of(error)
    is_temporary = isinstance(error, IngestError) and error.temporary
    if isinstance(error, QuotaExceeded):
        put_off(claim, next_midnight(timezone.now()), progress, attempt=0, **sentence)
    elif is_temporary and run.attempt < ATTEMPTS:
        put_off(claim, timezone.now() + FIRST_WAIT * 2 ** (run.attempt - 1), progress, **sentence)
    else:
        end_run(claim, Run.State.FAILED, progress, **sentence)


def sentence_of(error: HubError) -> dict[str, str]:
    """Return the columns of a run that tell an error."""
    return {
        "error_code": error.code,
        "error_ko": storable(error.text.in_language("ko")),
        "error_en": storable(error.text.in_language("en")),
    }


def put_off(claim: Claim, due_at: dt.datetime, progress: Progress, **columns: object) -> None:
    """Let a run wait until ``due_at``; LostLease when another worker has taken it."""
    is_held = held_row(claim).update(
        state=Run.State.WAITING,
        due_at=due_at,
        lease_until=None,
        step="",
        raw_answers=progress.raw_answers,
        **progress.counts,
        **columns,
    )
    if not is_held:
        raise LostLease


def create_due_runs(now: dt.datetime) -> int:
    """Give every source that is due its run and its next time; two schedulers at once make one run a slot.

    After a time without a scheduler only the latest slot is made up for: what a platform says is true of now. A
    schedule that cannot be read costs its own source its runs, no other one.
    """
    created = 0
    for source in Source.objects.filter(is_enabled=True).exclude(schedule=""):
        try:
            created += create_due_run(source, now)
        except BadSetup as error:
            logger.error("source %s gets no runs: %s", source.slug, error)
    return created


def create_due_run(source: Source, now: dt.datetime) -> bool:
    if source.next_at is not None and source.next_at > now:
        return False
    next_at = next_time(source.schedule, now)
    if source.next_at is None:
        Source.objects.filter(pk=source.pk, next_at=None).update(next_at=next_at)
        return False
    slot = max(source.next_at, latest_time(source.schedule, now))
    with transaction.atomic():
        moved = Source.objects.filter(pk=source.pk, next_at=source.next_at).update(next_at=next_at)
        is_active = Q(state__in=(Run.State.WAITING, Run.State.RUNNING))
        is_done = Q(state__in=(Run.State.PUBLISHED, Run.State.UNCHANGED), slot__gte=slot, slot__lte=now)  # by hand
        if not moved or source.runs.filter(is_active | is_done, kind=Run.Kind.PULL).exists():
            return False
        _, is_new = Run.objects.get_or_create(source=source, slot=slot, defaults={"due_at": now})
    return is_new


def sweep(now: dt.datetime) -> int:
    """Offer every run that is due or whose worker died; one that died too often ends as failed, with its reason.

    What was offered since it became due, less than a minute ago, is left alone: its message is on the way.
    """
    end_orphans(now)
    waits = Q(state=Run.State.WAITING, due_at__lte=now)
    is_orphan = Q(state=Run.State.RUNNING, lease_until__lt=now)
    unheard = Q(hinted_at=None) | Q(hinted_at__lte=now - HINT_AGAIN)
    due = Run.objects.filter(
        waits & (unheard | Q(hinted_at__lt=F("due_at"))) | is_orphan & (unheard | Q(hinted_at__lt=F("lease_until")))
    ).order_by("due_at")
    offered = 0
    for run_id in list(due.values_list("pk", flat=True)[:OFFERED_AT_ONCE]):
        if not hint(run_id):
            break  # each further one would wait for the broker as long as this one did
        offered += 1
    return offered


def end_orphans(now: dt.datetime) -> None:
    """End the runs without a worker that are not to be tried again: asked to stop, or died too often."""
    orphans = Run.objects.filter(state=Run.State.RUNNING, lease_until__lt=now)
    over = {"ended_at": now, "lease_until": None, "step": ""}
    orphans.exclude(cancel_asked_at=None).update(state=Run.State.CANCELLED, **over, **sentence_of(Cancelled()))
    for run_id in orphans.filter(attempt__gte=ATTEMPTS).values_list("pk", flat=True):
        with transaction.atomic():
            if orphans.filter(pk=run_id).update(
                state=Run.State.FAILED, **over, **sentence_of(WorkerLost(times=ATTEMPTS))
            ):
                draw_consequences(run_id)
