"""Seoul's open API (서울 열린데이터광장): everything is in the path, the key too; rows are counted from 1, both ends in.

An answer is ``{SERVICE: {list_total_count, RESULT, row}}``; an error is a bare ``RESULT`` with status 200. ``CODES`` is
the platform's table. Live services say the same in other words: those of the subway have ``errorMessage`` beside a list
of a name of their own, the city data of places a single object (``CITYDATA``) and a ``RESULT`` whose names have dots. That of rented bicycles
has another name than its service and announces the rows of each page as the total.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr, field_validator

from ingest.connectors.by_column import Row, rows_of
from ingest.connectors.documents import read_document
from ingest.connectors.flatten import flatten
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

MEMBERS = frozenset({"RESULT", "errorMessage", "list_total_count"})
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
    each: list[str] = Field(
        default_factory=list,
        description="Values of one more filter, each asked for on its own: stations of the live subway, places of citydata.",
    )

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/")


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the rows of the service one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Sequence[Row]]:
    """Yield the pages of the service; of several stations or places one after the other."""
    key = config.key.get_secret_value()
    http.keep_secret(key)
    for filters in [[*config.filters, value] for value in config.each] or [config.filters]:
        ask = partial(ask_page, config=config, filters=filters, key=key, http=http)
        yield from read_pages(ask, page_size=config.page_size, max_pages=config.max_pages)


def ask_page(number: int, config: Config, filters: Sequence[str], key: str, http: Session) -> Page:
    end = number * config.page_size
    parts = [key, config.format, config.service, str(end - config.page_size + 1), str(end), *filters]
    # An empty filter keeps its place as a blank.
    location = "/".join([config.url, *(quote(part or " ", safe="") for part in parts)])
    return http.read(location, partial(parse_page, service=config.service, size=config.page_size, http=http))


def parse_page(answer: Answer, service: str, size: int, http: Session) -> Page:
    document = read_document(answer, http)
    envelope = document if isinstance(document, dict) else {}
    inside = envelope.get(service) or inside_of(envelope)
    result = result_of(inside) if isinstance(inside, dict) else None
    if result is None:
        reason = NO_RESULT.format(service=service, keys=", ".join(envelope))
        raise UnreadableAnswer(address=answer.location, format="Seoul Open API", reason=reason)
    code = str(result.get("CODE", "")).strip()
    if code == NO_DATA:
        return Page(rows=(), total=0, address=answer.location)
    if code != OK:
        told = http.mask(f"{code} {result.get('MESSAGE', '')}")[:300].strip(" .")
        raise CODES.get(code, RequestRefused)(address=answer.location, answer=told)
    rows = rows_inside(inside)
    announced = inside.get("list_total_count", result.get("TOTAL", len(rows) if "row" not in inside else ""))
    total = str(announced).strip()
    if not total.isdecimal() or not all(isinstance(row, dict) for row in rows):
        reason = NO_RESULT.format(service="list_total_count, row", keys=", ".join(inside))
        raise UnreadableAnswer(address=answer.location, format="Seoul Open API", reason=reason)
    is_of_page = "row" in inside and int(total) == len(rows) == size
    return Page(rows, int(total), answer.location, is_of_page)


def inside_of(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what stands under another name than the service's (``rentBikeStatus`` for ``bikeList``), else all of it."""
    members = [value for value in envelope.values() if isinstance(value, dict) and "RESULT" in value]
    return members[0] if len(members) == 1 else envelope


def result_of(inside: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Return how an answer ended, in the words of the usual services; None when it does not say."""
    for name in ("RESULT", "errorMessage"):
        if isinstance(inside.get(name), dict):
            return {key.removeprefix("RESULT.").upper(): value for key, value in inside[name].items()}
    if {"code", "message"} <= inside.keys():  # the whole answer is the error of a live service
        return {key.upper(): value for key, value in inside.items()}
    return None


def rows_inside(inside: Mapping[str, Any]) -> Sequence[Any]:
    """Return the rows: those of ``row``, else of the one member that is neither the result nor a number."""
    if "row" in inside:
        rows = inside["row"] or []
        return rows if isinstance(rows, list) else [rows]
    members = [value for name, value in inside.items() if name not in MEMBERS and isinstance(value, list | dict)]
    if len(members) != 1:
        return []
    if isinstance(members[0], list):
        return members[0]
    return [{column: part for name, value in members[0].items() for column, part in flatten(name, value)}]
