"""Entities of an NGSI-LD broker (Orion-LD, Stellio, Scorpio, KETI's City Data Hub), as they are now or as they were.

Pages are read by ``limit`` and ``offset`` until as many entities came as ``NGSILD-Results-Count`` announces or, from
brokers that do not count, until a page is empty. A value becomes the column of its attribute, what is inside it or said
of it a column with a dotted name (``address.city``, ``pm10.observedAt``).
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.connectors.by_column import ByColumn, Piece, Row, rows_of
from ingest.connectors.chain import Link, count_of, follow
from ingest.connectors.credential import credential_headers
from ingest.connectors.documents import read_document
from ingest.connectors.flatten import DEEPEST, flatten, is_scalar
from ingest.connectors.messages import read_messages
from ingest.connectors.ngsild_pages import PLAIN, read_plain_page
from ingest.connectors.progress import Progressive, Window, read_new
from ingest.connectors.rows import MalformedRow
from ingest.errors import PlatformFailure, RequestRefused, Text, UnreadableAnswer
from ingest.http import Answer, Session, is_web

VALUES: Mapping[str, str] = {  # which member of an attribute holds its value
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "JsonProperty": "json",
    "VocabProperty": "vocab",
    "VocabularyProperty": "vocab",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}
CONTEXT_LINK = '<{}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
PARTIAL = 206
CHANGED = "modifiedAt"
TICK = dt.timedelta(milliseconds=1)  # "after" leaves out the moment itself

NO_ENTITIES = Text(ko="엔티티 목록이 아닙니다. 있는 것: {keys}", en="it is no list of entities; what is there: {keys}")
TWO_VALUES = Text(
    ko="엔티티 '{identifier}'에서 '{name}' 열이 두 가지 값을 가집니다. representation을 keyValues로 하십시오.",
    en="entity '{identifier}' has two values for the column '{name}'; read it with representation = keyValues.",
)
NO_HISTORY = Text(
    ko="엔티티 '{identifier}'의 '{name}' 값에 시각(observedAt)이 없습니다.",
    en="a value of '{name}' of the entity '{identifier}' has no observedAt.",
)
NO_MESSAGE = Text(ko="받은 알림을 읽을 수 없습니다", en="the notification received cannot be read")
CUT_HISTORY = Text(
    ko="브로커가 기간의 일부({range})만 보냈습니다. since와 until로 기간을 줄이십시오",
    en="the broker sent a part of the time only ({range}); make the time between since and until shorter",
)


class Config(Progressive, frozen=True, extra="forbid"):
    url: str = Field(description="Address of the broker up to its version, as https://…/ngsi-ld/v1.")
    type: str = Field(min_length=1, description="Type of the entities, as AirQualityObserved.")
    representation: Literal["normalized", "concise", "keyValues"] = Field(
        "normalized",
        description="With what is said of values (unit, time, source), told at length or not, or the values alone.",
    )
    context: str | None = Field(
        None, description="Address of the @context that explains the short names; sent to the broker."
    )
    attrs: list[str] | None = Field(None, min_length=1, description="Names of the attributes; all when omitted.")
    q: str | None = Field(None, min_length=1, description="Condition in NGSI-LD's query language.")
    page_size: int = Field(100, ge=1, le=10_000, description="Entities asked for at a time; brokers refuse too many.")
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    count: bool = Field(True, description="Ask for the total as proof; false for brokers that refuse to be asked.")
    history: str | None = Field(
        None,
        min_length=1,
        description="Name of an attribute: a record for each value that it had, instead of entities.",
    )
    since: str | None = Field(
        None, min_length=1, description="History: values from this time on, as 2026-01-01T00:00:00Z."
    )
    until: str | None = Field(None, min_length=1, description="History: values before this time.")
    last: int | None = Field(None, ge=1, description="History: only so many of the latest values of each entity.")
    tenant: str | None = Field(
        None, pattern=r"^[!-~]+$", description="Name of the tenant, where the broker has several."
    )
    authorization: SecretStr | None = Field(None, description="Whole value of the Authorization header, as Bearer ….")
    params: dict[str, str] = Field(default_factory=dict, description="Further request parameters, as georel.")
    receive: bool = Field(
        False,
        description="Do not ask the broker; take the notifications that it sends to /ngsild/notifications/ and the source.",
    )
    notification_token: SecretStr | None = Field(
        None, min_length=1, description="receive: what a notification must bring (Authorization: Bearer, or ?token=)."
    )
    senders: list[str] | None = Field(
        None,
        min_length=1,
        description="receive: addresses or networks that may send to the paths of the City Data Hub without a token.",
    )
    subscription_ids: list[str] | None = Field(
        None,
        min_length=1,
        description="receive: only notifications of these subscriptions, on the paths that name no source.",
    )
    dataset_ids: list[str] | None = Field(
        None,
        min_length=1,
        description="receive: only upserts with these values of datasetId, on the paths that name no source.",
    )

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/")

    @field_validator("context")
    @classmethod
    def is_a_context(cls, context: str | None) -> str | None:
        if context is not None and (
            not is_web(context) or any(not "!" <= sign <= "~" or sign in "<>" for sign in context)
        ):
            raise ValueError("give an http(s) address")
        return context

    @field_validator("senders")
    @classmethod
    def are_networks(cls, senders: list[str] | None) -> list[str] | None:
        for text in senders or ():
            try:
                ipaddress.ip_network(text.strip(), strict=False)
            except ValueError:
                raise ValueError(f"'{text}' is no address and no network; write 10.1.2.3 or 10.1.2.0/24") from None
        return senders

    @model_validator(mode="after")
    def asks_for_one_thing(self) -> Self:
        if self.history is None and (self.since or self.until or self.last):
            raise ValueError("since, until and last mean nothing without history")
        if self.history is not None and (self.attrs or self.representation != "normalized"):
            raise ValueError("attrs and representation mean nothing with history")
        if self.receive and (self.history is not None or self.incremental):
            raise ValueError("notifications tell what is new: history and incremental mean nothing with receive")
        proofs = self.notification_token or self.senders
        if self.receive is not bool(proofs or self.subscription_ids or self.dataset_ids) or (
            self.receive and not proofs
        ):
            raise ValueError(
                "receive needs a notification_token or senders; they, subscription_ids and dataset_ids mean nothing without it"
            )
        if self.incremental and (self.since or self.until or self.last or self.incremental.kind != "datetime"):
            raise ValueError(
                "incremental goes on by times and tells since and until itself; leave since, until, last out"
            )
        return self

    @property
    def overlaps(self) -> bool:
        """What lies on the beginning of a window is not in it for every broker, so that a moment more is asked for."""
        return self.incremental is not None


def read(config: Config, http: Session) -> Iterator[Row | MalformedRow]:
    """Yield the entities of a type, or the values over time of one of their attributes; or the entities that were notified."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece | MalformedRow]:
    """Yield what ``read`` yields, but what the broker is asked for in pages."""
    if config.receive:
        return read_notified(config, http)
    if config.incremental is None:
        return ask_broker(config, http)
    cursor = config.incremental.on("observedAt" if config.history else CHANGED)
    return read_new(cursor, http, lambda window: ask_broker(narrowed(config, window), http))


def narrowed(config: Config, window: Window) -> Config:
    """Return the configuration of a window: values observed in it, or entities changed in it where the broker can tell."""
    since = written(window.since - TICK) if isinstance(window.since, dt.datetime) else None
    until = written(window.until) if isinstance(window.until, dt.datetime) else None
    if config.history:
        return config.model_copy(update={"since": since, "until": until})
    changed = {"timeproperty": CHANGED} if since or until else {}
    return config.model_copy(update={"params": {**config.params, **changed, **time_question(since, until)}})


def written(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ask_broker(config: Config, http: Session) -> Iterator[Sequence[Row]]:
    path = "/temporal/entities" if config.history else "/entities"
    params = {**config.params, **(history_question(config) if config.history else entity_question(config))}
    headers = {"Accept": "application/json", **credential_headers(config.authorization, http)}
    if config.context:
        headers["Link"] = CONTEXT_LINK.format(config.context)
    if config.tenant:
        headers["NGSILD-Tenant"] = config.tenant
    address = http.mask(config.url + path)

    def ask(offset: int) -> Link[int]:
        place = {"limit": str(config.page_size), "offset": str(offset)}
        parse = partial(parse_page, offset=offset, config=config, http=http)
        page = http.read(config.url + path, parse, params=params | place, headers=headers)
        if config.history or isinstance(page.rows, ByColumn):
            return page
        return replace(page, rows=[row for entity in page.rows for row in read_entity(entity, address, config)])

    pages = follow(ask, 0, max_pages=config.max_pages)
    if config.history is None:
        return pages
    return ([row for entity in page for row in read_history(entity, address, config.history)] for page in pages)


def entity_question(config: Config) -> dict[str, str]:
    question = {"type": config.type}
    options = [config.representation] if config.representation != "normalized" else []
    options += ["sysAttrs"] if config.incremental else []
    if options:
        question["options"] = ",".join(options)
    if config.attrs:
        question["attrs"] = ",".join(config.attrs)
    return question | common_question(config)


def history_question(config: Config) -> dict[str, str]:
    question = {"type": config.type, "attrs": config.history or ""}
    question |= time_question(config.since, config.until)
    if config.last:
        question["lastN"] = str(config.last)
    return question | common_question(config)


def time_question(since: str | None, until: str | None) -> dict[str, str]:
    if since and until:
        return {"timerel": "between", "timeAt": since, "endTimeAt": until}
    if since or until:
        return {"timerel": "after" if since else "before", "timeAt": since or until or ""}
    return {}


def common_question(config: Config) -> dict[str, str]:
    return ({"q": config.q} if config.q else {}) | ({"count": "true"} if config.count else {})


def parse_page(answer: Answer, offset: int, config: Config, http: Session) -> Link[int]:
    """Return a page of entities as they are, or of the rows that they become where these come by column."""
    is_by_entity = config.history is not None or config.representation == "concise" or answer.status == PARTIAL
    plain = None if is_by_entity else read_plain_page(answer)
    if plain is not None:
        return link_of(answer, offset, plain, [str(told) for told in plain.columns["id"]])
    document = read_document(answer, http)
    if answer.status == PARTIAL:
        cut = CUT_HISTORY.format(range=http.mask(answer.headers.get("content-range", "-"))[:200])
        raise RequestRefused(address=answer.location, answer=cut)
    refuse_error(document, answer, http)
    entities = document if isinstance(document, list) else [document]
    ids = ids_of(entities)
    if ids is None:
        keys = ", ".join(list(document)[:20]) if isinstance(document, dict) else type(document).__name__
        raise UnreadableAnswer(address=answer.location, format="NGSI-LD", reason=NO_ENTITIES.format(keys=keys or "-"))
    return link_of(answer, offset, entities, ids, is_alone=not isinstance(document, list))


def link_of(
    answer: Answer, offset: int, entities: Sequence[Row], ids: Sequence[str], *, is_alone: bool = False
) -> Link[int]:
    total = count_of(answer.headers.get("ngsild-results-count"))
    end = offset + len(entities)
    is_last = is_alone or not entities or (total is not None and end >= total)
    return Link(entities, None if is_last else end, answer.location, total, ids)


def ids_of(entities: Sequence[object]) -> list[str] | None:
    """Return the identifiers of entities; None where one is no entity."""
    if not {dict}.issuperset(map(type, entities)):
        return None
    ids = [entity.get("id") for entity in entities]
    return ids if {str}.issuperset(map(type, ids)) and all("type" in entity for entity in entities) else None


def refuse_error(document: object, answer: Answer, http: Session) -> None:
    """Raise a problem document that came with status 200."""
    if not isinstance(document, dict) or "id" in document:
        return
    told = [document[name] for name in ("title", "detail") if document.get(name)]
    if told:
        kind = PlatformFailure if (count_of(document.get("status")) or 0) >= 500 else RequestRefused
        raise kind(address=answer.location, answer=http.mask(" ".join(map(str, told)))[:300].strip(" ."))


def read_notified(config: Config, http: Session) -> Iterator[Mapping[str, object] | MalformedRow]:
    """Yield the entities of the notifications that wait, in the order in which they came; other types are not asked for."""
    number = 0
    for message in read_messages(http):
        if isinstance(message, bytes):
            number += 1
            yield MalformedRow(number, "unreadable-message", NO_MESSAGE, {"line": message.decode("utf-8", "replace")})
            continue
        for entity in message.content["data"]:
            number += 1
            types = entity["type"] if isinstance(entity["type"], list) else [entity["type"]]
            if config.type not in types:
                continue
            try:
                yield from read_entity(entity, message.place, config)
            except UnreadableAnswer as error:
                yield MalformedRow(number, "unreadable-message", error.text, entity)


def read_entity(entity: Mapping[str, object], address: str, config: Config) -> Iterator[dict[str, object]]:
    """Yield the entity as one row, whether its attributes are normalized, concise or values alone."""
    row: dict[str, object] = {}
    if config.representation == "concise":
        entity = {name: value if name in PLAIN else spelled_out(value) for name, value in entity.items()}
    for name, value in entity.items():
        if name == "@context":
            continue
        if name in PLAIN:
            columns: Iterable[tuple[str, object]] = ((name, value),)
        elif (
            type(value) is dict
            and len(value) == 2
            and value.get("type") == "Property"
            and is_scalar(value.get("value", ()))
        ):
            columns = ((name, value["value"]),)  # what nearly all are, and columns_of makes of them
        else:
            columns = columns_of(name, value)
        put_columns(row, columns, entity, address)
    yield row


def put_columns(
    row: dict[str, object], columns: Iterable[tuple[str, object]], entity: Mapping[str, object], address: str
) -> None:
    for column, value in columns:
        if column in row:
            reason = TWO_VALUES.format(identifier=entity.get("id"), name=column)
            raise UnreadableAnswer(address=address, format="NGSI-LD", reason=reason)
        row[column] = value


def columns_of(name: str, attribute: object, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield the columns of an attribute; of several instances each but the default one is named by its data set."""
    if depth > DEEPEST:
        yield name, attribute
        return
    if isinstance(attribute, list) and attribute and all(map(is_attribute, attribute)):
        for instance in attribute:
            dataset = instance.get("datasetId")
            others = {member: value for member, value in instance.items() if member != "datasetId"}
            yield from columns_of(f"{name}@{dataset}" if dataset else name, others, depth + 1)
        return
    if not is_attribute(attribute):
        yield from flatten(name, attribute)
        return
    holder = VALUES[attribute["type"]]
    yield from flatten(name, attribute.get(holder))
    for member, value in attribute.items():
        if member not in ("type", holder, "instanceId"):
            yield from columns_of(f"{name}.{member}", value, depth + 1)


def spelled_out(value: object) -> object:
    """Return a concise attribute as a normalized one: its type is told by the member that holds the value."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return [spelled_out(one) for one in value]
    if not isinstance(value, dict) or "type" in value:
        return value
    kind = next((kind for kind, holder in VALUES.items() if holder in value), None)
    if kind is None:
        return value
    inner = {name: part if name == VALUES[kind] else spelled_out(part) for name, part in value.items()}
    return {"type": kind, **inner}


def is_attribute(value: object) -> bool:
    """Say whether a value is a normalized attribute (and not an object that happens to have a type)."""
    return isinstance(value, dict) and VALUES.get(str(value.get("type"))) in value


def read_history(entity: Mapping[str, object], address: str, name: str) -> Iterator[dict[str, object]]:
    """Yield a row for each value that the attribute had: whose, when, and what else is said of it."""
    for instance in instances_of(entity.get(name)):
        row: dict[str, object] = {"id": entity["id"], "type": entity["type"]}
        put_columns(row, columns_of(name, instance), entity, address)
        moment = row.pop(f"{name}.observedAt", None) or row.get(f"{name}.modifiedAt")
        if moment is None:
            reason = NO_HISTORY.format(identifier=entity["id"], name=name)
            raise UnreadableAnswer(address=address, format="NGSI-LD", reason=reason)
        yield {**row, "observedAt": moment}


def instances_of(attribute: object) -> Iterator[Mapping[str, object]]:
    """Yield the instances of an attribute over time: a list, one alone, or pairs of value and time in ``values``."""
    if isinstance(attribute, dict) and isinstance(attribute.get("values"), list):
        for pair in attribute["values"]:
            value, moment = pair if isinstance(pair, list) and len(pair) == 2 else (pair, None)
            yield {"type": "Property", "value": value, "observedAt": moment}
        return
    for instance in attribute if isinstance(attribute, list) else [attribute]:
        if isinstance(instance, dict):
            yield instance
