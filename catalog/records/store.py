"""Files of records on disk: immutable, named by their SHA-256, written beside and renamed into place.

A file under its name is complete and never changes, so readers need no locks. The store knows nothing of snapshots;
which files belong together stands in a manifest (``snapshot.py``).
"""

import hashlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Store:
    """A folder of content-addressed files; ``suffix`` tells what they are."""

    root: Path
    suffix: str = ".parquet"

    def path(self, digest: str) -> Path:
        return self.root / digest[:2] / f"{digest}{self.suffix}"

    def has(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def keep(self, written: Path) -> str:
        """Move a finished file into the store and return its digest; the same content is kept once."""
        digest = file_digest(written)
        target = self.path(digest)
        if target.is_file():
            os.utime(target)  # young again, so that it is not collected before its manifest is committed
            written.unlink()
            return digest
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_to_disk(self.root)
        sync_to_disk(written)
        written.replace(target)
        sync_to_disk(target.parent)
        return digest

    def digests(self) -> Iterator[str]:
        for path in self.root.glob(f"??/*{self.suffix}"):
            yield path.name.removesuffix(self.suffix)

    def collect_orphans(self, referenced: Collection[str], *, older_than_seconds: float = 86_400) -> int:
        """Remove files that no manifest names and that are old enough to belong to no running write."""
        removed = 0
        for path in self.orphans(referenced, older_than_seconds):
            with suppress(FileNotFoundError):  # another collector was faster
                path.unlink()
                removed += 1
        return removed

    def count_orphans(self, referenced: Collection[str], *, older_than_seconds: float) -> int:
        return sum(1 for _ in self.orphans(referenced, older_than_seconds))

    def orphans(self, referenced: Collection[str], older_than_seconds: float) -> Iterator[Path]:
        """Yield the files that nothing names and that are older than told."""
        for digest in list(self.digests()):
            if digest not in referenced:
                path = self.path(digest)
                with suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > older_than_seconds:
                        yield path


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_to_disk(path: Path) -> None:
    """Force a file's or folder's content to the disk, so that a name never points at nothing after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
