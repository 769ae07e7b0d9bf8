"""What a steward has to look at today, as the start page of the admin shows it. Other houses add lists of their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class WorkItem:
    """One thing to look at: its name and address, what is the matter, since when."""

    name: str
    address: str
    what: str
    since: str = ""


@dataclass(frozen=True)
class WorkList:
    """Things of one kind. ``done`` is said when there are none; ``more`` is where all of them are listed."""

    title: str
    items: Sequence[WorkItem]
    done: str
    more: str = ""


FindWork = Callable[[HttpRequest], WorkList | None]  # None: the viewer may not see it
