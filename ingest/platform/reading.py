"""What becomes of one message: read, deciphered, joined with its other parts, given a rule; or why not.

Nothing is written here; ``taking.py`` does that for many at once.
"""

import datetime as dt
import hashlib
import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from catalog.errors import HubError
from catalog.text import Text
from ingest.errors import Undecipherable
from ingest.models import EventRule, Platform, PlatformMessage
from ingest.platform.item_values import read_items
from ingest.platform.occurrences import Facts, facts_of, moment_of
from ingest.platform.rules import attributes_of, choose_rule, rules_for
from ingest.platform.wire import (
    Envelope,
    Event,
    Oddity,
    WireError,
    join_parts,
    open_body,
    read_envelope,
    read_event,
)
from ingest.secret_store import read_secret
from ingest.wording import storable

State = PlatformMessage.State
LONGEST = 100  # letters of an identifier
PARTS_WAIT = dt.timedelta(minutes=10)
AHEAD = dt.timedelta(days=1)  # by which the clock of a platform may be
logger = logging.getLogger(__name__)

NO_RULE = Text(
    ko="상황 코드 '{event}'과(와) 그 세부 코드에 맞는 대응 규칙이 없습니다. 규칙을 추가한 뒤 다시 처리하십시오.",
    en="No mapping rule fits the kind '{event}' with its detail code; add one and process the message again.",
)
STRANGE_CODE = Text(
    ko="보낸 도시 코드 '{code}'은(는) 이 플랫폼의 것이 아닙니다. 등록된 코드: {codes}",
    en="The sender code '{code}' is not one of this platform's, which are {codes}.",
)
NO_CIPHER_KEY = Text(
    ko="암호화된 메시지인데 플랫폼에 복호화 키가 정해져 있지 않습니다",
    en="the message is encrypted, but no cipher key is set for the platform",
)
IN_FUTURE = Text(
    ko="메시지의 일시가 받은 때보다 하루 넘게 앞서 있어 받은 때로 보았습니다.",
    en="The moment of the message is more than a day ahead; it is taken to be when the message was received.",
)
FAULT = Text(
    ko="허브 자체의 오류입니다. 작업자 로그에 자세한 내용이 있습니다.",
    en="A fault of the hub itself; the worker's log has the details.",
)
WAITS_FOR_PARTS = Text(
    ko="나머지 조각을 기다립니다 ({there}/{all}).", en="Waiting for the other parts ({there} of {all})."
)


@dataclass
class Readable:
    """A platform with what its messages are read by, looked up once for many."""

    platform: Platform
    rules: Sequence[EventRule] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        self.rules = rules_for(self.platform)

    @cached_property
    def cipher_key(self) -> str | HubError | None:
        """Return the key, None when none is set, or why it is not to be had."""
        if not self.platform.cipher_secret:
            return None
        try:
            return read_secret(self.platform.cipher_secret)
        except HubError as error:
            return error


@dataclass(frozen=True)
class Told:
    """What a message tells of an occurrence."""

    identity: tuple[str, str, str]  # kind, sender, number
    facts: Facts
    received_at: dt.datetime


def read_message(message: PlatformMessage, readable: Readable, others: Sequence[PlatformMessage] = ()) -> Told | None:
    """Read a message and write into it what became of it; return what it tells, None when that cannot be had.

    ``others`` are the further parts of the same message that are there; when it is whole they share its fate.
    """
    message.tries += 1
    message.warnings, message.code, message.reason_ko, message.reason_en = [], "", "", ""
    try:
        told = understand(message, readable, others)
    except WireError as error:
        refuse(message, State.UNREADABLE, error.text, str(error.detail_code))
        return None
    except Undecipherable as error:
        refuse(message, State.UNDECIPHERABLE, error.text)
        return None
    except Exception as error:
        # Without its words, which may be those of the message.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("a message of %s met a fault: %s\n%s", readable.platform.slug, type(error).__name__, where)
        refuse(message, State.HUB_ERROR, FAULT)
        return None
    if told is not None:
        message.state = State.PROCESSED
    return told


def understand(message: PlatformMessage, readable: Readable, others: Sequence[PlatformMessage]) -> Told | None:
    platform = readable.platform
    envelope = read_envelope(message.content_type, message.content, message.headers)
    message.sender = storable(envelope.send_code)[:LONGEST]
    if platform.send_codes and envelope.send_code not in platform.send_codes:
        refuse(
            message,
            State.UNREADABLE,
            STRANGE_CODE.format(code=message.sender, codes=", ".join(platform.send_codes)),
            "4001",
        )
        return None
    if envelope.parts > 1:
        message.bundle = bundle_of(envelope)
        envelopes = [envelope, *(read_envelope(each.content_type, each.content, each.headers) for each in others)]
        there = {each.part for each in envelopes}
        if len(there) < envelope.parts:
            refuse(
                message,
                message.state if message.state == State.PARTS_MISSING else State.WAITING,
                WAITS_FOR_PARTS.format(there=len(there), all=envelope.parts),
            )
            return None
        envelope = join_parts(list({each.part: each for each in envelopes}.values()))
    body = open_body(envelope, *cipher_of(envelope, readable))
    event = read_event(envelope, body)
    note_identity(message, event)
    rule = choose_rule(readable.rules, event.event_id, event.detail_code)
    if rule is None:
        refuse(message, State.NO_RULE, NO_RULE.format(event=message.event_id))
        return None
    items, odd = read_items(event, attributes_of(rule))
    moment = moment_of(event, envelope.requested_at or message.received_at)
    if moment > message.received_at + AHEAD:
        moment, odd = message.received_at, (*odd, ("future-moment", IN_FUTURE))
    note_oddities(message, odd)
    target = str(rule.dataset_id or platform.dataset_id)
    facts = facts_of(event, items, moment, name=rule.name, service=rule.service, target=target)
    return Told((message.event_id, message.sender, message.number), facts, message.received_at)


def cipher_of(envelope: Envelope, readable: Readable) -> tuple[str, str]:
    """Return the key and the form of ciphertexts; a key that is needed and not to be had is told."""
    key = readable.cipher_key
    if isinstance(key, HubError):
        if envelope.is_encrypted:
            raise Undecipherable(reason=key.text)
        key = None
    if key is None and envelope.is_encrypted:
        raise Undecipherable(reason=NO_CIPHER_KEY)
    return key or "", readable.platform.cipher_text


def note_identity(message: PlatformMessage, event: Event) -> None:
    message.event_id, message.number = storable(event.event_id)[:LONGEST], storable(event.number)[:LONGEST]
    message.status = str(event.status)
    note_oddities(message, event.warnings)


def note_oddities(message: PlatformMessage, odd: Sequence[Oddity]) -> None:
    message.warnings = [
        *message.warnings,
        *({"code": code, "ko": storable(text.ko), "en": storable(text.en)} for code, text in odd),
    ]


def refuse(message: PlatformMessage, state: str, text: Text, code: str = "") -> None:
    message.state, message.code = state, code
    message.reason_ko, message.reason_en = storable(text.ko), storable(text.en)


def bundle_of(envelope: Envelope) -> str:
    """Return what the parts of one message have in common, as a digest."""
    requested = envelope.requested_at.isoformat() if envelope.requested_at else ""
    named: Mapping[str, str] = envelope.header
    text = "\0".join(
        [envelope.send_code, envelope.receive_code, envelope.request_key, requested, str(envelope.parts),
         named.get("sysCd", "")]
    )  # fmt: skip
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
