"""Actions about the site itself."""

from typing import Any

from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.share import describe_catalogue
from catalog.text import Text

CKAN_VERSION = "2.10.4"  # whose answers these are made like


def status_show(call: Call) -> dict[str, Any]:
    catalogue = describe_catalogue(call.base)
    return {
        "ckan_version": CKAN_VERSION,
        "site_url": call.base,
        "site_title": Text.from_value(catalogue.get("title")).in_language("ko"),
        "site_description": Text.from_value(catalogue.get("description")).in_language("ko"),
        "error_emails_to": None,
        "locale_default": "ko",
        "extensions": ["activity", "datastore"],
    }


def site_read(call: Call) -> bool:
    return True


def user_list(call: Call) -> list[Any]:
    """Return nobody: who works at the hub is not public."""
    return []


ACTIONS = (
    Action("status_show", status_show, Text(ko="이 허브에 대하여", en="What site this is.")),
    Action(
        "site_read", site_read, Text(ko="읽을 수 있는지 (항상 참)", en="Whether the site may be read; always true.")
    ),
    Action("user_list", user_list, Text(ko="사용자 (보이지 않음)", en="Users; none are shown.")),
)
