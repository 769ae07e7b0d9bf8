"""The door for events of integrated platforms: ``POST /platform/events``, by its old name ``/integrationPlatformEvent``.

A message of a known sender is put on disk as it came, and only then answered, in the protocol's own reply; what is wrong
with it is told, but it is kept all the same, for a steward to mend. The database is not needed for any of this. What
becomes of messages is told in ``taking.py``.
"""

import logging
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote_plus

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from catalog.caller import seen_address
from catalog.text import Text
from ingest.connectors.messages import Message
from ingest.errors import InboxFull, Undecipherable
from ingest.http import readable_size
from ingest.platform.keeping import keep_message
from ingest.platform.known import find_sender, may_send_from, open_session
from ingest.platform.wire import (
    LARGEST_MESSAGE,
    Envelope,
    WireError,
    open_body,
    read_auth,
    read_envelope,
    read_event,
    reply,
)

ADDRESSES = ("/platform/events", "/integrationPlatformEvent")
AUTH = "AUTH"
SHORTEST_KEY = 12  # shorter ones are none of ours, and may be words of the message
HEADERS = "x-scsns-"
FIRST_REFUSAL = 4000
WARNED_SECONDS = 60.0
logger = logging.getLogger(__name__)

ONLY_POST = Text(ko="POST로 보내십시오", en="send it with POST")
UNKNOWN_SENDER = Text(
    ko="등록된 플랫폼이 아닙니다. X-Scsns-Secret이나 rrKey의 세션 키 또는 인증키와 보내는 주소를 확인하십시오",
    en="no platform that is registered here; look at the session key or key in X-Scsns-Secret or rrKey, and at your address",
)
UNKNOWN_KEY = Text(
    ko="apiKey가 맞지 않거나 등록되지 않은 주소에서 보냈습니다",
    en="the apiKey is not right, or was sent from an address that is not registered",
)
TOO_LARGE = Text(ko="메시지가 한도 {limit}보다 큽니다", en="the message is larger than {limit}")
NOT_NOW = Text(
    ko="지금은 저장할 수 없습니다. 잠시 뒤에 다시 보내십시오", en="it cannot be kept now; send it again later"
)


def receive_directly(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer platforms before sessions, messages and forgery checks, of which they know nothing; the rest goes on.

    A platform may call the hub by its bare address, so that the host's name is not looked at.
    """

    def answer_request(request: HttpRequest) -> HttpResponseBase:
        is_ours = request.path_info in ADDRESSES and (request.is_secure() or not settings.SECURE_SSL_REDIRECT)
        return receive_event(request) if is_ours else get_response(request)

    return answer_request


@csrf_exempt
def receive_event(request: HttpRequest) -> HttpResponse:
    """Keep one message of a platform and answer it; one that asks for a session key is given it."""
    if request.method != "POST":
        return answer(4005, ONLY_POST, status=405, headers={"Allow": "POST"})
    address = seen_address(request.META)
    try:
        is_known = may_send_from(address)
    except Error:  # the database is down and nothing is known of before
        return answer(5003, NOT_NOW, status=503)
    if not is_known:  # nothing of a stranger is read, as reading costs time
        warn_of_stranger(address)
        return answer(4001, UNKNOWN_SENDER)
    content = request.read(LARGEST_MESSAGE + 1)  # not ``body``, whose limit is that of forms
    if len(content) > LARGEST_MESSAGE:
        return answer(4000, TOO_LARGE.format(limit=readable_size(LARGEST_MESSAGE)), status=413)
    told = {name.lower(): value for name, value in request.headers.items() if name.lower().startswith(HEADERS)}
    content_type = request.headers.get("Content-Type", "")
    envelope, problem = look_at(content_type, content, told)
    if envelope is not None and envelope.service_type == AUTH:
        return give_session(envelope, address)
    shown = [told.get("x-scsns-secret", ""), *((envelope.secret, envelope.request_key) if envelope else ())]
    sender = find_sender(shown, envelope.send_code if envelope else "", address)
    if sender is None:
        warn_of_stranger(address)
        return answer(4001, UNKNOWN_SENDER)
    if envelope is not None:
        problem = look_into(envelope)
    try:
        keep_message(sender.slug, as_message(content_type, without_keys(content, shown), told, address))
    except InboxFull as full:
        return answer(5003, full.text, status=503)
    except OSError as error:
        logger.error("a message of %s cannot be kept: %s", sender.slug, error)
        return answer(5003, NOT_NOW, status=503)
    return answer(2000) if problem is None else answer(problem.detail_code, problem.text)


def look_at(content_type: str, content: bytes, headers: dict[str, str]) -> tuple[Envelope | None, WireError | None]:
    """Read the envelope of a message, or say what is wrong with it."""
    try:
        return read_envelope(content_type, content, headers), None
    except WireError as error:
        return None, error


def look_into(envelope: Envelope) -> WireError | None:
    """Say what is wrong with the event of a message, as far as it can be read here; ciphertexts are left to the worker."""
    try:
        if not envelope.is_encrypted and envelope.parts == 1:
            read_event(envelope, open_body(envelope))
    except WireError as error:
        return error
    except Undecipherable:
        return None
    return None


def give_session(envelope: Envelope, address: str) -> HttpResponse:
    try:
        session = open_session(read_auth(envelope), address)
    except WireError as error:
        return answer(error.detail_code, error.text)
    if session is None:
        warn_of_stranger(address)
        return answer(4001, UNKNOWN_KEY)
    return answer(2000, session)


def as_message(content_type: str, content: bytes, headers: dict[str, str], address: str) -> Message:
    """Return what is kept of a message: its body byte for byte, without the keys that were shown beside it."""
    document: dict[str, Any] = {
        "type": content_type,
        "headers": {name: value for name, value in headers.items() if name != "x-scsns-secret"},
        "address": address,
        "body": b64encode(content).decode(),
    }
    return Message(document)


def without_keys(content: bytes, keys: Iterable[str]) -> bytes:
    """Blacken the keys that a sender has shown, wherever they stand in its message; nothing else moves."""
    for key in filter(None, keys):
        for written in {key.encode("utf-8", "surrogatepass"), quote_plus(key, errors="replace").encode()}:
            if len(written) >= SHORTEST_KEY:
                content = content.replace(written, b"*" * len(written))
    return content


def answer(
    code: int, message: Text | str = "", *, status: int = 200, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Answer in the protocol's words; a refusal is told in both languages, as its reader's is not known."""
    told = message if isinstance(message, str) else f"{message.ko} / {message.en}"
    return HttpResponse(
        reply(code < FIRST_REFUSAL, code, told),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


_warned: dict[str, float] = {}


def warn_of_stranger(address: str) -> None:
    """Say in the log that somebody unknown wants to send, once a minute and address: anybody could fill the disk."""
    now = time.monotonic()
    if len(_warned) > 1000:
        _warned.clear()
    if now - _warned.get(address, -WARNED_SECONDS) >= WARNED_SECONDS:
        _warned[address] = now
        logger.warning("%s wants to send events, but is no platform that is registered", address)
