"""The kinds of source: every connector, the recipe, whose input is other datasets, and the events of platforms, which the hub
has received; one table for checks, forms and docs."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from catalog.text import Text
from ingest.connectors import CONNECTORS
from ingest.platform_events import PlatformEvents
from ingest.recipe_config import Recipe

RECIPE = "recipe"
PLATFORM = "platform"


@dataclass(frozen=True)
class Kind:
    """What is known of a kind of source before it runs: its typed configuration, and its name for people."""

    config: type[BaseModel]
    title: Text


KINDS: Mapping[str, Kind] = {
    **{name: Kind(connector.config, connector.title) for name, connector in CONNECTORS.items()},
    RECIPE: Kind(
        Recipe, Text(ko="다른 데이터셋으로 만드는 가공 데이터 (레시피)", en="Recipe: made from other datasets")
    ),
    PLATFORM: Kind(PlatformEvents, Text(ko="통합플랫폼이 보낸 사건", en="Events that integrated platforms have sent")),
}
