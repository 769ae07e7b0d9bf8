"""OGC SensorThings API 1.1: any set of entities, by ``@iot.nextLink``, with ``@iot.count`` as the proof of its end.

Objects inside an entity become columns with dotted names (``unitOfMeasurement.symbol``), expanded entities too
(``Datastream.name``); an expanded set stays a list, read to its end. Intervals become a start and an ``.end``. Links to
the platform itself (``@iot.selfLink``, navigation links) are left out.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import methodcaller
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.connectors.by_column import ByColumn, Piece, Row, rows_of
from ingest.connectors.chain import Link, count_of, follow, next_address
from ingest.connectors.credential import credential_headers
from ingest.connectors.cursor_values import Value
from ingest.connectors.documents import read_document
from ingest.connectors.flatten import DEEPEST, flatten, is_scalar
from ingest.connectors.progress import Progressive, Window, read_new
from ingest.errors import IncompleteAnswer, PlatformFailure, RequestRefused, Text, UnreadableAnswer
from ingest.http import Answer, Session, is_web

LINKS = ("@iot.selfLink", "@iot.navigationLink", "@iot.associationLink", "@iot.nextLink", "@iot.count")
IDENTIFIER = methodcaller("get", "@iot.id")
INTERVALS = frozenset({"phenomenonTime", "validTime"})

NO_SET = Text(
    ko="엔티티 목록(value)이 없습니다. 있는 것: {keys}",
    en="there is no list of entities (value); what is there: {keys}",
)
NO_ENTITY = Text(ko="{position}번째 엔티티가 객체가 아닙니다.", en="entity {position} is no object.")


class Config(Progressive, frozen=True, extra="forbid"):
    url: str = Field(description="Address of the service, as https://…/v1.1.")
    entities: str = Field(
        pattern=r"^[A-Z]\w*(\([^/?#]*\))?(/[A-Z]\w*(\([^/?#]*\))?)*$",
        description="The set of entities, as Things or Datastreams(5)/Observations.",
    )
    expand: str | None = Field(
        None,
        min_length=1,
        description="$expand, as Datastream($select=name); sets inside are read to their end, unless it says $top.",
    )
    filter: str | None = Field(None, min_length=1, description="$filter, as phenomenonTime ge 2026-01-01T00:00:00Z.")
    select: str | None = Field(None, min_length=1, description="$select.")
    orderby: str | None = Field(None, min_length=1, description="$orderby; the server's own order when omitted.")
    page_size: int = Field(
        1000, ge=1, le=100_000, description="Entities asked for at a time; the server may send fewer."
    )
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    count: bool = Field(
        True,
        description="Ask for the total as proof; false where counting takes the server too long, or data keep coming.",
    )
    authorization: SecretStr | None = Field(None, description="Whole value of the Authorization header, as Bearer ….")
    params: dict[str, str] = Field(default_factory=dict, description="Further request parameters.")

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/")

    @model_validator(mode="after")
    def goes_on_by_a_property(self) -> Self:
        if self.incremental and self.incremental.kind not in ("datetime", "integer"):
            raise ValueError(f"incremental: no set is asked for by a {self.incremental.kind}; use datetime or integer")
        return self


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the entities of a set one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece]:
    """Yield pages of the entities of a set: all, or those that are new by the cursor's property."""
    if config.incremental is None:
        return read_set(config, http)
    cursor = config.incremental.on("phenomenonTime")
    return read_new(cursor, http, lambda window: read_set(narrowed(config, cursor.field or "", window), http))


def narrowed(config: Config, field: str, window: Window) -> Config:
    """Return the configuration that asks for a window only, in its order unless another one is given."""
    path = "id" if field == "@iot.id" else field.replace(".", "/")
    bounds = [(sign, bound) for sign, bound in (("ge", window.since), ("lt", window.until)) if bound is not None]
    conditions = [f"({config.filter})"] if config.filter else []
    told = [f"{path} {sign} {written(bound)}" for sign, bound in bounds]
    if window.until is not None and field.rpartition(".")[2] in INTERVALS:
        # An interval is `lt` only if all of it is before: one that crosses the bound would be in no window at all.
        told[-1] = f"not ({path} ge {written(window.until)})"
    conditions += told
    changes = {"filter": " and ".join(conditions) or None, "orderby": config.orderby or f"{path} asc"}
    return config.model_copy(update=changes)


def written(bound: Value) -> str:
    if not isinstance(bound, dt.datetime):
        return str(bound)
    return bound.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_set(config: Config, http: Session) -> Iterator[Sequence[Row]]:
    headers = credential_headers(config.authorization, http)
    first = f"{config.url}/{config.entities}"
    named = {"expand": config.expand, "filter": config.filter, "select": config.select, "orderby": config.orderby}
    params = {
        **config.params,
        "$top": str(config.page_size),
        **{f"${name}": text for name, text in named.items() if text},
    }
    if config.count:
        params["$count"] = "true"

    def ask(address: str) -> Link[str]:
        asked = params if address == first else {}
        return http.read(address, partial(parse_set, asked=address, http=http), params=asked, headers=headers)

    is_cut = "$top" in (config.expand or "")  # who asks for the latest value of each wants no more
    read_on = partial(read_members, ask=ask, first=first, max_pages=config.max_pages, http=http)
    for page in follow(ask, first, max_pages=config.max_pages):
        if isinstance(page, ByColumn) and page.is_flat and len(page.shapes) == 1:
            yield read_flat_page(page)
        else:
            yield [read_entity(entity if is_cut else read_whole_sets(entity, read_on)) for entity in page]


def read_flat_page(page: ByColumn) -> ByColumn:
    """Return what ``read_entity`` makes of each entity of a page where all have the same members and none has one inside."""
    columns: dict[str, Sequence[object]] = {}
    for name, values in page.columns.items():
        if is_link(name):
            continue
        columns[name] = values
        if is_interval(name, page.columns):
            ends = [split_interval(name, time) for time in values]
            columns |= {column: [end[column] for end in ends] for column in (name, f"{name}.end")}
    return ByColumn([tuple(columns)], page.shape_of, columns)


def parse_set(answer: Answer, asked: str, http: Session) -> Link[str]:
    """Return a page of entities as they are; a request for one entity has it without a list."""
    document = read_document(answer, http)
    entities = document.get("value") if isinstance(document, dict) else None
    if not isinstance(entities, list):
        refuse_error(document, answer, http)
        if isinstance(document, dict) and "@iot.id" in document:
            return Link([document], None, answer.location)
        keys = ", ".join(list(document)[:20]) if isinstance(document, dict) else type(document).__name__
        raise UnreadableAnswer(address=answer.location, format="SensorThings", reason=NO_SET.format(keys=keys or "-"))
    kinds = list(map(type, entities))
    if not {dict}.issuperset(kinds):
        position = next(at for at, kind in enumerate(kinds, start=1) if kind is not dict)
        reason = NO_ENTITY.format(position=position)
        raise UnreadableAnswer(address=answer.location, format="SensorThings", reason=reason)
    link = document.get("@iot.nextLink")
    ids = list(map(IDENTIFIER, entities))
    if not {str}.issuperset(map(type, ids)):
        ids = [str(told) for told in ids if told is not None]
    return Link(
        entities,
        None if link is None else next_address(asked, link, http),
        answer.location,
        count_of(document.get("@iot.count")),
        ids,
    )


def refuse_error(document: object, answer: Answer, http: Session) -> None:
    """Raise an error that is told with status 200."""
    if not isinstance(document, dict) or "@iot.id" in document:
        return
    error = document.get("error", document)
    told = error if isinstance(error, dict) else {"message": error}
    words = [told[name] for name in ("code", "type", "message") if told.get(name)]
    if not words:
        return
    kind = PlatformFailure if (count_of(told.get("code")) or 0) >= 500 else RequestRefused
    raise kind(address=answer.location, answer=http.mask(" ".join(map(str, words)))[:300].strip(" ."))


def read_whole_sets(
    entity: Mapping[str, object], read_on: Callable[[Mapping[str, object], str], list[object]], depth: int = 0
) -> Mapping[str, object]:
    """Return an entity whose expanded sets are whole, also those inside them: a server cuts them after some members."""
    if depth > DEEPEST or not any(type(value) in (list, dict) for value in entity.values()):
        return entity
    whole = dict(entity)
    for name, value in entity.items():
        if isinstance(value, list):
            members = read_on(entity, name)
            whole[name] = [
                read_whole_sets(one, read_on, depth + 1) if isinstance(one, dict) else one for one in members
            ]
        elif isinstance(value, dict) and "@iot.id" in value:
            whole[name] = read_whole_sets(value, read_on, depth + 1)
    return whole


def read_members(
    entity: Mapping[str, object], name: str, ask: Callable[[str], Link[str]], first: str, max_pages: int, http: Session
) -> list[object]:
    """Return the members of an expanded set: those that came with the entity, and the rest by its links."""
    members = list(entity[name])
    link, announced = entity.get(f"{name}@iot.nextLink"), count_of(entity.get(f"{name}@iot.count"))
    if link is not None:
        start = next_address(first, link, http)
        members += rows_of(follow(lambda address: without_total(ask(address)), start, max_pages=max_pages))
    if announced is not None and announced != len(members):
        raise IncompleteAnswer(address=http.mask(first), announced=announced, received=len(members))
    return members


def without_total(page: Link[str]) -> Link[str]:
    """Return a page of the rest of a set: what it announces counts the members that came before, too."""
    return Link(page.rows, page.next, page.address, None, page.ids)


def read_entity(entity: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    """Return an entity as a row."""
    if depth > DEEPEST:
        return dict(entity)
    row: dict[str, object] = {}
    for name, value in entity.items():
        if is_link(name):
            continue
        if is_interval(name, entity):
            row |= split_interval(name, value)
        elif is_scalar(value):
            row[name] = value
        elif isinstance(value, list):
            row[name] = [
                read_entity(one, depth + 1) if isinstance(one, dict) and "@iot.id" in one else one for one in value
            ]
        elif isinstance(value, dict) and value.get("type") == "Feature" and isinstance(value.get("geometry"), dict):
            row[name] = value["geometry"]
        elif isinstance(value, dict) and "@iot.id" in value:
            row |= {f"{name}.{inner}": one for inner, one in read_entity(value, depth + 1).items()}
        else:
            row |= flatten(name, value)
    return row


def is_link(name: str) -> bool:
    return "@" in name and name.endswith(LINKS)


def is_interval(name: str, entity: Mapping[str, object]) -> bool:
    return name in INTERVALS or (name == "resultTime" and "result" not in entity)


def split_interval(name: str, time: object) -> dict[str, object]:
    """Return start and end of an interval; an instant has no end."""
    if not isinstance(time, str):
        return {name: time, f"{name}.end": None}
    start, _, end = time.partition("/")
    return {name: start, f"{name}.end": end or None}
