"""What a source would bring, shown before anything of it is saved: reached, described, read a little, inferred, tried.

The rows that were read are typed with the proposed schema as a run would, so that what is shown as refused is what would
be. Nothing is written but disposable files; the text of it all is in ``preview_text.py``, the hub file in ``hub_snippet.py``.
"""

import dataclasses
import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from django.conf import settings
from pydantic import BaseModel

from catalog.records import (
    KOREA,
    Column,
    Inferred,
    Limits,
    Schema,
    Staged,
    UnreadableRow,
    explain,
    infer_schema,
    tabulate,
)
from catalog.records.findings import Finding
from catalog.records.personal_data import find_personal_data
from catalog.text import Text
from ingest.column_names import fitting_model, name_columns
from ingest.connectors import CONNECTORS, Checked, Connector, Described, MalformedRow
from ingest.echoes import Echoes, masked_rows, told_without_secrets
from ingest.errors import BadSetup, IngestError, TookTooLong
from ingest.http import USER_AGENT, ask_freely, is_web
from ingest.masking import Mask, masked
from ingest.preview_session import PreviewSession, TimeIsUp
from ingest.secret_values import resolve_secrets
from ingest.sources import parse_config, refuse_plain_secrets

ROWS, ROWS_OF_FILES, SECONDS = 10_000, 200_000, 20.0
TRIED_ROWS, SHOWN_ROWS = 10_000, 20
WORK_MEMORY_MIB = 256

UNKNOWN_CONNECTOR = Text(
    ko="'{name}' 연결자는 없습니다. 쓸 수 있는 것: {allowed}", en="unknown connector '{name}'; allowed: {allowed}"
)
WOULD_BE_REFUSED = Text(
    ko="이대로 받으면 '{column}' 열 때문에 {count}개 레코드가 거절됩니다({sentence}).",
    en="as proposed, {count} records would be refused for '{column}' ({sentence}).",
)
PERSONAL = Text(
    ko="'{column}' 열에 개인정보({title})로 보이는 값이 {count}개 있습니다. 가리거나 빼거나 공개를 제한하기로 정하기 전에는 공개되지 않습니다.",
    en="'{column}' holds {count} values that look like personal data ({title}); nothing is published before somebody decides "
    "to mask, drop or restrict the column.",
)
ROBOTS = Text(
    ko="{host}의 robots.txt가 이 주소를 자동으로 읽지 말라고 합니다. 수집해도 되는지 운영 기관에 확인하십시오.",
    en="robots.txt of {host} asks programs not to read this address; ask its operator whether it may be collected.",
)
LEFT_OUT = Text(
    ko="열이 너무 많아 {count}개는 보지 않았습니다.", en="there are too many columns; {count} were not looked at."
)


@dataclass(frozen=True)
class Preview:
    """What a steward is shown. ``cut_by`` is what ended the reading early: the number of rows, or the time; "" for neither.

    ``rows`` are the first ones as they came, ``tried`` how many were typed with the proposed schema and ``refused`` how many of
    these would not be accepted. ``model`` is the data model that the columns fit, ``requests`` how often the platform was asked.
    """

    connector: str
    config: Mapping[str, Any]
    checked: Checked
    described: Described
    inferred: Inferred
    rows: tuple[Mapping[str, object], ...]
    cut_by: Literal["", "rows", "time"]
    tried: int
    refused: int
    findings: tuple[Finding, ...]
    model: str
    requests: int

    @property
    def schema(self) -> Schema | None:
        return self.inferred.schema


def preview_source(
    connector: str,
    config: Mapping[str, Any],
    *,
    allow_private: bool = False,
    ca_certificates: str = "",
    rows: int | None = None,
    seconds: float = SECONDS,
    before_request: Callable[[str], None] = ask_freely,
    clock: Callable[[], float] = time.monotonic,
) -> Preview:
    """Look at a source; ``config`` is as in a hub file, secrets by their names. What is wrong is raised as in a run.

    ``before_request`` lets the caller say how often a host may be asked. The first ``rows`` are read (more of a file than of
    an API), for at most ``seconds``.
    """
    if connector not in CONNECTORS:
        text = UNKNOWN_CONNECTOR.format(name=connector, allowed=", ".join(CONNECTORS))
        raise BadSetup(where="connector", problem=text)
    refuse_plain_secrets(connector, config)
    known = CONNECTORS[connector]
    resolved, secrets = resolve_secrets(config)
    typed = hurried(parse_config(connector, resolved), seconds)
    spool = settings.SPOOL_DIR / f"preview-{uuid.uuid4().hex}"
    spool.mkdir(parents=True)
    try:
        session = PreviewSession(
            seconds=seconds,
            secrets=secrets,
            file_roots=settings.FILE_ROOTS,
            allow_private=allow_private,
            authorities=ca_certificates,
            before_request=before_request,
            clock=clock,
            spool=spool,
        )
        with session as http, told_without_secrets(http.mask), told_when_time_is_up(seconds):
            most = rows or (ROWS_OF_FILES if known.reads_files else ROWS)
            limits = Limits(spool=spool, memory_mib=WORK_MEMORY_MIB, shared_spool=settings.SPOOL_DIR)
            return look(connector, config, known, typed, http, most, limits)
    finally:
        shutil.rmtree(spool, ignore_errors=True)


@contextmanager
def told_when_time_is_up(seconds: float) -> Iterator[None]:
    try:
        yield
    except TimeIsUp as error:
        raise TookTooLong(seconds=f"{seconds:g}") from error


def hurried(config: BaseModel, seconds: float) -> BaseModel:
    """Return a configuration that waits no longer than a preview does, where it has a time of its own (databases)."""
    if "timeout" not in type(config).model_fields:
        return config
    return config.model_copy(update={"timeout": max(1, int(seconds))})


def look(
    name: str,
    config: Mapping[str, Any],
    connector: Connector,
    typed: BaseModel,
    http: PreviewSession,
    most: int,
    limits: Limits,
) -> Preview:
    checked = connector.check(typed, http)
    described = connector.describe(typed, http) if connector.describes else Described(rows=checked.rows)
    described = without_echoes(described, http.mask)
    rows = masked_rows(connector.read(typed, http), http.mask, Echoes(are_possible=True))
    sample = Sample(rows, most, http)
    told = {
        column.name: Column(column.name, column.type, column.title, column.description, unit=column.unit)
        for column in described.columns
    }
    inferred = infer_schema(sample.read(), limits=limits, names=name_columns, told=told)
    inferred = with_told_key(inferred, described)
    findings = list(inferred.findings)
    if inferred.left_out:
        findings.append(
            Finding("too-many-columns", "warning", LEFT_OUT.format(count=inferred.left_out), inferred.left_out)
        )
    refused, requests = 0, http.asked
    findings += robots_findings(config, http)
    if inferred.schema:
        staged = tabulate(sample.kept, inferred.schema, limits=limits, area=KOREA)
        refused = staged.refused
        findings += [*refusals(staged), *personal_findings(staged)]
    return Preview(
        connector=name,
        config=config,
        checked=checked,
        described=described,
        inferred=inferred,
        rows=tuple(row for row in sample.kept if not isinstance(row, UnreadableRow))[:SHOWN_ROWS],
        cut_by=sample.cut_by,
        tried=len(sample.kept),
        refused=refused,
        findings=tuple(findings),
        model=fitting_model([column.source for column in inferred.columns]),
        requests=requests,
    )


def without_echoes(told: Any, mask: Mask) -> Any:  # noqa: ANN401 (a description and whatever is in it)
    """Return what a platform says of its records without the secrets that it repeats."""
    if isinstance(told, tuple):
        return tuple(without_echoes(part, mask) for part in told)
    if dataclasses.is_dataclass(told) and not isinstance(told, type):
        parts = {part.name: getattr(told, part.name) for part in dataclasses.fields(told)}
        return dataclasses.replace(told, **{name: without_echoes(part, mask) for name, part in parts.items()})
    return masked(told, mask)


def robots_findings(config: Mapping[str, Any], http: PreviewSession) -> Iterator[Finding]:
    """Yield what robots.txt of an open platform has against reading it; one that cannot be had objects to nothing."""
    address = next((config[name] for name in ("url", "path") if isinstance(config.get(name), str)), "")
    if not is_web(address):
        return
    parts = urlsplit(address)
    rules = RobotFileParser()
    try:
        text = http.fetch(f"{parts.scheme}://{parts.netloc}/robots.txt").read_bytes()
    except (IngestError, TimeIsUp):
        return
    rules.parse(text.decode("utf-8", "replace").splitlines())
    if not rules.can_fetch(USER_AGENT, address):
        yield Finding("robots", "warning", ROBOTS.format(host=parts.hostname or ""), 1)


class Sample:
    """The first rows of a source, until there are enough or the time is up; the first of these are kept."""

    def __init__(self, rows: Iterable[Mapping[str, object] | MalformedRow], most: int, http: PreviewSession) -> None:
        self._rows, self._most, self._http = iter(rows), most, http
        self.kept: list[Mapping[str, object] | UnreadableRow] = []
        self.cut_by: Literal["", "rows", "time"] = ""

    def read(self) -> Iterator[Mapping[str, object] | UnreadableRow]:
        for number in itertools.count():
            try:
                if number % 1000 == 0:
                    self._http.check_time()
                row = next(self._rows, None)
            except TimeIsUp:
                if number == 0:
                    raise
                self.cut_by = "time"
                return
            if row is None:
                return
            if number == self._most:
                self.cut_by = "rows"
                return
            shown = UnreadableRow(row.code, row.raw) if isinstance(row, MalformedRow) else row
            if number < TRIED_ROWS:
                self.kept.append(shown)
            yield shown


def with_told_key(inferred: Inferred, described: Described) -> Inferred:
    """Take the key that the platform names, where the rows do not speak against it."""
    schema = inferred.schema
    if schema is None or not described.key:
        return inferred
    names = {column.source_name: column for column in schema.columns}
    seen = {column.source: column for column in inferred.columns}
    if not all(key in names and names[key].type != "geometry" and not seen[key].empty for key in described.key):
        return inferred
    if len(described.key) == 1 and not seen[described.key[0]].is_unique:
        return inferred
    key = tuple(names[key].name for key in described.key)
    return dataclasses.replace(inferred, schema=dataclasses.replace(schema, key=key))


def refusals(staged: Staged) -> Iterator[Finding]:
    """Yield why records would be refused, the most frequent reason first."""
    for (code, column), count in staged.reasons.most_common(20):
        value = next((str(sample["value"]) for sample in staged.samples[code, column]), "")
        text = WOULD_BE_REFUSED.format(column=column or "-", count=f"{count:,}", sentence=explain(code, value[:80]))
        yield Finding("would-be-refused", "warning", text, count, column)


def personal_findings(staged: Staged) -> Iterator[Finding]:
    for found in find_personal_data(staged):
        text = PERSONAL.format(column=found.column, title=found.title, count=f"{found.count:,}")
        yield Finding("personal-data", found.weight, text, found.count, found.column)
