"""Answers of records made smaller for clients that say they can read it (``Accept-Encoding``, RFC 9110, 12.5.3).

Every coding of an answer is a representation of its own, so each has its own strong ETag. Files that are compressed
already and answers to ``Range`` do not come here.
"""

from collections.abc import Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from catalog.records import CODINGS, Format, compress

IDENTITY = ""


def coding_of(request: HttpRequest | Request, format_: Format) -> str:
    """Return the coding that the client likes best, "" for none; zstd where it does not care.

    It is known before the answer is, so that the ETag is, and the same for an answer of any length.
    """
    if format_.is_compressed:
        return IDENTITY
    weights = read_weights(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    others = weights.get("*", 0.0)
    liked = {coding: weights.get(coding, others) for coding in CODINGS}
    best = max(liked, key=liked.__getitem__)  # the first of equals
    return best if liked[best] > 0 and liked[best] >= weights.get("identity", 0.0) else IDENTITY


def read_weights(header: str) -> Mapping[str, float]:
    """Read ``gzip;q=0.5, zstd``; what cannot be read counts as not wanted."""
    weights = {}
    for entry in header.lower().split(","):
        coding, _, parameter = (part.strip() for part in entry.partition(";"))
        name, _, value = (part.strip() for part in parameter.partition("="))
        weights[coding] = read_weight(value) if name == "q" else 1.0
    return weights


def read_weight(value: str) -> float:
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def tagged(etag: str, coding: str) -> str:
    """Return the ETag of an answer in a coding: other bytes, another tag."""
    return f'{etag[:-1]}-{coding}"' if coding else etag


def compressed(response: HttpResponseBase, request: HttpRequest | Request, coding: str) -> HttpResponseBase:
    """Put an answer into a coding; one that streams goes on streaming, chunk by chunk. To HEAD it is only told."""
    if not coding:
        return response
    response.headers["Content-Encoding"] = coding
    if request.method == "HEAD":
        return response
    if response.streaming:
        response.streaming_content = compress(response.streaming_content, coding)
    else:
        response.content = b"".join(compress([response.content], coding))
    return response
