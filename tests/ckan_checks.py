"""What strict readers of CKAN packages want, told as one table of checks: (name, whether it holds).

Written from what catalogue-peers 5.3 and 5.4 say of CKAN's own create schema, its harvester and udata's reader.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

Document = Mapping[str, Any]

NAME = re.compile(r"[a-z0-9_-]{2,100}")
TAG = re.compile(r"[\w \-.]{2,100}")
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PACKAGE_KEYS = (
    "id", "name", "title", "notes", "license_id", "license_title", "license_url", "isopen", "tags", "metadata_created",
    "metadata_modified", "organization", "owner_org", "resources", "private", "type", "author", "author_email", "maintainer",
    "maintainer_email", "state", "groups", "extras", "url", "version", "num_resources", "num_tags",
    "relationships_as_subject", "relationships_as_object",
)  # fmt: skip
RESOURCE_KEYS = (
    "id", "package_id", "position", "name", "description", "format", "mimetype", "size", "hash", "url", "created",
    "last_modified", "metadata_modified", "resource_type", "state", "url_type", "datastore_active", "cache_url",
)  # fmt: skip
ORGANIZATION_KEYS = (
    "id", "name", "title", "description", "image_url", "type", "is_organization", "approval_status", "state", "created"
)  # fmt: skip
RESOURCE_TYPES = ("file", "file.upload", "api", "documentation", "image", "visualization", None)
HASH_LENGTHS = (0, 32, 40, 64, 96, 128)


def is_uuid(value: object) -> bool:
    try:
        return str(uuid.UUID(str(value))) == value
    except ValueError:
        return False


def is_timestamp(value: object) -> bool:
    """Tell a moment in UTC without zone and with six digits."""
    return (
        isinstance(value, str)
        and TIMESTAMP.fullmatch(value) is not None
        and dt.datetime.fromisoformat(value).tzinfo is None
    )


def is_address(value: object) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    return parts.scheme in ("http", "https", "ftp") and bool(parts.netloc)


def is_area(value: str) -> bool:
    """Tell a GeoJSON polygon whose ring is closed."""
    area = orjson.loads(value)
    rings = area["coordinates"] if area["type"] == "Polygon" else area["coordinates"][0]
    return area["type"] in ("Polygon", "MultiPolygon") and rings[0][0] == rings[0][-1] and len(rings[0]) >= 4


def extras_of(package: Document) -> dict[str, str]:
    return {extra["key"]: extra["value"] for extra in package["extras"]}


PACKAGE_CHECKS: Mapping[str, Callable[[Document], bool]] = {
    "every key is there": lambda p: set(PACKAGE_KEYS) <= set(p),
    "the id is a UUID": lambda p: is_uuid(p["id"]),
    "the name is a name": lambda p: NAME.fullmatch(p["name"]) is not None,
    "title and notes are texts": lambda p: isinstance(p["title"], str) and p["title"] != "" and isinstance(p["notes"], str),
    "it is an active, open dataset": lambda p: (p["type"], p["state"], p["private"]) == ("dataset", "active", False),
    "moments are CKAN's": lambda p: is_timestamp(p["metadata_created"]) and is_timestamp(p["metadata_modified"]),
    "it was not changed before it was made": lambda p: p["metadata_modified"] >= p["metadata_created"],
    "tags are tags": lambda p: all(TAG.fullmatch(t["name"]) and is_uuid(t["id"]) for t in p["tags"]),
    "tags are there once": lambda p: len({t["name"] for t in p["tags"]}) == len(p["tags"]) == p["num_tags"],
    "extras have keys of their own": lambda p: len(extras_of(p)) == len(p["extras"]),
    "extras are strings": lambda p: all(isinstance(v, str) and v for v in extras_of(p).values()),
    "extras have two keys": lambda p: all(set(extra) == {"key", "value"} for extra in p["extras"]),
    "the area is a polygon": lambda p: is_area(extras_of(p)["spatial"]) if "spatial" in extras_of(p) else True,
    "addresses of mail are such or empty": lambda p: all(
        p[role] == "" or EMAIL.fullmatch(p[role]) for role in ("author_email", "maintainer_email")
    ),
    "people are strings": lambda p: all(isinstance(p[role], str) for role in ("author", "maintainer")),
    "the licence is told": lambda p: isinstance(p["license_id"], str) and isinstance(p["license_title"], str),
    "it has resources": lambda p: 0 < len(p["resources"]) == p["num_resources"],
    "its address is one": lambda p: p["url"] == "" or is_address(p["url"]),
    "it belongs to its organization": lambda p: p["owner_org"] == p["organization"]["id"],
    "groups are groups": lambda p: all(
        is_uuid(g["id"]) and NAME.fullmatch(g["name"]) and {"title", "display_name", "description", "image_display_url"} <= set(g)
        for g in p["groups"]
    ),
}  # fmt: skip
ORGANIZATION_CHECKS: Mapping[str, Callable[[Document], bool]] = {
    "every key is there": lambda o: set(ORGANIZATION_KEYS) <= set(o),
    "the id is a UUID": lambda o: is_uuid(o["id"]),
    "the name is a name": lambda o: NAME.fullmatch(o["name"]) is not None,
    "texts are strings": lambda o: all(isinstance(o[key], str) for key in ("title", "description", "image_url")),
    "it is an approved organization": lambda o: (o["type"], o["is_organization"], o["approval_status"]) == ("organization", True, "approved"),
    "it has a moment": lambda o: is_timestamp(o["created"]),
}  # fmt: skip
RESOURCE_CHECKS: Mapping[str, Callable[[Document], bool]] = {
    "every key is there": lambda r: set(RESOURCE_KEYS) <= set(r),
    "ids are UUIDs": lambda r: is_uuid(r["id"]) and is_uuid(r["package_id"]),
    "the position is a number": lambda r: type(r["position"]) is int,
    "texts are strings": lambda r: all(isinstance(r[key], str) for key in ("name", "description", "format")),
    "the media type is a string or nothing": lambda r: r["mimetype"] is None or isinstance(r["mimetype"], str),
    "the size is a number or nothing": lambda r: r["size"] is None or type(r["size"]) is int,
    "the hash has a known length": lambda r: r["hash"] is None or len(r["hash"]) in HASH_LENGTHS,
    "moments are CKAN's": lambda r: all(
        is_timestamp(r[key]) for key in ("created", "last_modified", "metadata_modified")
    ),
    "the address is one": lambda r: is_address(r["url"]),
    "the type is known": lambda r: r["resource_type"] in RESOURCE_TYPES,
    "it is active": lambda r: r["state"] == "active",
    "a link is no upload": lambda r: r["url_type"] is None,
    "the datastore is told": lambda r: isinstance(r["datastore_active"], bool),
}


def faults(package: Document) -> list[str]:
    """Return every check that a package, its organization or one of its resources fails."""
    found = [name for name, holds in PACKAGE_CHECKS.items() if not holds(package)]
    found += [
        f"organization: {name}" for name, holds in ORGANIZATION_CHECKS.items() if not holds(package["organization"])
    ]
    for resource in package["resources"]:
        found += [f"resource: {name}" for name, holds in RESOURCE_CHECKS.items() if not holds(resource)]
        found += [] if resource["package_id"] == package["id"] else ["resource: it is not of this package"]
    positions = [resource["position"] for resource in package["resources"]]
    ids = {resource["id"] for resource in package["resources"]}
    return found + (
        [] if positions == list(range(len(positions))) and len(ids) == len(positions) else ["resources: order"]
    )
