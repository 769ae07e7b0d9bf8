"""An unmodified ckanapi against a running hub: everything is dumped, by the library and by its command line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import make_dataset, make_organisation, publish_rows
from ckan_checks import faults
from pytest_django.live_server_helper import LiveServer

ckanapi = pytest.importorskip("ckanapi", reason="ckanapi is not installed")

PROGRAMS = Path(sys.executable).parent
NUMBER = 25

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slugs() -> list[str]:
    make_organisation("haneul-county", ko="하늘군", en="Haneul County")
    slugs = [f"air-{at:02d}" for at in range(NUMBER)]
    for at, slug in enumerate(slugs):
        dataset = make_dataset(
            slug,
            organisation="haneul-county" if at % 3 else "hanbit-city",
            distributions=[{"access_url": f"https://files.hanbit.example/{at}", "format": "PDF"}],
            keywords={"ko": [f"낱말 {at}", "공통"], "en": []},
        )
        if at % 10 == 0:
            publish_rows(dataset)
    make_dataset("secret", access_level="non-public", access_reason={"ko": "비밀"})
    return slugs


@pytest.fixture
def site(live_server: LiveServer) -> Iterator[ckanapi.RemoteCKAN]:
    with ckanapi.RemoteCKAN(live_server.url, apikey="not-a-key") as site:
        yield site


def test_the_library_reads_everything(slugs: list[str], site: ckanapi.RemoteCKAN) -> None:
    assert site.action.package_list() == slugs
    packages = [site.action.package_show(id=name) for name in slugs]
    assert [fault for package in packages for fault in faults(package)] == []
    found = site.action.package_search(q="*:*", rows=1000, start=0, sort="name asc", include_private=True)
    assert found["results"] == packages
    assert found["count"] == NUMBER
    assert set(site.action.organization_list()) == {"hanbit-city", "haneul-county"}
    assert site.action.organization_show(id="haneul-county")["package_count"] == 16
    assert site.action.group_show(id="environment")["package_count"] == NUMBER
    assert site.action.user_list() == []
    [resource] = [one for one in packages[0]["resources"] if one["datastore_active"]]
    assert site.action.resource_view_list(id=resource["id"]) == []
    assert site.action.datastore_search(resource_id=resource["id"], filters={"district": ["강남구"]})["total"] == 2


def test_the_library_understands_the_errors(slugs: list[str], site: ckanapi.RemoteCKAN) -> None:
    with pytest.raises(ckanapi.NotFound):
        site.action.package_show(id="nothing")
    with pytest.raises(ckanapi.ValidationError) as refused:
        site.action.package_search(rows="many")
    assert "rows" in refused.value.error_dict
    with pytest.raises(ckanapi.SearchQueryError):
        site.action.package_search(q="(a")
    with pytest.raises(ckanapi.CKANAPIError, match="Action name not known"):
        site.action.package_create(name="x")
    closed = make_dataset("closed", access_level="restricted", access_reason={"ko": "개인정보 보호법"})
    publish_rows(closed)
    with pytest.raises(ckanapi.NotAuthorized):
        site.action.datastore_search(resource_id=str(closed.distribution.uid))


def test_the_library_may_use_get(slugs: list[str], live_server: LiveServer) -> None:
    with ckanapi.RemoteCKAN(live_server.url, get_only=True) as site:
        assert site.action.package_search(fq="organization:hanbit-city", rows=0)["count"] == 9


@pytest.mark.parametrize(
    ("things", "number"), [("datasets", NUMBER), ("organizations", 2), ("groups", 15), ("users", 0)]
)
def test_the_command_line_dumps_the_whole_hub(
    slugs: list[str], live_server: LiveServer, tmp_path: Path, things: str, number: int
) -> None:
    output = tmp_path / f"{things}.jsonl"
    arguments = ["dump", things, "--all", "-r", live_server.url, "-O", str(output), "--quiet"]
    environment = os.environ | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    told = subprocess.run(
        [PROGRAMS / "ckanapi", *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert told.returncode == 0, told.stderr
    dumped = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert len(dumped) == number
    if things == "datasets":
        assert [package["name"] for package in dumped] == slugs


def test_the_command_line_dumps_the_columns_of_records_too(
    slugs: list[str], live_server: LiveServer, tmp_path: Path
) -> None:
    output = tmp_path / "datasets.jsonl"
    arguments = ["dump", "datasets", "air-00", "-d", "-R", "-r", live_server.url, "-O", str(output), "--quiet"]
    environment = os.environ | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
    told = subprocess.run(
        [PROGRAMS / "ckanapi", *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert told.returncode == 0, told.stderr
    [package] = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    [resource] = [one for one in package["resources"] if one["datastore_active"]]
    assert [field["id"] for field in resource["datastore_fields"]] == [
        "_id",
        "station_id",
        "district",
        "pm10",
        "observed_on",
    ]
