"""Distributions as CKAN resources, and back.

CKAN's own keys say what they can; every other field of the class distribution stands under its own name as a string. Texts
have both languages in ``…_translated``, as ckanext-fluent writes them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.exchange.ckan.names import derive_id, moment_of, to_timestamp
from catalog.exchange.ckan.values import (
    as_text,
    plain_text,
    read_address,
    read_integer,
    read_value,
    write_value,
)
from catalog.exchange.entry import Description
from catalog.exchange.formats_of_files import find_format
from catalog.standard import Class, Field, Kind, fields_of, vocabulary
from catalog.standard.vocabularies import find_code

FIELDS = fields_of(Class.DISTRIBUTION)
NATIVE = {"title": "name", "media_type": "mimetype", "byte_size": "size"}
KEPT = frozenset([*NATIVE, "format", "checksum"])  # CKAN's own key keeps all of them
HEXADECIMAL = re.compile(r"(?:(?P<algorithm>[A-Za-z0-9\-]+):)?(?P<value>[0-9A-Fa-f]{32,128})")
ALGORITHM_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
MEDIA_TYPE = re.compile(r"(?:https?://.*media-types/)?(?P<type>[\w.+\-]+/[\w.+\-]+)(?:;.*)?")


@dataclass(frozen=True)
class ResourceFacts:
    """What the hub knows of a resource beside its description."""

    id: str = ""
    has_records: bool = False
    url: str = ""  # where it is had; "": as its description says


def to_resource(
    distribution: Description,
    *,
    package_id: str,
    position: int,
    created: str,
    modified: str,
    facts: ResourceFacts | None = None,
) -> dict[str, Any]:
    """Write a distribution as a resource; ``created`` and ``modified`` are timestamps of the hub."""
    known = facts or ResourceFacts()
    url = known.url or distribution.get("download_url") or distribution.get("access_url", "")
    checksum = distribution.get("checksum", {})
    licence = vocabulary("licence").get(distribution.get("licence", ""))
    return {
        "id": known.id or derive_id("resource", f"{package_id}/{position}/{url}"),
        "package_id": package_id,
        "position": position,
        "name": plain_text(distribution.get("title")) or distribution.get("format", ""),
        "description": plain_text(distribution.get("description")),
        "format": distribution.get("format", ""),
        "mimetype": distribution.get("media_type"),
        "mimetype_inner": None,
        "size": distribution.get("byte_size"),
        "hash": checksum.get("value", ""),
        "hash_algorithm": checksum.get("algorithm", ""),
        "url": url,
        "url_type": None,
        "resource_type": resource_type(distribution),
        "state": "active",
        "created": timestamp_of(distribution.get("issued")) or created,
        "last_modified": timestamp_of(distribution.get("modified")) or modified,
        "metadata_modified": modified,
        "datastore_active": known.has_records,
        "datastore_contains_all_records_of_source_file": known.has_records,
        "cache_url": None,
        "cache_last_updated": None,
        "license": distribution.get("licence_url") or (licence.uri if licence else ""),
    } | dict(own_keys(distribution))


def resource_type(distribution: Description) -> str | None:
    if distribution.get("download_url"):
        return "file"
    return "api" if distribution.get("api_type") or distribution.get("access_service") else None


def timestamp_of(moment: str | None) -> str:
    found = moment_of(moment) if moment else None
    return to_timestamp(found) if found else ""


def own_keys(distribution: Description) -> Iterator[tuple[str, Any]]:
    """Yield the fields that CKAN has no key for, and those whose key does not keep all of the value."""
    for name, field in FIELDS.items():
        value = distribution.get(name)
        if value is None or (name in KEPT and field.kind is not Kind.TEXT):
            continue
        if field.kind is Kind.TEXT:
            key = NATIVE.get(name, name)
            yield f"{key}_translated", dict(value)
            if key not in ("name", "description"):
                yield key, plain_text(value)
        else:
            yield name, write_value(value, field)


def from_resource(resource: Mapping[str, Any], *, is_ours: bool = False) -> dict[str, Any]:
    """Read a resource; of a foreign one, whatever stands under the names that such things commonly have."""
    read = read_own_field if is_ours else read_field
    values = ((name, read(resource, field)) for name, field in FIELDS.items())
    distribution = {name: value for name, value in values if value not in (None, "", [], {})}
    return distribution if is_ours else with_addresses(distribution, resource)


def read_own_field(resource: Mapping[str, Any], field: Field) -> Any:  # noqa: ANN401
    """Read a field from where ``to_resource`` writes it, and from nowhere else."""
    key = NATIVE.get(field.name, field.name)
    if field.kind is Kind.TEXT:
        return as_text(resource.get(f"{key}_translated") or "")
    if field.name == "checksum":
        return read_checksum(resource)
    return read_value(resource[key], field) if resource.get(key) not in (None, "") else None


def read_field(resource: Mapping[str, Any], field: Field) -> Any:  # noqa: ANN401
    if field.name in READERS:
        return READERS[field.name](resource)
    if field.kind is Kind.TEXT:
        key = NATIVE.get(field.name, field.name)
        return as_text(resource.get(f"{key}_translated")) or as_text(resource.get(key))
    for key in (field.name, *FOREIGN.get(field.name, ())):
        if resource.get(key) not in (None, "", []) and (value := read_value(resource[key], field)) is not None:
            return value
    return None


def read_format(resource: Mapping[str, Any]) -> str | None:
    """Return the code of the format: what stands there, else what the media type tells."""
    for raw in (resource.get("format"), resource.get("mimetype")):
        words = str(raw or "").strip()
        if code := find_format(words.rpartition("media-types/")[2]) or find_format(words.rpartition("/")[2]):
            return code
    return None


def read_media_type(resource: Mapping[str, Any]) -> str | None:
    for raw in (resource.get("mimetype"), resource.get("format")):
        if found := MEDIA_TYPE.fullmatch(str(raw or "").strip()):
            return found["type"]
    return None


def read_checksum(resource: Mapping[str, Any]) -> dict[str, str] | None:
    """Read a hash; without a named algorithm its length tells."""
    found = HEXADECIMAL.fullmatch(str(resource.get("hash") or "").strip())
    if found is None:
        return None
    named = resource.get("hash_algorithm") or found["algorithm"] or ALGORITHM_BY_LENGTH.get(len(found["value"]), "")
    algorithm = find_code("checksum_algorithm", str(named))
    return {"algorithm": algorithm, "value": found["value"]} if algorithm else None


def read_named_media_type(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return a reader of a media type under a key, which others write as IANA's address."""

    def read(resource: Mapping[str, Any]) -> str | None:
        found = MEDIA_TYPE.fullmatch(str(resource.get(key) or "").strip())
        return found["type"] if found else None

    return read


READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "compress_format": read_named_media_type("compress_format"),
    "package_format": read_named_media_type("package_format"),
    "format": read_format,
    "media_type": read_media_type,
    "byte_size": lambda resource: read_integer(resource.get("size")),
    "checksum": read_checksum,
}

# our field: the names that others give it
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "licence": ("license_id", "license"),
    "licence_url": ("license_url",),
    "issued": ("created",),
    "modified": ("last_modified", "metadata_modified"),
    "languages": ("language",),
    "encoding": ("character_encoding",),
    "spatial_resolution": ("spatial_resolution_in_meters",),
    "identifier": ("id",),
}


def with_addresses(distribution: dict[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """Add where a foreign resource is had: an upload is the file itself, of anything else only the place is known."""
    url = read_address(resource.get("url"))
    if url:
        distribution.setdefault("access_url", url)
        if resource.get("url_type") == "upload" or str(resource.get("resource_type") or "").startswith("file"):
            distribution.setdefault("download_url", url)
    elif "download_url" in distribution:
        distribution.setdefault("access_url", distribution["download_url"])
    licence = read_address(resource.get("license"))
    if licence and "licence" not in distribution:
        distribution.setdefault("licence_url", licence)
    return distribution
