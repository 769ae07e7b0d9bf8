"""Reading the JSON of platforms: numbers stay the text they were, and names are known in any case.

A name that stands twice in an object is refused unless it says the same both times: of two senders' readings only one
would be theirs. Raw line breaks within texts are taken, as some platforms send them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

from catalog.text import Text
from ingest.errors import BadMessage

Json = str | bool | list["Json"] | dict[str, "Json"] | None
Value = TypeVar("Value")

DEEPEST = 16
SHOWN = 40
SPACE = re.compile(r"[ \t\r\n]*")
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
SURROGATE = re.compile("[\ud800-\udfff]")

NO_JSON = Text(ko="JSON이 아닙니다 ({place}번째 글자)", en="it is no JSON (at character {place})")
NO_CONSTANT = Text(ko="{name}은(는) JSON의 값이 아닙니다", en="{name} is no value of JSON")
NO_OBJECT = Text(ko="JSON 객체({{…}})가 아닙니다", en="it is no JSON object ({{…}})")
TOO_DEEP = Text(ko="{deepest}단계보다 깊게 겹쳐 있습니다", en="it is nested deeper than {deepest} levels")
TWICE = Text(
    ko="'{field}' 항목이 서로 다른 값으로 두 번 있습니다",
    en="the field '{field}' stands there twice, with different values",
)


def read_object(text: str) -> dict[str, Json]:
    """Return a JSON object, or raise BadMessage."""
    value, end = value_at(text, 0)
    if not isinstance(value, dict):
        raise BadMessage(problem=NO_OBJECT.format())
    if end < len(text):
        raise no_json(end)
    if is_deeper(value, DEEPEST):
        raise BadMessage(problem=TOO_DEEP.format(deepest=DEEPEST))
    return value


def read_members(text: str) -> dict[str, str]:
    """Return the members of a JSON object as texts; those that are objects or lists as the JSON that stood there."""
    read_object(text)
    members: list[tuple[str, str]] = []
    place = skip(text, skip(text, 0) + 1)
    while text[place] != "}":
        name, place = value_at(text, place)
        start = skip(text, place + 1)
        value, place = value_at(text, start)
        told = text_of(value)
        members.append((str(name), text[start:place].rstrip() if told is None else told))
        if text[place] == ",":
            place = skip(text, place + 1)
    return without_twins(members)


def text_of(value: Json) -> str | None:
    """Return a text or number as text, nothing as an empty one; None for what is neither."""
    if isinstance(value, str):
        return value
    return "" if value is None else None


def clean(text: str) -> str:
    """Replace what no database stores, NUL and halves of characters, by �; two halves that belong together are joined."""
    if SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return UNWRITABLE.sub("�", text)


def with_known_names(fields: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """Return fields by the names of the protocol, in whatever case they were written; others stay as they are."""
    known = {name.lower(): name for name in names}
    return without_twins((known.get(name.lower(), name), value) for name, value in fields.items())


def without_twins(members: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in members:
        if name in found and found[name] != value:
            raise BadMessage(problem=TWICE.format(field=shown(name)))
        found[name] = value
    return found


def shown(text: str) -> str:
    """Cut a foreign text to what a sentence can hold."""
    return clean(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def value_at(text: str, place: int) -> tuple[Json, int]:
    """Return the JSON value at a place and where the next thing stands."""
    place = skip(text, place)
    try:
        value, end = DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        raise no_json(error.pos) from error
    except RecursionError as error:
        raise BadMessage(problem=TOO_DEEP.format(deepest=DEEPEST)) from error
    return value, skip(text, end)


def skip(text: str, place: int) -> int:
    found = SPACE.match(text, place)
    return found.end() if found else place


def is_deeper(value: Json, levels: int) -> bool:
    level: list[Json] = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in inside(outer)]
        if not level:
            return False
    return True


def inside(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def no_json(place: int) -> BadMessage:
    return BadMessage(problem=NO_JSON.format(place=place + 1))


def refuse_constant(name: str) -> NoReturn:
    raise BadMessage(problem=NO_CONSTANT.format(name=name))


DECODER = json.JSONDecoder(
    object_pairs_hook=without_twins, parse_int=str, parse_float=str, parse_constant=refuse_constant, strict=False
)
