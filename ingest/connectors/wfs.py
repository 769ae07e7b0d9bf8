"""WFS 2.0: what the server can is read from its capabilities, how many features there are is asked before they are read.

Part of the connector ``oapif``. Pages are read by ``startIndex`` and ``count`` only where the server says that it can;
elsewhere all comes in one answer. Features come as GeoJSON or as GML (geometries: ``gml.py``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from lxml import etree

from ingest.connectors.by_column import Row
from ingest.connectors.chain import Link, count_of, follow
from ingest.connectors.documents import (
    NO_END,
    beginning_of,
    local_name,
    parse_xml,
    read_json,
    refuse_large,
    refuse_web_page,
    simplify,
)
from ingest.connectors.file import features
from ingest.connectors.gml import OTHER_SYSTEM, AxisOrder, find_geometry, has_latitude_first, is_wgs84, read_geometry
from ingest.errors import (
    BrokenOff,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    Text,
    UnreadableAnswer,
)
from ingest.http import Answer, Session

T = TypeVar("T")

CODES: Mapping[str, type[SourceError]] = {  # all others: RequestRefused
    "NoApplicableCode": PlatformFailure,
    "OperationProcessingFailed": PlatformFailure,
    "OperationParsingFailed": RequestRefused,
    "ServerBusy": PlatformFailure,
    "AuthenticationFailed": KeyRefused,
}
MEMBERS = frozenset({"member", "featureMember", "featureMembers"})

NO_SUCH_TYPE = Text(
    ko="'{name}' 피처 유형이 없습니다. 있는 것: {known}", en="there is no feature type '{name}'; there are: {known}"
)
NO_PROOF = Text(
    ko="전체 건수를 알려 주지 않고 나누어 받을 수도 없어 끝을 확인할 수 없습니다",
    en="it neither tells how many features there are nor sends them in pages, so the end is unknown",
)
NO_COLLECTION = Text(ko="FeatureCollection이 아니라 {root}입니다.", en="it is no FeatureCollection but {root}.")


@dataclass(frozen=True)
class Wfs:
    """One feature type of a server and how it is asked for."""

    url: str
    type_name: str
    page_size: int
    max_pages: int
    bbox: Sequence[float] | None
    params: Mapping[str, str]
    headers: Mapping[str, str]
    output: Literal["geojson", "gml"] | None
    srs: str
    axis_order: AxisOrder
    sort_by: str | None


@dataclass(frozen=True)
class Abilities:
    """What the server says of itself: whether it can page, its feature types, the name that it has for GeoJSON."""

    has_pages: bool
    types: tuple[str, ...]
    geojson: str | None


def read_wfs(wfs: Wfs, http: Session) -> Iterator[Sequence[Row]]:
    """Yield the pages of a type's features, as many as the server counts."""
    able = ask_wfs(wfs, http, {"request": "GetCapabilities"}, partial(parse_capabilities, wfs=wfs, http=http))
    question = feature_question(wfs)
    total = ask_wfs(wfs, http, {**question, "resultType": "hits"}, partial(parse_hits, http=http))
    if wfs.sort_by:
        question["sortBy"] = wfs.sort_by
    if able.geojson and wfs.output != "gml":
        question["outputFormat"] = able.geojson

    def ask(start: int) -> Link[int]:
        place = {"startIndex": str(start), "count": str(wfs.page_size)} if able.has_pages else {}
        page = ask_wfs(wfs, http, {**question, **place}, partial(parse_features, wfs=wfs, http=http))
        announced = page.total if total is None else total
        if announced is None and not able.has_pages:
            raise RequestRefused(address=page.address, answer=NO_PROOF)
        if page.total is not None and page.total != announced:
            raise IncompleteAnswer(address=page.address, announced=f"{announced} → {page.total}", received=start)
        end = start + len(page.rows)
        is_last = not page.rows or not able.has_pages or (announced is not None and end >= announced)
        return Link(page.rows, None if is_last else end, page.address, announced, page.ids)

    yield from follow(ask, 0, max_pages=wfs.max_pages)


def ask_wfs(wfs: Wfs, http: Session, question: Mapping[str, str], parse: Callable[[Answer], T]) -> T:
    params = {"service": "WFS", "version": "2.0.0", **question, **wfs.params}
    return http.read(wfs.url, parse, params=params, headers=wfs.headers, explain=partial(explain_refusal, http=http))


def feature_question(wfs: Wfs) -> dict[str, str]:
    question = {"request": "GetFeature", "typeNames": wfs.type_name, "srsName": wfs.srs}
    if wfs.bbox:
        west, south, east, north = wfs.bbox
        is_swapped = has_latitude_first(wfs.srs, wfs.axis_order)
        box = (south, west, north, east) if is_swapped else (west, south, east, north)
        question["bbox"] = ",".join([*(f"{degrees:.12g}" for degrees in box), wfs.srs])
    return question


def explain_refusal(answer: Answer, http: Session) -> None:
    """Raise what the server's own report says, if an answer with an error status holds one."""
    if beginning_of(answer).lstrip().startswith(b"<"):
        try:
            root = parse_root(answer, http)
        except (UnreadableAnswer, BrokenOff):
            return
        refuse_report(root, answer, http)


def parse_root(answer: Answer, http: Session) -> etree._Element:
    refuse_web_page(answer, http, "WFS")
    refuse_large(answer)
    for _, element in parse_xml(answer, http, events=("end",)):
        if element.getparent() is None:
            return element
    raise BrokenOff(address=answer.location, reason=NO_END)


def refuse_report(root: etree._Element, answer: Answer, http: Session) -> None:
    """Raise what an exception report means; servers send it with status 200."""
    if local_name(root) not in ("ExceptionReport", "ServiceExceptionReport"):
        return
    faults = list(root.iter("{*}Exception", "{*}ServiceException"))
    code = next((fault.get("exceptionCode") or fault.get("code") or "" for fault in faults), "")
    words = " ".join(" ".join(fault.itertext()) for fault in faults)
    told = http.mask(" ".join(f"{code} {words}".split()))[:300].strip(" .")
    raise CODES.get(code, RequestRefused)(address=answer.location, answer=told)


def parse_capabilities(answer: Answer, wfs: Wfs, http: Session) -> Abilities:
    root = parse_root(answer, http)
    refuse_report(root, answer, http)
    types = tuple(name.text.strip() for name in root.iterfind(".//{*}FeatureType/{*}Name") if name.text)
    bare_names = {name.rpartition(":")[2] for name in types}
    if local_name(root) != "WFS_Capabilities" or (wfs.type_name not in types and wfs.type_name not in bare_names):
        known = ", ".join(types[:20]) or local_name(root)
        raise RequestRefused(address=answer.location, answer=NO_SUCH_TYPE.format(name=wfs.type_name, known=known))
    says = {one.get("name"): one.findtext("{*}DefaultValue") or "" for one in root.iter("{*}Constraint")}
    formats = [
        value.text.strip()
        for operation in root.iter("{*}Operation")
        if operation.get("name") == "GetFeature"
        for parameter in operation.iterfind("{*}Parameter")
        if parameter.get("name", "").lower() == "outputformat"
        for value in parameter.iter("{*}Value")
        if value.text
    ]
    return Abilities(
        has_pages=says.get("ImplementsResultPaging", "").strip().upper() == "TRUE",
        types=types,
        geojson=next((name for name in formats if "json" in name.lower() and "jsonp" not in name.lower()), None)
        or ("application/json" if wfs.output == "geojson" else None),
    )


def parse_hits(answer: Answer, http: Session) -> int | None:
    """Return how many features there are, or None if the server does not know."""
    if not beginning_of(answer).lstrip().startswith(b"<"):
        document = read_json(answer, http)
        return (
            count_of(document.get("numberMatched", document.get("totalFeatures")))
            if isinstance(document, dict)
            else None
        )
    root = parse_collection(answer, http)
    return count_of(root.get("numberMatched", root.get("numberOfFeatures")))


def parse_features(answer: Answer, wfs: Wfs, http: Session) -> Link[int]:
    refuse_web_page(answer, http, "WFS")
    is_xml = beginning_of(answer).lstrip().startswith(b"<")
    return parse_gml(answer, wfs, http) if is_xml else parse_geojson(answer, http)


def parse_geojson(answer: Answer, http: Session) -> Link[int]:
    document = read_json(answer, http)
    rows = list(features(document, answer, 0))
    document = document if isinstance(document, dict) else {}
    crs = document.get("crs")
    srs = str((crs.get("properties") or {}).get("name", "")) if isinstance(crs, dict) else ""
    if srs and not is_wgs84(srs):
        raise UnreadableAnswer(address=answer.location, format="GeoJSON", reason=OTHER_SYSTEM.format(srs=srs))
    refuse_short(answer, count_of(document.get("numberReturned")), len(rows))
    total = count_of(document.get("numberMatched", document.get("totalFeatures")))
    ids = [str(feature["id"]) for feature in document["features"] if feature.get("id") not in (None, "")]
    return Link(rows, None, answer.location, total, ids)


def parse_gml(answer: Answer, wfs: Wfs, http: Session) -> Link[int]:
    root = parse_collection(answer, http)
    found = [feature for child in root if local_name(child) in MEMBERS for feature in child]
    refuse_short(answer, count_of(root.get("numberReturned")), len(found))
    rows = [read_feature(feature, answer, wfs) for feature in found]
    ids = [str(row["id"]) for row in rows if row.get("id")]
    return Link(rows, None, answer.location, count_of(root.get("numberMatched")), ids)


def parse_collection(answer: Answer, http: Session) -> etree._Element:
    root = parse_root(answer, http)
    for report in root.iter(
        "{*}ExceptionReport", "{*}ServiceExceptionReport"
    ):  # the root, or a note after what broke off
        refuse_report(report, answer, http)
    if local_name(root) != "FeatureCollection":
        reason = NO_COLLECTION.format(root=local_name(root))
        raise UnreadableAnswer(address=answer.location, format="WFS", reason=reason)
    return root


def refuse_short(answer: Answer, announced: int | None, received: int) -> None:
    if announced is not None and announced != received:
        raise IncompleteAnswer(address=answer.location, announced=announced, received=received)


def read_feature(feature: etree._Element, answer: Answer, wfs: Wfs) -> dict[str, object]:
    """Return what the feature would be in GeoJSON: values as text, its first geometry as ``geometry``."""
    geometry: dict[str, object] = {}
    for child in list(feature):
        if local_name(child) == "boundedBy":
            feature.remove(child)
        elif (shape := find_geometry(child)) is not None:
            name = local_name(child) if geometry else "geometry"
            geometry[name] = read_geometry(shape, answer.location, srs=wfs.srs, axis_order=wfs.axis_order)
            feature.remove(child)
    simple = simplify(feature)
    values = simple if isinstance(simple, dict) else {}
    for name in [name for name in values if name.endswith("@nil")]:
        if str(values.pop(name)) in ("true", "1"):
            values[name.removesuffix("@nil")] = None
    identifier = values.pop("@id", None) or values.pop("@fid", None)
    own_id = {} if identifier is None else {"id": identifier}
    return own_id | values | (geometry or {"geometry": None})
