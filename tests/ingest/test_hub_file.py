"""Reading hub files: both languages give the same content, and whatever is wrong is named with its line."""

import datetime as dt
from pathlib import Path

import pytest
from hub_files import HUB, line_with, write_hub, write_yaml_hub

from ingest.errors import BadSetup
from ingest.hub_file import read_hub_file


def refusal(path: Path, **values: str) -> BadSetup:
    with pytest.raises(BadSetup) as refused:
        read_hub_file(path, values)
    return refused.value


def test_toml_and_yaml_give_the_same_content(tmp_path):
    toml, written_in_yaml = (read_hub_file(write(tmp_path)) for write in (write_hub, write_yaml_hub))
    assert toml.content == written_in_yaml.content


@pytest.mark.parametrize(
    ("slot", "moment"),
    [
        ("2021-05-28", "2021-05-28T00:00+09:00"),
        ('"2021-05-28"', "2021-05-28T00:00+09:00"),
        ("2021-05-28T06:00:00", "2021-05-28T06:00+09:00"),
        ("2021-05-28T06:00:00Z", "2021-05-28T15:00+09:00"),
    ],
)
def test_a_release_is_a_day_in_korea_or_a_moment(tmp_path, slot, moment):
    file = read_hub_file(write_hub(tmp_path, HUB.replace("2021-05-28", slot)))
    assert file.content.sources[1].slot == dt.datetime.fromisoformat(moment)


@pytest.mark.parametrize("name", ["hub.yml", "hub.YAML", "hub"])
def test_any_other_file_is_read_as_yaml(tmp_path, name):
    path = write_yaml_hub(tmp_path).rename(tmp_path / name)
    assert read_hub_file(path).content.organisations[0].slug == "hanbit-city"


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = write_hub(tmp_path)
    before = read_hub_file(path)
    path.write_bytes(b"\xef\xbb\xbf" + HUB.replace("\n", "\r\n").encode())
    assert read_hub_file(path) == before


@pytest.mark.parametrize("write", [write_hub, write_yaml_hub])
def test_an_empty_file_is_a_hub_without_parts(tmp_path, write):
    path = write(tmp_path, "")
    path.write_text("# nothing yet\n")
    assert read_hub_file(path).content.datasets == []


def test_values_are_filled_in_and_other_braces_stay(tmp_path):
    file = read_hub_file(write_hub(tmp_path), {"port": "8600"})
    assert file.content.sources[1].config["url"] == "http://127.0.0.1:8600/lots"
    assert file.content.sources[1].config["service_key"] == {"env": "CITY_KEY"}


def test_a_value_for_which_there_is_no_place_is_refused(tmp_path):
    error = refusal(write_hub(tmp_path), prot="8600")
    assert "{prot}" in error.text.ko
    assert "{prot} is nowhere in the file" in error.text.en


# Broken files: what is replaced, by what, the words whose line is named, the place, and words of the sentence.

BROKEN = {
    "syntax": ('theme = "transport"', 'theme "transport"', 'theme "transport"', "", "Expected '='"),
    "syntax at the end": ('{ env = "CITY_KEY" }', '{ env = "CITY_KEY"', "service_key", "", "TOML"),
    "a key given twice": ('mode = "upsert"', 'mode = "upsert"\nmode = "append"', 'mode = "append"', "", "overwrite"),
    "an unknown table": ("[[organisations]]", "[hubs]\n\n[[organisations]]", "[hubs]", "hubs", "is not a known name"),
    "an unknown key of a column": ("required = true", "require = true", "require =", "datasets.0.columns.0.require", "known"),
    "an unknown key of a source": ("ignore =", "ignored =", "ignored =", "sources.0.ignored", "known"),
    "an unknown language": ('en = "Lot number"', 'fr = "Lot"', 'fr = "Lot"', "datasets.0.columns.0.title.fr", "known"),
    "a missing slug": ('slug = "parking-live"\n', "", '[[sources]]\ndataset = "parking-lots"\nconnector = "datagokr"',
                       "sources.1.slug", "is required but missing"),
    "a missing slug of an organisation": ('slug = "hanbit-city"\n', "", "[[organisations]]", "organisations.0.slug", "is required"),
    "a number for a text": ('slug = "hanbit-city"', "slug = 44", "slug = 44", "organisations.0.slug", "must be text"),
    "a text for a truth": ("required = true", 'required = "perhaps"', "required", "datasets.0.columns.0.required",
                           "must be true or false"),
    "a text for a list": ('key = ["lot_id"]', 'key = "lot_id"', "key =", "datasets.0.key", "must be a list"),
    "a text for a table": ('geometry = { longitude = "longitude", latitude = "latitude" }', 'geometry = "here"',
                           "geometry =", "datasets.0.geometry", "must be a table"),
    "a text for a number": ("minimum = 124", 'minimum = "low"', "minimum", "datasets.0.columns.1.minimum", "must be a number"),
    "a text for a configuration": ('config = { path = "data/lots.csv", encoding = "cp949" }', 'config = "lots.csv"',
                                   "config =", "sources.0.config", "must be a table"),
    "a number in a list of texts": ('ignore = ["rnum"]', 'ignore = ["a",\n 5]', " 5]", "sources.0.ignore.1", "must be text"),
    "an unknown type": ('type = "number"', 'type = "numbre"', 'type = "numbre"', "datasets.0.columns.1.type",
                        "must be one of 'string', 'integer', 'number'"),
    "a year for a day": ("slot = 2021-05-28", "slot = 2021", "slot =", "sources.1.slot", "must be YYYY-MM-DD"),
    "a word for a day": ("slot = 2021-05-28", 'slot = "May"', "slot =", "sources.1.slot", "must be YYYY-MM-DD"),
    "days below zero": ("ignore =", "raw_days = -1\nignore =", "raw_days", "sources.0.raw_days", "must be at least 0"),
    "an organisation given twice": ("[[datasets]]", '[[organisations]]\nslug = "hanbit-city"\nname = { ko = "또" }\n\n[[datasets]]',
                                    'slug = "hanbit-city"\nname = { ko = "또"', "organisations.1.slug", "is given twice"),
    "a source given twice": ('slug = "parking-live"', 'slug = "parking-lots" # again', "# again", "sources.1.slug", "is given twice"),
    "a NUL": ('ko = "시의 공영주차장"', 'ko = "시의\\u0000"', "\\u0000", "datasets.0.description.ko", "cannot be stored"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "marked", "place", "words"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_in_toml_is_named_with_its_line(tmp_path, old, new, marked, place, words):
    text = HUB.replace(old, new, 1) if old != "[[datasets.columns]]" else HUB.replace(old, new)
    error = refusal(write_hub(tmp_path, text))
    where = f"hub.toml:{line_with(text, marked)}" + (f" ({place})" if place else "")
    assert error.values["where"] == where
    assert words in error.text.en
    assert error.text.ko.startswith(f"{where}: ")
    assert any("가" <= character <= "힣" for character in error.text.ko.removeprefix(where))


@pytest.mark.parametrize(
    ("old", "new", "marked", "place", "words"),
    [
        ("theme: transport", "theme: [", "", "", "YAML"),
        ("theme: transport", "theme: transport\n  theme: culture", "theme: culture", "", "for the second time"),
        ("start: 2018-01-01", "start: 2018-13-45", "", "", "month must be in 1..12"),
        ("required: true", "require: true", "require:", "datasets.0.columns.0.require", "is not a known name"),
        ("slug: hanbit-city", "slug: 44", "slug: 44", "organisations.0.slug", "must be text"),
        ("- lot_id", "- no", "- no", "datasets.0.key.0", "must be text"),
        ("type: number", "type: numbre", "type: numbre", "datasets.0.columns.1.type", "must be one of"),
        ("slug: parking-live", "slug: parking-lots # again", "# again", "sources.1.slug", "is given twice"),
    ],
)
def test_a_mistake_in_yaml_is_named_with_its_line(tmp_path, old, new, marked, place, words):
    path = write_yaml_hub(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    error = refusal(path)
    if marked:
        line = f"hub.yaml:{line_with(text, marked)}" + (f" ({place})" if place else "")
        assert error.values["where"] == line
    assert error.values["where"].startswith("hub.yaml")
    assert words in error.text.en


def test_a_yaml_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "hub.yaml"
    path.write_text("- a\n- b\n")
    assert refusal(path).text.en == "hub.yaml: must be a table of names and values"


def test_all_mistakes_are_told_one_below_the_other_in_the_order_of_the_file(tmp_path):
    text = HUB.replace('slug = "hanbit-city"', "slug = 44").replace("minimum = 124", 'minimum = "low"')
    text = text.replace('slug = "parking-live"\n', "")
    for lines in refusal(write_hub(tmp_path, text)).text.as_dict().values():
        assert [line.partition(" (")[0] for line in lines.split("\n")] == ["hub.toml:2", "hub.toml:31", "hub.toml:47"]


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "nowhere.toml").text.en
    path = tmp_path / "hub.toml"
    path.write_bytes("한빛시".encode("cp949"))
    assert "cannot be read" in refusal(path).text.en
    assert "읽을 수 없습니다" in refusal(path).text.ko
