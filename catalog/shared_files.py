"""The files that a version of a dataset, or the changes from one to the next, consist of for readers of plain Parquet.

A part without hidden rows is shared as it lies. For the others, and for changes, files are written on the first question: each
named by its content, and found again by what it was written from, which never changes. They are disposable: what is
gone is written again, and they lie in a folder for each dataset, so that they can go with what they show.
"""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import orjson
from django.conf import settings

from catalog.models import Dataset, Snapshot, SnapshotPart
from catalog.records import (
    ChangeType,
    Manifest,
    RowFile,
    Store,
    changed_parts,
    file_of_part,
    has_hidden_rows,
    write_changes,
    write_visible_rows,
)
from catalog.storage import caller_limits, record_store

SHARED_SECONDS = 3600  # for which an address of a file is good
KEPT_SECONDS = 7 * 86_400.0  # after the last question that it answered
SHARE_OF_ROOM = 5  # a fifth of the room for whole files
FORM = 1  # of the lists of files: raised when files are written in another way


def files_of_version(dataset: Dataset, snapshot: Snapshot) -> Iterator[RowFile]:
    """Yield the files of all records of a version, in their order."""
    manifest = snapshot.manifest
    for position, part in enumerate(manifest.parts):
        if has_hidden_rows(manifest, position):
            yield from visible_rows(dataset, manifest, position)
        elif part.rows:
            yield file_of_part(part)


def visible_rows(dataset: Dataset, manifest: Manifest, position: int) -> Sequence[RowFile]:
    part = manifest.parts[position]
    told = [part.digest, part.hidden]
    if not part.hidden or any(later.hides for later in manifest.parts):  # then it depends on the parts that follow
        told += [manifest.digest, str(position)]
    target = shared_store(dataset.pk)
    return kept(
        target, ["rows", *told], lambda: write_visible_rows(manifest, position, record_store(), target, caller_limits())
    )


def files_of_change(dataset: Dataset, before: Snapshot | None, after: Snapshot) -> Sequence[RowFile]:
    """Return the files of the rows that one version has otherwise than the one before it."""
    if before is None:
        return [
            RowFile(file.digest, file.rows, file.size, file.ranges, ChangeType.INSERT, file.is_part)
            for file in files_of_version(dataset, after)
        ]
    old, new = before.manifest, after.manifest
    whole = changed_parts(old, new)
    if whole is not None:
        return whole
    target = shared_store(dataset.pk)
    return kept(
        target,
        ["changes", old.digest, new.digest],
        lambda: write_changes(old, new, record_store(), target, caller_limits()),
    )


def kept(target: Store, told: Sequence[str], write: Callable[[], list[RowFile]]) -> Sequence[RowFile]:
    """Return the files that were written from something, and write them if they are not there."""
    name = hashlib.sha256(orjson.dumps([FORM, *told])).hexdigest()
    path = target.root / f"{name}.json"
    with suppress(FileNotFoundError):
        files = [RowFile.from_dict(entry) for entry in orjson.loads(path.read_bytes())]
        if all(target.has(file.digest) for file in files):
            os.utime(path)  # asked for again
            return files
    target.root.mkdir(parents=True, exist_ok=True)
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    files = write()
    beside = target.root / f".{uuid.uuid4().hex}"
    beside.write_bytes(orjson.dumps([file.as_dict() for file in files]))
    beside.replace(path)
    return files


def shared_folder() -> Path:
    return settings.FILE_DIR / "shared"


def shared_store(dataset_id: uuid.UUID) -> Store:
    return Store(shared_folder() / str(dataset_id))


def find_shared(dataset: Dataset, digest: str, *, is_part: bool) -> Path | None:
    """Return where a file of a dataset lies; None when no kept snapshot of it holds the part, or it is gone."""
    if not is_part:
        path = shared_store(dataset.pk).path(digest)
    elif SnapshotPart.objects.filter(snapshot__distribution=dataset.distribution, digest=digest).exists():
        path = record_store().path(digest)
    else:
        return None
    return path if path.is_file() else None


def forget_shared(dataset_id: uuid.UUID) -> None:
    """Remove all that was written to share a dataset."""
    shutil.rmtree(shared_folder() / str(dataset_id), ignore_errors=True)


def collect_shared() -> int:
    """Remove what nobody asked for in a while, and the longest unasked where there is too much; return how many files went."""
    now, room = time.time(), settings.FILE_MIB * 2**20 // SHARE_OF_ROOM
    named: dict[Path, set[str]] = {}
    lists = sorted(shared_folder().glob("*/*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in lists:
        files = [RowFile.from_dict(entry) for entry in orjson.loads(path.read_bytes())]
        room -= sum(file.size for file in files)
        unasked = now - path.stat().st_mtime
        if unasked > KEPT_SECONDS or (room < 0 and unasked > SHARED_SECONDS):
            path.unlink(missing_ok=True)
        else:
            named.setdefault(path.parent, set()).update(file.digest for file in files)
    return sum(
        Store(folder).collect_orphans(named.get(folder, set()), older_than_seconds=SHARED_SECONDS)
        for folder in shared_folder().glob("*")
    )
