"""The connector of CKAN portals: finding the resource, paging the datastore, reading the file it names."""

import json
import logging
import traceback
from pathlib import Path

import pytest
from hostile_server import (
    HTML_LOGIN,
    HTML_MAINTENANCE,
    HostileServer,
    by_request,
    cut_without_length,
    reply,
    reply_json,
)
from pydantic import ValidationError

from ingest.connectors import CONNECTORS, DelimitedFile
from ingest.connectors.ckan import Config, hand_over, read
from ingest.errors import (
    BadSetup,
    BrokenOff,
    ForbiddenAddress,
    IncompleteAnswer,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    TooLarge,
    UnreadableAnswer,
)

KEY = "planted/+key"
PARKING = [{"_id": number, "이름": f"주차장 {number}", "면수": number * 10} for number in range(1, 24)]
CSV = "이름,면수\n가,1\n나,2\n".encode("cp949")


@pytest.fixture
def recorded():
    """The folder of answers of real portals, or a skip: they are not ours to ship."""
    folder = Path(__file__).parents[4] / "shared" / "conformance" / "ckan"
    if not folder.is_dir():
        pytest.skip(f"the recorded answers of real portals are not here ({folder.name})")
    return folder


def resource(**values):
    return {"id": "r-1", "name": "주차장", "format": "CSV", "url": "", "datastore_active": True, **values}


def package(*resources):
    return reply_json({"success": True, "result": {"name": "parking", "resources": list(resources)}})


def result(rows, total, **more):
    return {"success": True, "result": {"records": rows, "total": total, **more}}


def datastore(rows, most=32_000, total=None):
    def page(request):
        start, count = int(request.query["offset"]), min(most, int(request.query["limit"]))
        return result(rows[start : start + count], len(rows) if total is None else total(request))

    return by_request(page)


def portal(search, *resources, **more):
    return HostileServer(
        {
            "/api/3/action/package_show": package(*resources or [resource()]),
            "/api/3/action/datastore_search": search,
            **more,
        }
    )


def collect(session, platform, how=read, **config):
    settings = {"url": platform.url("/"), "dataset": "parking", "page_size": 5, **config}
    return list(how(Config(**settings), session))


@pytest.mark.parametrize("most", [5, 3])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 23])
def test_every_record_arrives_once_and_in_order_without_the_row_number(open_session, count, most):
    with portal(datastore(PARKING[:count], most)) as platform:
        rows = collect(open_session(), platform)
    assert rows == [{"이름": row["이름"], "면수": row["면수"]} for row in PARKING[:count]]


def test_one_record_as_an_object_is_a_list_of_one(open_session):
    with portal(reply_json(result(PARKING[0], 1))) as platform:
        assert len(collect(open_session(), platform)) == 1


def test_pages_are_asked_for_in_a_fixed_order(open_session):
    with portal(datastore(PARKING[:6])) as platform:
        collect(open_session(), platform)
    assert [request.query for request in platform.requests] == [
        {"id": "parking"},
        {"resource_id": "r-1", "limit": "5", "offset": "0", "sort": "_id"},
        {"resource_id": "r-1", "limit": "5", "offset": "5", "sort": "_id"},
    ]


@pytest.mark.parametrize("wanted", ["r-2", "둘"])
def test_a_resource_is_found_by_its_id_or_its_name(open_session, wanted):
    with portal(datastore(PARKING[:1]), resource(), resource(id="r-2", name="둘")) as platform:
        collect(open_session(), platform, resource=wanted)
    assert platform.requests[-1].query["resource_id"] == "r-2"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("셋", r"no resource '셋'.*주차장 \(r-1\)"),
        (None, r"more than one.*r-1.*r-2"),
        ("주차장", r"more than one.*r-2"),
    ],
)
def test_a_resource_that_is_not_one_is_asked_for(open_session, wanted, words):
    with portal(datastore([]), resource(), resource(id="r-2")) as platform, pytest.raises(BadSetup, match=words):
        collect(open_session(), platform, resource=wanted)


@pytest.mark.parametrize("told", ["CSV", "csv", ".csv"])
@pytest.mark.parametrize("address", ["/file/a.csv", "/file/download"])
def test_a_file_is_read_by_the_reader_of_files(open_session, address, told):
    server = HostileServer({"/file": reply(200, CSV)})
    named = resource(url=server.url(address), format=told, datastore_active=False)
    with server, portal(datastore([]), named) as platform:
        assert collect(open_session(), platform) == [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]
        (whole,) = collect(open_session(), platform, how=hand_over)
    assert isinstance(whole, DelimitedFile)


def test_the_file_is_taken_from_a_resource_in_the_datastore_when_asked_for(open_session):
    with (
        HostileServer({"/": reply(200, CSV)}) as server,
        portal(reply(500, b""), resource(url=server.url("/a"))) as platform,
    ):
        rows = collect(open_session(), platform, take="file", file={"format": "csv", "header": ["a", "b"]})
    assert rows[0] == {"a": "가", "b": "1"}


def test_a_resource_outside_the_datastore_is_not_searched_there(open_session):
    with portal(datastore([]), resource(datastore_active=False)) as platform, pytest.raises(BadSetup, match="take"):
        collect(open_session(), platform, take="datastore")


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "secret.csv", "ftp://x/a.csv", "", None, 1])
def test_a_portal_cannot_name_a_file_of_this_machine(open_session, tmp_path, url):
    (tmp_path / "secret.csv").write_bytes(CSV)
    session = open_session(file_roots=[tmp_path])
    named = resource(url=url, datastore_active=False)
    with portal(datastore([]), named) as platform, pytest.raises(UnreadableAnswer, match="no http"):
        collect(session, platform)


def test_a_portal_cannot_lead_to_a_metadata_address(open_session):
    named = resource(url="http://169.254.169.254/a.csv", datastore_active=False)
    with portal(datastore([]), named) as platform, pytest.raises(ForbiddenAddress):
        collect(open_session(), platform)


def failure(kind, message="메시지", status=200):
    return reply(status, json.dumps({"success": False, "error": {"__type": kind, "message": message}}).encode())


@pytest.mark.parametrize("status", [200, 403, 404, 409])
@pytest.mark.parametrize(
    ("kind", "key", "error"),
    [
        ("Authorization Error", KEY, KeyRefused),
        ("Authorization Error", None, RequestRefused),
        ("Not Found Error", KEY, RequestRefused),
        ("Validation Error", None, RequestRefused),
        ("Internal Server Error", None, PlatformFailure),
    ],
)
def test_a_failure_is_what_it_says_whatever_its_status(open_session, status, kind, key, error):
    with portal(failure(kind, status=status)) as platform, pytest.raises(SourceError) as raised:
        collect(open_session(limits={"attempts": 1}), platform, **({"key": key} if key else {}))
    assert type(raised.value) is error
    assert "메시지" in raised.value.text.ko


SHRINKING = datastore(PARKING, total=lambda request: 23 if request.query["offset"] == "0" else 22)
ANSWERS = {
    "a login page": (reply(200, HTML_LOGIN), UnreadableAnswer, "통합 로그인"),
    "a maintenance page": (reply(200, HTML_MAINTENANCE), PlatformFailure, "점검"),
    "half a document": (cut_without_length(json.dumps(result(PARKING, 23)).encode(), 300), BrokenOff, "before the end"),
    "another envelope": (reply_json({"status": "200 OK", "result": {}}), UnreadableAnswer, "success"),
    "no result": (reply_json({"success": True}), UnreadableAnswer, "result"),
    "a list": (reply_json([]), UnreadableAnswer, "list"),
    "no records": (reply_json(result("x", 1)), UnreadableAnswer, "records"),
    "no count": (reply_json(result(PARKING, None)), UnreadableAnswer, "total"),
    "a count that is true": (reply_json(result(PARKING[:1], True)), UnreadableAnswer, "total"),
    "an estimate": (reply_json(result(PARKING[:5], 23, total_was_estimated=True)), RequestRefused, "estimate"),
    "more announced": (datastore(PARKING, total=lambda request: 24), IncompleteAnswer, "announced 24 rows but sent 23"),
    "less announced": (datastore(PARKING, total=lambda request: 17), IncompleteAnswer, "sent 20"),
    "a shrinking count": (SHRINKING, IncompleteAnswer, "23 → 22"),
    "a page again": (reply_json(result(PARKING[:5], 23)), RequestRefused, "page 2 is the same"),
    "pages without end": (reply_json(result(PARKING[:5], 10**9)), TooLarge, "pages"),
    "a server's failure": (reply(502, b"bad gateway"), PlatformFailure, "502"),
    "a refusal by status": (reply(403, b"no"), RequestRefused, "HTTP 403"),
    "too often": (failure("Rate", status=429), PlatformFailure, "429"),
}


@pytest.mark.parametrize(("behaviour", "error", "words"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_whole_answer_is_never_taken_for_one(open_session, behaviour, error, words):
    with portal(behaviour) as platform, pytest.raises(error, match=words):
        collect(open_session(limits={"attempts": 1}), platform)


@pytest.mark.parametrize("resources", [None, "x", [1], [{"name": "no id"}]])
def test_a_dataset_whose_resources_are_no_list_is_unreadable(open_session, resources):
    told = reply_json({"success": True, "result": {"resources": resources}})
    with HostileServer({"/": told}) as platform, pytest.raises(UnreadableAnswer, match="resources"):
        collect(open_session(), platform)


def test_what_a_real_portal_told_leads_to_its_file(open_session, recorded):
    told = (recorded / "envidat" / "package_show.json").read_text(encoding="utf-8")
    with HostileServer({"/dataset": reply(200, CSV)}) as server:
        answer = reply(200, told.replace("https://www.envidat.ch", server.url("")).encode())
        with HostileServer({"/api/3/action/package_show": answer}) as platform:
            rows = collect(open_session(), platform, resource="907dc25c-1e66-4e9c-8c22-050e5b08a917")
    assert rows == [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]


def test_an_envelope_of_a_portal_s_own_is_told(open_session, recorded):
    told = (recorded / "indonesia-package_show-nonstandard-envelope.json").read_bytes()
    with (
        HostileServer({"/": reply(200, told)}) as platform,
        pytest.raises(UnreadableAnswer, match=r"no 'success'.*status"),
    ):
        collect(open_session(), platform)


def test_the_key_goes_to_the_portal_in_a_header_and_nowhere_else(open_session, caplog):
    caplog.set_level(logging.DEBUG)
    fail = failure("Authorization Error", f"bad key {KEY}")
    with portal(fail) as platform, pytest.raises(KeyRefused) as raised:
        collect(open_session(), platform, key=KEY)
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value.values)
    assert {request.headers["authorization"] for request in platform.requests} == {KEY}
    assert KEY not in told


@pytest.mark.parametrize(
    "config",
    [
        {"url": "ftp://portal"},
        {"url": "http://portal/?a"},
        {"dataset": ""},
        {"page_size": 32_001},
        {"file": {"path": "/etc/passwd"}},
        {"file": {"colour": "red"}},
        {"x": 1},
    ],
)
def test_a_configuration_that_cannot_work_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"url": "http://portal", "dataset": "d", **config})


@pytest.mark.parametrize("url", ["http://portal/ckan", "http://portal/ckan/", "http://portal/ckan/api/3/action/"])
def test_the_address_of_the_portal_or_of_its_actions_is_given(url):
    assert Config(url=url, dataset="d").url == "http://portal/ckan"


def test_the_hub_knows_the_connector():
    assert CONNECTORS["ckan"].config is Config
    assert "planted" not in repr(Config(url="http://portal", dataset="d", key=KEY))
