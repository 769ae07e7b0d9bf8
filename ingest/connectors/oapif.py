"""Features of a GIS server: OGC API Features by its next links, and WFS 2.0 (in ``wfs.py``) by its start index.

A feature becomes what the ``file`` connector makes of GeoJSON: its properties, its ``geometry``, its ``id``. The end is
the page without a next link; ``numberMatched``, where the server tells it, must agree.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.connectors.by_column import ByColumn, Piece, Row, by_column, rows_of
from ingest.connectors.chain import Link, count_of, follow, next_address
from ingest.connectors.credential import credential_headers
from ingest.connectors.documents import read_document
from ingest.connectors.file import features
from ingest.connectors.progress import Progressive, Window, read_new
from ingest.connectors.wfs import Wfs, read_wfs
from ingest.errors import IncompleteAnswer, RequestRefused, UnreadableAnswer
from ingest.http import Answer, Session, is_web

GEOJSON = "application/geo+json, application/json;q=0.9"
FOR_WFS = frozenset({"output", "srs", "axis_order", "sort_by"})
FOR_FEATURES = frozenset({"datetime"})


class Config(Progressive, frozen=True, extra="forbid"):
    url: str = Field(description="Address of the API's landing page, or of the WFS (service = wfs).")
    service: Literal["features", "wfs"] = Field("features", description="OGC API Features, or WFS 2.0.")
    collection: str = Field(min_length=1, description="Identifier of the collection; WFS: name of the feature type.")
    page_size: int = Field(
        1000, ge=1, le=100_000, description="Features asked for at a time; the server may send fewer."
    )
    max_pages: int = Field(10_000, ge=1, description="More pages than this are refused.")
    bbox: list[float] | None = Field(None, description="Only what touches this box: west, south, east, north.")
    datetime: str | None = Field(
        None, min_length=1, description="Only what is of this time or interval, as 2026-01-01T00:00:00Z/.. (not WFS)."
    )
    params: dict[str, str] = Field(default_factory=dict, description="Further request parameters, as property filters.")
    key: SecretStr | None = Field(None, description="A key, where the server asks for one.")
    key_param: str | None = Field(
        None, min_length=1, description="Request parameter of the key; a header when omitted."
    )
    key_header: str = Field("Authorization", pattern=r"^[A-Za-z0-9_-]+$", description="Header of the key.")
    output: Literal["geojson", "gml"] | None = Field(
        None, description="WFS: the format asked for; GeoJSON if the server offers it, when omitted."
    )
    srs: str = Field(
        "EPSG:4326", description="WFS: how the server calls WGS 84 (some want urn:ogc:def:crs:EPSG::4326)."
    )
    axis_order: Literal["by-name", "lon-lat", "lat-lon"] = Field(
        "by-name",
        description="WFS: order of coordinates in GML; told by the name of the system unless the server errs.",
    )
    sort_by: str | None = Field(None, min_length=1, description="WFS: property that gives the pages a fixed order.")

    @field_validator("url")
    @classmethod
    def is_an_address(cls, url: str) -> str:
        if not is_web(url):
            raise ValueError("give an http(s) address")
        return url

    @field_validator("bbox")
    @classmethod
    def is_a_box(cls, bbox: list[float] | None) -> list[float] | None:
        if bbox is not None and (len(bbox) != 4 or not all(map(in_range, bbox, (180, 90) * 2)) or bbox[1] > bbox[3]):
            raise ValueError("give west, south, east, north in degrees")
        return bbox

    @model_validator(mode="after")
    def fits_the_service(self) -> Self:
        foreign = FOR_WFS if self.service == "features" else FOR_FEATURES
        if given := sorted(self.model_dump(exclude_defaults=True).keys() & foreign):
            raise ValueError(f"{', '.join(given)}: means nothing with service = {self.service}")
        if self.service == "features" and "?" in self.url:
            raise ValueError("give an http(s) address without a query")
        if self.incremental and (self.service == "wfs" or self.datetime or self.incremental.kind != "datetime"):
            raise ValueError(
                "incremental asks by datetime: OGC API Features only, by times, without a datetime of its own"
            )
        if self.incremental and not self.incremental.moves_by_clock and self.incremental.field is None:
            raise ValueError("incremental needs field, the property that tells how far was read, or step for windows")
        return self

    @property
    def overlaps(self) -> bool:
        """An interval of OGC has both its ends, so that what lies on one comes twice."""
        return self.incremental is not None


def in_range(degrees: float, most: float) -> bool:
    return -most <= degrees <= most


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the features of a collection or of a feature type one by one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece]:
    """Yield the pages of features."""
    key = {}
    if config.key and config.key_param:
        http.keep_secret(config.key.get_secret_value())
        key = {config.key_param: config.key.get_secret_value()}
    headers = {} if key else credential_headers(config.key, http, name=config.key_header)
    if config.incremental:
        return read_new(
            config.incremental,
            http,
            lambda window: read_items(config.model_copy(update={"datetime": interval_of(window)}), http, headers, key),
        )
    return (
        read_from_wfs(config, http, headers, key) if config.service == "wfs" else read_items(config, http, headers, key)
    )


def interval_of(window: Window) -> str | None:
    """Return a window as OGC writes intervals; None when it has no bounds."""
    ends = [
        f"{end.astimezone(dt.UTC).isoformat().replace('+00:00', 'Z')}" if isinstance(end, dt.datetime) else ".."
        for end in (window.since, window.until)
    ]
    return None if ends == ["..", ".."] else "/".join(ends)


def read_from_wfs(
    config: Config, http: Session, headers: Mapping[str, str], key: Mapping[str, str]
) -> Iterator[Sequence[Row]]:
    settings = config.model_dump(include={"url", "page_size", "max_pages", "bbox", *FOR_WFS})
    wfs = Wfs(type_name=config.collection, params=config.params | key, headers=headers, **settings)
    return read_wfs(wfs, http)


def read_items(
    config: Config, http: Session, headers: Mapping[str, str], key: Mapping[str, str]
) -> Iterator[Sequence[Row]]:
    first = f"{config.url.rstrip('/')}/collections/{quote(config.collection, safe='')}/items"
    params = {**config.params, "limit": str(config.page_size)}
    if config.bbox:
        params["bbox"] = ",".join(f"{degrees:.12g}" for degrees in config.bbox)
    if config.datetime:
        params["datetime"] = config.datetime

    def ask(address: str) -> Link[str]:
        asked = {} if address != first else params
        # A next link is followed as it is; only a key that the server left out of it is put back.
        asked = asked | {name: value for name, value in key.items() if f"{name}=" not in address.partition("?")[2]}
        parse = partial(parse_items, asked=address, http=http)
        return http.read(address, parse, params=asked, headers={"Accept": GEOJSON, **headers})

    return follow(ask, first, max_pages=config.max_pages)


def parse_items(answer: Answer, asked: str, http: Session) -> Link[str]:
    document = read_document(answer, http)
    refuse_error(document, answer, http)
    rows = features_by_column(document) or list(features(document, answer, 0))
    if not isinstance(document, dict):
        raise UnreadableAnswer(address=answer.location, format="GeoJSON", reason=type(document).__name__)
    returned = count_of(document.get("numberReturned"))
    if returned is not None and returned != len(rows):
        raise IncompleteAnswer(address=answer.location, announced=returned, received=len(rows))
    link = next_link(document.get("links"))
    return Link(
        rows,
        None if link is None else next_address(asked, link, http),
        answer.location,
        count_of(document.get("numberMatched")),
        [str(feature["id"]) for feature in document["features"] if feature.get("id") is not None],
    )


def features_by_column(document: object) -> Sequence[Row]:
    """Return the features of a page by column; nothing where they have too little in common or something is odd."""
    collection = document.get("features") if isinstance(document, dict) else None
    if not isinstance(collection, list) or not all(type(one) is dict and "id" in one for one in collection):
        return ()
    told = [one.get("properties") for one in collection]
    page = by_column(told) if all(type(properties) is dict for properties in told) else ()
    if not isinstance(page, ByColumn) or not page.columns.keys().isdisjoint(("id", "geometry")):
        return ()
    return ByColumn(
        [("id", *shape, "geometry") for shape in page.shapes],
        page.shape_of,
        {
            "id": [one["id"] for one in collection],
            **page.columns,
            "geometry": [one.get("geometry") for one in collection],
        },
    )


def refuse_error(document: object, answer: Answer, http: Session) -> None:
    """Raise an error that is told with status 200: OGC's ``code`` and ``description``, or a problem document."""
    if not isinstance(document, dict) or "features" in document:
        return
    told = [document[name] for name in ("code", "title", "description", "detail") if document.get(name)]
    if told:
        raise RequestRefused(address=answer.location, answer=http.mask(" ".join(map(str, told)))[:300].strip(" ."))


def next_link(links: object) -> object:
    """Return where the next page is: the GeoJSON one, if each format has a link of its own."""
    found = (
        [one for one in links if isinstance(one, dict) and one.get("rel") == "next"] if isinstance(links, list) else []
    )
    in_json = [link for link in found if "json" in str(link.get("type", "json"))]
    return (in_json or found)[0].get("href", "") if found else None
