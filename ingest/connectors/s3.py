"""Objects of S3 and of the stores that speak its protocol: their addresses, signed requests, and lists of what is there.

Signature Version 4, as its documentation describes it, over the session that all is fetched through; no SDK. An address
is written as it is signed, so that no library in between may write it otherwise.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from ingest.connectors.documents import read_xml
from ingest.errors import RequestRefused, Text, TooLarge, UnreadableAnswer
from ingest.http import Answer, Session
from ingest.sftp import wildcard

EMPTY = hashlib.sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"
MOST_KEYS = 100_000  # looked through for those that a wildcard means
DOORS = {"http": 80, "https": 443}

NO_LIST = Text(ko="객체 목록(ListBucketResult)이 아닙니다", en="it is no list of objects (ListBucketResult)")
NO_TOKEN = Text(
    ko="목록이 더 있다면서 다음 쪽의 토큰을 주지 않거나 같은 토큰을 다시 주었습니다",
    en="the list goes on, but it gave no token for the next page, or the same again",
)
NONE_MATCHES = Text(ko="'{pattern}'에 맞는 객체가 없습니다", en="no object there matches '{pattern}'")


@dataclass(frozen=True)
class Store:
    """Where objects are kept and who asks for them; without keys nobody in particular does."""

    endpoint: str | None = None
    region: str = "us-east-1"
    path_style: bool | None = None
    access_key: str | None = None
    secret_key: str | None = None


@dataclass(frozen=True)
class Listed:
    """An object as a list tells of it."""

    key: str
    size: int
    modified: str


def parse_path(path: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``, taken letter by letter; ValueError tells what is wrong."""
    bucket, _, key = path.partition("://")[2].partition("/")
    if not bucket or not key or key.endswith("/") or not bucket.replace("-", "").replace(".", "").isalnum():
        raise ValueError("give s3://bucket/key")
    if {".", ".."} & set(key.split("/")):
        raise ValueError("the parts of a key must not be . or ..")
    if "*" in key.rpartition("/")[0]:
        raise ValueError("* stands for anything in the last part of a key only")
    return bucket, key


def object_url(store: Store, bucket: str, key: str) -> str:
    return bucket_url(store, bucket) + quote(key, safe="/")


def bucket_url(store: Store, bucket: str) -> str:
    """Return the address that a bucket's keys are written behind: as a host of its own, or as a folder of the store."""
    # A wildcard certificate does not cover a name with dots; stores of one's own seldom have a name for each bucket.
    as_folder = store.path_style if store.path_style is not None else bool(store.endpoint) or "." in bucket
    scheme, _, host = (store.endpoint or f"https://s3.{store.region}.amazonaws.com").rstrip("/").partition("://")
    return f"{scheme}://{host}/{bucket}/" if as_folder else f"{scheme}://{bucket}.{host}/"


def list_objects(http: Session, store: Store, bucket: str, pattern: str) -> list[Listed]:
    """Return the objects whose key fits the pattern, a wildcard in its last part, in the order of their keys."""
    prefix, matches = pattern.partition("*")[0], wildcard(pattern.rpartition("/")[2])
    found: list[Listed] = []
    looked_at, token = 0, None
    while True:
        url = list_url(store, bucket, prefix, token)
        page, following = http.read(url, lambda answer: read_page(answer, http), headers=sign("GET", url, store))
        found += [one for one in page if not one.key.endswith("/") and matches(one.key.rpartition("/")[2])]
        looked_at += len(page)
        if looked_at > MOST_KEYS:
            raise TooLarge(address=http.mask(url), limit=f"{MOST_KEYS:,}")
        if following is None:
            break
        if following in ("", token):
            raise UnreadableAnswer(address=http.mask(url), format="S3", reason=NO_TOKEN)
        token = following
    if not found:
        raise RequestRefused(address=http.mask(url), answer=NONE_MATCHES.format(pattern=pattern))
    return sorted(found, key=lambda one: one.key)


def list_url(store: Store, bucket: str, prefix: str, token: str | None) -> str:
    asked = {"delimiter": "/", "encoding-type": "url", "list-type": "2", "prefix": prefix}
    if token is not None:
        asked["continuation-token"] = token
    return f"{bucket_url(store, bucket)}?{urlencode(sorted(asked.items()), quote_via=quote, safe='')}"


def read_page(answer: Answer, http: Session) -> tuple[list[Listed], str | None]:
    """Return the objects of a page of a list and the token of the next; None when it is the last."""
    document = read_xml(answer, http).get("ListBucketResult")
    if not isinstance(document, dict):
        if document is None:
            raise UnreadableAnswer(address=answer.location, format="S3", reason=NO_LIST)
        document = {}
    contents = document.get("Contents") or []
    entries = contents if isinstance(contents, list) else [contents]
    is_quoted = document.get("EncodingType") == "url"
    try:
        page = [read_entry(entry, is_quoted=is_quoted) for entry in entries]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswer(address=answer.location, format="S3", reason=NO_LIST) from error
    return page, str(document.get("NextContinuationToken") or "") if document.get("IsTruncated") == "true" else None


def read_entry(entry: Mapping[str, Any], *, is_quoted: bool) -> Listed:
    key = str(entry["Key"])
    return Listed(unquote_plus(key) if is_quoted else key, int(entry["Size"]), str(entry["LastModified"]))


def sign(method: str, url: str, store: Store, moment: dt.datetime | None = None) -> dict[str, str]:
    """Return the headers that prove who asks; the address is taken as it is written.

    A signature holds for minutes: by the full minute the same request is the same again, and a preview need not repeat it.
    """
    if store.access_key is None or store.secret_key is None:
        return {}
    at = moment or dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    headers = {"host": host_of(url), "x-amz-content-sha256": EMPTY, "x-amz-date": stamp}
    signature = signature_of(method, url, store, headers, day)
    scope = f"{day}/{store.region}/s3/aws4_request"
    return {
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": stamp,
        "Authorization": f"{ALGORITHM} Credential={store.access_key}/{scope}, "
        f"SignedHeaders={';'.join(sorted(headers))}, Signature={signature}",
    }


def signature_of(method: str, url: str, store: Store, headers: Mapping[str, str], day: str) -> str:
    """Return the signature of a request without a body over all of these headers."""
    parts = urlsplit(url)
    names = sorted(headers)
    request = "\n".join(
        (method, parts.path, parts.query, *(f"{name}:{headers[name]}" for name in names), "", ";".join(names), EMPTY)
    )
    scope = (day, store.region, "s3", "aws4_request")
    told = "\n".join((ALGORITHM, headers["x-amz-date"], "/".join(scope), hashlib.sha256(request.encode()).hexdigest()))
    key = b"AWS4" + (store.secret_key or "").encode()
    for part in (*scope, told):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def host_of(url: str) -> str:
    """Return the host as the request's header names it: with its port, unless that is the usual one."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return host if parts.port in (None, DOORS[parts.scheme]) else f"{host}:{parts.port}"
