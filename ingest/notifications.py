"""The door for notifications of NGSI-LD brokers: ``POST /ngsild/notifications/{source}``.

Only a source that says ``receive = true`` has a door, and it opens to its token alone. A notification is answered with 200
once it is on disk; one that the broker sends again is known by its id. What becomes of the entities is the run's affair
(``ingest/connectors/ngsild.py``). The doors for senders that cannot name their source are in ``ingest/entity_door.py``.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from catalog.errors import HubError
from catalog.text import Text
from ingest.connectors import is_pushed
from ingest.connectors.messages import Message
from ingest.errors import InboxFull
from ingest.http import readable_size
from ingest.inbox import append
from ingest.models import Source
from ingest.secret_values import resolve_secrets

MAX_NOTIFICATION = 8 * 2**20
DEEPEST_DOCUMENT = 100  # what is kept can be written up to 254 levels, and is laid into an envelope
NGSILD, TOKEN = "ngsild", "notification_token"
logger = logging.getLogger(__name__)

NO_DOOR = Text(
    ko="'{source}' 소스는 알림을 받지 않습니다. 소스 설정의 receive와 notification_token을 확인하십시오.",
    en="The source '{source}' takes no notifications; look at receive and notification_token in its configuration.",
)
NO_TOKEN = Text(
    ko="알림의 토큰이 없거나 다릅니다. 'Authorization: Bearer 토큰' 헤더나 '?token=토큰'으로 보내십시오.",
    en="The notification's token is missing or another one; send it as 'Authorization: Bearer …' or '?token=…'.",
)
TOO_LARGE = Text(
    ko="알림이 한도 {limit}보다 큽니다. 구독을 나누거나 엔티티 수를 줄이십시오.",
    en="The notification is larger than {limit}; split the subscription or let it tell of fewer entities.",
)
NO_JSON = Text(
    ko="알림을 JSON으로 읽을 수 없습니다 ({reason}).", en="The notification cannot be read as JSON ({reason})."
)
TOO_DEEP = Text(
    ko="알림의 값이 너무 깊이 중첩되어 있습니다. {limit}단계 이내로 보내십시오.",
    en="The notification's values are nested too deep; send at most {limit} levels.",
)
NO_NOTIFICATION = Text(
    ko="NGSI-LD 알림이 아닙니다. 'type'이 \"Notification\"이고 'data'가 엔티티 목록이어야 합니다.",
    en="It is no notification of NGSI-LD: 'type' must be \"Notification\" and 'data' a list of entities.",
)
NO_ENTITY = Text(
    ko="data의 {position}번째가 엔티티가 아닙니다. 'id'와 'type'이 있는 객체여야 합니다.",
    en="entry {position} of 'data' is no entity; it must be an object with 'id' and 'type'.",
)
NOT_NOW = Text(
    ko="지금은 알림을 저장할 수 없습니다. 잠시 뒤에 다시 보내십시오.",
    en="The notification cannot be kept now; send it again later.",
)
TITLES = {
    400: Text(ko="읽을 수 없는 알림", en="The notification cannot be read"),
    401: Text(ko="토큰이 맞지 않음", en="The token does not fit"),
    404: Text(ko="찾는 것이 없음", en="Nothing here"),
    409: Text(ko="받을 소스가 여럿", en="More than one source takes it"),
    413: Text(ko="너무 큰 알림", en="Too large a notification"),
    503: Text(ko="지금은 받을 수 없음", en="Not possible now"),
    507: Text(ko="수신함이 가득 참", en="The inbox is full"),
}


class Refused(Exception):
    """Why a notification is not taken."""

    def __init__(self, status: int, code: str, sentence: Text) -> None:
        self.status, self.code, self.sentence = status, code, sentence
        super().__init__(sentence.en)


@csrf_exempt
def receive_notification(request: HttpRequest, slug: str) -> HttpResponse:
    """Put one notification into the inbox of its source; only what is on disk is answered with 200."""

    def take(request: HttpRequest) -> HttpResponse:
        check_token(request, slug)
        append(slug, [as_message(read_notification(request))])
        return HttpResponse(status=200)

    return answer(request, take)


def answer(request: HttpRequest, take: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer what is taken of a request, or, when it is not kept, why."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        return take(request)
    except Refused as refused:
        return problem(request, refused)
    except InboxFull as full:
        return problem(request, Refused(507, full.code, full.text))
    except OSError:
        return problem(request, Refused(503, "inbox-unavailable", NOT_NOW))


def check_token(request: HttpRequest, slug: str) -> None:
    token = token_of(slug)
    if token is None:
        raise Refused(404, "no-notifications", NO_DOOR.format(source=slug))
    if not is_token(told_token(request), token):
        raise Refused(401, "bad-notification-token", NO_TOKEN)


def told_token(request: HttpRequest) -> str:
    """Return the token that a request brings; empty when it brings none."""
    scheme, _, told = request.headers.get("Authorization", "").partition(" ")
    return told.strip() if scheme.lower() == "bearer" else request.GET.get("token", "")


def is_token(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def token_of(slug: str) -> str | None:
    """Return the token of a source that takes notifications; None when it takes none, or its secret is not to be had."""
    source = next((source for source in receiving_sources() if source.slug == slug), None)
    return source and own_token(source)


def receiving_sources() -> list[Source]:
    """Return the sources to which brokers may send."""
    sources = Source.objects.filter(is_enabled=True, connector=NGSILD).order_by("slug")
    return [source for source in sources if is_pushed(source.connector, source.config)]


def own_token(source: Source) -> str | None:
    """Return the token of one source; None when it has none, or its secret is not to be had."""
    try:
        config, _ = resolve_secrets({TOKEN: source.config.get(TOKEN)})
    except HubError as error:
        logger.warning("notifications for %s are not taken: %s", source.slug, error)
        return None
    return config[TOKEN]


def read_notification(request: HttpRequest) -> dict[str, Any]:
    document = read_document(request)
    if not isinstance(document, dict) or document.get("type") != "Notification":
        raise Refused(400, "no-notification", NO_NOTIFICATION)
    data = document.get("data")
    if not isinstance(data, list):
        raise Refused(400, "no-notification", NO_NOTIFICATION)
    for position, entity in enumerate(data, start=1):
        if not is_entity(entity):
            raise Refused(400, "no-entity", NO_ENTITY.format(position=position))
    return document


def read_document(request: HttpRequest) -> object:
    """Return what a request holds, within the limits of its size and depth."""
    content = request.read(MAX_NOTIFICATION + 1)  # not ``body``, whose limit is that of forms
    if len(content) > MAX_NOTIFICATION:
        raise Refused(413, "notification-too-large", TOO_LARGE.format(limit=readable_size(MAX_NOTIFICATION)))
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "unreadable-notification", NO_JSON.format(reason=error.msg)) from error
    if is_deeper(document, DEEPEST_DOCUMENT):
        raise Refused(400, "notification-too-deep", TOO_DEEP.format(limit=DEEPEST_DOCUMENT))
    return document


def is_deeper(document: object, limit: int) -> bool:
    """Say whether lists and objects lie in one another beyond the limit."""
    layer = [document]
    for _ in range(limit):
        parts = [one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list)]
        layer = [part for values in parts for part in values if isinstance(part, dict | list)]
        if not layer:
            return False
    return True


def is_entity(value: object) -> bool:
    if not isinstance(value, dict) or not value.get("id") or not isinstance(value["id"], str):
        return False
    types = types_of(value)
    return bool(types) and all(isinstance(one, str) and one for one in types)


def types_of(entity: Mapping[str, Any]) -> list[Any]:
    types = entity.get("type")
    return types if isinstance(types, list) else [types]


def as_message(notification: dict[str, Any]) -> Message:
    identifier = notification.get("id")
    key = hashlib.sha256(identifier.encode()).hexdigest()[:32] if isinstance(identifier, str) else ""
    return Message(notification, key=key, may_repeat=bool(key))


def problem(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Answer what is wrong as a problem document (RFC 9457) in the reader's language."""
    language = request.LANGUAGE_CODE
    document = {
        "type": "about:blank",
        "title": TITLES[refused.status].in_language(language),
        "status": refused.status,
        "detail": refused.sentence.in_language(language),
        "code": refused.code,
        "instance": request.path,  # without its query, where a token may stand
    }
    advice = {"WWW-Authenticate": 'Bearer realm="notifications"'} if refused.status == 401 else {}
    return HttpResponse(
        orjson.dumps(document),
        status=refused.status,
        content_type="application/problem+json",
        headers={"Content-Language": language, "Cache-Control": "no-store", **advice},
    )
