"""GeoPackages: one layer of features, or one table without places, proven whole by SQLite's own header."""

import os
import struct
from collections.abc import Generator
from pathlib import Path

from ingest.errors import BrokenOff, Text, UnreadableAnswer
from ingest.foreign_tables import read_foreign
from ingest.http import Answer

MAGIC = b"SQLite format 3\x00"
NOT_SQLITE = Text(ko="GeoPackage(SQLite)가 아닙니다.", en="it is no GeoPackage (SQLite).")
CUT = Text(ko="적힌 크기보다 짧습니다", en="it is shorter than it says")


def read_geopackage(
    answer: Answer, *, layer: str | None = None, crs: str | None = None, before: int = 0
) -> Generator[dict[str, object], None, int]:
    """Yield the rows of a layer; the layer must be named when there are several."""
    for row in read_foreign(answer, "geopackage", proven(answer), layer=layer, crs=crs):
        before += 1
        yield row
    return before


def proven(answer: Answer) -> Path:
    """Return where the file is to be read, once it is as long as it says; the library goes by the extension."""
    with answer.path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(MAGIC) or len(head) < 100:
        raise UnreadableAnswer(address=answer.location, format="GeoPackage", reason=NOT_SQLITE)
    page, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    if (65536 if page == 1 else page) * pages > answer.size:
        raise BrokenOff(address=answer.location, reason=CUT)
    path = answer.path.with_suffix(".gpkg")
    if path != answer.path:
        os.link(answer.path, path)
    return path
