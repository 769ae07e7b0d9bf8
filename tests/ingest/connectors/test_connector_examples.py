"""The examples of docs/connectors.md are configurations that the hub takes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ingest.connectors import CONNECTORS
from ingest.secret_values import without_secrets
from ingest.sources import parse_config

PAGE = Path(__file__).parents[3] / "docs" / "connectors.md"
EXAMPLES = [
    source
    for block in re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for source in tomllib.loads(block)["sources"]
]


@pytest.mark.parametrize("source", EXAMPLES, ids=[source["slug"] for source in EXAMPLES])
def test_an_example_is_taken(source: dict[str, Any]) -> None:
    parse_config(source["connector"], without_secrets(source["config"]))


def test_every_connector_is_explained() -> None:
    told = PAGE.read_text(encoding="utf-8")
    assert [name for name in CONNECTORS if f"`{name}`" not in told] == []
