"""Paging until the end is proven: shared by the connectors whose platform hands out numbered pages.

What a page looks like is the connector's business; see ``datagokr.py`` and ``seoul.py``.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from ingest.connectors.by_column import ByColumn, Row, by_column
from ingest.errors import IncompleteAnswer, RequestRefused, Text, TooLarge, UnreadableAnswer

NO_TOTAL = Text(
    ko="전체 건수를 알려 주지 않으면서 한 쪽을 가득 채워({page_size}행) 보내 끝을 확인할 수 없습니다. page_size를 늘리십시오",
    en="it tells no total count and sent a full page of {page_size} rows, so the end is unknown; raise page_size",
)
REPEATED = Text(
    ko="{number}쪽이 앞에서 받은 쪽과 같습니다. 쪽 번호 매개변수의 이름이 맞는지 보십시오",
    en="page {number} is the same as a page before; look whether the page parameter has the right name",
)
TOO_DEEP = Text(ko="객체가 너무 깊이 겹쳐 있습니다.", en="its objects are nested too deeply.")
TOO_MANY_PAGES = Text(ko="{max_pages}쪽", en="{max_pages} pages")


@dataclass(frozen=True)
class Page:
    """The rows of one page, how many rows the platform announces over all pages (None: it does not say), and where.

    ``is_of_page``: the page is full and the number is that of its rows, so it may not speak of the other pages.
    """

    rows: Sequence[Row]
    total: int | None
    address: str
    is_of_page: bool = False


def read_pages(ask: Callable[[int], Page], *, page_size: int, max_pages: int) -> Iterator[Sequence[Row]]:
    """Yield pages 1, 2, … until as many rows came as the first page announced.

    A total that may be that of a page alone is not believed: pages are asked for until one is not full.
    Every other ending is an error: a number that changed on the way, too few or too many rows, a page that came
    before, more pages than allowed, or a full page of a platform that announces no number at all.
    """
    first = page = ask(1)
    rows = by_column(page.rows)
    yield rows
    received = len(rows)
    if first.total is None:
        if received >= page_size:
            raise RequestRefused(address=page.address, answer=NO_TOTAL.format(page_size=page_size))
        return
    if received and first.total > max_pages * received:
        raise TooLarge(address=page.address, limit=TOO_MANY_PAGES.format(max_pages=max_pages))
    seen = {digest_of(rows, first.address)}
    is_believed = not first.is_of_page
    for number in range(2, max_pages + 1):
        if received >= first.total if is_believed else len(page.rows) < page_size:
            break
        page = ask(number)
        if not page.rows:
            break
        if is_believed and page.total != first.total:
            raise IncompleteAnswer(
                address=page.address, announced=f"{first.total} → {page.total or 0}", received=received
            )
        rows = by_column(page.rows)
        if (digest := digest_of(rows, page.address)) in seen:
            raise RequestRefused(address=page.address, answer=REPEATED.format(number=number))
        seen.add(digest)
        yield rows
        received += len(rows)
    else:
        if not is_believed and len(page.rows) >= page_size:
            raise TooLarge(address=page.address, limit=TOO_MANY_PAGES.format(max_pages=max_pages))
    if is_believed and received != first.total:
        raise IncompleteAnswer(address=page.address, announced=first.total, received=received)


def digest_of(rows: Sequence[object], address: str) -> bytes:
    """Return what tells a page, or the names of its rows, from all others; what cannot be written again is refused."""
    told = (rows.shapes, rows.shape_of, rows.columns) if isinstance(rows, ByColumn) else (rows,)
    try:
        return hashlib.sha256(b"".join(map(orjson.dumps, told))).digest()
    except orjson.JSONEncodeError as error:
        raise UnreadableAnswer(address=address, format="JSON", reason=TOO_DEEP) from error
