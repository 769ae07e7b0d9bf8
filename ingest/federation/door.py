"""The doors at which other hubs read: ``/sync/v1/…``. Everything but files is JSON, signed by this hub with its question.

Anybody may read what is public. A hub that signs its questions and is known here as a peer reads the access levels that its
row names. ``docs/federation.md`` describes each address.
"""

import datetime as dt
import functools
import gzip
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from catalog.api import quota
from catalog.api.errors import MEDIA_TYPE, answer_problem
from catalog.api.finished_files import answer_file
from catalog.errors import BadValue, HubError
from catalog.feed import begin_epoch
from catalog.files import FinishedFile
from catalog.models import FeedHead
from catalog.storage import record_store
from catalog.text import Text
from ingest.federation.entries import entry_of
from ingest.federation.identity import own_document, own_hub, signing_key
from ingest.federation.offered import (
    CHOICES,
    Caller,
    Choice,
    documents,
    offered,
    read_position,
    readable_files,
    told_hubs,
    tree_of,
    write_position,
)
from ingest.federation.own_entries import bring_up_to_date
from ingest.federation.packs import FRAME, LARGEST_PACK
from ingest.federation.signing import Question, Reply, is_question_of, sign_reply
from ingest.models import Hub, HubEntry

MOST_ENTRIES = 1000
MOST_DIGESTS = 1000
MOST_PREFIXES = 512
LARGEST_QUESTION = 1 << 20
SHORT = 1024  # bytes; shorter answers are not compressed
BATCHES = 3  # of entries made within one request; the rest is made within the next ones
logger = logging.getLogger(__name__)
IMMUTABLE = "private, max-age=31536000, immutable"

NOT_SIGNED = Text(
    ko="서명이 맞지 않습니다. 이 허브(hub-for)에 보낸 것인지, 시계가 5분 넘게 다르지 않은지 확인하십시오",
    en="the signature does not fit; see that it is meant for this hub (hub-for) and that the clocks differ by less than 5 minutes",
)
UNREADABLE = Text(
    ko="요청 본문은 {limit} 이하의 JSON 객체여야 하고 '{name}'은(는) {most}개 이하의 문자열 목록이어야 합니다",
    en="the body has to be a JSON object of at most {limit} with '{name}', a list of at most {most} strings",
)
NO_FILE = Text(ko="그런 파일이 없거나 읽을 수 없습니다", en="there is no such file, or it is not for you to read")


class Refused(Exception):
    """Why a hub gets no answer."""

    def __init__(self, status: int, code: str, sentence: Text) -> None:
        self.status, self.code, self.sentence = status, code, sentence
        super().__init__(sentence.en)


Teller = Callable[[HttpRequest, Caller], Mapping[str, Any]]


def door(tell: Teller, *methods: str) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a view that answers known and unknown hubs with a signed document."""

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponseBase:
        return answered(request, methods, lambda caller: signed_answer(request, tell(request, caller)))

    return view


def answered(
    request: HttpRequest, methods: Sequence[str], give: Callable[[Caller], HttpResponseBase]
) -> HttpResponseBase:
    """Answer a hub within its limit: a peer is counted by its identity, everybody else by the address."""
    if request.method not in methods:
        return HttpResponseNotAllowed(methods)
    by_address = quota.caller_of(request.META, None)
    try:
        caller = caller_of(request)
    except Refused as refused:
        return quota.counted_as(by_address, request, functools.partial(answer_refusal, request, refused))
    peer = quota.Caller(f"hub {caller.id}", settings.KEY_PER_MINUTE, 0)
    return quota.counted_as(peer if caller.is_peer else by_address, request, lambda: given(request, caller, give))


def given(request: HttpRequest, caller: Caller, give: Callable[[Caller], HttpResponseBase]) -> HttpResponseBase:
    try:
        return give(caller)
    except Refused as refused:
        return answer_refusal(request, refused)
    except HubError as error:
        return answer_problem(error, request)


def answer_refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    document = {"type": "about:blank", "status": refused.status, "code": refused.code}
    document["title"] = document["detail"] = refused.sentence.in_language(request.LANGUAGE_CODE)
    return HttpResponse(orjson.dumps(document), status=refused.status, content_type=MEDIA_TYPE)


def signed_answer(request: HttpRequest, document: Mapping[str, Any]) -> HttpResponse:
    body = orjson.dumps(document)
    reply = Reply(200, {}, question_of(request))
    sign_reply(reply, body, hub=own_hub().pk, key=signing_key())
    headers = {**reply.headers, "Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(body) > SHORT and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=5)
    return HttpResponse(body, content_type="application/json", headers=headers)


def question_of(request: HttpRequest) -> Question:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Question(request.method or "", request.get_full_path(), headers)


def caller_of(request: HttpRequest) -> Caller:
    """Return who asks: one who does not sign, or is no peer here, is anybody."""
    if "Signature-Input" not in request.headers:
        return Caller()
    question, own = question_of(request), own_hub().pk
    asks = told_id(request.headers["Signature-Input"])
    peer = Hub.objects.select_related("identity").filter(identity=asks).first() if asks else None
    if peer is None or peer.identity is None:
        return Caller(asks)
    believed = {f"{asks}/{key['name']}": key["public"] for key in peer.identity.keys if not key["revoked"]}
    if not is_question_of(question, body_of(request), believed, for_hub=own):
        raise Refused(401, "bad-hub-signature", NOT_SIGNED)
    return Caller(asks, tuple(sorted(peer.levels)), is_peer=True)


def told_id(signature_input: str) -> uuid.UUID | None:
    """Return the hub that a signature says it is of."""
    _, _, rest = signature_input.partition('keyid="')
    try:
        return uuid.UUID(rest.partition("/")[0])
    except ValueError:
        return None


def body_of(request: HttpRequest) -> bytes:
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal() or int(length) > LARGEST_QUESTION:
        raise Refused(413, "too-large", UNREADABLE.format(limit="1 MiB", name="ids", most=MOST_DIGESTS))
    return request.body


def tell_hub(request: HttpRequest, caller: Caller) -> Mapping[str, Any]:
    return own_document()


def tell_entries(request: HttpRequest, caller: Caller) -> Mapping[str, Any]:
    """Tell the entries behind a cursor, in order, or those that are asked for by name."""
    choice = Choice.of_query(dict(request.GET.lists()))
    for name in request.GET:
        if name not in (*CHOICES, "after", "limit"):
            raise BadValue(parameter=name, value=request.GET[name], expected=", ".join((*CHOICES, "after", "limit")))
    is_whole = bring_up_to_date(BATCHES)
    if request.method == "POST":
        ids = uuids(strings(request, "ids", MOST_DIGESTS))
        return told_page(list(offered(caller, choice).filter(pk__in=ids).order_by("position")))
    epoch = FeedHead.objects.values_list("epoch", flat=True).first() or 0
    position = read_position(request.GET.get("after", ""), epoch, caller)
    if caller.is_peer and position > own_hub().position:
        logger.warning("a peer has read further than this hub has come, a backup was restored: a new epoch begins")
        begin_epoch()
        return tell_entries(request, caller)
    limit = read_limit(request.GET.get("limit", ""))
    head = own_hub().position
    entries = list(offered(caller, choice).filter(position__gt=position).order_by("position")[: limit + 1])
    is_last = len(entries) <= limit
    shown = entries[:limit]
    reached = max(head, position) if is_last else shown[-1].position
    page = told_page(shown) | {
        "after": request.GET.get("after", ""),
        "next": write_position(epoch, reached, caller),
        "head": head,
        "position": reached,
        "is_last": is_last and is_whole,
    }
    if page["is_last"]:
        tree = tree_of(caller, choice)
        page |= {"root": tree.root, "count": len(tree.ids)}
    return page


def told_page(entries: Sequence[HubEntry]) -> dict[str, Any]:
    return {
        "entries": [entry_of(one).as_dict() | {"via": one.via} for one in entries],
        "hubs": told_hubs(entries),
    }


def tell_documents(request: HttpRequest, caller: Caller) -> Mapping[str, Any]:
    """Tell documents by their digests; those that are not among them are not for this caller to read, or overtaken."""
    return {"documents": documents(caller, strings(request, "digests", MOST_DIGESTS))}


def tell_tree(request: HttpRequest, caller: Caller) -> Mapping[str, Any]:
    """Tell the nodes of some prefixes of the tree of all that this caller is offered."""
    bring_up_to_date(BATCHES)
    tree = tree_of(caller, Choice.of_query(dict(request.GET.lists())))
    prefixes = strings(request, "prefixes", MOST_PREFIXES)
    return {"root": tree.root, "nodes": {prefix: tree.node(prefix) for prefix in prefixes}}


@csrf_exempt
def send_file(request: HttpRequest, digest: str) -> HttpResponseBase:
    """Send a file of records, whole or in ranges."""

    def give(caller: Caller) -> HttpResponseBase:
        path = record_store().path(digest)
        if not readable_files(caller, [digest]) or not path.is_file():
            raise Refused(404, "no-such-file", NO_FILE)
        found = path.stat()
        file = FinishedFile(path, digest, found.st_size, dt.datetime.fromtimestamp(found.st_mtime, dt.UTC))
        return answer_file(
            request, file, media_type="application/octet-stream", disposition="attachment", cache_control=IMMUTABLE
        )

    return answered(request, ("GET", "HEAD"), give)


@csrf_exempt
def send_pack(request: HttpRequest) -> HttpResponseBase:
    """Send many small files in one answer, each behind its digest (32 bytes) and length (8 bytes); it ends when it is large."""

    def give(caller: Caller) -> HttpResponseBase:
        wanted = strings(request, "digests", MOST_DIGESTS)
        readable = readable_files(caller, wanted)
        paths = [(digest, record_store().path(digest)) for digest in wanted if digest in readable]
        return StreamingHttpResponse(frames(paths), content_type="application/octet-stream")

    return answered(request, ("POST",), give)


def frames(paths: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    sent = 0
    for digest, path in paths:
        if not path.is_file():
            continue
        content = path.read_bytes() if path.stat().st_size <= LARGEST_PACK else b""
        if not content or (sent and sent + len(content) > LARGEST_PACK):
            continue
        sent += len(content)
        yield FRAME.pack(bytes.fromhex(digest), len(content)) + content


def strings(request: HttpRequest, name: str, most: int) -> list[str]:
    """Return the list of strings that a question's body has under this name."""
    try:
        document = orjson.loads(body_of(request))
    except orjson.JSONDecodeError:
        document = None
    values = document.get(name) if isinstance(document, dict) else None
    if not isinstance(values, list) or len(values) > most or not all(isinstance(one, str) for one in values):
        raise Refused(400, "bad-question", UNREADABLE.format(limit="1 MiB", name=name, most=most))
    return values


def uuids(texts: Sequence[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text) for text in texts]
    except ValueError:
        raise Refused(400, "bad-question", UNREADABLE.format(limit="1 MiB", name="ids", most=MOST_DIGESTS)) from None


def read_limit(told: str) -> int:
    if not told:
        return 200
    if not told.isdecimal() or not 1 <= int(told) <= MOST_ENTRIES:
        raise BadValue(parameter="limit", value=told, expected=f"1…{MOST_ENTRIES}")
    return int(told)


ADDRESSES = {
    "hub": door(tell_hub, "GET"),
    "entries": door(tell_entries, "GET", "POST"),
    "documents": door(tell_documents, "POST"),
    "tree": door(tell_tree, "POST"),
    "pack": send_pack,
}
