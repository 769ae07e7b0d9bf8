"""The line of every part of a TOML or YAML text."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.file_lines import Location, locate_toml, locate_yaml

TOML = '''\
# a hub
title = "a # b"
[hub]           # the hub itself
"한글 이름" = 1
dotted.inner . deep = 2

[[datasets]]
slug = "one"
text = """
[[datasets]]
slug = "not here"
"""
columns = [
  { name = "a", type = "string" },   # ]
  { name = "b", type = "integer" },
]
[datasets.geometry]
crs = 'EPSG:4326'
[[datasets.parts]]
number = 1
[[datasets.parts]]
number = 2
[[datasets]]
slug = "two"
[[datasets.parts]]
number = 3
[a.b.c]
d = 1979-05-27 07:32:00
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 2),
        (("hub",), 3),
        (("hub", "한글 이름"), 4),
        (("hub", "dotted"), 5),
        (("hub", "dotted", "inner", "deep"), 5),
        (("datasets", 0), 7),
        (("datasets", 0, "slug"), 8),
        (("datasets", 0, "text"), 9),
        (("datasets", 0, "columns"), 13),
        (("datasets", 0, "columns", 0, "type"), 14),
        (("datasets", 0, "columns", 1), 15),
        (("datasets", 0, "geometry", "crs"), 18),
        (("datasets", 0, "parts", 1, "number"), 22),
        (("datasets", 1), 23),
        (("datasets", 1, "parts", 0, "number"), 26),
        (("a",), 27),
        (("a", "b", "c", "d"), 28),
    ],
)
def test_every_part_of_a_toml_text_has_its_line(place, line):
    assert locate_toml(TOML)[place] == line


def test_windows_line_ends_count_once():
    assert locate_toml(TOML.replace("\n", "\r\n")) == locate_toml(TOML)


# Documents of every shape: a writer that notes where it puts what, against the locator.

nasty = st.text("ab\"'#[]{}=\\\n,. 가", max_size=8)
keys = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True), st.text("a.# =[]\"'가", max_size=3))
plain = st.one_of(nasty, st.integers(-9, 999), st.booleans(), st.dates(), st.datetimes())
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
documents = st.dictionaries(keys, values, max_size=5)


class Writer:
    """Writes a document as TOML in drawn styles and notes the line of everything."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self.choose = choose
        self.text = ""
        self.lines: dict[Location, int] = {}

    def note(self, place: Location) -> None:
        self.lines[place] = self.text.count("\n") + 1

    def table(self, place: Location, names: list[str], table: dict[str, Any]) -> None:
        later = []
        for name, value in table.items():
            is_list = isinstance(value, list) and value and all(isinstance(part, dict) for part in value)
            if (isinstance(value, dict) or is_list) and self.choose(2):
                later.append((name, value))
                continue
            self.text += ["", "\n", "  # [comment] = {\n", "\t"][self.choose(4)]
            self.pair(place, name, value)
            self.text += [" # } ]\n", "\n"][self.choose(2)]
        for name, value in later:
            inner = [*names, self.key(name)]
            if isinstance(value, dict):
                self.note((*place, name))
                self.text += f"[ {' . '.join(inner)} ]\n"
                self.table((*place, name), inner, value)
                continue
            self.note((*place, name))
            for index, part in enumerate(value):
                self.note((*place, name, index))
                self.text += f"[[{'.'.join(inner)}]] # ]]\n"
                self.table((*place, name, index), inner, part)

    def pair(self, place: Location, name: str, value: Any) -> None:
        self.note((*place, name))
        self.text += f"{self.key(name)} = "
        self.value((*place, name), value)

    def key(self, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and self.choose(2):
            return name
        return f"'{name}'" if "'" not in name and self.choose(2) else json.dumps(name, ensure_ascii=False)

    def value(self, place: Location, value: Any) -> None:
        if isinstance(value, list):
            self.text += "["
            for index, part in enumerate(value):
                self.text += ["", "\n  ", " # [\n"][self.choose(3)]
                self.note((*place, index))
                self.value((*place, index), part)
                self.text += ["", "\n"][self.choose(2)] + ","
            self.text += ["", "\n"][self.choose(2)] + "]"
        elif isinstance(value, dict):
            self.text += "{"
            for position, (name, part) in enumerate(value.items()):
                self.text += ", " if position else " "
                self.pair(place, name, part)
            self.text += "}"
        elif isinstance(value, str):
            self.string(value)
        elif isinstance(value, bool | int):
            self.text += json.dumps(value)
        else:
            self.text += value.isoformat()

    def string(self, value: str) -> None:
        style = self.choose(4)
        if style == 0 and "'" not in value and "\n" not in value:
            self.text += f"'{value}'"
        elif style == 1 and "'" not in value:
            self.text += f"'''\n{value}'''"
        elif style == 2:
            escaped = value.replace("\\", "\\\\").replace('"""', '""\\"')
            ending = '\\"' if escaped.endswith('"') else escaped[-1:]
            self.text += f'"""\n{escaped[:-1]}{ending}"""'
        else:
            self.text += json.dumps(value, ensure_ascii=False)


@settings(max_examples=300)
@given(documents, st.data())
def test_the_lines_of_any_toml_text_are_found(document, data):
    writer = Writer(lambda many: data.draw(st.integers(0, many - 1)))
    writer.table((), [], document)
    assert tomllib.loads(writer.text) == document
    found = locate_toml(writer.text)
    assert {place: found.get(place) for place in writer.lines} == writer.lines


YAML = """\
# a hub
datasets:
  - slug: one
    title: {ko: 하나,
            en: one}
    text: |
      slug: not here
    columns:
      - name: a

      - {name: b, type: string}
  -
    slug: two
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("datasets",), 2),
        (("datasets", 0), 3),
        (("datasets", 0, "title", "en"), 5),
        (("datasets", 0, "text"), 6),
        (("datasets", 0, "columns", 1), 11),
        (("datasets", 0, "columns", 1, "type"), 11),
        (("datasets", 1, "slug"), 13),
    ],
)
def test_every_part_of_a_yaml_text_has_its_line(place, line):
    assert locate_yaml(YAML)[place] == line


def walk(value: Any, place: Location = ()) -> Iterator[Location]:
    """Yield the place of every part in the order of the text."""
    if place:
        yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from walk(part, (*place, name))


@given(documents.map(lambda document: json.loads(json.dumps(document, default=str))), st.booleans())
def test_every_part_of_any_yaml_text_has_a_line_and_they_are_in_order(document, in_flow):
    text = yaml.safe_dump(document, default_flow_style=in_flow, allow_unicode=True, width=20, sort_keys=False)
    found = locate_yaml(text)
    assert list(found) == list(walk(document))
    assert list(found.values()) == sorted(found.values())


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x: {a: 1,\n b: 1,\n a: 2}\n"])
def test_a_name_given_twice_in_yaml_is_refused_where_it_stands_again(text):
    with pytest.raises(yaml.MarkedYAMLError) as refused:
        locate_yaml(text)
    assert refused.value.problem_mark.line == 2
    assert "first in line 1" in refused.value.problem


def test_an_empty_text_has_no_parts():
    assert locate_toml("") == locate_yaml("") == locate_toml("# only a comment") == {}
