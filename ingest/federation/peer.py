"""A peer as it is asked: every question signed by this hub, every answer checked to be the peer's own answer to it."""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
from django.db import transaction
from django.utils import timezone

from ingest.answers import Answer
from ingest.errors import OwnAddress, UnreadableAnswer, UnsignedAnswer
from ingest.federation.identity import believe, own_hub, read_told, signing_key
from ingest.federation.offered import Choice
from ingest.federation.signing import LONGEST_SKEW, NONCE, Question, Reply, is_reply_of, sign_question
from ingest.http import Session, readable_size
from ingest.models import Hub, HubIdentity

LARGEST_DOCUMENT = 256 << 20


@dataclass
class Traffic:
    """What a reading of a peer has cost."""

    requests: int = 0
    received: int = 0


class Peer:
    """Asks one peer through a session; ``identity`` is who answers, known after ``meet``."""

    def __init__(self, hub: Hub, session: Session) -> None:
        self.hub, self.session = hub, session
        self.base = hub.address.rstrip("/")
        self.own = own_hub().pk
        self.key = signing_key()
        self.identity: HubIdentity | None = hub.identity
        self.skew = dt.timedelta()
        self.traffic = Traffic()
        self.choice = Choice(
            tuple(sorted(hub.organisations)),
            tuple(sorted(hub.themes)),
            tuple(sorted(hub.regions)),
            tuple(sorted(hub.data_models)),
        )

    def meet(self) -> HubIdentity:
        """Ask who it is: the keys that it tells have to be those that are known of it, or vouched for by them.

        Its clock is looked at: questions are dated by it, so that one that goes wrong there or here stops nothing.
        """
        address = f"{self.base}/sync/v1/hub"
        told: dict[str, Any] = {}

        def parse(answer: Answer) -> None:
            self.count(answer)
            told["document"] = self.json_of(answer)
            told["clock"] = answer.headers.get("date", "")
            told["headers"], told["body"] = dict(answer.headers), answer.read_bytes()

        asked = {NONCE: new_nonce()}
        self.session.read(address, parse, headers=asked)
        hub = read_told(told["document"], address)
        if hub.id == self.own:
            raise OwnAddress(address=address)
        if self.hub.identity_id and hub.id != self.hub.identity_id:
            raise UnsignedAnswer(address=address)
        question = Question("GET", self.target("hub"), {"repr-digest": EMPTY, **asked})
        with transaction.atomic():  # nothing is kept of an answer that the hub has not signed
            identity = believe(hub, self.hub.slug, fingerprint=self.hub.fingerprint, is_itself=True)
            if not is_reply_of(Reply(200, told["headers"], question), told["body"], keys_of(identity)):
                raise UnsignedAnswer(address=address)
        self.skew = skew_of(told["clock"])
        self.identity = identity
        if self.hub.identity_id != identity.pk:
            self.hub.identity = identity
            self.hub.save(update_fields=["identity"])
        return identity

    def entries(self, after: str, limit: int) -> dict[str, Any]:
        """Return the page of entries behind a cursor."""
        return self.get("entries", [("after", after), ("limit", str(limit)), *self.choice.as_query()])

    def named_entries(self, ids: Sequence[str]) -> dict[str, Any]:
        """Return the entries of these identifiers that the peer offers."""
        return self.post("entries", {"ids": list(ids)}, self.choice.as_query())

    def documents(self, digests: Sequence[str]) -> dict[str, str]:
        told = self.post("documents", {"digests": list(digests)}).get("documents")
        return told if isinstance(told, dict) else {}

    def nodes(self, prefixes: Sequence[str]) -> dict[str, Any]:
        """Return nodes of the peer's tree, with its root."""
        return self.post("tree", {"prefixes": list(prefixes)}, self.choice.as_query())

    def pack(self, digests: Sequence[str], take: Callable[[Answer], None]) -> None:
        """Have an answer with many small files taken."""
        self.ask("pack", orjson.dumps({"digests": list(digests)}), (), take)

    def piece(self, digest: str, first: int, last: int, take: Callable[[Answer], None]) -> None:
        """Have some bytes of a file taken."""
        target = self.target(f"files/{digest}")
        headers = self.signed(Question("GET", target, {}), b"")

        def parse(answer: Answer) -> None:
            self.count(answer)
            take(answer)

        self.session.read(
            f"{self.base}/sync/v1/files/{digest}", parse, headers={**headers, "range": f"bytes={first}-{last}"}
        )

    def get(self, name: str, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
        return self.ask_document(name, None, query)

    def post(self, name: str, document: Mapping[str, Any], query: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        return self.ask_document(name, orjson.dumps(document), query)

    def ask_document(self, name: str, body: bytes | None, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Return the document of an answer whose signature is the peer's, for this question."""
        told: dict[str, Any] = {}

        def take(answer: Answer) -> None:
            question = Question("GET" if body is None else "POST", self.target(name, query), asked)
            reply = Reply(answer.status, dict(answer.headers), question)
            if self.identity is None or not is_reply_of(reply, answer.read_bytes(), keys_of(self.identity)):
                raise UnsignedAnswer(address=answer.location)
            told.update(self.json_of(answer))

        asked: dict[str, str] = {}
        self.ask(name, body, query, take, asked)
        return told

    def ask(
        self,
        name: str,
        body: bytes | None,
        query: Sequence[tuple[str, str]],
        take: Callable[[Answer], None],
        asked: dict[str, str] | None = None,
    ) -> None:
        target = self.target(name, query)
        question = Question("GET" if body is None else "POST", target, {} if asked is None else asked)
        headers = self.signed(question, body or b"")

        def parse(answer: Answer) -> None:
            self.count(answer)
            take(answer)

        address = f"{self.base}/sync/v1/{name}" + (f"?{encoded(query)}" if query else "")
        self.session.read(address, parse, headers=headers, body=body)

    def signed(self, question: Question, body: bytes) -> dict[str, str]:
        if self.identity is None:
            return {}
        now = timezone.now() + self.skew
        question.headers[NONCE] = new_nonce()
        sign_question(question, body, hub=self.own, for_hub=self.identity.pk, key=self.key, now=now)
        return question.headers

    def target(self, name: str, query: Sequence[tuple[str, str]] = ()) -> str:
        path = urlsplit(self.base).path
        return f"{path}/sync/v1/{name}" + (f"?{encoded(query)}" if query else "")

    def count(self, answer: Answer) -> None:
        self.traffic.requests += 1
        length = answer.headers.get("content-length", "")
        self.traffic.received += int(length) if length.isdecimal() else answer.size

    def json_of(self, answer: Answer) -> dict[str, Any]:
        if answer.size > LARGEST_DOCUMENT:
            raise UnreadableAnswer(address=answer.location, format="hub", reason=f"> {readable_size(LARGEST_DOCUMENT)}")
        try:
            document = orjson.loads(answer.read_bytes())
        except orjson.JSONDecodeError as error:
            raise UnreadableAnswer(address=answer.location, format="JSON", reason=str(error)) from None
        if not isinstance(document, dict):
            raise UnreadableAnswer(address=answer.location, format="hub", reason="no object")
        return document


def new_nonce() -> str:
    return secrets.token_hex(8)


def encoded(query: Sequence[tuple[str, str]]) -> str:
    return urlencode(list(query), quote_via=quote, safe="")


def keys_of(identity: HubIdentity) -> dict[str, str]:
    """Return the believed public keys of a hub by their key ids."""
    return {f"{identity.pk}/{key['name']}": key["public"] for key in identity.keys if not key["revoked"]}


def skew_of(date: str) -> dt.timedelta:
    """Return how far another's clock is ahead of ours, as its ``Date`` tells; nothing when that is within what is allowed."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return dt.timedelta()
    ahead = told - timezone.now() if told.tzinfo else dt.timedelta()
    return ahead if abs(ahead) > LONGEST_SKEW / 2 else dt.timedelta()


EMPTY = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"  # the digest of no body
