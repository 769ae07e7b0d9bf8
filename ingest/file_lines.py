"""Where each part of a TOML or YAML text stands: a place, as ``("datasets", 2, "title")``, and its line from 1.

Only for text that its own parser has read without complaint; what the text means is not judged here. One thing is: a name
that stands twice in one YAML table, of which the parser would silently take the last.
"""

import re
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

import yaml

Location = tuple[str | int, ...]

BLANK = re.compile(r"[ \t]*")
HEADER_END = re.compile(r"\]\]?")
GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
PLAIN_VALUE = re.compile(r"[^\[\]{},#\n]+")


def locate_toml(text: str) -> dict[Location, int]:
    """Return the line of every table, key and list element of a TOML text."""
    return TomlReader(text.replace("\r\n", "\n")).read()


class TomlReader:
    """Walks through a text from its start to its end and notes where it has been."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_ends = [found.start() for found in re.finditer("\n", text)]
        self.position = 0
        self.lines: dict[Location, int] = {}

    def read(self) -> dict[Location, int]:
        table: Location = ()
        latest: Counter[Location] = Counter()  # the number of elements so far of each list of tables
        while self.skip(GAP) < len(self.text):
            if self.take("[["):
                table = self.table_place(latest, is_list=True)
            elif self.take("["):
                table = self.table_place(latest, is_list=False)
            else:
                self.read_pair(table)
        return self.lines

    def table_place(self, latest: Counter[Location], *, is_list: bool) -> Location:
        """Return the place of a table's header; every list on the way stands at its latest element."""
        line, names = self.line, self.read_names()
        self.skip(HEADER_END)
        place: Location = ()
        for position, name in enumerate(names, start=1):
            place = (*place, name)
            self.lines.setdefault(place, line)
            if is_list and position == len(names):
                latest[place] += 1
                for inner in [known for known in latest if known[: len(place)] == place and known != place]:
                    del latest[inner]
            if latest[place]:
                place = (*place, latest[place] - 1)
                self.lines.setdefault(place, line)
        self.lines[place] = line
        return place

    def read_pair(self, table: Location) -> None:
        line, place = self.line, table
        for name in self.read_names():
            place = (*place, name)
            self.lines.setdefault(place, line)
        self.take("=")
        self.read_value(place)

    def read_names(self) -> list[str]:
        """Read a key, in which names may be joined by dots and put in quotes."""
        names: list[str] = []
        while not names or self.take("."):
            self.skip(BLANK)
            quoted = self.match(STRING)
            names.append(tomllib.loads(f"name = {quoted}")["name"] if quoted else self.match(BARE_KEY))
            self.skip(BLANK)
        return names

    def read_value(self, place: Location) -> None:
        self.skip(BLANK)
        if self.take("["):
            index = 0
            while self.skip(GAP) < len(self.text) and not self.take("]"):
                self.lines[*place, index] = self.line
                self.read_value((*place, index))
                self.skip(GAP)
                self.take(",")
                index += 1
        elif self.take("{"):
            while self.skip(GAP) < len(self.text) and not self.take("}"):
                self.read_pair(place)
                self.skip(GAP)
                self.take(",")
        elif not self.match(STRING):
            self.match(PLAIN_VALUE)

    @property
    def line(self) -> int:
        return bisect_left(self.line_ends, self.position) + 1

    def take(self, mark: str) -> bool:
        """Go past ``mark`` if it stands here."""
        stands_here = self.text.startswith(mark, self.position)
        self.position += len(mark) * stands_here
        return stands_here

    def match(self, pattern: re.Pattern[str]) -> str:
        """Go past what the pattern matches here, and return it."""
        found = pattern.match(self.text, self.position)
        self.position += len(found[0]) if found else 0
        return found[0] if found else ""

    def skip(self, pattern: re.Pattern[str]) -> int:
        """Go past what the pattern matches here, and return the new position."""
        self.match(pattern)
        return self.position


def locate_yaml(text: str) -> dict[Location, int]:
    """Return the line of every key and list element of a YAML text; a name given twice is a ``MarkedYAMLError``."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return {} if root is None else dict(places(root, ()))


def places(node: yaml.Node, place: Location) -> Iterator[tuple[Location, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if key.value in seen:
                problem = f"'{key.value}' stands here for the second time, first in line {seen[key.value]}"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen[key.value] = key.start_mark.line + 1
            yield (*place, key.value), seen[key.value]
            yield from places(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*place, index), value.start_mark.line + 1
            yield from places(value, (*place, index))
