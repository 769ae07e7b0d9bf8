"""Reading by grant: the one door, how far a grant goes, and the log that each reading leaves."""

import csv
import datetime as dt
import io
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.conf import LazySettings
from django.conf import settings as settings_of_django
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db import IntegrityError, close_old_connections, transaction
from django.test import Client
from django.utils import timezone

from catalog.errors import BadDescription, BadTable, DatasetNotFound
from catalog.granted import bound_of, revoke_grant
from catalog.intake import plan_intake
from catalog.keys import issue_key
from catalog.models import Change, Dataset, Export, Grant, Reading, SnapshotFile
from catalog.publish import Outcome, describe_dataset, guard_dataset
from catalog.records import Column, Geometry, Schema
from catalog.serving import build_due_indexes
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db

DOOR = "/api/v1/datasets/emergencies/granted-records"
WHY = {"Hub-Purpose": quote("야간 출동 경로 분석")}
COLUMNS = (
    Column("number", required=True),
    Column("kind"),
    Column("happened_at", "datetime"),
    Column("operator", personal_data="operator"),
    Column("place", personal_data="exact-place"),
    Column("longitude", "number", personal_data="exact-place"),
    Column("latitude", "number", personal_data="exact-place"),
    Column("content", personal_data="free-text"),
    Column("image_url", personal_data="image-address"),
    Column("guess", personal_data="a-class-nobody-knows"),
    Column("office", personal_data="office"),
)
SCHEMA = Schema(
    columns=COLUMNS, key=("number",), time="happened_at", geometry=Geometry(longitude="longitude", latitude="latitude")
)
CLOSED = {"access_level": "restricted", "access_reason": {"ko": "긴급 사건"}}
OPEN = ["number", "kind", "happened_at", "office"]
PERSONAL = [column.name for column in COLUMNS if column.name not in OPEN]
ALL_CLASSES = ["operator", "exact-place", "free-text", "image-address"]


def occurrences(count: int = 6) -> Iterator[Mapping[str, object]]:
    for day in range(1, count + 1):
        yield {
            "number": f"n{day}",
            "kind": "fire" if day % 2 else "theft",
            "happened_at": f"2026-03-{day:02d}T10:00:00+09:00",
            "operator": f"김담당{day}",
            "place": f"공공삼거리{day}",
            "longitude": f"126.{day}5",
            "latitude": f"37.{day}5",
            "content": f"침입{day}",
            "image_url": f"ftp://cctv/{day}",
            "guess": f"무엇{day}",
            "office": "상황실",
        }


@pytest.fixture(autouse=True)
def kept_connection() -> Iterator[None]:
    """Let an answer that a test closes itself leave the test's connection to the database open."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.fixture
def dataset() -> Dataset:
    dataset = make_dataset("emergencies", schema=SCHEMA, **CLOSED)
    publish_rows(dataset, occurrences())
    guard_dataset("emergencies")
    return Dataset.objects.get(slug="emergencies")


@pytest.fixture
def officer() -> User:
    return User.objects.create_user("officer")


def give(dataset: Dataset, officer: User, **values: Any) -> Grant:
    now = timezone.now()
    granter, _ = User.objects.get_or_create(username="granter")
    make_organisation("police", ko="한빛경찰서", en="Hanbit Police")
    grant = Grant.objects.create(
        **{
            "dataset": dataset,
            "organisation": dataset.organisation.__class__.objects.get(slug="police"),
            "purpose": "112 긴급출동 경로를 개선하기 위한 분석",
            "legal_basis": "개인정보 보호법 제18조 제2항",
            "valid_from": now - dt.timedelta(days=1),
            "valid_until": now + dt.timedelta(days=30),
            "granted_by": granter,
        }
        | values
    )
    grant.holders.add(officer)
    return grant


@pytest.fixture
def grant(dataset: Dataset, officer: User) -> Grant:
    return give(dataset, officer)


@pytest.fixture
def asking(client: Client, officer: User) -> Client:
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue_key(officer, 'test')[1]}"
    return client


def read(client: Client, question: str = "", **headers: str) -> Any:
    return client.get(f"{DOOR}?{question}", headers=WHY | headers)


def records(client: Client, question: str = "") -> list[dict[str, Any]]:
    response = read(client, question)
    assert response.status_code == 200, response.content.decode()
    return response.json()["records"]


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_dataset_is_guarded_once_and_closed_by_it_and_that_is_in_the_feed() -> None:
    make_dataset("emergencies", schema=SCHEMA)
    before = Change.objects.count()
    assert guard_dataset("emergencies") is Outcome.CHANGED
    assert guard_dataset("emergencies") is Outcome.UNCHANGED
    told = Change.objects.filter(sequence__gt=before).values_list("kind", "access_level")
    assert list(told) == [("described", "public"), ("described", "restricted")], "who follows the level is told"
    assert Dataset.objects.get().access_level == "restricted"
    with pytest.raises(DatasetNotFound):
        guard_dataset("nothing")


@pytest.mark.parametrize("level", ["public", "registered"])
def test_a_guarded_dataset_is_never_opened(dataset: Dataset, level: str) -> None:
    with pytest.raises(BadDescription, match="guarded"):
        make_dataset("emergencies", **CLOSED | {"access_level": level})
    with pytest.raises(IntegrityError, match="guarded_is_closed"), transaction.atomic():
        Dataset.objects.filter(pk=dataset.pk).update(access_level=level)
    assert Dataset.objects.get(pk=dataset.pk).access_level == "restricted"


def test_a_guarded_dataset_may_be_hidden_altogether_and_stays_guarded_when_it_is_described_anew(
    dataset: Dataset, grant: Grant, asking: Client
) -> None:
    make_dataset("emergencies", schema=SCHEMA, **CLOSED | {"access_level": "non-public"})
    assert Dataset.objects.get(pk=dataset.pk).is_guarded
    assert len(records(asking)) == 6  # a holder reaches it all the same
    stranger = issue_key(User.objects.create_user("stranger"), "test")[1]
    assert problem(read(asking, Authorization=f"Bearer {stranger}")) == (404, "dataset-not-found")


def test_what_was_written_while_it_was_open_goes_with_guarding(
    client: Client, settings: LazySettings, django_capture_on_commit_callbacks: Any
) -> None:
    publish_rows(make_dataset("emergencies", schema=SCHEMA), occurrences())
    order = {"dataset": "emergencies", "format": "ndjson"}
    assert client.post("/api/v1/exports", order, content_type="application/json").status_code == 201
    for _ in range(3):
        write_next_file()
    assert list(settings.FILE_DIR.glob("??/*"))
    with django_capture_on_commit_callbacks(execute=True):
        guard_dataset("emergencies")
    assert not list(settings.FILE_DIR.glob("??/*"))
    for _ in range(3):
        write_next_file()
    assert not SnapshotFile.objects.exists() and not Export.objects.exists()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"valid_until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "grant_ends_after_it_begins"),
        (
            {
                "records_from": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
                "records_until": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            },
            "granted_records_end_after_they_begin",
        ),
        ({"purpose": "분석"}, "grant_tells_its_purpose"),
        ({"revoked_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "revoked_for_a_reason"),
    ],
)
def test_the_database_refuses_a_grant_without_an_end_a_purpose_or_a_reason(
    dataset: Dataset, officer: User, values: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        give(dataset, officer, **values)


def test_without_classes_the_personal_columns_do_not_exist(grant: Grant, asking: Client) -> None:
    assert [list(record) for record in records(asking)] == [OPEN] * 6


@pytest.mark.parametrize(
    "question",
    [
        "select={0}",
        "{0}=1",
        "{0}__not__in=1,2",
        "{0}__is_null=true",
        "order_by={0}",
        "order_by=-{0}",
        "group_by={0}",
        "latest_by={0}",
        "select=max({0}) as m",
        "select=kind,first({0}) as f&group_by=kind",
        "distinct=true&select={0}",
        "filter={0} IS NOT NULL",
        "group_by=kind&having={0} IS NOT NULL",
        "filter=kind = {0}",
    ],
)
def test_a_column_that_is_not_granted_is_an_unknown_one(grant: Grant, asking: Client, question: str) -> None:
    for column in PERSONAL:
        told = read(asking, question.format(column)).json()
        assert told["code"] in ("unknown-column", "unknown-parameter")
        assert not set(PERSONAL) & set(told["allowed"])


@pytest.mark.parametrize(
    "question",
    [
        "bbox=126,37,127,38",
        "near=126.5,37.5,1000",
        "crs=EPSG:5179",
        "format=geojson",
        "format=fgb",
        "filter=S_INTERSECTS(geometry, POINT(126.15 37.15))",
        "select=district(geometry)",
        "group_by=district_code(geometry)",
    ],
)
def test_without_the_exact_place_there_is_no_place_at_all(grant: Grant, asking: Client, question: str) -> None:
    response = read(asking, question)
    assert response.status_code == 400
    assert "126.15" not in response.content.decode().replace("POINT(126.15", "")


@pytest.mark.parametrize("classes", [list(one) for n in (1, 4) for one in itertools.combinations(ALL_CLASSES, n)])
def test_what_is_granted_is_there_and_nothing_else(
    dataset: Dataset, officer: User, asking: Client, classes: list[str]
) -> None:
    give(dataset, officer, classes=classes)
    expected = [
        column.name for column in COLUMNS if column.personal_data in ("", "office") or column.personal_data in classes
    ]
    assert list(records(asking)[0]) == expected
    assert (read(asking, "format=geojson").status_code == 200) == ("exact-place" in classes)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", ["n2", "n3"]),
        ("order_by=-number", ["n3", "n2"]),
        ("happened_at__gte=2026-03-01&happened_at__lt=2027-01-01", ["n2", "n3"]),
        ("datetime=../..", None),
        ("datetime=2026-03-03/..", ["n3"]),
        ("number__in=n1,n2,n6", ["n2"]),
        ("number=n6", []),
        ("filter=number = 'n1' OR TRUE", None),
        ("filter=number = 'n1' OR number = 'n3'", ["n3"]),
        ("filter=NOT (happened_at > TIMESTAMP('2026-03-02T00:00:00Z'))", []),
        ("latest_by=kind&order_by=number", ["n2", "n3"]),
        ("sample=100", ["n2", "n3"]),
        ("distinct=true&select=number", ["n2", "n3"]),
        ("near=126.5,37.5,100000&order_by=number", ["n2", "n3"]),
        ("bbox=120,30,130,40", ["n2", "n3"]),
        ("limit=1", ["n2"]),
    ],
)
def test_the_period_of_the_grant_cannot_be_asked_away(
    dataset: Dataset,
    officer: User,
    asking: Client,
    question: str,
    expected: list[str] | None,
) -> None:
    give(dataset, officer, classes=ALL_CLASSES, **march(2, 4))
    response = read(asking, question)
    if response.status_code == 400:
        assert expected is None
        return
    found = [record["number"] for record in response.json()["records"]]
    assert (sorted(found) if "sample" in question else found) == (expected if expected is not None else ["n2", "n3"])
    assert set(found) <= {"n2", "n3"}


def march(first: int, until: int) -> dict[str, dt.datetime]:
    korea = dt.timezone(dt.timedelta(hours=9))
    return {
        "records_from": dt.datetime(2026, 3, first, tzinfo=korea),
        "records_until": dt.datetime(2026, 3, until, tzinfo=korea),
    }


def test_counts_and_aggregates_know_the_period_too(dataset: Dataset, officer: User, asking: Client) -> None:
    give(dataset, officer, **march(2, 4))
    page = read(asking, "count=exact&limit=1").json()
    assert page["count"] == 2
    assert "records" not in page["snapshot"]
    assert records(asking, "select=count() as n,max(number) as last") == [{"n": 2, "last": "n3"}]
    assert records(asking, "group_by=kind&order_by=kind") == [
        {"kind": "fire", "count": 1},
        {"kind": "theft", "count": 1},
    ]


@pytest.mark.parametrize("format_name", ["csv", "ndjson", "parquet", "xlsx", "arrow"])
def test_streams_hold_what_is_granted_alone(dataset: Dataset, officer: User, asking: Client, format_name: str) -> None:
    give(dataset, officer, **march(2, 4))
    content = b"".join(read(asking, f"format={format_name}"))
    assert content
    if format_name == "csv":
        assert [row["number"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))] == ["n2", "n3"]
    assert Reading.objects.get().records == 2


@pytest.mark.parametrize(
    ("kind", "operator", "moment", "expected"),
    [
        ("date", "gte", "2026-03-02T00:00+09:00", dt.date(2026, 3, 2)),
        ("date", "gte", "2026-03-02T00:01+09:00", dt.date(2026, 3, 3)),
        ("date", "lt", "2026-03-04T00:00+09:00", dt.date(2026, 3, 4)),
        ("date", "lt", "2026-03-04T12:00+09:00", dt.date(2026, 3, 4)),
    ],
)
def test_of_days_only_whole_ones_lie_in_the_period(kind: str, operator: str, moment: str, expected: dt.date) -> None:
    assert bound_of(operator, Column("day", kind), dt.datetime.fromisoformat(moment)) == expected


def test_pages_follow_one_another_and_their_cursors_tell_no_hidden_value(
    dataset: Dataset, officer: User, asking: Client
) -> None:
    give(dataset, officer, **march(2, 6))
    found, address = [], f"{DOOR}?limit=1&order_by=-happened_at"
    while address:
        page = asking.get(address, headers=WHY).json()
        found += [record["number"] for record in page["records"]]
        address = page["next"]
    assert found == ["n5", "n4", "n3", "n2"]


def test_a_cursor_goes_on_for_a_while_in_the_version_that_it_began_in(
    dataset: Dataset, grant: Grant, asking: Client
) -> None:
    following = read(asking, "limit=4").json()["next"]
    publish_rows(dataset, occurrences(3))
    assert [one["number"] for one in asking.get(following, headers=WHY).json()["records"]] == ["n5", "n6"]
    dataset.distribution.snapshots.exclude(replaced_at=None).update(
        replaced_at=timezone.now() - dt.timedelta(minutes=20)
    )
    assert problem(asking.get(following, headers=WHY)) == (410, "snapshot-not-found")


@pytest.mark.parametrize("question", ["as_of=2026-01-01", "snapshot={digest}"])
def test_old_versions_are_not_offered(dataset: Dataset, grant: Grant, asking: Client, question: str) -> None:
    asked = question.format(digest=dataset.current_snapshot.digest)
    assert problem(read(asking, asked)) == (400, "unanswerable")


@pytest.mark.parametrize(
    ("purpose", "status"),
    [
        ({}, 400),
        ({"Hub-Purpose": "분석".encode().decode("latin-1")}, 400),
        ({"Hub-Purpose": quote("야간 출동 분석")}, 200),
        ({"Hub-Purpose": "야간 출동 분석".encode().decode("latin-1")}, 200),
        ({"Hub-Purpose": "%ff%fe%fd%fc%fb"}, 400),
        ({"Hub-Purpose": "route analysis"}, 200),
        ({"Hub-Purpose": "x" * 1001}, 400),
    ],
)
def test_a_reading_states_its_purpose(grant: Grant, asking: Client, purpose: dict[str, str], status: int) -> None:
    response = asking.get(DOOR, headers=purpose)
    assert response.status_code == status
    if status == 400 and "%" not in str(purpose):
        assert response.json()["code"] == "purpose-needed"
        assert "Hub-Purpose" in response.json()["detail"]


def test_the_purpose_may_be_a_parameter_but_not_two_different_ones(grant: Grant, asking: Client) -> None:
    assert asking.get(DOOR, {"purpose": "야간 출동 분석"}).status_code == 200
    assert Reading.objects.get().purpose == "야간 출동 분석"
    assert read(asking, "purpose=something+else").status_code == 400


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"valid_from": timezone.now() + dt.timedelta(days=2)}, "is valid from"),
        ({"valid_until": timezone.now() - dt.timedelta(hours=1)}, "ended on"),
        ({"revoked_at": timezone.now(), "revoked_because": "목적이 끝남"}, "was revoked on"),
    ],
)
def test_a_grant_that_does_not_hold_now_opens_nothing(
    dataset: Dataset, officer: User, asking: Client, values: dict[str, Any], words: str
) -> None:
    give(dataset, officer, **values)
    response = read(asking, **{"Accept-Language": "en"})
    assert problem(response) == (403, "grant-needed")
    assert words in response.json()["detail"]


def test_only_holders_read_whoever_else_they_are(dataset: Dataset, grant: Grant, client: Client) -> None:
    assert problem(client.get(DOOR, headers=WHY)) == (401, "key-needed")
    for person in (User.objects.create_user("somebody"), User.objects.create_superuser("root")):
        client.force_login(person)
        assert problem(client.get(DOOR, headers=WHY)) == (403, "grant-needed")
    client.force_login(grant.holders.get())
    assert client.get(DOOR, headers=WHY).status_code == 200


def test_of_several_grants_one_is_chosen_and_they_are_never_read_as_one(
    dataset: Dataset, officer: User, asking: Client
) -> None:
    first = give(dataset, officer, classes=["operator"], **march(1, 3))
    second = give(dataset, officer, classes=["free-text"], **march(5, 7))
    told = read(asking)
    assert problem(told) == (400, "grant-to-choose")
    assert told.json()["grants"] == [first.pk, second.pk]
    for grant, numbers, column in ((first, ["n1", "n2"], "operator"), (second, ["n5", "n6"], "content")):
        found = records(asking, f"grant={grant.pk}")
        assert [one["number"] for one in found] == numbers
        assert set(found[0]) - set(OPEN) == {column}
    assert problem(read(asking, "grant=999")) == (403, "grant-needed")
    assert problem(read(asking, "grant=first")) == (400, "bad-value")
    revoke_grant(first, "목적이 끝남")
    assert [one["number"] for one in records(asking)] == ["n5", "n6"]


def test_the_grant_of_another_dataset_opens_nothing_here(dataset: Dataset, officer: User, asking: Client) -> None:
    other = make_dataset("others", schema=SCHEMA, **CLOSED)
    guard_dataset("others")
    grant = give(other, officer)
    assert problem(read(asking, f"grant={grant.pk}")) == (403, "grant-needed")


def test_a_dataset_that_is_not_guarded_has_no_such_door(officer: User, asking: Client) -> None:
    make_dataset("emergencies")
    assert problem(read(asking)) == (400, "not-guarded")


def test_a_period_needs_a_time_column(officer: User, asking: Client) -> None:
    publish_rows(make_dataset("emergencies", schema=Schema((Column("number"),))), [{"number": "1"}])
    guard_dataset("emergencies")
    give(Dataset.objects.get(), officer, **march(1, 3))
    assert problem(read(asking)) == (403, "grant-needed")


def test_no_cache_keeps_an_answer_and_no_tag_is_given(grant: Grant, asking: Client) -> None:
    for question in ("", "format=csv"):
        response = read(asking, question, **{"Accept-Encoding": "gzip, zstd"})
        assert response["Cache-Control"].startswith("private, no-store")
        assert "ETag" not in response.headers and "Content-Encoding" not in response.headers
        assert "Authorization" in response["Vary"]
    for response in (asking.head(DOOR, headers=WHY), read(asking, **{"If-None-Match": "*"})):
        assert response.status_code == 200
        assert "ETag" not in response.headers


def test_a_reading_is_written_down_whole(grant: Grant, asking: Client, dataset: Dataset, officer: User) -> None:
    read(asking, "kind=fire&filter=" + quote("number = '가&나'"))
    row = Reading.objects.get()
    assert (row.user, row.user_name, row.grant, row.organisation.slug) == (officer, "officer", grant, "police")
    assert (row.dataset, row.snapshot_digest) == (dataset, dataset.current_snapshot.digest)
    assert row.purpose == "야간 출동 경로 분석"
    assert row.question == "kind=fire&filter=number %3D '가%26나'"
    assert (row.status, row.records, row.format, row.address) == ("given", 0, "json", "127.0.0.1")
    assert row.ended_at >= row.at


def test_a_stream_counts_what_was_given_even_when_the_client_leaves(grant: Grant, asking: Client) -> None:
    read(asking, "format=csv").close()
    row = Reading.objects.get()
    assert (row.status, row.records) == ("broken-off", 6)
    b"".join(read(asking, "format=csv"))
    row = Reading.objects.first()
    assert (row.status, row.records) == ("given", 6)


def test_a_reading_that_has_begun_is_in_the_log_before_the_first_byte(grant: Grant, asking: Client) -> None:
    response = read(asking, "format=csv")
    assert Reading.objects.get().status == "begun"
    response.close()


def test_what_cannot_be_logged_is_not_given(
    grant: Grant, asking: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Reading, **options: object) -> None:
        raise IntegrityError("the log is full")

    monkeypatch.setattr(Reading, "save", broken)
    asking.raise_request_exception = False
    for question in ("", "format=csv", "select=nothing"):
        response = read(asking, question)
        assert response.status_code == 500
        assert "n1" not in response.content.decode()


@pytest.mark.parametrize(
    ("question", "headers", "reason"),
    [
        ("select=nothing", WHY, "unknown-column"),
        ("format=nothing", WHY, "unknown-format"),
        ("grant=999", WHY, "grant-needed"),
        ("", {}, "purpose-needed"),
        ("", WHY | {"Accept": "image/png"}, "NotAcceptable"),
        ("", WHY | {"Authorization": "Bearer nothing"}, "bad-key"),
        ("", WHY | {"Authorization": ""}, "key-needed"),
    ],
)
def test_refused_tries_are_logged_with_their_reason(
    grant: Grant, asking: Client, question: str, headers: dict[str, str], reason: str
) -> None:
    assert asking.get(f"{DOOR}?{question}", headers=headers).status_code >= 400
    row = Reading.objects.get()
    assert (row.status, row.reason, row.records) == ("refused", reason, None)
    assert row.user_name == ("" if "key" in reason else "officer")


def test_tries_at_an_open_dataset_are_logged_of_those_who_are_known(client: Client, asking: Client) -> None:
    make_dataset("emergencies")
    Client().get(DOOR)
    assert not Reading.objects.exists()
    read(asking)
    assert Reading.objects.get().reason == "not-guarded"


def test_a_log_outlives_the_account(grant: Grant, asking: Client, officer: User) -> None:
    read(asking)
    officer.delete()
    assert (Reading.objects.get().user, Reading.objects.get().user_name) == (None, "officer")


def test_the_other_doors_name_this_one_in_both_languages(dataset: Dataset, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    for language, word in (("ko", "열람 승인"), ("en", "granted")):
        response = client.get("/api/v1/datasets/emergencies/records", headers={"Accept-Language": language})
        assert problem(response) == (403, "guarded")
        assert DOOR in response.json()["detail"] and word in response.json()["detail"]


def test_what_is_measured_of_guarded_records_is_told_nowhere(dataset: Dataset, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    described = client.get("/api/v1/datasets/emergencies").json()
    assert described["snapshot"] is None
    assert described["distributions"] == []
    assert not {"record_count", "bbox", "temporal"} & set(described)
    [version] = client.get("/api/v1/datasets/emergencies/snapshots").json()["snapshots"]
    assert [version[name] for name in ("records", "rejected", "findings", "files")] == [None] * 4
    assert client.get("/api/v1/datasets?bbox=126,37,127,38").json()["count"] == 0
    assert client.get("/api/v1/datasets").json()["facets"]["format"] == {}
    package = client.get("/api/3/action/package_show?id=emergencies").json()["result"]
    assert package["resources"] == []


def test_a_table_of_the_catalogue_cannot_open_a_guarded_dataset(
    dataset: Dataset, client: Client, tmp_path: Path
) -> None:
    table = tmp_path / "catalogue.csv"
    table.write_bytes(b"".join(client.get("/catalog.csv")))
    assert plan_intake(table).count(Outcome.UNCHANGED) == 1
    table.write_bytes(table.read_bytes().replace(b"restricted", b"public"))
    with pytest.raises(BadTable, match="guarded"):
        plan_intake(table)


def test_a_harvest_cannot_open_a_guarded_dataset(dataset: Dataset) -> None:
    described = {"title": {"ko": "사건"}, "organisation": "hanbit-city", "access_level": "public"}
    with pytest.raises(BadDescription, match="guarded"):
        describe_dataset("emergencies", described, harvested=True)


def test_a_guarded_dataset_has_no_serving_index(dataset: Dataset, settings: LazySettings) -> None:
    settings.INDEX_RECORDS = 1
    assert build_due_indexes() == 0  # a copy in which what is erased would live on


def test_the_answer_is_what_the_document_promises(dataset: Dataset, officer: User, asking: Client) -> None:
    document = json.loads(Path(settings_of_django.BASE_DIR, "docs", "openapi.json").read_text(encoding="utf-8"))
    promised = document["components"]["schemas"]["GrantedPage"]
    give(dataset, officer, classes=ALL_CLASSES, **march(2, 4))
    answer = read(asking, "count=exact").json()
    assert set(promised.get("required", [])) <= set(answer) <= set(promised["properties"])
