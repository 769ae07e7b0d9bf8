"""Where libraries write to that want a file: into memory that is taken away, or into a file that is sent and forgotten."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


class Sink:
    """A file to write to whose content can be taken away piece by piece."""

    closed = False

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.position = 0

    def write(self, data: bytes) -> int:
        chunk = bytes(data)
        self.chunks.append(chunk)
        self.position += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self.position

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def take(self) -> bytes:
        taken = b"".join(self.chunks)
        self.chunks.clear()
        return taken


def spooled(folder: Path | None, suffix: str, write: Callable[[Path], None]) -> BinaryIO:
    """Let ``write`` write a file and open it; its name is gone at once, its content when it is closed."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="answer-", dir=folder))
    try:
        path = room / f"records{suffix}"
        write(path)
        return path.open("rb")
    finally:
        shutil.rmtree(room)


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
