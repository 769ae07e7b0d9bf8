"""The dialect of data.go.kr: a paged operation with its envelope, its habits, and the gateway before it.

The habits, each met at a real operation: the default format is XML and the default page holds 10 rows; values are text,
a missing one is ``-`` or empty; in JSON one row makes ``item`` an object and no row makes ``items`` an empty text;
a question that matches nothing is code 03 without a body; unknown parameters are ignored; the gateway answers in
XML of its own with HTTP 200, whatever format was asked for.
"""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from ingest.sandbox.city import Row
from ingest.sandbox.faults import Fault, Refusal
from ingest.sandbox.messages import Answer, Page, Request, add_element, answer_json, answer_xml
from ingest.sandbox.services import DATAGOKR_SERVICES, DatagokrService
from ingest.sandbox.world import World

FORMAT_SWITCHES = ("_type", "type", "returnType", "dataType", "resultType")
KEY_NAMES = ("serviceKey", "ServiceKey")
DEFAULT_ROWS, MOST_ROWS = 10, 1000
GATEWAY_CODES: Mapping[Refusal, tuple[str, str]] = {
    Refusal.UNKNOWN_KEY: ("30", "SERVICE_KEY_IS_NOT_REGISTERED_ERROR"),
    Refusal.EXPIRED_KEY: ("31", "DEADLINE_HAS_EXPIRED_ERROR"),
    Refusal.DAILY_LIMIT: ("22", "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR"),
}
NO_SERVICE = ("12", "NO_OPENAPI_SERVICE_ERROR")
BAD_PARAMETER = ("10", "INVALID_REQUEST_PARAMETER_ERROR")
NO_DATA = ("03", "NODATA_ERROR")


def find_operation(path: str) -> DatagokrService | None:
    return next((service for service in DATAGOKR_SERVICES if service.path == path), None)


def answer_operation(world: World, service: DatagokrService | None, request: Request, fault: Fault) -> Answer:
    """Answer one call of an operation, or tell that there is no such operation."""
    if service is None:
        return answer_from_gateway(*NO_SERVICE)
    now = world.clock()
    key = next((request.query[name] for name in KEY_NAMES if name in request.query), "")
    if refusal := world.refuse(service.name, key, fault, now):
        return answer_from_gateway(*GATEWAY_CODES[refusal])
    is_json = wants_json(request.query)
    paging = read_paging(request.query)
    if paging is None:
        return answer_header(*BAD_PARAMETER, is_json=is_json)
    number, size = paging
    rows = select_rows(service.rows(world.seed, now), request.query)
    if not rows:
        return answer_header(*NO_DATA, is_json=is_json)
    page = fault.change_page(Page(rows[(number - 1) * size : number * size], total=len(rows)), service)
    return (write_json if is_json else write_xml)(page, service, number=number, size=size)


def wants_json(query: Mapping[str, str]) -> bool:
    return any(query.get(name, "").lower() == "json" for name in FORMAT_SWITCHES)


def read_paging(query: Mapping[str, str]) -> tuple[int, int] | None:
    """Return (page, rows a page), or None when they cannot be meant; more than 1,000 rows are silently 1,000."""
    try:
        number, size = int(query.get("pageNo") or 1), int(query.get("numOfRows") or DEFAULT_ROWS)
    except ValueError:
        return None
    return (number, min(size, MOST_ROWS)) if number >= 1 and size >= 1 else None


def select_rows(rows: Sequence[Row], query: Mapping[str, str]) -> Sequence[Row]:
    """Keep the rows that equal the parameters named after columns; other parameters are ignored, as they are there."""
    wanted = {name: value for name, value in query.items() if name in rows[0] and value}
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())] if wanted else rows


def answer_from_gateway(code: str, name: str) -> Answer:
    root = ElementTree.Element("OpenAPI_ServiceResponse")
    header = add_element(root, "cmmMsgHeader")
    add_element(header, "errMsg", "SERVICE ERROR")
    add_element(header, "returnAuthMsg", name)
    add_element(header, "returnReasonCode", code)
    return answer_xml(root, content_type="text/xml;charset=UTF-8")


def answer_header(code: str, message: str, *, is_json: bool) -> Answer:
    """Answer a header without a body, which is how an operation tells an error of its own."""
    if is_json:
        return answer_json({"response": {"header": {"resultCode": code, "resultMsg": message}}})
    return answer_xml(start_response(code, message))


def write_json(page: Page, service: DatagokrService, *, number: int, size: int) -> Answer:
    counts = {"numOfRows": size, "pageNo": number, "totalCount": page.total}
    body = {
        "items": wrap_items([dict(row) for row in page.rows], service),
        **({name: str(count) for name, count in counts.items()} if service.has_text_counts else counts),
    }
    header = {"resultCode": service.ok_code, "resultMsg": service.ok_message}
    return answer_json({"response": {"header": header, "body": body}})


def wrap_items(rows: list[dict[str, object]], service: DatagokrService) -> object:
    if service.has_bare_items:
        return rows
    if not rows:
        return ""
    return {"item": rows[0] if len(rows) == 1 else rows}


def write_xml(page: Page, service: DatagokrService, *, number: int, size: int) -> Answer:
    root = start_response(service.ok_code, service.ok_message)
    body = add_element(root, "body")
    items = add_element(body, "items")
    for row in page.rows:
        item = add_element(items, "item")
        for name, value in row.items():
            add_element(item, name, value)
    for name, count in (("numOfRows", size), ("pageNo", number), ("totalCount", page.total)):
        add_element(body, name, count)
    return answer_xml(root)


def start_response(code: str, message: str) -> ElementTree.Element:
    root = ElementTree.Element("response")
    header = add_element(root, "header")
    add_element(header, "resultCode", code)
    add_element(header, "resultMsg", message)
    return root
