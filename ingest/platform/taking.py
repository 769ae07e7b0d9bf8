"""From the inbox into the database: every message becomes a row with its state, and occurrences are built from them.

A segment of the inbox is taken in one transaction together with the platform's position, so that each message is taken
once, whatever is killed. What a message could not be read for now may be mended by a steward and processed again.
"""

import datetime as dt
import fcntl
import hashlib
import logging
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson
from django.contrib.auth.models import AbstractBaseUser
from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from catalog.districts import find_district_codes
from catalog.errors import HubError
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.inbox import closed_segments
from ingest.models import Occurrence, Platform, PlatformMessage
from ingest.platform.keeping import inbox_folder
from ingest.platform.occurrences import TARGET, Facts, merge, value_of, without_personal
from ingest.platform.reading import (
    FAULT,
    PARTS_WAIT,
    Readable,
    Told,
    bundle_of,
    read_message,
    refuse,
)
from ingest.platform.wire import WireError, read_envelope

State = PlatformMessage.State
PIECE = 500  # rows a statement
TAKEN_AGAIN = 2000  # messages processed again in one transaction
WRITTEN = (
    "tries", "warnings", "code", "reason_ko", "reason_en", "state", "sender", "event_id", "number", "status", "bundle",
    "processed_at",
)  # fmt: skip
MENDABLE = (
    State.WAITING,
    State.PARTS_MISSING,
    State.UNREADABLE,
    State.UNDECIPHERABLE,
    State.NO_RULE,
    State.HUB_ERROR,
    State.SET_ASIDE,
)
logger = logging.getLogger(__name__)

BROKEN_LINE = Text(
    ko="수신함의 줄이 깨져 있습니다. 디스크를 확인하십시오.", en="The line of the inbox is damaged; look at the disk."
)
PARTS_MISSING = Text(
    ko="나머지 조각이 10분 안에 오지 않았습니다. 오면 이어서 처리합니다.",
    en="The other parts did not come within ten minutes; when they do, the message is processed.",
)
NOTHING_TO_MEND = Text(
    ko="이미 처리된 메시지입니다. 처리되지 못한 메시지만 고치거나 다시 처리할 수 있습니다",
    en="the message has been processed; only those that could not be are mended or processed again",
)


def take_messages(now: dt.datetime) -> int:
    """Take what platforms have sent into the database, and return how many messages that were."""
    taken, failure = 0, None
    for platform in Platform.objects.all():
        try:
            taken += take_inbox(platform, now)
            tell_missing_parts(platform, now)
        except Exception as error:  # of one platform; the others are taken before it is told
            failure = error
    if failure is not None:
        raise failure
    return taken


def tell_missing_parts(platform: Platform, now: dt.datetime) -> None:
    """Mark the parts whose others have not come in time."""
    waiting = PlatformMessage.objects.filter(platform=platform, state=State.WAITING).exclude(bundle="")
    told = waiting.order_by().values_list("pk", "received_at")  # few; by their moment SQLite would look at all messages
    if late := [pk for pk, received_at in told if received_at < now - PARTS_WAIT]:
        waiting.filter(pk__in=late[:PIECE]).update(
            state=State.PARTS_MISSING, reason_ko=PARTS_MISSING.ko, reason_en=PARTS_MISSING.en
        )


def take_inbox(platform: Platform, now: dt.datetime) -> int:
    """Take the inbox of one platform; while another worker does so it is left to that one."""
    folder = inbox_folder(platform.slug)
    if not folder.is_dir():
        return 0
    with (folder / "taking").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        return take_segments(platform, folder, now)


def take_segments(platform: Platform, folder: Path, now: dt.datetime) -> int:
    taken = 0
    for segment in closed_segments(folder, platform.position, latest=0):
        messages = list(read_segment(platform, segment.path))
        try:
            is_mine = take_segment(platform, segment.number, messages, now)
        except (DataError, IntegrityError, ValueError) as error:
            # Without its words: a database shows the row that it refuses, with all that is personal in it.
            kind = type(error).__name__
            logger.error("messages of %s do not go into the database as they were read: %s", platform.slug, kind)
            is_mine = take_unread(platform, segment.number, messages)
        if not is_mine:
            break
        platform.position = segment.number
        taken += len(messages)
    closed_segments(folder, platform.position, latest=0)
    return taken


def take_segment(platform: Platform, number: int, messages: Sequence[PlatformMessage], now: dt.datetime) -> bool:
    """Write the messages of a segment with what became of them; False when another worker has taken it.

    They are read before the transaction begins: a database that lets one write at a time is not held up by it.
    """
    mark_duplicates(platform, messages)
    told, joined = read_all(platform, [message for message in messages if message.state == State.WAITING], now)
    with transaction.atomic():
        if not claim(platform, number):
            return False
        PlatformMessage.objects.bulk_create(messages, batch_size=PIECE)
        PlatformMessage.objects.bulk_update(joined, WRITTEN, batch_size=PIECE)
        build_occurrences(platform, told)
    return True


@transaction.atomic
def take_unread(platform: Platform, number: int, messages: Sequence[PlatformMessage]) -> bool:
    """Write messages with nothing but what was received: what cannot be told of them is a fault of the hub."""
    if not claim(platform, number):
        return False
    bare = [
        PlatformMessage(
            platform=platform,
            received_at=message.received_at,
            digest=message.digest,
            content_type=message.content_type,
            headers=message.headers,
            raw=message.raw,
            state=State.HUB_ERROR,
            reason_ko=FAULT.ko,
            reason_en=FAULT.en,
        )
        for message in messages
    ]
    PlatformMessage.objects.bulk_create(bare, batch_size=PIECE)
    return True


def claim(platform: Platform, number: int) -> bool:
    """Move the position behind a segment, unless another worker has: then nothing of it may be written."""
    return bool(Platform.objects.filter(pk=platform.pk, position=platform.position).update(position=number))


def read_segment(platform: Platform, path: Path) -> Iterator[PlatformMessage]:
    """Yield the messages of a segment as rows that are not written yet."""
    with path.open("rb") as file:
        for line in file:
            yield row_of(platform, line)


def row_of(platform: Platform, line: bytes) -> PlatformMessage:
    try:
        entry = orjson.loads(line)
        received_at, content = dt.datetime.fromisoformat(entry["at"]), entry["message"]
        raw = b64decode(content["body"])
    except (ValueError, KeyError, TypeError):
        message = PlatformMessage(
            platform=platform, received_at=timezone.now(), digest=hashlib.sha256(line).hexdigest(), raw=line
        )
        refuse(message, State.HUB_ERROR, BROKEN_LINE)
        return message
    return PlatformMessage(
        platform=platform,
        received_at=received_at,
        digest=hashlib.sha256(raw).hexdigest(),
        content_type=content["type"][:200].replace("\0", ""),
        headers=content["headers"],
        raw=raw,
    )


def mark_duplicates(platform: Platform, messages: Sequence[PlatformMessage]) -> None:
    """Mark the messages that are, byte for byte, one that was received before, with the same headers beside it."""
    digests = [message.digest for message in messages]
    known: set[tuple[str, str, bytes]] = set()
    for start in range(0, len(digests), PIECE):
        rows = PlatformMessage.objects.filter(platform=platform, digest__in=digests[start : start + PIECE])
        known.update(map(told_of, rows.only("digest", "content_type", "headers").order_by()))  # or all would be read
    for message in messages:
        told = told_of(message)
        if told in known and message.state == State.WAITING:
            message.state, message.processed_at = State.DUPLICATE, message.received_at
        known.add(told)


def told_of(message: PlatformMessage) -> tuple[str, str, bytes]:
    """Return what two messages have in common that are the same: the headers say how a content is read."""
    headers = {name.lower(): value for name, value in message.headers.items()}
    return message.digest, message.content_type, orjson.dumps(headers, option=orjson.OPT_SORT_KEYS)


def read_all(
    platform: Platform, messages: Sequence[PlatformMessage], now: dt.datetime
) -> tuple[list[Told], list[PlatformMessage]]:
    """Read messages; return what they tell, and the earlier parts of them that have been processed with them."""
    readable = Readable(platform)
    told: list[Told] = []
    joined: dict[int, PlatformMessage] = {}
    bundles: dict[str, list[PlatformMessage]] = {}
    for message in messages:
        others = other_parts(message, bundles)
        result = read_message(message, readable, others)
        message.processed_at = now
        if message.bundle:
            bundles.setdefault(message.bundle, []).append(message)
        if result is None:
            continue
        told.append(result)
        for other in others:
            for name in WRITTEN:
                if name not in ("tries", "warnings"):
                    setattr(other, name, getattr(message, name))
            if other.pk is not None:
                joined[other.pk] = other
    return told, list(joined.values())


def other_parts(message: PlatformMessage, bundles: Mapping[str, Collection[PlatformMessage]]) -> list[PlatformMessage]:
    """Return the further parts of a message that are there, in the database or among those that are just being read."""
    try:
        envelope = read_envelope(message.content_type, message.content, message.headers)
    except WireError:
        return []
    if envelope.parts == 1:
        return []
    bundle = bundle_of(envelope)
    waiting = PlatformMessage.objects.filter(
        platform=message.platform, bundle=bundle, state__in=(State.WAITING, State.PARTS_MISSING)
    ).exclude(pk=message.pk)
    new = [each for each in bundles.get(bundle, ()) if each.pk is None and each.state in MENDABLE]
    return first_of_each_part([*sorted(waiting.order_by(), key=lambda each: each.pk), *new], envelope.part)


def first_of_each_part(messages: Iterable[PlatformMessage], own: int) -> list[PlatformMessage]:
    """Return the earliest message of each part but one's own: what two messages of one second have in common is the bundle."""
    first: dict[int, PlatformMessage] = {}
    for each in messages:
        first.setdefault(read_envelope(each.content_type, each.content, each.headers).part, each)
    return [each for part, each in first.items() if part != own]


def build_occurrences(platform: Platform, told: Iterable[Told]) -> None:
    """Merge what messages tell into their occurrences."""
    facts: dict[tuple[str, str, str], Facts] = {}
    received: dict[tuple[str, str, str], list[dt.datetime]] = {}
    for one in told:
        facts[one.identity] = merge(facts.get(one.identity, {}), one.facts)
        received.setdefault(one.identity, []).append(one.received_at)
    if not facts:
        return
    known = known_occurrences(platform, facts)
    fresh: list[Occurrence] = []
    for identity, new in facts.items():
        occurrence = known.get(identity)
        if occurrence is None:
            event_id, sender, number = identity
            moments = {"first_message_at": min(received[identity]), "last_message_at": max(received[identity])}
            occurrence = Occurrence(platform=platform, event_id=event_id, sender=sender, number=number, **moments)
            fresh.append(occurrence)
        occurrence.facts = merge(occurrence.facts, without_personal(new) if occurrence.erased_at else new)
        occurrence.status = value_of(occurrence.facts, "status")
        occurred = value_of(occurrence.facts, "occurred_at")
        occurrence.occurred_at = dt.datetime.fromisoformat(occurred) if occurred else None
        occurrence.dataset_id = value_of(occurrence.facts, TARGET) or platform.dataset_id
        occurrence.first_message_at = min(occurrence.first_message_at, *received[identity])
        occurrence.last_message_at = max(occurrence.last_message_at, *received[identity])
    find_municipalities([*fresh, *known.values()])
    Occurrence.objects.bulk_create(fresh, batch_size=PIECE)
    Occurrence.objects.bulk_update(
        known.values(),
        ["dataset", "facts", "status", "occurred_at", "first_message_at", "last_message_at"],
        batch_size=PIECE,
    )
    Platform.objects.filter(pk=platform.pk).update(revision=F("revision") + 1)


def find_municipalities(occurrences: Sequence[Occurrence]) -> None:
    """Write the municipality of each occurrence into its facts, where it outlives the exact place."""
    placed = [one for one in occurrences if "longitude" in one.facts and "latitude" in one.facts]
    try:
        codes = find_district_codes([(one.facts["longitude"][-1], one.facts["latitude"][-1]) for one in placed])
    except HubError as error:
        logger.warning("the districts of occurrences are not known: %s", error)
        return
    for occurrence, code in zip(placed, codes, strict=True):
        occurrence.facts.pop("region_code", None)  # of another place than the one that counts now
        if code:
            occurrence.facts["region_code"] = [*occurrence.facts["longitude"][:-1], code[:5]]


def known_occurrences(
    platform: Platform, identities: Collection[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Occurrence]:
    numbers = sorted({number for _, _, number in identities})
    kinds, senders = {kind for kind, _, _ in identities}, {sender for _, sender, _ in identities}
    known: dict[tuple[str, str, str], Occurrence] = {}
    for start in range(0, len(numbers), PIECE):
        piece = numbers[start : start + PIECE]
        # All that the index of identities is made of, or it would be read whole.
        rows = Occurrence.objects.filter(platform=platform, event_id__in=kinds, sender__in=senders, number__in=piece)
        for row in rows.order_by():  # in no order, for which another index would be taken
            identity = (row.event_id, row.sender, row.number)
            if identity in identities:
                known[identity] = row
    return known


# What a steward does.


def process_again(platform: Platform, messages: Iterable[int], now: dt.datetime) -> int:
    """Process messages again that could not be, after what was wrong has been mended; return how many could be now."""
    wanted = sorted(messages)
    done = 0
    for start in range(0, len(wanted), TAKEN_AGAIN):
        done += process_piece(platform, wanted[start : start + TAKEN_AGAIN], now)
    return done


@transaction.atomic
def process_piece(platform: Platform, wanted: Sequence[int], now: dt.datetime) -> int:
    Platform.objects.select_for_update().get(pk=platform.pk)
    rows = PlatformMessage.objects.filter(platform=platform, pk__in=wanted, state__in=MENDABLE)
    messages = list(rows.order_by("pk"))
    told, joined = read_all(platform, messages, now)
    PlatformMessage.objects.bulk_update(
        {row.pk: row for row in [*messages, *joined]}.values(), WRITTEN, batch_size=PIECE
    )
    build_occurrences(platform, told)
    return len(told)


@transaction.atomic
def correct_message(message: PlatformMessage, content: bytes, by: AbstractBaseUser, now: dt.datetime) -> bool:
    """Put a corrected content in a message's place, what was received stays; process it, and tell whether that went well."""
    if message.state not in MENDABLE:
        raise BadSetup(where="correction", problem=NOTHING_TO_MEND)
    Platform.objects.select_for_update().get(pk=message.platform_id)  # first, as everybody who writes messages does
    mendable = PlatformMessage.objects.filter(pk=message.pk, state__in=MENDABLE)
    mendable.update(correction=content, corrected_by=by)
    return process_piece(message.platform, [message.pk], now) == 1


@transaction.atomic
def set_aside(messages: Iterable[int]) -> int:
    """Lay messages aside that are of no use; they are no longer told as trouble, and go when their time is over."""
    return PlatformMessage.objects.filter(pk__in=list(messages), state__in=MENDABLE).update(state=State.SET_ASIDE)
