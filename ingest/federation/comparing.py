"""Compares what is here with what a peer offers, by their trees, and mends what differs."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from catalog.models import Dataset, SnapshotPart
from catalog.records.store import file_digest
from catalog.storage import record_store
from catalog.text import Text
from ingest.errors import UnreadableAnswer
from ingest.federation.peer import Peer
from ingest.federation.taking import Taken, close_entry, take_page
from ingest.federation.tree import Differences, Tree, compare_node
from ingest.models import Hub, HubEntry, HubOffer

ASKED_AT_ONCE = 256
NAMED_AT_ONCE = 500
BROKEN = "broken"
DEEPEST = 16
TOLD = 100
LEAF = re.compile("[0-9a-f]{32}")
WHAT_DIFFERS = {
    "missing": Text(ko="이 허브에 없습니다", en="it is not here"),
    "changed": Text(ko="이웃 허브가 알려 준 내용과 다릅니다", en="it is not here as the peer tells it"),
    "extra": Text(
        ko="이 허브에만 있고 이웃 허브는 더는 내놓지 않습니다", en="it is here, and the peer offers it no more"
    ),
}


def compare(peer: Peer, own: Tree) -> Differences:
    """Return in what this hub differs from all that the peer offers it; equal trees cost one request."""
    found = Differences()
    told = peer.nodes([""])
    if told.get("root") == own.root:
        return found
    prefixes = [""]
    for _ in range(DEEPEST):
        following: list[str] = []
        for start in range(0, len(prefixes), ASKED_AT_ONCE):
            some = prefixes[start : start + ASKED_AT_ONCE]
            nodes = told["nodes"] if some == [""] else peer.nodes(some).get("nodes", {})
            for prefix in some:
                if not is_node(nodes.get(prefix)):
                    raise UnreadableAnswer(address=peer.base, format="hub", reason=f"node '{prefix}'")
                following += compare_node(own, prefix, nodes[prefix], found)
        prefixes = following
        if not prefixes:
            return found
    raise UnreadableAnswer(address=peer.base, format="hub", reason="the tree is too deep")


def is_node(told: object) -> bool:
    """Tell whether a node is well formed: leaves by identifiers of 32 hexadecimal digits, or children by prefixes."""
    if not isinstance(told, dict):
        return False
    children, leaves = told.get("children"), told.get("leaves")
    if isinstance(children, dict):
        return all(isinstance(value, str) for value in children.values())
    return isinstance(leaves, dict) and all(LEAF.fullmatch(id_) for id_ in leaves)


def tree_of(hub: Hub, *, reads_files: bool = False) -> Tree:
    """Return the tree of what this hub has of all that a peer offers, as the database – and the disk – have it now.

    What cannot be served here as it was told has another leaf and so is a difference.
    """
    rows = entries_by_id(hub)
    snapshots = dict(Dataset.objects.exclude(home="").values_list("pk", "distribution__current_snapshot__digest"))
    spoilt = spoilt_snapshots(reads_files=reads_files)
    leaves = {}
    for entry, epoch, version, leaf in HubOffer.objects.filter(hub=hub).values_list(
        "entry", "epoch", "version", "leaf"
    ):
        row = rows.get(entry)
        leaves[entry.hex] = BROKEN
        if row is None or (row["epoch"], row["version"]) < (epoch, version):
            continue
        if row["gone"]:
            is_sound = row["gone"] == HubEntry.Gone.WITHDRAWN
        else:
            has = snapshots.get(entry, "")
            wanted = row["snapshot_digest"]
            is_sound = entry in snapshots and (not wanted or has == wanted) and has not in spoilt
        if is_sound:
            leaves[entry.hex] = leaf if (row["epoch"], row["version"]) > (epoch, version) else row["leaf"]
    return Tree.of(leaves)


def entries_by_id(hub: Hub) -> Mapping[uuid.UUID, dict[str, object]]:
    offered = HubOffer.objects.filter(hub=hub).values("entry")
    names = ("id", "epoch", "version", "leaf", "gone", "snapshot_digest")
    return {row["id"]: row for row in HubEntry.objects.filter(pk__in=offered).values(*names)}


def spoilt_snapshots(*, reads_files: bool) -> set[str]:
    """Return the current snapshots of datasets from elsewhere that lack a file here or, read in full, have a spoilt one."""
    store = record_store()
    parts = SnapshotPart.objects.filter(snapshot__distribution__current_snapshot=F("snapshot")).exclude(
        snapshot__distribution__dataset__home=""
    )
    named: dict[str, set[str]] = {}
    for snapshot, digest, hidden in parts.order_by().values_list("snapshot__digest", "digest", "hidden"):
        for file in (digest, hidden):
            if file:
                named.setdefault(file, set()).add(snapshot)
    spoilt: set[str] = set()
    for file, snapshots in named.items():
        path = store.path(file)
        if path.is_file() and reads_files and file_digest(path) != file:
            path.unlink()  # its name is a promise that it does not keep; it is fetched again
        if not path.is_file():
            spoilt |= snapshots
    return spoilt


def tell_differences(found: Differences) -> list[dict[str, Any]]:
    """Return the first of what differs as sentences, each with its dataset and where that is at home, if it is known."""
    pairs = [(kind, id_) for kind in WHAT_DIFFERS for id_ in getattr(found, kind)][:TOLD]
    known = HubEntry.objects.filter(pk__in=[id_ for _, id_ in pairs]).values_list("pk", "home")
    homes = {pk.hex: home for pk, home in known}
    return [
        {
            "where": homes.get(id_) or str(uuid.UUID(id_)),
            "code": f"differs-{kind}",
            "dataset": str(uuid.UUID(id_)),
            "text": WHAT_DIFFERS[kind].as_dict(),
        }
        for kind, id_ in pairs
    ]


def mend(peer: Peer, found: Differences, taken: Taken) -> None:
    """Fetch what is missing or differs, let go of what the peer offers no more."""
    wanted = [*found.missing, *found.changed]
    for some in chunks(wanted, NAMED_AT_ONCE):
        named = [str(uuid.UUID(one)) for one in some]
        take_page(peer, peer.named_entries(named), taken, again=frozenset(named))
    gone = [str(uuid.UUID(one)) for one in found.extra]
    for some in chunks(gone, NAMED_AT_ONCE):
        still = {entry["id"] for entry in peer.named_entries(some).get("entries", [])}
        for one in some:
            if one not in still:
                close_entry(one, taken)


def chunks(values: Sequence[str], size: int) -> list[Sequence[str]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
