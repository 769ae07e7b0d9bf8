"""Who this hub is to others, and which keys are believed to be whose.

A hub has an identifier for good and pairs of keys (Ed25519); each new key is signed by one before it. Keys of another hub
are believed at the first contact, or when the operator gives their fingerprint; from then on only what is signed counts.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.feed import lock_feed
from catalog.models import Catalogue
from catalog.quality import hub_base
from ingest.errors import BadHubKey, SecretUnreadable, UnreadableAnswer
from ingest.models import HubIdentity, HubKey, OwnHub
from ingest.secret_store import seal, unseal

NAME_LENGTH = 16
VERSION = 1


class ToldKey(BaseModel):
    """A public key as a hub tells it: ``signature`` is by ``signed_by`` over what ``statement`` says; the first has none.

    ``revocation`` is by the key itself over what ``last_words`` says, so that any hub may pass it on.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str = Field(pattern=r"^[0-9a-f]{16}$")
    public: str = Field(max_length=64)
    signed_by: str = ""
    signature: str = Field("", max_length=128)
    revoked: bool = False
    revocation: str = Field("", max_length=128)


class ToldHub(BaseModel):
    """A hub as it, or another one, tells of it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: uuid.UUID
    title: str = Field("", max_length=200)
    address: str = Field("", max_length=2000)
    keys: tuple[ToldKey, ...] = Field(min_length=1, max_length=100)


def own_hub() -> OwnHub:
    """Return the row about this hub; it is made when it is asked for first."""
    own = OwnHub.objects.first()
    if own is not None:
        return own
    with transaction.atomic():
        lock_feed()
        return OwnHub.objects.first() or OwnHub.objects.create()


def own_document() -> dict[str, Any]:
    """Return what this hub tells of itself."""
    signing_key()
    own, catalogue = own_hub(), Catalogue.objects.first()
    title = (catalogue.title_ko or catalogue.title_en) if catalogue else ""
    return {
        "id": str(own.id),
        "title": title[:200],
        "address": hub_base(),
        "protocol": VERSION,
        "keys": [
            {
                "name": key.name,
                "public": key.public,
                "signed_by": key.signed_by,
                "signature": key.signature,
                "revoked": key.revoked_at is not None,
                "revocation": revocation_of(own.id, key) if key.revoked_at else "",
            }
            for key in HubKey.objects.all()
        ],
    }


def signing_key() -> tuple[str, Ed25519PrivateKey]:
    """Return the name and the private half of the newest key of this hub."""
    row = newest_key()
    if row is None:
        with transaction.atomic():
            lock_feed()
            row = newest_key() or add_key(None)
    return row.name, private_key(row)


def newest_key() -> HubKey | None:
    return HubKey.objects.filter(revoked_at=None).order_by("-created_at", "-name").first()


def private_key(row: HubKey) -> Ed25519PrivateKey:
    sealed = unseal(row.sealed)
    if not sealed:
        raise SecretUnreadable(name=f"hub key {row.name}")
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(sealed))


@transaction.atomic
def rotate_key(*, revoke: bool = False) -> HubKey:
    """Begin to sign with a new key, which the old one vouches for; ``revoke``: nothing signed by the old ones counts any more."""
    lock_feed()
    old = newest_key()
    new = add_key(old)
    if revoke:
        HubKey.objects.filter(revoked_at=None).exclude(pk=new.pk).update(revoked_at=timezone.now())
    return new


def add_key(old: HubKey | None) -> HubKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    told = base64.b64encode(public).decode()
    name = fingerprint_of(told)[:NAME_LENGTH]
    signature = private_key(old).sign(statement(own_hub().id, name, told)) if old else b""
    return HubKey.objects.create(
        name=name,
        public=told,
        sealed=seal(base64.b64encode(private.private_bytes_raw()).decode()),
        signed_by=old.name if old else "",
        signature=base64.b64encode(signature).decode(),
    )


def revocation_of(hub: uuid.UUID, key: HubKey) -> str:
    return base64.b64encode(private_key(key).sign(last_words(hub, key.name))).decode()


def last_words(hub: uuid.UUID, name: str) -> bytes:
    """Return what a key signs to be believed no more; whoever has stolen it may say so too, which harms nobody."""
    return f"hub key revoked {hub} {name}".encode()


def statement(hub: uuid.UUID, name: str, public: str) -> bytes:
    """Return what an older key signs to vouch for a newer one."""
    return f"hub key {hub} {name} {public}".encode()


def fingerprint_of(public: str) -> str:
    return hashlib.sha256(base64.b64decode(public)).hexdigest()


def read_told(document: object, where: str) -> ToldHub:
    """Return what is told of a hub; what is not well formed is UnreadableAnswer."""
    try:
        return ToldHub.model_validate(document)
    except ValidationError as error:
        raise UnreadableAnswer(address=where, format="hub", reason=str(error.errors()[0]["msg"])) from None


def believe(told: ToldHub, learnt_from: str, *, fingerprint: str = "", is_itself: bool = False) -> HubIdentity:
    """Return the hub with the keys that are believed to be its own; a key that none of these vouches for is BadHubKey.

    ``is_itself``: the hub tells of itself, so that its name and address count, and which keys it has revoked. Of others a
    revocation counts that the key itself has signed.
    """
    known = HubIdentity.objects.filter(pk=told.id).first()
    if known is None:
        keys = chained(told.id, [told.keys[0]], told.keys[1:])
        known = HubIdentity(id=told.id, learnt_from=learnt_from)
    else:
        believed = [ToldKey.model_validate(key) for key in known.keys]
        names = {key.name for key in believed}
        keys = chained(told.id, believed, [key for key in told.keys if key.name not in names], is_known=True)
    if fingerprint and fingerprint not in {fingerprint_of(key["public"]) for key in keys}:
        raise BadHubKey(hub=told.title or told.address, key=fingerprint_of(told.keys[-1].public)[:NAME_LENGTH])
    lost = {key["name"]: key.get("revocation", "") for key in known.keys if key["revoked"]}
    for claim in (key for key in told.keys if key.revoked):
        if is_signed(
            public_key_of(keys, claim.name, even_revoked=True), claim.revocation, last_words(told.id, claim.name)
        ):
            lost[claim.name] = claim.revocation
        elif is_itself:
            lost.setdefault(claim.name, "")
    for key in keys:
        key["revoked"], key["revocation"] = key["name"] in lost, lost.get(key["name"], "")
    before = (known.keys, known.title, known.address)
    known.keys = keys
    if is_itself or not known.address:
        known.title, known.address = told.title, told.address
    if known._state.adding or before != (known.keys, known.title, known.address):
        known.save()
    return known


def chained(
    hub: uuid.UUID, believed: Sequence[ToldKey], told: Sequence[ToldKey], *, is_known: bool = False
) -> list[dict[str, Any]]:
    """Return the believed keys and those told, each of which has to be vouched for by one before it.

    ``is_known``: the hub is, and a key that it has revoked before vouches for nothing new.
    """
    keys = {key.name: key for key in believed}
    lost = {key.name for key in believed if key.revoked} if is_known else set()
    for key in told:
        by = keys.get(key.signed_by)
        if (
            by is None
            or by.name in lost
            or not is_signed(by.public, key.signature, statement(hub, key.name, key.public))
        ):
            raise BadHubKey(hub=str(hub), key=key.name)
        keys[key.name] = key
    for key in keys.values():
        if fingerprint_of(key.public)[:NAME_LENGTH] != key.name:
            raise BadHubKey(hub=str(hub), key=key.name)
    return [key.model_dump() for key in keys.values()]


def is_signed(public: str, signature: str, content: bytes) -> bool:
    """Tell whether the owner of a public key has signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(base64.b64decode(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key_of(keys: Sequence[Mapping[str, Any]], name: str, *, even_revoked: bool = False) -> str:
    """Return the public key of this name; "" when there is none, or it has been revoked."""
    return next((key["public"] for key in keys if key["name"] == name and (even_revoked or not key["revoked"])), "")
