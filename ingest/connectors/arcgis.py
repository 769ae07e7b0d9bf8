"""Layers and tables of ArcGIS services (FeatureServer, MapServer), read by their ``query`` operation.

The server counts first; then pages come by offset in the order of the object ids or, from servers that cannot page, by
lists of object ids. Errors come with status 200. Geometries and values are translated by ``esri.py``.
"""

import datetime as dt
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.connectors.by_column import ByColumn, Piece, Row, by_column, rows_of
from ingest.connectors.chain import Link, count_of, follow
from ingest.connectors.cursor_values import Value
from ingest.connectors.documents import read_document
from ingest.connectors.esri import WGS84, moment_of, read_geometries, read_geometry
from ingest.connectors.progress import Progressive, Window, read_new
from ingest.errors import (
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    QuotaExceeded,
    RequestRefused,
    SourceError,
    Text,
    UnreadableAnswer,
)
from ingest.http import Answer, Session, is_web

T = TypeVar("T")

CODES: Mapping[int, type[SourceError]] = {
    401: KeyRefused,
    403: KeyRefused,
    429: QuotaExceeded,
    498: KeyRefused,  # invalid token
    499: KeyRefused,  # token required
}
known_moment = lru_cache(maxsize=10_000)(moment_of)  # the records of a city have few moments
FIELD = re.compile(r"[^\W\d][\w.]*")
LONGEST_LIST = 1500  # characters of object ids; many servers refuse queries of more than 2,048

NO_QUERY = Text(ko="이 레이어는 조회(Query)를 허용하지 않습니다", en="this layer allows no queries")
NO_LAYER = Text(
    ko="ArcGIS 레이어의 설명이 아닙니다. 주소가 …/FeatureServer/0처럼 레이어 번호로 끝나는지 보십시오. 있는 것: {keys}",
    en="it describes no layer; the address must end in a layer's number, as …/FeatureServer/0. What is there: {keys}",
)
NO_MEMBER = Text(ko="'{name}'이(가) 없습니다. 있는 것: {keys}", en="there is no '{name}'; what is there: {keys}")
BAD_FEATURE = Text(ko="{position}번째 피처를 읽을 수 없습니다: {what}", en="feature {position} cannot be read: {what}")
OTHER_SYSTEM = Text(ko="좌표계가 WGS 84가 아니라 {srs}입니다.", en="its coordinates are in {srs}, not in WGS 84.")
OTHER_ROWS = Text(
    ko="물어본 객체 {asked}건 가운데 {sent}건만 왔습니다",
    en="{asked} objects were asked for by their ids but {sent} of them came",
)


class Config(Progressive, frozen=True, extra="forbid"):
    url: str = Field(description="Address of the layer or table, as https://…/FeatureServer/0.")
    where: str = Field("1=1", min_length=1, description="Condition in the server's SQL.")
    fields: list[str] | None = Field(None, min_length=1, description="Names of the fields; all when omitted.")
    geometry: bool = Field(True, description="Whether geometries are read.")
    page_size: int = Field(
        1000, ge=1, le=100_000, description="Records asked for at a time; the server may send fewer."
    )
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    domains: Literal["code", "text"] = Field(
        "code", description="Coded values as codes, or as the texts they stand for."
    )
    dates: Literal["iso", "epoch"] = Field(
        "iso", description="Dates as text in UTC, or as the milliseconds since 1970 that the server sends."
    )
    token: SecretStr | None = Field(None, description="A token, where the service asks for one.")
    params: dict[str, str] = Field(default_factory=dict, description="Further parameters of the query.")

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url) or "?" in url:
            raise ValueError("give an http(s) address without a query")
        return url.rstrip("/").removesuffix("/query")

    @model_validator(mode="after")
    def goes_on_by_a_field(self) -> Self:
        cursor = self.incremental
        if cursor is None:
            return self
        if cursor.field is None or (self.fields is not None and cursor.field not in self.fields):
            raise ValueError("incremental.field must name a field that is read, as EditDate or OBJECTID")
        if not FIELD.fullmatch(cursor.field):
            raise ValueError(f"'{cursor.field}' is no name of a field")
        if cursor.kind not in ("datetime", "integer"):
            raise ValueError(f"incremental: no layer is asked for by a {cursor.kind}; use datetime or integer")
        if cursor.kind == "datetime" and self.dates == "epoch" and cursor.format != "epoch-ms":
            raise ValueError('with dates = "epoch" the format of incremental is epoch-ms')
        return self


@dataclass(frozen=True)
class Layer:
    """What the server says of a layer: how it is read, and what its values mean.

    ``names`` are the texts of coded values by field; where the layer has subtypes, ``subtypes`` holds those of each.
    """

    id_field: str
    has_pages: bool
    most: int | None
    is_spatial: bool
    dates: frozenset[str]
    names: Mapping[str, Mapping[object, object]]
    type_field: str | None
    subtypes: Mapping[object, Mapping[str, Mapping[object, object]]]


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the records of a layer that meet the condition one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece]:
    """Yield pages of the records of a layer that meet the condition."""
    if config.token:
        http.keep_secret(config.token.get_secret_value())
    layer = ask_server(config, http, "", {}, parse_layer)
    if config.incremental is None:
        yield from read_layer(config, layer, http)
        return
    field = config.incremental.field or ""
    yield from read_new(
        config.incremental, http, lambda window: read_layer(narrowed(config, field, window), layer, http)
    )


def narrowed(config: Config, field: str, window: Window) -> Config:
    bounds = [(sign, bound) for sign, bound in ((">=", window.since), ("<", window.until)) if bound is not None]
    conditions = [f"({config.where})", *(f"{field} {sign} {written(bound)}" for sign, bound in bounds)]
    return config.model_copy(update={"where": " AND ".join(conditions)})


def written(bound: Value) -> str:
    """Return a bound as the server's SQL has it; times to the second, which begins and ends windows alike."""
    return f"TIMESTAMP '{bound.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}'" if isinstance(bound, dt.datetime) else str(bound)


def read_layer(config: Config, layer: Layer, http: Session) -> Iterator[Mapping[str, object]]:
    total = ask_server(config, http, "/query", {"returnCountOnly": "true"}, partial(parse_number, name="count"))
    if total == 0:
        return
    read_rows = read_by_offset if layer.has_pages else read_by_ids
    yield from read_rows(config, layer, total, http)


def ask_server(
    config: Config, http: Session, path: str, question: Mapping[str, str], parse: Callable[[dict, Answer], T]
) -> T:
    """Ask and parse; every answer, whatever its status, may be an error."""
    params = {"f": "json"}
    if path:
        params |= {**config.params, "where": config.where}
    if config.token:
        params["token"] = config.token.get_secret_value()

    def parse_answer(answer: Answer) -> T:
        return parse(read_object(answer, http), answer)

    return http.read(
        config.url + path, parse_answer, params=params | question, explain=partial(explain_refusal, http=http)
    )


def read_object(answer: Answer, http: Session) -> dict[str, object]:
    document = read_document(answer, http)
    if not isinstance(document, dict):
        reason = NO_MEMBER.format(name="{}", keys=type(document).__name__)
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    error = document.get("error")
    if error is None and document.get("status") == "error":
        error = {"code": document.get("code"), "message": document.get("messages")}
    if error is not None:
        raise_error(error, answer, http)
    return document


def explain_refusal(answer: Answer, http: Session) -> None:
    """Raise what the server's own code says, if an answer with an error status holds one."""
    try:
        read_object(answer, http)
    except UnreadableAnswer:
        return


def raise_error(error: object, answer: Answer, http: Session) -> None:
    told = error if isinstance(error, dict) else {"message": error}
    code = count_of(told.get("code")) or 0
    details = told.get("details")
    words = [told.get("code"), told.get("message"), *(details if isinstance(details, list) else [details])]
    message = http.mask(" ".join(str(word) for word in words if word))[:300].strip(" .")
    kind = CODES.get(code, PlatformFailure if code >= 500 else RequestRefused)
    raise kind(address=answer.location, answer=message)


def parse_layer(document: Mapping[str, object], answer: Answer) -> Layer:
    fields = document.get("fields")
    if not isinstance(fields, list) or not all(isinstance(field, dict) and "name" in field for field in fields):
        reason = NO_LAYER.format(keys=", ".join(list(document)[:20]) or "-")
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    if "query" not in str(document.get("capabilities", "Query")).lower():
        raise RequestRefused(address=answer.location, answer=NO_QUERY)
    id_fields = [field["name"] for field in fields if field.get("type") == "esriFieldTypeOID"]
    id_field = document.get("objectIdField") or next(iter(id_fields), None)
    if not isinstance(id_field, str):
        reason = NO_MEMBER.format(name="objectIdField", keys=", ".join(field["name"] for field in fields))
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    abilities = document.get("advancedQueryCapabilities")
    names = {field["name"]: codes for field in fields if (codes := codes_of(field.get("domain"))) is not None}
    type_field = document.get("typeIdField") or None
    types = [one for one in document.get("types") or [] if isinstance(one, dict)]
    if type_field:
        names.setdefault(type_field, {one.get("id"): one.get("name") for one in types})
    return Layer(
        id_field=id_field,
        has_pages=isinstance(abilities, dict) and abilities.get("supportsPagination") is True,
        most=count_of(document.get("maxRecordCount")) or None,
        is_spatial=bool(document.get("geometryType")),
        dates=frozenset(field["name"] for field in fields if field.get("type") == "esriFieldTypeDate"),
        names=names,
        type_field=type_field,
        subtypes={one.get("id"): domains_of(one) for one in types},
    )


def codes_of(domain: object) -> dict[object, object] | None:
    """Return what the codes of a coded-value domain stand for; None for another domain or none."""
    if not isinstance(domain, dict) or not isinstance(domain.get("codedValues"), list):
        return None
    return {one.get("code"): one.get("name") for one in domain["codedValues"] if isinstance(one, dict)}


def domains_of(subtype: Mapping[str, object]) -> dict[str, Mapping[object, object]]:
    domains = subtype.get("domains")
    found = domains.items() if isinstance(domains, dict) else ()
    return {name: codes for name, domain in found if (codes := codes_of(domain)) is not None}


def parse_number(document: Mapping[str, object], answer: Answer, name: str) -> int:
    number = count_of(document.get(name))
    if number is None:
        reason = NO_MEMBER.format(name=name, keys=", ".join(list(document)[:20]) or "-")
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    return number


def read_by_offset(config: Config, layer: Layer, total: int, http: Session) -> Iterator[Sequence[Row]]:
    size = min(config.page_size, layer.most or config.page_size)

    def ask(offset: int) -> Link[int]:
        place = {"resultOffset": str(offset), "resultRecordCount": str(size), "orderByFields": f"{layer.id_field} ASC"}
        page = ask_rows(config, layer, place, http)
        end = offset + len(page.rows)
        is_last = not page.rows or end >= total
        return Link(page.rows, None if is_last else end, page.address, total, page.ids)

    return follow(ask, 0, max_pages=config.max_pages)


def read_by_ids(config: Config, layer: Layer, total: int, http: Session) -> Iterator[Sequence[Row]]:
    size = min(config.page_size, layer.most or config.page_size)
    ids = ask_server(config, http, "/query", {"returnIdsOnly": "true"}, partial(parse_ids, total=total))
    lists = list(split_ids(sorted(ids), size))

    def ask(number: int) -> Link[int]:
        asked = lists[number]
        page = ask_rows(config, layer, {"objectIds": ",".join(map(str, asked))}, http)
        if set(page.ids) != set(asked):
            came = len(set(page.ids) & set(asked))
            raise PlatformFailure(address=page.address, answer=OTHER_ROWS.format(asked=len(asked), sent=came))
        return Link(page.rows, number + 1 if number + 1 < len(lists) else None, page.address, total, page.ids)

    return follow(ask, 0, max_pages=config.max_pages)


def parse_ids(document: Mapping[str, object], answer: Answer, total: int) -> list[int]:
    ids = document.get("objectIds")
    if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
        reason = NO_MEMBER.format(name="objectIds", keys=", ".join(list(document)[:20]) or "-")
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    if len(ids) != total:
        raise IncompleteAnswer(address=answer.location, announced=total, received=len(ids))
    return ids


def split_ids(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield lists of ids that are neither longer than a page nor, as text, than an address may be."""
    start = length = 0
    for position, one in enumerate(ids):
        length += len(str(one)) + 3  # a comma takes three characters
        if position - start >= size or length > LONGEST_LIST:
            yield ids[start:position]
            start, length = position, len(str(one)) + 3
    if ids:
        yield ids[start:]


def ask_rows(config: Config, layer: Layer, place: Mapping[str, str], http: Session) -> Link[int]:
    needed = [layer.id_field, *([layer.type_field] if layer.type_field and config.domains == "text" else [])]
    wanted = ["*"] if config.fields is None else list(dict.fromkeys([*config.fields, *needed]))
    question = {
        "outFields": ",".join(wanted),
        "returnGeometry": "true" if config.geometry else "false",
        "outSR": "4326",
    }
    return ask_server(config, http, "/query", question | place, partial(parse_rows, config=config, layer=layer))


def parse_rows(document: Mapping[str, object], answer: Answer, config: Config, layer: Layer) -> Link[int]:
    features = document.get("features")
    if not isinstance(features, list):
        reason = NO_MEMBER.format(name="features", keys=", ".join(list(document)[:20]) or "-")
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason)
    srs = document.get("spatialReference")
    wkid = (srs.get("latestWkid") or srs.get("wkid") or "?") if isinstance(srs, dict) else None
    if wkid not in WGS84 and config.geometry and layer.is_spatial:
        raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=OTHER_SYSTEM.format(srs=wkid))
    has_z = document.get("hasZ") is True
    if page := features_by_column(features, config, layer, has_z=has_z):
        return Link(page[1], None, answer.location, None, page[0])
    rows, ids = [], []
    for position, feature in enumerate(features, start=1):
        try:
            identifier, row = read_feature(feature, config, layer, has_z=has_z)
        except (ValueError, TypeError) as error:
            reason = BAD_FEATURE.format(position=position, what=str(error)[:200])
            raise UnreadableAnswer(address=answer.location, format="ArcGIS", reason=reason) from error
        rows.append(row)
        ids.append(identifier)
    return Link(rows, None, answer.location, None, ids)


def features_by_column(
    features: Sequence[object], config: Config, layer: Layer, *, has_z: bool
) -> tuple[Sequence[Hashable], ByColumn] | None:
    """Return the object ids of a page and its rows by column; None where something is odd or told feature by feature."""
    try:
        told = list(map(itemgetter("attributes"), features))
    except (KeyError, TypeError):
        return None
    page = by_column(told) if {dict}.issuperset(map(type, told)) else ()
    if not isinstance(page, ByColumn) or "geometry" in page.columns or (config.domains == "text" and layer.subtypes):
        return None
    ids = page.columns.get(layer.id_field, (None,))
    if not {int, str}.issuperset(map(type, ids)):
        return None
    columns = {name: values_of(name, values, config, layer) for name, values in page.columns.items()}
    if config.geometry and layer.is_spatial:
        try:
            columns["geometry"] = read_geometries([one.get("geometry") for one in features], has_z=has_z)
        except (ValueError, TypeError):
            return None
    unread = () if config.fields is None else page.columns.keys() - set(config.fields)
    shapes = [(*shape, "geometry") for shape in page.shapes] if "geometry" in columns else page.shapes
    return ids, ByColumn(shapes, page.shape_of, columns).without(unread)


def values_of(name: str, values: Sequence[object], config: Config, layer: Layer) -> Sequence[object]:
    """Return a column as it is told: texts for codes, dates as text."""
    if config.domains == "text" and name in layer.names:
        texts = layer.names[name]
        values = [texts.get(value, value) if isinstance(value, str | int | float) else value for value in values]
    if name not in layer.dates or config.dates != "iso":
        return values
    is_plain = {int, type(None)}.issuperset(map(type, values))
    return list(map(known_moment if is_plain else moment_of, values))


def read_feature(feature: object, config: Config, layer: Layer, *, has_z: bool) -> tuple[int, dict[str, object]]:
    """Return a feature's object id and its row; ValueError says what is wrong with it."""
    attributes = feature.get("attributes") if isinstance(feature, dict) else None
    if not isinstance(attributes, dict) or "geometry" in attributes:
        raise ValueError("attributes")
    if not isinstance(attributes.get(layer.id_field), int | str):
        raise ValueError(layer.id_field)
    named: Mapping[str, Mapping[object, object]] = {}
    if config.domains == "text":
        named = {**layer.names, **layer.subtypes.get(attributes.get(layer.type_field or ""), {})}
    row: dict[str, object] = {}
    for name, value in attributes.items():
        if config.fields is not None and name not in config.fields:
            continue
        if name in named and isinstance(value, str | int | float):
            value = named[name].get(value, value)
        row[name] = moment_of(value) if name in layer.dates and config.dates == "iso" else value
    if config.geometry and layer.is_spatial:
        row["geometry"] = read_geometry(feature.get("geometry"), has_z=has_z)
    return attributes[layer.id_field], row
