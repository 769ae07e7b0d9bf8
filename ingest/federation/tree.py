"""A Merkle tree over entries: two hubs that agree on its root hold the same; else the differing leaves are found by few questions.

A leaf is the digest of an entry, its place the entry's identifier in hexadecimal. The digest of a node is SHA-256 over the
identifiers and leaves below it, in order. A node of few leaves is told by its leaves, a larger one by its 256 children.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FEW = 256
STEP = 2  # hexadecimal digits


@dataclass(frozen=True)
class Tree:
    """Identifiers in order, as 32 hexadecimal digits, and their leaves; ``root`` is the digest of all."""

    ids: Sequence[str]
    leaves: Sequence[str]
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, leaves: Mapping[str, str]) -> "Tree":
        ids = sorted(leaves)
        return cls(ids, [leaves[id_] for id_ in ids])

    @property
    def root(self) -> str:
        return self.digest("")

    def digest(self, prefix: str) -> str:
        """Return the digest of the node of a prefix; "" when there is nothing below it."""
        if prefix not in self.digests:
            low, high = self.span(prefix)
            content = "".join(f"{self.ids[at]} {self.leaves[at]}\n" for at in range(low, high))
            self.digests[prefix] = hashlib.sha256(content.encode()).hexdigest() if content else ""
        return self.digests[prefix]

    def node(self, prefix: str) -> dict[str, Any]:
        """Return what is told of a node: its ``leaves``, or the digests of its ``children`` by their prefixes."""
        low, high = self.span(prefix)
        if high - low <= FEW or len(prefix) >= 32:
            return {"leaves": {self.ids[at]: self.leaves[at] for at in range(low, high)}}
        names = (f"{prefix}{digits:02x}" for digits in range(256))
        return {"children": {name: digest for name in names if (digest := self.digest(name))}}

    def below(self, prefix: str) -> dict[str, str]:
        low, high = self.span(prefix)
        return dict(zip(self.ids[low:high], self.leaves[low:high], strict=True))

    def span(self, prefix: str) -> tuple[int, int]:
        return bisect_left(self.ids, prefix), bisect_left(self.ids, f"{prefix}g")  # g comes after all digits


@dataclass
class Differences:
    """Identifiers of entries that the other hub tells of and this one lacks, that differ, or that only this one has."""

    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.missing) + len(self.changed) + len(self.extra)


def compare_node(own: Tree, prefix: str, told: Mapping[str, Any], found: Differences) -> list[str]:
    """Add the differences below a node of few leaves; of a larger one return the prefixes that have to be asked for."""
    if "leaves" not in told:
        children = told["children"]
        names = {f"{prefix}{digits:02x}" for digits in range(256)}
        ask = sorted(name for name in names & set(children) if own.digest(name) != children[name])
        found.extra += [id_ for name in sorted(names - set(children)) for id_ in own.below(name)]
        return ask
    here, there = own.below(prefix), told["leaves"]
    found.missing += sorted(set(there) - set(here))
    found.changed += sorted(id_ for id_ in set(there) & set(here) if there[id_] != here[id_])
    found.extra += sorted(set(here) - set(there))
    return []
