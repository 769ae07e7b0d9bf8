"""Pages by column: the sequence of their rows, whatever these have in common, and the same to whoever reads on."""

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors import arcgis
from ingest.connectors.arcgis import Layer
from ingest.connectors.by_column import GATHERED, ByColumn, Row, by_column, gathered, rows_of
from ingest.connectors.ngsild import Config, read_entity
from ingest.connectors.ngsild_pages import read_plain_page
from ingest.connectors.pages import digest_of
from ingest.connectors.rows import MalformedRow
from ingest.connectors.sensorthings import read_entity as read_thing
from ingest.connectors.sensorthings import read_flat_page
from ingest.errors import Text, UnreadableAnswer
from ingest.http import Answer
from ingest.json_text import load_json

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-1, 1), st.text("가a", max_size=2))
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.sampled_from("xy"), SCALARS, max_size=2))
NAMES = st.sampled_from(["a", "b", "c", "d"])
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, min_size=1), max_size=6)


def typed(rows: object) -> bytes:
    """Return rows so that 1, True and 1.0 differ, and the order of names counts."""
    return orjson.dumps([list(row.items()) for row in rows])


@given(RECORDS)
def test_a_page_by_column_is_the_sequence_of_its_rows(records: list[dict[str, object]]) -> None:
    page = by_column(records)
    assert typed(page) == typed(records)
    assert len(page) == len(records)
    assert typed([page[index] for index in range(len(page))]) == typed(records)
    assert typed(page[1:]) == typed(records[1:])
    assert typed(rows_of([page, *records])) == typed([*records, *records])


@pytest.mark.parametrize(
    ("records", "is_by_column"),
    [
        ([{"a": 1, "b": 2}] * 3, True),
        ([{"a": 1}, {"a": 1, "b": 2}], True),
        ([{"b": 1, "a": 2}, {"a": 1, "b": 2}], True),
        ([{"a": 1}, {"b": 1}, {"c": 1}], False),
        ([], False),
    ],
)
def test_records_that_have_too_little_in_common_stay_as_they_are(records: list, is_by_column: bool) -> None:
    assert isinstance(by_column(records), ByColumn) is is_by_column


@given(RECORDS, st.sets(NAMES))
def test_columns_are_left_out_of_every_row(records: list[dict[str, object]], names: set[str]) -> None:
    page = by_column(records)
    if isinstance(page, ByColumn):
        left = [{name: value for name, value in row.items() if name not in names} for row in records]
        assert typed(page.without(names)) == typed(left)


@pytest.mark.parametrize("count", [0, 1, GATHERED - 1, GATHERED, 2 * GATHERED + 1])
def test_rows_that_come_one_by_one_are_gathered_and_stay_in_their_order(count: int) -> None:
    rows = [{"a": number} for number in range(count)]
    odd = MalformedRow(1, "too-few-fields", Text(), [])
    pieces = list(gathered([*rows, odd, [{"a": "of a page"}], *rows]))
    assert typed(row for row in rows_of(pieces) if row is not odd) == typed([*rows, {"a": "of a page"}, *rows])
    pages = [len(piece) for piece in pieces if isinstance(piece, ByColumn)]
    assert (sum(pages), max(pages, default=0)) == (2 * count, min(count, GATHERED))
    assert pieces.index(odd) == -(-count // GATHERED)


def test_a_page_that_cannot_be_written_again_is_refused() -> None:
    deep = orjson.loads("[" * 300 + "]" * 300)
    with pytest.raises(UnreadableAnswer, match=r"hub\.example.*too deeply"):
        digest_of(by_column([{"a": deep}]), "hub.example")


@given(RECORDS, RECORDS)
def test_pages_have_one_digest_if_and_only_if_they_are_the_same(one: list, other: list) -> None:
    same = typed(one) == typed(other)
    assert (digest_of(by_column(one), "") == digest_of(by_column(other), "")) is same


SAID_OF_VALUES = {
    "observedAt": st.sampled_from(["2026-01-01T00:00:00Z", 7]),
    "unitCode": st.just("GQ"),
    "createdAt": st.just("2026-01-01T00:00:00Z"),
}
ATTRIBUTES = st.one_of(
    SCALARS.map(lambda value: {"type": "Property", "value": value}),
    VALUES,
    st.just({"type": "Relationship", "object": "urn:b"}),
    st.just({"type": "Property"}),
    st.just({"type": ["Property"], "value": 1}),
    st.just({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}}),
    st.just({"type": "GeoProperty", "value": {"type": "Nowhere"}}),
    VALUES.map(lambda value: {"type": "Property", "value": value}),
    st.fixed_dictionaries({"type": st.just("Property"), "value": SCALARS}, optional=SAID_OF_VALUES),
    st.fixed_dictionaries({"type": st.just("Property"), "value": SCALARS, "datasetId": st.just("urn:d")}),
)
NAMED = st.sampled_from(["pm10", "name", "@context", "createdAt", "pm10.observedAt", "pm10.x"])
ENTITIES = st.lists(
    st.dictionaries(NAMED, ATTRIBUTES).map(lambda attributes: {"id": "urn:a", "type": "Air", **attributes}), max_size=5
)
ODD = st.sampled_from([b"", b"\xff", b'"', b"}", b"12345678901234567890123", b"NaN", b"\x00", b"\\ud800", b"{}", b","])


@given(ENTITIES, st.sampled_from(["normalized", "keyValues"]))
def test_plain_entities_by_column_are_what_each_of_them_is_read_as(entities: list, representation: str) -> None:
    config = Config(url="https://broker.example/ngsi-ld/v1", type="Air", representation=representation)
    plain = page_of(orjson.dumps(entities))
    if plain is not None:
        one_by_one = [row for entity in entities for row in read_entity(entity, "", config)]
        assert members_of(plain) == members_of(one_by_one)


@given(ENTITIES, ODD, st.floats(0, 1), st.integers(0, 3))
def test_a_damaged_page_is_never_read_by_column_as_anything_else(entities, odd: bytes, place: float, length: int):
    content = orjson.dumps(entities)
    at = int(place * len(content))
    damaged = content[:at] + odd + content[at + length :]
    plain = page_of(damaged)
    if plain is not None:
        config = Config(url="https://broker.example/ngsi-ld/v1", type="Air")
        one_by_one = [row for entity in load_json(damaged) for row in read_entity(entity, "", config)]
        assert members_of(plain) == members_of(one_by_one)


@pytest.mark.parametrize(
    "attribute",
    [
        {"type": "Property", "value": 41},
        {"type": "Property", "value": 41, "observedAt": "2026-01-01T00:00:00Z", "unitCode": "GQ"},
        {"type": "Relationship", "object": "urn:b", "modifiedAt": "2026-01-01T00:00:00Z"},
        {"type": "Relationship", "object": ["urn:b", "urn:c"]},
        {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}},
        {"type": "Property", "value": {"city": "수원시", "at": {"@value": "2026-01-01T00:00:00Z"}, "none": {}}},
        {"type": "Property", "value": {}},
        {"type": "Property", "value": [1, 2]},
        {
            "type": "LanguageProperty",
            "languageMap": {"ko": "역", "en": "station"},
            "observedAt": "2026-01-01T00:00:00Z",
        },
        "a value alone",
    ],
)
@pytest.mark.parametrize("lacks_one", [False, True])
def test_entities_as_nearly_all_are_come_by_column(attribute: object, lacks_one: bool) -> None:
    entities = [{"id": f"urn:{at}", "type": "Air", "said": attribute} for at in range(3)]
    entities += [{"id": "urn:3", "type": "Air"}] * lacks_one
    config = Config(url="https://broker.example/ngsi-ld/v1", type="Air")
    page = page_of(orjson.dumps(entities))
    assert isinstance(page, ByColumn)
    assert members_of(page) == members_of(row for entity in entities for row in read_entity(entity, "", config))


@pytest.mark.parametrize(
    "attributes",
    [
        {"a": {"type": "Property", "value": {"b.c": 1, "b": {"c": 2}}}},
        {"a": {"type": "Property", "value": {"observedAt": 1}, "observedAt": "2026-01-01T00:00:00Z"}},
        {"a": {"type": "Property", "value": {"b": 1}}, "a.b": 2},
        {"a": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d"}]},
        {"a": {"type": "Property", "value": 2**70}},
        {"a": {"type": "Property", "value": 1, "accuracy": {"type": "Property", "value": 2}}},
    ],
)
def test_what_is_odd_is_left_to_the_way_entity_by_entity(attributes: dict) -> None:
    assert page_of(json.dumps([{"id": "urn:a", "type": "Air", **attributes}]).encode()) is None


def members_of(rows: Iterable[Row]) -> bytes:
    """Return what rows hold; a page has one order of its columns, the members of an object have none."""
    return typed([dict(sorted(row.items())) for row in rows])


def page_of(content: bytes) -> ByColumn | None:
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return read_plain_page(Answer("https://broker.example/", Path(file.name), len(content), "", 200, ""))


TIMES = st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-01-01/2026-01-02", 7])


@given(
    st.lists(st.tuples(SCALARS, TIMES, TIMES), min_size=1, max_size=4),
    st.sampled_from([("result", "phenomenonTime", "resultTime"), ("name", "validTime", "resultTime")]),
)
def test_flat_things_by_column_are_what_each_of_them_is_read_as(values: list, names: tuple[str, ...]) -> None:
    link = {"@iot.selfLink": "https://sta.example/1", "Datastream@iot.navigationLink": "x"}
    things = [{"@iot.id": number, **link, **dict(zip(names, row, strict=True))} for number, row in enumerate(values)]
    page = by_column(things)
    assert typed(read_flat_page(page)) == typed(map(read_thing, things))


CODES = {"kind": {1: "공영", "b": "민영"}}
LAYER = Layer("OBJECTID", True, None, True, frozenset({"at"}), CODES, None, {})
POINTS = st.one_of(
    st.fixed_dictionaries({"x": st.one_of(SCALARS, st.just("NaN")), "y": SCALARS}, optional={"z": SCALARS}),
    st.sampled_from(
        [None, {}, {"points": [[1, 2, 3]]}, {"rings": []}, {"curvePaths": [1]}, [], {"x": 1, "hasZ": True}]
    ),
)
NEAR = st.fixed_dictionaries({"x": st.floats(124, 132), "y": st.integers(33, 39)})
MOMENTS = st.one_of(st.integers(-(10**15), 10**15), SCALARS)
FEATURES = st.lists(
    st.fixed_dictionaries(
        {
            "attributes": st.fixed_dictionaries(
                {"OBJECTID": st.one_of(st.integers(1, 9), st.sampled_from(["a", None, True]))},
                optional={"kind": st.one_of(SCALARS, st.sampled_from([1, "b"])), "at": MOMENTS, "name": VALUES},
            )
        },
        optional={"geometry": st.one_of(NEAR, POINTS)},
    ),
    max_size=4,
)


@given(FEATURES, st.sampled_from(["code", "text"]), st.sampled_from([None, ["kind", "at"]]), st.booleans())
def test_features_by_column_are_what_each_of_them_is_read_as(features: list, domains: str, fields, has_z: bool) -> None:
    config = arcgis.Config(url="https://gis.example/FeatureServer/0", domains=domains, fields=fields)
    page = arcgis.features_by_column(features, config, LAYER, has_z=has_z)
    if page is not None:
        told = [arcgis.read_feature(feature, config, LAYER, has_z=has_z) for feature in features]
        assert (typed([dict(enumerate(page[0]))]), typed(page[1])) == (
            typed([dict(enumerate(identifier for identifier, _ in told))]),
            typed(row for _, row in told),
        )


def test_features_as_nearly_all_are_come_by_column() -> None:
    config = arcgis.Config(url="https://gis.example/FeatureServer/0", domains="text")
    attributes = {"OBJECTID": 1, "kind": 1, "at": 1577836801000, "name": None}
    features = [{"attributes": attributes, "geometry": {"x": 127.1, "y": 37}}, {"attributes": attributes}]
    for page in (features[:1], features):
        assert arcgis.features_by_column(page, config, LAYER, has_z=False) is not None
