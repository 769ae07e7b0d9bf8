"""What holds of every format; what is special about one stands in ``test_encode_<format>.py``."""

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_records import EMPTY, NASTY, READERS, SCHEMA, TELL_EMPTY_TEXT, batches_of, shown, written
from record_rooms import make_schema

from catalog.errors import Unanswerable
from catalog.records import FORMATS, Column, Schema, as_dictionaries, encode, media_type_of
from catalog.records.encode import json_array
from catalog.records.encode.json import FEW


def test_every_format_has_a_reader_that_is_not_ours():
    assert list(READERS) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_nasty_values_are_exact_in_every_format(tmp_path, name):
    found = READERS[name](written(NASTY, SCHEMA, name, formulas="raw", spool=tmp_path), tmp_path)
    expected = [shown(row) for row in NASTY]
    if name not in TELL_EMPTY_TEXT:
        expected = [row | {"name": row["name"] or None} for row in expected]
    assert found == expected


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sizes", [1, 100])
def test_the_batches_do_not_show_in_the_answer(tmp_path, name, sizes):
    rows = [dict(row) for row in NASTY]
    some, others = (
        b"".join(encode(batches_of(rows, SCHEMA, size), SCHEMA, name, spool=tmp_path)) for size in (sizes, 4)
    )
    assert READERS[name](some, tmp_path) == READERS[name](others, tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_equal_records_give_equal_bytes(tmp_path, name):
    """The entity tag is strong."""
    assert written(NASTY, SCHEMA, name, spool=tmp_path) == written(NASTY, SCHEMA, name, spool=tmp_path)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("batches", [[], batches_of([], SCHEMA), batches_of(NASTY[:0], SCHEMA)], ids=["no", "1", "0"])
def test_an_empty_answer_is_a_well_formed_nothing(tmp_path, name, batches):
    assert READERS[name](b"".join(encode(batches, SCHEMA, name, spool=tmp_path)), tmp_path) == []


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "xlsx"])  # whose reader drops empty rows
def test_an_answer_of_empty_records_has_as_many(tmp_path, name):
    assert READERS[name](written([EMPTY] * 5, SCHEMA, name, spool=tmp_path), tmp_path) == [EMPTY] * 5


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("when", [0, 2], ids=["first", "later"])
def test_what_fails_in_a_batch_fails_as_it_is_and_leaves_no_file(tmp_path, name, when):
    def fails():
        yield from tuple(batches_of(NASTY, SCHEMA))[:when]
        raise Unanswerable(parameter="records", reason="too early to tell")

    chunks = encode(fails(), SCHEMA, name, spool=tmp_path / "spool")
    with pytest.raises(Unanswerable):
        next(chunks) if when == 0 else list(chunks)
    assert list((tmp_path / "spool").rglob("*")) == []


@pytest.mark.parametrize("name", FORMATS)
def test_who_stops_reading_leaves_no_file(tmp_path, name):
    chunks = encode(batches_of(NASTY, SCHEMA), SCHEMA, name, spool=tmp_path / "spool")
    assert next(chunks)
    chunks.close()
    assert list((tmp_path / "spool").rglob("*")) == []


@pytest.mark.parametrize("name", FORMATS)
def test_no_chunk_is_empty(tmp_path, name):
    """A server that answers in chunks takes an empty one for the end."""
    empty = next(batches_of([], SCHEMA))
    batches = [empty, *batches_of(NASTY, SCHEMA), empty]
    assert b"" not in list(encode(batches, SCHEMA, name, spool=tmp_path))


@pytest.mark.parametrize("name", FORMATS)
def test_wider_types_of_the_engine_are_what_the_schema_says(tmp_path, name):
    schema = make_schema(total="integer", name="string")
    batch = pa.record_batch(
        {"name": pa.array(["가"], pa.large_string()), "total": pa.array([12], pa.decimal128(38, 0)), "_row": [1]}
    )
    if FORMATS[name].needs_place:
        return
    data = b"".join(encode([batch], schema, name, spool=tmp_path))
    assert data == b"".join(encode([pa.record_batch({"total": [12], "name": ["가"]})], schema, name, spool=tmp_path))


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_only_csv_has_a_choice_of_encodings(name, encoding):
    for refuses in (
        lambda: encode([], SCHEMA, name, encoding=encoding),
        lambda: media_type_of(FORMATS[name], encoding),
    ):
        with pytest.raises(Unanswerable) as caught:
            refuses()
        assert "only CSV has a choice of encodings" in caught.value.text.en
        assert "CSV에서만 고를 수 있고" in caught.value.text.ko


def test_media_types_tell_the_character_set_of_csv():
    assert media_type_of(FORMATS["csv"], "utf-8") == "text/csv; charset=utf-8"
    assert media_type_of(FORMATS["csv"], "utf-8-sig") == "text/csv; charset=utf-8"
    assert media_type_of(FORMATS["csv"], "cp949") == "text/csv; charset=cp949"
    assert media_type_of(FORMATS["json"], "utf-8") == "application/json"


def test_every_format_has_a_label_and_a_media_type_of_its_own():
    assert len({format_.media_type for format_ in FORMATS.values()}) == len(FORMATS)
    assert all(format_.label.ko and format_.label.en for format_ in FORMATS.values())
    assert [name for name, format_ in FORMATS.items() if format_.has_encodings] == ["csv"]
    assert {name for name, format_ in FORMATS.items() if format_.needs_place} == {"geojson", "fgb"}
    assert {name for name, format_ in FORMATS.items() if format_.is_compressed} == {"parquet", "xlsx"}


def test_what_lies_in_memory_beneath_and_behind_the_values_does_not_show():
    """The engine leaves there what there was; the entity tag promises equal bytes."""
    known = pa.py_buffer(b"\x05")
    values = [
        pa.Array.from_buffers(pa.int64(), 3, [known, pa.py_buffer(np.array([1, rubbish, 3, rubbish]))])
        for rubbish in (0, 99)
    ]
    one, other = (
        b"".join(encode([pa.record_batch({"i": array})], make_schema(i="integer"), "arrow")) for array in values
    )
    assert one == other


# --- a page


@pytest.mark.parametrize("rows", [0, 1, FEW - 1, FEW, FEW + 1])
def test_a_page_is_written_the_same_one_by_one_and_at_once(rows):
    records = [NASTY[number % len(NASTY)] for number in range(rows)]
    table = pa.Table.from_batches(list(batches_of(records, SCHEMA)))
    assert json.loads(json_array(table, SCHEMA)) == [shown(row) for row in records]
    assert list(as_dictionaries(table, SCHEMA)) == [shown(row) for row in records]


@pytest.mark.parametrize("rows", [1, FEW])
def test_a_page_takes_wider_types_and_has_only_the_columns_of_its_schema(rows):
    table = pa.table({"_row": [1] * rows, "total": pa.array([12] * rows, pa.decimal128(38, 0))})
    assert json.loads(json_array(table, make_schema(total="integer"))) == [{"total": 12}] * rows


NO_NUMBERS = [float("nan"), float("inf"), float("-inf"), 1.5]


@pytest.mark.parametrize("name", ["json", "ndjson", "csv"])
def test_what_is_no_number_is_missing_in_texts(name):
    data = b"".join(encode([pa.record_batch({"n": pa.array(NO_NUMBERS)})], make_schema(n="number"), name))
    assert (
        data.decode().replace("null", "").replace("\n", " ").split()
        == {
            "json": ['[{"n":},{"n":},{"n":},{"n":1.5}]'],
            "ndjson": ['{"n":}', '{"n":}', '{"n":}', '{"n":1.5}'],
            "csv": ['"n"', "1.5"],
        }[name]
    )


# --- any values

values = st.fixed_dictionaries(
    {
        "s": st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
        "on": st.none() | st.dates(),
        "at": st.none() | st.datetimes(min_value=dt.datetime(1, 1, 2)).map(lambda moment: moment.replace(tzinfo=KST)),
    }
)
KST = dt.timezone(dt.timedelta(hours=9))
ANY = Schema(
    columns=(
        Column("s"),
        Column("i", "integer"),
        Column("n", "number"),
        Column("b", "boolean"),
        Column("on", "date"),
        Column("at", "datetime"),
    )
)
TEXTS = ("json", "ndjson", "parquet")


@settings(max_examples=60, deadline=None)
@given(st.lists(values, max_size=10))
def test_formats_tell_the_same_of_any_values(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    expected = [shown(row) for row in rows]
    for name in TEXTS:
        assert READERS[name](written(rows, ANY, name), folder) == expected
