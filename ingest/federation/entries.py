"""Entries: what one hub tells another of a dataset, signed by the hub at which it is at home.

An entry names the documents of the dataset by their digests; these name the files of its records by theirs. So whoever
believes the signature of the entry need believe nobody on the way of the rest.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.models import Dataset
from ingest.errors import UnreadableAnswer
from ingest.federation.identity import is_signed, public_key_of
from ingest.models import HubEntry, HubIdentity

CHOSEN_BY = ("access_level", "organisation", "theme", "region", "data_model")
CORE = ("id", "origin", "epoch", "version", "home", "description", "manifest", "gone")


@dataclass(frozen=True)
class Entry:
    """The newest of a dataset: ``epoch`` and ``version`` are counted by its home hub ``origin``, ``home`` is its address there.

    ``description`` and ``manifest`` are SHA-256 of the documents, "" where there is none; ``gone`` is "withdrawn" for one that
    its home offers no more.
    """

    id: str
    origin: str
    epoch: int
    version: int
    home: str
    description: str
    manifest: str
    gone: str = ""
    key: str = ""
    signature: str = ""

    @property
    def core(self) -> bytes:
        """What is signed."""
        return orjson.dumps([getattr(self, name) for name in CORE])

    @property
    def leaf(self) -> str:
        return hashlib.sha256(self.core).hexdigest()

    @property
    def order(self) -> tuple[int, int]:
        """Of two entries of a dataset the one with the greater order is the newer."""
        return self.epoch, self.version

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def signed(self, name: str, private: Ed25519PrivateKey) -> "Entry":
        signature = base64.b64encode(private.sign(self.core)).decode()
        return Entry(**{**asdict(self), "key": name, "signature": signature})

    def is_signed_by(self, identity: HubIdentity) -> bool:
        """Tell whether its home hub has signed it with a key that is believed to be its own."""
        public = public_key_of(identity.keys, self.key)
        return bool(public) and is_signed(public, self.signature, self.core)


class ToldEntry(BaseModel):
    """An entry as it stands in an answer, with the hubs that it came through, the nearest last."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: uuid.UUID
    origin: uuid.UUID
    epoch: int = Field(ge=0, lt=2**63)
    version: int = Field(ge=0, lt=2**63)
    home: str = Field(max_length=2000)
    description: str = Field(pattern=r"^([0-9a-f]{64})?$")
    manifest: str = Field(pattern=r"^([0-9a-f]{64})?$")
    gone: str = Field("", pattern=r"^(withdrawn)?$")
    key: str = Field(pattern=r"^[0-9a-f]{16}$")
    signature: str = Field(max_length=128)
    via: tuple[uuid.UUID, ...] = Field((), max_length=50)

    @property
    def entry(self) -> Entry:
        values = self.model_dump(exclude={"via"})
        return Entry(**{**values, "id": str(self.id), "origin": str(self.origin)})


def read_entry(document: object, where: str) -> tuple[Entry, list[str]]:
    """Return an entry of an answer and its way; what is not well formed is UnreadableAnswer."""
    try:
        told = ToldEntry.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        raise UnreadableAnswer(address=where, format="hub", reason=reason) from None
    return told.entry, [str(hub) for hub in told.via]


def entry_of(row: HubEntry) -> Entry:
    return Entry(
        id=str(row.id),
        origin=str(row.origin),
        epoch=row.epoch,
        version=row.version,
        home=row.home,
        description=row.description_digest,
        manifest=row.manifest_digest,
        gone=row.gone if row.gone == HubEntry.Gone.WITHDRAWN else "",
        key=row.key,
        signature=row.signature,
    )


def set_entry(row: HubEntry, entry: Entry) -> None:
    """Write the values of an entry into its row."""
    row.origin, row.epoch, row.version, row.home = uuid.UUID(entry.origin), entry.epoch, entry.version, entry.home
    row.description_digest, row.manifest_digest, row.gone = entry.description, entry.manifest, entry.gone
    row.key, row.signature, row.leaf = entry.key, entry.signature, entry.leaf


def set_chosen_by(row: HubEntry, dataset: Dataset) -> None:
    """Write into an entry's row what it is chosen by; what stewards here have withdrawn or guard of others is offered to nobody."""
    is_kept_back = dataset.is_guarded or (dataset.withdrawn_at is not None and not row.gone)
    row.access_level = "" if is_kept_back else dataset.access_level
    row.organisation, row.theme = dataset.organisation.slug, dataset.theme
    row.region, row.data_model = dataset.region, dataset.data_model


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as the bytes that its digest is of."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
