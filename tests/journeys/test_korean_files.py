"""The real Korean files through public doors: applied, pulled, asked; compared with a reading that is not ours.

Everything is pulled twice, once for all tests of this module: the second time must change nothing.
"""

import csv
import gzip
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from korean_files import DATA, TRUTH, Record, Truth, parking_lots_2021
from pytest_django.plugin import DjangoDbBlocker

from catalog.models import Dataset
from catalog.search.vendors import vendor
from datahub.celery import app
from ingest.apply import apply_hub_file
from ingest.hub_file import read_hub_file
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.raw import rejected_path
from ingest.runs import offer_run

HUB_FILE = Path(__file__).parents[2] / "ingest" / "hubs" / "korea.toml"
BROKEN = ("library-standard-json", "library-standard-xml")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real municipal files are not here; their twins are tested"),
]

# dataset: rows in the file, and what is refused of them, as the files' own description counts it
ACCOUNTS: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "parking-lots": (14_651, {"half-coordinate": 27, "outside-area": 1}),
    "traffic-cameras": (12_295, {"half-coordinate": 25, "outside-area": 6}),
    "public-wifi": (14_828, {"swapped-coordinates": 8, "outside-area": 4}),
    "seoul-air-daily": (14_637 + 18_250, {}),
    "subway-ridership": (212_749, {}),
    "bike-stations": (2_653, {}),
    "osan-cctv": (567, {"swapped-coordinates": 10, "outside-area": 1}),
    "osan-bus-stops": (412, {}),
    "jeju-heat-shelters": (40, {}),
    "changwon-bus-stations": (3_172, {}),
    "seoul-toilets": (1, {}),
    "seoul-districts": (25, {}),
    "airport-parking-kac": (3, {}),
    "airport-parking-incheon": (2, {}),
}
SOURCE_OF = {slug: slug for slug in ACCOUNTS} | {"parking-lots": "parking-lots-2023"}


@dataclass(frozen=True)
class Hub:
    """The hub after everything was pulled twice; ``answers`` is what the public API said after each time."""

    store: Path
    raw: Path
    spool: Path
    first: Mapping[str, Run]
    second: Mapping[str, Run]
    answers: tuple[object, object]
    parking_page: str  # where a reader of the release of 2021 goes on
    parking_records: list[Record]  # what that reader has already


@pytest.fixture(scope="module")
def hub(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("korea")
    folders = {"STORE_DIR": folder / "store", "RAW_DIR": folder / "raw", "SPOOL_DIR": folder / "spool"}
    queue = f"sqlitelease:///{folder / 'broker.sqlite3'}"
    app.conf.update(broker_url=queue, broker_read_url=queue, broker_write_url=queue)
    with django_db_blocker.unblock(), override_settings(**folders, FILE_ROOTS=[DATA]):
        told = apply_hub_file(read_hub_file(HUB_FILE), base=DATA)
        assert {part.outcome for part in told} == {"created"}
        client = Client()
        parking_2021 = pull("parking-lots-2021")
        page = ask(client, "parking-lots", limit=10_000)
        first = {"parking-lots-2021": parking_2021} | pull_all(but="parking-lots-2021")
        after_first = what_the_api_says(client)
        again = apply_hub_file(read_hub_file(HUB_FILE), base=DATA)
        assert {part.outcome for part in again} == {"unchanged"}
        second = pull_all()
        answers = (after_first, what_the_api_says(client))
    yield Hub(*folders.values(), first, second, answers, page["next"], page["records"])
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
        vendor().clear()  # the table of tokens is no model's: the flush misses it


@pytest.fixture(autouse=True)
def in_the_hub(hub: Hub, settings: pytest.FixtureRequest) -> None:
    settings.STORE_DIR, settings.RAW_DIR, settings.SPOOL_DIR = hub.store, hub.raw, hub.spool


def pull(slug: str) -> Run:
    run = offer_run(Source.objects.get(slug=slug))
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def pull_all(*, but: str = "") -> dict[str, Run]:
    return {slug: pull(slug) for slug in Source.objects.exclude(slug=but).values_list("slug", flat=True)}


def what_the_api_says(client: Client) -> object:
    """Return all descriptions, all snapshots and the change feed, but for the time until which a snapshot held good."""
    datasets = get(client, "/api/v1/datasets", limit=100)["datasets"]
    snapshots = [get(client, f"/api/v1/datasets/{entry['slug']}/snapshots")["snapshots"] for entry in datasets]
    kept = [[{name: entry[name] for name in entry if name != "valid_at"} for entry in entries] for entries in snapshots]
    return datasets, kept, get(client, "/api/v1/changes", limit=1000)


def get(client: Client, address: str, **parameters: object) -> dict:
    response = client.get(address, parameters)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def ask(client: Client, slug: str, **parameters: object) -> dict:
    return get(client, f"/api/v1/datasets/{slug}/records", **parameters)


def download(client: Client, slug: str, extension: str) -> str:
    response = client.get(f"/api/v1/datasets/{slug}/records.{extension}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def all_records(client: Client, slug: str) -> list[Record]:
    return [json.loads(line) for line in download(client, slug, "ndjson").splitlines()]


@cache
def truth_of(slug: str) -> Truth:
    return TRUTH[slug]()


def refused_by(run: Run) -> list[dict]:
    path = rejected_path(run)
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path else []


def test_every_dataset_of_the_hub_file_is_in_the_catalogue(client: Client) -> None:
    found = get(client, "/api/v1/datasets", limit=100)
    assert {entry["slug"] for entry in found["datasets"]} == {*ACCOUNTS, "libraries"}
    assert found["count"] == len(ACCOUNTS) + 1


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_published_and_refused_are_the_rows_of_the_file(slug: str, hub: Hub, client: Client) -> None:
    rows, refused = ACCOUNTS[slug]
    run = hub.first[SOURCE_OF[slug]]
    assert run.state == Run.State.PUBLISHED, run.error_en
    assert (run.rows, run.accepted, run.rejected) == (rows, rows - sum(refused.values()), sum(refused.values()))
    assert truth_of(slug).rows == rows
    assert Counter(truth_of(slug).refused.values()) == refused
    assert ask(client, slug, count="exact", limit=1)["count"] == rows - sum(refused.values())
    snapshot = get(client, f"/api/v1/datasets/{slug}")["snapshot"]
    assert (snapshot["records"], snapshot["rejected"]) == (run.accepted, run.rejected)


@pytest.mark.parametrize("slug", [slug for slug in ACCOUNTS if slug != "seoul-toilets"])
def test_every_value_of_every_record_is_right(slug: str, client: Client) -> None:
    published, expected = all_records(client, slug), truth_of(slug).records
    assert len(published) == len(expected)
    assert next(((ours, real) for ours, real in zip(published, expected, strict=True) if ours != real), None) is None


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_refused_rows_are_kept_with_their_number_reason_and_content(slug: str, hub: Hub) -> None:
    truth = truth_of(slug)
    kept = refused_by(hub.first[SOURCE_OF[slug]])
    assert {entry["row"]: entry["reason"] for entry in kept} == truth.refused
    assert [entry["record"] for entry in kept] == [truth.raw[row - 1] for row in truth.refused]
    assert all(entry["sentence"]["ko"] and entry["sentence"]["en"] for entry in kept)


def test_the_steward_reads_in_sentences_which_cctv_sites_were_refused(hub: Hub) -> None:
    run = hub.first["osan-cctv"]
    assert [(entry["row"], entry["reason"], entry["value"]) for entry in refused_by(run)][:2] == [
        (169, "outside-area", "37.172180, 172.058905"),
        (558, "swapped-coordinates", "127.0907478, 37.15089232"),
    ]
    run = hub.second["osan-cctv"]
    assert {(issue.code, issue.count) for issue in run.issues.all()} == {
        ("swapped-coordinates", 10),
        ("outside-area", 1),
    }
    assert all(str(issue.count) in issue.text_ko and issue.text_en for issue in run.issues.all())


def test_both_releases_of_the_car_parks_are_snapshots_and_the_later_one_is_current(hub: Hub, client: Client) -> None:
    snapshots = get(client, "/api/v1/datasets/parking-lots/snapshots")["snapshots"]
    assert [
        (entry["valid_at"][:10], entry["records"], entry["rejected"], entry["is_current"]) for entry in snapshots
    ] == [
        ("2022-12-19", 14_651 - 28, 28, True),
        ("2021-05-28", 14_851 - 162, 162, False),
    ]
    assert Counter(entry["reason"] for entry in refused_by(hub.first["parking-lots-2021"])) == {
        "half-coordinate": 160,
        "outside-area": 2,
    }


def test_a_reader_of_the_earlier_release_reads_it_to_its_end(hub: Hub, client: Client) -> None:
    rest = get(client, hub.parking_page)
    assert rest["next"] is None
    assert [*hub.parking_records, *rest["records"]] == parking_lots_2021().records


def test_leading_zeros_of_codes_stay(client: Client) -> None:
    assert ask(client, "bike-stations", station_id="00102")["records"][0]["name"] == "망원역 1번출구 앞"
    assert {row["station"] for row in ask(client, "subway-ridership", station_id="0150", limit=5)["records"]} == {
        "서울역"
    }
    assert ask(client, "traffic-cameras", enforcement="04", count="exact", limit=1)["count"] == sum(
        record["enforcement"] == "04" for record in truth_of("traffic-cameras").records
    )


def test_fees_in_two_steps_are_no_numbers_and_stand_beside_as_written(client: Client) -> None:
    found = ask(client, "parking-lots", added_fee_text="200+400", count="exact")
    assert found["count"] == sum(row["추가단위요금"] == "200+400" for row in truth_of("parking-lots").raw) > 0
    assert {record["added_fee"] for record in found["records"]} == {None}
    assert {record["provider"] for record in found["records"]} == {"광주광역시 광산구"}


def test_the_month_of_a_wifi_installation_stays_as_it_was_written(client: Client) -> None:
    written = {row["설치년월"] for row in truth_of("public-wifi").raw} - {""}
    published = {record["installed"] for record in all_records(client, "public-wifi")} - {None}
    assert published == written
    assert published >= {"2012-05", "201512", "2013-11-30", "2014", "Sep-14", "2016년 07월 01일"}


def test_the_toilet_lies_where_the_city_says_to_the_metre(client: Client) -> None:
    [toilet] = ask(client, "seoul-toilets")["records"]
    metres_east = (toilet["longitude"] - 126.90983237468618) * 111_320 * math.cos(math.radians(37.49238614627172))
    metres_north = (toilet["latitude"] - 37.49238614627172) * 111_320
    assert math.hypot(metres_east, metres_north) < 1
    [expected] = truth_of("seoul-toilets").records
    assert {name: toilet[name] for name in expected} == expected


def test_the_districts_cover_seoul(client: Client) -> None:
    collection = json.loads(download(client, "seoul-districts", "geojson"))
    points = [point for feature in collection["features"] for point in corners(feature["geometry"]["coordinates"])]
    longitudes, latitudes = zip(*points, strict=True)
    box = (min(longitudes), min(latitudes), max(longitudes), max(latitudes))
    assert [round(edge, 4) for edge in box] == [126.7646, 37.4283, 127.1831, 37.7013]
    real = {feature["properties"]["SIG_CD"]: feature["geometry"] for feature in real_features()}
    assert {feature["properties"]["district_code"]: feature["geometry"] for feature in collection["features"]} == real


def real_features() -> list[dict]:
    return json.loads((DATA / "seoul_gu_2015_juso.geojson").read_bytes())["features"]


def corners(coordinates: list) -> Iterator[list[float]]:
    if isinstance(coordinates[0], float):
        yield coordinates
    else:
        for part in coordinates:
            yield from corners(part)


@pytest.mark.parametrize("slug", ["subway-ridership", "seoul-air-daily", "parking-lots", "changwon-bus-stations"])
def test_number_columns_of_the_csv_add_up_to_those_of_the_file(slug: str, client: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(download(client, slug, "csv"), newline="")))
    expected = truth_of(slug).records
    numeric = [name for name in rows[0] if any(isinstance(record[name], int | float) for record in expected)]
    assert len(rows) == len(expected)
    assert len(numeric) >= 2
    for name in numeric:
        ours = math.fsum(float(row[name]) for row in rows if row[name])
        assert ours == math.fsum(record[name] for record in expected if record[name] is not None), name
    for row, record in list(zip(rows, expected, strict=True))[:: max(1, len(rows) // 50)]:
        for name, value in record.items():
            if isinstance(value, str):
                assert row[name] == value
            elif value is None:
                assert row[name] == ""


def test_the_whole_year_of_the_subway_adds_up(client: Client) -> None:
    records = all_records(client, "subway-ridership")
    rows = truth_of("subway-ridership").raw
    assert sum(record["boardings"] for record in records) == sum(int(float(row["승차총승객수"])) for row in rows)
    assert sum(record["alightings"] for record in records) == sum(int(float(row["하차총승객수"])) for row in rows)
    assert len({record["date"] for record in records}) == 365


def lies_in(record: Record, west: float, south: float, east: float, north: float) -> bool:
    return (
        record["latitude"] is not None and south <= record["latitude"] <= north and west <= record["longitude"] <= east
    )


Condition = Callable[[Record], object]
QUESTIONS: list[tuple[str, dict[str, str], Condition]] = [
    ("subway-ridership", {"line": "2호선", "date": "2018-06-15"}, lambda r: r["line"] == "2호선" and r["date"] == "2018-06-15"),
    ("subway-ridership", {"boardings__gte": "100000"}, lambda r: r["boardings"] >= 100_000),
    ("subway-ridership", {"datetime": "2018-12-30/..", "station": "강남"}, lambda r: r["date"] >= "2018-12-30" and r["station"] == "강남"),
    ("subway-ridership", {"line__in": "우이신설선,경강선", "alightings__lt": "300"}, lambda r: r["line"] in ("우이신설선", "경강선") and r["alightings"] < 300),
    ("seoul-air-daily", {"pm10__gt": "300"}, lambda r: r["pm10"] is not None and r["pm10"] > 300),
    ("seoul-air-daily", {"datetime": "2022-01-01/2022-01-31", "station": "강남구"}, lambda r: r["observed_on"][:7] == "2022-01" and r["station"] == "강남구"),
    ("seoul-air-daily", {"no2__isnull": "true", "datetime": "../2018-12-31"}, lambda r: r["no2"] is None and r["observed_on"] < "2019"),
    ("seoul-air-daily", {"o3": "0"}, lambda r: r["o3"] == 0),
    ("parking-lots", {"ownership": "민영", "spaces__gte": "500"}, lambda r: r["ownership"] == "민영" and r["spaces"] >= 500),
    ("parking-lots", {"name__contains": "무료", "latitude__isnull": "true"}, lambda r: "무료" in r["name"] and r["latitude"] is None),
    ("parking-lots", {"weekday_close": "24:00", "charge": "유료"}, lambda r: r["weekday_close"] == "24:00" and r["charge"] == "유료"),
    ("parking-lots", {"bbox": "126.95,37.55,127.0,37.6"}, lambda r: lies_in(r, 126.95, 37.55, 127.0, 37.6)),
    ("traffic-cameras", {"speed_limit__in": "110,20"}, lambda r: r["speed_limit"] in (110, 20)),
    ("traffic-cameras", {"enforcement": "01+02"}, lambda r: r["enforcement"] == "01+02"),
    ("public-wifi", {"installed": "Sep-14"}, lambda r: r["installed"] == "Sep-14"),
    ("public-wifi", {"reference_date__lte": "2015-01-31"}, lambda r: r["reference_date"] <= "2015-01-31"),
    ("bike-stations", {"district": "강남구", "lcd_racks__isnull": "true"}, lambda r: r["district"] == "강남구" and r["lcd_racks"] is None),
    ("osan-cctv", {"kind": "B"}, lambda r: r["kind"] == "B"),
    ("osan-bus-stops", {"name": "대림아파트"}, lambda r: r["name"] == "대림아파트"),
    ("jeju-heat-shelters", {"capacity__gte": "50"}, lambda r: r["capacity"] >= 50),
    ("changwon-bus-stations", {"updated_at__gte": "2024-01-01T00:00:00"}, lambda r: r["updated_at"] >= "2024-01-01"),
    ("changwon-bus-stations", {"mobile_number__isnull": "true"}, lambda r: r["mobile_number"] is None),
    ("seoul-districts", {"name__in": "강남구,종로구"}, lambda r: r["name"] in ("강남구", "종로구")),
    ("airport-parking-kac", {"airport": "제주국제공항"}, lambda r: r["airport"] == "제주국제공항"),
    ("airport-parking-incheon", {"observed_at": "2026-04-25T09:20:00"}, lambda r: True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "question", "fits"), QUESTIONS, ids=lambda value: value if isinstance(value, str) else None
)
def test_a_question_is_answered_as_a_person_would_from_the_file(
    slug: str, question: dict[str, str], fits: Condition, client: Client
) -> None:
    expected = [record for record in truth_of(slug).records if fits(record)]
    assert expected
    answer = ask(client, slug, **question, count="exact", limit=10_000)
    assert answer["count"] == len(expected)
    assert answer["records"] == expected


def test_the_fullest_station_days_of_the_year_come_first_when_asked_so(client: Client) -> None:
    answer = ask(client, "subway-ridership", order_by="-boardings,date", select="date,station,boardings", limit=20)
    ranked = sorted(truth_of("subway-ridership").records, key=lambda record: (-record["boardings"], record["date"]))
    assert answer["records"] == [{name: row[name] for name in ("date", "station", "boardings")} for row in ranked[:20]]


def test_columns_have_korean_and_english_titles_and_units(client: Client) -> None:
    for slug in [*ACCOUNTS, "libraries"]:
        fields = get(client, f"/api/v1/datasets/{slug}/schema")["fields"]
        assert all(field["titles"]["ko"] and field["titles"]["en"] for field in fields), slug
    air = {field["name"]: field for field in get(client, "/api/v1/datasets/seoul-air-daily/schema")["fields"]}
    assert (air["no2"]["unit"], air["pm25"]["unit"]) == ("[ppm]", "ug/m3")
    assert air["pm10"]["titles"] == {"ko": "미세먼지농도(㎍/㎥)", "en": "Particulate matter PM10"}


@pytest.mark.parametrize("slug", BROKEN)
def test_downloads_that_nothing_can_read_are_refused_with_a_sentence(slug: str, hub: Hub, client: Client) -> None:
    for run in (hub.first[slug], hub.second[slug]):
        assert (run.state, run.error_code, run.rows) == (Run.State.FAILED, "unreadable-answer", 0)
        assert "문법에 어긋납니다" in run.error_ko
        assert "행" in run.error_ko
        assert "No program can read it as it is" in run.error_en
    assert Dataset.objects.get(slug="libraries").distribution.snapshots.count() == 0
    response = client.get("/api/v1/datasets/libraries/records")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("application/problem+json")


def test_pulling_everything_again_changes_nothing(hub: Hub) -> None:
    assert {run.state for slug, run in hub.second.items() if slug not in BROKEN} == {Run.State.UNCHANGED}
    assert hub.answers[0] == hub.answers[1]
    counts = {slug: (run.rows, run.accepted, run.rejected) for slug, run in hub.first.items()}
    assert {slug: (run.rows, run.accepted, run.rejected) for slug, run in hub.second.items()} == counts


def test_nothing_is_left_in_the_spool(hub: Hub) -> None:
    assert list(hub.spool.iterdir()) == []
