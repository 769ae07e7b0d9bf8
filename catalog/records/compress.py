"""Bytes made smaller on their way out: zstd and gzip as streams, each chunk readable as soon as it has come.

The codecs come with the columnar library and with Python; which one a client wants is a matter of ``catalog/api``.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa

from catalog.records.encode.sink import Sink

GZIP_LEVEL = 1  # a tenth larger than the usual 6, at four times its speed
GZIP_WINDOW = 16 + zlib.MAX_WBITS  # with the head and the check sum of a gzip file


def compress(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Compress chunks in a coding of the table, one by one; nothing waits for a later chunk."""
    return (chunk for chunk in CODINGS[coding](chunks) if chunk)


def to_zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    sink = Sink()
    with pa.CompressedOutputStream(pa.PythonFile(sink, "w"), "zstd") as stream:
        for chunk in chunks:
            stream.write(chunk)
            stream.flush()
            yield sink.take()
    yield sink.take()


def to_gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.compressobj(GZIP_LEVEL, wbits=GZIP_WINDOW)
    for chunk in chunks:
        yield stream.compress(chunk) + stream.flush(zlib.Z_SYNC_FLUSH)
    yield stream.flush()


# By their names in HTTP, the better one first.
CODINGS: Mapping[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {"zstd": to_zstd, "gzip": to_gzip}
