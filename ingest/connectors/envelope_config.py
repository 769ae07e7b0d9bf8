"""What a platform is, told without code: the configuration of ``envelope.py``; presets (``presets.py``) lie below it."""

import functools
import re
from collections.abc import Mapping
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from ingest.connectors.envelope_predicate import Condition
from ingest.connectors.envelope_records import ListRule, Shape
from ingest.connectors.envelope_template import asks_for, check_template, places_of
from ingest.connectors.presets import known_preset, on_preset, with_long_columns
from ingest.connectors.progress import Progressive
from ingest.http import is_web


def as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Paths = Annotated[list[str], BeforeValidator(as_list)]
Meaning = Literal["success", "empty", "temporary", "quota", "key", "fatal"]
Coding = Literal["plain", "portal", "as_is", "basic"]
SECRET_NAME = re.compile(
    r"(?:service|api|auth|access|secret)[_-]?(?:key|token)|authorization|password|token", re.IGNORECASE
)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyPlace(Part):
    """Where the key goes and how it is written: ``portal`` undoes a percent-encoding first (data.go.kr hands out both
    forms), ``as_is`` adds none, ``basic`` is ``user:password`` in Base64."""

    place: Literal["query", "header", "path"] = "query"
    name: str = Field("serviceKey", min_length=1)
    prefix: str = ""
    coding: Coding = "plain"

    @model_validator(mode="after")
    def fits(self) -> "KeyPlace":
        if self.place == "header" and not HEADER_NAME.fullmatch(self.name):
            raise ValueError(f"'{self.name}' is no name of a header")
        if self.coding == "as_is" and self.place == "header":
            raise ValueError("a header has no coding of addresses; use plain")
        if self.prefix and self.place != "header":
            raise ValueError("only a header has a prefix")
        return self


class Sized(Part):
    """Pages asked for by size; a name that is null is not sent, for platforms that want it in the address."""

    size_param: str | None = None
    size: int = Field(1000, ge=1, le=1_000_000)


class NoPaging(Part):
    """One answer holds everything."""

    kind: Literal["none"] = "none"


class PageNumber(Sized):
    """Pages by number, until the announced total is reached or, where none is announced, until one is empty."""

    kind: Literal["page"]
    param: str | None = "page"
    first: int = Field(1, ge=0, le=1)


class Offset(Sized):
    """Rows from a position on, until the announced total is reached or, where none is announced, until none come."""

    kind: Literal["offset"]
    param: str | None = "offset"
    first: int = Field(0, ge=0, le=1)


class UntilEmpty(Sized):
    """Pages by number until one is empty, whatever total is announced."""

    kind: Literal["until_empty"]
    param: str | None = "page"
    first: int = Field(1, ge=0, le=1)


class Cursor(Sized):
    """A cursor in the body is sent back; none, or ``more`` saying no, is the end."""

    kind: Literal["cursor"]
    param: str = Field(min_length=1)
    path: str = Field(min_length=1)
    more: str | None = None


class NextToken(Sized):
    """A token in the body is sent back alone with the key: it holds all other parameters."""

    kind: Literal["next_token"]
    param: str = Field(min_length=1)
    path: str = Field(min_length=1)


class NextLink(Sized):
    """The address of the next page stands in the body."""

    kind: Literal["next_link"]
    path: str = Field(min_length=1)


class LinkHeader(Sized):
    """The address of the next page stands in the header Link, as rel="next"."""

    kind: Literal["link_header"]


Paging = Annotated[
    NoPaging | PageNumber | Offset | UntilEmpty | Cursor | NextToken | NextLink | LinkHeader,
    Field(discriminator="kind"),
]
PLACES: Mapping[str, frozenset[str]] = {
    "page": frozenset({"page", "size", "start", "end"}),
    "until_empty": frozenset({"page", "size", "start", "end"}),
    "offset": frozenset({"offset", "size"}),
}


class CodeTable(Part):
    """Where a code stands, where its message, and which codes mean what; 0, 00 and "000" are alike, others are fatal."""

    at: Paths = Field(min_length=1)
    message: Paths = Field(default_factory=list)
    success: Paths = Field(default_factory=list)
    empty: Paths = Field(default_factory=list)
    temporary: Paths = Field(default_factory=list)
    quota: Paths = Field(default_factory=list)
    key: Paths = Field(default_factory=list)

    @functools.cached_property
    def meanings(self) -> Mapping[str, Meaning]:
        lists: Mapping[Meaning, list[str]] = {
            "key": self.key,
            "quota": self.quota,
            "temporary": self.temporary,
            "empty": self.empty,
            "success": self.success,
        }
        return {normal_code(code): meaning for meaning, codes in lists.items() for code in codes}

    def meaning_of(self, code: object) -> Meaning:
        return self.meanings.get(normal_code(code), "fatal")


def normal_code(code: object) -> str:
    """Write ``0``, ``00`` and ``000`` alike; what is no number stays as it is."""
    text = str(code).strip()
    return str(int(text)) if text.isascii() and text.isdecimal() else text


class Rule(Part):
    """What an answer means when all conditions hold."""

    when: list[Condition] = Field(min_length=1)
    means: Meaning
    message: Paths = Field(default_factory=list)


class Column(Part):
    """Where a column stands in a record, and what becomes of a list there."""

    path: str = Field(min_length=1)
    lists: ListRule = "keep"


class Config(Progressive, frozen=True, extra="forbid"):
    preset: str | None = Field(None, description="Name of the preset whose values lie below the given ones.")
    url: str = Field(min_length=1, description="Address with places to fill, or a local path of a recorded answer.")
    values: dict[str, str] = Field(default_factory=dict, description="What the places {name} stand for.")
    params: dict[str, str] = Field(default_factory=dict, description="Request parameters; they have places too.")
    headers: dict[str, str] = Field(default_factory=dict, description="Request headers; they have places too.")
    method: Literal["GET", "POST"] = Field("GET", description="POST sends the parameters in the body.")
    body: Literal["json", "form"] = Field("json", description="How the body of a POST is written.")
    sent: dict[str, object] = Field(default_factory=dict, description="More of a JSON body: nested values, numbers.")
    key: SecretStr | None = Field(None, description="The key, by the name of a secret.")
    key_in: KeyPlace = Field(KeyPlace(), description="Where the key goes: place, name, prefix and coding.")
    timezone: str = Field("Asia/Seoul", description="The zone that {now} is written in.")
    paging: Paging = Field(NoPaging(), description="How pages follow each other, by its kind.")
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    records: Paths = Field(
        default_factory=list, description="Where the records stand; the first path that leads somewhere counts."
    )
    shape: Shape = Field("list", description="list; values (an object of objects); object (one record).")
    name_as: str = Field("", description="Column for the names of an object of objects.")
    total: Paths = Field(default_factory=list, description="Where the number of all records stands.")
    codes: dict[str, CodeTable] = Field(default_factory=dict, description="Code tables; the first that is met counts.")
    code_required: bool = Field(True, description="Refuse an answer in which no code table finds its code.")
    rules: list[Rule] = Field(default_factory=list, description="Conditions that go before the code tables.")
    columns: dict[str, Column] = Field(default_factory=dict, description="Columns and their paths; none: all.")
    flatten: str | None = Field(".", description="What is put between the names of nested objects; null keeps them.")
    lists: ListRule = Field("keep", description="What becomes of lists in a record: keep, join, explode, first.")
    separator: str = Field(", ", description="What is put between the joined items of a list.")

    @model_validator(mode="before")
    @classmethod
    def lies_on_its_preset(cls, given: object) -> object:
        return on_preset(with_long_columns(given)) if isinstance(given, Mapping) else given

    @field_validator("preset")
    @classmethod
    def is_known(cls, name: str | None) -> str | None:
        return known_preset(name)

    @field_validator("url")
    @classmethod
    def holds_no_key(cls, url: str) -> str:
        if re.search(rf"[?&](?:{SECRET_NAME.pattern})=(?!\{{key\}})", url, re.IGNORECASE):
            raise ValueError("the address holds a key; give it in key, by the name of a secret")
        return url

    @field_validator("params", "headers")
    @classmethod
    def hold_no_key(cls, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if SECRET_NAME.fullmatch(name):
                raise ValueError(f"'{name}' looks like a key; give it in key, by the name of a secret, and key_in")
        return given

    @field_validator("headers")
    @classmethod
    def can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
                raise ValueError(f"'{name}' cannot be sent as a header")
        return headers

    @field_validator("timezone")
    @classmethod
    def is_a_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"unknown time zone '{zone}'")
        return zone

    @model_validator(mode="after")
    def can_be_filled(self) -> "Config":
        if not is_web(self.url):
            if self.incremental:
                raise ValueError(
                    "a recorded answer cannot be asked for what is new; incremental needs an http(s) address"
                )
            return self
        if self.sent and (self.method, self.body) != ("POST", "json"):
            raise ValueError("'sent' is a part of a JSON body; give method = \"POST\"")
        in_path = {"key"} if self.key_in.place == "path" else set()
        paged = PLACES.get(self.paging.kind, frozenset())
        names, moments = self.places_of_progress()
        check_template(self.url, {*self.values, *paged, *in_path, *names}, moments)
        sent = texts_in(self.sent) if self.incremental else []
        for text in (*self.params.values(), *self.headers.values(), *sent):
            check_template(text, {*self.values, *paged, *names}, moments)
        self.check_progress([self.url, *self.params.values(), *self.headers.values(), *sent])
        if in_path and "key" not in places_of(self.url):
            raise ValueError("the key goes into the path, but the address has no place {key}")
        if in_path and self.key is None:
            raise ValueError("the address has a place {key}, but no key is given")
        if paged and getattr(self.paging, "param", None) is None and not self.moves_by_address(paged):
            raise ValueError(f"no page is told apart: give paging.param, or one of {', '.join(sorted(paged))} in url")
        return self

    def places_of_progress(self) -> tuple[list[str], list[str]]:
        """Return what else may be filled in: names that stand for a value, and moments."""
        if self.incremental is None:
            return [], ["now"]
        return ([], ["now", "since", "until"]) if self.incremental.is_timed else (["since"], ["now"])

    def check_progress(self, templates: list[str]) -> None:
        """Refuse a source that is said to go on from where it was but does not ask so."""
        if self.incremental is None:
            return
        if not any(asks_for(text, "since") for text in templates):
            raise ValueError("incremental: nothing asks for what is new; put {since:%Y%m%d%H%M} into params or url")
        if self.incremental.initial is None:
            raise ValueError("incremental.initial must say what {since} is the first time")
        if self.incremental.moves_by_clock and not any(asks_for(text, "until") for text in templates):
            raise ValueError("incremental: windows (step, delay) need {until:%Y%m%d%H%M} in params or url")
        if not self.incremental.moves_by_clock and self.incremental.field is None:
            raise ValueError("incremental needs field, the column that tells how far was read, or step for windows")

    def moves_by_address(self, paged: frozenset[str]) -> bool:
        used = places_of(self.url).union(*(places_of(text) for text in self.params.values()))
        return bool(used & (paged - {"size"}))

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def texts_in(value: object) -> list[str]:
    """Return all texts of a nested value."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for part in parts for text in texts_in(part)]
