"""Local files as sources: only ordinary files that really lie under the hub's file roots.

Used by ``ingest/http.py``, which spools them like any answer.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from catalog.text import Text
from ingest.errors import ForbiddenAddress, Unreachable

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
PIECE = 2**20

ONLY_HTTP = Text(
    ko="http와 https 주소, 로컬 파일만 읽습니다.", en="only http and https addresses and local files are read."
)
NO_REMOTE_FILE = Text(ko="다른 컴퓨터의 파일은 읽지 않습니다.", en="files of another machine are not read.")
NOT_A_FILE = Text(ko="그런 파일이 없습니다", en="there is no such file")
OUTSIDE_ROOTS = Text(
    ko="로컬 파일은 HUB_FILE_ROOTS 설정에 적힌 폴더 안에서만 읽습니다.",
    en="local files are read only from the folders named in the setting HUB_FILE_ROOTS.",
)


def find_file(location: str, roots: Sequence[Path], shown: str) -> Path:
    """Return the real path of a local path or ``file:`` address; whatever links lead there, it lies under a root.

    A relative path is looked for in each root. ``roots`` are resolved already; errors say ``shown``.
    """
    path = Path(path_of(location, shown))
    places = [path] if path.is_absolute() else [root / path for root in roots]
    try:
        resolved = [place.resolve() for place in places]
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a NUL
        raise ForbiddenAddress(address=shown, reason=str(error)) from error
    allowed = [place for place in resolved if any(place.is_relative_to(root) for root in roots)]
    if not allowed:
        raise ForbiddenAddress(address=shown, reason=OUTSIDE_ROOTS)
    found = next((place for place in allowed if place.is_file()), None)
    if found is None:
        raise Unreachable(address=shown, reason=NOT_A_FILE)
    return found


def path_of(location: str, shown: str) -> str:
    if not SCHEME.match(location):
        return location
    parts = urlsplit(location)
    if parts.scheme != "file":
        raise ForbiddenAddress(address=shown, reason=ONLY_HTTP)
    if parts.netloc not in ("", "localhost"):
        raise ForbiddenAddress(address=shown, reason=NO_REMOTE_FILE)
    return unquote(parts.path)


def open_file(path: Path, shown: str) -> BinaryIO:
    """Open a found file; a link or a pipe put in its place meanwhile is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreachable(address=shown, reason=error.strerror or str(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreachable(address=shown, reason=NOT_A_FILE)
    return os.fdopen(descriptor, "rb")


def read_pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece
