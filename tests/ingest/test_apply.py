"""Applying hub files: what a file says is what the hub holds, twice is once, and a mistake changes nothing."""

import datetime as dt
from pathlib import Path

import pytest
from hub_files import HUB, line_with, write_hub, write_yaml_hub

from catalog.describe import describe
from catalog.models import Change, Dataset, Distribution, Organisation
from catalog.records import from_table_schema
from ingest.apply import Applied, apply_hub_file
from ingest.connectors import CONNECTORS
from ingest.errors import BadSetup
from ingest.hub_file import read_hub_file
from ingest.models import Source
from ingest.schedule import KOREAN_TIME

pytestmark = pytest.mark.django_db


def apply(folder: Path, text: str = HUB, **options) -> list[Applied]:
    return apply_hub_file(read_hub_file(write_hub(folder, text)), **options)


def outcomes(applied: list[Applied]) -> list[tuple[str, str, str]]:
    return [(part.kind.en, part.slug, str(part.outcome)) for part in applied]


def everything() -> list[object]:
    """Return all rows that applying may touch."""
    return [
        list(model.objects.order_by("pk").values()) for model in (Organisation, Dataset, Distribution, Source, Change)
    ]


def test_a_file_creates_what_it_describes(tmp_path):
    assert outcomes(apply(tmp_path)) == [
        ("organisation", "hanbit-city", "created"),
        ("dataset", "parking-lots", "created"),
        ("source", "parking-lots", "created"),
        ("source", "parking-live", "created"),
    ]
    organisation, dataset = Organisation.objects.get(), Dataset.objects.get()
    assert (organisation.name_ko, organisation.region, organisation.contact_phone) == ("한빛시", "44", "041-000-0000")
    assert describe(dataset) == {
        "title": {"ko": "공영주차장", "en": "Car parks"},
        "description": {"ko": "시의 공영주차장", "en": "The city's car parks"},
        "organisation": "hanbit-city",
        "contact_point": {"name": {"ko": "스마트도시과"}, "email": "data@hanbit.example", "phone": "041-000-0000"},
        "theme": "transport",
        "keywords": {"ko": ["주차장"], "en": ["parking"]},
        "licence": "kogl-1",
        "frequency": "daily",
        "temporal": {"start": "2018-01-01", "end": "2018-12-31"},
        "access_level": "public",
    }
    schema = from_table_schema(dataset.distribution.schema)
    assert schema.key == ("lot_id",)
    assert schema["lot_id"].source_name == "번호"
    assert schema.geometry.longitude == "longitude"
    source, live = Source.objects.get(slug="parking-lots"), Source.objects.get(slug="parking-live")
    assert (source.mode, source.schedule, source.ignored_columns) == ("upsert", "every 10 minutes", ["rnum"])
    assert source.expectations == {"min_rows": 2, "min_share": 0.7}
    assert live.release == dt.datetime(2021, 5, 28, tzinfo=KOREAN_TIME)


def test_toml_and_yaml_make_the_same_hub(tmp_path):
    apply(tmp_path)
    before = everything()
    applied = apply_hub_file(read_hub_file(write_yaml_hub(tmp_path)))
    assert {outcome for _, _, outcome in outcomes(applied)} == {"unchanged"}
    assert everything() == before


def test_applying_twice_changes_nothing(tmp_path):
    apply(tmp_path)
    before = everything()
    for _ in range(2):
        applied = apply(tmp_path)
        assert {part.outcome for part in applied} == {"unchanged"}
        assert not any(part.differences for part in applied)
    assert everything() == before


@pytest.mark.parametrize(
    ("old", "new", "slug", "differences"),
    [
        ('ko = "한빛시", en = "Hanbit City"', 'ko = "새빛시"', "hanbit-city", {"name": ({"ko": "한빛시", "en": "Hanbit City"}, {"ko": "새빛시"})}),
        ('theme = "transport"', 'theme = "economy"', "parking-lots", {"theme": ("transport", "economy")}),
        ("start = 2018-01-01", "start = 2017-01-01", "parking-lots",
         {"temporal": ({"start": "2018-01-01", "end": "2018-12-31"}, {"start": "2017-01-01", "end": "2018-12-31"})}),
        ("minimum = 124", "minimum = 125", "parking-lots",
         {"columns.longitude": ({"name": "longitude", "type": "number", "constraints": {"minimum": 124.0}},
                                {"name": "longitude", "type": "number", "constraints": {"minimum": 125.0}})}),
        ('every 10 minutes"', 'daily"', "parking-lots", {"schedule": ("every 10 minutes", "daily")}),
        ("min_rows = 2", "min_rows = 3", "parking-lots",
         {"expectations": ({"min_rows": 2, "min_share": 0.7}, {"min_rows": 3, "min_share": 0.7})}),
        ('ignore = ["rnum"]', 'ignore = []', "parking-lots", {"ignored_columns": (["rnum"], None)}),
    ],
)  # fmt: skip
def test_a_change_is_told_with_its_values_before_and_after(tmp_path, old, new, slug, differences):
    apply(tmp_path)
    applied = apply(tmp_path, HUB.replace(old, new))
    changed = [part for part in applied if part.outcome != "unchanged"]
    assert [(part.slug, dict(part.differences)) for part in changed] == [(slug, differences)]


def test_columns_that_come_go_and_move_are_told(tmp_path):
    apply(tmp_path)
    longitude = '[[datasets.columns]]\nname = "longitude"\ntype = "number"\nminimum = 124\n\n'
    latitude = '[[datasets.columns]]\nname = "latitude"\ntype = "number"\n\n'
    phone = '[[datasets.columns]]\nname = "phone"\n\n'
    text = HUB.replace(longitude, "").replace(latitude, f"{latitude}{longitude}{phone}")
    [dataset] = [part for part in apply(tmp_path, text) if part.outcome == "changed"]
    assert dataset.differences["columns"] == (
        ["lot_id", "longitude", "latitude"],
        ["lot_id", "latitude", "longitude", "phone"],
    )
    assert dataset.differences["columns.phone"] == (None, {"name": "phone", "type": "string"})
    assert len(dataset.differences) == 2


def test_what_a_file_no_longer_names_stays(tmp_path):
    apply(tmp_path)
    apply(tmp_path, HUB[: HUB.index("[[sources]]")])
    assert Source.objects.count() == 2


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path):
    told = apply(tmp_path, dry_run=True)
    assert everything() == [[], [], [], [], []]
    assert told == apply(tmp_path)
    before = everything()
    changed = HUB.replace('theme = "transport"', 'theme = "economy"')
    told = apply(tmp_path, changed, dry_run=True)
    assert everything() == before
    assert told == apply(tmp_path, changed)


# Paths and secrets


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ('"data/lots.csv"', "{base}/data/lots.csv"),
        ('"../lots.csv"', "{base}/../lots.csv"),
        ('"자료 1/주차장.csv"', "{base}/자료 1/주차장.csv"),
        ('"/srv/lots.csv"', "/srv/lots.csv"),
        ('"https://city.example/lots.csv"', "https://city.example/lots.csv"),
        ('"file:///srv/lots.csv"', "file:///srv/lots.csv"),
        ('["a.csv", "b.csv"]', ["{base}/a.csv", "{base}/b.csv"]),
    ],
)
def test_relative_paths_start_at_the_files_folder_or_at_the_base(tmp_path, path, expected):
    other = tmp_path / "other"
    for base, options in ((tmp_path, {}), (other, {"base": other})):
        apply(tmp_path, HUB.replace('"data/lots.csv"', path), **options)
        located = [place.format(base=base) for place in ([expected] if isinstance(expected, str) else expected)]
        stored = Source.objects.get(slug="parking-lots").config["path"]
        assert ([stored] if isinstance(stored, str) else stored) == located


def test_the_name_of_a_secret_is_stored_and_never_its_value(tmp_path, monkeypatch):
    monkeypatch.setenv("CITY_KEY", "very-secret")
    apply(tmp_path)
    assert Source.objects.get(slug="parking-live").config["service_key"] == {"env": "CITY_KEY"}
    assert "very-secret" not in str(everything())


# Mistakes: what is replaced, by what, the words whose line is named, the place, and words of the sentence.

GEOMETRY = 'geometry = { longitude = "longitude", latitude = "latitude" }'
MISTAKES = {
    "bad slug of an organisation": ('slug = "hanbit-city"', 'slug = "Hanbit City"', 'slug = "Hanbit City"', "organisations.0.slug", "lower-case letters"),
    "bad region": ('region = "44"', 'region = "99"', "region =", "organisations.0.region", "no region code"),
    "no Korean name": ('ko = "한빛시", en = "Hanbit City"', 'en = "Hanbit City"', "name = {", "organisations.0.name", "the Korean text is missing"),
    "no name": ('name = { ko = "한빛시", en = "Hanbit City" }\n', "", "[[organisations]]", "organisations.0.name", "is mandatory"),
    "region as a number": ('region = "44"', "region = 44", "region =", "organisations.0.region", "region code"),
    "unknown field of an organisation": ('region = "44"', 'regoin = "44"', "regoin", "organisations.0.regoin", "not a field of the standard"),
    "long homepage": ("https://hanbit.example", f"https://hanbit.example/{'a' * 2000}", "homepage", "organisations.0.homepage", "at most 2000"),
    "bad slug of a dataset": ('slug = "parking-lots"', 'slug = "parking_lots"', "parking_lots", "datasets.0.slug", "lower-case letters"),
    "unknown theme": ('theme = "transport"', 'theme = "weather"', "theme", "datasets.0.theme", "unknown code 'weather'"),
    "no theme": ('theme = "transport"\n', "", "[[datasets]]", "datasets.0.theme", "'Theme' is mandatory"),
    "unknown field": ('theme = "transport"', 'theme = "transport"\ncolour = "blue"', "colour", "datasets.0.colour", "not a field of the standard"),
    "start after end": ("start = 2018-01-01", "start = 2019-01-01", "temporal", "datasets.0.temporal", "the start is after the end"),
    "unknown organisation": ('organisation = "hanbit-city"', 'organisation = "nowhere"', "organisation = ", "datasets.0.organisation", "no organisation"),
    "bad column name": ('name = "lot_id"', 'name = "Lot-ID"', 'name = "Lot-ID"', "datasets.0.columns.0.name", "lower-case letter"),
    "reserved column name": ('name = "lot_id"', 'name = "limit"', 'name = "limit"', "datasets.0.columns.0.name", "query parameter"),
    "column twice": ('name = "latitude"', 'name = "longitude" # again', "# again", "datasets.0.columns.2.name", "two columns have this name"),
    "unknown key column": ('key = ["lot_id"]', 'key = ["lot"]', "key =", "datasets.0.key", "no column 'lot'"),
    "unknown time column": ('key = ["lot_id"]', 'key = ["lot_id"]\ntime = "day"', "time =", "datasets.0.time", "no column 'day'"),
    "text as coordinate": (GEOMETRY, GEOMETRY.replace('"longitude"', '"lot_id"'), "geometry", "datasets.0.geometry", "must be a number column"),
    "unknown coordinate system": (GEOMETRY, GEOMETRY.replace(" }", ', crs = "EPSG:1" }'), "geometry", "datasets.0.geometry.crs", "unknown coordinate system"),
    "bad slug of a source": ('slug = "parking-live"', 'slug = "parking live"', "parking live", "sources.1.slug", "lower-case letters"),
    "unknown dataset": ('dataset = "parking-lots"', 'dataset = "lots"', "dataset =", "sources.0.dataset", "there is no dataset 'lots'"),
    "unknown connector": ('connector = "file"', 'connector = "ftp"', "connector", "sources.0.connector", f"allowed: {', '.join(CONNECTORS)}"),
    "unknown mode": ('mode = "upsert"', 'mode = "merge"', "mode", "sources.0.mode", "allowed: replace, append, upsert"),
    "bad schedule": ('schedule = "every 10 minutes"', 'schedule = "often"', "schedule", "sources.0.schedule", "cannot read the schedule 'often'"),
    "upsert without key": ('key = ["lot_id"]\n', "", "mode", "sources.0.mode", "upsert needs a key"),
    "unknown option": ('encoding = "cp949"', 'encode = "cp949"', "config =", "sources.0.config.encode", "is not a known name"),
    "bad option": ('encoding = "cp949"', 'encoding = "klingon"', "config =", "sources.0.config.encoding", "unknown encoding 'klingon'"),
    "missing option": ('url = "http://127.0.0.1:{port}/lots"\n', "", "[sources.config]", "sources.1.config.url", "is required"),
    "option in a table": ("service_key =", "page_size = 0\nservice_key =", "page_size", "sources.1.config.page_size", "must be at least 1"),
    "secret written down": ('service_key = { env = "CITY_KEY" }', 'service_key = "abc"', "service_key", "sources.1.config.service_key", "is not written down"),
    "unknown expectation": ("min_rows = 2", "min_row = 2", "expectations", "sources.0.expectations.min_row", "allowed: age_of, k_anonymity, keep"),
    "wrong expectation": ("min_rows = 2", 'min_rows = "many"', "expectations", "sources.0.expectations.min_rows", "whole number"),
    "share in percent": ("min_share = 0.7", "min_share = 70", "expectations", "sources.0.expectations.min_share", "between 0 and 1"),
}  # fmt: skip


@pytest.mark.parametrize("is_known", [False, True], ids=["new", "known"])
@pytest.mark.parametrize(("old", "new", "marked", "place", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line_and_changes_nothing(tmp_path, old, new, marked, place, words, is_known):
    if is_known:
        apply(tmp_path)
    before = everything()
    assert old in HUB
    text = HUB.replace(old, new, 1)
    with pytest.raises(BadSetup) as refused:
        apply(tmp_path, text)
    where = f"hub.toml:{line_with(text, marked)} ({place})"
    assert refused.value.values["where"] == where
    assert words in refused.value.text.en
    assert any("가" <= character <= "힣" for character in refused.value.text.ko.removeprefix(where))
    assert everything() == before


def test_all_that_is_wrong_with_a_description_is_told_at_once(tmp_path):
    text = HUB.replace('theme = "transport"', 'theme = "weather"').replace("kogl-1", "mine")
    with pytest.raises(BadSetup) as refused:
        apply(tmp_path, text)
    assert [line.partition(" ")[0] for line in refused.value.text.ko.split("\n")] == ["hub.toml:13", "hub.toml:15"]


def test_a_value_of_a_secret_in_the_wrong_place_is_not_shown(tmp_path):
    with pytest.raises(BadSetup) as refused:
        apply(tmp_path, HUB.replace('{ env = "CITY_KEY" }', '"very-secret"'))
    assert "very-secret" not in str(refused.value)


# A schema that sources depend on


def test_the_key_cannot_be_taken_from_a_dataset_that_a_source_updates_by_it(tmp_path):
    apply(tmp_path)
    before = everything()
    without_sources = HUB[: HUB.index("[[sources]]")].replace('key = ["lot_id"]\n', "")
    with pytest.raises(BadSetup) as refused:
        apply(tmp_path, without_sources)
    assert refused.value.values["where"] == "hub.toml:8 (datasets.0.key)"
    assert "parking-lots" in refused.value.text.ko
    assert everything() == before


def test_the_key_can_go_together_with_the_update_by_it(tmp_path):
    apply(tmp_path)
    apply(tmp_path, HUB.replace('key = ["lot_id"]\n', "").replace('mode = "upsert"', 'mode = "replace"'))
    assert Source.objects.get(slug="parking-lots").mode == "replace"


def test_a_source_that_moves_to_another_dataset_is_told(tmp_path):
    second = HUB[HUB.index("[[datasets]]") : HUB.index("[[sources]]")].replace('"parking-lots"', '"parking-two"')
    text = HUB.replace("[[sources]]", f"{second}\n[[sources]]", 1)
    apply(tmp_path, text)
    moved = text.replace('dataset = "parking-lots"\nconnector = "file"', 'dataset = "parking-two"\nconnector = "file"')
    [source] = [part for part in apply(tmp_path, moved) if part.outcome == "changed"]
    assert source.differences == {"dataset": ("parking-lots", "parking-two")}
