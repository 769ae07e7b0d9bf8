"""The files of an index and what its ``meta.json`` tells."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

VERSION = 4  # of the files; an index of another version is not opened and is built again

NO_TIME = 2**63 - 1  # stands for it among the times, after all others

TABLE, TIMES, META = "scan.duckdb", "times.npy", "meta.json"


@dataclass(frozen=True)
class Meta:
    """What an index holds: rows in time order (nulls last, then by row number) or, without a time column, as they are.

    ``is_numbered``: the position of a row is its number in the snapshot. ``cell``: the size of a cell in degrees.
    ``parts`` are those of the snapshot: digest, rows, and the file of hidden rows.
    """

    version: int
    rows: int
    time: str
    is_numbered: bool
    keys: tuple[str, ...]
    texts: tuple[str, ...]
    cell: float
    seconds: float
    parts: tuple[tuple[str, int, str], ...]

    @property
    def by_time(self) -> bool:
        return bool(self.time)

    def write(self, folder: Path) -> None:
        (folder / META).write_bytes(orjson.dumps(asdict(self)))

    @classmethod
    def find(cls, folder: Path) -> "Meta | None":
        """Return what the index in a folder tells; None where there is none that this version can read."""
        try:
            document = orjson.loads((folder / META).read_bytes())
        except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError):
            return None
        if document["version"] != VERSION:
            return None
        lists = {name: tuple(document[name]) for name in ("keys", "texts")}
        return cls(**{**document, **lists, "parts": tuple(map(tuple, document["parts"]))})


def folder_of(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def as_numbers(times: pa.Array) -> np.ndarray:
    """Return days or microseconds since 1970; what is empty comes last."""
    whole = times.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(times.type) else times.cast(pa.int64())
    return whole.fill_null(NO_TIME).to_numpy(zero_copy_only=False)
