"""The open API of data.go.kr (공공데이터포털) as agencies really answer it, in JSON or XML, with all its habits.

Errors come with status 200, and from the gateway in XML even when JSON was asked for; one item comes as an object,
none as an empty text. ``CODES`` is the portal's error table. The odcloud shape (``data``, ``matchCount``) is read too:
set ``page_param = "page"`` and ``size_param = "perPage"``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal
from urllib.parse import unquote

from pydantic import BaseModel, Field, SecretStr, field_validator

from ingest.connectors.by_column import Row, rows_of
from ingest.connectors.documents import read_document
from ingest.connectors.pages import Page, read_pages
from ingest.errors import (
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    Text,
    UnreadableAnswer,
)
from ingest.http import Answer, Session, is_web

OK = "00"
NO_DATA = "03"
CODES: Mapping[str, type[SourceError]] = {
    "01": PlatformFailure,  # APPLICATION_ERROR
    "02": PlatformFailure,  # DB_ERROR
    "04": PlatformFailure,  # HTTP_ERROR
    "05": PlatformFailure,  # SERVICETIME_OUT
    "10": RequestRefused,  # INVALID_REQUEST_PARAMETER_ERROR
    "11": RequestRefused,  # NO_MANDATORY_REQUEST_PARAMETERS_ERROR
    "12": RequestRefused,  # NO_OPENAPI_SERVICE_ERROR: abolished
    "20": KeyRefused,  # SERVICE_ACCESS_DENIED_ERROR
    "21": QuotaExceeded,  # TEMPORARILY_DISABLE_THE_SERVICEKEY_ERROR: pause
    "22": QuotaExceeded,  # LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR
    "23": PlatformFailure,  # too many requests a second
    "29": KeyRefused,
    "30": KeyRefused,  # SERVICE_KEY_IS_NOT_REGISTERED_ERROR
    "31": KeyRefused,  # DEADLINE_HAS_EXPIRED_ERROR
    "32": KeyRefused,  # UNREGISTERED_IP_ERROR
    "33": KeyRefused,  # UNSIGNED_CALL_ERROR
    "99": PlatformFailure,  # UNKNOWN_ERROR
}

MESSAGES = ("returnAuthMsg", "resultMsg", "errMsg")

NO_ITEMS = Text(
    ko="공공데이터포털 응답의 items를 찾을 수 없습니다. 그 자리에 있는 것: {keys}",
    en="it has no items as answers of data.go.kr have; what is there: {keys}",
)


class Config(BaseModel, frozen=True, extra="forbid"):
    url: str = Field(min_length=1, description="Address of the operation, or a local path of a recorded answer.")
    service_key: SecretStr | None = Field(None, description="The portal's key, in its encoded or its decoded form.")
    params: dict[str, str] = Field(default_factory=dict, description="Further request parameters.")
    format: Literal["json", "xml"] = Field("json", description="The format asked for; either is understood.")
    page_size: int = Field(1000, ge=1, le=100_000, description="Rows asked for at a time.")
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    type_param: str | None = Field("_type", description="Name of the format parameter; null if the API has none.")
    key_param: str = Field("serviceKey", description="Name of the key parameter; some APIs write ServiceKey.")
    page_param: str = Field("pageNo", description="Name of the page number parameter.")
    size_param: str = Field("numOfRows", description="Name of the page size parameter.")

    @field_validator("url")
    @classmethod
    def holds_no_key(cls, url: str) -> str:
        if re.search(r"[?&](service|api|auth)_?key=", url, re.IGNORECASE):
            raise ValueError("the address holds a key; give it in service_key, by the name of a secret")
        return url


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the items of all pages one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Sequence[Row]]:
    """Yield all pages; a recorded answer is one page."""
    if not is_web(config.url):
        page = http.read(config.url, partial(parse_page, http=http))
        beyond = Page(rows=(), total=page.total, address=page.address)
        recorded = {1: page}
        return read_pages(
            lambda number: recorded.get(number, beyond), page_size=len(page.rows) + 1, max_pages=config.max_pages
        )
    key = plain_key(config.service_key.get_secret_value()) if config.service_key else ""
    http.keep_secret(key)

    def ask(number: int) -> Page:
        params = dict(config.params)
        if config.type_param:
            params[config.type_param] = config.format
        if key:
            params[config.key_param] = key
        params |= {config.page_param: str(number), config.size_param: str(config.page_size)}
        return http.read(
            config.url, partial(parse_page, http=http), params=params, explain=partial(explain_refusal, http=http)
        )

    return read_pages(ask, page_size=config.page_size, max_pages=config.max_pages)


def plain_key(key: str) -> str:
    """Return the key decoded: the portal hands it out in both forms, and a key encoded twice is the classic failure."""
    return unquote(key) if re.search(r"%[0-9A-Fa-f]{2}", key) else key


def explain_refusal(answer: Answer, http: Session) -> None:
    """Raise what the portal's own code says, if an answer with an error status holds one."""
    try:
        document = read_document(answer, http)
    except SourceError:
        return
    refuse_code(unwrap(document), answer, http)


def parse_page(answer: Answer, http: Session) -> Page:
    envelope = unwrap(read_document(answer, http))
    code = refuse_code(envelope, answer, http)
    if code == NO_DATA:
        return Page(rows=(), total=0, address=answer.location)
    if "data" in envelope and "currentCount" in envelope:
        total = envelope.get("matchCount", envelope.get("totalCount"))
        return Page(items_of(envelope["data"], answer), count_of(total, answer), answer.location)
    body = envelope.get("body")
    if is_nothing(body) and code == OK:
        return Page(rows=(), total=0, address=answer.location)
    if not isinstance(body, dict) or ("items" not in body and "item" not in body and "totalCount" not in body):
        shown = ", ".join(body if isinstance(body, dict) else envelope)
        raise UnreadableAnswer(address=answer.location, format="data.go.kr", reason=NO_ITEMS.format(keys=shown))
    rows = items_of(body.get("items", body.get("item")), answer)
    return Page(rows, count_of(body.get("totalCount"), answer), answer.location)


def unwrap(document: object) -> dict[str, object]:
    """Return what the envelope holds; the outer ``response`` is missing in some answers."""
    if not isinstance(document, dict):
        return {}
    for wrapper in ("response", "Response", "OpenAPI_ServiceResponse"):
        inside = document.get(wrapper)
        if isinstance(inside, dict):
            return inside
    return document


def refuse_code(envelope: Mapping[str, object], answer: Answer, http: Session) -> str | None:
    """Return the result code if it tells success or an empty result, raise what it means otherwise."""
    header = envelope.get("cmmMsgHeader") or envelope.get("header") or envelope
    if not isinstance(header, dict):
        return None
    told = header.get("returnReasonCode", header.get("resultCode"))
    if told is None:
        return None
    code = normal_code(str(told))
    if code in (OK, NO_DATA):
        return code
    message = next((text for name in MESSAGES if (text := header.get(name))), "")
    told = http.mask(f"{str(told).strip()} {message}")[:300].strip(" .")
    raise CODES.get(code, RequestRefused)(address=answer.location, answer=told)


def normal_code(code: str) -> str:
    """Write ``0``, ``00`` and ``000`` alike; what is no number stays as it is."""
    digits = code.strip()
    return f"{int(digits):02}" if digits.isdecimal() else digits


def items_of(items: object, answer: Answer) -> list[dict[str, object]]:
    """Return the items as a list: they may be a list, hold one under ``item``, be a single object, or nothing."""
    if isinstance(items, dict) and "item" in items:
        items = items["item"]
    if is_nothing(items):
        return []
    rows = items if isinstance(items, list) else [items]
    for row in rows:
        if not isinstance(row, dict):
            raise UnreadableAnswer(
                address=answer.location, format="data.go.kr", reason=NO_ITEMS.format(keys=type(row).__name__)
            )
    return rows


def is_nothing(value: object) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def count_of(total: object, answer: Answer) -> int | None:
    if is_nothing(total):
        return None
    try:
        return int(str(total).replace(",", ""))
    except ValueError as error:
        reason = Text(ko=f"totalCount가 수가 아닙니다: {total}", en=f"totalCount is no number: {total}")
        raise UnreadableAnswer(address=answer.location, format="data.go.kr", reason=reason) from error
