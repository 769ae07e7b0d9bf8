"""The envelope of a platform's message: the header fields and the body as it came, read from a form or from JSON.

``wire.py`` opens and writes envelopes, ``event.py`` reads what is in them. Whatever is wrong raises a ``WireError``; what
is odd but told clearly enough is kept in ``warnings``.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_to_bytes

from catalog.text import Text
from ingest.errors import BadMessage, FieldInvalid, UnknownEncoding, WrongMediaType
from ingest.platform.json_text import clean, read_members, read_object, shown, text_of, with_known_names, without_twins
from ingest.platform.moments import read_moment
from ingest.platform.oddities import Oddity, odd

LARGEST_MESSAGE = 2**20
MOST_FIELDS = 200
MOST_PARTS = 1000
ENCODINGS = ("utf-8", "cp949")  # strictly, and all of a message in the same one
BOM = b"\xef\xbb\xbf"
SERVICE_TYPES = ("EVENT", "PREEVT", "AUTH")
HEADER_FIELDS = (
    "svcTy", "hdCnt", "dtCnt", "apSeq", "cmnMtd", "sendCd", "rcvCd", "encAt", "tranTy", "rrKey", "reqDate", "bodyLen",
    "sysCd", "tranSysHis",
)  # fmt: skip
EXTRA_FIELDS = ("callBack",)  # not counted by hdCnt
HTTP_PREFIX = "x-scsns-"
SECRET = "Secret"
NUMBER = re.compile(r"[0-9]{1,9}")

TOO_LARGE = Text(ko="{limit}바이트보다 큽니다", en="it is larger than {limit} bytes")
TOO_MANY = Text(ko="항목이 {limit}개보다 많습니다", en="it has more than {limit} fields")
OTHER_PARTS = Text(
    ko="한 메시지의 1번부터 끝 번까지 한 번씩이어야 하는데 그렇지 않습니다",
    en="these are not the parts of one message, each once from the first to the last",
)
A_PART = Text(
    ko="1부터 {most}까지의 apCurrent와 그보다 작지 않은 apTotal",
    en="an apCurrent from 1 to {most} and an apTotal not below it",
)


@dataclass(frozen=True)
class Envelope:
    """A message with its body still closed: JSON text, or the text of a ciphertext where ``is_encrypted``.

    ``header`` holds every header field as text by the protocol's name, lists and objects as JSON. ``pieces`` are the
    bodies of the parts that it was joined from. What is secret or personal does not show in its ``repr``.
    """

    service_type: str
    send_code: str
    receive_code: str
    system_code: str
    is_encrypted: bool
    part: int
    parts: int
    requested_at: dt.datetime | None
    body_length: int | None
    secret: str = field(repr=False)
    request_key: str = field(repr=False)
    header: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    pieces: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[Oddity, ...] = ()


def read_envelope(content_type: str, content: bytes, headers: Mapping[str, str]) -> Envelope:
    """Read a message that a platform POSTed, in either encoding; HTTP headers stand in for fields that it lacks."""
    if len(content) > LARGEST_MESSAGE:
        raise BadMessage(problem=TOO_LARGE.format(limit=LARGEST_MESSAGE))
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in READERS:
        raise WrongMediaType(told=shown(media_type), allowed=list(READERS))
    told = READERS[media_type](content.removeprefix(BOM))
    if len(told) > MOST_FIELDS:
        raise BadMessage(problem=TOO_MANY.format(limit=MOST_FIELDS))
    fields = with_known_names(told, (*HEADER_FIELDS, *EXTRA_FIELDS, "Body"))
    body = fields.pop("Body", "")
    header = {clean(name): clean(value).strip() for name, value in fields.items()}
    beside = http_fields(headers)
    warnings = [
        odd("header-differs", field=name)
        for name, value in beside.items()
        if name in HEADER_FIELDS and value and header.get(name) not in (None, "", value)
    ]
    header |= {name: value for name, value in beside.items() if name in HEADER_FIELDS and not header.get(name)}
    if not header.get("svcTy"):
        warnings.append(odd("no-service-type"))
    part, parts = read_parts(header.get("apSeq", ""))
    requested_at, oddities = read_moment(header.get("reqDate", ""), "reqDate")
    body_length, more = read_count(header, "bodyLen")
    return Envelope(
        service_type=one_of(header, "svcTy", SERVICE_TYPES),
        send_code=header.get("sendCd", ""),
        receive_code=header.get("rcvCd", ""),
        system_code=header.get("sysCd", ""),
        is_encrypted=one_of(header, "encAt", ("N", "Y")) == "Y",
        part=part,
        parts=parts,
        requested_at=requested_at,
        body_length=body_length,
        secret=beside.get(SECRET) or header.get("rrKey", ""),
        request_key=header.get("rrKey", ""),
        header=header,
        body=body,
        warnings=(*warnings, *oddities, *more),
    )


def join_parts(envelopes: Sequence[Envelope]) -> Envelope:
    """Return the one envelope of a message that came in parts, in whatever order they are given."""
    ordered = sorted(envelopes, key=lambda one: one.part)
    if not ordered or [one.part for one in ordered] != list(range(1, ordered[0].parts + 1)):
        raise BadMessage(problem=OTHER_PARTS)
    first = ordered[0]
    if any(whose(one) != whose(first) for one in ordered):
        raise BadMessage(problem=OTHER_PARTS)
    pieces = tuple(one.body for one in ordered)
    body = "".join(pieces)
    lengths = [one.body_length for one in ordered if one.body_length is not None]
    whole = lengths[0] if len(set(lengths)) == 1 and is_length(lengths[0], body) else sum(lengths)
    return replace(
        first,
        part=1,
        parts=1,
        body=body,
        body_length=whole if len(lengths) == len(ordered) else None,
        pieces=pieces if len(pieces) > 1 else (),
        warnings=tuple(dict.fromkeys(oddity for one in ordered for oddity in one.warnings)),
    )


def is_length(told: int, body: str) -> bool:
    """Return whether a body is so long, in characters or in bytes of any of the encodings."""
    return told == len(body) or any(told == len(body.encode(encoding, "replace")) for encoding in ENCODINGS)


def read_count(fields: Mapping[str, str], name: str) -> tuple[int | None, list[Oddity]]:
    """Return a number that a header or body tells, and what is odd about it."""
    told = fields.get(name, "").strip()
    if not told:
        return None, []
    return (int(told), []) if NUMBER.fullmatch(told) else (None, [odd("no-number", field=name)])


def whose(envelope: Envelope) -> tuple[object, ...]:
    """Return what the parts of one message have in common."""
    return (
        envelope.service_type, envelope.send_code, envelope.receive_code, envelope.system_code, envelope.request_key,
        envelope.is_encrypted, envelope.parts,
    )  # fmt: skip


def http_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what the X-Scsns headers tell, by the names of fields."""
    told = {
        name[len(HTTP_PREFIX) :]: clean(value).strip()
        for name, value in headers.items()
        if name.lower().startswith(HTTP_PREFIX)
    }
    return with_known_names(told, (*HEADER_FIELDS, SECRET))


def read_parts(told: str) -> tuple[int, int]:
    """Return (k, n) of part k of n; a message that says nothing is whole."""
    if not told:
        return 1, 1
    fields = with_known_names(read_object(told), ("apCurrent", "apTotal"))
    part, parts = ((text_of(fields.get(name, "1")) or "?").strip() for name in ("apCurrent", "apTotal"))
    if not (NUMBER.fullmatch(part) and NUMBER.fullmatch(parts) and 1 <= int(part) <= int(parts) <= MOST_PARTS):
        raise FieldInvalid(field="apSeq", value=shown(f"{part}/{parts}"), allowed=A_PART.format(most=MOST_PARTS))
    return int(part), int(parts)


def one_of(header: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed values, the first where the field is empty."""
    told = (header.get(name) or allowed[0]).upper()
    if told not in allowed:
        raise FieldInvalid(field=name, value=shown(told), allowed=list(allowed))
    return told


def read_form(content: bytes) -> dict[str, str]:
    pairs = content.split(b"&", MOST_FIELDS + 1)
    if len(pairs) > MOST_FIELDS:
        raise BadMessage(problem=TOO_MANY.format(limit=MOST_FIELDS))
    told = [unquote_to_bytes(side.replace(b"+", b" ")) for pair in pairs if pair for side in pair.partition(b"=")[::2]]
    texts = decoded(told)
    return without_twins(zip(texts[::2], texts[1::2], strict=True))


def read_json(content: bytes) -> dict[str, str]:
    (text,) = decoded([content])
    return read_members(text)


READERS: dict[str, Callable[[bytes], dict[str, str]]] = {
    "application/x-www-form-urlencoded": read_form,
    "application/json": read_json,
}


def decoded(told: Sequence[bytes]) -> list[str]:
    for encoding in ENCODINGS:
        try:
            return [text.decode(encoding) for text in told]
        except UnicodeDecodeError:
            continue
    raise UnknownEncoding
