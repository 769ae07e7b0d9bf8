"""The dialect of municipal files: a CSV as the city's web site offers it, in CP949 or in UTF-8 with a byte-order mark.

Every row ends in one empty field more than the header has, lines end in CRLF, cells with commas are quoted, and the
file has a Korean name (RFC 6266). A file needs no key; its refusals are HTTP errors.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ingest.sandbox.city import Row, reference_date
from ingest.sandbox.faults import Fault, Refusal
from ingest.sandbox.messages import HTML_TYPE, Answer, Page, Request
from ingest.sandbox.services import FILE_SERVICES, FileService
from ingest.sandbox.world import World

REFUSALS: Mapping[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_KEY: (403, "접근 권한이 없습니다."),
    Refusal.EXPIRED_KEY: (403, "접근 권한이 없습니다."),
    Refusal.DAILY_LIMIT: (429, "오늘 내려받을 수 있는 횟수를 넘었습니다."),
}


def find_file(path: str) -> FileService | None:
    return next((service for service in FILE_SERVICES if path in service.encodings), None)


def answer_file(world: World, service: FileService | None, request: Request, fault: Fault) -> Answer:
    """Answer the whole file, or tell that there is none of this name."""
    if service is None:
        return answer_page(404, "파일이 없습니다.")
    now = world.clock()
    if fault.refusal:
        return answer_page(*REFUSALS[fault.refusal])
    rows = service.rows(world.seed, now)
    page = fault.change_page(Page(rows, total=len(rows)), service)
    header = tuple(page.rows[0] if page.rows else rows[0])
    encoding = service.encodings[request.path]
    file_name = service.file_name.format(date=reference_date(now))
    disposition = f"attachment; filename=\"{service.name}.csv\"; filename*=UTF-8''{quote(file_name)}"
    charset = "utf-8" if encoding == "utf-8-sig" else "euc-kr"
    return Answer(
        write_csv(header, page.rows).encode(encoding),
        f"text/csv;charset={charset}",
        headers=(("Content-Disposition", disposition),),
    )


def answer_page(status: int, sentence: str) -> Answer:
    return Answer(f"<html><body><p>{sentence}</p></body></html>".encode(), HTML_TYPE, status)


def write_csv(header: Sequence[str], rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([*row.values(), ""] for row in rows)
    return text.getvalue()
