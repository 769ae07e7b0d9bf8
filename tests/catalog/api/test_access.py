"""Who sees what: every level, every viewer and every endpoint, as one matrix."""

from typing import Any

import pytest
from air_stations import make_air_stations
from django.contrib.auth.models import User
from django.test import Client

from catalog.access import RULES
from catalog.models import Dataset
from catalog.publish import withdraw_dataset

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/datasets/air-stations"
DESCRIPTIONS = ["", "/schema", "/snapshots"]
RECORDS = ["/records", "/records?limit=1", "/records.csv", "/records.ndjson", "/records.geojson", "/records.parquet"]
ANONYMOUS, MEMBER, STEWARD, LEFT = "anonymous", "member", "steward", "a steward who has left"

# level: {viewer: (may see the description, may read the records)}
MATRIX = {
    "public": {ANONYMOUS: (True, True), MEMBER: (True, True), STEWARD: (True, True), LEFT: (True, True)},
    "registered": {ANONYMOUS: (True, False), MEMBER: (True, True), STEWARD: (True, True), LEFT: (True, False)},
    "restricted": {ANONYMOUS: (True, False), MEMBER: (True, False), STEWARD: (True, True), LEFT: (True, False)},
    "non-public": {ANONYMOUS: (False, False), MEMBER: (False, False), STEWARD: (True, True), LEFT: (False, False)},
}
CASES = [(level, viewer, *rights) for level, row in MATRIX.items() for viewer, rights in row.items()]


def client_of(viewer: str) -> Client:
    client = Client()
    if viewer != ANONYMOUS:
        user = User.objects.create_user("viewer", is_staff=viewer in (STEWARD, LEFT))
        client.force_login(user)
        user.is_active = viewer != LEFT
        user.save()
    return client


def make_dataset_of(level: str) -> Dataset:
    reason = {"access_reason": {"ko": "시설 보안 (법 제9조)", "en": "security (act, article 9)"}}
    return make_air_stations(access_level=level, **({} if level == "public" else reason))


def test_the_matrix_knows_every_level() -> None:
    assert list(MATRIX) == list(RULES)


@pytest.mark.parametrize(("level", "viewer", "sees", "reads"), CASES)
def test_a_level_opens_what_it_promises(
    level: str, viewer: str, sees: bool, reads: bool, subtests: pytest.Subtests
) -> None:
    make_dataset_of(level)
    client = client_of(viewer)
    for path in DESCRIPTIONS:
        with subtests.test(path):
            assert client.get(ADDRESS + path).status_code == (200 if sees else 404)
    for path in RECORDS:
        with subtests.test(path):
            expected = 404 if not sees else 200 if reads else 403
            assert client.get(ADDRESS + path).status_code == expected
            assert client.head(ADDRESS + path).status_code == expected


@pytest.mark.parametrize(("level", "viewer", "sees", "reads"), CASES)
def test_lists_show_only_what_may_be_seen(level: str, viewer: str, sees: bool, reads: bool) -> None:
    make_dataset_of(level)
    client = client_of(viewer)
    assert listed(client) == ([1] * 8 if sees else [0] * 8)


@pytest.mark.parametrize("viewer", [ANONYMOUS, MEMBER, STEWARD])
@pytest.mark.parametrize("level", RULES)
def test_a_withdrawn_dataset_is_gone_for_everybody(level: str, viewer: str, subtests: pytest.Subtests) -> None:
    make_dataset_of(level)
    withdraw_dataset("air-stations")
    client = client_of(viewer)
    for path in [*DESCRIPTIONS, *RECORDS]:
        with subtests.test(path):
            assert client.get(ADDRESS + path).json()["code"] == "dataset-not-found"
    assert listed(client) == [0] * 8


def listed(client: Client) -> list[int]:
    """Return every number by which lists tell of the dataset."""
    page = client.get("/api/v1/datasets").json()
    found = client.get("/api/v1/datasets", {"q": "air-stations"}).json()
    facets = [sum(counts.values()) for name, counts in page["facets"].items() if name in ("theme", "organisation")]
    [organisation] = client.get("/api/v1/organisations").json()["organisations"]
    one = client.get("/api/v1/organisations/hanbit-city").json()
    return [
        len(page["datasets"]),
        page["count"],
        len(found["datasets"]),
        found["count"],
        *facets,
        organisation["datasets"],
        one["datasets"],
    ]


@pytest.mark.parametrize(("language", "part"), [("ko", "시설 보안 (법 제9조)"), ("en", "security (act, article 9)")])
def test_a_refusal_gives_the_stewards_reason(client: Client, language: str, part: str) -> None:
    make_dataset_of("restricted")
    document = client.get(f"{ADDRESS}/records", headers={"Accept-Language": language}).json()
    assert (document["status"], document["code"], document["dataset"]) == (403, "access-denied", "air-stations")
    assert part in document["detail"]


def test_a_refusal_tells_nothing_of_the_columns(client: Client) -> None:
    make_dataset_of("restricted")
    assert client.get(f"{ADDRESS}/records", {"nope": "1"}).json()["code"] == "access-denied"


def test_a_dataset_that_may_not_be_seen_answers_as_one_that_does_not_exist(client: Client) -> None:
    make_dataset_of("non-public")

    def told(slug: str) -> dict[str, Any]:
        return client.get(f"/api/v1/datasets/{slug}").json()

    assert str(told("air-stations")).replace("air-stations", "no-such") == str(told("no-such"))


def test_knowing_an_entity_tag_opens_nothing(client: Client) -> None:
    make_dataset_of("public")
    etag = client.get(f"{ADDRESS}/records")["ETag"]
    make_dataset_of("restricted")
    assert client.get(f"{ADDRESS}/records", headers={"If-None-Match": etag}).status_code == 403


def test_a_cursor_opens_nothing(client: Client) -> None:
    make_dataset_of("public")
    following = client.get(f"{ADDRESS}/records", {"limit": "1"}).json()["next"]
    make_dataset_of("registered")
    assert client.get(following).status_code == 403
