"""Exports: ordered, found, cancelled, expired. They are written in ``write_file.py``.

An export is pinned to the snapshot that was current when it was ordered. Who may read is asked three times: when it is
ordered, when it is written, and each time that somebody looks at it or fetches its file.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence

import orjson
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.access import Viewer, require_reading
from catalog.describe import find_dataset
from catalog.errors import (
    DatasetNotFound,
    ExportGone,
    ExportNotFound,
    ExportNotReady,
    TooManyExports,
    Unanswerable,
)
from catalog.file_leases import wake_worker
from catalog.files import FinishedFile, ask_snapshot, bytes_of_exports, file_store, room_for_files
from catalog.models import Export
from catalog.models.export import KEPT_STATES
from catalog.read import Question, ask
from catalog.text import Text

NOT_FOR_EXPORTS = ("limit", "cursor", "count", "format")
ASK_AGAIN = 2  # seconds
FORGOTTEN_AFTER = dt.timedelta(days=7)
State = Export.State


def order_export(
    slug: str, parameters: Sequence[tuple[str, str]], format_name: str, *, viewer: Viewer, caller: str
) -> tuple[Export, bool]:
    """Ask for a whole answer as a file; the export, and whether it is a new one.

    The same question of the same caller to the same snapshot is the same export as long as that is kept.
    """
    for name, _value in parameters:
        if name in NOT_FOR_EXPORTS:
            raise Unanswerable(parameter=name, reason=NOT_HERE["format" if name == "format" else "page"])
    question = ask(find_dataset(slug, viewer), parameters, viewer, accepted_format=format_name)
    export = make_export(question, parameters, viewer, caller)
    try:
        with transaction.atomic():
            expire_exports(timezone.now())
            if known := find_same(export):
                return known, False
            kept = Export.objects.filter(caller=caller, state__in=KEPT_STATES).count()
            if kept >= settings.EXPORTS_EACH:
                raise TooManyExports(limit=settings.EXPORTS_EACH)
            export.save()
            transaction.on_commit(wake_worker)
    except IntegrityError:  # the same question at the same moment
        if known := find_same(export):
            return known, False
        raise
    return export, True


NOT_HERE = {
    "page": Text(
        ko="내보내기는 전체를 파일로 만듭니다. 쪽 단위로 받으려면 '/records'에 물으십시오",
        en="an export is the whole answer; ask '/records' for pages",
    ),
    "format": Text(
        ko="형식은 'parameters' 밖의 'format'에 적으십시오", en="the format is 'format' beside 'parameters', not inside"
    ),
}


def make_export(question: Question, parameters: Sequence[tuple[str, str]], viewer: Viewer, caller: str) -> Export:
    now = timezone.now()
    pairs = [list(pair) for pair in parameters]
    asked = [str(question.dataset.pk), question.snapshot.digest, question.format.name, sorted(pairs)]
    return Export(
        dataset=question.dataset,
        snapshot_digest=question.snapshot.digest,
        format=question.format.name,
        media_type=question.media_type,
        parameters=pairs,
        records_at_most=question.snapshot.records,
        question=hashlib.sha256(orjson.dumps(asked)).hexdigest(),
        caller=caller,
        user=viewer if viewer.is_authenticated else None,
        created_at=now,
        expires_at=now + kept_for(),
    )


def find_same(export: Export) -> Export | None:
    return Export.objects.filter(caller=export.caller, question=export.question, state__in=KEPT_STATES).first()


def kept_for() -> dt.timedelta:
    return dt.timedelta(hours=settings.EXPORT_HOURS)


def find_export(uid: object, viewer: Viewer) -> Export:
    """Return an export whose records the viewer may read now; withdrawn datasets take their exports with them."""
    expire_exports(timezone.now())
    export = Export.objects.select_related("dataset").filter(uid=uid).first()
    if export is None:
        raise ExportNotFound(export=uid)
    try:
        export.dataset = find_dataset(export.dataset.slug, viewer)
    except DatasetNotFound as error:
        raise ExportNotFound(export=uid) from error
    require_reading(viewer, export.dataset)
    return export


def export_file(export: Export) -> FinishedFile:
    """Return the finished file of an export; where the disk has lost it, it is written again."""
    if export.state in (State.FAILED, State.EXPIRED):
        raise ExportGone(export=export.uid)
    path = file_store(export.format).path(export.digest)
    if export.state == State.READY and path.is_file():
        return FinishedFile(path, export.digest, export.size, export.finished_at)
    if Export.objects.filter(pk=export.pk, state=State.READY).update(state=State.WAITING, digest="", attempt=0):
        wake_worker()
    raise ExportNotReady(export=export.uid, retry_after=ASK_AGAIN)


def cancel_export(export: Export, viewer: Viewer) -> None:
    """Delete an export, whatever its state; a worker that is at it stops. That of a person only this person can cancel."""
    if export.user_id is not None and export.user_id != viewer.pk:
        raise ExportNotFound(export=export.uid)
    export.delete()


def question_of_export(row: Export) -> Question:
    """Return the question of an export, put again by whoever ordered it, with the rights that they have now."""
    viewer = row.user if row.user is not None and row.user.is_active else AnonymousUser()
    parameters = [(name, value) for name, value in row.parameters]
    return ask_snapshot(find_dataset(row.dataset.slug, viewer), row.snapshot_digest, parameters, viewer, row.format)


def room_for_exports() -> int:
    """Return how many bytes exports may still take: half of all the room at most."""
    return min(settings.FILE_MIB * 2**19 - bytes_of_exports(), room_for_files())


def expire_exports(now: dt.datetime) -> None:
    """Let go of the files whose time is over; the disk is cleared by ``collect_orphan_files``."""
    Export.objects.filter(state=State.READY, expires_at__lte=now).update(state=State.EXPIRED, digest="")


def forget_exports(now: dt.datetime) -> None:
    """Delete what is left of exports some days after their end."""
    Export.objects.filter(expires_at__lt=now - FORGOTTEN_AFTER).exclude(state__in=KEPT_STATES).delete()
