"""The table of all actions. One that is not in it does not exist: nothing is found by its name alone."""

from collections.abc import Mapping

from catalog.api.ckan import (
    activities,
    datastore,
    groups,
    licences,
    organisations,
    packages,
    resources,
    status,
    tags,
)
from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.api.ckan.errors import NothingFound
from catalog.text import Text


def help_show(call: Call) -> str:
    name = call.required("name")
    if name not in ACTIONS:
        raise NothingFound(name=name)
    action = ACTIONS[name]
    asked = f"\n\n:param {', '.join(action.parameters)}" if action.parameters else ""
    return f"{action.text.en}\n{action.text.ko}{asked}"


HELP = Action("help_show", help_show, Text(ko="동작 하나의 설명", en="What an action does."), ("name",))
ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        *packages.ACTIONS,
        *organisations.ACTIONS,
        *groups.ACTIONS,
        *tags.ACTIONS,
        *licences.ACTIONS,
        *resources.ACTIONS,
        *datastore.ACTIONS,
        *activities.ACTIONS,
        *status.ACTIONS,
        HELP,
    )
}
