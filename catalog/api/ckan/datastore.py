"""Actions about records: ``datastore_search`` and ``datastore_info`` over the records that the hub serves.

Unlike other actions these refuse parameters that they do not know, as CKAN's datastore does.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import InvalidParameters, NothingFound
from catalog.api.ckan.resource_ids import MAIN, resource_id
from catalog.api.ckan.shown import find_resource
from catalog.browse import Browsed, browsable_schema, browse
from catalog.errors import BadValue
from catalog.models import Dataset
from catalog.records import Column, Schema
from catalog.records.expressions import ColumnRef, Expression, compare
from catalog.records.query import Order
from catalog.records.values import read_value
from catalog.records.window import Window, Word
from catalog.text import Text

DEFAULT_LIMIT = 100
MOST_ROWS = 32_000
MOST_OFFSET = 2_000_000_000
NUMBER = "_id"
# what a column of ours is in CKAN's datastore
TYPES = {
    "string": "text",
    "integer": "int",
    "number": "numeric",
    "boolean": "bool",
    "date": "date",
    "datetime": "timestamptz",
    "time": "text",
    "geometry": "json",
}
SEARCH_PARAMETERS = (
    "resource_id", "id", "filters", "q", "full_text", "distinct", "plain", "language", "limit", "offset", "fields", "sort",
    "include_total", "total_estimation_threshold", "records_format", "include_next_page", "force",
)  # fmt: skip
INFO_PARAMETERS = ("resource_id", "id", "include_meta", "include_fields_schema")


def datastore_search(call: Call) -> dict[str, Any]:
    refuse_others(call, SEARCH_PARAMETERS)
    dataset, identifier = find_records(call)
    encode = read_format(call)
    browsed = browse(dataset, call.viewer, lambda schema: read_window(call, schema))
    window, seen = browsed.window, browsed.seen
    names = shown_names(call, browsed.schema, window)
    answer: dict[str, Any] = {
        "resource_id": identifier,
        "include_total": window.with_total,
        "records_format": call.text("records_format") or "objects",
        "fields": [field_of(name, browsed.schema) for name in names],
        "records": encode(browsed, names),
        "limit": window.limit,
        "offset": window.offset,
        "_links": links(call, identifier, window),
    }
    for name in ("q", "filters", "sort"):
        if value := call.document(name):
            answer[name] = value
    if window.with_total:
        answer |= {"total": seen.total, "total_was_estimated": False}
        if call.whole("limit", DEFAULT_LIMIT) > MOST_ROWS and seen.total > window.offset + window.limit:
            answer["records_truncated"] = True
    return answer


def datastore_info(call: Call) -> dict[str, Any]:
    refuse_others(call, INFO_PARAMETERS)
    dataset, identifier = find_records(call)
    schema = browsable_schema(dataset, call.viewer)
    snapshot = dataset.current_snapshot
    size = sum(part.size for part in snapshot.parts.all())
    return {
        "meta": {
            "id": identifier,
            "count": snapshot.records,
            "size": size,
            "db_size": size,
            "idx_size": 0,
            "table_type": "BASE TABLE",
            "aliases": [],
        },
        "schema": {name: TYPES[schema[name].type] for name in schema.names},
        "fields": [field_of(name, schema) | {"schema": column_schema(name, schema)} for name in schema.names],
    }


def refuse_others(call: Call, allowed: Sequence[str]) -> None:
    others = [name for name in call.parameters if name not in allowed]
    if others:
        text = Text(ko=f"모르는 매개변수: {', '.join(others)}", en=f"extra keys in data: {', '.join(others)}")
        raise InvalidParameters({"__junk": text})


def find_records(call: Call) -> tuple[Dataset, str]:
    """Return the dataset whose records a resource holds; a resource without a datastore has none."""
    identifier = call.required("resource_id", "id")
    row, format_name = find_resource(identifier, call.viewer)
    if row.schema is None or format_name != MAIN:
        raise NothingFound(name=identifier)
    dataset = row.dataset
    dataset.distribution = row
    return dataset, resource_id(row.uid)


def read_window(call: Call, schema: Schema) -> Window:
    """Return what a call looks at, checked against the schema of the records."""
    order, is_backwards = read_sort(call, schema)
    return Window(
        select=tuple(name for name in read_fields(call, schema) if name != NUMBER) or schema.names[:1],
        conditions=tuple(read_filters(call, schema)),
        words=tuple(read_words(call, schema)),
        order_by=tuple(order),
        is_backwards=is_backwards,
        distinct=call.flag("distinct", False),
        offset=call.whole("offset", 0, most=MOST_OFFSET),
        limit=call.whole("limit", DEFAULT_LIMIT, most=MOST_ROWS),
        with_total=call.flag("include_total", True),
    )


def read_fields(call: Call, schema: Schema) -> list[str]:
    return [known_column(name, "fields", schema) for name in call.texts("fields")] or [NUMBER, *schema.names]


def shown_names(call: Call, schema: Schema, window: Window) -> list[str]:
    """Return the columns of the answer; distinct rows have no numbers."""
    return [name for name in read_fields(call, schema) if name != NUMBER or not window.distinct]


def known_column(name: str, parameter: str, schema: Schema) -> str:
    plain = name.strip().strip('"')
    if plain != NUMBER and plain not in schema:
        columns = ", ".join(schema.names)
        text = Text(
            ko=f"'{plain}' 열이 없습니다. 있는 열: {columns}", en=f'field "{plain}" not in table; it has: {columns}'
        )
        raise InvalidParameters({parameter: text})
    return plain


def read_filters(call: Call, schema: Schema) -> list[Expression]:
    """Read ``{"column": value}``; several values are alternatives, an empty one means an empty cell."""
    filters = call.document("filters")
    if filters in (None, ""):
        return []
    if not isinstance(filters, Mapping):
        raise InvalidParameters({"filters": Text(ko="JSON 객체여야 합니다", en="Must be a JSON object")})
    return [read_filter(known_filter(str(name), schema), value, schema) for name, value in filters.items()]


def known_filter(name: str, schema: Schema) -> str:
    plain = known_column(name, "filters", schema)
    if plain == NUMBER:
        text = Text(
            ko="행 번호로는 거를 수 없습니다. offset을 쓰십시오", en="cannot filter by _id; use offset and limit"
        )
        raise InvalidParameters({"filters": text})
    return plain


def read_filter(name: str, value: object, schema: Schema) -> Expression:
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(one, (Mapping, list)) for one in values):
        text = Text(ko=f"'{name}': 값 또는 값의 목록이어야 합니다", en=f"'{name}': must be a value or a list of values")
        raise InvalidParameters({"filters": text})
    if all(one is None for one in values):
        return compare("isnull", schema[name])
    column = schema[name]
    try:
        read = tuple(read_value(name, as_words(one), column) for one in values if one is not None)
    except BadValue as error:
        raise InvalidParameters({"filters": error.text}) from error
    except KeyError as error:  # geometries are compared with nothing
        raise InvalidParameters(
            {"filters": Text(ko=f"'{name}'으로는 거를 수 없습니다", en=f"cannot filter by '{name}'")}
        ) from error
    return compare("in", column, read) if len(read) > 1 else compare("eq", column, read[0])


def as_words(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_words(call: Call, schema: Schema) -> list[Word]:
    """Read ``q``: words that a row must hold anywhere, or ``{"column": words}``."""
    question = call.document("q")
    if question in (None, "", {}):
        return []
    if not call.flag("plain", True):
        raise InvalidParameters({"plain": Text(ko="plain=true만 됩니다", en="only plain=true is possible")})
    if isinstance(question, Mapping):
        return [
            Word(word, known_filter(str(name), schema))
            for name, words in question.items()
            for word in as_words(words).split()
        ]
    return [Word(word) for word in call.text("q").split()]


def read_sort(call: Call, schema: Schema) -> tuple[list[Order], bool]:
    """Read ``column desc, other``; the second value tells whether ``_id`` is sorted by from its end."""
    order: list[Order] = []
    for part in call.texts("sort"):
        name, _, direction = part.rpartition(" ") if part.lower().endswith((" asc", " desc")) else (part, "", "asc")
        plain = known_column(name, "sort", schema)
        is_descending = direction.lower() == "desc"
        if plain == NUMBER:
            return order, is_descending
        order.append(Order(ColumnRef(plain, schema[plain].type), descending=is_descending))
    return order, False


def read_format(call: Call) -> Callable[[Browsed, Sequence[str]], Any]:
    name = call.text("records_format") or "objects"
    if name not in FORMATS:
        allowed = ", ".join(FORMATS)
        raise InvalidParameters(
            {"records_format": Text(ko=f"쓸 수 있는 것: {allowed}", en=f"Value must be one of: {allowed}")}
        )
    return FORMATS[name]


def as_objects(browsed: Browsed, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: record.get(name) for name in names} for record in numbered(browsed)]


def as_lists(browsed: Browsed, names: Sequence[str]) -> list[list[Any]]:
    return [[record.get(name) for name in names] for record in numbered(browsed)]


def numbered(browsed: Browsed) -> Sequence[dict[str, Any]]:
    records = list(browsed.records())
    for number, record in zip(browsed.seen.numbers, records, strict=False):
        record[NUMBER] = number
    return records


def divided_by(divider: str) -> Callable[[Browsed, Sequence[str]], str]:
    """Return the writer of rows as one text without a heading, as CKAN does."""

    def write(browsed: Browsed, names: Sequence[str]) -> str:
        sink = io.StringIO()
        writer = csv.writer(sink, delimiter=divider, lineterminator="\n")
        for row in as_lists(browsed, names):
            writer.writerow([as_cell(value) for value in row])
        return sink.getvalue()

    return write


def as_cell(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, orjson.Fragment):
        return value.contents if isinstance(value.contents, str) else value.contents.decode()
    return as_words(value) if isinstance(value, bool) else value


FORMATS: Mapping[str, Callable[[Browsed, Sequence[str]], Any]] = {
    "objects": as_objects,
    "lists": as_lists,
    "csv": divided_by(","),
    "tsv": divided_by("\t"),
}


def field_of(name: str, schema: Schema) -> dict[str, Any]:
    """Return a column with its place in the data dictionary."""
    if name == NUMBER:
        return {"id": NUMBER, "type": "int"}
    column = schema[name]
    return {"id": name, "type": TYPES[column.type], "info": dictionary_entry(column)}


def dictionary_entry(column: Column) -> dict[str, Any]:
    info = {
        "label": column.title.in_language("ko"),
        "label_en": column.title.en,
        "notes": column.description.in_language("ko"),
        "notes_en": column.description.en,
        "unit": column.unit,
        "type_override": "",
    }
    return {name: value for name, value in info.items() if value or name in ("label", "notes", "type_override")}


def column_schema(name: str, schema: Schema) -> dict[str, Any]:
    return {
        "notnull": schema[name].required,
        "is_index": False,
        "index_name": None,
        "uniquekey": schema.key == (name,),
        "native_type": TYPES[schema[name].type],
    }


def links(call: Call, identifier: str, window: Window) -> dict[str, str]:
    """Return the addresses of this question from its start and of the next page."""
    kept = {
        name: as_parameter(value)
        for name, value in call.parameters.items()
        if name not in ("offset", "id", "resource_id")
    }
    kept = {"resource_id": identifier, **kept}
    path = f"/api/3/action/{call.action}"
    start = f"{path}?{urlencode(kept)}"
    following = urlencode({**kept, "offset": window.offset + window.limit, "limit": window.limit})
    return {"start": start, "next": f"{path}?{following}"}


def as_parameter(value: object) -> str:
    if isinstance(value, (Mapping, list)):
        return orjson.dumps(value).decode()
    return as_words(value)


ACTIONS = (
    Action(
        "datastore_search",
        datastore_search,
        Text(ko="레코드 찾기", en="The records of a resource: filtered, searched, sorted, by offset."),
        tuple(name for name in SEARCH_PARAMETERS if name not in ("id", "force", "full_text")),
    ),
    Action(
        "datastore_info",
        datastore_info,
        Text(ko="레코드의 열과 수", en="The columns and the number of the records of a resource."),
        ("resource_id",),
    ),
)
