"""ZIP archives of files: the one file that is meant is chosen by name or pattern, and unpacked beside the answer.

Names in CP949, in UTF-8 without the mark and in decomposed Hangul are read as people mean them. What archivers add of
their own is not seen. A shapefile is taken out with the files that belong to it (``shapefile.py``).
"""

import hashlib
import mimetypes
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ingest.connectors.container import name_of, unpack, weighed
from ingest.connectors.shapefile import PARTS, SHAPEFILE_ONLY
from ingest.errors import Text, UnreadableAnswer
from ingest.http import Answer

MAX_UNPACKED = 500 * 2**20
SHOWN = 20

CHOOSE = Text(
    ko="읽을 파일 하나를 member에 적으십시오(이름이나 *.csv 같은 무늬). 압축 안에 있는 것: {names}",
    en="say in member which one file to read (a name, or a pattern as *.csv); the archive holds: {names}",
)


def open_member(answer: Answer, member: str | None, extensions: Iterable[str]) -> tuple[Answer, str]:
    """Return the file that is meant, as an answer of its own, and its name.

    Unless named, it is the only one with one of the ``extensions``.
    """
    with weighed(answer, format="ZIP", most=MAX_UNPACKED) as container:
        entries = {
            name: entry
            for entry in container.infolist()
            if not (name := name_of(entry)).endswith(("/", "\\")) and not is_clutter(name)
        }
        chosen = choose(entries, member, tuple(extensions), answer)
        folder = Path(tempfile.mkdtemp(dir=answer.path.parent))
        path = folder / f"data{PurePosixPath(chosen).suffix.lower()}"
        for suffix, entry in parts_of(chosen, entries).items():
            with path.with_suffix(suffix).open("wb") as file:
                unpack(container, entry, answer, file)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    location, kind = f"{answer.location}!/{chosen}", mimetypes.guess_type(chosen)[0] or ""
    return Answer(location, path, path.stat().st_size, kind, answer.status, digest), chosen


def is_clutter(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name.startswith(".") or path.name.lower() in {"thumbs.db", "desktop.ini"}


def choose(names: Mapping[str, object], member: str | None, extensions: Sequence[str], answer: Answer) -> str:
    """Return the one name that is meant: by itself, by a pattern, or as the only one that can be read."""
    if member is None:
        found = [name for name in names if name.lower().endswith(tuple(extensions))]
    else:
        wanted = unicodedata.normalize("NFC", member)
        found = [name for name in names if wanted == name] or [
            name
            for name in names
            if fnmatchcase(name, wanted) or ("/" not in wanted and fnmatchcase(PurePosixPath(name).name, wanted))
        ]
        if len(found) > 1:  # a pattern that meets a shapefile meets its parts too
            found = [name for name in found if PurePosixPath(name).suffix.lower() not in SHAPEFILE_ONLY]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(sorted(names)[:SHOWN]) + (f" … ({len(names)})" if len(names) > SHOWN else "")
    raise UnreadableAnswer(address=answer.location, format="ZIP", reason=CHOOSE.format(names=shown or "-"))


def parts_of(chosen: str, entries: Mapping[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the entries to unpack by suffix: the chosen one and, with a shapefile, its parts of whatever case."""
    path = PurePosixPath(chosen)
    found = {path.suffix.lower(): entries[chosen]}
    if path.suffix.lower() == ".shp":
        by_name = {name.lower(): entry for name, entry in entries.items()}
        for suffix in PARTS:
            if entry := by_name.get(str(path.with_suffix(suffix)).lower()):
                found[suffix] = entry
    return found
