"""SQL over HTTP: who may ask, that nothing leaks of what one may not read, formats, ETags, plans and errors."""

import csv
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from air_stations import make_air_stations
from builders import ROWS, make_dataset, publish_rows
from django.contrib.auth.models import User
from django.test import Client

from catalog.keys import issue_key
from catalog.models import Dataset
from catalog.publish import withdraw_dataset
from catalog.records.admission import LIGHT_COST

pytestmark = pytest.mark.django_db
QUERY = "/api/v1/query"
JOIN = (
    'SELECT s.district, avg(q.pm10) AS pm10, count(*) AS days FROM "air-quality" q '
    "JOIN air_stations s ON s.station_id = q.station_id GROUP BY 1 ORDER BY 1"
)
SECRET = "SELECT district FROM air_stations"
REASON = {"access_reason": {"ko": "시설 보안 (법 제9조)", "en": "security (act, article 9)"}}


@pytest.fixture
def datasets() -> tuple[Dataset, Dataset]:
    quality = make_dataset()
    publish_rows(quality)
    return quality, make_air_stations()


@pytest.fixture
def member() -> Client:
    return client_of("member")


def client_of(name: str, *, is_staff: bool = False, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(User.objects.create_user(name, is_staff=is_staff))
    return client


def get(client: Client, sql: str, **parameters: str) -> Any:
    return client.get(QUERY, {"sql": sql} | parameters, headers={"Accept-Language": "en"})


def post(client: Client, document: object, **options: Any) -> Any:
    return client.post(QUERY, document, content_type="application/json", headers={"Accept-Language": "en"}, **options)


def test_a_question_over_two_datasets_is_answered(datasets: tuple[Dataset, ...], member: Client) -> None:
    answer = get(member, JOIN)
    assert answer.status_code == 200, answer.json()
    document = answer.json()
    assert document["records"] == [
        {"district": "강남구", "pm10": 34.0, "days": 2},
        {"district": "종로구", "pm10": 81.0, "days": 1},
    ]
    assert document["columns"] == [
        {"name": "district", "type": "string"},
        {"name": "pm10", "type": "number"},
        {"name": "days", "type": "integer"},
    ]
    assert [snapshot["dataset"] for snapshot in document["snapshots"]] == ["air-quality", "air-stations"]
    assert document["snapshots"][1]["id"] == datasets[1].current_snapshot.digest
    assert document["truncated"] is False
    assert answer["Cache-Control"].startswith("private")
    assert post(member, {"sql": JOIN}).json() == document


def test_it_is_for_those_who_say_who_they_are(datasets: tuple[Dataset, ...], client: Client) -> None:
    for answer in (
        get(client, "SELECT 1"),
        post(client, {"sql": "SELECT 1"}),
        get(client, "nonsense"),
        get(client, SECRET),
    ):
        document = answer.json()
        assert (answer.status_code, document["code"]) == (401, "key-needed")
        assert "Authorization: Bearer" in document["detail"]
        assert answer["WWW-Authenticate"]


def test_a_key_opens_it_and_what_its_holder_may_read(client: Client) -> None:
    make_air_stations(access_level="registered", **REASON)
    _, key = issue_key(User.objects.create_user("firm"), "a firm")
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        answer = client.post(QUERY, {"sql": SECRET}, content_type="application/json", headers=headers)
        assert answer.status_code == 200
        assert len(answer.json()["records"]) == 5
    bad = client.get(QUERY, {"sql": SECRET}, headers={"Authorization": f"Bearer {key[:-1]}"})
    assert (bad.status_code, bad.json()["code"]) == (401, "bad-key")


def test_a_session_posts_only_with_its_token(datasets: tuple[Dataset, ...]) -> None:
    client = client_of("member", enforce_csrf_checks=True)
    assert get(client, "SELECT 1 AS x").status_code == 200
    assert post(client, {"sql": "SELECT 1 AS x"}).status_code == 403


@pytest.mark.parametrize("level", ["restricted", "non-public"])
def test_nothing_leaks_of_a_dataset_that_may_not_be_read(
    datasets: tuple[Dataset, ...], member: Client, level: str, subtests: pytest.Subtests
) -> None:
    steward = client_of("steward", is_staff=True)
    questions = [
        SECRET, JOIN, 'SELECT count(*) FROM "air-stations"', "SELECT nope FROM air_stations",
        "SELECT 1 FROM air_quality WHERE EXISTS (SELECT 1 FROM air_stations WHERE district = '강남구')",
        "SELECT 1 WHERE 1 = 0 AND (SELECT count(*) FROM air_stations) > 0",
        "WITH air_quality AS (SELECT * FROM air_stations) SELECT * FROM air_quality",
        "WITH x AS (SELECT * FROM air_stations) SELECT 1",
        "SELECT 1 UNION ALL SELECT pm10 FROM AIR_STATIONS",
    ]  # fmt: skip
    etags = {sql: get(member, sql).headers.get("ETag") for sql in questions}
    Dataset.objects.filter(slug="air-stations").update(access_level=level, access_reason_en="security")
    expected = (403, "access-denied") if level == "restricted" else (404, "dataset-not-found")
    for sql in questions:
        with subtests.test(sql):
            for answer in (
                get(member, sql),
                get(member, sql, explain="true"),
                get(member, sql, format="csv"),
                get(member, sql, format="geojson"),
                member.get(QUERY, {"sql": sql}, headers={"If-None-Match": etags[sql] or "*"}),
                member.head(QUERY, {"sql": sql}),
                post(member, {"sql": sql, "explain": True}),
            ):
                assert answer.status_code == expected[0]
                assert "ETag" not in answer.headers
                if answer.content:
                    document = answer.json() | {"instance": "what was asked"}
                    assert document["code"] == expected[1]
                    assert not [told for told in ("강남구", "station_id", "parts", "digest") if told in str(document)]
    assert get(steward, SECRET).status_code == 200


def test_a_dataset_that_may_not_be_seen_is_one_that_does_not_exist(member: Client) -> None:
    make_air_stations(access_level="non-public", **REASON)
    hidden = str(get(member, SECRET).json()).replace("air-stations", "no-such").replace("air_stations", "no_such")
    assert hidden == str(get(member, SECRET.replace("air_stations", "no_such")).json())


def test_a_restricted_dataset_gives_the_stewards_reason(member: Client) -> None:
    make_air_stations(access_level="restricted", **REASON)
    document = get(member, SECRET).json()
    assert (document["status"], document["code"], document["dataset"]) == (403, "access-denied", "air-stations")
    assert "security" in document["detail"]


def test_registered_data_is_for_members(member: Client) -> None:
    make_air_stations(access_level="registered", **REASON)
    assert len(get(member, SECRET).json()["records"]) == 5


def test_what_is_withdrawn_or_has_no_records_is_told(member: Client) -> None:
    make_dataset("empty-one")
    assert get(member, "SELECT * FROM empty_one").json()["code"] == "no-records"
    make_air_stations()
    withdraw_dataset("air-stations")
    assert get(member, SECRET).json()["code"] == "dataset-not-found"


@pytest.mark.parametrize("sql", [
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM catalog_dataset", "SELECT * FROM sqlite_master", "SELECT * FROM duckdb_settings",
])  # fmt: skip
def test_every_table_is_a_dataset(member: Client, sql: str) -> None:
    assert get(member, sql).json()["code"] == "dataset-not-found"


def test_all_snapshots_are_looked_up_at_once(
    datasets: tuple[Dataset, ...], member: Client, django_assert_max_num_queries: Any
) -> None:
    get(member, JOIN)
    with django_assert_max_num_queries(6):  # two for the session, one for the pointers, one for the parts
        assert get(member, JOIN).status_code == 200


def test_formats(datasets: tuple[Dataset, ...], member: Client) -> None:
    text = get(member, SECRET + " ORDER BY station_id", format="csv")
    assert text["Content-Type"].startswith("text/csv")
    assert text["Content-Disposition"] == 'attachment; filename="query.csv"'
    assert text["X-Truncated"] == "false"
    rows = list(csv.reader(io.StringIO(text.content.decode())))
    assert rows[:3] == [["district"], ["강남구"], ["종로구"]]
    parquet = get(member, "SELECT * FROM air_stations", format="parquet")
    assert pq.read_table(io.BytesIO(parquet.content)).num_rows == 5
    by_header = member.get(QUERY, {"sql": SECRET}, headers={"Accept": "application/x-ndjson"})
    assert by_header["Content-Type"] == "application/x-ndjson"
    places = get(member, "SELECT station_id, longitude, latitude FROM air_stations", format="geojson").json()
    assert len(places["features"]) == 5
    assert get(member, SECRET, format="geojson").json()["code"] == "unanswerable"
    assert get(member, SECRET, format="nope").json()["code"] == "unknown-format"


def test_an_answer_is_cut_where_its_limit_says(datasets: tuple[Dataset, ...], member: Client) -> None:
    document = get(member, "SELECT station_id FROM air_stations ORDER BY 1", limit="2").json()
    assert (document["records"], document["truncated"]) == ([{"station_id": "0101"}, {"station_id": "0102"}], True)
    assert post(member, {"sql": "SELECT station_id FROM air_stations", "limit": 5}).json()["truncated"] is False
    for limit in ("0", "-1", "100001", "x", "1e3", "１"):
        assert get(member, SECRET, limit=limit).json()["code"] == "bad-value"
    for limit in (0, True, 1.5, None, [], 10**30):
        assert post(member, {"sql": SECRET, "limit": limit}).json()["code"] == "bad-value"


def test_an_unchanged_answer_is_a_304(datasets: tuple[Dataset, ...], member: Client) -> None:
    etag = get(member, JOIN)["ETag"]
    again = member.get(QUERY, {"sql": f"{JOIN}  -- the same"}, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert get(member, JOIN, limit="7")["ETag"] != etag
    assert get(member, JOIN, format="csv")["ETag"] != etag
    publish_rows(datasets[0], [*ROWS, {"station_id": "0104", "pm10": "7", "observed_on": "2018-01-04"}])
    newer = member.get(QUERY, {"sql": JOIN}, headers={"If-None-Match": etag})
    assert newer.status_code == 200
    assert newer["ETag"] != etag


def test_the_clock_is_part_of_the_question(datasets: tuple[Dataset, ...], member: Client) -> None:
    assert get(member, "SELECT now() AS x")["ETag"] != get(member, "SELECT now() AS x")["ETag"]


def test_a_plan_tells_what_would_be_read(datasets: tuple[Dataset, ...], member: Client) -> None:
    plan = get(member, JOIN, explain="true").json()
    assert plan == post(member, {"sql": JOIN, "explain": True}).json()
    assert [read["dataset"] for read in plan["reads"]] == ["air-quality", "air-stations"]
    assert plan["reads"][1] == {"dataset": "air-stations", "parts": 1, "parts_read": 1, "rows_read": 5}
    assert '"air-quality"' in plan["statement"]
    assert any("JOIN" in step for step in plan["steps"])
    assert "/" not in str(plan["steps"])


CROSSED = [
    "SELECT count(*) FROM air_stations a, air_stations b",
    "WITH s AS (SELECT * FROM air_stations) SELECT count(*) FROM s a CROSS JOIN s b",
    "SELECT count(*) FROM (VALUES (1), (2)) a(x), (VALUES (1), (2)) b(y)",
    "SELECT district FROM air_stations a WHERE EXISTS (SELECT 1 FROM air_stations b WHERE b.district < a.district)",
]
SINGLE = [
    "SELECT count(*) FROM air_stations",
    "WITH s AS (SELECT * FROM air_stations) SELECT count(*) FROM s",
    "SELECT count(*) FROM (SELECT district FROM air_stations)",
]


@pytest.mark.parametrize("sql", [*CROSSED, *SINGLE])
def test_rows_that_meet_others_are_never_a_light_question(
    datasets: tuple[Dataset, ...], member: Client, sql: str
) -> None:
    plan = get(member, sql, explain="true").json()
    assert (plan["cost"] > LIGHT_COST) == (sql in CROSSED)


def test_errors_are_problems_with_their_place(datasets: tuple[Dataset, ...], member: Client) -> None:
    answer = get(member, "SELECT district,\n  getenv('HOME') FROM air_stations")
    document = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (document["status"], document["code"], document["line"], document["column"]) == (400, "bad-sql", 2, 3)
    assert "getenv" in document["detail"]
    missing = get(member, "SELECT nope FROM air_stations").json()
    assert (missing["code"], missing["line"], missing["column"]) == ("bad-sql", 1, 8)
    korean = member.get(QUERY, {"sql": "SELECT"}, headers={"Accept-Language": "ko"}).json()
    assert korean["title"] == "답할 수 없는 SQL"


@pytest.mark.parametrize("document", [
    b"nonsense", b"[]", b"null", b'"SELECT 1"', b"", b'{"sql": "SELECT 1"', b"{}", b'{"sql": 1}', b'{"sql": null}', b'{"sql": "SELECT 1", "x": 1}',
    b'{"sql": "SELECT 1", "explain": "perhaps"}', b'{"sql": "SELECT 1", "explain": 1}', b'{"sql": "SELECT 1", "format": 7}',
    b'{"sql": "SELECT \\u0000"}', b'{"sql": "' + b"(" * 90_000 + b'"}', b'{"sql": "' + b"x" * 1_000_000 + b'"}',
])  # fmt: skip
def test_what_cannot_be_read_is_refused(member: Client, document: bytes) -> None:
    answer = member.post(QUERY, document, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_unknown_and_repeated_parameters_are_errors(member: Client) -> None:
    assert get(member, "SELECT 1", nope="1").json()["code"] == "unknown-parameter"
    assert member.get(f"{QUERY}?sql=SELECT+1&sql=SELECT+2").json()["code"] == "bad-value"
    assert get(member, "SELECT 1", explain="perhaps").json()["code"] == "bad-value"
    assert member.get(QUERY).json()["code"] == "bad-sql"
    assert (
        member.post(f"{QUERY}?sql=SELECT+1", {}, content_type="application/json").json()["code"] == "unknown-parameter"
    )
    assert member.delete(QUERY).status_code == 405


def test_heavy_questions_wait_for_their_turn(
    datasets: tuple[Dataset, ...], member: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.records.admission.LIGHT_COST", 1)
    assert get(member, JOIN).status_code == 200
