"""A small hub file that tests bend and break, as TOML and as the same in YAML."""

import tomllib
from pathlib import Path
from typing import Any

import yaml

HUB = """\
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시", en = "Hanbit City" }
region = "44"
contact_point = { name = { ko = "스마트도시과" }, email = "data@hanbit.example", phone = "041-000-0000" }
homepage = "https://hanbit.example"

[[datasets]]
slug = "parking-lots"
organisation = "hanbit-city"
title = { ko = "공영주차장", en = "Car parks" }
description = { ko = "시의 공영주차장", en = "The city's car parks" }
theme = "transport"
keywords = { ko = ["주차장"], en = ["parking"] }
licence = "kogl-1"
frequency = "daily"
temporal = { start = 2018-01-01, end = 2018-12-31 }
access_level = "public"
key = ["lot_id"]
geometry = { longitude = "longitude", latitude = "latitude" }

[[datasets.columns]]
name = "lot_id"
source = "번호"
title = { ko = "관리번호", en = "Lot number" }
required = true

[[datasets.columns]]
name = "longitude"
type = "number"
minimum = 124

[[datasets.columns]]
name = "latitude"
type = "number"

[[sources]]
slug = "parking-lots"
dataset = "parking-lots"
connector = "file"
mode = "upsert"
schedule = "every 10 minutes"
ignore = ["rnum"]
config = { path = "data/lots.csv", encoding = "cp949" }
expectations = { min_rows = 2, min_share = 0.7 }

[[sources]]
slug = "parking-live"
dataset = "parking-lots"
connector = "datagokr"
slot = 2021-05-28

[sources.config]
url = "http://127.0.0.1:{port}/lots"
service_key = { env = "CITY_KEY" }
"""


def write_hub(folder: Path, text: str = HUB) -> Path:
    path = folder / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_yaml_hub(folder: Path, text: str = HUB) -> Path:
    path = folder / "hub.yaml"
    path.write_text(yaml.safe_dump(as_document(text), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def as_document(text: str = HUB) -> dict[str, Any]:
    return tomllib.loads(text)


def line_with(text: str, words: str) -> int:
    """Return the line of the first mention of ``words``."""
    return text[: text.index(words)].count("\n") + 1
