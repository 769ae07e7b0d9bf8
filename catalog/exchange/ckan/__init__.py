"""CKAN: datasets as packages and back (``package.py``), and whole answers of the Action API read (``answers.py``)."""

from catalog.exchange.ckan.answers import open_envelope, read_ckan, read_names
from catalog.exchange.ckan.names import derive_id, from_name, is_uuid, to_name, to_tag, to_tags, to_timestamp
from catalog.exchange.ckan.package import PackageFacts, Reading, from_package, read_package, to_package
from catalog.exchange.ckan.people import FIRST_MOMENT, from_organization, to_group, to_organization
from catalog.exchange.ckan.resource import ResourceFacts, from_resource, to_resource

__all__ = [
    "FIRST_MOMENT",
    "PackageFacts",
    "Reading",
    "ResourceFacts",
    "derive_id",
    "from_name",
    "from_organization",
    "from_package",
    "from_resource",
    "is_uuid",
    "open_envelope",
    "read_ckan",
    "read_names",
    "read_package",
    "to_group",
    "to_name",
    "to_organization",
    "to_package",
    "to_resource",
    "to_tag",
    "to_tags",
    "to_timestamp",
]
