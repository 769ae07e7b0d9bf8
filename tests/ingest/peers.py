"""Peers as a steward meets them: one in every state, with readings, and datasets that came by two ways."""

import base64
import datetime as dt
import uuid

from builders import make_dataset
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from catalog.models import Dataset
from ingest.errors import BadEntry, Unreachable
from ingest.federation.applying import NOT_PLANTED, stored_description
from ingest.federation.comparing import tell_differences
from ingest.federation.hubs import pause_hub, save_hub
from ingest.federation.identity import believe, fingerprint_of, read_told
from ingest.federation.sync import problem_of
from ingest.federation.tree import Differences
from ingest.models import Hub, HubEntry, HubIdentity, HubOffer, HubSync

GOOD = {"entries": 12, "created": 3, "changed": 9, "requests": 5, "bytes": 4_200_000}


def make_identity(title: str, address: str = "") -> HubIdentity:
    public = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    key = {"name": fingerprint_of(public)[:16], "public": public}
    told = {"id": str(uuid.uuid4()), "title": title, "address": address, "keys": [key]}
    return believe(read_told(told, ""), "test", is_itself=True)


def make_peer(slug: str, title: str, *, is_met: bool = True, **values: object) -> Hub:
    save_hub(slug, {"title": title, "address": f"https://{slug}.example"})
    identity = make_identity(title, f"https://{slug}.example") if is_met else None
    Hub.objects.filter(slug=slug).update(**{"identity": identity} | values)
    return Hub.objects.select_related("identity").get(slug=slug)


def make_foreign_dataset(slug: str, origin: HubIdentity, *, position: int = 1) -> Dataset:
    """Describe a dataset as if it had come from its home hub, with the entry that told of it."""
    dataset = make_dataset(slug)
    home = f"https://data.daon.example/dataset/{slug}"
    Dataset.objects.filter(pk=dataset.pk).update(home=home)
    HubEntry.objects.create(
        id=dataset.pk, origin=origin.pk, epoch=1, version=1, home=home, leaf="0" * 64, position=position,
        applied=stored_description(dataset),
    )  # fmt: skip
    dataset.refresh_from_db()
    return dataset


def offer(hub: Hub, dataset: Dataset, *through: HubIdentity) -> None:
    via = [str(one.pk) for one in through]
    HubOffer.objects.create(hub=hub, entry=dataset.pk, epoch=1, version=1, leaf="0" * 64, via=via)


def read(
    hub: Hub, *, state: str = "done", minutes_ago: int = 5, problems: list | None = None, **counts: int
) -> HubSync:
    started = timezone.now() - dt.timedelta(minutes=minutes_ago)
    return HubSync.objects.create(
        hub=hub,
        state=state,
        started_at=started,
        ended_at=None if state == "running" else started + dt.timedelta(seconds=3.2),
        counts=counts,
        problems=problems or [],
    )


def make_peers() -> dict[str, Hub]:
    """Return a peer in each state that a steward may find one in."""
    now = timezone.now()
    soon = now + dt.timedelta(minutes=8)
    ago = now - dt.timedelta(minutes=5)
    well = {"succeeded_at": ago, "verified_at": ago, "differences": 0, "behind": 0, "next_at": soon}
    peers = {
        "new": make_peer("new", "새 허브", is_met=False),
        "well": make_peer("well", "한빛시 데이터허브", **well),
        "running": make_peer("running", "가온도 데이터허브", **well | {"behind": 1300, "lease_until": soon}),
        "failed": make_peer("failed", "미리내군 데이터허브", failures=3, next_at=soon, behind=42, succeeded_at=ago - dt.timedelta(days=2)),
        "differs": make_peer("differs", "다온시 데이터허브", **well | {"differences": 2}),
        "paused": make_peer("paused", "아라시 데이터허브", **well),
        "reader": make_peer("reader", "누리도 데이터허브", reads=False, levels=["public", "restricted"]),
    }  # fmt: skip
    pause_hub(peers["paused"], "장비 교체")
    read(peers["well"], minutes_ago=60 * 30, bytes=9_000_000)
    read(peers["well"], minutes_ago=70, **GOOD)
    read(peers["well"], **GOOD)
    read(peers["running"], state="running")
    refused = BadEntry(entry="https://well.example/dataset/x", reason=NOT_PLANTED)
    trouble = {"where": "https://well.example/dataset/x", "code": refused.code, "text": refused.text.as_dict()}
    down = problem_of(Unreachable(address="https://failed.example", reason="refused"))
    read(peers["failed"], state="failed", problems=[*[trouble] * 7, down], requests=1, bytes=0)
    here = make_foreign_dataset("air-daon", peers["differs"].identity)
    offer(peers["differs"], here)
    offer(peers["well"], here, peers["running"].identity, peers["well"].identity)
    found = Differences(missing=[uuid.uuid4().hex], changed=[here.pk.hex])
    read(peers["differs"], problems=tell_differences(found), compared=2, requests=2, bytes=700)
    return {name: Hub.objects.select_related("identity").get(pk=hub.pk) for name, hub in peers.items()}
