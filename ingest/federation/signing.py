"""Signed requests and answers between hubs: HTTP Message Signatures (RFC 9421) with Ed25519.

A request covers its method, path, query and body and the hub that it is meant for; an answer covers its body and the
question that it answers, so that it cannot be given to another one. ``Repr-Digest`` (RFC 9530) stands for bodies, because
servers on the way may compress.
"""

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

TAG = "hub"
FOR = "hub-for"  # the hub that a request is meant for
NONCE = "hub-nonce"  # of a question, never given twice: an old answer is not taken for the one to it
ASKED = ("@method", "@path", "@query", "repr-digest", "hub-for")
ANSWERED = (
    *("@status", "repr-digest", '"@method";req', '"@path";req', '"@query";req', '"repr-digest";req'),
    '"hub-nonce";req',
)
LONGEST_SKEW = dt.timedelta(minutes=5)


@dataclass
class Question:
    """A request as signatures see it; ``target`` is path and query."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://hub{self.target}"


@dataclass
class Reply:
    """An answer as signatures see it, with its question."""

    status_code: int
    headers: dict[str, str]
    request: Question = field(repr=False)


class OneKey(HTTPSignatureKeyResolver):
    """Knows the key that signs, or the believed keys of the hub whose signature is looked at."""

    def __init__(self, private: Ed25519PrivateKey | None = None, believed: Mapping[str, str] | None = None) -> None:
        self.private, self.believed = private, believed or {}

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey | None:
        return self.private

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        public = self.believed.get(key_id)
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(public)) if public else None


class AnyTime(HTTPMessageVerifier):
    """Does not look at the clock: an answer is bound to its question, which has a nonce."""

    def validate_created_and_expires(self, sig_input: object, max_age: dt.timedelta | None = None) -> None:
        return None


class WithinMinutes(HTTPMessageVerifier):
    max_clock_skew = LONGEST_SKEW


def digest_of(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_question(
    question: Question,
    body: bytes,
    *,
    hub: uuid.UUID,
    for_hub: uuid.UUID,
    key: tuple[str, Ed25519PrivateKey],
    now: dt.datetime,
) -> None:
    """Add the headers that say who asks, and whom."""
    question.headers |= {"repr-digest": digest_of(body), FOR: str(for_hub)}
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=OneKey(key[1]))
    signer.sign(question, key_id=f"{hub}/{key[0]}", created=now, label="hub", tag=TAG, covered_component_ids=ASKED)


def sign_reply(reply: Reply, body: bytes, *, hub: uuid.UUID, key: tuple[str, Ed25519PrivateKey]) -> None:
    """Add the headers that say who answers, and what."""
    reply.headers["repr-digest"] = digest_of(body)
    reply.request.headers.setdefault("repr-digest", digest_of(b""))
    reply.request.headers.setdefault(NONCE, "")
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=OneKey(key[1]))
    signer.sign(reply, key_id=f"{hub}/{key[0]}", label="hub", tag=TAG, covered_component_ids=ANSWERED)


def is_question_of(question: Question, body: bytes, believed: Mapping[str, str], *, for_hub: uuid.UUID) -> bool:
    """Tell whether one of the believed keys (by key id) has signed this question to this hub a moment ago."""
    verifier = WithinMinutes(signature_algorithm=algorithms.ED25519, key_resolver=OneKey(believed=believed))
    return (
        question.headers.get(FOR) == str(for_hub)
        and question.headers.get("repr-digest") == digest_of(body)
        and is_verified(verifier, question, ASKED, LONGEST_SKEW)
    )


def is_reply_of(reply: Reply, body: bytes, believed: Mapping[str, str]) -> bool:
    """Tell whether one of the believed keys (by key id) has signed this answer to its question."""
    reply.request.headers.setdefault(NONCE, "")
    verifier = AnyTime(signature_algorithm=algorithms.ED25519, key_resolver=OneKey(believed=believed))
    return reply.headers.get("repr-digest") == digest_of(body) and is_verified(verifier, reply, ANSWERED, None)


def is_verified(
    verifier: HTTPMessageVerifier, message: Question | Reply, covered: tuple[str, ...], age: dt.timedelta | None
) -> bool:
    try:
        verifier.verify(message, max_age=age, expect_tag=TAG, require_components=covered)
    except (HTTPMessageSignaturesException, ValueError):
        return False
    return True
