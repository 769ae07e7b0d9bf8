"""The dialect of Seoul's open data: ``/seoul/{KEY}/{json|xml}/{SERVICE}/{START}/{END}/{FILTER…}``.

Positions count from 1 and both ends are meant; at most 1,000 rows a call, 5 with the key ``sample``. Every error is
HTTP 200 with a bare ``RESULT`` on top. As at Seoul, what is decided before the service is reached (the key, the sample
limit, the daily limit) comes as XML even when JSON was asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from ingest.sandbox.city import Row
from ingest.sandbox.faults import Fault, Refusal
from ingest.sandbox.messages import Answer, Page, Request, add_element, answer_json, answer_xml
from ingest.sandbox.services import SEOUL_SERVICES, SeoulService
from ingest.sandbox.world import World

PREFIX = "/seoul/"
SAMPLE_KEY = "sample"
MOST_ROWS, SAMPLE_ROWS = 1000, 5
FORMATS = ("json", "xml")
MESSAGES: Mapping[str, str] = {
    "INFO-000": "정상 처리되었습니다",
    "INFO-100": "인증키가 유효하지 않습니다. 인증키가 없는 경우, 열린 데이터 광장 홈페이지에서 인증키를 신청하십시오.",
    "INFO-200": "해당하는 데이터가 없습니다.",
    "ERROR-300": "필수 값이 누락되어 있습니다. 요청인자를 참고 하십시오.",
    "ERROR-301": "파일타입 값이 누락 혹은 유효하지 않습니다. 요청인자 중 TYPE을 확인하십시오.",
    "ERROR-310": "해당하는 서비스를 찾을 수 없습니다. 요청인자 중 SERVICE를 확인하십시오.",
    "ERROR-331": "요청시작위치 값을 확인하십시오. 요청인자 중 START_INDEX를 확인하십시오.",
    "ERROR-332": "요청종료위치 값을 확인하십시오. 요청인자 중 END_INDEX를 확인하십시오.",
    "ERROR-333": "요청위치 값의 타입이 유효하지 않습니다. 요청위치 값은 정수를 입력하세요.",
    "ERROR-334": "요청종료위치 보다 요청시작위치가 더 큽니다. 요청시작조회건수는 정수를 입력하세요.",
    "ERROR-335": "샘플데이터(샘플키:sample) 는 한번에 최대 5건을 넘을 수 없습니다. "
    "요청시작위치와 요청종료위치 값은 1 ~ 5 사이만 가능합니다.",
    "ERROR-336": "데이터요청은 한번에 최대 1000건을 넘을 수 없습니다. "
    "요청종료위치에서 요청시작위치를 뺀 값이 1000을 넘지 않도록 수정하세요.",
    "ERROR-337": "데이터요청은 일일 호출건수 최대 {limit}건을 넘을 수 없습니다.",
}
REFUSALS: Mapping[Refusal, str] = {
    Refusal.UNKNOWN_KEY: "INFO-100",
    Refusal.EXPIRED_KEY: "INFO-100",
    Refusal.DAILY_LIMIT: "ERROR-337",
}
ALWAYS_XML = ("INFO-100", "ERROR-335", "ERROR-337")


@dataclass(frozen=True)
class Call:
    """The segments of a path; one that is not there is empty."""

    key: str
    form: str
    code: str
    start: str
    end: str
    filters: tuple[str, ...]


def find_service(path: str) -> SeoulService | None:
    code = read_path(path).code
    return next((service for service in SEOUL_SERVICES if service.code == code), None)


def answer_path(world: World, service: SeoulService | None, request: Request, fault: Fault) -> Answer:
    """Answer one call of a path below ``/seoul/``, whether it names a service or not."""
    now = world.clock()
    call = read_path(request.path)
    if refusal := world.refuse(call.code, call.key, fault, now, other_keys=(SAMPLE_KEY,)):
        return answer_result(REFUSALS[refusal], call.form, limit=world.budget.limit)
    if service is None or (mistake := find_mistake(call)):
        return answer_result(mistake if service else "ERROR-310" if call.code else "ERROR-300", call.form)
    rows = select_rows(service.rows(world.seed, now), service, call.filters)
    page = fault.change_page(Page(rows[int(call.start) - 1 : int(call.end)], total=len(rows)), service)
    if not page.rows:
        return answer_result("INFO-200", call.form)
    return (write_json if call.form == "json" else write_xml)(page, call.code)


def read_path(path: str) -> Call:
    parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/")]
    key, form, code, start, end, *filters = [*parts, "", "", "", ""]
    return Call(key, form, code, start, end, tuple(part for part in filters if part))


def find_mistake(call: Call) -> str:
    """Return the code of the first thing wrong with a call, or an empty text."""
    if call.form not in FORMATS:
        return "ERROR-301"
    if not (call.start and call.end):
        return "ERROR-300"
    try:
        start, end = int(call.start), int(call.end)
    except ValueError:
        return "ERROR-333"
    checks = (
        (start < 1, "ERROR-331"),
        (end < 1, "ERROR-332"),
        (start > end, "ERROR-334"),
        (call.key == SAMPLE_KEY and end > SAMPLE_ROWS, "ERROR-335"),
        (end - start + 1 > MOST_ROWS, "ERROR-336"),
    )
    return next((code for is_wrong, code in checks if is_wrong), "")


def select_rows(rows: Sequence[Row], service: SeoulService, values: Sequence[str]) -> Sequence[Row]:
    wanted = dict(zip(service.filters, values, strict=False))
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())] if wanted else rows


def answer_result(code: str, form: str, *, limit: int | None = None) -> Answer:
    """Answer a bare RESULT, which is how an error looks."""
    message = MESSAGES[code].format(limit=limit or MOST_ROWS)
    if form == "json" and code not in ALWAYS_XML:
        return answer_json({"RESULT": {"CODE": code, "MESSAGE": message}})
    root = ElementTree.Element("RESULT")
    add_element(root, "CODE", code)
    add_element(root, "MESSAGE", message)
    return answer_xml(root)


def write_json(page: Page, code: str) -> Answer:
    result = {"CODE": "INFO-000", "MESSAGE": MESSAGES["INFO-000"]}
    rows = [dict(row) for row in page.rows]
    return answer_json({code: {"list_total_count": page.total, "RESULT": result, "row": rows}})


def write_xml(page: Page, code: str) -> Answer:
    root = ElementTree.Element(code)
    add_element(root, "list_total_count", page.total)
    result = add_element(root, "RESULT")
    add_element(result, "CODE", "INFO-000")
    add_element(result, "MESSAGE", MESSAGES["INFO-000"])
    for row in page.rows:
        element = add_element(root, "row")
        for column, value in row.items():
            add_element(element, column, value)
    return answer_xml(root)
