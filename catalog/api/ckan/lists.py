"""How lists of organizations and groups are sorted, cut and shown: one rule for both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import InvalidParameters
from catalog.text import Text

Document = dict[str, Any]
SORTS: Mapping[str, Callable[[Document], Any]] = {
    "name": lambda document: document["name"],
    "title": lambda document: document["title"],
    "package_count": lambda document: document["package_count"],
    "packages": lambda document: document["package_count"],
}


def listed(call: Call, documents: Sequence[Document]) -> list[Any]:
    """Return the names, or with ``all_fields`` the documents, sorted and cut as the call says."""
    chosen = sorted_as(call, sorted(documents, key=SORTS["name"]))
    offset, limit = call.whole("offset", 0), call.whole("limit", 0)
    cut = chosen[offset : offset + limit] if limit else chosen[offset:]
    if not call.flag("all_fields", False):
        return [document["name"] for document in cut]
    more: Document = {"users": []} if call.flag("include_users", False) else {}
    more |= {"extras": []} if call.flag("include_extras", False) else {}
    more |= {"tags": []} if call.flag("include_tags", False) else {}
    more |= {"groups": []} if call.flag("include_groups", False) else {}
    return [document | more for document in cut]


def sorted_as(call: Call, documents: list[Document]) -> list[Document]:
    """Sort by ``sort`` ("package_count desc") or by the older ``order_by``; counts come the greatest first."""
    words = (call.text("sort") or call.text("order_by") or "name").split()
    name, direction = words[0], words[1].lower() if len(words) == 2 else ""
    if name not in SORTS or len(words) > 2 or direction not in ("", "asc", "desc"):
        text = Text(ko=f"쓸 수 있는 것: {', '.join(SORTS)}", en=f"Must be one of: {', '.join(SORTS)}")
        raise InvalidParameters({"sort": text})
    is_descending = direction == "desc" or (not direction and name in ("package_count", "packages"))
    return sorted(documents, key=SORTS[name], reverse=is_descending)


def suggested(documents: Sequence[Document]) -> list[dict[str, str]]:
    return [{name: document[name] for name in ("id", "name", "title")} for document in documents]
