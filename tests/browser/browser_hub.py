"""A small hub as a visitor and a steward find it: an open dataset with places, a closed one, runs that went well and did not."""

from pathlib import Path

from builders import make_dataset, make_organisation
from django.conf import LazySettings
from django.contrib.auth import get_user_model

from catalog.records import Column, Geometry, Schema
from catalog.text import Text
from ingest.models import Source
from ingest.pipeline import pull_run
from ingest.runs import enter_run
from ingest.sources import save_source

PASSWORD = "한빛시-담당자-1"
COLUMNS = (
    Column(
        "lot_id",
        title=Text(ko="주차장관리번호", en="Lot number"),
        required=True,
        description=Text(ko="앞자리 0을 지킵니다."),
    ),
    Column("name", title=Text(ko="주차장명", en="Name")),
    Column("ownership", title=Text(ko="주차장구분", en="Public or private"), enum=("공영", "민영")),
    Column("spaces", "integer", title=Text(ko="주차구획수", en="Spaces"), minimum=0),
    Column("longitude", "number", title=Text(ko="경도", en="Longitude"), unit="deg"),
    Column("latitude", "number", title=Text(ko="위도", en="Latitude"), unit="deg"),
    Column("observed_at", "datetime", title=Text(ko="관측 시각", en="Observed")),
)
SCHEMA = Schema(
    columns=COLUMNS, key=("lot_id",), time="observed_at", geometry=Geometry(longitude="longitude", latitude="latitude")
)


def write_lots(path: Path, number: int) -> Path:
    rows = [
        f"{n:04},제{n}주차장,{'공영' if n % 2 else '민영'},{n * 3},{126.9 + n / 1000:.4f},{36.5 + n / 1000:.4f},2026-11-22 09:{n % 60:02}"
        for n in range(1, number + 1)
    ]
    rows[3] = rows[3].replace(",12,", ",열둘,")
    path.write_text("\n".join([",".join(SCHEMA.names), *rows]) + "\n", encoding="utf-8")
    return path


def fill_hub(folder: Path, settings: LazySettings) -> None:
    settings.FILE_ROOTS = [folder]
    make_organisation("hanbit-city", ko="한빛시", en="Hanbit City", region="44")
    parking = make_dataset(
        "parking",
        schema=SCHEMA,
        title={"ko": "한빛시 주차장 정보", "en": "Hanbit car parks"},
        description={
            "ko": "공영·민영 주차장의 위치와 주차구획수입니다. 매달 1일 기준으로 새로 나옵니다.",
            "en": "Where the car parks are and how many spaces they have, issued anew each month.",
        },
        theme="transport",
        frequency="monthly",
        region="44",
        keywords={"ko": ["주차장", "공영주차장"], "en": ["parking"]},
        temporal={"start": "2026-01-01"},
        contact_point={"name": {"ko": "스마트도시과", "en": "Smart City Division"}, "email": "data@hanbit.example"},
    )
    make_dataset(
        "cctv",
        title={"ko": "통합관제 영상 기록"},
        theme="safety",
        access_level="restricted",
        access_reason={"ko": "개인정보 보호법 제25조에 따라 공개하지 않습니다."},
    )
    for slug, lots, expectations in (("parking", 45, {}), ("parking-short", 10, {"min_rows": 100})):
        path = write_lots(folder / f"{slug}.csv", lots)
        save_source(
            slug,
            parking.distribution,
            connector="file",
            config={"path": str(path)},
            schedule="daily",
            expectations=expectations,
        )
        pull_run(enter_run(Source.objects.get(slug=slug)).pk)
    get_user_model().objects.create_superuser("steward", password=PASSWORD)
