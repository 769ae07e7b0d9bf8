"""Seoul's open API (서울 열린데이터광장): everything is in the path, the key too; rows are counted from 1, both ends in.

An answer is ``{SERVICE: {list_total_count, RESULT, row}}``; an error is a bare ``RESULT`` with status 200. ``CODES`` is
the platform's table.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr, field_validator

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

OK = "INFO-000"
NO_DATA = "INFO-200"
CODES: Mapping[str, type[SourceError]] = {
    "INFO-100": KeyRefused,  # the key is not valid
    "ERROR-300": RequestRefused,  # a required value is missing
    "ERROR-301": RequestRefused,  # the type is missing or wrong
    "ERROR-310": RequestRefused,  # no such service
    "ERROR-331": RequestRefused,  # start index
    "ERROR-332": RequestRefused,  # end index
    "ERROR-333": RequestRefused,  # an index is no whole number
    "ERROR-334": RequestRefused,  # start after end
    "ERROR-335": RequestRefused,  # more than 5 rows with the sample key
    "ERROR-336": RequestRefused,  # more than 1,000 rows at a time
    "ERROR-337": QuotaExceeded,  # the day's calls are used up
    "ERROR-500": PlatformFailure,  # server
    "ERROR-600": PlatformFailure,  # database connection
    "ERROR-601": PlatformFailure,  # SQL
}

NO_RESULT = Text(
    ko="서울 열린데이터광장 응답에 있어야 할 '{service}'이(가) 없습니다. 그 자리에 있는 것: {keys}",
    en="it has no '{service}' as answers of Seoul's open API have; what is there: {keys}",
)


class Config(BaseModel, frozen=True, extra="forbid"):
    url: str = Field("http://openapi.seoul.go.kr:8088", description="Address of the platform, without the key.")
    key: SecretStr = Field(min_length=1, description="The key; it becomes a part of the path and is masked everywhere.")
    service: str = Field(pattern=r"^\w+$", description="Name of the service, as bikeList.")
    format: Literal["json", "xml"] = Field("json", description="The format asked for; either is understood.")
    page_size: int = Field(1000, ge=1, le=1000, description="Rows asked for at a time (5 with the sample key).")
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    filters: list[str] = Field(default_factory=list, description="Values of the service's own filters, in its order.")

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/")


def read(config: Config, http: Session) -> Iterator[Mapping[str, object]]:
    """Yield the rows of the service."""
    key = config.key.get_secret_value()
    http.keep_secret(key)

    def ask(number: int) -> Page:
        end = number * config.page_size
        parts = [key, config.format, config.service, str(end - config.page_size + 1), str(end), *config.filters]
        # An empty filter keeps its place as a blank.
        location = "/".join([config.url, *(quote(part or " ", safe="") for part in parts)])
        return http.read(location, partial(parse_page, service=config.service, http=http))

    return read_pages(ask, page_size=config.page_size, max_pages=config.max_pages)


def parse_page(answer: Answer, service: str, http: Session) -> Page:
    document = read_document(answer, http)
    envelope = document if isinstance(document, dict) else {}
    inside = envelope.get(service, envelope)
    if not isinstance(inside, dict) or not isinstance(inside.get("RESULT"), dict):
        reason = NO_RESULT.format(service=service, keys=", ".join(envelope))
        raise UnreadableAnswer(address=answer.location, format="Seoul Open API", reason=reason)
    result = inside["RESULT"]
    code = str(result.get("CODE", "")).strip()
    if code == NO_DATA:
        return Page(rows=(), total=0, address=answer.location)
    if code != OK:
        told = http.mask(f"{code} {result.get('MESSAGE', '')}")[:300].strip(" .")
        raise CODES.get(code, RequestRefused)(address=answer.location, answer=told)
    rows = inside.get("row") or []
    rows = rows if isinstance(rows, list) else [rows]
    total = str(inside.get("list_total_count", "")).strip()
    if not total.isdecimal() or not all(isinstance(row, dict) for row in rows):
        reason = NO_RESULT.format(service="list_total_count, row", keys=", ".join(inside))
        raise UnreadableAnswer(address=answer.location, format="Seoul Open API", reason=reason)
    return Page(rows, int(total), answer.location)
