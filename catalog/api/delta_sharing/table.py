"""One table: its version, its metadata, its files, and what changed from version to version."""

import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from catalog.api.addresses import absolute
from catalog.api.delta_sharing.asked_versions import asked_span, asked_version, read_number, read_text
from catalog.api.delta_sharing.file_addresses import Addresses, expires_at
from catalog.api.delta_sharing.hints import may_hold, read_hints
from catalog.api.delta_sharing.schema_string import schema_string, statistics
from catalog.api.delta_sharing.tables import find_table
from catalog.api.delta_sharing.view import VERSION, SharingView
from catalog.errors import BadValue, TooBusy, UnknownParameter
from catalog.models import Dataset, Snapshot
from catalog.records import ChangeType, RowFile, Schema, from_table_schema, read_as
from catalog.shared_files import files_of_change, files_of_version
from catalog.text import Text
from catalog.versions import current_version, first_version_since, versions_between

Action = Mapping[str, Any]
PROTOCOL: Action = {"protocol": {"minReaderVersion": 1}}
SPAN = ("startingVersion", "endingVersion", "startingTimestamp", "endingTimestamp")
# All that the protocol names; those that are only about how an answer could be cut or remembered change nothing here.
ASKED = (
    "predicateHints", "jsonPredicateHints", "limitHint", "version", "timestamp", "startingVersion", "endingVersion",
    "maxFiles", "pageToken", "includeRefreshToken", "refreshToken", "idempotencyKey",
)  # fmt: skip
# How the rows of a change are told: whole files that came or went, or (of updates) by a column of the file.
TOLD_AS: Mapping[str, str] = {
    ChangeType.INSERT: "add",
    ChangeType.DELETE: "remove",
    ChangeType.BEFORE: "cdf",
    ChangeType.AFTER: "cdf",
}
# For who only follows files: an updated row went and came.
TOLD_AS_FILES: Mapping[str, str] = {**TOLD_AS, ChangeType.BEFORE: "remove", ChangeType.AFTER: "add"}


class VersionView(SharingView):
    parameters = ("startingTimestamp",)

    def get(self, request: Request, share: str, schema: str, table: str) -> HttpResponseBase:
        dataset = find_table(share, schema, table, request.user)
        text = read_text(request.GET, "startingTimestamp")
        snapshot = (
            current_version(dataset)
            if text is None
            else first_version_since(dataset, read_as("datetime", "startingTimestamp", text))
        )
        return HttpResponse(headers={VERSION: str(snapshot.version), "Cache-Control": "private, no-store"})


class MetadataView(SharingView):
    parameters = ("version", "timestamp")

    def get(self, request: Request, share: str, schema: str, table: str) -> HttpResponseBase:
        self.require_form()
        dataset = find_table(share, schema, table, request.user)
        snapshot = asked_version(dataset, request.GET)
        return self.lines(snapshot.version, [PROTOCOL, describe_version(request, dataset, snapshot)])


class QueryView(SharingView):
    """The files of a version, or with ``startingVersion`` those that came and went since."""

    http_method_names: ClassVar[list[str]] = ["post", "options"]

    def post(self, request: Request, share: str, schema: str, table: str) -> HttpResponseBase:
        self.require_form()
        given = request.data if isinstance(request.data, dict) else None
        if given is None:
            raise BadValue(parameter="body", value="", expected=Text(ko="JSON 객체 하나", en="one JSON object"))
        for name in given:
            if name not in ASKED:
                raise UnknownParameter(parameter=name, allowed=ASKED)
        dataset = find_table(share, schema, table, request.user)
        if given.get("startingVersion") is not None:
            return answer_changes(self, dataset, given, TOLD_AS_FILES, is_historical=True)
        snapshot = asked_version(dataset, given)
        files = chosen_files(dataset, snapshot, given)
        addresses, until = Addresses(request, dataset), expires_at(timezone.now())
        actions = [
            {"file": file_action(file, addresses, until) | {"stats": statistics(file, schema_of(snapshot))}}
            for file in files
        ]
        head = [PROTOCOL, describe_version(request, dataset, snapshot)]
        return self.lines(snapshot.version, [*head, *actions, *end_of(self, until)])


class ChangesView(SharingView):
    parameters = (*SPAN, "includeHistoricalMetadata")

    def get(self, request: Request, share: str, schema: str, table: str) -> HttpResponseBase:
        self.require_form()
        dataset = find_table(share, schema, table, request.user)
        historical = (read_text(request.GET, "includeHistoricalMetadata") or "false").lower()
        if historical not in ("true", "false"):
            raise BadValue(parameter="includeHistoricalMetadata", value=historical, expected="true, false")
        return answer_changes(self, dataset, request.GET, TOLD_AS, is_historical=historical == "true")


def answer_changes(
    view: SharingView, dataset: Dataset, given: Mapping[str, Any], told_as: Mapping[str, str], *, is_historical: bool
) -> HttpResponse:
    """Answer with the files of what changed in each version of a span, the oldest first."""
    span = asked_span(dataset, given)
    versions = versions_between(dataset, span.first, span.last)
    before = versions[0] if versions[0].version < span.first else None
    pairs = list(pairwise(versions if before else [None, *versions]))
    addresses, until = Addresses(view.request, dataset), expires_at(timezone.now())
    first = pairs[0][1] if is_historical else versions[-1]
    lines = [PROTOCOL, describe_version(view.request, dataset, first)]
    deadline = time.monotonic() + settings.QUERY_SECONDS
    for older, newer in pairs:
        if time.monotonic() > deadline:  # what was compared until now is kept, so that asking again goes on from here
            raise TooBusy(retry_after=1)
        if is_historical and older is not None and newer is not first and older.schema != newer.schema:
            lines.append(describe_version(view.request, dataset, newer))
        for file in files_of_change(dataset, older, newer):
            kind = told_as[file.change]
            action = file_action(file, addresses, until) | {
                "version": newer.version,
                "timestamp": milliseconds(newer),
            }
            if kind == "add":
                action["stats"] = statistics(file, schema_of(newer))
            lines.append({kind: action})
    return view.lines(span.first, [*lines, *end_of(view, until)])


def chosen_files(dataset: Dataset, snapshot: Snapshot, given: Mapping[str, Any]) -> Iterator[RowFile]:
    """Yield the files that can hold what is asked; with a limit alone as many as it takes."""
    schema = schema_of(snapshot)
    tree = read_hints(read_text(given, "jsonPredicateHints"))
    is_filtered = tree is not None or bool(given.get("predicateHints"))
    limit = None if is_filtered else read_number(given, "limitHint")
    rows = 0
    for file in files_of_version(dataset, snapshot):
        if limit is not None and rows >= limit:
            return
        if tree is None or may_hold(file, tree, schema):
            rows += file.rows
            yield file


def describe_version(request: Request, dataset: Dataset, snapshot: Snapshot) -> Action:
    told = {
        "licence": dataset.licence,
        "landingPage": absolute(request, f"/dataset/{dataset.slug}"),
        "snapshot": snapshot.digest,
    }
    titles = " / ".join(filter(None, (dataset.title_ko, dataset.title_en)))
    return {
        "metaData": {
            "id": str(dataset.pk),
            "name": dataset.slug,
            "description": titles,
            "format": {"provider": "parquet"},
            "schemaString": schema_string(schema_of(snapshot)),
            "partitionColumns": [],
            "configuration": {"enableChangeDataFeed": "true"} | {f"hub.{name}": text for name, text in told.items()},
            "version": snapshot.version,
        }
    }


def file_action(file: RowFile, addresses: Addresses, until: int) -> dict[str, Any]:
    return {
        "url": addresses.of(file),
        "id": file.digest,
        "partitionValues": {},
        "size": file.size,
        "expirationTimestamp": until,
    }


def end_of(view: SharingView, until: int) -> list[Action]:
    """Return the line that says that nothing is missing, for clients that ask for it."""
    return [{"endStreamAction": {"minUrlExpirationTimestamp": until}}] if view.wants_end else []


def schema_of(snapshot: Snapshot) -> Schema:
    return from_table_schema(snapshot.schema)


def milliseconds(snapshot: Snapshot) -> int:
    return int(snapshot.published_at.timestamp() * 1000)
