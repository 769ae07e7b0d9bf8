"""A steward's values on a harvested dataset: what the feed did not write stays, and what the feed says instead is shown.

Of each value that a feed wrote a short digest is kept. A value here that is another one by now is a steward's.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.describe import describe_row, has_value, linked_distributions, row_columns
from catalog.models import Dataset, Distribution
from catalog.standard import Class
from ingest.harvest.identity import canonical, digest_of

ABSENT = ""
LENGTH = 12


def written_values(description: Mapping[str, Any]) -> dict[str, str]:
    """Return a short digest of each value of a description, as it reads once it is stored."""
    stored = describe_row(Dataset(**row_columns(description, Class.DATASET)), Class.DATASET)
    stored["organisation"] = description.get("organisation", "")
    if parts := description.get("distributions"):
        stored["distributions"] = [
            describe_row(Distribution(**row_columns(part, Class.DISTRIBUTION)), Class.DISTRIBUTION) for part in parts
        ]
    return {name: value_digest(value) for name, value in stored.items()}


def keep_local(
    dataset: Dataset, description: dict[str, Any], written: Mapping[str, str], local_fields: list[str]
) -> dict[str, Any]:
    """Put the steward's values into a description; return what the feed says in their place, by field.

    ``written`` may be empty, of a dataset that came before digests were kept: then nothing is known to be a steward's.
    """
    here = stored_values(dataset)
    told: dict[str, Any] = {}
    for name in {*here, *written, *local_fields}:
        is_local = name in local_fields or (written and value_digest(here.get(name)) != written.get(name, ABSENT))
        if not is_local or name in HUB_OWN or same(here.get(name), description.get(name)):
            continue
        told[name] = description.get(name)
        if name in here:
            description[name] = here[name]
        else:
            description.pop(name, None)
    return told


def stored_values(dataset: Dataset) -> dict[str, Any]:
    """Return what a dataset's own columns say, and its links: nothing that its organisation says for it."""
    links = [describe_row(link, Class.DISTRIBUTION) for link in linked_distributions(dataset)]
    return describe_row(dataset, Class.DATASET) | ({"distributions": links} if has_value(links) else {})


HUB_OWN = frozenset(["columns"])  # the columns of records that are served here are their schema


def same(here: object, there: object) -> bool:
    return value_digest(here) == value_digest(there)


def value_digest(value: object) -> str:
    return ABSENT if value in (None, "", [], {}) else digest_of(canonical(plain(value)))[:LENGTH]


def plain(value: object) -> object:
    """Return a value in which a number is the same however it is stored, and a list of words whatever its kind."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items() if part not in (None, "", [], {})}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return float(value)
    return value
