import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import BadSchema
from catalog.records import TYPES, Column, Geometry, Schema, from_table_schema, to_table_schema
from catalog.records.schema import COORDINATE_SYSTEMS, RESERVED_NAMES
from catalog.text import Text


def schema_with(*columns: Column, **parts) -> Schema:
    return Schema(columns=columns, **parts)


TWO_NUMBERS = (Column("x", "number"), Column("y", "number"))

WRONG = [
    ("no columns", lambda: Schema(columns=()), "columns", "no columns", "열이 하나도 없습니다"),
    ("capital letter", lambda: schema_with(Column("Name")), "columns.Name", "lower-case", "소문자"),
    ("Korean name", lambda: schema_with(Column("이름")), "columns.이름", "lower-case", "소문자"),
    ("begins with a digit", lambda: schema_with(Column("1a")), "columns.1a", "lower-case", "소문자"),
    ("begins with an underscore", lambda: schema_with(Column("_row")), "columns._row", "lower-case", "소문자"),
    ("too long", lambda: schema_with(Column("a" * 64)), "columns." + "a" * 64, "lower-case", "소문자"),
    ("newline at the end", lambda: schema_with(Column("a\n")), "columns.a\n", "lower-case", "소문자"),
    ("two underscores", lambda: schema_with(Column("pm10__gt")), "columns.pm10__gt", "contains '__'", "'__'"),
    ("twice", lambda: schema_with(Column("a"), Column("a")), "columns.a", "two columns", "같은 이름의 열이 두 개"),
    ("unknown type", lambda: schema_with(Column("a", "text")), "columns.a", "allowed: string, integer", "쓸 수 있는 것: string"),
    ("unknown key", lambda: schema_with(Column("a"), key=("b",)), "key", "no column 'b'", "'b' 열이 없습니다"),
    ("unknown sort", lambda: schema_with(Column("a"), sorted_by=("b",)), "sorted_by", "no column 'b'", "'b' 열이 없습니다"),
    ("unknown time", lambda: schema_with(Column("a"), time="b"), "time", "no column 'b'", "'b' 열이 없습니다"),
    ("time that is no time", lambda: schema_with(Column("a"), time="a"), "time", "a date or datetime", "date 또는 datetime"),
    ("geometry as key", lambda: schema_with(Column("g", "geometry"), key=("g",)), "key", "geometry", "도형"),
    ("geometry as sort", lambda: schema_with(Column("g", "geometry"), sorted_by=("g",)), "sorted_by", "geometry", "도형"),
    ("coordinates as text", lambda: schema_with(Column("x"), Column("y"), geometry=Geometry("x", "y")), "geometry", "must be a number column", "number 열"),
    ("half a place", lambda: schema_with(*TWO_NUMBERS, geometry=Geometry("x")), "geometry", "must be a number column", "number 열"),
    ("place as text", lambda: schema_with(Column("g"), geometry=Geometry(column="g")), "geometry", "must be a geometry column", "geometry 열"),
    ("unknown system", lambda: schema_with(*TWO_NUMBERS, geometry=Geometry("x", "y", crs="EPSG:9999")), "geometry.crs", "allowed: EPSG:4326", "쓸 수 있는 것"),
    ("minimum of a date", lambda: schema_with(Column("d", "date", minimum=1)), "columns.d", "integer and number", "integer와 number"),
    ("maximum of a text", lambda: schema_with(Column("d", maximum=1)), "columns.d", "integer and number", "integer와 number"),
    ("crossed bounds", lambda: schema_with(Column("n", "number", minimum=2, maximum=1)), "columns.n", "greater than the maximum", "maximum보다"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "where", "english", "korean"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_a_schema_that_contradicts_itself_is_refused_with_its_place(make, where, english, korean):
    with pytest.raises(BadSchema) as caught:
        make()
    assert caught.value.values["where"] == where
    assert english in caught.value.text.en
    assert korean in caught.value.text.ko


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_column_cannot_be_called_like_a_parameter(name):
    with pytest.raises(BadSchema, match="is a query parameter") as caught:
        schema_with(Column(name))
    assert f"'{name}'은(는) 질문 매개변수와 겹치거나" in caught.value.text.ko


def test_a_column_without_a_source_name_is_called_the_same_at_the_platform():
    assert Column("lot_id").source_name == "lot_id"
    assert Column("lot_id", source="주차장관리번호").source_name == "주차장관리번호"


def test_the_document_is_a_table_schema_with_our_additions():
    schema = Schema(
        columns=(
            Column("lot_id", title=Text(ko="관리번호", en="Number"), source="prkplceNo", required=True),
            Column("pm10", "integer", unit="ug/m3", minimum=0, maximum=1000.5, missing=("-",)),
            Column("kind", enum=("공영", "민영"), description=Text(ko="구분")),
            Column("at", "datetime"),
            Column("place", "geometry"),
        ),
        key=("lot_id",),
        time="at",
        sorted_by=("at", "lot_id"),
        geometry=Geometry(column="place", crs="EPSG:5186"),
    )
    assert to_table_schema(schema) == {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [
            {
                "name": "lot_id",
                "type": "string",
                "title": "관리번호",
                "titles": {"ko": "관리번호", "en": "Number"},
                "source": "prkplceNo",
                "constraints": {"required": True},
            },
            {
                "name": "pm10",
                "type": "integer",
                "unit": "ug/m3",
                "missingValues": ["-"],
                "constraints": {"minimum": 0, "maximum": 1000.5},
            },
            {
                "name": "kind",
                "type": "string",
                "description": "구분",
                "descriptions": {"ko": "구분"},
                "constraints": {"enum": ["공영", "민영"]},
            },
            {"name": "at", "type": "datetime"},
            {"name": "place", "type": "geojson"},
        ],
        "missingValues": ["", "-", "null", "NULL", "N/A"],
        "primaryKey": ["lot_id"],
        "timeColumn": "at",
        "sortedBy": ["at", "lot_id"],
        "geometry": {"column": "place", "crs": "EPSG:5186"},
    }


words = st.text(max_size=8)
titles = st.builds(Text, ko=words, en=words)
bounds = st.one_of(st.none(), st.integers(-1000, 1000), st.floats(-1e9, 1e9))


@st.composite
def columns(draw, name: str) -> Column:
    kind = draw(st.sampled_from(list(TYPES)))
    low, high = None, None
    if kind in ("integer", "number"):
        low, high = draw(bounds), draw(bounds)
        if low is not None and high is not None and low > high:
            low, high = high, low
    return Column(
        name,
        kind,
        title=draw(titles),
        description=draw(titles),
        source=draw(words),
        unit=draw(words),
        required=draw(st.booleans()),
        enum=tuple(draw(st.lists(words, max_size=3))),
        minimum=low,
        maximum=high,
        missing=draw(st.none() | st.lists(words, max_size=3).map(tuple)),
    )


@st.composite
def schemas(draw) -> Schema:
    names = draw(
        st.lists(
            st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True).filter(lambda name: name not in RESERVED_NAMES),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    made = tuple(draw(columns(name)) for name in names)
    plain = [column.name for column in made if column.type != "geometry"]
    times = [column.name for column in made if column.type in ("date", "datetime")]
    numbers = [column.name for column in made if column.type == "number"]
    shapes = [column.name for column in made if column.type == "geometry"]
    some = st.lists(st.sampled_from(plain), unique=True).map(tuple) if plain else st.just(())
    systems = st.sampled_from(COORDINATE_SYSTEMS)
    places = [st.none()]
    if len(numbers) > 1:
        places.append(st.builds(Geometry, longitude=st.just(numbers[0]), latitude=st.just(numbers[1]), crs=systems))
    if shapes:
        places.append(st.builds(Geometry, column=st.sampled_from(shapes), crs=systems))
    return Schema(
        columns=made,
        key=draw(some),
        sorted_by=draw(some),
        time=draw(st.sampled_from(["", *times])),
        missing=tuple(draw(st.lists(words, max_size=3))),
        geometry=draw(st.one_of(places)),
    )


@settings(max_examples=60, deadline=None)
@given(schemas())
def test_a_schema_comes_back_from_its_document(schema):
    assert from_table_schema(to_table_schema(schema)) == schema
