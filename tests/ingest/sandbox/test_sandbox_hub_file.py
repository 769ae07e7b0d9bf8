"""``hub.toml`` tells the truth about the sandbox: its addresses answer, and its columns are those of the answers."""

import csv
import io
import re
import tomllib
from pathlib import Path

import pytest
from sandbox_asking import ask, rows_of

import ingest.sandbox
from catalog.records.schema import Column, Geometry, Schema
from catalog.text import Text
from ingest.sandbox.services import SERVICES

TEXT = Path(ingest.sandbox.__file__).with_name("hub.toml").read_text(encoding="utf-8")
HUB = tomllib.loads(TEXT.replace("{sandbox_port}", "8600"))
DATASETS = {dataset["slug"]: dataset for dataset in HUB["datasets"]}
SOURCES = {source["slug"]: source for source in HUB["sources"]}
READABLE = {
    "string": r".*",
    "integer": r"\d{1,3}(,\d{3})+|\d+",
    "number": r"\d+(\.\d+)?",
    "boolean": r"[YN]",
    "date": r"\d{4}-\d\d-\d\d|\d{8}",
    "datetime": r"\d{14}|\d{4}-\d\d-\d\d \d\d:\d\d",
    "time": r"\d\d:\d\d",
}


def pull(slug: str) -> list[dict]:
    """Ask the sandbox as the source's configuration says, and return the rows as they come."""
    config = SOURCES[slug]["config"]
    match SOURCES[slug]["connector"]:
        case "datagokr":
            path = config["url"].removeprefix("http://127.0.0.1:8600")
            return rows_of(f"{path}?serviceKey=sandbox-key&{config.get('type_param', '_type')}=json&numOfRows=1000")
        case "seoul":
            prefix = config["url"].removeprefix("http://127.0.0.1:8600")
            return rows_of(f"{prefix}/sandbox-key/{config['format']}/{config['service']}/1/{config['page_size']}/")
        case "file":
            body = ask(config["path"].removeprefix("http://127.0.0.1:8600")).body
            header, *lines = csv.reader(io.StringIO(body.decode("cp949")))
            return [dict(zip(header, line, strict=False)) for line in lines]


def make_schema(slug: str) -> Schema:
    dataset = DATASETS[slug]
    columns = tuple(
        Column(
            **{
                **entry,
                "title": Text.from_value(entry["title"]),
                "description": Text.from_value(entry.get("description")),
            }
        )
        for entry in dataset["columns"]
    )
    geometry = Geometry(**dataset["geometry"]) if "geometry" in dataset else None
    return Schema(
        columns, tuple(dataset["key"]), geometry, dataset.get("time", ""), sorted_by=tuple(dataset.get("sorted_by", ()))
    )


def test_every_service_is_a_dataset_with_one_source() -> None:
    assert list(DATASETS) == list(SOURCES) == [f"hanbit-{name}" for name in SERVICES]
    assert {source["dataset"] for source in HUB["sources"]} == set(DATASETS)
    assert {dataset["organisation"] for dataset in HUB["datasets"]} == {entry["slug"] for entry in HUB["organisations"]}


@pytest.mark.parametrize("slug", DATASETS)
def test_every_column_comes_in_the_answer_and_every_column_of_the_answer_is_known(slug: str) -> None:
    declared = [column.get("source", column["name"]) for column in DATASETS[slug]["columns"]]
    ignored = SOURCES[slug].get("ignore", [])

    assert set(declared) | set(ignored) == set(pull(slug)[0])
    assert len(set(declared)) == len(declared) == len(pull(slug)[0]) - len(ignored)


@pytest.mark.parametrize("slug", DATASETS)
def test_every_value_can_be_read_as_the_type_of_its_column(slug: str) -> None:
    schema = make_schema(slug)

    for row in pull(slug):
        for column in schema.columns:
            value = "" if row[column.source_name] is None else str(row[column.source_name])
            if value in schema.missing:
                assert not column.required, column.name
            else:
                assert re.fullmatch(READABLE[column.type], value), (column.name, value)
                assert not column.enum or value in column.enum, (column.name, value)
                assert column.minimum is None or float(value.replace(",", "")) >= column.minimum


@pytest.mark.parametrize("slug", DATASETS)
def test_keys_are_unique_and_there_are_as_many_rows_as_expected(slug: str) -> None:
    schema, rows = make_schema(slug), pull(slug)
    keys = [tuple(row[schema[name].source_name] for name in schema.key) for row in rows]

    assert len(set(keys)) == len(keys)
    assert len(rows) >= min(SOURCES[slug]["expectations"]["min_rows"], 1000)


@pytest.mark.parametrize("slug", DATASETS)
def test_every_text_is_in_korean_and_in_english(slug: str) -> None:
    dataset = DATASETS[slug]
    texts = [dataset["title"], dataset["description"], dataset["keywords"]]
    texts += [column[part] for column in dataset["columns"] for part in ("title", "description") if part in column]

    assert all(text["ko"] and text["en"] for text in texts)
    assert all(set(text) == {"ko", "en"} for text in texts)


def test_the_modes_and_schedules_are_those_of_the_data() -> None:
    assert {slug: (source["mode"], source["schedule"]) for slug, source in SOURCES.items()} == {
        "hanbit-parking-lots": ("replace", "daily"),
        "hanbit-parking-availability": ("upsert", "every 1 minute"),
        "hanbit-air-quality": ("upsert", "every 10 minutes"),
        "hanbit-bus-stops": ("replace", "daily"),
        "hanbit-cctv": ("replace", "daily"),
    }


def test_no_secret_is_written_down_and_every_address_takes_the_port() -> None:
    settings = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))

    assert "sandbox-key" not in settings
    assert settings.count('{ env = "SANDBOX_KEY" }') == 4
    assert settings.count("http://127.0.0.1:{sandbox_port}/") == len(SOURCES)
    assert all(source["allow_private"] is True for source in HUB["sources"])
