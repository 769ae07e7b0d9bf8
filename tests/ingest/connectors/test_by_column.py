"""Pages by column: the sequence of their rows, whatever these have in common, and the same to whoever reads on."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors.by_column import ByColumn, by_column, rows_of
from ingest.connectors.ngsild import Config, read_entity
from ingest.connectors.ngsild_pages import read_plain_page
from ingest.connectors.pages import digest_of
from ingest.connectors.sensorthings import read_entity as read_thing
from ingest.connectors.sensorthings import read_flat_page

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


@given(RECORDS, RECORDS)
def test_pages_have_one_digest_if_and_only_if_they_are_the_same(one: list, other: list) -> None:
    same = typed(one) == typed(other)
    assert (digest_of(by_column(one)) == digest_of(by_column(other))) is same


ATTRIBUTES = st.one_of(
    SCALARS.map(lambda value: {"type": "Property", "value": value}),
    VALUES,
    st.just({"type": "Relationship", "object": "urn:b"}),
    st.just({"type": "Property"}),
    st.just({"type": ["Property"], "value": 1}),
    st.just({"type": "Property", "value": 1, "unitCode": "GQ"}),
)
ENTITIES = st.lists(
    st.dictionaries(st.sampled_from(["pm10", "name", "@context", "createdAt"]), ATTRIBUTES).map(
        lambda attributes: {"id": "urn:a", "type": "Air", **attributes}
    ),
    max_size=5,
)


@given(ENTITIES, st.sampled_from(["normalized", "keyValues"]))
def test_plain_entities_by_column_are_what_each_of_them_is_read_as(entities: list, representation: str) -> None:
    config = Config(url="https://broker.example/ngsi-ld/v1", type="Air", representation=representation)
    plain = read_plain_page(by_column(entities))
    if plain is not None:
        one_by_one = [row for entity in entities for row in read_entity(entity, "", config)]
        assert typed(plain) == typed(one_by_one)


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
