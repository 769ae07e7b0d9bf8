"""Files of records from a peer: only those that are missing here, small ones in packs, large ones in pieces.

A file is put into the store under its digest only when its content has that digest. What arrived of a large one before a
break is kept and goes on from there.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.conf import settings

from catalog.records import Store
from catalog.records.store import file_digest
from catalog.storage import record_store
from ingest.answers import Answer
from ingest.errors import SourceError
from ingest.federation.packs import FRAME, LARGEST_PACK
from ingest.federation.peer import Peer

SMALL = 1 << 20
PIECE = 8 << 20
IN_A_PACK = 500
FOLDER = "hub-files"


def fetch_missing(peer: Peer, wanted: Mapping[str, int | None]) -> set[str]:
    """Fetch the files that are not here, each with the size that it is said to have (None: not said); return those that lack."""
    store = record_store()
    missing = {digest: size for digest, size in wanted.items() if not is_here(store, digest)}
    small = [digest for digest, size in missing.items() if size is None or size <= SMALL]
    while small:
        came = fetch_pack(peer, store, small[:IN_A_PACK])
        if not came:
            break
        small = [digest for digest in small if digest not in came]
    for digest in [*small, *(digest for digest in missing if (missing[digest] or 0) > SMALL)]:
        fetch_large(peer, store, digest, missing[digest])
    return {digest for digest in missing if not store.has(digest)}


def is_here(store: Store, digest: str) -> bool:
    """Tell whether a file is in the store; it is young from now on, so that it is not collected before it is named."""
    try:
        os.utime(store.path(digest))
    except FileNotFoundError:
        return False
    return True


def fetch_pack(peer: Peer, store: Store, digests: Iterable[str]) -> set[str]:
    """Fetch what comes of some small files in one answer; what is not what was asked for is dropped."""
    wanted, came = set(digests), set()

    def take(answer: Answer) -> None:
        with answer.path.open("rb") as file:
            while len(head := file.read(FRAME.size)) == FRAME.size:
                told, length = FRAME.unpack(head)
                if length > LARGEST_PACK:
                    return
                content = file.read(length)
                digest = hashlib.sha256(content).hexdigest()
                if digest == told.hex() and digest in wanted:
                    keep(store, content)
                    came.add(digest)

    peer.pack(sorted(wanted), take)
    return came


def keep(store: Store, content: bytes) -> None:
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=settings.SPOOL_DIR, prefix="hub-file-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    store.keep(Path(name))


def fetch_large(peer: Peer, store: Store, digest: str, size: int | None) -> None:
    """Fetch a file piece by piece behind what is there of it; one that turns out to be another one is thrown away."""
    folder = settings.SPOOL_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / digest
    end = size if size is not None else LARGEST_PACK
    at = path.stat().st_size if path.is_file() else 0
    while at < end:
        received = fetch_piece(peer, path, digest, at, min(at + PIECE, end))
        if not received:
            break
        at += received
    if not path.is_file():
        return
    if file_digest(path) == digest:
        store.keep(path)
    elif size is None or path.stat().st_size >= size:
        path.unlink()


def fetch_piece(peer: Peer, path: Path, digest: str, at: int, end: int) -> int:
    """Append some bytes of a file; return how many came, 0 when the peer does not have them."""
    came = 0

    def take(answer: Answer) -> None:
        nonlocal came
        told = answer.headers.get("content-range", "")
        if answer.status != 206 or not told.startswith(f"bytes {at}-") or answer.size > end - at:
            return
        with path.open("ab") as file:
            file.truncate(at)
            file.write(answer.read_bytes())
        came = answer.size

    try:
        peer.piece(digest, at, end - 1, take)
    except SourceError as error:
        if error.temporary:
            raise
        return 0
    return came
