"""The page of a dataset: description, first records, columns, downloads, versions, and what is not shown to whom."""

import datetime as dt
import shlex
from urllib.parse import urlsplit

import pytest
from builders import ROWS, SCHEMA, make_dataset, make_organisation, publish_rows
from descriptions import complete
from django.contrib.auth import get_user_model
from django.test import Client
from portal_reading import by_class, link, read_page, words

from catalog.models import Dataset, Snapshot
from catalog.portal.facts import ELSEWHERE
from catalog.publish import save_organisation, withdraw_dataset
from catalog.records import Column, Geometry, Schema
from catalog.standard import FIELDS
from catalog.text import Text

pytestmark = pytest.mark.django_db

PLACES = Schema(
    columns=(
        Column("place_id", title=Text(ko="번호", en="Number")),
        Column("is_open", "boolean", title=Text(ko="개방")),
        Column("measured_at", "datetime", title=Text(ko="측정 시각")),
        Column("longitude", "number"),
        Column("latitude", "number"),
    ),
    key=("place_id",),
    geometry=Geometry(longitude="longitude", latitude="latitude"),
)


WHOLE = {
    name: value
    for name, value in complete().items()
    if name not in ("organisation", "columns", "personal_data", "access_level")
} | {"access_level": "public", "personal_data": "none"}


@pytest.fixture
def air() -> Dataset:
    dataset = make_dataset(
        "air",
        keywords={"ko": ["대기", "미세먼지"], "en": ["air"]},
        frequency="daily",
        region="44",
        temporal={"start": "2018-01-01", "end": "2018-12-31"},
        contact_point={"name": {"ko": "대기과"}, "email": "air@hanbit.example", "phone": "041-000-0000"},
        landing_page="https://hanbit.example/air",
        access_reason={"ko": "공개"},
    )
    publish_rows(
        dataset, [*ROWS, {"station_id": "0104", "district": "중구", "pm10": "높음", "observed_on": "2018-01-04"}]
    )
    return dataset


def test_every_field_of_the_profile_is_shown_with_its_label(client: Client) -> None:
    make_dataset("whole", schema=None, **WHOLE)

    labels = words(read_page(client, "/dataset/whole"), f"{by_class('facts', 'dl')}//dt")
    assert labels[:-1] == [field.label.ko for field in FIELDS if field.name not in ELSEWHERE]


def test_a_dataset_elsewhere_tells_where_to_have_it(client: Client) -> None:
    make_dataset("whole", schema=None, **WHOLE)

    page = read_page(client, "/dataset/whole")
    addresses = page.xpath("//section[@id='elsewhere']//a/@href")
    assert addresses == [link["download_url"] for link in WHOLE["distributions"]]
    assert page.xpath("//section[@id='records']//*[contains(@class, 'notice')]")
    assert not page.xpath("//section[@id='columns' or @id='versions' or @id='api']")


def test_the_title_and_the_description_head_the_page(client: Client, air: Dataset) -> None:
    page = read_page(client, "/dataset/air")

    assert words(page, "//h1") == ["대기질 측정"]
    assert words(page, by_class("description")) == ["측정소별 미세먼지 농도"]


@pytest.mark.parametrize(
    ("words_of_link", "address"),
    [
        ("한빛시", "/organisation/hanbit-city"),
        ("환경", "/?theme=environment"),
        ("충청남도", "/?region=44"),
        ("미세먼지", "/?q=%EB%AF%B8%EC%84%B8%EB%A8%BC%EC%A7%80"),
        ("공공누리", "https://www.kogl.or.kr/info/licenseType1.do"),
        ("air@hanbit.example", "mailto:air@hanbit.example"),
        ("hanbit.example/air", "https://hanbit.example/air"),
    ],
)
def test_values_lead_where_one_would_go(client: Client, air: Dataset, words_of_link: str, address: str) -> None:
    assert link(read_page(client, "/dataset/air"), words_of_link, by_class("facts", "dl")) == address


def test_a_dataset_without_an_office_names_its_organisations(client: Client) -> None:
    save_organisation(
        "hanbit-city",
        {"name": {"ko": "한빛시"}, "contact_point": {"name": {"ko": "스마트도시과"}, "email": "d@h.example"}},
    )
    make_dataset("quiet")

    assert "스마트도시과 d@h.example" in words(read_page(client, "/dataset/quiet"), f"{by_class('facts', 'dl')}//dd")


def test_the_first_records_are_a_table(client: Client, air: Dataset) -> None:
    page = read_page(client, "/dataset/air")

    assert words(page, "//table[@class='records']/caption") == ["전체 레코드 3개 가운데 처음 3개"]
    assert words(page, "//table[@class='records']//th[@scope='col']") == [
        "측정소 번호 station_id",
        "자치구 district",
        "미세먼지 ug/m3 pm10",
        "측정일 observed_on",
    ]
    assert [words(row, "./td") for row in page.xpath("//table[@class='records']/tbody/tr")] == [
        ["0101", "강남구", "34", "2018-01-01"],
        ["0102", "종로구", "81", "2018-01-02"],
        ["0103", "강남구", "–값 없음", "2018-01-03"],
    ]


def test_no_more_than_twenty_records_are_shown(client: Client) -> None:
    dataset = make_dataset("many")
    publish_rows(
        dataset,
        [{"station_id": f"{n}", "district": "", "pm10": f"{n}", "observed_on": "2018-01-01"} for n in range(50)],
    )

    page = read_page(client, "/dataset/many")
    assert len(page.xpath("//table[@class='records']/tbody/tr")) == 20
    assert words(page, "//caption") == ["전체 레코드 50개 가운데 처음 20개"]


def test_values_are_shown_for_people(client: Client) -> None:
    dataset = make_dataset("places", schema=PLACES)
    publish_rows(
        dataset,
        [
            {
                "place_id": "0001",
                "is_open": "Y",
                "measured_at": "202101020930",
                "longitude": "127.05",
                "latitude": "37.5",
            }
        ],
    )

    page = read_page(client, "/dataset/places")
    assert words(page, "//table[@class='records']/tbody//td") == ["0001", "예", "2021-01-02 09:30", "127.05", "37.5"]


def test_geometries_stay_out_of_the_table(client: Client) -> None:
    schema = Schema(columns=(Column("name"), Column("shape", "geometry")), geometry=Geometry(column="shape"))
    dataset = make_dataset("shapes", schema=schema)
    publish_rows(dataset, [{"name": "점", "shape": {"type": "Point", "coordinates": [127.0, 37.5]}}])

    page = read_page(client, "/dataset/shapes")
    assert words(page, "//table[@class='records']//th") == ["name"]
    assert words(page, by_class("note")) == [
        "도형 열(shape)은 길어서 표에서 뺐습니다. 내려받은 파일에는 들어 있습니다."
    ]


def test_the_column_dictionary_speaks_both_languages(client: Client, air: Dataset) -> None:
    page = read_page(client, "/dataset/air")

    rows = [words(row, "./th|./td") for row in page.xpath("//table[@class='dictionary']/tbody/tr")]
    assert rows == [
        ["station_id", "측정소 번호Station number", "문자", "항상 있음"],
        ["district", "자치구District", "문자", ""],
        ["pm10", "미세먼지PM10", "정수ug/m3", ""],
        ["observed_on", "측정일Day", "날짜", "레코드의 시각"],
    ]


def test_downloads_are_offered_for_every_format_that_fits(client: Client, air: Dataset) -> None:
    make = make_dataset("places", schema=PLACES)
    publish_rows(make, [{"place_id": "1", "is_open": "Y", "measured_at": "", "longitude": "127", "latitude": "37"}])

    plain = words(read_page(client, "/dataset/air"), f"{by_class('downloads')}//strong")
    placed = words(read_page(client, "/dataset/places"), f"{by_class('downloads')}//strong")
    assert plain == ["CSV", "엑셀용 CSV", "XLSX", "JSON", "NDJSON", "Parquet"]
    assert placed == ["CSV", "엑셀용 CSV", "XLSX", "JSON", "NDJSON", "GeoJSON", "Parquet"]


def test_a_workbook_is_not_offered_for_more_records_than_it_holds(client: Client, air: Dataset) -> None:
    Snapshot.objects.update(records=1_048_576)

    assert "XLSX" not in words(read_page(client, "/dataset/air"), f"{by_class('downloads')}//strong")


def test_every_download_answers(client: Client) -> None:
    dataset = make_dataset("places", schema=PLACES)
    publish_rows(dataset, [{"place_id": "1", "is_open": "Y", "measured_at": "", "longitude": "127", "latitude": "37"}])

    for address in read_page(client, "/dataset/places").xpath(f"{by_class('downloads')}//a/@href"):
        assert client.get(address).status_code == 200, address


def test_the_excel_csv_begins_with_a_byte_order_mark(client: Client, air: Dataset) -> None:
    address = link(read_page(client, "/dataset/air"), "엑셀용 CSV")

    assert b"".join(client.get(address)).startswith(b"\xef\xbb\xbf")


def test_the_curl_lines_ask_what_they_say(client: Client, air: Dataset) -> None:
    page = read_page(client, "/dataset/air")

    first, filtered, grouped, whole = [shlex.split(line) for line in words(page, f"{by_class('call')}//code")]
    address = urlsplit(first[1])
    assert address.netloc == "testserver"
    assert len(client.get(f"{address.path}?{address.query}").json()["records"]) == 3

    name, _, value = filtered[-1].partition("=")
    answer = client.get(urlsplit(filtered[2]).path, {name: value}).json()["records"]
    assert [record["station_id"] for record in answer] == ["0101", "0103"]
    groups = client.get(urlsplit(grouped[2]).path, [grouped[-1].split("=")]).json()["records"]
    assert sum(group["count"] for group in groups) == 3
    assert whole[:3] == ["curl", "-o", "air.csv"]


def test_curl_lines_name_the_hubs_own_address(client: Client, air: Dataset, settings) -> None:
    settings.BASE_URL = "https://hub.example"

    assert "https://hub.example/api/v1/datasets/air/records" in words(read_page(client, "/dataset/air"), "//pre")[-1]


def test_refused_records_are_told_with_their_reason(client: Client, air: Dataset) -> None:
    page = read_page(client, "/dataset/air")

    assert "거절된 레코드1" in words(page, by_class("figures", "dl"))[0]
    [finding] = words(page, f"{by_class('findings')}//li")
    assert "pm10" in finding and "정수가 아닙니다: '높음'" in finding


def test_versions_are_listed_with_their_counts(client: Client) -> None:
    dataset = make_dataset("air")
    publish_rows(dataset, ROWS[:2], valid_at=dt.datetime(2021, 5, 27, 15, tzinfo=dt.UTC))
    publish_rows(dataset, ROWS, valid_at=dt.datetime(2022, 12, 18, 15, tzinfo=dt.UTC))

    page = read_page(client, "/dataset/air")
    rows = [words(row, "./th|./td") for row in page.xpath("//table[@class='versions']/tbody/tr")]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("2022-12-19 00:00 현재", "3", "0"),
        ("2021-05-28 00:00", "2", "0"),
    ]


def test_a_dataset_without_records_says_so(client: Client) -> None:
    make_dataset("new")

    page = read_page(client, "/dataset/new")
    assert "아직 공개된 레코드가 없습니다" in words(page, by_class("notice"))[0]
    assert page.xpath(by_class("downloads")) == []


@pytest.fixture
def restricted() -> Dataset:
    dataset = make_dataset(
        "cctv", access_level="restricted", access_reason={"ko": "개인정보 보호법 제25조에 따릅니다."}
    )
    publish_rows(dataset, [*ROWS, {"station_id": "0104", "pm10": "서른넷"}])  # which a finding quotes
    return dataset


def test_restricted_records_are_not_shown_but_the_reason_is(client: Client, restricted: Dataset) -> None:
    response = client.get("/dataset/cctv")
    page = read_page(client, "/dataset/cctv")

    assert restricted.distribution.snapshots.get().findings
    assert "강남구" not in response.content.decode()
    assert "서른넷" not in response.content.decode()
    assert "개인정보 보호법 제25조에 따릅니다." in words(page, by_class("notice"))[0]
    assert words(page, "//h1") == ["대기질 측정"]
    assert page.xpath("//table[@class='records']") == []
    assert page.xpath(by_class("downloads")) == []


def test_a_steward_sees_restricted_records(client: Client, restricted: Dataset) -> None:
    client.force_login(get_user_model().objects.create_user("steward", is_staff=True))

    page = read_page(client, "/dataset/cctv")
    assert len(page.xpath("//table[@class='records']/tbody/tr")) == 3
    assert "서른넷" in page.text_content()


@pytest.mark.parametrize("slug", ["nothing", "hidden", "gone"])
def test_what_one_may_not_see_is_not_there(client: Client, slug: str) -> None:
    make_dataset("hidden", access_level="non-public", access_reason={"ko": "국가보안"})
    make_dataset("gone")
    withdraw_dataset("gone")

    page = read_page(client, f"/dataset/{slug}", status=404)
    assert f"'{slug}' 데이터셋이 없습니다." in words(page, by_class("lead"))[0]


def test_text_of_the_publisher_is_text(client: Client) -> None:
    evil = "<script>alert(1)</script>"
    schema = Schema(columns=(Column("station_id", title=Text(ko=evil)),))
    dataset = make_dataset("evil", schema=schema, title={"ko": evil}, keywords={"ko": [evil]}, description={"ko": evil})
    publish_rows(dataset, [{"station_id": evil}])

    for address in ("/dataset/evil", "/", "/?q=script"):
        assert b"<script>alert" not in client.get(address).content


def test_an_organisation_lists_its_datasets(client: Client, air: Dataset) -> None:
    make_organisation("saeom-city", ko="새움시")
    make_dataset("other", organisation="saeom-city", title={"ko": "다른 것"})

    page = read_page(client, "/organisation/hanbit-city")
    assert words(page, "//h1") == ["한빛시"]
    assert words(page, f"{by_class('card')}//h3") == ["대기질 측정"]
    assert words(page, "//h2") == ["데이터셋 1개, 레코드 3개"]


def test_an_unknown_organisation_is_not_there(client: Client) -> None:
    page = read_page(client, "/organisation/nobody", status=404)

    assert "'nobody' 기관이 없습니다." in words(page, by_class("lead"))[0]


def test_a_dataset_in_both_forms_of_schema_is_shown(client: Client) -> None:
    """The page describes the columns of what is published, not of what may be published next."""
    dataset = make_dataset("air")
    publish_rows(dataset)
    make_dataset("air", schema=Schema(columns=(*SCHEMA.columns, Column("later", title=Text(ko="나중 열")))))

    assert "later" not in words(read_page(client, "/dataset/air"), "//table[@class='dictionary']//th")
