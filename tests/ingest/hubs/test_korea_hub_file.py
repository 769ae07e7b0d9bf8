"""``korea.toml`` is complete and honest, and can be applied where the files themselves are not."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from catalog.models import Dataset
from ingest.apply import apply_hub_file
from ingest.hub_file import HubFile, read_hub_file
from ingest.models import Source

PROMISED = {
    "parking-lots",
    "traffic-cameras",
    "seoul-air-daily",
    "subway-ridership",
    "osan-cctv",
    "bike-stations",
    "airport-parking-kac",
    "airport-parking-incheon",
    "changwon-bus-stations",
    "seoul-toilets",
    "jeju-heat-shelters",
    "seoul-districts",
    "public-wifi",
    "osan-bus-stops",
    "libraries",
}
HANGUL = re.compile(r"[가-힣]")


@pytest.fixture(scope="module")
def hub_file() -> HubFile:
    return read_hub_file(Path(str(files("ingest") / "hubs" / "korea.toml")))


@pytest.mark.django_db
def test_it_is_applied_without_the_files_and_twice_changes_nothing(hub_file: HubFile, tmp_path: Path) -> None:
    assert {part.outcome for part in apply_hub_file(hub_file, base=tmp_path)} == {"created"}
    assert {part.outcome for part in apply_hub_file(hub_file, base=tmp_path)} == {"unchanged"}
    assert set(Dataset.objects.values_list("slug", flat=True)) == PROMISED
    assert not Source.objects.exclude(schedule="").exists()


def test_everything_is_told_in_korean_and_english(hub_file: HubFile) -> None:
    for organisation in hub_file.content.organisations:
        assert_in_both_languages(organisation.description["name"])
    for dataset in hub_file.content.datasets:
        assert_in_both_languages(dataset.description["title"])
        assert set(dataset.description["keywords"]) == {"ko", "en"}
        for column in dataset.columns:
            assert_in_both_languages(column.title.model_dump())
            assert bool(column.description.ko) == bool(column.description.en), (dataset.slug, column.name)


def assert_in_both_languages(name: dict[str, str]) -> None:
    assert HANGUL.search(name["ko"]), name
    assert name["en"], name
    assert not HANGUL.search(name["en"]), name


def test_every_description_tells_its_limits(hub_file: HubFile) -> None:
    for dataset in hub_file.content.datasets:
        assert "한계: " in dataset.description["description"]["ko"]
        assert "Limits: " in dataset.description["description"]["en"]


def test_only_what_was_verified_is_said_about_licences_and_people(hub_file: HubFile) -> None:
    assert {dataset.description["licence"] for dataset in hub_file.content.datasets} == {"unknown"}
    for organisation in hub_file.content.organisations:
        assert set(organisation.description["contact_point"]) == {"name"}


def test_sources_are_relative_files_pulled_by_hand_that_expect_something(hub_file: HubFile) -> None:
    for source in hub_file.content.sources:
        paths = source.config.get("path") or source.config["url"]
        assert all("/" not in path for path in ([paths] if isinstance(paths, str) else paths))
        assert source.schedule == ""
        assert source.expectations["min_rows"] >= 1


def test_codes_and_telephone_numbers_are_text_and_coordinates_numbers(hub_file: HubFile) -> None:
    for dataset in hub_file.content.datasets:
        for column in dataset.columns:
            if re.search(r"(_id|_code|phone|_kind|mobile_number)$", column.name):
                assert column.type == "string", (dataset.slug, column.name)
            if re.search(r"(longitude|latitude)$", column.name):
                assert (column.type, column.unit) == ("number", "deg"), (dataset.slug, column.name)
