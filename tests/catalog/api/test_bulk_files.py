"""Whole files over HTTP: static, resumable, verifiable, closed with their records; ranges as RFC 9110 has them."""

import base64
import datetime as dt
import email
import email.policy
import hashlib
from typing import Any

import pytest
from builders import ROWS, make_dataset, publish_rows
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone

from catalog.api.ranges import MOST_RANGES, ByteRange, read_ranges
from catalog.models import Dataset, Snapshot, SnapshotFile
from catalog.publish import withdraw_dataset
from catalog.retention import forget_old_snapshots
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db
SNAPSHOTS = "/api/v1/datasets/air-quality/snapshots"


@pytest.fixture
def snapshot() -> Snapshot:
    """A snapshot whose files have been written."""
    snapshot = publish_rows(make_dataset())
    write_files()
    return snapshot


def write_files() -> None:
    for _ in range(3):
        write_next_file()


def address(snapshot: Snapshot, extension: str = "csv") -> str:
    return f"{SNAPSHOTS}/{snapshot.digest}/records.{extension}"


def content(answer: HttpResponseBase) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("bytes=0-4", [(0, 4)]),
        ("Bytes = 0-4", [(0, 4)]),
        ("bytes=5-", [(5, 9)]),
        ("bytes=5-999", [(5, 9)]),
        ("bytes=-3", [(7, 9)]),
        ("bytes=-999", [(0, 9)]),
        ("bytes=0-0,-1", [(0, 0), (9, 9)]),
        ("bytes=0-1 ,, 4-5,\t8-", [(0, 1), (4, 5), (8, 9)]),
        ("bytes=2-3,20-30", [(2, 3)]),
        ("bytes=10-", []),
        ("bytes=10-20,30-", []),
        ("bytes=-0", []),
        # what is to be ignored
        ("items=0-4", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=,", None),
        ("bytes=-", None),
        ("bytes=4-3", None),
        ("bytes=a-b", None),
        ("bytes=1-2-3", None),
        ("bytes=+1-2", None),
        ("bytes=٣-٤", None),
        ("bytes=0-4,3-8", None),
        ("bytes=5-6,0-1", None),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(MOST_RANGES + 1)), None),
        ("bytes=0-" + "9" * 1000, None),
    ],
)
def test_ranges_are_read_as_the_standard_has_them(header: str, ranges: list[tuple[int, int]] | None) -> None:
    expected = None if ranges is None else [ByteRange(*one) for one in ranges]
    assert read_ranges(header, 10 if len(header) < 60 else 100) == expected


def test_an_empty_file_has_no_ranges() -> None:
    assert read_ranges("bytes=0-", 0) is None


def test_a_snapshot_tells_of_its_files(client: Client, snapshot: Snapshot) -> None:
    described = client.get(f"{SNAPSHOTS}/{snapshot.digest}").json()
    listed = client.get(SNAPSHOTS).json()["snapshots"][0]
    assert described == listed
    assert [file["format"] for file in described["files"]] == ["csv", "parquet"]
    for file in described["files"]:
        whole = content(client.get(file["download_url"]))
        assert file["download_url"] == f"http://testserver{address(snapshot, file['format'])}"
        assert (file["byte_size"], file["sha256"]) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_a_whole_file_says_all_that_a_client_needs(client: Client, snapshot: Snapshot) -> None:
    answer = client.get(address(snapshot), headers={"Accept-Language": "ko"})
    whole = content(answer)
    digest = hashlib.sha256(whole)
    assert answer.status_code == 200
    assert answer["ETag"] == f'"{digest.hexdigest()}"'
    assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer["Content-Length"] == str(len(whole))
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "public" in answer["Cache-Control"]
    assert answer["Cache-Control"] == "public, no-cache, no-transform"
    assert "filename=\"air-quality.csv\"; filename*=UTF-8''" in answer["Content-Disposition"]
    assert answer["Last-Modified"].endswith(" GMT")
    assert "Content-Encoding" not in answer
    assert whole == content(client.get("/api/v1/datasets/air-quality/records.csv"))


def test_head_tells_the_same_without_the_content(client: Client, snapshot: Snapshot) -> None:
    whole, head = client.get(address(snapshot)), client.head(address(snapshot), headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    kept = ("ETag", "Repr-Digest", "Content-Length", "Accept-Ranges", "Content-Type", "Last-Modified", "Cache-Control")
    assert [head[name] for name in kept] == [whole[name] for name in kept]


def test_a_download_is_resumed_where_it_broke(client: Client, snapshot: Snapshot) -> None:
    whole = content(client.get(address(snapshot)))
    first = client.get(address(snapshot), headers={"Range": "bytes=0-19"})
    assert (first.status_code, first["Content-Range"], first["Content-Length"]) == (
        206,
        f"bytes 0-19/{len(whole)}",
        "20",
    )
    publish_rows(snapshot.distribution.dataset, ROWS[:1])  # a newer version changes nothing here
    write_files()
    rest = client.get(address(snapshot), headers={"Range": "bytes=20-", "If-Range": first["ETag"]})
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 20-{len(whole) - 1}/{len(whole)}")
    assert content(first) + content(rest) == whole
    assert rest["Repr-Digest"] == client.get(address(snapshot))["Repr-Digest"]


def test_several_ranges_come_as_parts(client: Client, snapshot: Snapshot) -> None:
    whole = content(client.get(address(snapshot)))
    answer = client.get(address(snapshot), headers={"Range": "bytes=0-3,10-12,-5"})
    body = content(answer)
    assert (answer.status_code, answer["Content-Length"]) == (206, str(len(body)))
    assert "Content-Range" not in answer
    message = email.message_from_bytes(
        b"Content-Type: " + answer["Content-Type"].encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
    )
    parts = [(part["Content-Range"], part.get_payload(decode=True)) for part in message.iter_parts()]
    size = len(whole)
    assert parts == [
        (f"bytes 0-3/{size}", whole[:4]),
        (f"bytes 10-12/{size}", whole[10:13]),
        (f"bytes {size - 5}-{size - 1}/{size}", whole[-5:]),
    ]


def test_a_range_beyond_the_end_is_refused_with_the_size(client: Client, snapshot: Snapshot) -> None:
    size = client.get(address(snapshot))["Content-Length"]
    answer = client.get(address(snapshot), headers={"Range": f"bytes={size}-"})
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("header", ["bytes=5-2", "lines=1-2", "bytes=a", "bytes=0-5,2-9"])
def test_a_range_that_makes_no_sense_is_ignored(client: Client, snapshot: Snapshot, header: str) -> None:
    answer = client.get(address(snapshot), headers={"Range": header})
    assert (answer.status_code, "Content-Range" in answer) == (200, False)


@pytest.mark.parametrize("condition", ['"another"', 'W/"{digest}"', "Wed, 21 Oct 2015 07:28:00 GMT", "rubbish"])
def test_a_file_that_is_not_the_one_that_was_begun_comes_whole(
    client: Client, snapshot: Snapshot, condition: str
) -> None:
    etag = client.get(address(snapshot))["ETag"]
    condition = condition.replace('"{digest}"', etag)
    answer = client.get(address(snapshot), headers={"Range": "bytes=0-3", "If-Range": condition})
    assert (answer.status_code, len(content(answer))) == (200, int(answer["Content-Length"]))


def test_the_date_of_the_file_may_stand_in_if_range(client: Client, snapshot: Snapshot) -> None:
    written = client.get(address(snapshot))["Last-Modified"]
    answer = client.get(address(snapshot), headers={"Range": "bytes=0-3", "If-Range": written})
    assert answer.status_code == 206


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_file_that_one_has_already_is_not_sent_again(client: Client, snapshot: Snapshot, method: str) -> None:
    known = client.get(address(snapshot))
    ask = getattr(client, method)
    for headers in (
        {"If-None-Match": known["ETag"]},
        {"If-None-Match": known["ETag"], "Range": "bytes=0-3"},
        {"If-Modified-Since": known["Last-Modified"]},
    ):
        answer = ask(address(snapshot), headers=headers)
        assert (answer.status_code, answer["ETag"], content(answer)) == (304, known["ETag"], b"")
    assert ask(address(snapshot), headers={"If-Match": '"another"'}).status_code == 412


# What is not there


def test_a_file_that_is_not_written_yet_streams_the_same_bytes_and_says_so(client: Client) -> None:
    snapshot = publish_rows(make_dataset())
    described = client.get(f"{SNAPSHOTS}/{snapshot.digest}").json()
    assert [(file["byte_size"], file["sha256"]) for file in described["files"]] == [(None, None)] * 2
    early = client.get(address(snapshot), headers={"Range": "bytes=5-"})
    assert (early.status_code, early["Accept-Ranges"], early["Cache-Control"]) == (
        200,
        "none",
        "no-store, no-transform",
    )
    assert "ETag" not in early
    head = client.head(address(snapshot))
    assert (head.status_code, "Content-Length" in head, content(head)) == (200, False, b"")
    whole = content(early)
    assert list(SnapshotFile.objects.values_list("format", "state")) == [("csv", "waiting")]
    write_files()
    later = client.get(address(snapshot))
    assert (later["Accept-Ranges"], content(later)) == ("bytes", whole)


def test_an_old_snapshot_streams_its_own_records(client: Client) -> None:
    dataset = make_dataset()
    old = publish_rows(dataset)
    publish_rows(dataset, ROWS[:1])
    assert len(content(client.get(address(old))).splitlines()) == 4


@pytest.mark.parametrize("extension", ["json", "xlsx", "ndjson", "geojson", "nope"])
def test_other_formats_are_refused_with_what_there_is(client: Client, snapshot: Snapshot, extension: str) -> None:
    answer = client.get(address(snapshot, extension))
    assert (answer.status_code, answer.json()["allowed"]) == (400, ["csv", "parquet"])


@pytest.mark.parametrize("digest", ["0" * 64, "abc"])
def test_a_snapshot_that_is_not_kept_is_gone(client: Client, snapshot: Snapshot, digest: str) -> None:
    for path in (f"{SNAPSHOTS}/{digest}", f"{SNAPSHOTS}/{digest}/records.csv"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (410, "snapshot-not-found")


def test_files_end_with_the_retention(client: Client, snapshot: Snapshot, settings: LazySettings) -> None:
    publish_rows(snapshot.distribution.dataset, ROWS[:1])
    forget_old_snapshots(timezone.now() + dt.timedelta(days=settings.SNAPSHOT_DAYS + 1))
    assert client.get(address(snapshot)).status_code == 410


def test_a_dataset_without_records_has_no_snapshots(client: Client) -> None:
    make_dataset("elsewhere", schema=None)
    answer = client.get(f"/api/v1/datasets/elsewhere/snapshots/{'0' * 64}/records.csv")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-records")


def test_files_take_no_parameters(client: Client, snapshot: Snapshot) -> None:
    assert client.get(address(snapshot), {"pm10": "1"}).json()["code"] == "unknown-parameter"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(client: Client, snapshot: Snapshot, method: str) -> None:
    answer = getattr(client, method)(address(snapshot))
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")


# Who may read


@pytest.mark.parametrize(
    ("level", "anybody", "reader", "steward"),
    [
        ("public", 200, 200, 200),
        ("registered", 403, 200, 200),
        ("restricted", 403, 403, 200),
        ("non-public", 404, 404, 200),
    ],
)
def test_files_are_as_closed_as_their_records(
    snapshot: Snapshot, level: str, anybody: int, reader: int, steward: int
) -> None:
    Dataset.objects.update(access_level=level)
    clients: dict[Client, int] = {Client(): anybody, Client(): reader, Client(): steward}
    people = [None, User.objects.create_user("reader"), User.objects.create_user("steward", is_staff=True)]
    for (client, status), person in zip(clients.items(), people, strict=True):
        if person:
            client.force_login(person)
        answers = [client.get(address(snapshot), headers=headers) for headers in ({}, {"Range": "bytes=0-1"})]
        assert [answer.status_code for answer in answers] == [status, 206 if status == 200 else status]
        if status == 200 and level != "public":
            assert "private" in answers[0]["Cache-Control"]
            assert "public" not in answers[0]["Cache-Control"]
        if status == 403:
            assert client.get(SNAPSHOTS).json()["snapshots"][0]["files"] is None
            assert client.get(f"{SNAPSHOTS}/{snapshot.digest}").json()["files"] is None


def test_files_of_a_withdrawn_dataset_are_gone(client: Client, snapshot: Snapshot) -> None:
    withdraw_dataset("air-quality")
    for path in (address(snapshot), f"{SNAPSHOTS}/{snapshot.digest}"):
        assert client.get(path).status_code == 404


def test_a_snapshot_of_another_dataset_is_not_found_here(client: Client, snapshot: Snapshot) -> None:
    other = make_dataset("other", theme="transport")
    publish_rows(other, ROWS[:2])
    assert client.get(f"/api/v1/datasets/other/snapshots/{snapshot.digest}/records.csv").status_code == 410


def test_other_origins_may_resume_too(client: Client, snapshot: Snapshot) -> None:
    preflight = client.options(address(snapshot))
    assert "Range" in preflight["Access-Control-Allow-Headers"].split(", ")
    exposed: Any = client.get(address(snapshot))["Access-Control-Expose-Headers"]
    assert {"Content-Range", "Repr-Digest", "ETag", "Accept-Ranges"} <= set(exposed.split(", "))
