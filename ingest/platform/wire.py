"""The wire of integrated platforms: messages opened and written. The one module of the protocol that others import.

The protocol is that of the public interworking module of Korea's City Data Hub. A message is an envelope
(``envelope.py``) around a body, plain or encrypted (``aria.py``), that tells an event (``event.py``) and is answered by a
reply (``reply.py``). Nothing here knows of models, requests or sources.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from catalog.text import Text
from ingest.errors import (
    BadMessage,
    FieldInvalid,
    FieldMissing,
    Undecipherable,
    UnknownEncoding,
    WireError,
    WrongMediaType,
)
from ingest.platform.aria import BLOCK, Cipher, cipher_from_text, cipher_to_text, decrypt, encrypt
from ingest.platform.envelope import ENCODINGS, HEADER_FIELDS, LARGEST_MESSAGE, Envelope, join_parts, read_envelope
from ingest.platform.event import (
    DATA_FIELDS,
    GRADE_NAMES,
    STATUS_NAMES,
    TAGS,
    Event,
    Status,
    read_event,
    write_event,
)
from ingest.platform.json_text import Json, clean, read_object, text_of, with_known_names
from ingest.platform.moments import write_moment
from ingest.platform.oddities import Oddity
from ingest.platform.reply import DETAIL_CODES, Reply, read_reply, reply

__all__ = [
    "DETAIL_CODES", "GRADE_NAMES", "LARGEST_MESSAGE", "STATUS_NAMES", "BadMessage", "Cipher", "Envelope", "Event",
    "FieldInvalid", "FieldMissing", "Oddity", "Posting", "Reply", "Status", "Undecipherable", "UnknownEncoding",
    "WireError", "WrongMediaType", "join_parts", "open_body", "read_auth", "read_envelope", "read_event", "read_reply",
    "reply", "write_auth", "write_envelope", "write_event",
]  # fmt: skip

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
HTTP_FIELDS = ("svcTy", "sendCd", "rcvCd", "sysCd", "encAt")

ONE_PART = Text(
    ko="{parts}개로 나뉜 메시지의 {part}번이어서 모두 모은 뒤에 읽습니다",
    en="it is part {part} of {parts}, and is read once all of them are there",
)
NOT_OF_KEY = Text(ko="풀어 낸 내용이 JSON이 아닙니다", en="what comes out is no JSON")


def open_body(envelope: Envelope, key: str = "", transport: str = "base64") -> Mapping[str, Json]:
    """Return the body as the JSON object that it is, decrypted where it is encrypted."""
    if envelope.parts > 1:
        raise BadMessage(problem=ONE_PART.format(part=envelope.part, parts=envelope.parts))
    if not envelope.body.strip():
        raise FieldMissing(field="Body")
    return open_cipher(envelope, Cipher(key, transport)) if envelope.is_encrypted else read_object(envelope.body)


def read_auth(envelope: Envelope, key: str = "", transport: str = "base64") -> str:
    """Return the key of a message that asks for a session key."""
    told = with_known_names(open_body(envelope, key, transport), ("apiKey",))
    api_key = clean(text_of(told.get("apiKey")) or "").strip()
    if not api_key:
        raise FieldMissing(field="apiKey")
    return api_key


@dataclass(frozen=True)
class Posting:
    """A message as it is POSTed."""

    content_type: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


def write_envelope(
    event: Event,
    *,
    send_code: str,
    receive_code: str,
    system_code: str,
    request_key: str,
    requested_at: dt.datetime,
    cipher: Cipher | None = None,
    form: bool = False,
) -> Posting:
    """Return the message that tells an event."""
    header = {
        "svcTy": "EVENT", "sendCd": send_code, "rcvCd": receive_code, "rrKey": request_key, "sysCd": system_code,
        "reqDate": write_moment(requested_at),
    }  # fmt: skip
    return write_posting(header, write_event(event), cipher, form)


def write_auth(
    api_key: str,
    *,
    send_code: str = "",
    receive_code: str = "",
    system_code: str = "DHB",
    requested_at: dt.datetime | None = None,
    form: bool = False,
) -> Posting:
    """Return the message that asks for a session key."""
    header = {
        "svcTy": "AUTH", "sendCd": send_code, "rcvCd": receive_code, "rrKey": "", "sysCd": system_code,
        "reqDate": write_moment(requested_at),
    }  # fmt: skip
    return write_posting(header, {**TAGS, "apiKey": api_key}, None, form)


def write_posting(given: Mapping[str, str], body: dict[str, Json], cipher: Cipher | None, form: bool) -> Posting:
    text = compact(body)
    closed = close_text(text, cipher) if cipher else text
    header: dict[str, Json] = {
        "hdCnt": str(len(HEADER_FIELDS)),
        "dtCnt": str(len(DATA_FIELDS) if given["svcTy"] != "AUTH" else len(body) - len(TAGS)),
        "apSeq": {"apCurrent": "1", "apTotal": "1"},
        "cmnMtd": "1",
        "encAt": "Y" if cipher else "N",
        "tranTy": "HTTP",
        "bodyLen": str(len(closed.encode("utf-8", "replace"))),
        "tranSysHis": [{"tranSysHis": f"{given['sendCd']}_{given['sysCd']}"}],
        **given,
    }
    ordered = {name: header[name] for name in HEADER_FIELDS}
    beside = {name: text_of(ordered[name]) or "" for name in HTTP_FIELDS}
    headers = {f"X-Scsns-{name}": told for name, told in beside.items() if told.isascii()}  # HTTP takes nothing else
    headers |= {"X-Scsns-Secret": given["rrKey"], "X-Scsns-type": "sync"}
    if form:
        fields = {name: told if isinstance(told, str) else compact(told) for name, told in ordered.items()}
        return Posting(FORM, headers, urlencode({**fields, "Body": closed}).encode())
    return Posting(JSON, headers, compact({**ordered, "body": closed if cipher else body}).encode())


def compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def close_text(text: str, cipher: Cipher) -> str:
    """Encrypt JSON text, filled with spaces to whole blocks: so it needs no padding, which not every reader takes away."""
    plain = text.encode()
    return cipher_to_text(encrypt(plain.ljust(len(plain) + -len(plain) % BLOCK), cipher.key), cipher.transport)


def open_cipher(envelope: Envelope, cipher: Cipher) -> dict[str, Json]:
    """Decrypt a body; that of a message in parts as one ciphertext that was cut, else each part by itself."""
    try:
        return open_pieces((envelope.body,), cipher)
    except (Undecipherable, BadMessage):
        if not envelope.pieces:
            raise
    return open_pieces(envelope.pieces, cipher)


def open_pieces(pieces: tuple[str, ...], cipher: Cipher) -> dict[str, Json]:
    plain = b"".join(decrypt(cipher_from_text(piece, cipher.transport), cipher.key) for piece in pieces)
    text = decoded_plain(plain)
    if not text.lstrip().startswith("{"):
        raise Undecipherable(reason=NOT_OF_KEY)
    return read_object(text)


def decoded_plain(plain: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return plain.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise Undecipherable(reason=NOT_OF_KEY)
