"""The door of Delta Sharing without a client: pages, forms, hints, errors, and addresses of files that end."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from catalog import shared_files
from catalog.api.delta_sharing.file_addresses import SALT
from catalog.files import collect_orphan_files
from catalog.keys import forget_found_keys, issue_key, revoke_key
from catalog.models import Dataset, Snapshot
from catalog.publish import guard_dataset, restore_dataset, withdraw_dataset
from catalog.records import Column, Schema
from catalog.shared_files import collect_shared, forget_shared, shared_folder

pytestmark = pytest.mark.django_db
SHARES = "/delta-sharing/shares"
TABLE = f"{SHARES}/hub/schemas/hanbit-city/tables/air-quality"
KEYED = Schema(columns=(Column("id", "integer", required=True), Column("name"), Column("at", "datetime")), key=("id",))
REASON = {"access_reason": {"ko": "시설 보안", "en": "security"}}


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    forget_found_keys()
    yield
    forget_found_keys()


@pytest.fixture
def air() -> Dataset:
    dataset = make_dataset()
    publish_rows(dataset)
    return dataset


@pytest.fixture
def keyed() -> Dataset:
    dataset = make_dataset("keyed", schema=KEYED)
    for first, number in ((0, 50), (100, 10), (200, 10)):
        rows = [
            {"id": f"{first + at}", "name": "가", "at": f"2026-08-0{first // 100 + 1} 09:00"} for at in range(number)
        ]
        publish_rows(dataset, rows, mode="upsert")
    return dataset


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in answer.content.splitlines()]


def query(client: Client, table: str = TABLE, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return client.post(f"{table}/query", json.dumps(body), content_type="application/json", headers=headers or {})


def files(client: Client, slug: str, **body: Any) -> list[dict[str, Any]]:
    told = lines(query(client, f"{SHARES}/hub/schemas/hanbit-city/tables/{slug}", **body))
    return [line["file"] for line in told if "file" in line]


def path_of(address: str) -> str:
    return urlsplit(address).path


def refused(answer: Any, status: int, code: str, *words: str) -> None:
    told = json.loads(answer.content)
    assert (answer.status_code, set(told), told["errorCode"]) == (status, {"errorCode", "message"}, code)
    assert all(word in told["message"] for word in words), told["message"]
    korean, _, english = told["message"].partition(" / ")
    assert any("가" <= letter <= "힣" for letter in korean) and english


def test_lists_come_in_pages(client: Client) -> None:
    for city in ("a-city", "b-city", "c-city"):
        make_organisation(city)
        for at in range(2):
            publish_rows(make_dataset(f"{city}-{at}", organisation=city))
    for path, field in ((f"{SHARES}/hub/schemas", "name"), (f"{SHARES}/hub/all-tables", "name")):
        whole = [entry[field] for entry in client.get(path).json()["items"]]
        walked, token = [], client.get(path, {"maxResults": "0"}).json()
        assert token["items"] == []
        while "nextPageToken" in token:
            token = client.get(path, {"maxResults": "2", "pageToken": token["nextPageToken"]}).json()
            walked += [entry[field] for entry in token["items"]]
        assert walked == whole == sorted(whole)
    assert [row["name"] for row in client.get(f"{SHARES}/HUB/schemas/B-City/tables").json()["items"]] == [
        "b-city-0",
        "b-city-1",
    ]
    assert client.get(f"{SHARES}/hub").json() == {"share": {"name": "hub"}}
    assert client.get(SHARES).json() == {"items": [{"name": "hub"}]}


def test_a_query_tells_protocol_metadata_and_files(client: Client, air: Dataset) -> None:
    answer = query(
        client, headers={"Delta-Sharing-Capabilities": "responseformat=delta,parquet;includeEndStreamAction=true"}
    )
    protocol, metadata, file, end = lines(answer)
    assert answer["Delta-Table-Version"] == "0"
    assert answer["Delta-Sharing-Capabilities"] == "responseformat=parquet;includeendstreamaction=true"
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    told = metadata["metaData"]
    assert (told["id"], told["name"], told["description"]) == (str(air.pk), "air-quality", "대기질 측정 / Air quality")
    assert told["format"] == {"provider": "parquet"} and told["partitionColumns"] == []
    fields = json.loads(told["schemaString"])["fields"]
    assert [(field["name"], field["type"]) for field in fields] == [
        ("station_id", "string"),
        ("district", "string"),
        ("pm10", "long"),
        ("observed_on", "date"),
    ]
    assert fields[2]["metadata"] == {
        "comment": "미세먼지 / PM10 [ug/m3]",
        "title_ko": "미세먼지",
        "title_en": "PM10",
        "unit": "ug/m3",
    }
    stats = json.loads(file["file"]["stats"])
    assert stats["numRecords"] == 3
    assert (stats["minValues"]["pm10"], stats["maxValues"]["observed_on"]) == (34, "2018-01-03")
    assert (
        end["endStreamAction"]["minUrlExpirationTimestamp"] == file["file"]["expirationTimestamp"] > time.time() * 1000
    )
    plain = query(client)
    assert (plain["Delta-Sharing-Capabilities"], len(lines(plain))) == ("responseformat=parquet", 3)
    version = client.get(f"{TABLE}/version")
    assert (version["Delta-Table-Version"], version.content) == ("0", b"")
    assert lines(client.get(f"{TABLE}/metadata")) == [protocol, metadata]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({}, 3),
        ({"limitHint": 50}, 1),
        ({"limitHint": 51}, 2),
        ({"limitHint": 0}, 0),
        ({"predicateHints": ["id = 5"]}, 3),
        ({"predicateHints": ["id = 5"], "limitHint": 1}, 3),
        ({"jsonPredicateHints": "no JSON"}, 3),
        ({"jsonPredicateHints": {"op": "equal", "value": "105"}}, 1),
        ({"jsonPredicateHints": {"op": "equal", "value": "105"}, "limitHint": 1}, 1),
        ({"jsonPredicateHints": {"op": "lessThan", "value": "100"}}, 1),
        ({"jsonPredicateHints": {"op": "lessThanOrEqual", "value": "100"}}, 2),
        ({"jsonPredicateHints": {"op": "greaterThan", "value": "209"}}, 0),
        ({"jsonPredicateHints": {"op": "greaterThan", "value": "no number"}}, 3),
        ({"jsonPredicateHints": {"op": "strange", "value": "1"}}, 3),
    ],
)
def test_hints_leave_out_only_what_cannot_matter(
    client: Client, keyed: Dataset, body: dict[str, Any], kept: int
) -> None:
    asked = body.get("jsonPredicateHints")
    if isinstance(asked, dict):
        column = {"op": "column", "name": "ID", "valueType": "long"}
        literal = {"op": "literal", "value": asked["value"], "valueType": "long"}
        body = body | {"jsonPredicateHints": json.dumps({"op": asked["op"], "children": [column, literal]})}
    assert len(files(client, "keyed", **body)) == kept


COLUMN = {"op": "column", "name": "id"}


def tree(name: str, *children: Any) -> dict[str, Any]:
    """Return a condition; plain children are literals."""
    whole = [child if isinstance(child, dict) else {"op": "literal", "value": child} for child in children]
    return {"op": name, "children": whole}


TREES = [
    (tree("and", tree("greaterThan", COLUMN, "60"), tree("lessThan", COLUMN, "150")), 1),
    (tree("or", tree("equal", COLUMN, "5"), tree("equal", "205", COLUMN)), 2),
    (tree("not", tree("equal", COLUMN, "5")), 3),
    (tree("in", COLUMN, "5", "7"), 1),
    (tree("greaterThan", "100", COLUMN), 1),
    (tree("greaterThan", {"op": "column", "name": "other"}, "1"), 3),
    (tree("isNull", COLUMN), 3),
    ([], 3),
]


def test_trees_of_hints_are_understood_or_passed_over(client: Client, keyed: Dataset) -> None:
    assert [len(files(client, "keyed", jsonPredicateHints=json.dumps(tree))) for tree, _ in TREES] == [
        kept for _, kept in TREES
    ]


def test_moments_are_bounded_in_whole_milliseconds_of_utc(client: Client) -> None:
    dataset = make_dataset("keyed", schema=KEYED)
    publish_rows(dataset, [{"id": "1", "at": "2026-08-01T09:00:00.123456+09:00"}])
    [file] = files(client, "keyed")
    stats = json.loads(file["stats"])
    assert (stats["minValues"]["at"], stats["maxValues"]["at"]) == (
        "2026-08-01T00:00:00.123Z",
        "2026-08-01T00:00:00.124Z",
    )


def test_who_follows_files_is_told_what_came_and_went(client: Client, keyed: Dataset) -> None:
    publish_rows(keyed, [{"id": "5", "name": "나", "at": ""}], mode="upsert")
    told = lines(query(client, f"{SHARES}/hub/schemas/hanbit-city/tables/keyed", startingVersion=1))
    actions = [(kind, line[kind]["version"]) for line in told for kind in line if kind not in ("protocol", "metaData")]
    assert actions == [("add", 1), ("add", 2), ("remove", 3), ("add", 3)]
    changes = lines(client.get(f"{SHARES}/hub/schemas/hanbit-city/tables/keyed/changes", {"startingVersion": "3"}))
    assert [next(iter(line)) for line in changes] == ["protocol", "metaData", "cdf", "cdf"]


def test_metadata_of_before_are_told_where_asked(client: Client) -> None:
    dataset = make_dataset("keyed", schema=Schema(columns=(Column("name"),)))
    publish_rows(dataset, [{"name": "가"}])
    make_dataset("keyed", schema=Schema(columns=(Column("name"), Column("size", "integer"))))
    publish_rows(dataset, [{"name": "가", "size": "1"}])
    table = f"{SHARES}/hub/schemas/hanbit-city/tables/keyed/changes"
    for told, columns in (("true", [1, 2]), ("false", [2])):
        answer = lines(client.get(table, {"startingVersion": "0", "includeHistoricalMetadata": told}))
        found = [line["metaData"] for line in answer if "metaData" in line]
        assert [len(json.loads(one["schemaString"])["fields"]) for one in found] == columns


def test_a_release_that_came_late_is_no_version(client: Client, air: Dataset) -> None:
    first = Snapshot.objects.get()
    publish_rows(air, [{"station_id": "1"}], valid_at=first.valid_at.replace(year=2001))
    publish_rows(air, [{"station_id": "2"}])
    assert [*Snapshot.objects.order_by("pk").values_list("version", flat=True)] == [0, None, 1]


MISTAKES = [
    (f"{SHARES}/other", {}, 404, "RESOURCE_DOES_NOT_EXIST", "'other'", "'hub'"),
    (f"{SHARES}/hub/schemas/nowhere/tables", {}, 404, "RESOURCE_DOES_NOT_EXIST", "nowhere"),
    (f"{SHARES}/hub/schemas/hanbit-city/tables/none/metadata", {}, 404, "RESOURCE_DOES_NOT_EXIST", "none"),
    (f"{SHARES}/hub/schemas/other/tables/air-quality/metadata", {}, 404, "RESOURCE_DOES_NOT_EXIST"),
    (f"{TABLE}/metadata", {"version": "7"}, 404, "RESOURCE_DOES_NOT_EXIST", "'7'", "0 to 0"),
    (f"{TABLE}/metadata", {"version": "-1"}, 400, "INVALID_PARAMETER_VALUE", "version"),
    (f"{TABLE}/metadata", {"version": "0", "timestamp": "2026-01-01T00:00:00Z"}, 400, "INVALID_PARAMETER_VALUE", "timestamp"),
    (f"{TABLE}/metadata", {"strange": "1"}, 400, "INVALID_PARAMETER_VALUE", "strange"),
    (f"{TABLE}/version", {"startingTimestamp": "yesterday"}, 400, "INVALID_PARAMETER_VALUE", "yesterday"),
    (f"{TABLE}/version", {"startingTimestamp": "2999-01-01T00:00:00Z"}, 404, "RESOURCE_DOES_NOT_EXIST", "2999"),
    (f"{TABLE}/changes", {}, 400, "INVALID_PARAMETER_VALUE", "startingVersion"),
    (f"{TABLE}/changes", {"startingVersion": "5"}, 404, "RESOURCE_DOES_NOT_EXIST", "5"),
    (f"{TABLE}/changes", {"startingVersion": "0", "startingTimestamp": "2026-01-01T00:00:00Z"}, 400, "INVALID_PARAMETER_VALUE"),
    (f"{SHARES}/hub/all-tables", {"maxResults": "-1"}, 400, "INVALID_PARAMETER_VALUE", "maxResults"),
    (f"{SHARES}/hub/all-tables", {"pageToken": "x"}, 400, "INVALID_PARAMETER_VALUE"),
    (f"{TABLE}/query", {}, 405, "METHOD_NOT_ALLOWED", "GET"),
]  # fmt: skip


def test_mistakes_are_told_in_the_form_of_the_protocol_in_both_languages(client: Client, air: Dataset) -> None:
    for path, parameters, status, code, *words in MISTAKES:
        refused(client.get(path, parameters), status, code, *words)
    refused(query(client, limit=1), 400, "INVALID_PARAMETER_VALUE", "limit", "limitHint")
    refused(query(client, limitHint="many"), 400, "INVALID_PARAMETER_VALUE", "limitHint")
    bad = client.post(f"{TABLE}/query", "[1]", content_type="application/json")
    refused(bad, 400, "INVALID_PARAMETER_VALUE", "JSON")
    only_delta = {"Delta-Sharing-Capabilities": "responseformat=delta;readerfeatures=deletionvectors"}
    refused(query(client, headers=only_delta), 400, "INVALID_PARAMETER_VALUE", "responseformat=parquet")
    refused(client.get(SHARES, headers={"Authorization": "Bearer wrong"}), 401, "UNAUTHENTICATED")


def test_the_public_profile_reads_public_data_and_a_key_more(client: Client, air: Dataset) -> None:
    profile = client.get("/delta-sharing/profile.share")
    told = profile.json()
    assert (told["shareCredentialsVersion"], told["endpoint"]) == (1, "http://testserver/delta-sharing")
    publish_rows(make_dataset("registered", access_level="registered", **REASON))
    names = {}
    for token in (told["bearerToken"], issue_key(User.objects.create_user("firm"), "x")[1]):
        headers = {"Authorization": f"Bearer {token}"}
        items = client.get(f"{SHARES}/hub/all-tables", headers=headers).json()["items"]
        names[token] = [item["name"] for item in items]
    assert list(names.values()) == [["air-quality"], ["air-quality", "registered"]]
    table = f"{SHARES}/hub/schemas/hanbit-city/tables/registered"
    refused(client.get(f"{table}/metadata"), 403, "PERMISSION_DENIED", "시설 보안", "security")


def test_quotas_count_questions_and_not_the_reading_of_files(
    client: Client, air: Dataset, settings: LazySettings
) -> None:
    settings.ANONYMOUS_PER_MINUTE = 2
    [address] = [file["url"] for file in files(client, "air-quality")]
    for _ in range(5):
        assert client.head(path_of(address)).status_code == 200
    assert client.get(SHARES).status_code == 200
    assert client.get(SHARES).status_code == 429


def test_files_are_read_in_ranges_without_a_header_of_the_clients_own(client: Client, air: Dataset) -> None:
    [file] = files(client, "air-quality")
    path = path_of(file["url"])
    whole = b"".join(client.get(path).streaming_content)
    assert (len(whole), whole[:4], whole[-4:]) == (file["size"], b"PAR1", b"PAR1")
    head = client.head(path)
    assert (head["Content-Length"], head["Accept-Ranges"], head.content) == (str(file["size"]), "bytes", b"")
    part = client.get(path, headers={"Range": "bytes=4-9"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, whole[4:10])


@pytest.mark.parametrize(
    "path", ["/delta-sharing/files/{0}x.parquet", "/delta-sharing/files/x{0}.parquet", "/delta-sharing/files/x.parquet"]
)
def test_forged_addresses_are_refused(client: Client, air: Dataset, path: str) -> None:
    [file] = files(client, "air-quality")
    token = path_of(file["url"]).rpartition("/")[2].removesuffix(".parquet")
    refused(client.get(path.format(token)), 403, "PERMISSION_DENIED")


def test_addresses_expire(client: Client, air: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    [file] = files(client, "air-quality")
    token = path_of(file["url"]).rpartition("/")[2].removesuffix(".parquet")
    told = signing.loads(token, salt=SALT)
    then = time.time() - shared_files.SHARED_SECONDS - 1
    with monkeypatch.context() as patch:
        patch.setattr("django.core.signing.time.time", lambda: then)
        old = signing.dumps(told, salt=SALT)
    refused(client.get(f"/delta-sharing/files/{old}.parquet"), 403, "PERMISSION_DENIED")


def test_an_address_is_as_good_as_the_right_to_read(client: Client, air: Dataset) -> None:
    user = User.objects.create_user("firm")
    key, text = issue_key(user, "x")
    headers = {"Authorization": f"Bearer {text}"}
    anybody, mine = (
        path_of(lines(query(client, headers=given))[2]["file"]["url"]) for given in ({}, headers)
    )  # fmt: skip

    def answers() -> tuple[int, int]:
        return client.head(anybody).status_code, client.head(mine).status_code

    assert answers() == (200, 200)
    withdraw_dataset("air-quality")
    assert answers() == (404, 404)
    restore_dataset("air-quality")
    make_dataset(access_level="registered", **REASON)
    assert answers() == (403, 200)
    revoke_key(key)
    assert answers() == (403, 401)
    make_dataset(access_level="public")
    assert answers() == (200, 401)
    guard_dataset("air-quality")
    assert answers() == (403, 401)


def test_a_part_that_no_kept_snapshot_holds_is_gone(client: Client, air: Dataset) -> None:
    [file] = files(client, "air-quality")
    publish_rows(air, [{"station_id": "1"}])
    Snapshot.objects.filter(version=0).delete()
    refused(client.get(path_of(file["url"])), 404, "RESOURCE_DOES_NOT_EXIST")


def test_written_files_are_kept_while_they_are_asked_for_and_go_with_what_they_show(
    client: Client, keyed: Dataset, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows(keyed, [{"id": "5", "name": "나", "at": ""}], mode="upsert")
    first = files(client, "keyed")
    assert [file["id"] for file in files(client, "keyed")] == [file["id"] for file in first]
    [folder] = shared_folder().glob("*")
    assert (folder.name, len(list(folder.glob("*.json"))), len(list(folder.glob("*/*.parquet")))) == (
        str(keyed.pk),
        1,
        1,
    )
    written = path_of(first[0]["url"])
    assert (collect_orphan_files(), client.head(written).status_code) == (0, 200)
    next(folder.glob("*/*.parquet")).unlink()
    assert client.head(written).status_code == 404
    assert client.head(path_of(files(client, "keyed")[0]["url"])).status_code == 200  # written again
    monkeypatch.setattr(shared_files, "KEPT_SECONDS", -1.0)
    monkeypatch.setattr(shared_files, "SHARED_SECONDS", -1)
    assert (collect_shared(), list(folder.glob("*/*.parquet"))) == (1, [])
    forget_shared(keyed.pk)
    assert not folder.exists()


def test_guarding_a_dataset_removes_what_was_written_to_share_it(
    client: Client, keyed: Dataset, django_capture_on_commit_callbacks: Any
) -> None:
    publish_rows(keyed, [{"id": "5", "name": "나", "at": ""}], mode="upsert")
    files(client, "keyed")
    assert list(shared_folder().glob("*"))
    with django_capture_on_commit_callbacks(execute=True):
        guard_dataset("keyed")
    assert not list(shared_folder().glob("*"))
