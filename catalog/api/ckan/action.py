"""What an action is: a row of the tables in the files beside this one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.api.ckan.call import Call
from catalog.text import Text


@dataclass(frozen=True)
class Action:
    """An action by its CKAN name, what it answers, and the parameters that it looks at (it tolerates all others)."""

    name: str
    run: Callable[[Call], Any]
    text: Text
    parameters: tuple[str, ...] = ()
