"""Messages of an MQTT broker: what its configuration says, and how the rows of a run come out of the messages received.

Messages are received by a process of its own (``ingest/listening.py`` starts ``listen`` of ``mqtt_listener.py``), all the
time and apart from runs; a run reads what waits in the inbox. A payload that is not what it should be becomes a refused
record, never a lost one.
"""

import base64
import csv
import io
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

import orjson
from pydantic import BaseModel, Field, SecretStr, StringConstraints, field_validator, model_validator

from ingest.connectors.by_column import CONTAINERS
from ingest.connectors.flatten import flatten
from ingest.connectors.messages import Received, read_messages
from ingest.connectors.rows import MalformedRow
from ingest.errors import Text
from ingest.http import Session
from ingest.json_text import load_json

DOORS: Mapping[str, int] = {"mqtt": 1883, "mqtts": 8883}
NOT_IN_FORM = Text(
    ko="받은 메시지를 설정된 형식으로 읽을 수 없습니다",
    en="the message received is not in the form that it should have",
)
TOO_LARGE_BYTES = "too_large_bytes"
TOO_LARGE = Text(
    ko="메시지가 8 MiB보다 커서 내용을 남기지 않았습니다. 발행하는 쪽에서 나누어 보내야 합니다",
    en="the message was larger than 8 MiB and its content was not kept; its publisher has to send it in parts",
)

Topic = Annotated[str, StringConstraints(min_length=1, max_length=65_535)]


class Config(BaseModel, frozen=True, extra="forbid"):
    url: str = Field(description="The broker: mqtts://host:8883, or mqtt://host:1883 on a private network.")
    topics: list[Topic] = Field(min_length=1, description="Topics to receive, with + and # as they are used there.")
    client_id: str = Field(
        min_length=1,
        max_length=200,
        description="Name by which the broker keeps the hub's session; no other client may have it.",
    )
    user: str | None = Field(None, min_length=1, description="User name at the broker.")
    password: SecretStr | None = Field(None, min_length=1, description="The user's password.")
    qos: Literal[0, 1] = Field(1, description="1: the broker repeats what was not acknowledged; 0: it does not.")
    protocol: Literal["3.1.1", "5"] = Field("3.1.1", description="Version of MQTT.")
    session_days: int = Field(
        7, ge=1, le=365, description="MQTT 5: how long the broker keeps what comes while nobody listens."
    )
    payload: Literal["json", "text", "csv"] = Field(
        "json",
        description="What messages hold: JSON, one text (column value), or lines of CSV with columns as header says.",
    )
    records: str | None = Field(
        None, min_length=1, description="JSON: dotted path to the record or the list of records; all when omitted."
    )
    header: list[str] | None = Field(None, min_length=1, description="CSV: names of the columns.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV: what stands between two values.")
    topic_levels: dict[str, int] = Field(
        default_factory=dict,
        description="Columns out of the topic: name = number of the level, from 1, or from -1 backwards.",
    )
    topic: str | None = Field(None, min_length=1, description="Name of a column for the whole topic.")
    received_at: str | None = Field(
        None, min_length=1, description="Name of a column for the moment at which the hub received the message."
    )
    key: list[str] = Field(
        default_factory=list,
        description="Columns by which a record that a publisher sent twice is known; of those that come in one run one is taken.",
    )

    @field_validator("url")
    @classmethod
    def is_a_broker(cls, url: str) -> str:
        parts = parse_address(url)
        if parts.scheme not in DOORS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("give mqtts://host:port or mqtt://host:port and nothing after it")
        if parts.username is not None or parts.password is not None:
            raise ValueError("user and password are not written in the address but given in user and password")
        return url

    @field_validator("topics")
    @classmethod
    def are_filters(cls, topics: list[str]) -> list[str]:
        for topic in topics:
            levels = topic.split("/")
            wild = [level for level in levels if ("+" in level or "#" in level) and level not in ("+", "#")]
            if wild or "#" in levels[:-1] or "\0" in topic:
                raise ValueError(
                    f"'{topic}' is no topic filter: + and # stand alone between slashes, # at the end only"
                )
        return topics

    @model_validator(mode="after")
    def is_one_form(self) -> Self:
        if (self.payload == "csv") is not (self.header is not None):
            raise ValueError("header names the columns of csv, and of csv only")
        if self.records is not None and self.payload != "json":
            raise ValueError("records means nothing unless payload is json")
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user")
        if 0 in self.topic_levels.values():
            raise ValueError("levels of a topic are counted from 1, or from -1 backwards")
        return self

    @property
    def host(self) -> str:
        return parse_address(self.url).hostname or ""

    @property
    def port(self) -> int:
        return parse_address(self.url).port or DOORS[urlsplit(self.url).scheme]

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"


def parse_address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (it is judged when asked for)
    except ValueError:
        raise ValueError("give mqtts://host:port or mqtt://host:port") from None
    return parts


def read(config: Config, http: Session) -> Iterator[Mapping[str, object] | MalformedRow]:
    """Yield the records of the messages that wait in the inbox, in the order in which they came."""
    seen: set[tuple[str, ...]] = set()
    number = 0
    for message in read_messages(http):
        if isinstance(message, bytes):
            number += 1
            yield MalformedRow(number, "unreadable-message", NOT_IN_FORM, {"line": message.decode("utf-8", "replace")})
            continue
        for record in records_of(config, message):
            number += 1
            if record is None:
                reason = TOO_LARGE if TOO_LARGE_BYTES in message.content else NOT_IN_FORM
                yield MalformedRow(number, "unreadable-message", reason, dict(message.content))
                continue
            if config.key and all(record.get(name) is not None for name in config.key):
                key = tuple(repr(record.get(name)) for name in config.key)
                if key in seen:
                    continue
                seen.add(key)
            yield record


def records_of(config: Config, message: Received) -> list[dict[str, object] | None]:
    """Return the records of a message, None for one that cannot be read."""
    around = columns_around(config, message)
    payload = message.content.get("payload")
    if around is None or not isinstance(payload, str):
        return [None]
    told = READERS[config.payload](payload, config)
    if not around:
        return told
    return [None if record is None or record.keys() & around.keys() else record | around for record in told]


def columns_around(config: Config, message: Received) -> dict[str, object] | None:
    """Return the columns that come from the topic and the moment; None when the topic has not the levels it should have."""
    if not (config.topic_levels or config.topic or config.received_at):
        return {}
    topic = str(message.content.get("topic", ""))
    levels = topic.split("/")
    if any(place > len(levels) or -place > len(levels) for place in config.topic_levels.values()):
        return None
    found: dict[str, object] = {
        name: levels[place - 1 if place > 0 else place] for name, place in config.topic_levels.items()
    }
    if config.topic:
        found[config.topic] = topic
    if config.received_at:
        found[config.received_at] = message.at
    return found


def read_json_payload(payload: str, config: Config) -> list[dict[str, object] | None]:
    try:
        found = load_json(payload)
    except orjson.JSONDecodeError:
        return [None]
    for name in config.records.split(".") if config.records else ():
        if not isinstance(found, dict) or name not in found:
            return [None]
        found = found[name]
    return [flat(record) for record in (found if isinstance(found, list) else [found])]


def flat(record: object) -> dict[str, object] | None:
    """Return an object with what is inside it in columns with dotted names; a value alone is the column ``value``."""
    if isinstance(record, list):
        return None
    if not isinstance(record, dict):
        return {"value": record}
    if CONTAINERS.isdisjoint(map(type, record.values())):
        return record
    row: dict[str, object] = {}
    for name, value in record.items():
        for column, inside in flatten(name, value):
            if column in row:
                return None
            row[column] = inside
    return row


def read_text_payload(payload: str, config: Config) -> list[dict[str, object] | None]:
    return [{"value": payload}]


def read_csv_payload(payload: str, config: Config) -> list[dict[str, object] | None]:
    names = config.header or []
    try:
        reader = csv.reader(io.StringIO(payload, newline=""), delimiter=config.delimiter, strict=True)
        lines = [line for line in reader if line]
    except csv.Error:
        return [None]
    return [dict(zip(names, line, strict=True)) if len(line) == len(names) else None for line in lines] or [None]


READERS = {"json": read_json_payload, "text": read_text_payload, "csv": read_csv_payload}


def content_of(topic: str, payload: bytes) -> dict[str, object]:
    """Return what the inbox keeps of a message; what is no text is kept in Base64."""
    try:
        return {"topic": topic, "payload": payload.decode()}
    except UnicodeDecodeError:
        return {"topic": topic, "payload_base64": base64.b64encode(payload).decode()}
