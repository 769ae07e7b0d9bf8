"""Names, identifiers, tags and moments as CKAN wants them, and back where that is possible.

CKAN gives everything a UUID. Where ours have none, one is derived from the slug: the same on every hub and for ever.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable

from catalog.standard import NAMESPACE

IDENTIFIERS = uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}ckan")
SHORTEST_NAME = 2
LONGEST_TAG = 100
NOT_IN_TAG = re.compile(r"[^\w \-.]+")
SPACES = re.compile(r"\s+")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def derive_id(kind: str, name: str) -> str:
    """Return the UUID of something that is known by a name: an organisation, group, tag, activity."""
    return str(uuid.uuid5(IDENTIFIERS, f"{kind}/{name}"))


def is_uuid(text: str) -> bool:
    return UUID.fullmatch(text) is not None


def to_name(slug: str) -> str:
    """Return a slug as a CKAN name, which has two letters at least; ``from_name`` takes the filling away again."""
    return slug.ljust(SHORTEST_NAME, "_")


def from_name(name: str) -> str:
    return name.rstrip("_")


def to_tags(words: Iterable[str]) -> list[str]:
    """Fold keywords into tags, each once: other characters than letters, digits, spaces and ``-_.`` become spaces."""
    return list(dict.fromkeys(tag for tag in map(to_tag, words) if len(tag) >= SHORTEST_NAME))


def to_tag(word: str) -> str:
    return SPACES.sub(" ", NOT_IN_TAG.sub(" ", word)).strip()[:LONGEST_TAG].strip()


def to_timestamp(moment: dt.datetime) -> str:
    """Return a moment in UTC, without zone and with six digits always, so that timestamps compare as strings."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def moment_of(text: str) -> dt.datetime | None:
    """Read a day or a moment; without an offset it is UTC, as all of CKAN's are. None when it is neither."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
