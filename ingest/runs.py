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
from catalog.records import Finding, mask_text
from ingest.budget import asked_again, note_refusal
from ingest.consequences import draw_consequences
from ingest.errors import Cancelled, IngestError, LostLease, QuotaExceeded, SourcePaused, WorkerLost
from ingest.hosts import ASKING, note_answer, note_error, places_of, waits_until
from ingest.models import Issue, Run, Source
from ingest.wording import storable

ATTEMPTS = 4
FIRST_WAIT = dt.timedelta(seconds=20)
LONGEST_ASKED = dt.timedelta(hours=1)  # of what a platform asks for in Retry-After
HINT_AGAIN = dt.timedelta(minutes=1)  # how long a message may lie in the queue before a run is offered once more
OFFERED_AT_ONCE = 2_000
CLOCK_DOUBT = dt.timedelta(days=2)  # nothing is put off for so long: a moment further away was written by a clock ahead
HOST_ANSWERED = (Run.State.PUBLISHED, Run.State.UNCHANGED, Run.State.HELD)
PAUSED = Q(state=Run.State.WAITING, kind__in=ASKING, source__paused_at__isnull=False)  # until their source is resumed
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
    told: list[Finding] = field(default_factory=list)

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
    until later is due at once: somebody asks for it. A source that is paused is not pulled: SourcePaused tells why.
    """
    now = timezone.now()
    current = Source.objects.select_for_update().get(pk=source.pk)
    if current.paused_at:
        raise SourcePaused(source=current.slug, because=current.paused_because)
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
    return offer_all([run_id]) == 1


def send_hint(run_id: int) -> bool:
    try:
        current_app.send_task("ingest.tasks.pull", args=[run_id], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("run %s waits for the sweeper, the broker did not take the hint: %s", run_id, error)
        return False
    return True


def offer_all(run_ids: Iterable[int]) -> int:
    """Tell the workers of several runs, one message each, and note it in one statement; return how many the broker took."""
    told = []
    for run_id in list(run_ids):
        if not send_hint(run_id):
            break  # each further one would wait for the broker as long as this one did
        told.append(run_id)
    Run.objects.filter(pk__in=told).update(hinted_at=timezone.now())
    return len(told)


def claim_run(run_id: int, *, now: dt.datetime | None = None) -> Claim | None:
    """Take a run that is due and that nobody holds; None when there is nothing to take.

    The source's row is locked first, so that two workers cannot take two runs of one source at the same moment.
    A run that has to wait, for its host or until its source is resumed, is put back, which is no attempt.
    """
    with transaction.atomic():
        Source.objects.select_for_update(of=("self",)).filter(runs=run_id).first()
        now = now or timezone.now()  # only now: waiting for the lock must not eat up the lease
        held = Run.objects.filter(source=OuterRef("source"), state=Run.State.RUNNING, lease_until__gte=now)
        run = (
            Run.objects.select_for_update(of=("self",))
            .select_related("source")
            .filter(pk=run_id, attempt__lt=ATTEMPTS)
            .filter(Q(state=Run.State.WAITING, due_at__lte=now) | Q(state=Run.State.RUNNING, lease_until__lt=now))
            .filter(~Exists(held))
            .exclude(state=Run.State.RUNNING, cancel_asked_at__isnull=False)  # the sweeper ends it
            .first()
        )
        if run is None:
            return None
        is_paused = run.kind in ASKING and run.source.paused_at is not None
        if (due_at := run.due_at if is_paused else waits_until(run, now)) is not None:
            put_back(run, due_at)
            return None
        run.issues.all().delete()
        for name, value in fresh_columns(run, now).items():
            setattr(run, name, value)
        run.save()
    return Claim(run_id=run.pk, fence=run.fence)


def put_back(run: Run, due_at: dt.datetime) -> None:
    """Let a run wait until it is due; one whose worker died waits as any other."""
    run.state, run.due_at, run.lease_until, run.step = Run.State.WAITING, due_at, None, ""
    run.save(update_fields=["state", "due_at", "lease_until", "step"])


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
        # The source's row comes before the run's, as in a claim, so that the two never wait for each other.
        Source.objects.select_for_update(of=("self",)).filter(runs=claim.run_id).first()
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
        if state in HOST_ANSWERED:
            note_answer(claim.run_id)


def end_with_error(claim: Claim, error: HubError, progress: Progress) -> None:
    """End a run that could not be done: a temporary error is tried again later, up to a number of attempts."""
    run = Run.objects.select_related("source").get(pk=claim.run_id)
    now, sentence = timezone.now(), sentence_of(error)
    is_temporary = isinstance(error, IngestError) and error.temporary
    if is_temporary and run.cancel_asked_at:
        end_run(claim, Run.State.CANCELLED, progress, **sentence_of(Cancelled()))
    elif isinstance(error, QuotaExceeded):
        put_off(claim, asked_again(now), progress, attempt=0, **sentence)
        note_refusal(run.source.provider_id, now)
    elif is_temporary and run.attempt < ATTEMPTS:
        put_off(claim, now + wait_after(run.attempt, error), progress, **sentence)
    else:
        end_run(claim, Run.State.FAILED, progress, **sentence)
    note_error(run, error, now)


def wait_after(attempt: int, error: HubError) -> dt.timedelta:
    """Return how long to wait after an attempt that failed: twice as long each time, or what the platform asks for."""
    asked = error.values.get("retry_after")
    seconds = min(asked, LONGEST_ASKED.total_seconds()) if isinstance(asked, float) else 0
    return max(FIRST_WAIT * 2 ** (attempt - 1), dt.timedelta(seconds=seconds))


def sentence_of(error: HubError) -> dict[str, str]:
    """Return the columns of a run that tell an error."""
    return {
        "error_code": error.code,
        "error_ko": storable(mask_text(error.text.in_language("ko"))),  # names of files may tell of persons
        "error_en": storable(mask_text(error.text.in_language("en"))),
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


def sweep(now: dt.datetime) -> int:
    """Offer every run that is due or whose worker died; one that died too often ends as failed, with its reason.

    What was offered since it became due, less than a minute ago, is left alone: its message is on the way.
    """
    end_orphans(now)
    correct_moments(now)
    waits = Q(state=Run.State.WAITING, due_at__lte=now)
    is_orphan = Q(state=Run.State.RUNNING, lease_until__lt=now)
    unheard = Q(hinted_at=None) | Q(hinted_at__lte=now - HINT_AGAIN) | Q(hinted_at__gt=now + CLOCK_DOUBT)
    due = Run.objects.filter(
        waits & (unheard | Q(hinted_at__lt=F("due_at"))) | is_orphan & (unheard | Q(hinted_at__lt=F("lease_until")))
    ).order_by("due_at")
    return offer_all(due.exclude(PAUSED).values_list("pk", flat=True)[:OFFERED_AT_ONCE])


def correct_moments(now: dt.datetime) -> None:
    """Bring moments that a clock ahead has written back to now, or their sources would have no runs until then."""
    Run.objects.filter(state=Run.State.WAITING, due_at__gt=now + CLOCK_DOUBT).update(due_at=now)
    Run.objects.filter(state=Run.State.RUNNING, lease_until__gt=now + 2 * lease_length()).update(
        lease_until=now + lease_length()
    )


def offer_next(host: str) -> int:
    """Offer the runs that have waited longest for a host, as many as may ask it at a time: one of its runs is over."""
    places = places_of(host) if host else 0
    if not places:
        return 0
    waiting = Run.objects.filter(
        source__host=host, kind__in=ASKING, state=Run.State.WAITING, due_at__lte=timezone.now()
    ).exclude(PAUSED)
    return offer_all(waiting.order_by("due_at", "pk").values_list("pk", flat=True)[:places])


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
