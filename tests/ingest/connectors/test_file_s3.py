"""Files of S3 stores: how a request is signed, which objects are meant, and what a store refuses."""

import datetime as dt
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from hostile_server import HostileServer, cut_with_length, reply, say
from pydantic import ValidationError
from s3_server import S3Server, running_s3

from ingest.connectors import CONNECTORS
from ingest.connectors.file import Config, read
from ingest.connectors.s3 import Store, bucket_url, object_url, sign, signature_of
from ingest.errors import (
    BrokenOff,
    ForbiddenAddress,
    KeyRefused,
    RequestRefused,
    TimedOut,
    TooLarge,
    Unmodified,
    UnreadableAnswer,
)

LOTS = "이름,면수\n가,1\n나,2\n"
ROWS = [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]
NAMES = ("주차장 (2026)+1~a&b=c.csv", "out/a.csv", "out/b.csv", "out/deep/c.csv", "out/d.json", "out/.e.csv")
PLAIN = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("buckets")
    for name in NAMES:
        path = folder / "city" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[]" if name.endswith(".json") else LOTS)
    for number in range(1005):
        (folder / "many").mkdir(exist_ok=True)
        (folder / "many" / f"{number:04}.csv").write_text("x\n1\n")
    return folder


@pytest.fixture(scope="module")
def store(folder):
    with running_s3(folder) as server:
        yield server


def config_of(store: S3Server, path: str, **config: object) -> Config:
    given = {"endpoint": store.endpoint, "access_key": store.access_key, "secret_key": store.secret_key, **config}
    return Config(path=path, **{name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("key", [NAMES[0], "out/a.csv", "out/deep/c.csv"])
def test_an_object_is_read_with_a_signature_that_the_store_checks(open_session, store, key):
    assert list(read(config_of(store, f"s3://city/{key}"), open_session())) == ROWS


def test_a_wrong_secret_is_refused_and_never_shown(open_session, store):
    wrong = store.secret_key[:-4] + "0000"
    with pytest.raises(KeyRefused, match="SignatureDoesNotMatch") as told:
        list(read(config_of(store, "s3://city/out/a.csv", secret_key=wrong), open_session()))
    assert wrong not in str(told.value)
    assert not told.value.temporary


def test_a_key_that_the_store_does_not_know_is_refused(open_session, store):
    with pytest.raises(KeyRefused, match="InvalidAccessKeyId"):
        list(read(config_of(store, "s3://city/out/a.csv", access_key="AKIAUNKNOWN"), open_session()))


def test_a_wildcard_means_the_objects_of_that_folder_in_their_order(open_session, store):
    assert list(read(config_of(store, "s3://city/out/*.csv"), open_session())) == ROWS * 2
    assert list(read(config_of(store, "s3://city/out/*.csv", newest=True), open_session())) == ROWS
    with pytest.raises(RequestRefused, match="no object there matches"):
        list(read(config_of(store, "s3://city/out/*.xml"), open_session()))


def test_a_list_of_several_pages_is_read_to_its_end(open_session, store):
    checked = CONNECTORS["file"].check(config_of(store, "s3://many/*.csv"), open_session())
    assert checked.size == 1005 * 4


def test_a_check_asks_for_no_content_and_a_description_for_one_file(open_session, store):
    kept = []
    CONNECTORS["file"].check(config_of(store, "s3://city/out/a.csv"), open_session(archive=kept.append))
    assert not kept
    described = CONNECTORS["file"].describe(config_of(store, "s3://city/out/*.csv"), open_session())
    assert [column.name for column in described.columns] == ["이름", "면수"]


def test_a_check_tells_what_is_wrong(open_session, store):
    with pytest.raises(RequestRefused, match="NoSuchKey"):
        CONNECTORS["file"].check(config_of(store, "s3://city/gone.csv"), open_session())


def test_without_a_key_the_request_is_anonymous(open_session, folder, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "lots.csv").write_text(LOTS)
    with running_s3(tmp_path, is_open=True) as server:
        config = config_of(server, "s3://open/lots.csv", access_key=None, secret_key=None)
        assert list(read(config, open_session())) == ROWS


def test_what_has_not_changed_is_not_sent_again(open_session, store):
    config = config_of(store, "s3://city/out/a.csv")
    first = open_session()
    list(read(config, first))
    with pytest.raises(Unmodified):
        list(read(config, open_session(position=first.left, may_skip=True)))


def test_files_that_came_or_went_since_are_a_change(open_session, store):
    first = open_session()
    list(read(config_of(store, "s3://city/out/*.csv"), first))
    told = first.left["files"]["told"]
    assert set(told) == {"s3://city/out/a.csv", "s3://city/out/b.csv"}
    fewer = {**first.left, "files": {**first.left["files"], "told": {**told, "s3://city/out/0.csv": {"etag": '"x"'}}}}
    again = open_session(position=fewer, may_skip=True)
    assert list(read(config_of(store, "s3://city/out/*.csv"), again)) == ROWS * 2


def test_the_published_example_of_the_algorithm_is_met():
    """GET Object of the documentation, Signature Calculations for the Authorization Header."""
    store = Store(access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    listed = sign("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", store, EXAMPLE_MOMENT)
    assert listed["Authorization"].endswith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    ranged = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-amz-date": "20130524T000000Z",
    }
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    assert signature_of("GET", url, store, ranged, "20130524") == (
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


EXAMPLE_MOMENT = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("store", "url"),
    [
        (Store(region="ap-northeast-2"), "https://city.s3.ap-northeast-2.amazonaws.com/"),
        (Store(region="ap-northeast-2", path_style=True), "https://s3.ap-northeast-2.amazonaws.com/city/"),
        (Store(endpoint="https://kr.object.ncloudstorage.com"), "https://kr.object.ncloudstorage.com/city/"),
        (Store(endpoint="http://store:9000/", path_style=False), "http://city.store:9000/"),
    ],
)
def test_a_bucket_is_a_host_or_a_folder(store, url):
    assert bucket_url(store, "city") == url
    assert object_url(store, "city", "a b/가+.csv") == f"{url}a%20b/%EA%B0%80%2B.csv"


def test_a_bucket_with_dots_is_no_host_name():
    assert bucket_url(Store(), "city.kr") == "https://s3.us-east-1.amazonaws.com/city.kr/"


def page(keys, token=None):
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    listed = "".join(
        f"<Contents><Key>{key}</Key><Size>5</Size><LastModified>2026-11-01T00:00:00Z</LastModified></Contents>"
        for key in keys
    )
    return f"<ListBucketResult>{more}{listed}</ListBucketResult>".encode()


def hostile(behaviours, path="s3://city/*.csv", **config):
    server = HostileServer(behaviours)
    return server, lambda: Config(path=path, endpoint=server.url("").rstrip("/"), **{**PLAIN, **config})


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (reply(200, page(["a.csv"], "same"), Content_Type="application/xml"), UnreadableAnswer, "token"),
        (reply(200, b"<Error><Code>x</Code></Error>", Content_Type="application/xml"), UnreadableAnswer, "no list"),
        (
            reply(200, b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"),
            UnreadableAnswer,
            "no list",
        ),
        (reply(200, b"<ListBucketResult/>"), RequestRefused, "no object"),
        (reply(301, b"<Error><Code>PermanentRedirect</Code></Error>"), RequestRefused, "PermanentRedirect"),
    ],
)
def test_a_list_that_is_none_is_refused(open_session, answer, error, words):
    server, config = hostile({"/": answer})
    with server, pytest.raises(error, match=words):
        list(read(config(), open_session()))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (cut_with_length(LOTS.encode() * 99, 500), BrokenOff),
        (reply(200, b"x" * (2**20 + 1)), TooLarge),
        (say(*[b"x"] * 200, pause=0.1), TimedOut),
    ],
    ids=["cut", "too large", "slow"],
)
def test_a_store_is_listened_to_within_limits(open_session, answer, error):
    server, config = hostile({"/": answer}, "s3://city/a.csv")
    started = time.monotonic()
    with server, pytest.raises(error):
        list(read(config(), open_session(limits={"total": 1.0})))
    assert time.monotonic() - started < 10  # of twenty that it would go on


def test_the_key_goes_to_no_other_host(open_session):
    with HostileServer({"/": reply(200, LOTS.encode())}) as other:
        server, config = hostile({"/": reply(307, b"", Location=other.url("/city/a.csv"))}, "s3://city/a.csv")
        with server:
            list(read(config(), open_session()))
        assert "authorization" in {name.lower() for name in server.requests[0].headers}
        assert "authorization" not in {name.lower() for name in other.requests[0].headers}


def test_a_private_address_needs_the_grant(open_session, store):
    with pytest.raises(ForbiddenAddress, match="allow_private"):
        list(read(config_of(store, "s3://city/out/a.csv"), open_session(allow_private=False)))


def test_answers_are_kept_in_their_order_and_hold_no_secret(open_session, store):
    kept = []
    session = open_session(archive=lambda answer: kept.append((answer.location, answer.status)))
    list(read(config_of(store, "s3://city/out/*.csv"), session))
    assert [urlsplit(location).path for location, _ in kept] == ["/city/", "/city/out/a.csv", "/city/out/b.csv"]
    assert parse_qs(urlsplit(kept[0][0]).query)["prefix"] == ["out/"]
    assert session.mask(store.secret_key) == "***"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": "s3://city"}, "s3://bucket/key"),
        ({"path": "s3://city/folder/"}, "s3://bucket/key"),
        ({"path": "s3://ci_ty@x/a.csv"}, "s3://bucket/key"),
        ({"path": "s3://city/a/../b.csv"}, "must not be"),
        ({"path": "s3://city/*/b.csv"}, "last part"),
        ({"path": "s3://city/a.csv", "access_key": "a"}, "belong together"),
        ({"path": "s3://city/a.csv", "endpoint": "https://store/base"}, "alone"),
        ({"path": "s3://city/a.csv", "endpoint": "ftp://store"}, "alone"),
        ({"path": "s3://city/a.csv", "endpoint": "https://user:word@store"}, "alone"),
        ({"path": "s3://city/a.csv", "marker": ".done"}, "meant for sftp"),
        ({"path": "/a.csv", "region": "x"}, "meant for s3"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_early(config, words):
    with pytest.raises(ValidationError, match=words):
        Config(**config)
