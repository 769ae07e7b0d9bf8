"""``verify_hub``: proves that all a peer offers is here as it was told, or tells what is not."""

from dataclasses import dataclass, field
from typing import Any

from ingest.federation.comparing import compare, mend, tell_differences, tree_of
from ingest.federation.peer import Peer
from ingest.federation.sync import move_verified, read_hub
from ingest.federation.taking import Taken
from ingest.federation.tree import Differences
from ingest.models import HubEntry, HubSync


@dataclass
class Proof:
    """What a comparison found; ``mended``: what had differed before and does no more."""

    hub: str
    entries: int = 0
    found: Differences = field(default_factory=Differences)
    mended: int = 0
    sync: HubSync | None = None


def verify_hub(slug: str, *, repair: bool = False, reads_files: bool = False) -> Proof:
    """Compare this hub with a peer; with ``repair`` mend what differs. Nobody may be reading the peer at the moment."""
    proof = Proof(slug)

    def work(peer: Peer, taken: Taken) -> bool:
        own = tree_of(peer.hub, reads_files=reads_files)
        proof.found = compare(peer, own)
        if repair and proof.found:
            before = len(proof.found)
            mend(peer, proof.found, taken)
            own = tree_of(peer.hub, reads_files=reads_files)
            proof.found = compare(peer, own)
            proof.mended = before - len(proof.found)
        proof.entries = len(own.ids)
        taken.count("compared", proof.entries)
        taken.problems += tell_differences(proof.found)
        move_verified(taken, own.root, proof.found)
        return True

    proof.sync = read_hub(slug, work)
    return proof


def told_differences(proof: Proof) -> list[dict[str, Any]]:
    """Return each difference with the address of the dataset where it is known."""
    kinds = {"missing": proof.found.missing, "changed": proof.found.changed, "extra": proof.found.extra}
    known = {
        row.hex: home
        for row, home in HubEntry.objects.filter(
            pk__in=[one for ids in kinds.values() for one in ids][:10_000]
        ).values_list("pk", "home")
    }
    return [{"kind": kind, "id": id_, "home": known.get(id_, "")} for kind, ids in kinds.items() for id_ in ids]
