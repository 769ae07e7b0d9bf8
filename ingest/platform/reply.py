"""The protocol's reply, read and written, and its detail codes. The reply's ``code`` is ours; the rest is the protocol's."""

import json
from dataclasses import dataclass

from catalog.text import Text
from ingest.errors import BadMessage
from ingest.platform.event import TAGS
from ingest.platform.json_text import clean, read_object, text_of, with_known_names

ACCEPTED, REFUSED = "0", "1"
RESULT = Text(ko="result가 0이나 1이 아닙니다", en="its result is neither 0 nor 1")
ENCODING = Text(ko="UTF-8이 아닙니다", en="it is not UTF-8")


@dataclass(frozen=True)
class DetailCode:
    """What a detail code means, and the status that HTTP has for the same."""

    status: int
    sentence: Text


DETAIL_CODES = {
    2000: DetailCode(200, Text(ko="정상 처리되었습니다.", en="OK.")),
    2001: DetailCode(201, Text(ko="생성되었습니다.", en="Created.")),
    2002: DetailCode(200, Text(ko="삭제되었습니다.", en="Deleted.")),
    2004: DetailCode(200, Text(ko="변경되었습니다.", en="Changed.")),
    4000: DetailCode(400, Text(ko="요청이 잘못되었습니다.", en="Bad request.")),
    4001: DetailCode(401, Text(ko="인증되지 않았습니다.", en="Unauthorized.")),
    4004: DetailCode(404, Text(ko="대상이 없습니다.", en="Not found.")),
    4005: DetailCode(405, Text(ko="허용되지 않는 메서드입니다.", en="Method not allowed.")),
    4006: DetailCode(406, Text(ko="받을 수 없는 내용입니다.", en="Not acceptable.")),
    4015: DetailCode(415, Text(ko="지원하지 않는 미디어 형식입니다.", en="Unsupported media type.")),
    4100: DetailCode(409, Text(ko="이미 있습니다.", en="Already exists.")),
    4101: DetailCode(400, Text(ko="필수 항목이 없습니다.", en="A mandatory parameter is missing.")),
    4102: DetailCode(400, Text(ko="항목의 형식이 올바르지 않습니다.", en="A parameter is of the wrong type.")),
    4209: DetailCode(429, Text(ko="요청이 너무 많습니다.", en="Too many requests.")),
    5000: DetailCode(500, Text(ko="내부 오류입니다.", en="Internal error.")),
    5003: DetailCode(503, Text(ko="지금은 이용할 수 없습니다.", en="Unavailable.")),
    5004: DetailCode(504, Text(ko="뒤쪽 시스템이 제때 답하지 않았습니다.", en="Gateway timeout.")),
    5100: DetailCode(502, Text(ko="상대 시스템에 연결할 수 없습니다.", en="Not reachable.")),
}


@dataclass(frozen=True)
class Reply:
    """What was answered to a message; ``code`` is None where the other side tells none."""

    is_accepted: bool
    code: int | None
    message: str


def reply(is_accepted: bool, code: int, message: str = "") -> bytes:
    """Return the reply to a message."""
    result = ACCEPTED if is_accepted else REFUSED
    told = {**TAGS, "result": result, "message": clean(message), "code": str(code)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def read_reply(content: bytes) -> Reply:
    """Return what another side replied, or raise BadMessage."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadMessage(problem=ENCODING) from error
    told = with_known_names(read_object(text), ("result", "message", "code"))
    result, message, code = (text_of(told.get(name)) or "" for name in ("result", "message", "code"))
    if result not in (ACCEPTED, REFUSED):
        raise BadMessage(problem=RESULT)
    is_known = code.isascii() and code.isdecimal() and len(code) == 4
    return Reply(is_accepted=result == ACCEPTED, code=int(code) if is_known else None, message=clean(message))
