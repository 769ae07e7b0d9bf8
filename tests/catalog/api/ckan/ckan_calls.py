"""Calls of CKAN's actions through the test client, and a small hub of datasets that differ in what is searched."""

from typing import Any

from builders import make_dataset, make_organisation, publish_rows
from django.test import Client

from catalog.publish import describe_dataset

LINK = {"access_url": "https://files.hanbit.example/data", "title": {"ko": "파일"}}


def ask(client: Client, action: str, status: int = 200, **parameters: Any) -> Any:
    """Return the result of an action, or its error when another status than 200 is expected."""
    response = client.get(f"/api/3/action/{action}", parameters)
    document = response.json()
    assert response.status_code == status, document
    assert document["success"] is (status == 200)
    return document["result" if status == 200 else "error"]


def names(client: Client, **parameters: Any) -> list[str]:
    """Return the names that a search finds, in order."""
    found = ask(client, "package_search", **{"rows": 100, "sort": "name asc", **parameters})
    assert found["count"] == len(found["results"])
    return [package["name"] for package in found["results"]]


def link(number: int = 1, **values: Any) -> dict[str, Any]:
    return {**LINK, "access_url": f"https://files.hanbit.example/{number}", **values}


def make_hub() -> None:
    """Put five datasets into the hub: records and a link, links only, another organisation, restricted, and hidden."""
    make_organisation("haneul-county", ko="하늘군", en="Haneul County")
    air = make_dataset(
        "air-quality",
        keywords={"ko": ["미세먼지", "환경, 대기"], "en": ["air"]},
        frequency="daily",
        distributions=[link(1, format="PDF")],
    )
    publish_rows(air)
    make_dataset(
        "parking",
        schema=None,
        title={"ko": "공영 주차장", "en": "Car parks"},
        description={"ko": "위치와 요금", "en": "Places and fees"},
        theme="transport",
        licence="cc-by-4.0",
        keywords={"ko": ["주차장"], "en": []},
        frequency="monthly",
        creators=[{"name": {"ko": "한빛연구원"}}],
        contact_point={"name": {"ko": "교통과", "en": "Transport"}, "email": "traffic@hanbit.example"},
        distributions=[link(1, format="CSV"), link(2, format="XLSX", description={"ko": "요금표"})],
    )
    make_dataset(
        "parks",
        schema=None,
        organisation="haneul-county",
        title={"ko": "공원", "en": "Parks"},
        description={"ko": "도시공원 목록", "en": "List of parks"},
        distributions=[link(1, format="CSV")],
    )
    closed = make_dataset(
        "patients",
        title={"ko": "환자", "en": "Patients"},
        description={"ko": "건강", "en": "Health"},
        theme="health",
        access_level="restricted",
        access_reason={"ko": "개인정보 보호법", "en": "Personal data act"},
    )
    publish_rows(closed)
    make_dataset("secret", access_level="non-public", access_reason={"ko": "비밀", "en": "Secret"})


def describe_again(slug: str, **changes: Any) -> None:
    """Describe a dataset of ``make_dataset`` anew, with changes."""
    described = {
        "title": {"ko": "대기질 측정", "en": "Air quality"},
        "description": {"ko": "측정소별 미세먼지 농도", "en": "Particulate matter by station"},
        "organisation": "hanbit-city",
        "theme": "environment",
        "licence": "kogl-1",
        "access_level": "public",
    }
    describe_dataset(slug, described | changes)
