"""Paging where each page tells what to ask for next (a link, an offset, a list of numbers) until the end is proven.

Shared by ``oapif.py``, ``wfs.py``, ``arcgis.py``, ``sensorthings.py`` and ``ngsild.py``; pages with numbers are read by
``pages.py``. A link is followed only to the platform that gave it.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx2

from ingest.connectors.by_column import CONTAINERS, ByColumn, Row, by_column
from ingest.connectors.pages import REPEATED, TOO_MANY_PAGES, digest_of
from ingest.errors import (
    BrokenOff,
    ForbiddenAddress,
    IncompleteAnswer,
    RequestRefused,
    Text,
    TooLarge,
)
from ingest.http import NO_DOWNGRADE, Session, same_party, without_fragment

Step = TypeVar("Step", bound=Hashable)

LOOP = Text(
    ko="{number}쪽의 다음 쪽이 이미 받은 쪽입니다. 끝없이 되풀이되어 멈췄습니다",
    en="the page after page {number} is one that was read before: it goes round in a circle",
)
CAME_TWICE = Text(
    ko="레코드 '{identifier}'이(가) 두 번 왔습니다. 쪽을 받는 동안 자료가 바뀌었거나 순서가 정해져 있지 않습니다",
    en="record '{identifier}' came twice: the data changed while its pages were read, or they have no fixed order",
)
ELSEWHERE = Text(
    ko="다음 쪽의 주소가 다른 호스트입니다. 다른 호스트로는 따라가지 않습니다.",
    en="the next page is said to be on another host, where it is not followed.",
)
NO_ADDRESS = Text(ko="다음 쪽의 주소가 주소가 아닙니다.", en="what should be the address of the next page is none.")


@dataclass(frozen=True)
class Link(Generic[Step]):
    """One page: its rows, what to ask for next (None: it is the last), and the total that it announces (None: none).

    ``ids`` name the rows if the platform names them; none may come twice.
    """

    rows: Sequence[Row]
    next: Step | None
    address: str
    total: int | None = None
    ids: Sequence[Hashable] = ()


def follow(ask: Callable[[Step], Link[Step]], first: Step, *, max_pages: int) -> Iterator[Sequence[Row]]:
    """Yield the first page and those after it, until one is the last and as many came as were announced.

    Every other ending is an error: a total that changed, too few or too many rows, a page or a record that came before,
    a circle, more pages than allowed.
    """
    step, asked = first, {first}
    pages: set[bytes] = set()
    names: set[int] = set()
    announced: int | None = None
    received = 0
    for number in range(1, max_pages + 1):
        page = ask(step)
        announced = agreed_total(announced, page, received)
        rows = by_column(page.rows)
        refuse_repeated_page(page, rows, number, pages)
        refuse_repeated_rows(page, names)
        yield rows
        received += len(rows)
        if announced is not None and (received > announced or (page.next is None and received < announced)):
            raise IncompleteAnswer(address=page.address, announced=announced, received=received)
        if page.next is None:
            return
        if page.next in asked:
            raise RequestRefused(address=page.address, answer=LOOP.format(number=number))
        if announced is not None and page.rows and announced > max_pages * len(page.rows) and number == 1:
            break
        asked.add(page.next)
        step = page.next
    raise TooLarge(address=page.address, limit=TOO_MANY_PAGES.format(max_pages=max_pages))


def agreed_total(announced: int | None, page: Link[Step], received: int) -> int | None:
    """Return the total that is announced so far; a page that says another one is an error."""
    if announced is not None and page.total is not None and page.total != announced:
        raise IncompleteAnswer(address=page.address, announced=f"{announced} → {page.total}", received=received)
    return page.total if announced is None else announced


def refuse_repeated_page(page: Link[Step], rows: Sequence[Row], number: int, seen: set[bytes]) -> None:
    """Refuse a page that came before; the names of its rows in their order tell it where all have one."""
    digest = digest_of(page.ids if is_told_by_names(page, rows) else rows, page.address)
    if digest in seen:
        raise RequestRefused(address=page.address, answer=REPEATED.format(number=number))
    seen.add(digest)


def is_told_by_names(page: Link[Step], rows: Sequence[Row]) -> bool:
    """Say whether all rows have names, and nothing inside them that would have to be written to know that it can be."""
    if len(page.ids) != len(rows) or not isinstance(rows, ByColumn) or not rows:
        return False
    return CONTAINERS.isdisjoint(map(type, rows[0].values())) and rows.is_flat


def refuse_repeated_rows(page: Link[Step], seen: set[int]) -> None:
    """Refuse a record that came before; of each only a number of 64 bits is kept in memory."""
    new = set(map(hash, page.ids))
    if len(new) == len(page.ids) and new.isdisjoint(seen):
        seen |= new
        return
    for identifier in page.ids:
        if (known := hash(identifier)) in seen:
            raise BrokenOff(address=page.address, reason=CAME_TWICE.format(identifier=str(identifier)[:100]))
        seen.add(known)


def next_address(here: str, link: object, http: Session) -> str:
    """Return the whole address that a link on a page leads to; refuse one to another host or to its unguarded door."""
    try:
        page = httpx2.URL(here)
        there = page.join(link if isinstance(link, str) else "")
    except (httpx2.InvalidURL, ValueError) as error:
        raise ForbiddenAddress(address=http.mask(str(link)[:300]), reason=NO_ADDRESS) from error
    shown = http.mask(str(there.copy_with(userinfo=b"***") if there.userinfo else there))
    if not isinstance(link, str) or not link:
        raise ForbiddenAddress(address=shown, reason=NO_ADDRESS)
    if not same_party(page, there) or there.userinfo:
        raise ForbiddenAddress(address=shown, reason=ELSEWHERE)
    if page.scheme == "https" and there.scheme == "http":
        raise ForbiddenAddress(address=shown, reason=NO_DOWNGRADE)
    return str(without_fragment(there))


def count_of(number: object) -> int | None:
    """Return a total that a platform announces, whether as number or text; None for one that is unknown to it."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
