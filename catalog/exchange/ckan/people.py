"""Organisations and themes as CKAN's organizations and groups, and back."""

from collections.abc import Mapping
from typing import Any

from catalog.exchange.ckan.names import derive_id, is_uuid, to_name
from catalog.exchange.ckan.values import as_text, plain_text, read_address
from catalog.exchange.entry import Description, make_slug
from catalog.standard import vocabulary
from catalog.standard.vocabularies import find_code

FIRST_MOMENT = "1970-01-01T00:00:00.000000"  # of what has no moment of its own


def to_organization(slug: str, organisation: Description, *, created: str = "") -> dict[str, Any]:
    """Write an organisation as it stands inside a package."""
    title = plain_text(organisation.get("name")) or slug
    return {
        "id": derive_id("organisation", slug),
        "name": to_name(slug),
        "title": title,
        "display_name": title,
        "title_translated": dict(organisation.get("name", {})),
        "description": plain_text(organisation.get("description")),
        "image_url": "",
        "image_display_url": "",
        "type": "organization",
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
        "created": created or FIRST_MOMENT,
    }


def from_organization(organization: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the slug and the description of an organization."""
    name = str(organization.get("name") or "")
    title = organization.get("title") or organization.get("display_name") or name
    slug = make_slug(name.rstrip("_"), str(organization.get("id") or name))
    description = {
        "name": as_text(organization.get("title_translated")) or as_text(title),
        "description": as_text(organization.get("description_translated")) or as_text(organization.get("description")),
        "homepage": read_address(organization.get("homepage") or organization.get("url")),
    }
    return slug, {field: value for field, value in description.items() if value}


def to_group(theme: str) -> dict[str, Any]:
    """Write a theme as a group."""
    label = vocabulary("theme")[theme].label
    return {
        "id": derive_id("group", theme),
        "name": theme,
        "title": label.in_language("ko"),
        "display_name": label.in_language("ko"),
        "title_translated": label.as_dict(),
        "description": label.in_language("en"),
        "image_url": "",
        "image_display_url": "",
        "type": "group",
        "is_organization": False,
        "approval_status": "approved",
        "state": "active",
        "created": FIRST_MOMENT,
    }


def is_organization(document: object) -> bool:
    """Tell an organization from other things with a name and an id."""
    return isinstance(document, Mapping) and (
        bool(document.get("is_organization")) or document.get("type") == "organization"
    )


def theme_of(groups: object, themes: object) -> str | None:
    """Return the theme that groups or theme URIs tell, the first that we know."""
    for group in groups if isinstance(groups, list) else []:
        words = (
            [group] if isinstance(group, str) else [group.get("name"), group.get("title"), group.get("display_name")]
        )
        for word in words:
            if isinstance(word, str) and word and not is_uuid(word) and (code := find_code("theme", word)):
                return code
    for theme in themes if isinstance(themes, list) else [themes]:
        if isinstance(theme, str) and theme and (code := find_code("theme", theme)):
            return code
    return None
