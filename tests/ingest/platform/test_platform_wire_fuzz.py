"""Ten thousand damaged messages: each is read or refused with a sentence, and nothing else happens."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import fields

from test_platform_wire import BODY, FORM, HEADER, JSON, as_form

from ingest.errors import Undecipherable, WireError
from ingest.platform.aria import cipher_to_text, encrypt
from ingest.platform.wire import Event, join_parts, open_body, read_auth, read_envelope, read_event

MESSAGES = 10_000
SECONDS = 60  # a dozen times what it takes on two shared cores
STRANGE = [
    None, True, False, 0, -1, 10**400, 1e308, "", " ", "\0", "a\ud800b", "�", "$DA", "9" * 5000, "٣", "{}", "[]", "null",
    "NaN", "1e99", "24:00", "99999999999999", "20260231240000", [], {}, [[[[]]]], {"key": {"key": []}}, [None], "'; --",
    "A" * 20_000, "\u202e", "{\"apCurrent\":1e5,\"apTotal\":[]}", "Y", "AUTH", "가" * 101,
]  # fmt: skip


def flip_bytes(chance: random.Random, media_type: str, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def cut(chance: random.Random, media_type: str, content: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(content)) for _ in range(2))
    return content[:start] + chance.choice((b"", content[start:end] * 3, b"{" * 5000, b"\xb0\xa1\xff")) + content[end:]


def change_fields(chance: random.Random, media_type: str, content: bytes) -> bytes:
    header, body = dict(HEADER), json.loads(json.dumps(BODY))
    for _ in range(chance.choice((1, 2, 8))):
        target = chance.choice((header, body, body, *(value for value in body.values() if isinstance(value, dict))))
        if target:
            name = chance.choice(list(target))
            value = target.pop(name)
            if chance.random() < 0.7:
                target[chance.choice((name, name.upper(), "\ud800"))] = chance.choice(
                    (*STRANGE, value, {"x": value}, [value])
                )
    if media_type == JSON:
        return json.dumps({**header, chance.choice(("body", "Body", "BODY")): body}).encode()
    told = {name.replace("\ud800", "?"): as_field(value) for name, value in header.items()}
    return as_form(json.dumps(body), **told)


def as_field(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() else json.dumps(value)


def seal(chance: random.Random, media_type: str, content: bytes) -> bytes:
    cipher = bytearray(encrypt(json.dumps(BODY).encode(), chance.choice(("열쇠", "other"))))
    if chance.random() < 0.7:
        cipher[chance.randrange(len(cipher))] ^= 1 << chance.randrange(8)
    text = cipher_to_text(bytes(cipher[: chance.choice((None, -1, 16))]), chance.choice(("base64", "hex")))
    return (
        json.dumps({**HEADER, "encAt": "Y", "body": text}).encode() if media_type == JSON else as_form(text, encAt="Y")
    )


WAYS: tuple[Callable[[random.Random, str, bytes], bytes], ...] = (flip_bytes, cut, change_fields, change_fields, seal)


def test_damaged_messages_are_read_or_refused() -> None:
    chance, started = random.Random(20260301), time.monotonic()
    whole = {JSON: json.dumps({**HEADER, "body": BODY}, ensure_ascii=False).encode(), FORM: as_form()}
    outcomes: dict[str, int] = {}
    for _ in range(MESSAGES):
        media_type = chance.choice((JSON, FORM))
        content = chance.choice(WAYS)(chance, media_type, whole[media_type])
        outcome = outcome_of(media_type, content)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert time.monotonic() - started < SECONDS
    assert {"read", "odd", "Undecipherable", "BadMessage", "FieldMissing", "FieldInvalid", "UnknownEncoding"} <= set(
        outcomes
    )


def outcome_of(media_type: str, content: bytes) -> str:
    try:
        envelope = read_envelope(media_type, content, {"X-Scsns-sendCd": HEADER["sendCd"]})
        if envelope.service_type == "AUTH":
            read_auth(envelope)
            return "asked"
        if envelope.parts > 1:
            envelope = join_parts([envelope])
        event = read_event(envelope, open_body(envelope, "열쇠"))
    except (WireError, Undecipherable) as error:
        assert error.text.ko.encode() and error.text.en.encode()
        return type(error).__name__
    for field in fields(Event):
        str(getattr(event, field.name)).encode()  # no half of a character is left
        assert "\0" not in str(getattr(event, field.name))
    return "odd" if event.warnings else "read"
