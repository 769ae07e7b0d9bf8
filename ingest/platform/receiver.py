"""A platform's door as the hub knocks at it: where it is, its session key, and what its answers mean.

Nothing is decided here about which message goes when (``sending.py``). The session key is kept encrypted in the row and
used until the platform refuses it; no key reaches an error or an answer that is kept.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto

from django.conf import settings
from django.utils import timezone

from catalog.errors import HubError
from catalog.text import Text
from ingest.answers import Answer, Limits
from ingest.errors import BadMessage, BadSetup, PlatformClosed, PlatformFailure, SecretUnknown, SourceError
from ingest.http import Session, is_web
from ingest.models import OutgoingMessage, Receiver, Secret
from ingest.platform.outgoing import event_of, requested_at
from ingest.platform.wire import DETAIL_CODES, Cipher, Posting, Reply, read_reply, write_auth, write_envelope
from ingest.secret_store import read_secret, seal, unseal
from ingest.sources import check_certificates
from ingest.wording import storable

SYSTEM = "DHB"  # a data hub, in the protocol's words
LIMITS = Limits(connect=5, read=10, total=15, size=64 * 1024, attempts=1)
LONGEST_ANSWER = 500
SESSION_KEY = re.compile(r"[\x21-\x7e]{1,1000}")
CODE = re.compile(r"(?<!\d)(2\d{3}|4\d{3}|5\d{3})(?!\d)")
UNAUTHORISED, EXISTS = 4001, 4100
OF_STATUS = {
    401: 4001,
    403: 4001,
    404: 5100,
    405: 5100,
    408: 5004,
    425: 5003,
    429: 4209,
    502: 5100,
    503: 5003,
    504: 5004,
}

NO_SESSION = Text(
    ko="인증에 성공했다고 답했지만 세션 키로 쓸 수 있는 값이 없습니다",
    en="it says that the hub is known, but gives nothing that could be a session key",
)
NOT_KNOWN = Text(
    ko="허브의 인증키를 받지 않습니다 ({answer}). 인증키와 송신·수신 코드를 확인하십시오",
    en="it does not take the hub's key ({answer}); look at the key and at both codes",
)
NOT_LET_IN = Text(
    ko="새로 받은 세션 키도 거절합니다 ({answer}). 허브에 전송 권한이 있는지 확인하십시오",
    en="it refuses even the session key that it has just given ({answer}); ask whether the hub may send",
)
NO_REPLY = Text(
    ko="프로토콜의 응답이 아닌 내용을 답했습니다 (HTTP {status}): {excerpt}",
    en="it answered something that is no reply of the protocol (HTTP {status}): {excerpt}",
)


class Fate(Enum):
    """What an answer means for a message."""

    TAKEN = auto()
    REFUSED = auto()  # this message, and it would be every time
    LATER = auto()  # this message, perhaps not the next time
    CLOSED = auto()  # the platform takes nothing now


@dataclass(frozen=True)
class Outcome:
    """The fate of a message, with the code and words of the platform's answer."""

    fate: Fate
    code: str = ""
    answer: Text = Text()


@dataclass
class Knock:
    """A connection to a platform for a while; ``session`` is its key as long as it is good."""

    receiver: Receiver
    http: Session
    api_key: str
    cipher: Cipher | None
    session: str = ""

    def send(self, message: OutgoingMessage) -> Outcome:
        """Send a message; a session key that is refused is replaced once."""
        is_fresh = not self.session
        if is_fresh:
            self.authenticate()
        told = self.post(self.receiver.event_path, self.written(message))
        if needs_session(told) and not is_fresh:
            self.authenticate()
            told = self.post(self.receiver.event_path, self.written(message))
        if told.code == UNAUTHORISED and not told.is_accepted:
            self.forget_session()
            raise PlatformClosed(platform=self.receiver.platform.slug, reason=NOT_LET_IN.format(answer=said(told)))
        return outcome_of(told)

    def authenticate(self) -> None:
        """Ask for a session key and keep it, encrypted."""
        self.forget_session()
        receiver = self.receiver
        posting = write_auth(
            self.api_key,
            send_code=receiver.send_code,
            receive_code=receiver.receive_code,
            system_code=SYSTEM,
            requested_at=timezone.now(),
            form=receiver.is_form,
        )
        try:
            told = self.post(receiver.auth_path, posting)
        except SourceError as error:
            raise PlatformClosed(platform=receiver.platform.slug, reason=error.text) from error
        if not told.is_accepted:
            reason = said(told) if (told.code or 0) in LATER else NOT_KNOWN.format(answer=said(told))
            raise PlatformClosed(platform=receiver.platform.slug, reason=reason)
        key = told.message.strip()
        if not SESSION_KEY.fullmatch(key):
            raise PlatformClosed(platform=receiver.platform.slug, reason=NO_SESSION)
        self.session = key
        self.http.keep_secret(key)
        Receiver.objects.filter(pk=receiver.pk).update(session=seal(key))

    def forget_session(self) -> None:
        self.session = ""
        Receiver.objects.filter(pk=self.receiver.pk).update(session="")

    def written(self, message: OutgoingMessage) -> Posting:
        return write_envelope(
            event_of(message),
            send_code=self.receiver.send_code,
            receive_code=self.receiver.receive_code,
            system_code=SYSTEM,
            request_key=self.session,
            requested_at=requested_at(message),
            cipher=self.cipher,
            form=self.receiver.is_form,
        )

    def post(self, path: str, posting: Posting) -> Reply:
        """Post, and return the protocol's reply, whatever status it came with; anything else raises what it means."""
        headers = {"Content-Type": posting.content_type, "Accept": "application/json", **posting.headers}
        address = self.receiver.address.rstrip("/") + path
        try:
            return self.http.read(address, self.reply_of, headers=headers, explain=self.explain, body=posting.content)
        except Replied as replied:
            return replied.reply

    def explain(self, answer: Answer) -> None:
        """Take a reply that came with an error status for what it says; its status stands in for a code."""
        told = self.read(answer)
        status = answer.status
        if told is None and status >= 500 and status not in OF_STATUS:
            return  # a page of a server in trouble, which the session itself tells
        code = OF_STATUS.get(status, 5000 if status >= 500 else 4000)
        message = f"HTTP {status} {self.http.excerpt(answer)}"
        if told is not None:
            code, message = told.code or code_in(told.message) or code, "" if told.is_accepted else told.message
        raise Replied(Reply(is_accepted=False, code=code, message=message))

    def reply_of(self, answer: Answer) -> Reply:
        told = self.read(answer)
        if told is None:
            reason = NO_REPLY.format(status=answer.status, excerpt=self.http.excerpt(answer))
            raise PlatformFailure(address=answer.location, answer=reason)
        return told if told.code or told.is_accepted else replace(told, code=code_in(told.message))

    def read(self, answer: Answer) -> Reply | None:
        try:
            told = read_reply(answer.read_bytes())
        except BadMessage:
            return None
        return told if told.is_accepted else replace(told, message=self.http.mask(told.message))


class Replied(Exception):
    """A reply that came with an error status, on its way past the session's own reading of the status."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


@contextmanager
def knocking(receiver: Receiver) -> Iterator[Knock]:
    """Open a connection to a platform; what is missing of its keys is an error."""
    api_key = read_secret(receiver.api_key)
    platform = receiver.platform
    cipher_key = read_secret(platform.cipher_secret) if receiver.is_encrypted else ""
    session = unseal(receiver.session)
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    with Session(
        allow_private=receiver.allow_private,
        secrets=[secret for secret in (api_key, session, cipher_key) if secret],
        limits=LIMITS,
        spool=settings.SPOOL_DIR,
        authorities=receiver.ca_certificates,
    ) as http:
        cipher = Cipher(cipher_key, platform.cipher_text) if receiver.is_encrypted else None
        yield Knock(receiver, http, api_key, cipher, session)


def needs_session(told: Reply) -> bool:
    """Tell whether a new session key may help: a refusal without a reason may be about it, too."""
    return not told.is_accepted and told.code in (UNAUTHORISED, None)


def outcome_of(told: Reply) -> Outcome:
    code, answer = str(told.code or ""), said(told)
    if told.is_accepted or told.code == EXISTS:  # the try before was taken, and only its answer was lost
        return Outcome(Fate.TAKEN, code)
    return Outcome(LATER.get(told.code or 0, Fate.REFUSED), code, answer)


LATER = {4209: Fate.CLOSED, 5000: Fate.LATER, 5003: Fate.CLOSED, 5004: Fate.LATER, 5100: Fate.CLOSED}


def said(told: Reply) -> Text:
    """Return a reply as a sentence: the platform's own, and what its code means."""
    own = storable(told.message)[:LONGEST_ANSWER]
    known = DETAIL_CODES[told.code].sentence if told.code in DETAIL_CODES else Text(ko="", en="")
    number = f"{told.code} " if told.code else ""
    return Text(ko=f"{number}{known.ko} {own}".strip() or "-", en=f"{number}{known.en} {own}".strip() or "-")


def code_in(message: str) -> int | None:
    """Return the detail code that stands in the words of a reply, as some platforms tell it."""
    return next((int(found) for found in CODE.findall(message) if int(found) in DETAIL_CODES), None)


def check_receiver(receiver: Receiver) -> None:
    """Refuse what cannot be sent to; BadSetup names the field."""
    if not is_web(receiver.address):
        raise bad("address", ko="http:// 또는 https:// 주소여야 합니다", en="must be an http:// or https:// address")
    if any(sign in receiver.address for sign in "?#@"):
        raise bad(
            "address",
            ko="물음표, #, 아이디나 비밀번호 없이 경로까지만 적으십시오",
            en="give the address without a query, a fragment, a user name or a password",
        )
    for where in ("auth_path", "event_path"):
        if not re.fullmatch(r"/[\x21-\x7e]*", getattr(receiver, where)):
            raise bad(
                where,
                ko="/로 시작하는 경로를 적으십시오 (예: /linkHttp/recvEvent.json)",
                en="give a path that begins with / (/linkHttp/recvEvent.json)",
            )
    for where in ("send_code", "receive_code"):
        if not getattr(receiver, where).strip():
            raise bad(where, ko="도시 코드를 적으십시오 (예: B4413000000)", en="give the city's code (B4413000000)")
    if not Secret.objects.filter(name=receiver.api_key).exists():
        raise BadSetup(where="api_key", problem=SecretUnknown(name=receiver.api_key).text)
    if receiver.is_encrypted and not receiver.platform.cipher_secret:
        raise bad(
            "is_encrypted",
            ko="플랫폼에 암호 키가 정해져 있지 않습니다. 통합플랫폼 화면에서 먼저 정하십시오",
            en="no cipher key is set for the platform; set it at the platform first",
        )
    check_certificates(receiver.ca_certificates)


def rouse_receiver(receiver: Receiver) -> None:
    """Let a receiver that was made or changed be tried at once, with a new session key."""
    Receiver.objects.filter(pk=receiver.pk).update(
        session="", failures=0, next_try_at=None, last_error_ko="", last_error_en=""
    )


def try_receiver(receiver: Receiver) -> Text | None:
    """Authenticate anew and send nothing; return why that went wrong, None when the platform gave a session key."""
    try:
        with knocking(receiver) as knock:
            knock.authenticate()
    except HubError as error:
        return error.text
    return None


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
