"""Answers of records in the coding that a client asks for: smaller, streaming, each with its own entity tag."""

import gzip
import io
import zlib
from collections.abc import Callable, Mapping

import pyarrow as pa
import pytest
from air_stations import make_air_stations
from builders import make_dataset, publish_rows
from django.http.response import HttpResponseBase
from django.test import Client

from catalog.models import Dataset
from catalog.records import FORMATS, Column, Schema, compress

ADDRESS = "/api/v1/datasets/air-stations/records"
UNDO: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda data: pa.CompressedInputStream(io.BytesIO(data), "zstd").read(),
    "": lambda data: data,
}
COMPRESSED = [name for name, format_ in FORMATS.items() if format_.is_compressed]
OTHERS = [name for name in FORMATS if name not in COMPRESSED]


@pytest.fixture
def stations(db: None) -> Dataset:
    return make_air_stations()


def body(answer: HttpResponseBase) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def ask(client: Client, path: str, accept_encoding: str, **headers: str) -> HttpResponseBase:
    return client.get(path, headers={"Accept-Encoding": accept_encoding, **headers})


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("GZIP ; Q=0.4 , ZSTD;q=0.5", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("zstd;q=0, gzip;q=0.000", ""),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("*;q=0", ""),
        ("gzip;q=0, *;q=0.5", "zstd"),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("br, deflate", ""),
        ("", ""),
        ("gzip;q=much", ""),
        ("gzip;level=9", "gzip"),
        (";;,,=", ""),
    ],
)
def test_the_client_chooses_the_coding(client: Client, stations: Dataset, accept_encoding: str, coding: str) -> None:
    answer = ask(client, f"{ADDRESS}.csv", accept_encoding)
    assert answer.get("Content-Encoding", "") == coding
    assert UNDO[coding](body(answer)) == body(client.get(f"{ADDRESS}.csv"))


def test_who_says_nothing_gets_the_bytes_as_they_are(client: Client, stations: Dataset) -> None:
    assert "Content-Encoding" not in client.get(f"{ADDRESS}.csv")


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("question", ["", "?limit=2", "?district=없는"])
@pytest.mark.parametrize("name", OTHERS)
def test_every_format_is_the_same_within(
    client: Client, stations: Dataset, name: str, question: str, coding: str
) -> None:
    path = f"{ADDRESS}.{name}{question}"
    answer = ask(client, path, coding)
    assert (answer["Content-Encoding"], answer["Content-Type"]) == (coding, client.get(path)["Content-Type"])
    assert UNDO[coding](body(answer)) == body(client.get(path))


@pytest.mark.parametrize("name", COMPRESSED)
def test_files_that_are_compressed_already_stay_as_they_are(client: Client, stations: Dataset, name: str) -> None:
    plain, asked = client.get(f"{ADDRESS}.{name}"), ask(client, f"{ADDRESS}.{name}", "zstd, gzip")
    assert "Content-Encoding" not in asked
    assert asked["ETag"] == plain["ETag"]
    assert body(asked) == body(plain)


@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}.csv", f"{ADDRESS}.ndjson?limit=2"])
def test_each_coding_has_an_entity_tag_of_its_own_and_is_revalidated_by_it(
    client: Client, stations: Dataset, path: str
) -> None:
    tags = {coding: ask(client, path, coding)["ETag"] for coding in UNDO}
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():
        assert tag.startswith('"') and tag.endswith('"')
        for other in UNDO:
            again = ask(client, path, other, **{"If-None-Match": tag})
            assert again.status_code == (304 if other == coding else 200)
            if other == coding:
                assert (body(again), again["ETag"], "Content-Encoding" in again) == (b"", tag, False)
                assert "Accept-Encoding" in again["Vary"]


@pytest.mark.parametrize("coding", UNDO)
@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}.csv", f"{ADDRESS}.csv?limit=2", f"{ADDRESS}.parquet"])
def test_head_tells_what_get_would(client: Client, stations: Dataset, path: str, coding: str) -> None:
    head = client.head(path, headers={"Accept-Encoding": coding})
    get = ask(client, path, coding)
    told = ["Content-Type", "Content-Encoding", "ETag", "Vary", "Content-Disposition"]
    assert [head.get(name) for name in told] == [get.get(name) for name in told]
    assert b"".join(head) == b""
    assert "Content-Length" not in head


@pytest.mark.parametrize("accept_encoding", ["", "zstd"])
def test_caches_are_told_that_the_coding_matters(client: Client, stations: Dataset, accept_encoding: str) -> None:
    assert "Accept-Encoding" in {name.strip() for name in ask(client, ADDRESS, accept_encoding)["Vary"].split(",")}


def test_a_problem_is_not_compressed(client: Client, stations: Dataset) -> None:
    answer = ask(client, f"{ADDRESS}?nope=1", "zstd, gzip")
    assert (answer.status_code, answer.get("Content-Encoding")) == (400, None)
    assert answer.json()["code"] == "unknown-parameter"


@pytest.mark.django_db
@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_the_first_records_are_readable_before_the_last_are_drawn(client: Client, coding: str) -> None:
    dataset = make_dataset("numbers", schema=Schema(columns=(Column("number", "integer"),)))
    publish_rows(dataset, ({"number": str(number)} for number in range(25_000)))
    answer = ask(client, "/api/v1/datasets/numbers/records.csv", coding)
    first = next(answer.streaming_content)
    assert beginning(first, coding).startswith(b'"number"\n0\n1\n')
    assert beginning(first, coding).endswith(b"\n9999\n")
    rest = UNDO[coding](first + b"".join(answer.streaming_content))
    assert rest.split() == [b'"number"', *(str(number).encode() for number in range(25_000))]


def beginning(data: bytes, coding: str) -> bytes:
    """Read what has come so far of a stream that goes on."""
    if coding == "gzip":
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data)
    stream, read = pa.CompressedInputStream(io.BytesIO(data), "zstd"), []
    try:
        while piece := stream.read(1):
            read.append(piece)
    except OSError:  # the stream ends too early, as it should
        pass
    return b"".join(read)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("chunks", [[], [b""], [b"a"], [b"a" * 5_000_000, b"b"], [bytes([n]) for n in range(256)]])
def test_what_is_compressed_can_be_undone(coding: str, chunks: list[bytes]) -> None:
    found = list(compress(iter(chunks), coding))
    assert b"" not in found
    assert UNDO[coding](b"".join(found)) == b"".join(chunks)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_who_stops_reading_closes_what_is_compressed(coding: str) -> None:
    closed = []

    def chunks():
        try:
            yield from [b"a", b"b"]
        finally:
            closed.append(True)

    compressed = compress(chunks(), coding)
    assert next(compressed)
    compressed.close()
    del compressed
    assert closed == [True]
