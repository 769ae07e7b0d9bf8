"""The formats that catalogues of others are harvested in: one row each, a new format is a new row.

A reader takes the answer of a source and returns a catalogue; the translations themselves are in ``catalog/exchange/``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from catalog.errors import UnknownFormat
from catalog.exchange.ckan import read_ckan
from catalog.exchange.croissant import from_croissant
from catalog.exchange.data_json import from_data_json
from catalog.exchange.data_package import from_data_package
from catalog.exchange.datagokr import read_datagokr_file
from catalog.exchange.dcat import read_rdf
from catalog.exchange.entry import Catalogue, Unread
from catalog.exchange.json_values import load_json
from catalog.exchange.keti import from_keti
from catalog.exchange.rdf import find_form
from catalog.exchange.schema_org import from_schema_org
from catalog.exchange.table import read_table
from catalog.exchange.udata import from_udata
from catalog.text import Text
from ingest.errors import IncompleteAnswer, TooLarge, Unmodified, UnreadableAnswer
from ingest.http import CONDITIONS, Answer, Session, is_web, readable_size

CKAN_PAGE = 500
MOST_PAGES = 100_000
MOST_BYTES = 200 * 2**20  # a document of this size is read whole and takes about eight times as much memory
VAGUE = frozenset(["", "text/plain", "text/xml", "application/xml", "application/json", "application/octet-stream"])
# What a record of others can make go wrong in a translation that did not foresee it.
UNFORESEEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
SAME_PAGE = Text(ko="다음 쪽의 주소가 이미 읽은 쪽입니다", en="the next page is one that was read before")


@dataclass(frozen=True)
class Format:
    """A format by its name on the command line; ``read`` turns one answer into a catalogue."""

    label: Text
    read: Callable[[Answer], Catalogue]


@dataclass
class Freshness:
    """What a server knew its last answer by (``known``), and what it knows this one by (``left``).

    Only of an answer that is the whole catalogue: an unchanged first page says nothing of the others.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def read(self, session: Session, location: str, parse: Callable[[Answer], Catalogue]) -> Catalogue:
        """Read a first page; Unmodified when the server says that it still is what it was."""
        known = self.known if self.known.get("location") == location else {}
        answer = session.fetch_newer(location, known)
        if answer is None:
            raise Unmodified(address=session.mask(location))
        try:
            page = parse(answer)
        finally:
            answer.path.unlink()
        told = {name: answer.headers[name] for name in CONDITIONS if name in answer.headers}
        is_whole = not page.next and (page.total is None or page.total <= len(list(page.datasets)))
        self.left = told | {"location": location} if told and is_whole else {}
        return page


def read_pages(
    session: Session, format_: str, location: str, *, query: str = "", freshness: Freshness | None = None
) -> Iterator[Catalogue]:
    """Yield a catalogue page by page: of a CKAN by asking for rows, of others by following the next page they name.

    ``query`` is asked of a CKAN in its own words (``fq``). With ``freshness`` an answer that is still the same is Unmodified.
    """
    if format_ not in FORMATS:
        raise UnknownFormat(format=format_, allowed=list(FORMATS))
    try:
        if format_ == "ckan" and is_web(location) and "/api/" not in location:
            yield from read_ckan_pages(session, location, query, freshness)
        else:
            yield from read_linked_pages(session, format_, location, freshness)
    except UNFORESEEN as error:
        reason = Text(ko=f"예상하지 못한 내용입니다 ({error!r})", en=f"it was not foreseen ({error!r})")
        raise UnreadableAnswer(address=session.mask(location), format=format_, reason=reason) from error


def read_linked_pages(
    session: Session, format_: str, location: str, freshness: Freshness | None
) -> Iterator[Catalogue]:
    read = FORMATS[format_].read
    seen: set[str] = set()
    while location:
        if location in seen or len(seen) >= MOST_PAGES:
            raise UnreadableAnswer(address=location, format=format_, reason=SAME_PAGE)
        parse = partial(read_whole, read=read)
        is_first = not seen and freshness is not None and is_web(location)
        page = freshness.read(session, location, parse) if is_first else session.read(location, parse)
        seen.add(location)
        yield page
        location = page.next


def read_whole(answer: Answer, read: Callable[[Answer], Catalogue]) -> Catalogue:
    """Read a document, unless it is so large that nobody means it: small ones grow to this on their way."""
    if answer.size > MOST_BYTES:
        raise TooLarge(address=answer.location, limit=readable_size(MOST_BYTES))
    return read(answer)


def read_ckan_pages(
    session: Session, portal: str, query: str = "", freshness: Freshness | None = None
) -> Iterator[Catalogue]:
    """Ask a CKAN for all its datasets; fewer than it announced are no proof that the others are gone."""
    address = f"{portal.rstrip('/')}/api/3/action/package_search"
    start, announced = 0, 1
    while start < announced:
        params = {"rows": str(CKAN_PAGE), "start": str(start), "sort": "name asc"} | ({"fq": query} if query else {})
        if freshness is not None and start == 0:
            page = freshness.read(session, f"{address}?{urlencode(params)}", read_ckan_answer)
        else:
            page = session.read(address, read_ckan_answer, params=params)
        received = len(list(page.datasets)) + len(page.unread)
        announced = page.total or 0
        if not received and start < announced:
            raise IncompleteAnswer(address=address, announced=announced, received=start)
        yield page
        start += received


def read_dcat_answer(answer: Answer) -> Catalogue:
    """Read RDF in the form that the answer, its address or its first characters tell."""
    content = answer.read_bytes()
    told = answer.content_type.partition(";")[0].strip()
    ending = PurePosixPath(urlsplit(answer.location).path).suffix.lstrip(".")
    names = (ending, told) if told in VAGUE else (told, ending)
    form = next((name for name in names if name and find_form(name)), "") or guess_form(content)
    base = answer.location if is_web(answer.location) else ""
    return read_rdf(content, form, base=base, name=answer.location)


def guess_form(content: bytes) -> str:
    head = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"["):
        return "jsonld"
    return "rdf" if head.startswith((b"<?xml", b"<rdf:", b"<!DOCTYPE")) else "ttl"


def read_ckan_answer(answer: Answer) -> Catalogue:
    base = "{0.scheme}://{0.netloc}".format(urlsplit(answer.location)) if is_web(answer.location) else ""
    document = load_json(answer.read_bytes(), "CKAN", answer.location)
    return read_records(document, ("result", "results"), partial(read_ckan, base=base))


def read_data_json_answer(answer: Answer) -> Catalogue:
    document = load_json(answer.read_bytes(), "data.json", answer.location)
    return read_records(document, ("dataset",), partial(from_data_json, where=answer.location))


def read_udata_answer(answer: Answer) -> Catalogue:
    document = load_json(answer.read_bytes(), "udata", answer.location)
    return read_records(document, ("data",), partial(from_udata, where=answer.location))


def read_records(document: Any, way: Sequence[str], read: Callable[[Any], Catalogue]) -> Catalogue:  # noqa: ANN401
    """Read a document whole; where that meets what nobody foresaw, leave out the records that cannot be read even alone."""
    try:
        return read(document)
    except UNFORESEEN:
        records = records_of(document, way)
        if not records:
            raise
    good, unread = [], []
    for number, record in enumerate(records):
        try:
            read(with_records(document, way, [record]))
        except UNFORESEEN as error:
            where = f"{'.'.join(way)}[{number}]"
            unread.append(Unread(where, f"{type(error).__name__}: {error}", orjson.dumps(record)))
        else:
            good.append(record)
    return replace(read(with_records(document, way, good)), unread=tuple(unread))


def records_of(document: Any, way: Sequence[str]) -> list[Any]:  # noqa: ANN401
    for name in way:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document if isinstance(document, list) else []


def with_records(document: Mapping[str, Any], way: Sequence[str], records: list[Any]) -> dict[str, Any]:
    """Return a document that holds these records in place of its own."""
    first, *rest = way
    return {**document, first: with_records(document[first], rest, records) if rest else records}


FORMATS: Mapping[str, Format] = {
    "data-json": Format(
        Text(ko="data.json (DCAT-US)", en="data.json (DCAT-US)"),
        read_data_json_answer,
    ),
    "dcat": Format(Text(ko="DCAT (RDF)", en="DCAT (RDF)"), read_dcat_answer),
    "ckan": Format(Text(ko="CKAN API", en="CKAN API"), read_ckan_answer),
    "udata": Format(
        Text(ko="udata API (data.gouv.fr 등)", en="udata API (data.gouv.fr and others)"),
        read_udata_answer,
    ),
    "schema-org": Format(
        Text(ko="schema.org", en="schema.org"),
        lambda answer: from_schema_org(answer.read_bytes(), where=answer.location),
    ),
    "croissant": Format(
        Text(ko="Croissant", en="Croissant"), lambda answer: from_croissant(answer.read_bytes(), where=answer.location)
    ),
    "data-package": Format(
        Text(ko="데이터 패키지", en="Data Package"),
        lambda answer: from_data_package(answer.read_bytes(), where=answer.location),
    ),
    "datagokr": Format(
        Text(ko="공공데이터포털 목록 (CSV, XLSX)", en="list of data.go.kr (CSV, XLSX)"),
        lambda answer: read_datagokr_file(answer.path),
    ),
    "keti": Format(
        Text(ko="City Data Hub 데이터셋", en="City Data Hub datasets"),
        lambda answer: from_keti(load_json(answer.read_bytes(), "City Data Hub", answer.location)),
    ),
    "table": Format(
        Text(ko="카탈로그 표 (CSV, XLSX)", en="catalogue table (CSV, XLSX)"), lambda answer: read_table(answer.path)
    ),
}
