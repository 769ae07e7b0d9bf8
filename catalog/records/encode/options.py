"""How records are written beside their format: the encoding of CSV, what becomes of formulas, the coordinate system."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Encoding:
    """How characters become bytes: Python's ``codec``, what stands before them, and the name that answers carry.

    A character that the encoding lacks becomes a numeric character reference (``&#128512;``), as browsers write it in
    forms: nothing is lost silently, and a stream is never cut in its middle for one emoji.
    """

    codec: str
    charset: str
    mark: bytes = b""


ENCODINGS: Mapping[str, Encoding] = {
    "utf-8": Encoding("utf-8", "utf-8"),
    "utf-8-sig": Encoding("utf-8", "utf-8", mark=b"\xef\xbb\xbf"),  # Excel takes CSV for UTF-8 only with the mark
    "cp949": Encoding("cp949", "cp949"),
}
FORMULAS = ("quoted", "raw")


@dataclass(frozen=True)
class Options:
    """What a caller may choose. ``crs`` tells in which system the places of the batches are; nothing is moved here.

    ``formulas="quoted"`` neutralises texts that a spreadsheet would calculate, ``"raw"`` leaves every text as it is.
    ``spool`` is the folder for the files of formats that are only whole at their end; the system's own when None.
    """

    encoding: str = "utf-8"
    formulas: str = "quoted"
    crs: str = "EPSG:4326"
    spool: Path | None = None
