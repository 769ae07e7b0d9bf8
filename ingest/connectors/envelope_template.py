"""Addresses and parameters with places to fill: ``{name}``, ``{now:%Y%m%d}``, ``{now-40m:%H%M}``; nothing else is code.

``{now}`` is the moment the run asks for, moved by whole seconds, minutes, hours, days or weeks and written by the
directives below; ``{since}`` and ``{until}`` are those of a window (``progress.py``). All places of one run see the same
moment. What the other names stand for is told by ``envelope.py``.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping

PLACE = re.compile(r"\{([^{}]*)\}")
MOMENT = re.compile(
    r"(?P<name>now|since|until)(?:(?P<sign>[+-])(?P<count>\d{1,6})(?P<unit>[smhdw]))?(?::(?P<form>.+))?", re.DOTALL
)
DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
DIRECTIVES = "YymdHMSjfzs%"
UNITS: Mapping[str, str] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FARTHEST = dt.timedelta(days=36_600)


def fill(
    template: str,
    values: Mapping[str, str],
    moments: Mapping[str, dt.datetime],
    write: Callable[[str], str] = lambda moment: moment,
) -> str:
    """Return the template with every place filled; ``write`` spells the moments that are put in, as percent-encoding."""

    def fill_one(place: re.Match[str]) -> str:
        found = MOMENT.fullmatch(place[1])
        return write(write_moment(found, moments)) if found and found["name"] in moments else values[place[1]]

    return PLACE.sub(fill_one, template)


def write_moment(found: re.Match[str], moments: Mapping[str, dt.datetime]) -> str:
    moved = moments[found["name"]] + offset_of(found)
    if not found["form"]:
        return moved.isoformat(timespec="seconds")
    return DIRECTIVE.sub(lambda directive: write_part(moved, directive[1]), found["form"])


def write_part(moment: dt.datetime, directive: str) -> str:
    """Write one directive; ``%s`` (seconds since 1970) differs between the C libraries, so it is ours."""
    return str(int(moment.timestamp())) if directive == "s" else moment.strftime(f"%{directive}")


def offset_of(found: re.Match[str]) -> dt.timedelta:
    if not found["count"]:
        return dt.timedelta()
    offset = dt.timedelta(**{UNITS[found["unit"]]: int(found["count"])})
    return -offset if found["sign"] == "-" else offset


def check_template(template: str, names: Collection[str], moments: Collection[str] = ("now",)) -> None:
    """Raise ValueError, saying what is allowed, unless ``fill`` can fill the template from these names and moments."""
    for place in PLACE.findall(template):
        found = MOMENT.fullmatch(place)
        found = found if found and found["name"] in moments else None
        if not found and place not in names:
            allowed = ", ".join([*moments, *sorted(names)])
            raise ValueError(f"unknown place '{{{place}}}'; allowed: {allowed} (and as {{now-40m:%Y%m%d%H%M}})")
        if found and abs(offset_of(found)) > FARTHEST:
            raise ValueError(f"'{{{place}}}' is more than a hundred years away")
        for directive in DIRECTIVE.findall((found and found["form"]) or ""):
            if not directive or directive not in DIRECTIVES:
                allowed = ", ".join(f"%{letter}" for letter in DIRECTIVES)
                raise ValueError(f"unknown directive '%{directive}' in '{{{place}}}'; allowed: {allowed}")
    if set("{}") & set(PLACE.sub("", template)):
        raise ValueError(f"a brace is left over in '{template}'; places are written as {{name}}")


def places_of(template: str) -> set[str]:
    return set(PLACE.findall(template))


def asks_for(template: str, name: str) -> bool:
    """Say whether a template has a place of this name, moved and written in whatever way."""
    return any(
        place == name or ((found := MOMENT.fullmatch(place)) and found["name"] == name) for place in places_of(template)
    )
