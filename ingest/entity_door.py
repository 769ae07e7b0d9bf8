"""The doors of KETI's City Data Hub, for senders that are not changed: ``/datahubNotification``, ``/entityOperations/upsert``.

Neither names a source in its path. It is found by ``?source=``, else by the token that is brought, else by the sender's
address, and then by what is sent: the subscription or dataset that a source names, and the type of the entities. From here on
all is as in ``ingest/notifications.py``: the same inbox and the same messages, an upsert written as a notification. The
answers are those that the City Data Hub gives: its interworking module counts an event as sent when the body has ``success``
and no ``errors``, whatever the status of the 200s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from catalog.caller import seen_address
from catalog.text import Text
from ingest.inbox import append
from ingest.models import Source
from ingest.notifications import (
    NO_DOOR,
    Refused,
    answer,
    as_message,
    is_entity,
    is_token,
    own_token,
    read_document,
    read_notification,
    receiving_sources,
    told_token,
    types_of,
)
from ingest.platform.known import is_among, read_network

BAD_DATA = "https://uri.etsi.org/ngsi-ld/errors/BadRequestData"

UNKNOWN_SENDER = Text(
    ko="알 수 없는 송신자입니다(주소 {address}). 'Authorization: Bearer 토큰' 헤더나 주소 뒤의 '?token=토큰'으로 보내거나, "
    "받는 소스의 senders에 이 주소를 적으십시오.",
    en="The sender is not known (its address is {address}); send 'Authorization: Bearer …' or add '?token=…' to the address, "
    "or name this address in senders of the source that receives.",
)
NOBODY_TAKES = Text(
    ko="이것을 받는 소스가 없습니다. 엔티티 유형: {types}, {kind}: {said}. 이 송신자가 보낼 수 있는 소스: {sources}",
    en="No source takes this. Types of the entities: {types}, {kind}: {said}. Sources that this sender may feed: {sources}",
)
SEVERAL_TAKE = Text(
    ko="받는 소스가 둘 이상입니다({sources}). 주소 뒤에 '?source=소스'를 붙이거나, 소스의 subscription_ids나 dataset_ids로 나누십시오.",
    en="More than one source takes this ({sources}); add '?source=…' to the address, or tell the sources apart by "
    "subscription_ids or dataset_ids.",
)
NO_UPSERT = Text(
    ko='엔티티 일괄 저장 요청이 아닙니다. 엔티티 목록이나 {"datasetId": 글자, "entities": 목록}이어야 하고, 목록이 비어 있으면 안 됩니다.',
    en='It is no upsert of entities; send a list of entities, or {"datasetId": text, "entities": list}, and no empty list.',
)
NO_OPTION = Text(
    ko="options={option}은(는) 받지 않습니다. 엔티티의 모든 속성을 options 없이, 또는 options=replace로 보내십시오.",
    en="options={option} is not taken; send all attributes of an entity, without options or with options=replace.",
)
BAD_ENTITY = Text(
    ko="{position}번째가 엔티티가 아닙니다. 비어 있지 않은 'id'와 'type'이 있는 객체여야 합니다.",
    en="Number {position} is no entity; it must be an object with 'id' and 'type', which are not empty.",
)
OTHER_TYPE = Text(
    ko="{position}번째 엔티티의 유형이 다릅니다. '{source}' 소스는 '{type}'만 받습니다.",
    en="The entity number {position} is of another type; the source '{source}' takes '{type}' only.",
)


@dataclass(frozen=True)
class Sent:
    """What is said of the entities that are sent: their types, and the subscription or dataset that they come by.

    ``kind`` is the setting by which a source names those that it takes; ``said`` is None where nothing can be said.
    """

    kind: str
    said: str | None
    types: frozenset[str]


@csrf_exempt
def receive_hub_notification(request: HttpRequest) -> HttpResponse:
    """Put a notification of a City Data Hub into the inbox of the source that it is for."""
    return answer(request, take_notification)


@csrf_exempt
def receive_upsert(request: HttpRequest) -> HttpResponse:
    """Put entities into the inbox of the source that takes them, and answer for each whether it is kept."""
    return answer(request, take_upsert)


def take_notification(request: HttpRequest) -> HttpResponse:
    allowed = sources_for(request)
    notification = read_notification(request)
    said = notification.get("subscriptionId")
    types = frozenset(one for entity in notification["data"] for one in types_of(entity))
    source = choose_source(allowed, Sent("subscription_ids", said if isinstance(said, str) else "", types))
    append(source.slug, [as_message(notification)])
    return HttpResponse(status=200)  # the City Data Hub takes no other status for success


def take_upsert(request: HttpRequest) -> HttpResponse:
    allowed = sources_for(request)
    if (option := request.GET.get("options", "replace")) != "replace":
        raise Refused(400, "bad-option", NO_OPTION.format(option=option[:50]))
    dataset, entities = read_upsert(request)
    good, errors = sort_out(entities)
    if good:
        types = frozenset(one for _, entity in good for one in types_of(entity))
        source = choose_source(allowed, Sent("dataset_ids", dataset, types))
        good, others = sort_by_type(good, source)
        errors += others
        about = {"datasetId": dataset} if dataset is not None else {}
        document = {"type": "Notification", "notifiedAt": timezone.now().isoformat(), **about}
        append(source.slug, [as_message(document | {"data": [entity for _, entity in good]})])
    return answer_batch([entity["id"] for _, entity in good], errors, is_listed=dataset is None)


def sources_for(request: HttpRequest) -> list[Source]:
    """Return the sources that a sender may feed: the one that it names, if it may, else all that its proof opens."""
    slug, token = request.GET.get("source", ""), told_token(request)
    sources = [source for source in receiving_sources() if slug in ("", source.slug)]
    if not sources and slug:
        raise Refused(404, "no-notifications", NO_DOOR.format(source=slug))
    address = seen_address(request.META)
    allowed = [source for source in sources if (opens(source, token) if token else knows(source, address))]
    if not allowed:
        raise Refused(401, "unknown-sender", UNKNOWN_SENDER.format(address=address or "-"))
    return allowed


def opens(source: Source, token: str) -> bool:
    own = own_token(source)
    return own is not None and is_token(token, own)


def knows(source: Source, address: str) -> bool:
    return is_among(address, map(read_network, source.config.get("senders") or ()))


def choose_source(allowed: Sequence[Source], sent: Sent) -> Source:
    """Return the one source that takes what is sent; one that names its subscription or dataset goes before the others."""
    taking = [source for source in allowed if takes(source, sent)]
    found = [source for source in taking if sent.said in (source.config.get(sent.kind) or ())] or taking
    if len(found) == 1:
        return found[0]
    told = {
        "types": ", ".join(sorted(sent.types))[:200] or "-",
        "kind": sent.kind.removesuffix("s"),
        "said": (sent.said or "-")[:200],
    }
    if found:
        raise Refused(409, "several-sources", SEVERAL_TAKE.format(sources=slugs_of(found)))
    raise Refused(404, "no-source", NOBODY_TAKES.format(sources=slugs_of(allowed), **told))


def takes(source: Source, sent: Sent) -> bool:
    named = source.config.get(sent.kind)
    is_named = not named or sent.said is None or sent.said in named
    return is_named and (not sent.types or source.config["type"] in sent.types)


def slugs_of(sources: Sequence[Source]) -> str:
    return ", ".join(source.slug for source in sources)


Numbered = tuple[int, dict[str, Any]]  # an entity, with its place in what was sent


def read_upsert(request: HttpRequest) -> tuple[str | None, list[Any]]:
    """Return the dataset and the entities of a request; the list of the NGSI-LD standard names no dataset."""
    document = read_document(request)
    dataset, entities = None, document
    if isinstance(document, dict):
        dataset, entities = document.get("datasetId"), document.get("entities")
        if not isinstance(dataset, str) or not dataset:
            raise Refused(400, "no-upsert", NO_UPSERT)
    if not isinstance(entities, list) or not entities:
        raise Refused(400, "no-upsert", NO_UPSERT)
    return dataset, entities


def sort_out(entities: Sequence[Any]) -> tuple[list[Numbered], list[dict[str, Any]]]:
    good, errors = [], []
    for position, entity in enumerate(entities, start=1):
        if is_entity(entity):
            good.append((position, entity))
        else:
            errors.append(error_of(entity, BAD_ENTITY.format(position=position)))
    return good, errors


def sort_by_type(entities: Sequence[Numbered], source: Source) -> tuple[list[Numbered], list[dict[str, Any]]]:
    """Tell the entities that a run of the source reads from those that it would leave out, which are not called kept."""
    good, errors, own = [], [], source.config["type"]
    for position, entity in entities:
        if own in types_of(entity):
            good.append((position, entity))
        else:
            errors.append(error_of(entity, OTHER_TYPE.format(position=position, source=source.slug, type=own)))
    return good, errors


def error_of(entity: object, sentence: Text) -> dict[str, Any]:
    """Return an error as NGSI-LD tells those of a batch, in both languages: its reader's is not known."""
    identifier = entity.get("id") if isinstance(entity, dict) else None
    told = {"type": BAD_DATA, "title": "BadRequestData", "detail": f"{sentence.ko} / {sentence.en}", "status": 400}
    return {"entityId": identifier if isinstance(identifier, str) else None, "error": told}


def answer_batch(kept: Sequence[str], errors: Sequence[dict[str, Any]], *, is_listed: bool) -> HttpResponse:
    """Answer 207 where something is wrong; else as the sender's interface does: 200 and the ids, or 204 by the standard."""
    if is_listed and not errors:
        return HttpResponse(status=204)
    result = {"success": list(kept)} | ({"errors": list(errors)} if errors else {})
    return HttpResponse(
        orjson.dumps(result),
        status=207 if errors else 200,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
