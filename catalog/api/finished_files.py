"""A finished file as an answer: validators, digest, conditional requests and ranges (RFC 9110, RFC 9530), in big blocks."""

import base64
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from rest_framework.request import Request

from catalog.api.ranges import ByteRange, read_ranges
from catalog.files import FinishedFile

BLOCK = 1 << 20


def answer_file(
    request: Request, file: FinishedFile, *, media_type: str, disposition: str, cache_control: str
) -> HttpResponseBase:
    """Answer with a file, or with the part of it that the request asks for."""
    etag, modified = f'"{file.digest}"', int(file.written_at.timestamp())
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": http_date(modified),
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.digest)).decode()}:",
        "Cache-Control": cache_control,
        "Content-Disposition": disposition,
    }
    if refused := get_conditional_response(request, etag=etag, last_modified=modified):
        for name, value in headers.items():
            refused.headers[name] = value
        return refused
    if request.method == "HEAD":
        return HttpResponse(content_type=media_type, headers=headers | {"Content-Length": str(file.size)})
    ranges = asked_ranges(request, file, etag, headers["Last-Modified"])
    if ranges is None:
        return blocks_answer(file, [ByteRange(0, file.size - 1)], 200, media_type, headers)
    if not ranges:
        return HttpResponse(
            status=416, content_type=media_type, headers=headers | {"Content-Range": f"bytes */{file.size}"}
        )
    if len(ranges) == 1:
        [one] = ranges
        return blocks_answer(file, ranges, 206, media_type, headers | {"Content-Range": content_range(one, file)})
    return multipart_answer(file, ranges, media_type, headers)


def asked_ranges(request: Request, file: FinishedFile, etag: str, last_modified: str) -> Sequence[ByteRange] | None:
    """Return the ranges of the request; None for the whole file, also when ``If-Range`` names another version of it."""
    condition = request.headers.get("If-Range", "").strip()
    if "Range" not in request.headers or (condition and condition not in (etag, last_modified)):
        return None
    return read_ranges(request.headers["Range"], file.size)


def content_range(part: ByteRange, file: FinishedFile) -> str:
    return f"bytes {part.first}-{part.last}/{file.size}"


def blocks_answer(
    file: FinishedFile, ranges: Sequence[ByteRange], status: int, media_type: str, headers: dict[str, str]
) -> StreamingHttpResponse:
    length = sum(part.length for part in ranges)
    return StreamingHttpResponse(
        blocks(file.path, ranges),
        status=status,
        content_type=media_type,
        headers=headers | {"Content-Length": str(length)},
    )


def multipart_answer(
    file: FinishedFile, ranges: Sequence[ByteRange], media_type: str, headers: dict[str, str]
) -> StreamingHttpResponse:
    """Answer several ranges as ``multipart/byteranges`` (RFC 9110, 14.6)."""
    boundary = uuid.uuid4().hex
    pieces: list[bytes | ByteRange] = []
    for part in ranges:
        head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range(part, file)}\r\n\r\n"
        pieces += [head.encode(), part]
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    length = sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in pieces)
    return StreamingHttpResponse(
        blocks(file.path, pieces),
        status=206,
        content_type=f"multipart/byteranges; boundary={boundary}",
        headers=headers | {"Content-Length": str(length)},
    )


def blocks(path: Path, pieces: Sequence[bytes | ByteRange]) -> Iterator[bytes]:
    """Yield pieces, those of the file in blocks; Django closes this with the answer, also when the client went away."""
    with path.open("rb") as file:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            file.seek(piece.first)
            left = piece.length
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block
