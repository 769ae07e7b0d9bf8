"""What a CKAN portal says of a resource: its dataset's title and licence, the fields of the datastore or of the file."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping

from ingest.connectors import file_describe
from ingest.connectors.ckan import (
    NO_DATASTORE,
    ROW_NUMBER,
    Config,
    act,
    file_of,
    find_resource,
    no_result,
)
from ingest.connectors.described import Checked, Described, DescribedColumn, told_text
from ingest.errors import BadSetup
from ingest.http import Answer, Session

# What its loader found; "text" is what it calls everything that it knows nothing of.
TYPES: Mapping[str, str] = {
    "int": "integer",
    "int4": "integer",
    "int8": "integer",
    "float8": "number",
    "numeric": "number",
    "bool": "boolean",
    "date": "date",
    "timestamp": "datetime",
    "timestamptz": "datetime",
    "time": "time",
}


def check(config: Config, http: Session, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Find the resource, and ask for its number of records or for the head of its file."""
    started = clock()
    answer, resource = resource_of(config, http)
    if is_in_datastore(config, resource):
        _, result = ask_fields(config, http, resource)
        rows = result.get("total")
        return Checked(clock() - started, rows if type(rows) is int else None)
    checked = file_describe.check(file_of(config, resource, answer), http)
    return dataclasses.replace(checked, seconds=clock() - started)


def describe(config: Config, http: Session) -> Described:
    answer, resource = resource_of(config, http)
    _, dataset = act(config, http, "package_show", {"id": config.dataset})
    about = Described(
        title=told_text(resource.get("name") or dataset.get("title")),
        description=told_text(resource.get("description") or dataset.get("notes")),
        licence=str(dataset.get("license_title") or dataset.get("license_id") or "")[:500],
        format=str(resource.get("format") or ""),
    )
    if not is_in_datastore(config, resource):
        found = file_describe.describe(file_of(config, resource, answer), http)
        return dataclasses.replace(found, title=about.title, description=about.description, licence=about.licence)
    answer, result = ask_fields(config, http, resource)
    fields = result.get("fields")
    if not isinstance(fields, list) or not all(isinstance(one, dict) and "id" in one for one in fields):
        raise no_result(answer, "fields", result)
    rows = result.get("total")
    return dataclasses.replace(about, columns=tuple(columns_of(fields)), rows=rows if type(rows) is int else None)


def resource_of(config: Config, http: Session) -> tuple[Answer, Mapping[str, object]]:
    if config.key:
        http.keep_secret(config.key.get_secret_value())
    return find_resource(config, http)


def is_in_datastore(config: Config, resource: Mapping[str, object]) -> bool:
    in_datastore = resource.get("datastore_active") is True
    if config.take == "datastore" and not in_datastore:
        raise BadSetup(where="take", problem=NO_DATASTORE)
    return config.take != "file" and in_datastore


def ask_fields(config: Config, http: Session, resource: Mapping[str, object]) -> tuple[Answer, Mapping[str, object]]:
    """Ask for the first page as ``read`` does, so that it need not be asked for twice."""
    question = {"resource_id": str(resource["id"]), "limit": str(config.page_size), "offset": "0", "sort": ROW_NUMBER}
    return act(config, http, "datastore_search", question)


def columns_of(fields: list[Mapping[str, object]]) -> Iterator[DescribedColumn]:
    """Yield the fields; what the publisher wrote in the data dictionary stands in ``info``."""
    for field in fields:
        if field["id"] == ROW_NUMBER:
            continue
        info = field.get("info")
        told = info if isinstance(info, dict) else {}
        yield DescribedColumn(
            str(field["id"]),
            TYPES.get(str(told.get("type_override") or field.get("type")), ""),
            told_text(told.get("label")),
            told_text(told.get("notes")),
            str(told.get("unit") or ""),
        )
