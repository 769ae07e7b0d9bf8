"""The formats that catalogues of others are harvested in: one row each, a new format is a new row.

A reader takes the answer of a source and returns a catalogue; the translations themselves are in ``catalog/exchange/``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from catalog.errors import UnknownFormat
from catalog.exchange.ckan import read_ckan
from catalog.exchange.croissant import from_croissant
from catalog.exchange.data_json import from_data_json
from catalog.exchange.data_package import from_data_package
from catalog.exchange.datagokr import read_datagokr_file
from catalog.exchange.dcat import read_rdf
from catalog.exchange.entry import Catalogue
from catalog.exchange.json_values import load_json
from catalog.exchange.keti import from_keti
from catalog.exchange.rdf import find_form
from catalog.exchange.schema_org import from_schema_org
from catalog.exchange.table import read_table
from catalog.exchange.udata import from_udata
from catalog.text import Text
from ingest.errors import IncompleteAnswer, TooLarge, UnreadableAnswer
from ingest.http import Answer, Session, is_web, readable_size

CKAN_PAGE = 500
MOST_PAGES = 100_000
MOST_BYTES = 200 * 2**20  # a document of this size is read whole and takes about eight times as much memory
VAGUE = frozenset(["", "text/plain", "text/xml", "application/xml", "application/json", "application/octet-stream"])
SAME_PAGE = Text(ko="다음 쪽의 주소가 이미 읽은 쪽입니다", en="the next page is one that was read before")


@dataclass(frozen=True)
class Format:
    """A format by its name on the command line; ``read`` turns one answer into a catalogue."""

    label: Text
    read: Callable[[Answer], Catalogue]


def read_pages(session: Session, format_: str, location: str) -> Iterator[Catalogue]:
    """Yield a catalogue page by page: of a CKAN by asking for rows, of others by following the next page they name."""
    if format_ not in FORMATS:
        raise UnknownFormat(format=format_, allowed=list(FORMATS))
    if format_ == "ckan" and is_web(location) and "/api/" not in location:
        yield from read_ckan_pages(session, location)
        return
    read = FORMATS[format_].read
    seen: set[str] = set()
    while location:
        if location in seen or len(seen) >= MOST_PAGES:
            raise UnreadableAnswer(address=location, format=format_, reason=SAME_PAGE)
        seen.add(location)
        page = session.read(location, partial(read_whole, read=read))
        yield page
        location = page.next


def read_whole(answer: Answer, read: Callable[[Answer], Catalogue]) -> Catalogue:
    """Read a document, unless it is so large that nobody means it: small ones grow to this on their way."""
    if answer.size > MOST_BYTES:
        raise TooLarge(address=answer.location, limit=readable_size(MOST_BYTES))
    return read(answer)


def read_ckan_pages(session: Session, portal: str) -> Iterator[Catalogue]:
    """Ask a CKAN for all its datasets; fewer than it announced are no proof that the others are gone."""
    address = f"{portal.rstrip('/')}/api/3/action/package_search"
    start, announced = 0, 1
    while start < announced:
        params = {"rows": str(CKAN_PAGE), "start": str(start), "sort": "name asc"}
        page = session.read(address, read_ckan_answer, params=params)
        datasets = list(page.datasets)
        announced = page.total or 0
        if not datasets and start < announced:
            raise IncompleteAnswer(address=address, announced=announced, received=start)
        yield page
        start += len(datasets)


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
    return read_ckan(load_json(answer.read_bytes(), "CKAN", answer.location), base=base)


FORMATS: Mapping[str, Format] = {
    "data-json": Format(
        Text(ko="data.json (DCAT-US)", en="data.json (DCAT-US)"),
        lambda answer: from_data_json(answer.read_bytes(), where=answer.location),
    ),
    "dcat": Format(Text(ko="DCAT (RDF)", en="DCAT (RDF)"), read_dcat_answer),
    "ckan": Format(Text(ko="CKAN API", en="CKAN API"), read_ckan_answer),
    "udata": Format(
        Text(ko="udata API (data.gouv.fr 등)", en="udata API (data.gouv.fr and others)"),
        lambda answer: from_udata(answer.read_bytes(), where=answer.location),
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
