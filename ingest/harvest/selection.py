"""Which datasets of another catalogue are taken: declared by field, the same for every format.

``{"organisation": ["city-a"], "theme": ["transport"]}`` takes what has one of the values in each field named; what is under
``"not"`` is left out. ``"fq"`` is asked of a CKAN itself, in its own words.
"""

from collections.abc import Mapping
from typing import Any

from catalog.exchange.entry import Entry
from catalog.text import Text
from ingest.errors import BadSetup

FIELDS = ("organisation", "theme", "keywords", "region", "licence", "access_level", "data_model", "frequency")
OWN_WORDS = "fq"
NOT = "not"
WRONG = Text(
    ko="'{name}'(으)로는 고를 수 없습니다. 쓸 수 있는 것: {allowed}",
    en="nothing can be selected by '{name}'; allowed: {allowed}",
)
NO_LIST = Text(ko="'{name}'에는 값의 목록을 적으십시오", en="'{name}' takes a list of values")


def is_selected(entry: Entry, selection: Mapping[str, Any]) -> bool:
    """Say whether a dataset is one of those that the feed takes."""
    if not selection:
        return True
    wanted = {name: values for name, values in selection.items() if name in FIELDS}
    unwanted = selection.get(NOT, {})
    return all(has_one(entry, name, values) for name, values in wanted.items()) and not any(
        has_one(entry, name, values) for name, values in unwanted.items()
    )


def has_one(entry: Entry, name: str, values: list[str]) -> bool:
    value = entry.description.get(name, "")
    if isinstance(value, Mapping):  # keywords by language
        value = [word for words in value.values() for word in words]
    return not set(values).isdisjoint(value if isinstance(value, list) else [value])


def check_selection(selection: Mapping[str, Any]) -> None:
    """Refuse a selection that means nothing."""
    unwanted = selection.get(NOT, {})
    if not isinstance(unwanted, Mapping):
        raise BadSetup(where="selection", problem=NO_LIST.format(name=NOT))
    for part, allowed in ((selection, (*FIELDS, NOT, OWN_WORDS)), (unwanted, FIELDS)):
        for name, values in part.items():
            if name not in allowed:
                raise BadSetup(where="selection", problem=WRONG.format(name=name, allowed=", ".join(allowed)))
            if name in FIELDS and not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
                raise BadSetup(where="selection", problem=NO_LIST.format(name=name))
