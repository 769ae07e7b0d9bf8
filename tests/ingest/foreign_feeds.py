"""Catalogues of others as tests tell them: data.json documents, and pages of them, read under the name of a feed."""

from typing import Any

from catalog.exchange.data_json import from_data_json
from catalog.models import Dataset
from ingest.harvest import Harvest, harvest

OPEN = {"accessLevel": "public", "description": "Its contents", "contactPoint": {"fn": "Office"}}


def item(identifier: str, *links: str, **values: Any) -> dict[str, Any]:
    """Return a dataset of a data.json; ``links`` are the addresses of its files."""
    files = {"distribution": [{"downloadURL": link, "mediaType": "text/csv"} for link in links]} if links else {}
    named = {"identifier": identifier} if identifier else {}
    return OPEN | {"title": f"Dataset {identifier}", "publisher": {"name": "City of A"}} | named | files | values


def document(*items: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(items)} | values


def read(*items: dict[str, Any], feed: str = "city-a", accept: bool = False, dry: bool = False) -> Harvest:
    return harvest(feed, [from_data_json(document(*items))], accept_deletions=accept, dry_run=dry)


def counts(result: Harvest) -> dict[str, int]:
    return {name: count for name, count in result.counts().items() if count and name not in ("total", "known")}


def ten() -> list[dict[str, Any]]:
    return [item(str(number)) for number in range(10)]


def shown() -> set[str]:
    return set(Dataset.objects.current().values_list("slug", flat=True))
