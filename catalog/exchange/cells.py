"""The columns of a table of descriptions: one row of ``FORMS`` for each kind of field says how its values lie in cells.

A text lies in two columns (``title_ko``, ``title_en``), a nested contact point in one for each of its fields. Several values
share a cell, divided by ``;``; one with a semicolon, a quote or a line break in it is quoted as in CSV. What has parts of
its own and may be given several times (identifiers with their scheme, other organisations) is JSON in one cell.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.exchange.days import read_day, read_moment
from catalog.standard import PROFILE, Class, Field, Kind
from catalog.standard.forms import MOMENT_PATTERN
from catalog.standard.vocabularies import find_code
from catalog.text import Text

DIVIDER = ";"
Value = str | int | float


@dataclass(frozen=True)
class Form:
    """How a value is written into a cell and read back; what cannot be read stays the text that it is, but for JSON."""

    write: Callable[[Any, Field], Value]
    read: Callable[[str, Field], Any]


@dataclass(frozen=True)
class Cell:
    """A column of a table: its head, the way to its value in a description, and how that is written."""

    head: str
    path: tuple[str, ...]
    label: Text
    field: Field
    form: Form

    @property
    def is_list(self) -> bool:
        return self.form in LISTS

    def write(self, description: Mapping[str, Any]) -> Value:
        value = dig(description, self.path)
        return "" if value is None or value in ([], {}) else self.form.write(value, self.field)

    def read(self, text: str, description: dict[str, Any]) -> None:
        """Put what a cell says into a description; an empty cell says nothing."""
        if text:
            plant(description, self.path, self.form.read(text, self.field))


def cells_of(class_: Class, *, leave_out: Sequence[str] = ()) -> tuple[Cell, ...]:
    """Return the columns of a class, in the standard's order."""
    return tuple(cell for field in PROFILE[class_] if field.name not in leave_out for cell in field_cells(field))


def field_cells(field: Field, before: tuple[str, ...] = (), inside: Text | None = None) -> Iterator[Cell]:
    path = (*before, field.name)
    label = field.label
    if inside:
        label = Text(ko=f"{inside.ko} {label.ko}", en=f"{inside.en}: {label.en}")
    if field.kind is Kind.CONTACT:
        for inner in PROFILE[Class.CONTACT]:
            yield from field_cells(inner, path, label)
        return
    if field.many or field.kind is Kind.PART:
        form = JSON if field.kind in STRUCTURED else listed(FORMS[field.kind])
        yield Cell("_".join(path), path, label, field, form)
        return
    for part, words in PLACES.get(field.kind, {"": Text()}).items():
        named = Text(ko=f"{label.ko} ({words.ko})", en=f"{label.en} ({words.en})") if part else label
        places = (*path, part) if part else path
        yield Cell("_".join(places), places, named, field, FORMS[field.kind])


def dig(description: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return what lies at the end of a way, None when there is nothing."""
    value: Any = description
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def plant(description: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        description = description.setdefault(name, {})
    description[path[-1]] = value


def join_values(values: Sequence[str]) -> str:
    return f"{DIVIDER} ".join(quote(value) for value in values)


def quote(value: str) -> str:
    if value == value.strip() and value and not any(mark in value for mark in (DIVIDER, '"', "\n", "\r")):
        return value
    return '"' + value.replace('"', '""') + '"'


def split_values(text: str) -> list[str]:
    """Divide a cell at the semicolons outside quotes; blanks around a value do not belong to it."""
    values, position = [], 0
    while position <= len(text):
        while position < len(text) and text[position] in " \t":
            position += 1
        if text.startswith('"', position):
            value, position = read_quoted(text, position)
            values.append(value)
            after = text.find(DIVIDER, position)
            position = len(text) + 1 if after < 0 else after + 1
        else:
            end = text.find(DIVIDER, position)
            end = len(text) if end < 0 else end
            if word := text[position:end].strip():
                values.append(word)
            position = end + 1
    return values


def read_quoted(text: str, start: int) -> tuple[str, int]:
    """Return the value that is quoted from ``start`` on, and where the text goes on after it."""
    position = start + 1
    while (end := text.find('"', position)) >= 0:
        if not text.startswith('""', end):
            return text[start + 1 : end].replace('""', '"'), end + 1
        position = end + 2
    return text[start + 1 :].replace('""', '"'), len(text)


def read_code(text: str, field: Field) -> str:
    """Return the code that a cell names: by the code itself, by its label, or by a name that others have for it."""
    return find_code(field.vocabulary, text) or text


def read_integer(text: str, field: Field) -> int | str:
    digits = text.replace(",", "").removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() else text


def read_decimal(text: str, field: Field | None = None) -> float | str:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "y", "yes", "1", "예", "참"), True),
    **dict.fromkeys(("false", "n", "no", "0", "아니오", "아니요", "거짓"), False),
}


def read_boolean(text: str, field: Field) -> bool | str:
    return BOOLEANS.get(text.casefold(), text)


def keep(value: Any, field: Field) -> Any:  # noqa: ANN401
    return value


def listed(form: Form) -> Form:
    """Return the form of a cell that holds several values."""
    return LISTED[form]


def list_form(form: Form) -> Form:
    return Form(
        lambda values, field: join_values([str(form.write(value, field)) for value in values]),
        lambda text, field: [form.read(value, field) for value in split_values(text)],
    )


STRING = Form(keep, keep)
CODE = Form(keep, read_code)
DAY = Form(keep, lambda text, field: read_day(text) or text)
MOMENT = Form(keep, lambda text, field: text if MOMENT_PATTERN.match(text) else read_moment(text) or text)
INTEGER = Form(keep, read_integer)
DECIMAL = Form(keep, read_decimal)
BOOLEAN = Form(lambda value, field: str(value).upper(), read_boolean)
JSON = Form(lambda value, field: json.dumps(value, ensure_ascii=False), lambda text, field: json.loads(text))
WORDS = list_form(STRING)
BOX = Form(
    lambda value, field: join_values([str(side) for side in value]),
    lambda text, field: [read_decimal(side) for side in split_values(text)],
)
LISTED: Mapping[Form, Form] = {form: list_form(form) for form in (STRING, CODE, DAY, MOMENT, INTEGER, DECIMAL, BOOLEAN)}
LISTS = (*LISTED.values(), WORDS)

FORMS: Mapping[Kind, Form] = {
    Kind.TEXT: STRING,
    Kind.KEYWORDS: WORDS,
    Kind.STRING: STRING,
    Kind.CODE: CODE,
    Kind.REGION: CODE,
    Kind.DAY: DAY,
    Kind.MOMENT: MOMENT,
    Kind.PERIOD: DAY,
    Kind.DURATION: STRING,
    Kind.INTEGER: INTEGER,
    Kind.DECIMAL: DECIMAL,
    Kind.BOOLEAN: BOOLEAN,
    Kind.ORGANISATION: STRING,
    Kind.ADDRESS: STRING,
    Kind.REFERENCE: STRING,
    Kind.BOX: BOX,
    Kind.CHECKSUM: STRING,
    Kind.IDENTIFIER: JSON,
    Kind.AGENT: JSON,
    Kind.ATTRIBUTION: JSON,
    Kind.RELATION: JSON,
    Kind.PART: JSON,
}
STRUCTURED = frozenset(kind for kind, form in FORMS.items() if form is JSON)
LANGUAGES = {"ko": Text(ko="한국어", en="Korean"), "en": Text(ko="영어", en="English")}
PLACES: Mapping[Kind, Mapping[str, Text]] = {
    Kind.TEXT: LANGUAGES,
    Kind.KEYWORDS: LANGUAGES,
    Kind.PERIOD: {"start": Text(ko="처음", en="first day"), "end": Text(ko="끝", en="last day")},
    Kind.CHECKSUM: {"algorithm": Text(ko="알고리즘", en="algorithm"), "value": Text(ko="값", en="value")},
}
