"""Erasing what platforms told of persons when its time is over, and proving that it is gone.

Messages are deleted ``personal_days`` after they were received; their occurrences keep kind, municipality, status and times.
After ``event_days`` these go, too. Each erasure is a row that names what it deleted by a digest and follows the one before
by its digest, so that none in between can be taken out or changed unseen. Snapshots of guarded datasets are forgotten as soon as
they are replaced (``catalog/publish.py``), so that what is erased is in no file either.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from catalog.models import Dataset, Snapshot
from catalog.retention import count_orphan_parts
from catalog.text import Text
from ingest.inbox import segments_of
from ingest.models import Erasure, EventRule, Occurrence, Platform, PlatformMessage, Run
from ingest.platform.keeping import inbox_folder
from ingest.platform.occurrences import without_personal

PIECE = 500
MOST = 20_000  # rows an erasure: it is one transaction, and messages that come are not taken meanwhile
ORPHANS = dt.timedelta(hours=26)  # files of forgotten snapshots are gone by then
GRACE = dt.timedelta(hours=2)  # what is due is erased by then, and what was published of it replaced


def erase_due(now: dt.datetime) -> list[Erasure]:
    """Erase what is due on every platform; return the erasures that had something to erase."""
    erasures = []
    for platform in Platform.objects.all():
        while (erasure := erase(platform, now)) is not None:
            erasures.append(erasure)
    return erasures


@transaction.atomic
def erase(platform: Platform, now: dt.datetime) -> Erasure | None:
    """Erase what is due on one platform, up to MOST of each, and write the proof of it; None when nothing is due."""
    Platform.objects.select_for_update().get(pk=platform.pk)
    until = now - dt.timedelta(days=platform.personal_days)
    digest, deleted = delete_messages(platform, until)
    cleansed = cleanse_occurrences(platform, until, now)
    gone, _ = Occurrence.objects.filter(
        platform=platform, last_message_at__lt=now - dt.timedelta(days=platform.event_days)
    ).delete()
    if not (deleted or cleansed or gone):
        return None
    if cleansed or gone:
        Platform.objects.filter(pk=platform.pk).update(revision=F("revision") + 1)
    last = Erasure.objects.filter(platform=platform).order_by("-pk").first()
    return Erasure.objects.create(
        platform=platform,
        at=now,
        until=until,
        messages=deleted,
        occurrences=cleansed,
        deleted_occurrences=gone,
        digest=digest,
        previous=digest_of(last) if last else "",
    )


def delete_messages(platform: Platform, until: dt.datetime) -> tuple[str, int]:
    """Delete the messages that were received before a moment; return the digest over theirs, and how many they were."""
    due = PlatformMessage.objects.filter(platform=platform, received_at__lt=until).order_by("pk")
    digest, deleted = hashlib.sha256(), 0
    while deleted < MOST and (piece := list(due.values_list("pk", "digest")[:PIECE])):
        for _, told in piece:
            digest.update(told.encode())
        PlatformMessage.objects.filter(pk__in=[pk for pk, _ in piece]).delete()
        deleted += len(piece)
    return digest.hexdigest() if deleted else "", deleted


def cleanse_occurrences(platform: Platform, until: dt.datetime, now: dt.datetime) -> int:
    """Take what is personal out of the occurrences that were last told of before a moment; return how many they were."""
    due = Occurrence.objects.filter(platform=platform, erased_at=None, last_message_at__lt=until).order_by("pk")
    cleansed = 0
    while cleansed < MOST and (piece := list(due[:PIECE])):
        for occurrence in piece:
            occurrence.facts, occurrence.erased_at = without_personal(occurrence.facts), now
        Occurrence.objects.bulk_update(piece, ["facts", "erased_at"])
        cleansed += len(piece)
    return cleansed


def digest_of(erasure: Erasure) -> str:
    """Return the digest by which the next erasure names this one."""
    told = [
        erasure.platform_id, erasure.at.isoformat(), erasure.until.isoformat(), erasure.messages, erasure.occurrences,
        erasure.deleted_occurrences, erasure.digest, erasure.previous,
    ]  # fmt: skip
    return hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()


@dataclass(frozen=True)
class Proof:
    """What was looked at to prove an erasure: a sentence, and how much was found that should be gone."""

    what: Text
    left: int


def prove(platform: Platform, now: dt.datetime) -> Iterator[Proof]:
    """Look everywhere that a message or a person may be, and tell how much of what is over is left there."""
    until = now - dt.timedelta(days=platform.personal_days) - GRACE
    messages = PlatformMessage.objects.filter(platform=platform, received_at__lt=until)
    yield Proof(Text(ko="보관 기간이 지난 메시지", en="messages past their time"), messages.count())
    personal = Occurrence.objects.filter(platform=platform, erased_at=None, last_message_at__lt=until)
    yield Proof(
        Text(ko="개인정보가 남은 지난 사건", en="occurrences with personal data past its time"), personal.count()
    )
    over = now - dt.timedelta(days=platform.event_days) - GRACE
    occurrences = Occurrence.objects.filter(platform=platform, last_message_at__lt=over)
    yield Proof(Text(ko="보관 기간이 지난 사건", en="occurrences past their time"), occurrences.count())
    folder = inbox_folder(platform.slug)
    old = [
        segment
        for segment in (segments_of(folder) if folder.is_dir() else [])
        if segment.size and segment.number < until.timestamp() * 1000
    ]
    yield Proof(Text(ko="수신함의 오래된 파일", en="old files of the inbox"), len(old))
    targets = targets_of(platform)
    replaced = Snapshot.objects.filter(distribution__dataset__in=targets, replaced_at__lt=now - GRACE)
    yield Proof(Text(ko="바뀐 뒤에도 남은 스냅샷", en="snapshots left after they were replaced"), replaced.count())
    refused = Run.objects.filter(source__distribution__dataset__in=targets, ended_at__lt=until)
    yield Proof(
        Text(ko="실행이 거부한 옛 레코드", en="old records that runs refused"),
        refused.exclude(rejected_digest="").count(),
    )
    yield Proof(Text(ko="스냅샷에 없는 파일", en="files that no snapshot names"), count_orphan_parts(ORPHANS))
    yield Proof(
        Text(ko="아직 반영되지 않은 삭제", en="erasures that are not published yet"), unpublished(platform, now)
    )
    yield Proof(
        Text(ko="이어지지 않는 삭제 기록", en="erasures that do not follow the one before"), broken_links(platform)
    )


def targets_of(platform: Platform) -> QuerySet[Dataset]:
    """Return the datasets that a platform's occurrences are in, or may have been in before they were deleted."""
    ruled = EventRule.objects.filter(platform=platform).values("dataset")
    held = Occurrence.objects.filter(platform=platform).values("dataset")
    return Dataset.objects.filter(Q(pk=platform.dataset_id) | Q(pk__in=ruled) | Q(pk__in=held))


def unpublished(platform: Platform, now: dt.datetime) -> int:
    """Count the datasets whose current snapshot is older than the last erasure, longer ago than the time for it."""
    erased = Erasure.objects.filter(platform=platform, at__lt=now - GRACE).exclude(occurrences=0, deleted_occurrences=0)
    last = erased.aggregate(at=Max("at"))
    if last["at"] is None:
        return 0
    stale = Snapshot.objects.filter(
        distribution__dataset__in=targets_of(platform),
        replaced_at=None,
        records__gt=0,
        published_at__lt=last["at"],
    )
    return stale.count()


def broken_links(platform: Platform) -> int:
    broken, before = 0, ""
    for erasure in Erasure.objects.filter(platform=platform).order_by("pk"):
        broken += erasure.previous != before
        before = digest_of(erasure)
    return broken
