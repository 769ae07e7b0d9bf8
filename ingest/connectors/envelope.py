"""Any REST API that answers in JSON or XML, by configuration alone (``envelope_config.py``): no code, no expressions.

An answer is judged first (its code may tell an error with status 200), then its records are found, counted and made
into rows (``envelope_records.py``); pages follow each other until the end is proven (``chain.py``). The moment behind
``{now}`` is the run's own; what is new may be asked for by windows of time or from a value on (``progress.py``).
"""

import base64
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import orjson

from ingest.connectors.by_column import ByColumn, Piece, Row, by_column, rows_of
from ingest.connectors.chain import Link, follow, next_address
from ingest.connectors.datagokr import plain_key
from ingest.connectors.documents import no_such_key, read_document
from ingest.connectors.envelope_config import (
    Config,
    Cursor,
    LinkHeader,
    Meaning,
    NextLink,
    NextToken,
    NoPaging,
    Offset,
    Sized,
    UntilEmpty,
)
from ingest.connectors.envelope_records import (
    Missing,
    Selector,
    explode,
    find,
    find_first,
    flatten,
    is_flat,
    is_nothing,
    list_records,
    select,
)
from ingest.connectors.envelope_template import fill
from ingest.connectors.envelope_window import filled_config, moments_of
from ingest.connectors.progress import EVERYTHING, Window, read_new
from ingest.errors import (
    BrokenOff,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    Text,
    UnreadableAnswer,
)
from ingest.http import Answer, Session, is_web

__all__ = ["Config", "hand_over", "read"]

ERRORS: Mapping[Meaning, type[SourceError]] = {
    "temporary": PlatformFailure,
    "quota": QuotaExceeded,
    "key": KeyRefused,
    "fatal": RequestRefused,
}
AS_IT_IS = "%+/=:@!$'()*,;~"
IN_ADDRESS = "%/=:@!$'()*,;~&?"
LINK = re.compile(r"<([^>]*)>((?:[^,<\"]|\"[^\"]*\")*)")
RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", re.IGNORECASE)

NO_CODE = Text(
    ko="결과 코드가 있어야 할 자리({paths})에 없습니다. 그 자리에 있는 것: {names}",
    en="it has no code where one should be ({paths}); what is there: {names}",
)
NO_RECORD = Text(ko="레코드 자리에 {kind}이(가) 있습니다", en="a {kind} stands where a record should be")
NO_COUNT = Text(ko="전체 건수가 수가 아닙니다: {total}", en="the total is no number: {total}")
NO_CURSOR = Text(
    ko="다음 쪽을 가리키는 값('{path}')이 문자나 수가 아닙니다: {kind}",
    en="what leads to the next page ('{path}') is no text or number: {kind}",
)
UNKNOWN_END = Text(
    ko="첫 쪽이 가득 찼는데({size}행) 다음 쪽을 가리키는 값('{path}')이 없어 끝을 확인할 수 없습니다. 경로를 보거나 size를 늘리십시오",
    en="the first page is full ({size} rows) but has no '{path}', so the end is unknown; look at the path or raise the size",
)
ONE_OF_SEVERAL = Text(ko="녹화된 답은 여러 쪽 가운데 하나입니다", en="the recorded answer is one page of several")
BAD_KEY = Text(ko="헤더로 보낼 수 없는 글자가 있습니다", en="it holds characters that no header can carry")


@dataclass(frozen=True)
class Step:
    """What tells one page from the others; only what its kind of paging uses is set."""

    number: int = 1
    received: int = 0
    token: str = ""
    address: str = ""


@dataclass(frozen=True)
class Body:
    """What one answer holds, a row for each record; ``sent`` is the address asked, with its secrets."""

    rows: Sequence[Row]
    total: int | None
    document: object
    answer: Answer
    sent: str


class NothingThere(Exception):
    """An answer with an error status means, by a rule, that there are no records."""


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the rows one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece]:
    """Yield all pages, of all windows where time is asked for in windows; a recorded answer is one page."""
    if config.incremental:
        return read_new(config.incremental, http, partial(read_window, config=config, http=http))
    return read_window(EVERYTHING, config, http)


def read_window(window: Window, config: Config, http: Session) -> Iterator[Piece]:
    if is_web(config.url):
        key, moments = written_key(config, http), moments_of(window, config, http)
        ask = partial(ask_page, config=filled_config(window, config, moments), http=http, key=key, moments=moments)
    else:
        ask = partial(read_recorded, config=config, http=http)
    return explode_rows(follow(ask, Step(), max_pages=config.max_pages), config)


def explode_rows(pages: Iterator[Sequence[Row]], config: Config) -> Iterator[Piece]:
    """Make the rows that a list stands for, where one is to be exploded: after the rows were counted."""
    names = [name for name, column in config.columns.items() if column.lists == "explode"]
    if names:
        return (part for row in rows_of(pages) for part in explode(row, names, None))
    if config.lists == "explode" and not config.columns:
        return (part for row in rows_of(pages) for part in explode(row, list(row), config.flatten))
    return pages


def written_key(config: Config, http: Session) -> str:
    """Return the key as it is sent; whatever form it takes is masked from now on."""
    if config.key is None:
        return ""
    key, place = config.key.get_secret_value(), config.key_in
    http.keep_secret(key)
    written = {"portal": plain_key, "basic": basic}.get(place.coding, str)(key)
    http.keep_secret(written)
    if place.coding == "basic":
        http.keep_secret(key.partition(":")[2])  # the password alone
    if place.place == "header" and not (written.isascii() and written.isprintable()):
        raise KeyRefused(address=http.mask(config.url), answer=BAD_KEY)
    return written


def basic(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def ask_page(step: Step, config: Config, http: Session, key: str, moments: Mapping[str, dt.datetime]) -> Link[Step]:
    """Ask for one page and say which comes after it."""
    places = {**config.values, **places_of_page(config, step)}
    address, params = request_of(step, config, places, key, moments)
    headers = {name: fill(value, places, moments) for name, value in config.headers.items()}
    if key and config.key_in.place == "header":
        headers[config.key_in.name] = config.key_in.prefix + key
    parse = partial(parse_body, config=config, http=http, sent=address)
    explain = partial(explain_refusal, config=config, http=http)
    try:
        if config.method == "GET" or step.address:
            body = http.read(address, parse, params=params, headers=headers, explain=explain)
        else:
            in_query = {name: params.pop(name) for name in [config.key_in.name] if name in params}
            kind, content = write_sent(params, config, page_params(config, step))
            headers = {"Content-Type": kind, **headers}
            body = http.read(address, parse, params=in_query, headers=headers, explain=explain, body=content)
    except NothingThere:
        return Link(rows=(), next=None, address=http.mask(address))
    return link_to_next(step, body, config, http)


def write_sent(params: Mapping[str, str], config: Config, paged: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the body of a POST and its kind; in JSON the numbers of pages are numbers."""
    if config.body == "form":
        return "application/x-www-form-urlencoded", urlencode(params, quote_via=quote).encode()
    numbers = {name: int(value) for name, value in paged.items() if value.isdecimal()}
    if isinstance(config.paging, Cursor | NextToken):
        numbers.pop(config.paging.param, None)
    return "application/json", orjson.dumps({**config.sent, **params, **numbers})


def request_of(
    step: Step, config: Config, places: Mapping[str, str], key: str, moments: Mapping[str, dt.datetime]
) -> tuple[str, dict[str, str]]:
    """Return the address of a page and the parameters that the session adds to it."""
    if step.address:
        address, params = step.address, {}
        is_keyed = config.key_in.name in parse_qs(urlsplit(address).query, keep_blank_values=True)
    else:
        coding = AS_IT_IS if config.key_in.coding == "as_is" else ""
        in_path = {"key": quote(key, safe=coding)} if config.key_in.place == "path" else {}
        plain = {name: quote(value, safe="") for name, value in places.items()}
        address = fill(config.url, {**plain, **in_path}, moments, partial(quote, safe=IN_ADDRESS))
        is_alone = isinstance(config.paging, NextToken) and step.token
        params = {} if is_alone else {name: fill(value, places, moments) for name, value in config.params.items()}
        params |= page_params(config, step)
        is_keyed = False
    if key and config.key_in.place == "query" and not is_keyed:
        if config.key_in.coding == "as_is":
            address += f"{'&' if '?' in address else '?'}{quote(config.key_in.name)}={quote(key, safe=AS_IT_IS)}"
        else:
            params[config.key_in.name] = key
    return address, params


def places_of_page(config: Config, step: Step) -> dict[str, str]:
    """Return what the places of the page stand for: its number or position, and its first and last row from 1."""
    paging = config.paging
    if not isinstance(paging, Sized):
        return {}
    start = (step.number - 1) * paging.size + 1
    first = getattr(paging, "first", 1)
    return {
        "page": str(first + step.number - 1),
        "offset": str(first + step.received),
        "size": str(paging.size),
        "start": str(start),
        "end": str(start + paging.size - 1),
    }


def page_params(config: Config, step: Step) -> dict[str, str]:
    paging, places = config.paging, places_of_page(config, step)
    if isinstance(paging, NextToken) and step.token:
        return {paging.param: step.token}
    params = {paging.size_param: places["size"]} if isinstance(paging, Sized) and paging.size_param else {}
    match paging:
        case Cursor() if step.token:
            params[paging.param] = step.token
        case Cursor() | NextToken() | NextLink() | LinkHeader() | NoPaging():
            pass
        case Offset() if paging.param:
            params[paging.param] = places["offset"]
        case _ if paging.param:
            params[paging.param] = places["page"]
    return params


def link_to_next(step: Step, body: Body, config: Config, http: Session) -> Link[Step]:
    following = next_step(step, body, config, http)
    total = None if isinstance(config.paging, UntilEmpty) else body.total
    return Link(rows=body.rows, next=following, address=body.answer.location, total=total)


def next_step(step: Step, body: Body, config: Config, http: Session) -> Step | None:
    """Return what leads to the next page, or None when this page is the last."""
    paging, document = config.paging, body.document
    if isinstance(paging, NoPaging):
        return None
    if isinstance(paging, LinkHeader):
        link = next_in_header(body.answer.headers.get("link", ""))
        return Step(address=next_address(step.address or body.sent, link, http)) if link is not None else None
    if not isinstance(paging, Cursor | NextToken | NextLink):
        received = step.received + len(body.rows)
        is_complete = body.total is not None and received >= body.total and not isinstance(paging, UntilEmpty)
        return None if is_complete or not body.rows else Step(number=step.number + 1, received=received)
    found = find(document, paging.path)
    more = find(document, paging.more) if isinstance(paging, Cursor) and paging.more else None
    if more is False or str(more).strip().lower() in ("false", "n", "no", "0"):
        return None
    says_more = more is not None and not isinstance(more, Missing)
    if isinstance(found, Missing) or is_nothing(found):
        if says_more or (isinstance(found, Missing) and step == Step() and is_full_page(body, paging)):
            told = UNKNOWN_END.format(size=len(body.rows), path=paging.path)
            raise RequestRefused(address=body.answer.location, answer=told)
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        told = NO_CURSOR.format(path=paging.path, kind=type(found).__name__)
        raise UnreadableAnswer(address=body.answer.location, format="JSON/XML", reason=told)
    if isinstance(paging, NextLink):
        return Step(address=next_address(step.address or body.sent, found, http))
    return Step(token=str(found))


def next_in_header(header: str) -> str | None:
    """Return the address that a Link header calls the next page, if it names one."""
    for link in LINK.finditer(header):
        relation = RELATION.search(link[2])
        if relation and "next" in (relation[1] or relation[2]).lower().split():
            return link[1]
    return None


def is_full_page(body: Body, paging: Sized) -> bool:
    return paging.size_param is not None and body.total is None and len(body.rows) >= paging.size


def parse_body(answer: Answer, config: Config, http: Session, sent: str) -> Body:
    document = None if answer.status == 204 and not answer.size else read_document(answer, http)
    is_empty = refuse_errors(document, config, answer, http)
    total = None if is_empty else total_of(document, config, answer)
    records = [] if is_empty else records_of(document, config, answer, total)
    return Body(rows=make_rows(records, config), total=total, document=document, answer=answer, sent=sent)


def make_rows(records: list[dict[str, object]], config: Config) -> Sequence[Row]:
    """Return a row for each record; the common page, flat already, passes untouched."""
    if config.columns:
        selectors = [Selector(name, column.path, column.lists) for name, column in config.columns.items()]
        return [select(record, selectors, config.separator) for record in records]
    rows = by_column(records)
    if rows.is_flat if isinstance(rows, ByColumn) else is_flat(records):
        return rows
    return [flatten(record, config.flatten, config.lists, config.separator) for record in records]


def explain_refusal(answer: Answer, config: Config, http: Session) -> None:
    """Raise what the body of an answer with an error status says, if it says anything that is known."""
    try:
        document = read_document(answer, http)
    except SourceError:
        document = None
    if refuse_errors(document, config.model_copy(update={"code_required": False}), answer, http):
        raise NothingThere


def refuse_errors(document: object, config: Config, answer: Answer, http: Session) -> bool:
    """Return whether the answer says that there is nothing; raise what it means if it tells an error."""
    rule = next((rule for rule in config.rules if all(c.holds(document, answer.status) for c in rule.when)), None)
    if rule:
        shown = [find(document, condition.path) for condition in rule.when]
        return is_empty_or_raise(rule.means, [*shown, message_in(document, rule.message)], answer, http)
    missed: list[Missing] = []
    for table in config.codes.values():
        code = find_first(document, table.at)
        if isinstance(code, Missing) or is_nothing(code):
            missed.append(code if isinstance(code, Missing) else Missing(table.at[0], ()))
            continue
        return is_empty_or_raise(table.meaning_of(code), [code, message_in(document, table.message)], answer, http)
    if missed and config.code_required:
        paths = ", ".join(path for table in config.codes.values() for path in table.at)
        told = NO_CODE.format(paths=paths, names=", ".join(missed[0].names) or "-")
        raise UnreadableAnswer(address=answer.location, format="JSON/XML", reason=told)
    return False


def is_empty_or_raise(meaning: Meaning, told: Iterable[object], answer: Answer, http: Session) -> bool:
    if meaning in ERRORS:
        words = " ".join(str(word).strip() for word in told if isinstance(word, str | int | float))
        raise ERRORS[meaning](address=answer.location, answer=http.mask(words)[:300].strip(" ."))
    return meaning == "empty"


def message_in(document: object, paths: list[str]) -> object:
    return next((words for path in paths if isinstance(words := find(document, path), str) and words.strip()), "")


def total_of(document: object, config: Config, answer: Answer) -> int | None:
    """Return the total that is announced; one that is missing or blank is not announced."""
    found = find_first(document, config.total) if config.total else None
    if isinstance(found, Missing) or is_nothing(found):
        return None
    digits = str(found).strip().replace(",", "")
    if isinstance(found, bool) or not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        told = NO_COUNT.format(total=str(found)[:100])
        raise UnreadableAnswer(address=answer.location, format="JSON/XML", reason=told)
    return int(digits)


def records_of(document: object, config: Config, answer: Answer, total: int | None) -> list[dict[str, object]]:
    found = find_first(document, config.records) if config.records else document
    if isinstance(found, Missing):
        if total == 0:
            return []
        raise no_such_key(answer, "JSON/XML", [found.path], list(found.names))
    try:
        return list_records(found, config.shape, config.name_as)
    except TypeError as error:
        told = NO_RECORD.format(kind=str(error))
        raise UnreadableAnswer(address=answer.location, format="JSON/XML", reason=told) from None


def read_recorded(step: Step, config: Config, http: Session) -> Link[Step]:
    """Read an answer from a file; what would be asked for after it is not there."""
    if step.token or step.address:
        raise BrokenOff(address=http.mask(config.url), reason=ONE_OF_SEVERAL)
    if step != Step():
        return Link(rows=(), next=None, address=http.mask(config.url))
    body = http.read(config.url, partial(parse_body, config=config, http=http, sent=config.url))
    link = link_to_next(step, body, config, http)
    return replace(link, address=http.mask(config.url))
