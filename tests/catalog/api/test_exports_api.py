"""Exports over HTTP: ordered with POST, followed, fetched in pieces, cancelled; anonymously, with a key or a person's session."""

import hashlib
import json
import uuid
from typing import Any

import pytest
from builders import ROWS, make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone

from catalog.api.exports import LONGEST_ORDER
from catalog.models import Dataset, Export
from catalog.publish import withdraw_dataset
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db
EXPORTS = "/api/v1/exports"
ORDER = {"dataset": "air-quality", "format": "csv", "parameters": {"pm10__gte": "30", "select": "station_id,pm10"}}


@pytest.fixture(autouse=True)
def dataset(settings: LazySettings) -> Dataset:
    settings.FILE_RECORDS = 0
    dataset = make_dataset()
    publish_rows(dataset)
    return dataset


def order(client: Client, document: Any = None, **headers: str) -> HttpResponseBase:
    body = document if isinstance(document, bytes) else json.dumps(ORDER if document is None else document)
    return client.post(EXPORTS, body, content_type="application/json", headers=headers)


def path_of(answer: HttpResponseBase) -> str:
    return answer["Location"].removeprefix("http://testserver")


def content(answer: HttpResponseBase) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_an_order_is_followed_to_its_file(client: Client) -> None:
    made = order(client)
    assert (made.status_code, made["Retry-After"], made["Cache-Control"]) == (201, "2", "no-store")
    waiting = client.get(path_of(made)).json()
    assert waiting == made.json()
    assert (waiting["state"], waiting["download_url"], waiting["sha256"], waiting["records"]) == (
        "waiting",
        None,
        None,
        0,
    )
    assert (waiting["records_at_most"], waiting["parameters"]) == (3, ORDER["parameters"])
    early = client.get(f"{path_of(made)}/file")
    assert (early.status_code, early.json()["code"], early["Retry-After"]) == (409, "export-not-ready", "2")
    write_next_file()
    ready = client.get(path_of(made))
    assert "Retry-After" not in ready
    shown = ready.json()
    assert (shown["state"], shown["records"], shown["error"]) == ("ready", 2, None)
    file = client.get(shown["download_url"])
    whole = content(file)
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (shown["byte_size"], shown["sha256"])
    assert len(whole.splitlines()) == 3
    assert (file["ETag"], file["Accept-Ranges"]) == (f'"{shown["sha256"]}"', "bytes")
    assert "private" in file["Cache-Control"]
    rest = client.get(shown["download_url"], headers={"Range": "bytes=10-", "If-Range": file["ETag"]})
    assert (rest.status_code, content(rest)) == (206, whole[10:])
    assert client.head(shown["download_url"])["Content-Length"] == str(len(whole))


def test_the_same_order_again_is_the_same_export(client: Client) -> None:
    first, again = order(client), order(client)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert path_of(first) == path_of(again)
    assert order(Client(REMOTE_ADDR="10.0.0.7")).json()["id"] != first.json()["id"]


def test_values_may_be_numbers_flags_and_lists(client: Client) -> None:
    parameters = {"pm10__gte": 30, "pm10__isnull": False, "district__in": ["강남구", "종로구"]}
    made = order(client, {**ORDER, "parameters": parameters})
    assert made.status_code == 201, made.json()
    assert made.json()["parameters"] == {
        "pm10__gte": "30",
        "pm10__isnull": "false",
        "district__in": ["강남구", "종로구"],
    }
    assert order(client, {"dataset": "air-quality", "format": "parquet"}).json()["parameters"] == {}


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"", 400, "unreadable-request"),
        (b"{", 400, "unreadable-request"),
        (b"[1]", 400, "unreadable-request"),
        (b'"text"', 400, "unreadable-request"),
        (b"\xff\xfe", 400, "unreadable-request"),
        (b"[" * 90_000, 400, "unreadable-request"),
        (b'{"dataset": "' + b"a" * LONGEST_ORDER + b'"}', 400, "bad-value"),
        ({}, 400, "bad-value"),
        ({"dataset": 7, "format": "csv"}, 400, "bad-value"),
        ({"dataset": "air-quality"}, 400, "bad-value"),
        ({**ORDER, "parameters": ["pm10"]}, 400, "bad-value"),
        ({**ORDER, "parameters": {"pm10": None}}, 400, "bad-value"),
        ({**ORDER, "parameters": {"pm10": {"gte": 1}}}, 400, "bad-value"),
        ({**ORDER, "parameters": {"pm10": [[1]]}}, 400, "bad-value"),
        ({**ORDER, "parameters": {"pm10": "many"}}, 400, "bad-value"),
        ({**ORDER, "where": "1=1"}, 400, "unknown-parameter"),
        ({**ORDER, "parameters": {"nope__gt": "1"}}, 400, "unknown-column"),
        ({**ORDER, "parameters": {"pm10__gtt": "1"}}, 400, "unknown-operator"),
        ({**ORDER, "parameters": {"limit": "10"}}, 400, "unanswerable"),
        ({**ORDER, "format": "docx"}, 400, "unknown-format"),
        ({**ORDER, "format": "geojson"}, 400, "unanswerable"),
        ({**ORDER, "dataset": "nope"}, 404, "dataset-not-found"),
        ({**ORDER, "dataset": "../etc"}, 404, "dataset-not-found"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_at_once(client: Client, document: Any, status: int, code: str) -> None:
    answer = order(client, document)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert Export.objects.count() == 0


def test_what_an_order_lacks_is_told_without_the_words_of_python(client: Client) -> None:
    assert "None" not in order(client, {}).json()["detail"]


def test_more_than_a_caller_may_have_is_429(client: Client, settings: LazySettings) -> None:
    settings.EXPORTS_EACH = 1
    first = order(client)
    refused = order(client, {**ORDER, "format": "ndjson"})
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (429, "too-many-exports", 1)
    assert order(Client(REMOTE_ADDR="10.0.0.7"), {**ORDER, "format": "ndjson"}).status_code == 201
    assert client.delete(path_of(first)).status_code == 204
    assert order(client, {**ORDER, "format": "ndjson"}).status_code == 201


def test_a_cancelled_export_is_gone(client: Client) -> None:
    made = order(client)
    cancelled = client.delete(path_of(made))
    assert (cancelled.status_code, cancelled.content) == (204, b"")
    for answer in (client.get(path_of(made)), client.get(f"{path_of(made)}/file"), client.delete(path_of(made))):
        assert (answer.status_code, answer.json()["code"]) == (404, "export-not-found")


def test_an_expired_export_is_gone_but_can_be_asked_about(client: Client) -> None:
    made = order(client)
    write_next_file()
    Export.objects.update(expires_at=timezone.now())
    assert client.get(path_of(made)).json()["state"] == "expired"
    answer = client.get(f"{path_of(made)}/file")
    assert (answer.status_code, answer.json()["code"]) == (410, "export-gone")
    assert order(client).status_code == 201


def test_a_failed_export_says_why_in_both_languages(client: Client, settings: LazySettings) -> None:
    settings.FILE_MIB = 0
    made = order(client)
    write_next_file()
    error = client.get(path_of(made)).json()["error"]
    assert (error["code"], set(error["text"])) == ("no-room", {"ko", "en"})
    assert client.get(f"{path_of(made)}/file").status_code == 410


@pytest.mark.parametrize("uid", [uuid.uuid4(), uuid.UUID(int=0)])
def test_nobody_guesses_an_export(client: Client, uid: uuid.UUID) -> None:
    for method in ("get", "delete"):
        assert getattr(client, method)(f"{EXPORTS}/{uid}").json()["code"] == "export-not-found"
    assert client.get(f"{EXPORTS}/1").json()["code"] == "not-found"


def test_an_export_stays_with_its_version(client: Client, dataset: Dataset) -> None:
    made = order(client, {"dataset": "air-quality", "format": "csv"})
    snapshot = made.json()["snapshot"]
    publish_rows(dataset, ROWS[:1])
    write_next_file()
    shown = client.get(path_of(made)).json()
    assert (shown["snapshot"], shown["records"]) == (snapshot, 3)


# Who may


@pytest.mark.parametrize(("level", "status"), [("registered", 403), ("restricted", 403), ("non-public", 404)])
def test_a_dataset_that_was_closed_since_leaks_nothing(client: Client, level: str, status: int) -> None:
    made = order(client)
    write_next_file()
    Dataset.objects.update(access_level=level)
    for path in (path_of(made), f"{path_of(made)}/file"):
        answer = client.get(path)
        assert answer.status_code == status
        assert "0101" not in answer.content.decode()
    assert client.get(f"{path_of(made)}/file", headers={"Range": "bytes=0-3"}).status_code == status


def test_a_withdrawn_dataset_leaks_nothing(client: Client) -> None:
    made = order(client)
    write_next_file()
    withdraw_dataset("air-quality")
    for path in (path_of(made), f"{path_of(made)}/file"):
        assert client.get(path).status_code == 404
    assert order(client).status_code == 404


def test_who_signed_in_may_order_what_anybody_may_not(client: Client) -> None:
    Dataset.objects.update(access_level="registered")
    assert order(client).status_code == 403
    client.force_login(User.objects.create_user("reader"))
    made = order(client)
    assert made.status_code == 201
    write_next_file()
    assert client.get(f"{path_of(made)}/file").status_code == 200
    assert Client().get(f"{path_of(made)}/file").status_code == 403


def test_a_session_counts_only_with_its_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert order(client).status_code == 201
    client.force_login(User.objects.create_user("reader"))
    forged = order(client, {**ORDER, "format": "ndjson"})
    assert (forged.status_code, forged.json()["code"]) == (403, "permission-denied")
    assert Export.objects.count() == 1
    assert client.delete(f"{EXPORTS}/{Export.objects.get().uid}").status_code == 403
    client.get("/admin/login/")
    token = client.cookies["csrftoken"].value
    assert order(client, {**ORDER, "format": "ndjson"}, **{"X-CSRFToken": token}).status_code == 201


def test_another_person_cannot_cancel_and_addresses_are_not_kept(client: Client) -> None:
    reader = Client()
    reader.force_login(User.objects.create_user("reader"))
    made = order(reader)
    assert client.get(path_of(made)).status_code == 200
    assert client.delete(path_of(made)).status_code == 404
    assert reader.delete(path_of(made)).status_code == 204
    order(client)
    assert "127.0.0.1" not in Export.objects.get().caller


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (EXPORTS, "POST, OPTIONS"),
        (f"{EXPORTS}/{uuid.UUID(int=0)}", "GET, DELETE, HEAD, OPTIONS"),
        (f"{EXPORTS}/{uuid.UUID(int=0)}/file", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_methods_are_refused(client: Client, path: str, methods: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods.split(", ")):
        answer = client.generic(method, path, b"{}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert set(answer["Allow"].split(", ")) == set(methods.split(", "))


def test_orders_take_no_parameters_in_the_address(client: Client) -> None:
    assert client.post(f"{EXPORTS}?format=csv", ORDER, content_type="application/json").status_code == 400


def test_other_origins_may_order(client: Client) -> None:
    preflight = client.options(EXPORTS)
    assert {"POST", "DELETE"} <= set(preflight["Access-Control-Allow-Methods"].split(", "))
    made = order(client)
    assert made["Access-Control-Allow-Origin"] == "*"
    assert "Location" in made["Access-Control-Expose-Headers"]
