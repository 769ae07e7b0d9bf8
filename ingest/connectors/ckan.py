"""A resource of a CKAN portal, by its dataset and its own name or id: from the datastore, or the file it names.

The datastore proves its end by the number of its records; a file is read by the ``file`` connector's own reader. The
portal says where the file is, and only http(s) addresses are believed: never a path of this machine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, Self

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.connectors import file
from ingest.connectors.by_column import ByColumn, rows_of
from ingest.connectors.delimited import Row
from ingest.connectors.documents import MAX_DOCUMENT, read_json, refuse_web_page
from ingest.connectors.file_format import named_format
from ingest.connectors.pages import Page, read_pages
from ingest.connectors.progress import NO_SPANS, Progressive
from ingest.connectors.rows import DelimitedFile
from ingest.errors import (
    BadSetup,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    Text,
    UnreadableAnswer,
)
from ingest.http import Answer, Session, is_web

ROW_NUMBER = "_id"
TEXT_FORMATS = frozenset({"csv", "tsv", "json", "ndjson", "geojson", "xml"})  # others are told by their content
ERRORS: Mapping[str, type[SourceError]] = {
    "Authorization Error": KeyRefused,
    "Internal Server Error": PlatformFailure,
}

NO_RESULT = Text(
    ko="CKAN 응답에 있어야 할 '{name}'이(가) 없거나 형식이 다릅니다. 있는 것: {keys}",
    en="it has no '{name}' as answers of CKAN have; what is there: {keys}",
)
ESTIMATED = Text(
    ko="전체 건수가 어림값이어서 끝을 확인할 수 없습니다", en="its count is an estimate, so the end cannot be proven"
)
NO_RESOURCE = Text(
    ko="데이터셋 '{dataset}'에 '{resource}' 리소스가 없습니다. 있는 것: {known}",
    en="dataset '{dataset}' has no resource '{resource}'; it has: {known}",
)
SEVERAL = Text(
    ko="데이터셋 '{dataset}'의 리소스가 하나로 정해지지 않습니다. resource에 id를 적으십시오: {known}",
    en="more than one resource of dataset '{dataset}' is meant; give one's id in resource: {known}",
)
NO_ADDRESS = Text(
    ko="리소스에 http(s) 파일 주소가 없습니다: {url}", en="the resource names no http(s) address of a file: {url}"
)
NO_DATASTORE = Text(
    ko="이 리소스는 데이터스토어에 없습니다. take를 file로 바꾸십시오.",
    en="this resource is not in the datastore; set take to file.",
)


class Config(Progressive, frozen=True, extra="forbid"):
    url: str = Field(description="Address of the portal, before /api/3/action.")
    dataset: str = Field(min_length=1, description="Name or id of the dataset.")
    resource: str | None = Field(
        None, min_length=1, description="Name or id of the resource; may be omitted when the dataset has only one."
    )
    take: Literal["auto", "datastore", "file"] = Field(
        "auto",
        description="Where the records come from; auto: the datastore when the resource is in it, else its file.",
    )
    key: SecretStr | None = Field(None, min_length=1, description="API token, for datasets that are not public.")
    page_size: int = Field(1000, ge=1, le=32_000, description="Datastore: records asked for at a time.")
    max_pages: int = Field(10_000, ge=1, description="Datastore: more pages than this are refused.")
    file: dict[str, object] = Field(
        default_factory=dict, description="File: settings of the file connector but path (format, encoding, sheet, …)."
    )

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/").removesuffix("/action").removesuffix("/api/3")

    @field_validator("file")
    @classmethod
    def are_settings_of_files(cls, settings: dict[str, object]) -> dict[str, object]:
        if "path" in settings:
            raise ValueError("the portal tells the path; leave it out")
        file.Config.model_validate({**settings, "path": "-"})
        return settings

    @model_validator(mode="after")
    def goes_on_by_row_numbers(self) -> Self:
        cursor = self.incremental
        if cursor is None:
            return self
        if (cursor.field, cursor.kind) != (ROW_NUMBER, "integer") or cursor.overlap or cursor.initial is not None:
            raise ValueError(
                'the datastore compares nothing but its row numbers: incremental = {field = "_id", kind = "integer"}'
            )
        if self.take != "datastore":
            raise ValueError('incremental reads the datastore; give take = "datastore"')
        return self

    @property
    def overlaps(self) -> bool:
        """A datastore that was filled anew is read anew."""
        return self.incremental is not None


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the records of the resource."""
    return rows_of(read_resource(config, http, file.read))


def hand_over(config: Config, http: Session) -> Iterator[Row | Sequence[Row] | DelimitedFile]:
    """Yield what ``read`` yields, but pages and files of delimited text whole."""
    return read_resource(config, http, file.hand_over)


def read_resource(
    config: Config, http: Session, read_file: Callable[[file.Config, Session], Iterator[Row | DelimitedFile]]
) -> Iterator[Row | Sequence[Row] | DelimitedFile]:
    if config.key:
        http.keep_secret(config.key.get_secret_value())
    answer, resource = find_resource(config, http)
    in_datastore = resource.get("datastore_active") is True
    if config.take == "datastore" and not in_datastore:
        raise BadSetup(where="take", problem=NO_DATASTORE)
    if config.take != "file" and in_datastore:
        read_rows = read_new_rows if config.incremental else read_datastore
        yield from read_rows(config, http, str(resource["id"]))
    else:
        yield from read_file(file_of(config, resource, answer), http)


def find_resource(config: Config, http: Session) -> tuple[Answer, Mapping[str, object]]:
    """Return the one resource meant, and the answer that told of it."""
    answer, dataset = act(config, http, "package_show", {"id": config.dataset})
    resources = dataset.get("resources")
    if not isinstance(resources, list) or not all(isinstance(one, dict) and "id" in one for one in resources):
        raise no_result(answer, "resources", dataset)
    wanted = config.resource
    found = [one for one in resources if wanted is None or wanted == one["id"]]
    found = found or [one for one in resources if wanted == one.get("name")]
    if len(found) == 1:
        return answer, found[0]
    known = ", ".join(f"{one.get('name')} ({one['id']})" for one in (found or resources)[:20]) or "-"
    problem = SEVERAL if found else NO_RESOURCE
    raise BadSetup(where="resource", problem=problem.format(dataset=config.dataset, resource=wanted, known=known))


def read_new_rows(config: Config, http: Session, resource: str) -> Iterator[Mapping[str, object]]:
    """Yield the records behind the last one that was read, if it still stands in its place; else all of them.

    The last one is asked for again as the proof: rows that were deleted, or a datastore that was filled anew, move it.
    """
    if http.span is not None:
        raise BadSetup(where="incremental.kind", problem=NO_SPANS.format(kind="integer"))
    known = http.position if http.position.get("resource") == resource else {}
    taken, last = int(known.get("rows", 0)), known.get("reached")
    rows = rows_of(numbered_rows(config, http, resource, max(taken - 1, 0)))
    if taken:
        first = next(rows, None)
        if first is None or first.get(ROW_NUMBER) != last:
            rows, taken, last = rows_of(numbered_rows(config, http, resource, 0)), 0, None
    for row in rows:
        taken, last = taken + 1, row.get(ROW_NUMBER)
        yield without_number(row)
    http.leave({"resource": resource, "rows": taken, "reached": last} if taken else {})


def read_datastore(config: Config, http: Session, resource: str) -> Iterator[Sequence[Row]]:
    """Yield pages in the datastore's own order; its row number ``_id`` is not the publisher's and left out."""
    for page in numbered_rows(config, http, resource, 0):
        yield page.without([ROW_NUMBER]) if isinstance(page, ByColumn) else list(map(without_number, page))


def without_number(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != ROW_NUMBER}


def numbered_rows(config: Config, http: Session, resource: str, start: int) -> Iterator[Sequence[Row]]:
    """Yield pages of the records from a place on, counted from 0, with their row numbers.

    A portal may hand out fewer records at a time than asked for, so the next page begins where the last one ended.
    """
    taken = start

    def ask(number: int) -> Page:
        nonlocal taken
        answer, result = act(
            config,
            http,
            "datastore_search",
            {"resource_id": resource, "limit": str(config.page_size), "offset": str(taken), "sort": ROW_NUMBER},
        )
        page = parse_page(answer, result)
        taken += len(page.rows)
        return replace(page, total=max((page.total or 0) - start, 0))

    return read_pages(ask, page_size=config.page_size, max_pages=config.max_pages)


def parse_page(answer: Answer, result: Mapping[str, object]) -> Page:
    rows, total = result.get("records"), result.get("total")
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise no_result(answer, "records", result)
    if type(total) is not int or total < 0:
        raise no_result(answer, "total", result)
    if result.get("total_was_estimated"):
        raise RequestRefused(address=answer.location, answer=ESTIMATED)
    return Page(rows, total, answer.location)


def file_of(config: Config, resource: Mapping[str, object], answer: Answer) -> file.Config:
    """Return what the ``file`` connector is told; the portal's word on the format counts when the address says nothing."""
    url = resource.get("url")
    if not isinstance(url, str) or not is_web(url):
        reason = NO_ADDRESS.format(url=str(url)[:200])
        raise UnreadableAnswer(address=answer.location, format="CKAN", reason=reason)
    settings = {**config.file, "path": url}
    told = str(resource.get("format") or "").strip().lower().lstrip(".")
    if "format" not in settings and named_format(url) is None and told in TEXT_FORMATS:
        settings["format"] = told
    return file.Config.model_validate(settings)


def act(config: Config, http: Session, action: str, params: Mapping[str, str]) -> tuple[Answer, Mapping[str, object]]:
    """Ask for an action and return its result; what the portal says is wrong is raised, whatever its status."""
    headers = {"Authorization": config.key.get_secret_value()} if config.key else {}
    parse = partial(parse_action, http=http, has_key=config.key is not None)
    return http.read(
        f"{config.url}/api/3/action/{action}",
        parse,
        params=params,
        headers=headers,
        explain=partial(explain_failure, http=http, has_key=config.key is not None),
    )


def parse_action(answer: Answer, http: Session, has_key: bool) -> tuple[Answer, Mapping[str, object]]:
    refuse_web_page(answer, http, "CKAN")
    document = read_json(answer, http)
    if not isinstance(document, dict) or document.get("success") not in (True, False):
        raise no_result(answer, "success", document)
    if document["success"] is False:
        raise failure_of(answer, document, http, has_key)
    result = document.get("result")
    if not isinstance(result, dict):
        raise no_result(answer, "result", document)
    return answer, result


def explain_failure(answer: Answer, http: Session, has_key: bool) -> None:
    """Raise what a failure says of itself; a status alone speaks for what is no answer of CKAN."""
    if answer.status == 429 or answer.size > MAX_DOCUMENT:
        return
    try:
        document = orjson.loads(answer.read_bytes())
    except orjson.JSONDecodeError:
        return
    if isinstance(document, dict) and document.get("success") is False:
        raise failure_of(answer, document, http, has_key)


def failure_of(answer: Answer, document: Mapping[str, object], http: Session, has_key: bool) -> SourceError:
    told = document.get("error")
    kind = str(told.get("__type", "")) if isinstance(told, dict) else ""
    error = PlatformFailure if answer.status >= 500 else ERRORS.get(kind, RequestRefused)
    if error is KeyRefused and not has_key:
        error = RequestRefused
    words = " ".join(http.mask(orjson.dumps(told).decode()).split())[:300]
    return error(address=answer.location, answer=words)


def no_result(answer: Answer, name: str, document: object) -> UnreadableAnswer:
    keys = ", ".join(list(document)[:20]) if isinstance(document, dict) else type(document).__name__
    return UnreadableAnswer(
        address=answer.location, format="CKAN", reason=NO_RESULT.format(name=name, keys=keys or "-")
    )
